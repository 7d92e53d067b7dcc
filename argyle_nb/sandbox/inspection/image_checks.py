"""What a picture of a document gives away: editors, screens, dates, parts put in later."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from argyle_nb.sandbox.inspection.provenance import EDITORS
from argyle_nb.sandbox.inspection.scoring import Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argyle_nb.sandbox.inspection.image_facts import ImageFacts
    from argyle_nb.sandbox.inspection.recompression import Fresh

RETOUCHERS = re.compile(
    r"snapseed|picsart|pixlr|fotor|photopea|lightroom|facetune|paint\.net|polarr|darktable"
    r"|acdsee|snagit|skitch|krita",
    re.IGNORECASE,
)
# Galleries and viewers sign a picture when they merely turn or export it.
GALLERIES = re.compile(r"photo viewer|google photos|^photos\b|galler", re.IGNORECASE)
# Width and height of screens, upright. Those of 3 to 4 are left out: cameras have them as well.
PHONE_SCREENS = frozenset(
    {
        *((640, 1136), (720, 1280), (720, 1520), (720, 1600), (750, 1334), (828, 1792)),
        *((1008, 2244), (1080, 1920), (1080, 2160), (1080, 2220), (1080, 2280), (1080, 2310)),
        *((1080, 2316), (1080, 2340), (1080, 2376), (1080, 2400), (1080, 2408), (1080, 2412)),
        *((1080, 2460), (1080, 2520), (1125, 2436), (1170, 2532), (1179, 2556), (1206, 2622)),
        *((1220, 2712), (1242, 2208), (1242, 2688), (1260, 2736), (1280, 2856), (1284, 2778)),
        *((1290, 2796), (1320, 2868), (1344, 2992), (1440, 2560), (1440, 2880), (1440, 2960)),
        *((1440, 3040), (1440, 3088), (1440, 3120), (1440, 3200)),
    }
)
COMPUTER_SCREENS = frozenset(
    {
        *((720, 1280), (768, 1366), (800, 1280), (864, 1536), (900, 1440), (900, 1600)),
        *((1050, 1680), (1080, 1920), (1200, 1920), (1280, 2048), (1440, 2560), (1440, 3440)),
        *((1600, 2560), (1664, 2560), (1800, 2880), (1964, 3024), (2160, 3840), (2234, 3456)),
    }
)
SAME_MOMENT = timedelta(minutes=2)
LONG_AFTER = timedelta(hours=1)
# A clock may be set to any zone of the world.
CLOCKS_APART = timedelta(hours=26)


def image_signals(facts: ImageFacts, fresh: list[Fresh]) -> list[Signal]:
    """Check a picture.

    Parameters
    ----------
    facts
        What it says about itself.
    fresh
        Parts that were not saved together with the rest.

    Returns
    -------
    list of Signal
        Never empty: what a picture says is not read here, and so is not checked.
    """
    signals = [Signal("sbx_picture")]
    if editor := _editor(facts.programs):
        signals.append(Signal("sbx_edited_by_software", 1, [{"edit_source": editor}]))
    if _is_screen(facts):
        size: dict[str, str | None] = {"width": str(facts.size[0]), "height": str(facts.size[1])}
        signals.append(Signal("sbx_screenshot", 1, [size]))
    elif not facts.camera:
        signals.append(Signal("sbx_no_camera_data", 1))
    signals += _dates(facts)
    return signals + part_signals(fresh, 1)


def part_signals(fresh: list[Fresh], page: int) -> list[Signal]:
    """Say where parts were put into the picture of a page."""
    return [Signal("sbx_part_put_in", page, [_where(part)]) for part in fresh]


def _editor(programs: tuple[str, ...]) -> str | None:
    for name in programs:
        if RETOUCHERS.search(name) or (EDITORS.search(name) and not GALLERIES.search(name)):
            return name
    return None


def _is_screen(facts: ImageFacts) -> bool:
    if "screenshot" in facts.comment.lower():
        return True
    upright = (min(facts.size), max(facts.size))
    return not facts.camera and upright in PHONE_SCREENS | COMPUTER_SCREENS


def _dates(facts: ImageFacts) -> list[Signal]:
    problems = list(_contradictions(facts))
    if problems:
        return [Signal("sbx_file_dates_contradict", 1, [{"problem": p} for p in problems])]
    if facts.taken and facts.changed and facts.changed - facts.taken > LONG_AFTER:
        evidence: dict[str, str | None] = {
            "created": facts.taken.isoformat(),
            "modified": facts.changed.isoformat(),
        }
        return [Signal("sbx_changed_long_after", 1, [evidence])]
    return []


def _contradictions(facts: ImageFacts) -> Iterator[str]:
    taken, digitised, changed = facts.taken, facts.digitised, facts.changed
    if facts.camera and taken and digitised and abs(taken - digitised) > SAME_MOMENT:
        yield f"a camera took it {taken} and made it digital {digitised}"
    if taken and changed and changed < taken - SAME_MOMENT:
        yield f"changed {changed}, before it was taken {taken}"
    now = datetime.now(UTC).replace(tzinfo=None)
    if any(date and date > now + CLOCKS_APART for date in (taken, digitised, changed)):
        yield "a date that is still to come"


def _where(part: Fresh) -> dict[str, str | None]:
    names = ("left", "top", "right", "bottom")
    place = dict(zip(names, map(str, part.box), strict=True))
    return {**place, "rest_saved_before_at_quality": str(part.quality)}
