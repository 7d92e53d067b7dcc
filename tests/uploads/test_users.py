"""Whose a document is."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from argyle_nb.errors import ApiError, TransportError, ValidationError
from argyle_nb.uploads import upload_batch, users
from argyle_nb.uploads.jobs import Borrower
from argyle_nb.uploads.log import UploadLog
from argyle_nb.uploads.reconcile import audit
from argyle_nb.uploads.users import UserFinder, UserMatch, Users, find_or_create_user
from tests.faults import ledger
from tests.faults.ledger import CREATE_USER, RESET, Fault
from tests.faults.server import FaultServer
from tests.support.servers import PDF, USER_ID, Answer, HostileServer, client_of, until

TIMEOUT = 120.0

# Finding


@pytest.fixture
def people(client):
    ada = client.create_user(
        external_id="finder-1", email="ada.finder@example.test", first_name="Ada", last_name="Find"
    )
    bob = client.create_user(external_id="finder-2", email="bob.finder@example.test")
    return client, ada, bob


def test_a_user_is_found_by_every_name(people):
    client, ada, _ = people
    finder = UserFinder(client)
    for text in ("finder-1", "ADA.finder@example.test", ada.id, ada.id.upper(), " finder-1 "):
        assert finder.find(text).user.id == ada.id


def test_users_whose_names_begin_so_come_first(people):
    client, ada, bob = people
    found = UserFinder(client).find("finder")
    assert {ada.id, bob.id} <= {user.id for user in found.users}
    assert found.user is None
    assert UserFinder(client).find("ada find").users[0].id == ada.id


@pytest.fixture
def _listed_anew(monkeypatch):
    monkeypatch.setattr(users, "LISTED_AGAIN_SECONDS", 0.0)


@pytest.fixture
def _looks_through_one(monkeypatch):
    monkeypatch.setattr(users, "USERS_LOOKED_THROUGH", 1)


def person(number, **fields):
    return {"id": f"018051aa-f7a9-a0db-2f38-{number:012x}", "external_id": None} | fields


def serving(listed, by_external_id=()):
    """Serve users as a list, and others by external id."""

    def answer(seen):
        users = by_external_id if "external_id" in seen.path else listed
        return Answer(body=json.dumps({"results": list(users)}).encode())

    return HostileServer(answer)


@pytest.mark.parametrize(
    ("external_id", "others", "is_named_by_it"),
    [
        ("loan-7", [], True),
        ("loan-7", [person(2, external_id="loan-7")], False),
        (USER_ID, [], False),  # it would be taken for somebody's id
        ("loan\u200b7", [], False),  # it cannot be shown as it is
        (None, [], False),
    ],
)
def test_an_external_id_stands_for_a_user_only_where_it_names_no_other(
    external_id, others, is_named_by_it
):
    user = person(1, external_id=external_id)
    with serving([user, *others]) as server:
        finder = UserFinder(client_of(server))
        [found] = finder.find(user["id"]).users
        assert finder.name_of(found) == (external_id if is_named_by_it else user["id"])


@pytest.mark.usefixtures("_looks_through_one")
def test_where_not_all_users_were_looked_through_only_an_id_is_certain():
    user = person(1, external_id="loan-7")
    with serving([user, person(2)]) as server:
        finder = UserFinder(client_of(server))
        assert finder.name_of(finder.find(user["id"]).user) == user["id"]


def test_a_list_that_is_too_old_is_read_again(client):
    first, second = ({"external_id": f"again-{n}", "email": "again@example.test"} for n in (1, 2))
    client.create_user(**first)
    finder = UserFinder(client)
    assert finder.find("again@example.test").kind == "one"
    client.create_user(**second)
    assert finder.find("again@example.test").kind == "one"
    assert finder.find("again@example.test", max_age=0).kind == "several"


def test_of_several_users_with_an_external_id_none_is_meant(tmp_path):
    several = [person(number, external_id="loan-7") for number in (1, 2)]
    with serving(several[:1], several) as server:  # one of them is far down the list
        client = client_of(server)
        found = UserFinder(client).find("loan-7")
        with pytest.raises(ValidationError, match="2 users share this external ID") as caught:
            find_or_create_user(client, UploadLog(tmp_path / "j.sqlite"), "loan-7", TIMEOUT)
    assert all(user["id"] in str(caught.value) for user in several)
    assert (found.kind, found.user, len(found.users)) == ("shared", None, 2)
    assert "Enter the user ID of one of them" in found.words


def test_an_external_id_is_asked_for_each_time():
    known = []
    with serving([], known) as server:
        finder = UserFinder(client_of(server))
        assert finder.find("loan-7").kind == "nobody"
        known.append(person(1, external_id="loan-7"))
        assert finder.find("loan-7").kind == "one"


@pytest.mark.usefixtures("_looks_through_one")
def test_an_external_id_is_found_behind_the_users_that_are_listed(client):
    hidden = [client.create_user(external_id=f"finder-hidden-{number}") for number in range(2)]
    finder = UserFinder(client)
    for user in hidden:
        found = finder.find(user.external_id)
        assert (found.user.id, found.users[0].id) == (user.id, user.id)


@pytest.mark.usefixtures("_listed_anew")
def test_a_user_made_later_is_found_by_e_mail_and_by_id(client):
    finder = UserFinder(client)
    assert finder.find("later.finder@example.test").kind == "nobody"
    by_mail = client.create_user(email="later.finder@example.test")
    assert finder.find("later.finder@example.test").user.id == by_mail.id
    by_id = client.create_user()
    assert finder.find(by_id.id).user.id == by_id.id


def test_the_list_is_not_read_again_with_each_letter(monkeypatch):
    monkeypatch.setattr(users, "LISTED_AGAIN_SECONDS", 3600.0)
    with serving([]) as server:
        finder = UserFinder(client_of(server))
        for end in range(4, 20):
            finder.find("ada@somewhere.test"[:end])
        assert len(server.seen) == 1


@pytest.mark.usefixtures("_listed_anew")
def test_an_e_mail_address_never_goes_to_the_service_as_an_external_id():
    with serving([person(1, email="ada@example.test")]) as server:
        finder = UserFinder(client_of(server))
        for text in ("ada@example.test", "ada@", "@", "bob@example.test"):
            finder.find(text)
        assert not [seen.path for seen in server.seen if "external_id" in seen.path]


@pytest.mark.parametrize(
    ("users", "kind", "words"),
    [
        ([], "nobody", "No user has this email address"),
        ([{"email": "Ada@Example.test"}], "one", "Known user."),
        ([{"external_id": "ada@example.test"}], "one", "Known user."),
        ([{"email": "ada@example.test"}] * 2, "several", "Several users have this email address"),
        (
            [{"email": "ada@example.test"}, {"external_id": "ada@example.test"}],
            "several",
            "Several users have this email address",
        ),
    ],
)
def test_an_e_mail_address_names_one_user_nobody_or_several(users, kind, words):
    with serving([person(number, **fields) for number, fields in enumerate(users)]) as server:
        found = UserFinder(client_of(server)).find(" ada@example.test")
    assert found.kind == kind
    assert found.words.startswith(words)
    assert (found.user is not None) == (kind == "one")
    assert len(found.users) == len(users)


@pytest.mark.usefixtures("_looks_through_one")
@pytest.mark.parametrize("address", ["ada@example.test", "nobody@example.test"])
def test_with_more_users_than_are_looked_through_an_address_is_not_certain(address):
    with serving([person(1, email="ada@example.test"), person(2)]) as server:
        found = UserFinder(client_of(server)).find(address)
    assert (found.kind, found.user) == ("not certain", None)
    assert "Only the first 1,000 users were checked" in found.words


@pytest.mark.usefixtures("_looks_through_one")
def test_where_exactly_all_users_are_looked_through_an_address_is_certain():
    with serving([person(1, email="ada@example.test")]) as server:
        assert UserFinder(client_of(server)).find("ada@example.test").kind == "one"


def test_an_id_that_no_user_has_is_no_new_user(client):
    found = UserFinder(client).find(USER_ID)
    assert (found.kind, found.user) == ("unknown id", None)
    assert "It will be sent as entered" in found.words


def test_an_external_id_of_nobody_says_that_a_new_user_gets_it():
    assert UserMatch("loan-80").words == "New external ID. A user will be created."


def test_what_was_found_prints_no_e_mail_address():
    assert "ada" not in repr(UserMatch("ada@example.test"))


def test_nothing_is_nobody(client):
    assert UserFinder(client).find("  ").user is None


def test_two_lookups_do_not_wait_for_each_other():
    both_are_there = threading.Barrier(2)

    def answer(seen):
        if "external_id" in seen.path:
            both_are_there.wait(30)
        return Answer(body=b'{"results": []}')

    with HostileServer(answer) as server:
        finder = UserFinder(client_of(server))
        finder.find("")
        with ThreadPoolExecutor(2) as workers:
            found = list(workers.map(finder.find, ["loan-1", "loan-2"]))
    assert [each.kind for each in found] == ["nobody", "nobody"]


# Searches


def test_of_the_searches_that_wait_only_the_newest_is_run():
    first_is_there, go_on = threading.Event(), threading.Event()

    def answer(_):
        first_is_there.set()
        go_on.wait(30)
        return Answer(body=b'{"results": []}')

    told = []
    with HostileServer(answer) as server:
        finder = UserFinder(client_of(server))
        finder.search("l", told.append)
        assert first_is_there.wait(30)
        for text in ("lo", "loa", "loan"):
            finder.search(text, told.append)
        assert len([t for t in threading.enumerate() if t.name == "argyle_nb users"]) == 1
        go_on.set()
        until(lambda: len(told) == 2)
        asked = [seen.path for seen in server.seen if "external_id" in seen.path]
    assert [found.text for found in told] == ["l", "loan"]
    assert len(asked) == 2


def test_a_search_that_cannot_ask_says_so_and_why():
    told = []
    with HostileServer(Answer(401)) as server:
        UserFinder(client_of(server)).search("loan", told.append)
        until(lambda: told)
    assert told[0].kind == "not asked"
    assert told[0].words.startswith("User search failed. ")
    assert "key" in told[0].words


def test_a_search_whose_listener_breaks_holds_up_no_other(client):
    def broken(_):
        raise OSError("nobody is there")

    finder, told = UserFinder(client), []
    finder.search("a", broken)
    until(lambda: not finder._searches._runs)
    finder.search("b", told.append)
    until(lambda: told)


# Batches


def test_a_stranger_is_never_taken_for_the_user_that_was_asked_for(tmp_path):
    stranger = json.dumps({"next": None, "results": [{"id": USER_ID, "external_id": "else"}]})
    with HostileServer(Answer(body=stranger.encode())) as server, client_of(server) as client:
        assert list(client.list_users(external_id="loan-1")) == []


def test_two_runs_that_meet_a_new_user_at_once_create_one(client, tmp_path):
    path = tmp_path / "journal.sqlite"
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(
            lambda _: find_or_create_user(client, UploadLog(path), "met-at-once", TIMEOUT),
            range(8),
        )
    ids, is_new = zip(*found, strict=True)
    assert len(set(ids)) == 1
    assert sum(is_new) == 1


@pytest.fixture
def named(client, tmp_path):
    """Give a function that gives the id for what a line names."""
    users = Users(client, UploadLog(tmp_path / "users.sqlite"), TIMEOUT)
    return lambda user="", external_id="": users.user_of(Borrower(user, external_id)).id


def test_an_external_id_beside_the_id_of_its_user_is_no_contradiction(client, named):
    one, other = (client.create_user(external_id="beside-1") for _ in range(2))
    assert named(one.id, "beside-1") == one.id
    assert named(other.id, "beside-1") == other.id


def test_an_external_id_beside_the_id_of_another_is_nobodys(client, named):
    someone = client.create_user(external_id="beside-2")
    for external_id in ("beside-3", "beside-4"):
        with pytest.raises(ValidationError, match="another external ID than this row"):
            named(someone.id, external_id)
    assert list(client.list_users(external_id="beside-3")) == []


def test_an_external_id_that_is_anothers_e_mail_address_makes_no_user(client, named):
    client.create_user(external_id="has-mail", email="Mail@Example.test")
    with pytest.raises(ValidationError, match="is the email address of the user"):
        named(external_id="mail@example.test")
    assert list(client.list_users(external_id="mail@example.test")) == []


def test_an_external_id_that_is_the_e_mail_address_of_the_same_user_is_fine(client, named):
    same = client.create_user(external_id="own@example.test", email="own@example.test")
    assert named(external_id="own@example.test") == same.id
    created = named(external_id="new@example.test")
    assert [user.id for user in client.list_users(external_id="new@example.test")] == [created]


def test_an_external_id_whose_accents_are_written_apart_is_the_same_one(client, named, tmp_path):
    apart, composed = "accent Mu\u0308ller", "accent M\u00fcller"
    old = client.create_user(external_id=apart)
    assert named(external_id=composed) == old.id
    assert named(old.id, composed) == old.id
    assert UserFinder(client).find(composed).user.id == old.id
    assert audit(client, user=composed, upload_log=tmp_path / "j.sqlite").empty
    client.create_user(external_id=composed)
    with pytest.raises(ValidationError, match="2 users share this external ID"):
        find_or_create_user(client, UploadLog(tmp_path / "j.sqlite"), composed, TIMEOUT)


def test_argyles_id_in_the_place_of_an_external_id_makes_no_user(client, named):
    someone = client.create_user(external_id="by-id")
    with pytest.raises(ValidationError, match="is the user ID of the user"):
        named(external_id=someone.id)
    own = client.create_user(external_id=USER_ID)
    assert named(external_id=USER_ID) == own.id


# What is listed late

LATE = 3600.0  # seconds for which a new user is not listed


@pytest.fixture
def service():
    with FaultServer() as server:
        yield server


@pytest.fixture
def find(service, tmp_path):
    """Give a function that looks for a user in a run of its own."""

    def found(external_id="loan-1"):
        with client_of(service) as client, UploadLog(tmp_path / "journal.sqlite") as log:
            return find_or_create_user(client, log, external_id, TIMEOUT)

    return found


def show(service):
    """Let the service list all users from now on."""
    for user in service.ledger.users:
        user["visible_from"] = 0.0


def test_a_user_whose_creation_was_not_confirmed_is_not_created_again(service, find):
    service.script(CREATE_USER, [Fault(RESET, store=True, hidden=LATE)])
    with pytest.raises(TransportError):
        find()
    for _ in range(2):
        with pytest.raises(ApiError, match=r"No second one was created\. Run the batch again in 1"):
            find()
    show(service)
    assert find() == (service.ledger.users[0]["id"], False)
    assert service.ledger.count(CREATE_USER) == 1


def test_a_user_who_is_not_listed_in_time_is_created_again(service, find):
    service.script(CREATE_USER, [Fault(RESET)])
    with pytest.raises(TransportError):
        find()
    service.clock_ahead = TIMEOUT + 2  # the server's clock is read to the second
    assert find().is_new
    assert service.ledger.count(CREATE_USER) == 2


def test_a_user_who_was_created_is_known_before_being_listed(service, find):
    service.script(CREATE_USER, [Fault(hidden=LATE)])
    created = find()
    assert find() == (created.id, False)
    assert service.ledger.count(CREATE_USER) == 1


def test_accents_written_apart_name_the_same_creation(service, find):
    service.script(CREATE_USER, [Fault(hidden=LATE)])
    assert find("Mu\u0308ller").id == find("M\u00fcller").id


def test_each_external_id_has_its_own_creation(service, find):
    service.script(CREATE_USER, [Fault(RESET)])
    with pytest.raises(TransportError):
        find("loan-1")
    assert find("loan-2").is_new


def test_a_user_whose_creation_was_refused_may_be_created_at_once(service, find):
    service.script(CREATE_USER, [Fault(ledger.Answer(400))])
    with pytest.raises(ApiError):
        find()
    assert find().is_new


def test_a_creation_that_no_answer_ended_is_known_to_the_next_run(service, find, monkeypatch):
    service.script(CREATE_USER, [Fault(hidden=LATE)])
    with monkeypatch.context() as patch:
        # As if Python was killed while the request was under way.
        patch.setattr(users._Creation, "_note", killed_after(users._Creation._note))
        with pytest.raises(KeyboardInterrupt):
            find()
    with pytest.raises(ApiError, match="may have been created"):
        find()
    assert service.ledger.count(CREATE_USER) == 1


def killed_after(note):
    def noted(creation, user):
        if user:
            raise KeyboardInterrupt
        note(creation, user)

    return noted


def test_rows_of_a_borrower_who_may_have_been_created_are_not_sent(service, tmp_path):
    service.script(CREATE_USER, [Fault(RESET, store=True, hidden=LATE)])
    (tmp_path / "stub.pdf").write_bytes(PDF)
    row = {"file": str(tmp_path / "stub.pdf"), "document_type": "paystubs", "external_id": "loan-1"}
    ends = []
    for _ in range(3):
        with client_of(service) as client:
            sent = upload_batch(client, pd.DataFrame([row]), upload_log=tmp_path / "log.sqlite")
        ends += sent["state"].tolist()
        if len(ends) == 2:
            assert "may have been created" in sent["reason"].item()
            show(service)
    assert ends == ["not_sent", "not_sent", "uploaded"]
    assert len(service.ledger.users) == 1
