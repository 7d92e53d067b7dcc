"""What the sandbox's inspection says of anybody's documents: read or not, scores, signals.

Run ``python -m tests.benchmarks.third_party FOLDER [labels.csv]``. The labels have the columns
``file`` (below the folder), ``document_type`` and ``tampered`` (yes or no); without them every file
is taken for a paystub. Files never leave their folder, and nothing is written.
"""
# ruff: noqa: T201

from __future__ import annotations

import csv
import statistics
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from argyle_nb.sandbox.inspector import BREAKS, TOO_LARGE, TOO_LONG, UNREADABLE, Inspector

ENDINGS = {".pdf", ".png", ".jpg", ".jpeg"}
FAILURES = {BREAKS, TOO_LARGE, TOO_LONG}
LOW = 50
AT_ONCE = 2
KINDS = "kinds"


@dataclass(frozen=True)
class Document:
    """One file, what is known of it, and what the inspection says."""

    file: str
    kind: str
    score: int | None
    reason: str | None
    signals: tuple[str, ...]
    document_type: str
    tampered: str


def survey(folder, labels=None):
    """Inspect every document of a folder, and print what came of it."""
    known = _labels(labels) if labels else {}
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    command = (sys.executable, "-m", __spec__.name, KINDS)
    with (
        Inspector() as inspector,
        Inspector(command=command) as kinds,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):

        def look(path):
            name = path.relative_to(folder).as_posix()
            label = known.get(name, {})
            document_type = label.get("document_type") or "paystubs"
            found = inspector(path, document_type)
            return Document(
                name,
                kinds(path, document_type).found_type or "unreadable",
                found.ocr_authenticity_score,
                found.problem and found.problem.removeprefix(f"{UNREADABLE}: "),
                _signals(found),
                document_type,
                label.get("tampered", ""),
            )

        documents = list(pool.map(look, files))
    _print_ends(documents)
    _print_scores(documents)
    _print_signals(documents)
    _print_curves(documents)


def _labels(path):
    with path.open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def _signals(found):
    if found.ocr_authenticity is None:
        return ()
    [form] = found.ocr_authenticity["form_analysis"]
    return tuple({signal["identifier"] for signal in form["signals"]})


def _print_ends(documents):
    """How many are read, refused for what they are, and failed."""
    ended = [document for document in documents if document.reason is not None]
    failed = [document for document in ended if document.reason in FAILURES]
    read = len(documents) - len(ended)
    print(f"{len(documents)} files: {read} read, {len(ended) - len(failed)} refused, "
          f"{len(failed)} failed")  # fmt: skip
    for reason, count in Counter(document.reason for document in ended).most_common():
        print(f"  {count:6} {reason}")
    for document in failed:
        print(f"  failed: {document.file}: {document.reason}")


def _print_scores(documents):
    print(f"\n{'kind':12} {'scored':>7} {'lowest':>7} {'10 %':>7} {'middle':>7} {f'<{LOW}':>7}")
    for kind in [*sorted({document.kind for document in documents}), "all"]:
        scores = sorted(
            document.score
            for document in documents
            if document.score is not None and kind in (document.kind, "all")
        )
        if scores:
            tenth, middle = scores[len(scores) // 10], statistics.median(scores)
            low = sum(score < LOW for score in scores) / len(scores)
            print(f"{kind:12} {len(scores):7} {scores[0]:7} {tenth:7} {middle:7g} {low:7.1%}")


def _print_signals(documents):
    scored = [document for document in documents if document.score is not None]
    print("\nshare of the scored files with a signal")
    for signal, count in Counter(s for document in scored for s in document.signals).most_common():
        print(f"  {count / len(scored):6.1%} {signal}")


def _print_curves(documents):
    """How well the score tells tampered from genuine: 1 always, 0.5 never."""
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - slow, and only with labels

    for document_type in [*sorted({document.document_type for document in documents}), "all"]:
        pairs = [
            (document.tampered == "yes", -document.score)
            for document in documents
            if document.score is not None
            and document.tampered in ("yes", "no")
            and document_type in (document.document_type, "all")
        ]
        if len({tampered for tampered, _ in pairs}) > 1:
            area = roc_auc_score(*zip(*pairs, strict=True))
            print(f"ROC AUC {document_type:12} {area:.3f} of {len(pairs)}")


def _kind_of(path):
    """Tell what a file is like by what is in it."""
    import pypdfium2  # noqa: PLC0415 - native code belongs in a reader's process only

    from argyle_nb.sandbox.inspection.edit_checks import read_pages  # noqa: PLC0415 - as above
    from argyle_nb.sandbox.inspection.pdfium import (  # noqa: PLC0415 - as above
        PdfFile,
        UnreadablePdfError,
    )

    if path.suffix.lower() != ".pdf":
        return "image"
    try:
        data = path.read_bytes()
        with PdfFile(data) as file, pypdfium2.PdfDocument(data) as raw:
            pages = read_pages(file)
            facts = {
                "encrypted": pypdfium2.raw.FPDF_GetSecurityHandlerRevision(raw) >= 0,
                "signed": pypdfium2.raw.FPDF_GetSignatureCount(raw) > 0,
                "form fields": any(page.content.fields for page in pages),
                "scan": bool(pages) and pages[0].is_scan,
                "plain": True,
            }
    except UnreadablePdfError as error:
        return "encrypted" if "protected" in str(error) else "unreadable"
    return next(kind for kind, holds in facts.items() if holds)


def _answer_with_kinds():
    """Be a process of an inspector that tells kinds: with its limits, for the same files."""
    from argyle_nb.sandbox.inspection import Inspection, __main__  # noqa: PLC0415 - as above

    __main__.inspect = lambda path, _: Inspection(found_type=_kind_of(path))
    __main__.main()


if __name__ == "__main__":
    if sys.argv[1:] == [KINDS]:
        _answer_with_kinds()
    elif len(sys.argv) in (2, 3):
        survey(*map(Path, sys.argv[1:]))
    else:
        sys.exit(__doc__)
