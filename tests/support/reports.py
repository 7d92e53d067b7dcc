"""Reports on a few records: what tests of its files and of its page share."""

from pathlib import Path
from typing import Any

from argyle_nb.frames.ocr import ocr_frame
from argyle_nb.frames.uploads import flatten
from argyle_nb.report import Report, export_report
from tests.support.records import record, scored, unscored

RECORDS = [
    record(1, file_name="ada_sample_555.pdf"),
    scored(2, 12, document_type="W-2", created_at="2024-08-01T00:00:00Z"),
    unscored(3, "completed", "idle", "idle", document_type="miscellaneous"),
]
UNREADABLE = scored(4, "Ada Sample")


def export(records: list[Any], folder: Path, **options: Any) -> Report:
    """Report on all that can be told of some records."""
    uploads, signals = flatten(records, levels="ocrolus-2", errors="collect")
    fields = ocr_frame(records, errors="collect")
    return export_report(uploads, folder, **({"signals": signals, "ocr": fields} | options))


def html_of(report: Report) -> str:
    return report.files["report.html"].read_text(encoding="utf-8")
