"""Lists, page by page: to the end, from one origin, and never in a circle."""

from __future__ import annotations

import itertools

import pytest

from argyle_nb.errors import ApiError
from tests.support.servers import UPLOAD_ID, HostileServer, client_of, page, refused


def read(server):
    with client_of(server) as client:
        return list(client.list_uploads())


@pytest.mark.parametrize("address", ["{url}/v2/user-uploads", "http://localhost:{port}/x"])
def test_a_next_link_to_another_origin_is_refused_before_a_socket_opens(address):
    with HostileServer(page()) as foreign:
        link = address.format(url=foreign.url, port=foreign.url.rpartition(":")[2])
        with HostileServer(page(UPLOAD_ID, link=link)) as server, refused(ApiError, "next page"):
            read(server)
    assert foreign.seen == []


@pytest.mark.parametrize("link", ["/v2/user-uploads?cursor=b", "//evil.example", "file:///x", "\\"])
def test_a_next_link_that_is_no_url_is_refused(link):
    with HostileServer(page(UPLOAD_ID, link=link)) as server, refused(ApiError, "not followed"):
        read(server)
    assert len(server.seen) == 1


@pytest.mark.parametrize("cursors", ["a", "ab", "abc"])
def test_pages_in_a_circle_are_an_error(cursors):
    turns = itertools.cycle(cursors)
    ids = {c: UPLOAD_ID[:-1] + c for c in cursors}

    def answer(seen):
        cursor = next(turns)
        return page(ids[cursor], link=f"http://{seen.headers['host']}/v2/user-uploads?c={cursor}")

    with HostileServer(answer) as server, refused(ApiError, "pagination loop"):
        read(server)
    assert len(server.seen) == len(cursors) + 1


def test_fresh_cursors_without_end_are_an_error():
    count = itertools.count()

    def answer(seen):
        return page(
            UPLOAD_ID, link=f"http://{seen.headers['host']}/v2/user-uploads?c={next(count)}"
        )

    with HostileServer(answer) as server, refused(ApiError, "pagination loop"):
        read(server)


def test_a_record_that_moves_to_the_next_page_is_listed_once():
    ids = [UPLOAD_ID[:-1] + digit for digit in "123"]

    def answer(seen):
        if "c=" in seen.path:
            return page(ids[1], ids[2])
        return page(ids[0], ids[1], link=f"http://{seen.headers['host']}/v2/user-uploads?c=2")

    with HostileServer(answer) as server:
        assert [upload.id for upload in read(server)] == ids


def test_an_empty_next_link_is_the_end():
    with HostileServer(page(UPLOAD_ID, link="")) as server:
        assert len(read(server)) == 1
