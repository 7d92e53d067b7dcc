"""JSON that the decoder refuses: a page cut into its records, and the place of a fault in one.

The decoder stops at the first byte that is not JSON, and everything behind it is lost. What stands
here reads brackets and quotes alone, without recursion, so that one bad record leaves the others
whole.
"""

from __future__ import annotations

import re
from bisect import bisect
from typing import Any, NamedTuple

import msgspec

# Of these msgspec names only the first its own: bad UTF-8 and deep nesting come as Python's.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

# A text, which has no group 1 where it lacks its end; a mark of structure; anything else.
_TEXT = rb'"[^"\\]*(?:\\.[^"\\]*)*(?:(")|\\?\Z)'
_TOKEN = re.compile(_TEXT + rb'|[\[\]{},:]|[^\s"\[\]{},:]+', re.DOTALL)
_BRACKETS = re.compile(_TEXT + rb"|[\[{]+|[\]}]+", re.DOTALL)
_OPENING = bytes.maketrans(b"}]", b"{[")
_SPACE = re.compile(rb"\s*")
_BETWEEN = re.compile(rb"[\s,]*")
# The end of a list, which no further record follows: a bracket too many ends none.
_LIST_END = rb"\](?![\s\]}]{0,40},?\s*\{)"
_END = re.compile(_LIST_END)
_BEHIND = re.compile(rb"\s*(?:,|\Z|" + _LIST_END + rb")")
_OBJECT_END = re.compile(rb"\s*\}\s*\Z")
_NAME = re.compile(rb'[\s,]*("[^"\\]*(?:\\.[^"\\]*)*")\s*:\s*', re.DOTALL)
_PLAIN = rb'(?:"[^"\\]*"|[^\s"\[\]{},]+)'
# How a record begins: the names of its first two fields, the first with a plain value.
_FIRST_NAMES = re.compile(rb'\{\s*("[^"\\]*")\s*:\s*' + _PLAIN + rb'\s*,\s*("[^"\\]*")\s*:')
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_NO_NUMBERS = frozenset({b"NaN", b"Infinity", b"-Infinity"})
_UNKNOWN = object()
_NOWHERE: frozenset[int] = frozenset()
_CUT_OFF = "the record is cut off; records after it may be missing"

# No document of Argyle's is nested deeper; the decoder itself ends at about 1,000 levels.
_DEEPEST = 500
# Of a path so many steps are shown, and of a name so many characters.
_STEPS, _NAME_CHARACTERS = 8, 40


class CutPage(NamedTuple):
    """A page without its decoding.

    ``next`` is ``None`` both at the end of a list and where it is unknown; ``has_next`` tells them
    apart. A page that breaks off ends with what is left of the record where it does, be it nothing.
    """

    records: list[bytes]
    next: str | None
    has_next: bool


class Fault(NamedTuple):
    """What is wrong with a record, and where in it."""

    path: str
    problem: str


def cut_page(page: bytes) -> CutPage | None:
    """Cut a page, or a bare list, into its records; ``None`` for what is neither.

    Where something else stands behind the list, nobody knows whether it was one.
    """
    start = _skip(_SPACE, page, 0)
    if page[start : start + 1] == b"[":
        records, end = _cut_list(page, start)
        is_whole = end is not None and _skip(_SPACE, page, end) == len(page)
        return CutPage(_told(records, page, end), None, has_next=is_whole)
    fields, found, end = _walked(page, start, list_named="results")
    if found is None:
        return None
    following = _decoded(fields["next"]) if "next" in fields else _UNKNOWN
    is_whole = end is not None and _OBJECT_END.match(page, end) is not None
    has_next = (following is None or isinstance(following, str)) and (end is None or is_whole)
    records = _told(found, page, end)
    return CutPage(records, following if isinstance(following, str) else None, has_next)


def _told(records: list[bytes], page: bytes, end: int | None) -> list[bytes]:
    """Add what is no record, and so is told, where what stands behind the list may hold some."""
    return [*records, b""] if end is not None and page[end:].strip(b" \t\r\n,}") else records


def fields_of(record: bytes) -> dict[str, bytes]:
    """Give the JSON of each field that has an end."""
    return _walked(record, _skip(_SPACE, record, 0))[0]


def is_whole(value: bytes) -> bool:
    """Tell whether one JSON value ends where these bytes do, whatever stands in it."""
    end = _value_end(value, _skip(_SPACE, value, 0))
    return end is not None and _skip(_SPACE, value, end) == len(value)


def _walked(
    data: bytes, start: int, list_named: str | None = None
) -> tuple[dict[str, bytes], list[bytes] | None, int | None]:
    """Give the fields of an object, the items of the list with this name, and the last one's end.

    There is no end where a value has none.
    """
    fields: dict[str, bytes] = {}
    items: list[bytes] | None = None
    end: int | None = start + 1 if data[start : start + 1] == b"{" else None
    while end is not None and (field := _NAME.match(data, end)):
        begin, name = field.end(), _decoded(field[1])
        if name == list_named and data[begin : begin + 1] == b"[":
            items, end = _cut_list(data, begin)
        elif (end := _value_end(data, begin)) is not None and isinstance(name, str):
            fields[name] = data[begin:end]
    return fields, items, end


def _cut_list(data: bytes, start: int) -> tuple[list[bytes], int | None]:
    """Give the items of a list, and where it ends, if it does."""
    items: list[bytes] = []
    position = _skip(_BETWEEN, data, start + 1)
    starts: _Starts | None = None
    while not _END.match(data, position):
        starts = starts or _Starts.like(data, _FIRST_NAMES.match(data, position))
        end = _item_end(data, position, starts)
        if end is None:
            starts = starts or _Starts.like(data, _FIRST_NAMES.search(data, position))
            end = starts.next_of(data, position) if starts else None
            items.append(data[position:end])
            if end is None:
                return items, None
        else:
            items.append(data[position:end])
        position = _skip(_BETWEEN, data, end)
    return items, position + 1


class _Starts:
    """Where the records of a list may begin, and of those that were come by, where they end.

    They begin as one of them does, so no object within a record is taken for one. A record that
    breaks off is read far beyond what is its own; the ends found there are kept, so that no byte is
    read once for each such record.
    """

    def __init__(self, data: bytes, names: re.Match[bytes]) -> None:
        first, second = map(re.escape, names.groups())
        more = rb"\s*:\s*" + _PLAIN + rb"\s*,\s*" + second + rb"\s*:"
        found = list(re.finditer(rb",\s*(\{\s*)(?=" + first + more + rb")", data))
        self._commas = [one.start() for one in found]
        self._brackets = [one.start(1) for one in found]
        self.brackets = frozenset(self._brackets)
        # A text cannot end here: it would hold the beginning of a record, its quotes not escaped.
        self.quotes = frozenset(one.end() for one in found)
        self.ends: dict[int, int | None] = {}

    @classmethod
    def like(cls, data: bytes, names: re.Match[bytes] | None) -> _Starts | None:
        """Find them by how one record begins; only an ID makes sure that it is one."""
        return cls(data, names) if names and b'"id"' in names.groups() else None

    def next_of(self, data: bytes, start: int) -> int | None:
        """Find the comma before the next record that has an end, behind one that breaks off."""
        first = bisect(self._commas, start)
        places = range(first, len(self._commas))
        ended = (n for n in places if _item_end(data, self._brackets[n], self) is not None)
        number = next(ended, None)
        return None if number is None else self._commas[number]


def _item_end(data: bytes, start: int, starts: _Starts | None) -> int | None:
    end = _value_end(data, start, starts)
    return None if end is None or not _BEHIND.match(data, end) else end


def _value_end(data: bytes, start: int, starts: _Starts | None = None) -> int | None:
    """Tell where a value ends, if its brackets and quotes say so."""
    if starts and start in starts.ends:
        return starts.ends[start]
    first = _TOKEN.match(data, start)
    if first is None or first[0] in b"]},:":
        return None
    if first[0] not in (b"{", b"["):
        return None if first[0][:1] == b'"' and first[1] is None else first.end()
    ends = _ends_from(data, start, starts)
    if starts:
        starts.ends.update(ends)
    return ends[start]


def _ends_from(data: bytes, start: int, starts: _Starts | None) -> dict[int, int | None]:
    """Tell where a bracket ends, and the records that begin until then."""
    brackets, quotes = (starts.brackets, starts.quotes) if starts else (_NOWHERE, _NOWHERE)
    open_, waiting = bytearray(), [(1, start)]
    ends: dict[int, int | None] = {}
    for token in _BRACKETS.finditer(data, start):
        mark, depth = token[0], len(open_)
        if mark[0] in b"{[":
            open_ += mark
            if token.end() - 1 in brackets:
                waiting.append((len(open_), token.end() - 1))
        elif mark[0] in b"}]":
            count = _closed(open_, mark)
            while waiting and waiting[-1][0] > depth - count:
                level, place = waiting.pop()
                ends[place] = token.start() + depth - level + 1
            if count < len(mark) or not open_:
                break
        elif token.end() - 1 in quotes:
            break
    return ends | {place: None for _, place in waiting}


def _closed(open_: bytearray, mark: bytes) -> int:
    """Close the brackets that are open, and tell how many of these did so."""
    closing = mark[: len(open_)].translate(_OPENING)
    last = bytes(open_[len(open_) - len(closing) :][::-1])
    pairs = enumerate(zip(last, closing, strict=True))
    count = len(last) if last == closing else next(n for n, (a, b) in pairs if a != b)
    del open_[len(open_) - count :]
    return count


def fault_in(record: bytes) -> Fault | None:
    """Find the first thing in a record that is not JSON, or nested too deeply."""
    place = _Place()
    for token in _TOKEN.finditer(record):
        if problem := _problem_of(token) or place.take(token[0]):
            return Fault(place.path, problem)
    return None if place.is_closed else Fault(place.path, _CUT_OFF)


def _problem_of(token: re.Match[bytes]) -> str | None:
    mark = token[0]
    if mark in b"{}[],:":
        return None
    is_text = mark[:1] == b'"'
    if is_text and token[1] is None:
        return _CUT_OFF
    try:
        msgspec.json.decode(mark)
    except UnicodeDecodeError:
        return "a text that is not UTF-8"
    except msgspec.ValidationError:
        pass  # a number out of range: only who reads it is held up
    except msgspec.DecodeError:
        if is_text:
            is_surrogate = _SURROGATE.search(mark) is not None
            return f"{'an unpaired surrogate' if is_surrogate else 'invalid JSON'} in a text"
        return f"{mark.decode() if mark in _NO_NUMBERS else 'a value that'} is not JSON"
    return None


class _Place:
    """Where in a value its tokens have led."""

    def __init__(self) -> None:
        # For each open bracket: the name or the number of what comes, a name after its colon.
        self._steps: list[str | int | None] = []
        self._last: bytes = b""
        self.is_closed = False

    @property
    def path(self) -> str:
        """The path, cut short where it is long."""
        steps = [step for step in self._steps if step is not None]
        told = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps[:_STEPS]]
        return "$" + "".join(told) + ("..." if len(steps) > _STEPS else "")

    def take(self, mark: bytes) -> str | None:
        """Go one token further; a problem, if that leads too deep or to a bracket of no pair."""
        if mark in (b"{", b"["):
            self._steps.append(None if mark == b"{" else 0)
        elif mark in (b"}", b"]"):
            if not self._steps or isinstance(self._steps[-1], int) != (mark == b"]"):
                return _CUT_OFF
            self._steps.pop()
        elif self._steps:
            self._step(mark)
        self._last = mark
        self.is_closed = not self._steps
        return "nested too deeply" if len(self._steps) > _DEEPEST else None

    def _step(self, mark: bytes) -> None:
        step = self._steps[-1]
        if mark == b",":
            self._steps[-1] = step + 1 if isinstance(step, int) else None
        elif mark == b":" and not isinstance(step, int):
            name = _decoded(self._last)
            self._steps[-1] = name[:_NAME_CHARACTERS] if isinstance(name, str) else "?"


def _decoded(value: bytes) -> Any:
    """Read a plain value; what cannot be read is unknown."""
    try:
        return msgspec.json.decode(value)
    except UNREADABLE:
        return _UNKNOWN


def _skip(pattern: re.Pattern[bytes], data: bytes, start: int) -> int:
    found = pattern.match(data, start)
    return found.end() if found else start
