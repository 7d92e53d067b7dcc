"""Small helpers to read PDF objects: resolving, matrices, layers, the turn of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pypdf.generic import ArrayObject, DictionaryObject, StreamObject

if TYPE_CHECKING:
    from pypdf import PdfReader

    from argyle_nb.sandbox.inspection.pdf_page import Matrix

HIDDEN_FLAG = 2


def resolve(value: Any) -> Any:
    """Follow an indirect reference."""
    return value.get_object() if hasattr(value, "get_object") else value


def resolved_list(value: Any) -> list[Any]:
    """Return the items of an array, each resolved; nothing when it is no array."""
    items = resolve(value)
    return [resolve(item) for item in items] if isinstance(items, ArrayObject) else []


def matrix(values: Any) -> Matrix:
    """Read the six numbers of a transformation."""
    numbers = [float(v) for v in values]
    return (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5])


def hidden_layers(reader: PdfReader) -> set[int]:
    """Object numbers of the optional content groups that are switched off by default."""
    properties = resolve(reader.root_object.get("/OCProperties"))
    default = resolve(properties.get("/D")) if isinstance(properties, DictionaryObject) else None
    off = resolve(default.get("/OFF")) if isinstance(default, DictionaryObject) else None
    return {item.idnum for item in off or [] if hasattr(item, "idnum")}


def upright(
    rotation: int, x0: float, y0: float, x1: float, y1: float
) -> tuple[Matrix, float, float]:
    """Return the matrix that turns a page as it is shown, and its width and height then."""
    width, height = x1 - x0, y1 - y0
    turned: dict[int, tuple[Matrix, float, float]] = {
        90: ((0, -1, 1, 0, -y0, x1), height, width),
        180: ((-1, 0, 0, -1, x1, y1), width, height),
        270: ((0, 1, -1, 0, y1, -x0), height, width),
    }
    return turned.get(rotation % 360, ((1, 0, 0, 1, -x0, -y0), width, height))


def appearance(annotation: Any) -> Any:
    """Return the form that an annotation shows, if it is shown."""
    if not isinstance(annotation, DictionaryObject) or int(annotation.get("/F", 0)) & HIDDEN_FLAG:
        return None
    shown = resolve(annotation.get("/AP"))
    normal = resolve(shown.get("/N")) if isinstance(shown, DictionaryObject) else None
    if isinstance(normal, DictionaryObject) and not isinstance(normal, StreamObject):
        normal = resolve(normal.get(str(annotation.get("/AS", "/Off"))))
    return normal if isinstance(normal, StreamObject) else None
