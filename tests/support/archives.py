"""Archives filled by hand, and a server of a list of uploads, for the tests of archives."""

import json
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from argyle_nb.archive import Archive
from argyle_nb.archive.pages import PageEntry, PageStore, sha256_hex
from argyle_nb.archive.versions import read_page
from argyle_nb.models import decode_page
from tests.support.records import record, scored, stages
from tests.support.servers import Answer, HostileServer

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd  # noqa: F401 - as above

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
# To Dask, no address at all means port 8787 and a warning where it is taken.
FREE_PORT = "127.0.0.1:0"
FIVE = [scored(number, 10 * number) for number in range(1, 6)]


def files(folder, kind):
    """The files of an archive: ``index`` or ``pages``."""
    return sorted((folder / kind).iterdir())


def page_of(records, link=None):
    return json.dumps({"next": link, "previous": None, "results": records}).encode()


def filled(folder, *pages, scope="nobody's", **changes):
    """An archive whose pages were seen one minute after the other."""
    store = PageStore(folder)
    for number, page in enumerate(pages):
        data = page if isinstance(page, bytes) else page_of(page)
        known = {
            "pull": "20260504T120000000000-00000000",
            "number": number,
            "scope": scope,
            "filters": {},
            "seen_at": NOON + timedelta(minutes=number),
            "sha256": sha256_hex(data),
            "contents": read_page(data).contents,
            "next": decode_page(data).next,
        }
        store.keep(data, PageEntry(**known | changes))
    return Archive(folder)


def moving(number, **changes):
    return record(
        number, metadata=None, processing=stages("in_progress", "idle", "idle"), **changes
    )


def nothing(_):
    """What goes wrong at a page, unless a test says otherwise."""


class ListServer(HostileServer):
    """Answers like the API, from ``records``, ``users`` and ``accounts``, which a test may change.

    ``meanwhile`` is called with the number of each page before it is answered, and may answer in
    its place. What begins with one of ``refused`` is answered with 403.
    """

    def __init__(self, records, page_size=2):
        super().__init__(self._served)
        self.records, self.page_size = list(records), page_size
        self.meanwhile = nothing
        self.users, self.accounts = [], []
        self.refused = ()

    @property
    def asked(self):
        """Whatever else was asked for, in order of path."""
        paths = [urlsplit(seen.path).path for seen in self.seen]
        return sorted(path for path in paths if not path.startswith("/v2/user-uploads"))

    @property
    def listed(self):
        """The numbers of the pages that were asked for."""
        return [
            _number(seen.path)
            for seen in self.seen
            if urlsplit(seen.path).path == "/v2/user-uploads"
        ]

    @property
    def got(self):
        """The ids that were asked for one by one."""
        return [
            seen.path.rpartition("/")[2]
            for seen in self.seen
            if seen.path.startswith("/v2/user-uploads/")
        ]

    def _served(self, seen):
        path = urlsplit(seen.path).path
        people = {"/v2/users": self.users, "/v2/accounts": self.accounts}
        if path.startswith(self.refused):
            return Answer(403)
        if path in people:
            wanted = parse_qs(urlsplit(seen.path).query).get("external_id", [None])[0]
            found = [one for one in people[path] if wanted in (None, one.get("external_id"))]
            return Answer(body=page_of(found))
        if path != "/v2/user-uploads":
            known = [*self.records, *self.users, *self.accounts]
            found = [one for one in known if one["id"] == path.rpartition("/")[2]]
            return Answer(body=json.dumps(found[0]).encode()) if found else Answer(404)
        number = _number(seen.path)
        answer = self.meanwhile(number)
        return answer or Answer(body=self._page(number), headers={"Connection": "keep-alive"})

    def _page(self, number):
        start, end = number * self.page_size, (number + 1) * self.page_size
        link = f"{self.url}/v2/user-uploads?cursor={number + 1}"
        return page_of(self.records[start:end], link if end < len(self.records) else None)


def _number(path):
    return int(parse_qs(urlsplit(path).query).get("cursor", ["0"])[0])
