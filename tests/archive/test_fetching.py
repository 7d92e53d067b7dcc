"""`fetch` gives all uploads with their borrowers, in one pass and without keeping anything."""

import sys
import unicodedata

import numpy as np
import pandas as pd
import pytest

from argyle_nb.archive import Archive, fetch
from argyle_nb.client import polling
from argyle_nb.errors import AuthenticationError, NotFoundError, ValidationError
from argyle_nb.frames.uploads import signals_frame, uploads_frame
from argyle_nb.report import export_report
from argyle_nb.uploads import upload_batch
from tests.support.archives import FIVE
from tests.support.records import record, scored
from tests.support.servers import PDF, USER_ID

OTHER_USER = USER_ID.replace("018051aa", "018051ab")


@pytest.fixture
def borrowers(server):
    """Two users of one borrower, and one of another."""
    third = USER_ID.replace("018051aa", "018051ac")
    users = {USER_ID: "loan-1", OTHER_USER: "loan-1", third: "loan-3"}
    server.users = [{"id": user, "external_id": name} for user, name in users.items()]
    server.accounts = [{"id": f"a-{n}", "user": user} for n, user in enumerate(users)]
    server.records = [scored(n, 10 * n, account=f"a-{n % 3}") for n in range(1, 6)]


def test_it_gives_what_listing_and_flattening_give(client, user, pdf):
    client.upload(pdf, document_type="paystubs", user=user.id)
    client.wait(client.list_uploads(user=user.id))
    frames = fetch(client, user=user.id)
    listed = list(client.list_uploads(user=user.id))
    pd.testing.assert_frame_equal(frames.uploads, uploads_frame(listed), check_like=True)
    pd.testing.assert_frame_equal(frames.signals, signals_frame(listed))


@pytest.mark.usefixtures("borrowers")
def test_a_report_of_what_was_fetched_says_where_it_is_from(client, user, pdf, tmp_path):
    client.upload(pdf, document_type="paystubs", user=user.id)
    uploads, signals = fetch(client, user=user.id)
    report = export_report(uploads, tmp_path / "report", signals=signals)
    assert report.manifest["sources"] == [client.settings.base_url]
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "These scores are simulated by the local sandbox" in page


def test_it_gives_what_a_pull_gives(argyle, folder):
    fetched, pulled = fetch(argyle), Archive(folder).pull(argyle)
    pd.testing.assert_frame_equal(fetched.uploads, pulled.uploads)
    pd.testing.assert_frame_equal(fetched.signals, pulled.signals)


@pytest.mark.usefixtures("borrowers")
def test_users_and_accounts_are_listed_once(server, argyle):
    fetch(argyle)
    assert server.listed == [0, 1, 2]
    assert server.asked == ["/v2/accounts", "/v2/users"]


def test_a_lenders_loans_join_with_all_of_their_documents(client, tmp_path):
    loans = pd.DataFrame({"external_id": [f"joined-{n:02}" for n in range(60)], "amount": 1000})
    files = []
    for number in range(300):
        files.append(tmp_path / f"{number}.pdf")
        files[-1].write_bytes(PDF + f"% joined {number}\n".encode())
    manifest = pd.DataFrame(
        {
            "file": [str(path) for path in files],
            "document_type": "miscellaneous",
            "user": [name for name in loans["external_id"] for _ in range(5)],
        }
    )
    sent = upload_batch(client, manifest, upload_log=tmp_path / "journal.sqlite")
    uploads = fetch(client, document_type="miscellaneous").uploads
    joined = loans.merge(uploads, on="external_id")
    assert set(joined["id"]) == set(sent["upload_id"])
    assert len(joined) == 300
    assert joined.groupby("external_id").size().tolist() == [5] * 60


def test_loans_with_numbers_for_names_join_where_they_are_read_as_text(server, argyle, tmp_path):
    server.users = [
        {"id": USER_ID, "external_id": "1003"},
        {"id": OTHER_USER, "external_id": "0077"},
    ]
    server.accounts = [{"id": "a-0", "user": USER_ID}, {"id": "a-1", "user": OTHER_USER}]
    server.records = [record(n, account=f"a-{n % 2}") for n in range(1, 6)]
    (tmp_path / "loans.csv").write_text("external_id,amount\n1003,5\n0077,6\n")
    loans = pd.read_csv(tmp_path / "loans.csv", dtype={"external_id": "string"})
    uploads, signals = fetch(argyle)
    joined = loans.merge(uploads, on="external_id")
    assert joined.groupby("external_id").size().to_dict() == {"0077": 3, "1003": 2}
    told = signals.merge(joined, left_on="upload_id", right_on="id", suffixes=("_signal", ""))
    assert set(told["external_id"]) == {"0077", "1003"}
    assert {"document_type_signal", "document_type"} <= set(told)


def test_the_type_that_a_document_was_sent_as_comes_from_what_was_sent(client, pdf, tmp_path):
    manifest = pd.DataFrame({"file": [str(pdf)], "document_type": "1099", "user": "sent as 1099"})
    sent = upload_batch(client, manifest, upload_log=tmp_path / "journal.sqlite")
    fetched = fetch(client, user="sent as 1099", sent=sent).uploads
    assert fetched["requested_document_type"].tolist() == ["1099"]
    alone = fetch(client, user="sent as 1099").uploads
    assert alone["requested_document_type"].isna().all()


# Of one borrower


def test_a_borrower_may_be_named_by_external_id(client, pdf):
    made = client.create_user(external_id="fetched by name")
    client.upload(pdf, document_type="paystubs", user=made.id)
    [row] = fetch(client, user="fetched by name").uploads.to_dict("records")
    assert (row["user"], row["external_id"]) == (made.id, "fetched by name")


def test_a_borrower_may_be_named_by_argyles_id(client, pdf):
    made = client.create_user(external_id="fetched by id")
    client.upload(pdf, document_type="paystubs", user=made.id)
    assert fetch(client, user=made.id).uploads["external_id"].tolist() == ["fetched by id"]


def test_an_external_id_may_look_like_an_id(client, pdf):
    looks_like_one = "0a8051aa-f7a9-a0db-2f38-6cfa325e9d69"
    made = client.create_user(external_id=looks_like_one)
    client.upload(pdf, document_type="paystubs", user=made.id)
    assert fetch(client, user=looks_like_one).uploads["user"].tolist() == [made.id]


def test_all_users_who_share_an_external_id_are_fetched(client, pdf):
    shared = [client.create_user(external_id="shared by two") for _ in range(2)]
    for one in shared:
        client.upload(pdf, document_type="paystubs", user=one.id)
    uploads = fetch(client, user="shared by two").uploads
    assert set(uploads["user"]) == {one.id for one in shared}
    assert uploads["external_id"].tolist() == ["shared by two"] * 2


@pytest.mark.parametrize("number", [1003, np.int64(1004)])
def test_a_whole_number_names_the_borrower_of_its_text(client, pdf, number):
    made = client.create_user(external_id=str(number))
    client.upload(pdf, document_type="paystubs", user=made.id)
    assert fetch(client, user=number).uploads["user"].tolist() == [made.id]


def test_accents_may_be_written_as_a_mac_writes_them(client, pdf):
    made = client.create_user(external_id="loan-4 M\u00fcller")
    client.upload(pdf, document_type="paystubs", user=made.id)
    apart = unicodedata.normalize("NFD", "loan-4 M\u00fcller")
    assert fetch(client, user=apart).uploads["user"].tolist() == [made.id]


@pytest.mark.parametrize("user", [1003.0, float("nan"), pd.NA, True, ["loan-1"], "", "  "])
def test_what_names_no_borrower_is_refused_before_anything_is_sent(server, argyle, folder, user):
    for ask in (fetch, Archive(folder).pull):
        with pytest.raises(ValidationError, match="Pass the borrower"):
            ask(argyle, user=user)
    assert server.seen == []


@pytest.mark.parametrize("nobody", ["nobody-7", "0b8051aa-f7a9-a0db-2f38-6cfa325e9d69"])
def test_a_borrower_whom_nobody_knows_is_an_error_that_names_him(client, nobody):
    with pytest.raises(NotFoundError, match=f"No user has the external ID '{nobody}'"):
        fetch(client, user=nobody)


def test_only_uploads_of_the_type_are_fetched(client, pdf, tmp_path):
    made = client.create_user(external_id="of two types")
    (other := tmp_path / "letter.pdf").write_bytes(PDF)  # nothing to be taken for a paystub
    for kind, file in {"paystubs": pdf, "miscellaneous": other}.items():
        client.upload(file, document_type=kind, user=made.id)
    fetched = fetch(client, user="of two types", document_type="miscellaneous").uploads
    assert fetched["document_type"].tolist() == ["miscellaneous"]


def test_an_impossible_type_is_refused_before_anything_is_sent(server, argyle):
    with pytest.raises(ValidationError, match="paystub"):
        fetch(argyle, document_type="paystubz")
    assert server.seen == []


# What goes wrong


@pytest.mark.usefixtures("borrowers")
def test_uploads_come_though_their_borrowers_are_refused(server, argyle):
    server.refused = ("/v2/users", "/v2/accounts")
    with pytest.warns(UserWarning, match=r"5 of 5 uploads have no external_id.*403") as told:
        uploads = fetch(argyle).uploads
    assert len(uploads) == 5
    assert [warning.filename for warning in told] == [__file__]


@pytest.mark.usefixtures("borrowers")
def test_one_borrowers_uploads_come_though_the_borrower_is_refused(server, argyle):
    server.refused = ("/v2/users",)
    with pytest.warns(UserWarning, match=r"5 of 5 uploads.*The user could not be read.*403"):
        uploads = fetch(argyle, user=USER_ID).uploads
    assert uploads["user"].tolist() == [USER_ID] * 5


def test_uploads_that_are_refused_are_an_error(server, argyle):
    server.refused = ("/v2/",)
    with pytest.raises(AuthenticationError):
        fetch(argyle)


def test_an_upload_that_cannot_be_read_is_told_and_left_out(server, argyle):
    server.records = [scored(1, 10), scored(2, 900)]
    with pytest.warns(UserWarning, match=r"left out: 1 .*000000000002, at .*: 900 is outside"):
        uploads = fetch(argyle).uploads
    assert uploads["id"].tolist() == [record(1)["id"]]
    assert [told["record"] for told in uploads.attrs["unreadable"]] == [record(2)["id"]]


def test_an_upload_that_moved_to_the_next_page_comes_once(server, argyle):
    def one_more(number):
        if number == 1 and len(server.records) == 5:
            server.records.insert(0, record(9))

    server.records = [record(n) for n in range(1, 6)]
    server.meanwhile = one_more
    frames = fetch(argyle)
    assert frames.uploads["id"].tolist() == [record(n)["id"] for n in range(1, 6)]
    assert len(frames.signals) == 3 * 5  # two occurrences and a reason code


# The bar


class Terminal:
    """A stderr that is a terminal, or is not."""

    def __init__(self, is_terminal):
        self.text, self._is_terminal = "", is_terminal

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    def isatty(self):
        return self._is_terminal


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("seconds", [0, 60])
def test_a_bar_moves_in_a_terminal_where_it_takes_time(argyle, monkeypatch, is_terminal, seconds):
    stderr = Terminal(is_terminal)
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(polling, "BAR_AFTER_SECONDS", seconds)
    assert len(fetch(argyle).uploads) == len(FIVE)
    assert ("retrieved: 5 uploads" in stderr.text) == (is_terminal and seconds == 0)
    assert bool(stderr.text) == (is_terminal and seconds == 0)
