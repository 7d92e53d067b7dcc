"""Records as no description of the API has them: the published example, bent or damaged."""

from __future__ import annotations

import copy
import json
import random
from typing import NamedTuple

from tests.support.records import record

HUGE_KEY = "x" * 10_000

ODD_VALUES = (
    None,
    "",
    {},
    [],
    [None],
    [[]],
    True,
    False,
    0,
    -1,
    101,
    2**31,
    2**63,
    2**70,
    1e308,
    -0.0,
    88.0,
    0.5,
    "88",
    "idle",
    "queued",
    "W-2",
    "=1+1",
    "\u202e",
    "\ud7ff\0",
    "x" * 5000,
    "2024-07-08T13:43:49.864033Z",
    "2024-07-08T13:43:49+02:00",
    "2024-07-08",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "yesterday",
    {"unknown": {"deep": [1, {"deeper": None}]}},
    {"signals": [{"identifier": 7}]},
    {"signals": [{}], "form_authenticity": {"score": "70"}},
)


def places_in(value, path=()):
    """Give the path of everything in a JSON value."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places_in(value[key], (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from places_in(item, (*path, number))


def bent(number, dice):
    """Give the published example with one to four things bent; now and then not at all."""
    one = record(number)
    for _ in range(dice.choice((0, 1, 1, 1, 2, 2, 3, 4))):
        places = [path for path in places_in(one) if path]
        shallow = [path for path in places if len(path) <= 2]
        path = dice.choice(dice.choice((shallow, places)) or [("id",)])
        _bend(one, path, dice)
    return one


def _bend(one, path, dice):
    holder = one
    for step in path[:-1]:
        holder = holder[step]
    last, kind = path[-1], dice.choice(("drop", "null", "other", "other", "other", "add", "twice"))
    if kind == "drop":
        del holder[last]
    elif kind == "null":
        holder[last] = None
    elif kind == "other":
        holder[last] = copy.deepcopy(dice.choice(ODD_VALUES))
    elif kind == "add" and isinstance(holder, dict):
        holder[dice.choice(("new_field", "id ", "Score", HUGE_KEY, ""))] = dice.choice(ODD_VALUES)
    elif isinstance(holder, list):
        holder.extend(copy.deepcopy(holder))


def bent_records(seed, count):
    """Give so many records for a seed, always the same."""
    dice = random.Random(seed)  # noqa: S311 - the same each time
    return [bent(number, dice) for number in range(count)]


def _with(path, value):
    one = record(1)
    *steps, last = path.split(".")
    holder = one
    for step in steps:
        holder = holder[int(step) if step.isdigit() else step]
    holder[last] = value
    return one


def _without(*names):
    return {name: value for name, value in record(1).items() if name not in names}


def _deep(levels):
    value = {}
    for _ in range(levels):
        value = {"deeper": value}
    return value


# What is no JSON, or none that can be read, where a value should be.
DAMAGED_VALUES = {
    "a lone surrogate": rb'"a\ud800b"',
    "a low surrogate": rb'"\udc00"',
    "two high surrogates": rb'"\ud83d\ud83d"',
    "bytes that are not UTF-8": b'"a\xff\xfeb"',
    "a surrogate as UTF-8": b'"\xed\xa0\x80"',
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "minus Infinity": b"-Infinity",
    "1e400": b"1e400",
    "a number of 5,000 digits": b"7" * 5000,
    "3,000 objects deep": b'{"a":' * 3000 + b"1" + b"}" * 3000,
    "100,000 lists deep": b"[" * 100_000 + b"]" * 100_000,
    "a NUL character": b'"a\x00b"',
    "an escaped NUL character": rb'"a\u0000b"',
    "a line break in a text": b'"a\nb"',
    "an unknown escape": rb'"\q"',
    "no quotes": b"Ada",
    "a comma too many": b"[1,]",
    "a list": b"[1]",
    "a number": b"7",
}
# What a record is in the place of an object with an id.
DAMAGED_RECORDS = {
    "an id that is a number": lambda one: one.replace(b'{"id": "', b'{"id": 7, "was": "', 1),
    "an id that is NaN": lambda one: one.replace(b'{"id": "', b'{"id": NaN, "was": "', 1),
    "an id with a surrogate": lambda one: one.replace(b'{"id": "', rb'{"id": "\ud800', 1),
    "no id": lambda one: one.replace(b'"id"', b'"was"', 1),
    "a number for a record": lambda _: b"7",
    "null": lambda _: b"null",
    "a text": lambda _: b'"a, b ] } text"',
    "an empty list": lambda _: b"[]",
    "no value at all": lambda _: b"nothing",
    "a bracket too many": lambda one: one + b"}",
    "a list's bracket too many": lambda one: one + b"]",
    "a bracket too few": lambda one: one[:-1],
}
_PLACES = (
    ("file_name",),
    ("account",),
    ("document_type",),
    ("created_at",),
    ("updated_at",),
    ("new_field",),
    ("processing", "ocr"),
    ("metadata", "employment"),
    ("metadata", "ocr_data", "employee", "name"),
    ("metadata", "ocr_authenticity", "form_analysis", 0, "signals", 0, "display_name"),
)
CUT_OFF = "cut off"
DAMAGES = (*DAMAGED_VALUES, *DAMAGED_RECORDS, CUT_OFF)


def damaged(name, number, dice):
    """Give the JSON of a record with this damage at a random place."""
    one = record(number)
    if name in DAMAGED_VALUES:
        holder, path = one, dice.choice(_PLACES)
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = "DAMAGE"
        return json.dumps(one).encode().replace(b'"DAMAGE"', DAMAGED_VALUES[name])
    raw = json.dumps(one).encode()
    return raw[: dice.randrange(1, len(raw) - 1)] if name == CUT_OFF else DAMAGED_RECORDS[name](raw)


class DamagedList(NamedTuple):
    """Pages with one damaged record each, the ids of the others and of all, and each record."""

    pages: list[bytes]
    others: list[str]
    damaged: dict[str, bytes]


def damaged_list(name, pages, size, url=""):
    """Give so many pages of so many records; ``url`` is where their ``next`` links lead."""
    dice = random.Random(name)  # noqa: S311 - the same each time
    made = DamagedList([], [], {})
    for page in range(pages):
        numbers = range(page * size, (page + 1) * size)
        bad = dice.choice(numbers)
        one = damaged(name, bad, dice)
        raws = [one if number == bad else json.dumps(record(number)).encode() for number in numbers]
        link = f"{url}?cursor={page + 1}" if page + 1 < pages else None
        head = json.dumps({"next": link, "previous": None}).encode()
        made.pages.append(head[:-1] + b', "results": [' + b", ".join(raws) + b"]}")
        made.others.extend(record(number)["id"] for number in numbers if number != bad)
        made.damaged[record(bad)["id"]] = one
    return made


_SCORE = "metadata.ocr_authenticity_score"

# Name -> (record, what becomes of it: its score, None for a row without, "rejected").
NAMED = {
    "as published": (record(1), 85),
    "nothing but an id": ({"id": record(1)["id"]}, None),
    "null metadata": (_with("metadata", None), None),
    "empty metadata": (_with("metadata", {}), None),
    "no metadata": (_without("metadata"), None),
    "metadata as a text": (_with("metadata", ""), None),
    "metadata as a list": (_with("metadata", [1]), "rejected"),
    "no processing": (_without("processing"), 85),
    "null everywhere": (dict.fromkeys(record(1)) | {"id": record(1)["id"]}, None),
    "no id": (_without("id"), "rejected"),
    "an id that is a number": (_with("id", 7), "rejected"),
    "a score as a text": (_with(_SCORE, "88"), 88),
    "a score as a decimal": (_with(_SCORE, 88.0), 88),
    "half a score": (_with(_SCORE, 88.5), "rejected"),
    "a score that is true": (_with(_SCORE, True), "rejected"),
    "a score below zero": (_with(_SCORE, -1), "rejected"),
    "a score above a hundred": (_with(_SCORE, 101), "rejected"),
    "a score of 10^400": (_with(_SCORE, "1e400"), "rejected"),
    "an empty score": (_with(_SCORE, ""), 70),
    "a score of zero": (_with(_SCORE, 0), 0),
    "an unknown type": (_with("document_type", "payslip"), 85),
    "an unknown status": (_with("processing.ocr", "queued"), 85),
    "microseconds": (_with("created_at", "2024-07-08T13:43:49.864033Z"), 85),
    "no time": (_with("created_at", "yesterday"), "rejected"),
    "ten thousand fields": (record(1) | {f"field_{n}": n for n in range(10_000)}, 85),
    "an analysis 900 levels deep": (_with("metadata.ocr_authenticity", _deep(900)), 85),
    "OCR data 900 levels deep": (_with("metadata.ocr_data", _deep(900)), 85),
    "a name of 100,000 letters": (_with("file_name", "x" * 100_000), 85),
    "a list for a name": (_with("file_name", ["a.pdf"]), "rejected"),
}
