"""Lists that go wrong: complete and without a repetition, or an error that says so; never abroad.

Each fault runs the real client against a server that answers as it says; the ledger of that server
and of a foreign one are the judges.
"""

from __future__ import annotations

import itertools
import json

import pytest

from argyle_nb.client import pagination, retry, transport
from argyle_nb.errors import ApiError, ArgyleError, DecodeError, ServerError
from tests.support.servers import (
    KEY_ID,
    RESET,
    SECRET,
    UPLOAD_ID,
    Answer,
    HostileServer,
    client_of,
    page,
    refused,
)

IDS = [f"01320596-2c3d-189c-53e7-{number:012x}" for number in range(6)]
FIRST, SECOND = IDS[:3], IDS[3:]
PATIENCE = 40  # requests; who needs more for two pages runs in a circle


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def foreign():
    with HostileServer(page("a-record-from-elsewhere")) as server:
        yield server


def read(server, into):
    """List all uploads into a list; stop where nobody would wait any longer."""
    with client_of(server) as client:
        for upload in client.list_uploads():
            into.append(upload.id)
            if len(server.seen) > PATIENCE:
                return "endless"
    return "ended"


def host_of(seen):
    return seen.headers["host"]


def link_to(seen, cursor):
    return f"http://{host_of(seen)}/v2/user-uploads?cursor={cursor}"


def cursor_of(seen):
    return seen.path.partition("cursor=")[2]


# Links that lead away: refused before a socket opens

AWAY = {
    "another name of this machine": "http://localhost:{port}/v2/user-uploads?cursor=2",
    "another port": "{foreign}/v2/user-uploads?cursor=2",
    "another scheme": "https://{home}/v2/user-uploads?cursor=2",
    "user information": "http://{home}@{away}/v2/user-uploads?cursor=2",
    "no scheme": "//{away}/v2/user-uploads?cursor=2",
    "a backslash": "http://{away}\\@{home}/v2/user-uploads?cursor=2",
    "digits of another alphabet": "http://127.0.0.\u0661:{port}/x",
    "a path alone": "/v2/user-uploads?cursor=2",
    "a file": "file:///etc/passwd",
}


@pytest.mark.parametrize("way", AWAY)
def test_a_link_that_leads_away_is_refused(foreign, way):
    def answer(seen):
        home, away = host_of(seen), foreign.url.removeprefix("http://")
        port = away.rpartition(":")[2]
        link = AWAY[way].format(home=home, away=away, port=port, foreign=foreign.url)
        return page(*FIRST, link=link)

    rows = []
    with HostileServer(answer) as server, refused(ApiError):
        read(server, rows)
    assert rows == FIRST
    assert len(server.seen) == 1
    assert foreign.seen == []


def test_a_link_to_the_own_origin_in_capitals_is_followed():
    def answer(seen):
        link = f"HTTP://{host_of(seen)}/v2/user-uploads?cursor=2"
        return page(*SECOND) if cursor_of(seen) else page(*FIRST, link=link)

    rows = []
    with HostileServer(answer) as server:
        read(server, rows)
    assert rows == IDS


# Links that lead in a circle: an error, after what was read


def _own_cursor(seen):
    return page(*FIRST, link=link_to(seen, "1"))


def _to_and_fro(seen):
    return (
        page(*SECOND, link=link_to(seen, "1"))
        if cursor_of(seen) == "2"
        else page(*FIRST, link=link_to(seen, "2"))
    )


def _fresh_cursors():
    count = itertools.count()
    return lambda seen: page(*FIRST, link=link_to(seen, str(next(count))))


def _fresh_records():
    """One link for ever, yet new records each time: a cursor that does not move on."""
    count = itertools.count()
    return lambda seen: page(f"{next(count)}", link=link_to(seen, "1"))


def _empty_pages():
    count = itertools.count()
    return lambda seen: page(link=link_to(seen, str(next(count))))


CIRCLES = {
    "a page that is its own next": lambda: _own_cursor,
    "two pages that link to each other": lambda: _to_and_fro,
    "new links, old records": _fresh_cursors,
    "one link, new records": _fresh_records,
    "empty pages without end": _empty_pages,
}


@pytest.mark.parametrize("circle", CIRCLES)
def test_a_circle_is_an_error(circle):
    rows = []
    with HostileServer(CIRCLES[circle]()) as server, refused(ApiError, "pagination loop"):
        read(server, rows)
    assert len(rows) == len(set(rows))
    assert len(server.seen) <= 3


# Pages that come badly: read again, or an error


def two_pages(*second):
    """The first page, then what befalls the second, one answer after the other."""
    faults = [*second]

    def answer(seen):
        if not cursor_of(seen):
            return page(*FIRST, link=link_to(seen, "2"))
        fault = faults.pop(0) if len(faults) > 1 else faults[0]
        return fault(seen) if callable(fault) else fault

    return answer


CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b'{"next": null, "results": [{"id'
CUT_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"
THROTTLED = Answer(429, headers={"Retry-After": "0"})

STUMBLES = {
    "reset": [RESET],
    "no answer at all": [b""],
    "half a head": [b"HTTP/1.1 2"],
    "cut off": [CUT],
    "cut off in a chunk": [CUT_CHUNKED],
    "throttled": [THROTTLED],
    "throttled without a word how long": [Answer(429)],
    "a bad gateway, then too late": [Answer(502, b"<html>"), Answer(504)],
    "one after the other": [RESET, CUT, THROTTLED, Answer(503)],
}


@pytest.mark.parametrize("stumble", STUMBLES)
def test_a_stumble_is_read_again_and_the_list_is_complete(stumble):
    rows = []
    with HostileServer(two_pages(*STUMBLES[stumble], page(*SECOND))) as server:
        assert read(server, rows) == "ended"
    assert rows == IDS
    assert len(server.seen) == 2 + len(STUMBLES[stumble])


LASTING = {
    "a failure that lasts": (Answer(503), ServerError),
    "always cut off": (CUT, ArgyleError),
    "html": (Answer(body=b"<html><title>Sign in</title>"), DecodeError),
    "results of another kind": (Answer(body=b'{"next": null, "results": {"id": 1}}'), DecodeError),
    "null results": (Answer(body=b'{"next": null, "results": null}'), DecodeError),
    "no results": (Answer(body=b"{}"), DecodeError),
    "a next of another kind": (Answer(body=b'{"next": 7, "results": []}'), ApiError),
    "cut off before its next": (Answer(body=b'{"results": []'), ApiError),
    "objects without end": (Answer(body=b'{"a":' * 100_000), DecodeError),
    "nothing": (Answer(body=b""), DecodeError),
    "a redirect": (Answer(302, headers={"Location": "http://localhost:1/"}), ApiError),
}


@pytest.mark.parametrize("fault", LASTING)
def test_half_a_list_is_never_passed_off_as_the_whole(fault):
    answer, kind = LASTING[fault]
    rows = []
    with HostileServer(two_pages(answer)) as server, refused(kind):
        read(server, rows)
    assert rows == FIRST
    assert len(server.seen) <= 2 + retry.RETRIES


# Records that cannot be read: named in a warning, and no reason to hide the others

NAMELESS = {
    "half a page of the right length": (b'{"next": null, "results": [{"i', "1 .*cut off"),
    "a page cut off between two records": (b'{"next": null, "results": [', "1 .*cut off"),
    "a record that is none": (b'{"next": null, "results": [7]}', "1 .record 1 without an ID"),
    "an id of no letters": (
        b'{"next": null, "results": [{"id": "\xff"}]}',
        "1 .*at [$].id: .*UTF-8",
    ),
    "an id of no text": (b'{"next": null, "results": [{"id": []}]}', "1 .*at [$].id: Expected"),
}


@pytest.mark.parametrize("fault", NAMELESS)
def test_a_record_without_a_readable_id_is_told_by_its_place(fault):
    body, told = NAMELESS[fault]
    rows = []
    with (
        HostileServer(two_pages(Answer(body=body))) as server,
        pytest.warns(UserWarning, match=f"Unreadable uploads were left out: {told}"),
    ):
        assert read(server, rows) == "ended"
    assert rows == FIRST


def test_a_list_that_is_cut_off_gives_its_records_and_is_an_error():
    rows = []
    body = b'{"results": [{"id": "%s"}, {"id": "%s' % (IDS[3].encode(), IDS[4].encode())
    with (
        HostileServer(two_pages(Answer(body=body))) as server,
        refused(ApiError, "Results are incomplete"),
        pytest.warns(UserWarning, match="cut off"),
    ):
        read(server, rows)
    assert rows == IDS[:4]


@pytest.mark.parametrize("read_all", ["list_users", "list_accounts"])
def test_users_and_accounts_are_told_alike(read_all):
    ids = [UPLOAD_ID[:-1] + end for end in "abc"]
    body = ", ".join(
        f'{{"id": "{one}", "email": {"NaN" if one == ids[1] else "null"}}}' for one in ids
    )
    body = f'{{"next": null, "results": [{body}]}}'.encode()
    with HostileServer(Answer(body=body)) as server, client_of(server) as client:
        with pytest.warns(UserWarning, match=rf"record {ids[1]}, at \$.email: NaN is not JSON"):
            assert [one.id for one in getattr(client, read_all)()] == [ids[0], ids[2]]
        with refused(DecodeError, f"record {ids[1]}"):
            list(getattr(client, read_all)(errors="raise"))


# Twice on a page

OLD, NEW = "2026-05-04T12:00:00Z", "2026-05-04T12:00:01Z"


@pytest.mark.parametrize(
    ("stamps", "newest"), [((OLD, NEW), 1), ((NEW, OLD), 0), ((NEW, NEW), 1), ((OLD, None), 0)]
)
def test_what_is_twice_on_a_page_comes_once_in_its_newest_version(stamps, newest):
    twice = [{"id": IDS[0], "file_name": str(n), "updated_at": at} for n, at in enumerate(stamps)]
    body = json.dumps({"next": None, "results": [*twice, {"id": IDS[1]}]}).encode()
    with HostileServer(Answer(body=body)) as server, client_of(server) as client:
        uploads = list(client.list_uploads())
    assert [upload.id for upload in uploads] == IDS[:2]
    assert uploads[0].file_name == str(newest)


# Lists without end


def test_a_list_that_goes_on_and_on_is_ended_and_says_after_how_much(monkeypatch):
    monkeypatch.setattr(pagination, "MAX_PAGES", 5)
    count = itertools.count()

    def answer(seen):
        return page(f"{next(count)}", link=link_to(seen, str(next(count))))

    rows = []
    with HostileServer(answer) as server, refused(ApiError, r"after 5 pages \(5 results\)"):
        read(server, rows)
    assert len(rows) == len(server.seen) == 5


def test_a_bare_list_is_one_page():
    rows = []
    with HostileServer(Answer(body=json.dumps([{"id": one} for one in IDS]).encode())) as server:
        read(server, rows)
    assert rows == IDS


def test_a_record_that_moves_while_the_list_is_read_comes_once():
    rows = []
    with HostileServer(two_pages(page(FIRST[-1], *SECOND))) as server:
        read(server, rows)
    assert rows == IDS


# What is told of an answer that cannot be read


def test_an_answer_that_cannot_be_read_says_how_it_begins():
    body = b"<html>\n<title>Corporate proxy: sign in</title>" + b"x" * 1000
    with HostileServer(Answer(body=body)) as server, refused(DecodeError) as caught:
        read(server, [])
    assert "begins <html> <title>Corporate proxy: sign in</title>" in str(caught.value)
    assert "x" * 200 not in str(caught.value)


def test_it_says_nothing_of_the_key_that_a_debug_page_sends_back():
    def echo(seen):
        return Answer(body=f"<pre>{seen.headers} {KEY_ID} {SECRET}</pre>".encode())

    with HostileServer(echo) as server, refused(DecodeError) as caught:
        read(server, [])
    assert server.seen[0].headers["authorization"].split()[1] not in str(caught.value)
    assert "authorization" in str(caught.value)


CONFIDENTIAL = [
    '{"next": null, "results": [{"id": "1", "file_name": "Ada Sample.pdf", "ssn": 900123456',
    '{"next": null, "results": [{"id": "1", "names": ["Ada Sample", "Ada \\"Sample"], "ssn": "900',
    '{"next": null, "results": [{"id": "1", "file_name": Ada}, "Ada Sample 900-12-3456"]}',
    '{"next": null, "results": [{"file_name": "Ada Sam',
]


@pytest.mark.parametrize(
    "body",
    [
        *(body.replace('"results"', '"people"') for body in CONFIDENTIAL),
        '{"results": "Ada Sample 900-12-3456"}',
        '"Ada Sample',
    ],
)
def test_of_json_it_shows_names_of_fields_but_nobodys_data(body):
    with HostileServer(Answer(body=body.encode())) as server, refused(DecodeError) as caught:
        read(server, [])
    told = str(caught.value) + repr(vars(caught.value))
    assert not any(word in told for word in ("Ada", "Sam", "900"))
    assert all(name in told for name in ("people", "file_name", "names") if f'"{name}"' in body)


@pytest.mark.parametrize("body", CONFIDENTIAL)
def test_what_is_told_of_a_record_shows_nobodys_data(body):
    with (
        HostileServer(Answer(body=body.encode())) as server,
        pytest.warns(UserWarning, match="left out") as warned,
    ):
        read(server, [])
    assert not any(word in str(warned[0].message) for word in ("Ada", "Sam", "900"))


# Take a guard away, and the ledgers show it


def test_without_the_same_origin_rule_a_stranger_would_be_asked(foreign, monkeypatch):
    monkeypatch.setattr(transport, "check_same_origin", lambda *_: None)
    with HostileServer(page(*FIRST, link=f"{foreign.url}/v2/user-uploads?c=2")) as server:
        read(server, [])
    assert foreign.seen


def test_without_both_rules_a_stranger_would_get_the_key(foreign, monkeypatch):
    monkeypatch.setattr(transport, "check_same_origin", lambda *_: None)
    monkeypatch.setattr(transport, "is_trusted", lambda *_: True)
    with HostileServer(page(*FIRST, link=f"{foreign.url}/v2/user-uploads?c=2")) as server:
        read(server, [])
    assert "authorization" in foreign.seen[0].headers


@pytest.mark.parametrize("circle", ["one link, new records"])
def test_without_the_look_for_circles_reading_would_not_end(monkeypatch, circle):
    monkeypatch.setattr(pagination, "_is_loop", lambda *_: False)
    with HostileServer(CIRCLES[circle]()) as server:
        assert read(server, []) == "endless"


def test_without_reading_again_a_stumble_would_end_the_list(monkeypatch):
    monkeypatch.setattr(retry, "RETRIES", 0)
    with HostileServer(two_pages(CUT, page(*SECOND))) as server, refused(ArgyleError):
        read(server, [])


def test_without_striking_off_what_was_seen_a_record_would_come_twice(monkeypatch):
    keys = itertools.count()
    monkeypatch.setattr(pagination, "_key_of", lambda _: next(keys))
    rows = []
    with HostileServer(two_pages(page(FIRST[-1], *SECOND))) as server:
        read(server, rows)
    assert len(rows) > len(set(rows))
