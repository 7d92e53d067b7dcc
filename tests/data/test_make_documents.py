from __future__ import annotations

import csv
import io
import itertools
import re
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from argyle_nb.errors import ConfigurationError
from data.make_documents import pages
from data.make_documents.corpus import (
    REFUSED,
    make_corpus,
    make_samples,
)
from data.make_documents.drafts import QUIRKS, paystub_draft, save_genuine
from data.make_documents.frauds import KINDS, tamper
from data.make_documents.paystubs import PERIODS, make_employment, pay_calendar, paystub_for
from data.make_documents.people import LAYOUT_NAMES, make_person, make_system, seeded
from data.make_documents.tax_forms import w2_for
from tests.support.samples import SAMPLES

DATA = Path(__file__).parents[2] / "data"
TYPES = {"paystubs", "W-2", "1099", "proof-of-identity", "proof-of-address", "miscellaneous"}
AMOUNT = re.compile(r"\$?([\d,]+\.\d\d)")


def rows_of(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows_of_text(pdf, revision=None):
    """Group the texts of the first page by height: one list of words a printed row."""
    rows = {}

    def visit(text, _cm, tm, _font, _size):
        if text.strip():
            rows.setdefault(round(tm[5]), []).append((tm[4], text.strip()))

    PdfReader(io.BytesIO(pdf[:revision])).pages[0].extract_text(visitor_text=visit)
    return {y: [words for _, words in sorted(found)] for y, found in rows.items()}


def text_of(pdf):
    return PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


def first_revision(pdf):
    return pdf[: pdf.index(b"%%EOF") + len(b"%%EOF\n")]


def amounts_in(row):
    return [Decimal(word.replace(",", "").lstrip("$")) for word in row if AMOUNT.fullmatch(word)]


def draft_for(seed, layout="statement"):
    rng = seeded(seed)
    job = make_employment(rng, make_person(rng))
    return rng, paystub_draft(rng, job, make_system(rng, layout), 2026, 4)


@pytest.fixture(scope="module")
def samples():
    """The fixed set, made once."""
    return make_samples()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """What the command wrote, and what it said."""
    folder = tmp_path_factory.mktemp("written")
    command = [sys.executable, "-m", "data.make_documents", str(folder / "documents")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return folder, done.stdout


def test_making_the_samples_again_gives_the_committed_bytes(written):
    folder, _ = written
    made = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    paths = [*DATA.glob("*.csv"), *SAMPLES.values()]
    kept = {path.relative_to(DATA): path.read_bytes() for path in paths}
    assert made.keys() == kept.keys()
    assert [str(name) for name in made if made[name] != kept[name]] == []


def test_the_command_writes_the_documents_and_both_tables(written):
    folder, said = written
    assert "documents in" in said
    assert {p.name for p in folder.iterdir()} == {
        "documents",
        "loans.csv",
        "manifest.csv",
        "truth.csv",
    }


def test_every_borrower_has_a_loan_and_two_loans_have_no_documents():
    loans = {row["external_id"]: row for row in rows_of("loans.csv")}
    borrowers = {row["external_id"] for row in rows_of("manifest.csv")}
    assert borrowers < loans.keys()
    assert len(loans) == len(borrowers) + 2


def test_the_folders_say_what_the_manifest_says():
    for row in rows_of("manifest.csv"):
        _, borrower, *inner, _ = Path(row["file"]).parts
        assert borrower == row["external_id"]
        assert inner in ([], [row["document_type"]])


def test_the_manifest_names_existing_files_of_every_type():
    rows = rows_of("manifest.csv")
    assert len(rows) >= 24
    assert all((DATA / row["file"]).is_file() for row in rows)
    assert {row["document_type"] for row in rows} == TYPES
    assert 8 <= len({row["external_id"] for row in rows}) <= 10


def test_every_sample_has_its_own_name(samples):
    names = [sample.file for sample in samples]
    assert len(names) == len(set(names))


def test_three_media_are_there_and_small():
    files = list(SAMPLES.values())
    assert {file.suffix for file in files} == {".pdf", ".png", ".jpg"}
    assert max(file.stat().st_size for file in files) < 250_000
    assert sum(file.stat().st_size for file in files) < 1_500_000


def test_about_six_in_ten_are_genuine_and_most_kinds_of_tampering_are_there():
    rows = rows_of("truth.csv")
    labels = Counter(row["label"] for row in rows)
    assert 0.55 <= labels["genuine"] / len(rows) <= 0.7
    assert {row["tampering"] for row in rows} - {""} == set(KINDS) - {"seamless_rewrite"}


def test_names_do_not_give_the_tampered_away():
    telling = re.compile("tamper|edit|fake|fraud|forge|cover|genuine|real", re.IGNORECASE)
    assert [row["file"] for row in rows_of("truth.csv") if telling.search(row["file"])] == []


def test_one_w2_is_filed_as_a_paystub():
    filed = [row["file"] for row in rows_of("manifest.csv") if row["document_type"] == "paystubs"]
    assert [name for name in filed if "w2_" in name] == [
        "documents/borrower-008/paystubs/w2_delgado_2025.pdf"
    ]


def test_the_two_files_to_be_refused_are_no_pdfs():
    contents = [SAMPLES[name].read_bytes() for name in REFUSED]
    assert [content[:5] == b"%PDF-" for content in contents] == [False, False]
    assert contents[0] == b""


def test_the_protected_pdf_opens_with_the_last_four_digits(samples):
    sample = next(s for s in samples if s.note == "protected")
    reader = PdfReader(io.BytesIO(sample.content))
    assert reader.is_encrypted
    assert not reader.decrypt("0000")
    other = next(s for s in samples if s.file.startswith("w2_castellan"))
    last_four = re.search(r"9\d\d-\d\d-(\d{4})", text_of(other.content))[1]
    assert reader.decrypt(last_four)


def test_the_readme_says_what_each_file_is():
    said = (DATA / "README.md").read_text(encoding="utf-8")
    missing = [name for name in SAMPLES if f"`{name}`" not in said]
    assert missing == []
    notes = [row["note"] for row in rows_of("truth.csv") if row["label"] == "tampered"]
    assert [note for note in notes if note not in said] == []


def test_every_readable_pdf_says_that_nobody_in_it_exists(samples):
    for sample in samples:
        unreadable = {"protected", "scanned", "amounts raised, printed and scanned"}
        if sample.file.endswith(".pdf") and sample.note not in unreadable:
            assert "SAMPLE - invented person" in text_of(sample.content), sample.file


def test_only_numbers_that_are_never_issued_appear(samples):
    for sample in samples:
        if not sample.file.endswith(".pdf") or sample.note == "protected":
            continue
        text = text_of(sample.content)
        assert all(n.startswith("9") for n in re.findall(r"\b\d{3}-\d{2}-\d{4}\b", text))
        assert all(n.startswith("00") for n in re.findall(r"\b\d{2}-\d{7}\b", text))


@pytest.mark.parametrize("layout", LAYOUT_NAMES)
@pytest.mark.parametrize("quirk", QUIRKS)
def test_a_genuine_paystub_adds_up_when_read_back(layout, quirk):
    rng, draft = draft_for(f"{layout}/{quirk}", layout)
    stub, shown = draft.facts, rows_of_text(save_genuine(rng, draft, quirk))
    amounts = {amount for row in shown.values() for amount in amounts_in(row)}
    assert sum(item.current for item in stub.earnings) == stub.gross.current
    assert stub.gross.current - stub.taken.current == stub.net.current
    assert {item.current for item in (*stub.earnings, *stub.deductions)} <= amounts
    assert {stub.gross.current, stub.net.current, stub.gross.ytd, stub.net.ytd} <= amounts


@settings(max_examples=60)
@given(seed=st.integers(0, 10**9), share=st.floats(0, 1))
def test_payroll_adds_up_for_any_job_and_pay_date(seed, share):
    rng = seeded(seed)
    job = make_employment(rng, make_person(rng))
    stub = paystub_for(job, 2026, 1 + int(share * (job.periods - 1)))
    assert stub.net.current > 0
    assert stub.net.current == stub.gross.current - sum(d.current for d in stub.deductions)
    for item in (*stub.earnings, *stub.deductions, stub.gross, stub.net):
        assert item.ytd >= item.current
    for item in stub.earnings:
        if item.rate is not None:
            assert abs(item.hours * item.rate - item.current) < Decimal("0.01")


@settings(max_examples=25)
@given(seed=st.integers(0, 10**9))
def test_a_w2_is_the_sum_of_the_years_paystubs(seed):
    rng = seeded(seed)
    job = make_employment(rng, make_person(rng))
    form = w2_for(job, 2025)
    last = paystub_for(job, 2025, job.periods)
    assert form.social_security_wages == last.gross.ytd
    assert abs(form.social_security_wages * Decimal("0.062") - form.social_security_tax) < 1
    assert abs(form.medicare_wages * Decimal("0.0145") - form.medicare_tax) < 1


@pytest.mark.parametrize("frequency", PERIODS)
@pytest.mark.parametrize("year", [2025, 2026])
def test_a_pay_calendar_follows_its_frequency(frequency, year):
    periods = pay_calendar(frequency, year)
    assert len(periods) in {PERIODS[frequency], PERIODS[frequency] + 1}
    for start, end, pay in periods:
        assert start < end
        assert start < pay
        assert pay.year == year
        assert pay.weekday() < 5


def test_the_first_paystub_of_a_year_has_paid_nothing_before():
    rng = seeded("first")
    stub = paystub_for(make_employment(rng, make_person(rng)), 2026, 1)
    assert stub.gross.ytd == stub.gross.current


@pytest.mark.parametrize("quirk", ["retitled", "annotated"])
def test_an_innocent_incremental_save_leaves_the_text_alone(quirk):
    rng, draft = draft_for(quirk)
    pdf = save_genuine(rng, draft, quirk)
    assert pdf.count(b"%%EOF") == 2
    assert text_of(first_revision(pdf)) == text_of(pdf)


def test_a_packed_pdf_keeps_its_objects_in_object_streams():
    rng, draft = draft_for("packed")
    packed = save_genuine(rng, draft, "packed")
    assert b"/ObjStm" in packed
    assert text_of(packed) == text_of(draft.pdf())


@pytest.mark.parametrize("seed", range(6))
def test_an_incremental_edit_keeps_the_earlier_amount_in_the_file(seed):
    rng, draft = draft_for(f"edit/{seed}")
    fraud = tamper(rng, draft, "amount_edited_incremental")
    net = f"{draft.facts.net.current:,.2f}"
    before, after = text_of(first_revision(fraud.content)), text_of(fraud.content)
    assert before == text_of(draft.pdf())
    assert before.count(net) > after.count(net)


@pytest.mark.parametrize("seed", range(4))
def test_an_identity_edit_changes_name_or_number_but_no_amount(seed):
    rng, draft = draft_for(f"who/{seed}")
    fraud = tamper(rng, draft, "identity_edited_incremental")
    before, after = text_of(first_revision(fraud.content)), text_of(fraud.content)
    assert before != after
    assert AMOUNT.findall(before) == AMOUNT.findall(after)


@pytest.mark.parametrize("seed", range(4))
def test_a_covered_text_is_still_under_the_new_one_in_another_font(seed):
    rng, draft = draft_for(f"cover/{seed}")
    fraud = tamper(rng, draft, "covered_and_retyped")
    before, after = text_of(draft.pdf()), text_of(fraud.content)
    assert fraud.content.count(b"%%EOF") == 1
    assert len(after) > len(before)
    assert fonts_of(fraud.content) - fonts_of(draft.pdf())


def fonts_of(pdf):
    fonts = PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]["/Font"]
    return {font.get_object()["/BaseFont"] for font in fonts.values()}


@pytest.mark.parametrize("seed", range(4))
def test_a_mixed_line_uses_a_font_the_document_does_not_have(seed):
    rng, draft = draft_for(f"mix/{seed}")
    fraud = tamper(rng, draft, "fonts_mixed")
    assert len(fonts_of(fraud.content)) == len(fonts_of(draft.pdf())) + 1
    assert text_of(fraud.content) != text_of(draft.pdf())


def section(rows, head):
    """Amounts of the rows below a heading of the statement layout, top to bottom."""
    ordered = [row for _, row in sorted(rows.items(), reverse=True)]
    start = next(place for place, row in enumerate(ordered) if row[0] == head) + 1
    below = itertools.takewhile(lambda row: len(row) > 1, ordered[start:])
    return [amounts_in(row) for row in below]


def sums_hold(pdf):
    rows = rows_of_text(pdf)
    *earnings, gross = section(rows, "Earnings")
    *deductions, taken, net = section(rows, "Deductions")[:-1]
    lines_hold = all(abs(e[0] * e[1] - e[2]) < Decimal("0.01") for e in earnings if len(e) == 4)
    return (
        lines_hold
        and all(row[-1] >= row[-2] for row in (*earnings, gross, *deductions, taken, net))
        and sum(row[-2] for row in earnings) == gross[-2]
        and sum(row[-2] for row in deductions) == taken[-2]
        and gross[-2] - taken[-2] == net[-2]
    )


@pytest.mark.parametrize("seed", range(12))
def test_wrong_sums_are_wrong_on_the_page_and_right_before(seed):
    rng, draft = draft_for(f"sum/{seed}")
    assert sums_hold(draft.pdf())
    assert not sums_hold(tamper(rng, draft, "sums_wrong").content)


@pytest.mark.parametrize("seed", range(8))
def test_impossible_dates_change_the_text_or_the_files_own_dates(seed):
    rng, draft = draft_for(f"dates/{seed}")
    fraud = tamper(rng, draft, "impossible_dates")
    said = PdfReader(io.BytesIO(fraud.content)).metadata
    honest = PdfReader(io.BytesIO(draft.pdf())).metadata
    assert (text_of(fraud.content), said) != (text_of(draft.pdf()), honest)


def test_an_editor_contradicts_the_payroll_system():
    rng, draft = draft_for("editor")
    said = PdfReader(io.BytesIO(tamper(rng, draft, "resaved_by_editor").content)).metadata
    assert said.producer != draft.provenance.producer
    assert (said.modification_date - said.creation_date).days >= 1


def test_a_seamless_rewrite_leaves_no_trace_but_its_amounts():
    rng, draft = draft_for("seamless")
    fraud, honest = tamper(rng, draft, "seamless_rewrite").content, draft.pdf()
    assert fraud.count(b"%%EOF") == 1
    assert fonts_of(fraud) == fonts_of(honest)
    assert PdfReader(io.BytesIO(fraud)).metadata == PdfReader(io.BytesIO(honest)).metadata
    assert text_of(fraud) != text_of(honest)


def test_a_corpus_is_labelled_and_the_same_for_the_same_seed(tmp_path):
    first = make_corpus(tmp_path / "a", seed=3, count=20, tampered=0.4)
    second = make_corpus(tmp_path / "b", seed=3, count=20, tampered=0.4)
    assert first == second
    assert {sample.document_type for sample in first} == {"paystubs", "W-2", "1099"}
    assert sum(not sample.genuine for sample in first) == 8
    assert {p.name for p in (tmp_path / "a").iterdir()} == {s.file for s in first} | {"truth.csv"}


def test_a_small_corpus_has_both_labels_evenly(tmp_path):
    samples = make_corpus(tmp_path, seed=1, count=4)
    assert [sample.genuine for sample in samples] == [True, False, True, False]


def test_a_corpus_of_another_seed_has_other_documents(tmp_path):
    first = {s.content for s in make_corpus(tmp_path / "a", seed=1, count=6)}
    assert first.isdisjoint(s.content for s in make_corpus(tmp_path / "b", seed=2, count=6))


def test_every_kind_of_tampering_works_on_every_payroll_document(tmp_path):
    for kind in KINDS:
        samples = make_corpus(tmp_path / kind, seed=9, count=8, tampered=1, kinds=[kind])
        assert {sample.tampering for sample in samples} == {kind}
        assert {sample.document_type for sample in samples} == {"paystubs", "W-2", "1099"}


def test_a_missing_library_is_named_with_its_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "reportlab.pdfgen.canvas", None)
    with pytest.raises(ConfigurationError, match=r'reportlab.*pip install "argyle-nb\[dev\]"'):
        pages.draw_pdf(pages.DrawnPage())
