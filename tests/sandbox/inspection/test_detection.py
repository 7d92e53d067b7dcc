"""Detection at large: the samples, and two hundred documents that no weight was tuned on."""

from __future__ import annotations

import csv
from pathlib import Path

from sklearn.metrics import roc_auc_score

from argyle_nb.sandbox.inspection import Inspection, inspect
from data.make_documents.corpus import PDF_FRAUDS, TRACELESS_FRAUDS, make_corpus
from tests.support.samples import SAMPLES

DATA = Path(__file__).parents[3] / "data"


def test_every_sample_with_traces_of_tampering_scores_below_every_genuine_one_of_its_type() -> None:
    with (DATA / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = list(csv.DictReader(file))
    scores: dict[tuple[str, str], list[int]] = {}
    for row in truth:
        kind = next((k for k in ("paystub", "w2", "1099") if f"/{k}_" in row["file"]), "")
        types = {"paystub": "paystubs", "w2": "W-2", "1099": "1099", "": "miscellaneous"}
        score = inspect(DATA / row["file"], types[kind]).ocr_authenticity_score
        if score is not None and row["tampering"] not in TRACELESS_FRAUDS:
            scores.setdefault((kind, row["label"]), []).append(score)
    for kind in ("paystub", "w2", "1099"):
        assert max(scores[kind, "tampered"]) < min(scores[kind, "genuine"])


def test_an_identity_document_is_recognised_and_not_read() -> None:
    found = inspect(SAMPLES["id_card_castellan.pdf"], "miscellaneous")
    assert found == Inspection(found_type="proof-of-identity")


SEED = 20260731
# What an online generator invents is nobody's changed document: it is found where it names itself.
CHANGED = [kind for kind in PDF_FRAUDS if kind != "online_generator"]


def test_changed_documents_score_below_honest_ones_in_a_corpus_never_seen_before(
    tmp_path: Path,
) -> None:
    samples = make_corpus(tmp_path, seed=SEED, count=200, tampered=0.4, kinds=CHANGED)
    found = [inspect(tmp_path / sample.file, sample.document_type) for sample in samples]
    scores = [each.ocr_authenticity_score for each in found]
    genuine = [sample.genuine for sample in samples]
    assert None not in scores
    assert roc_auc_score(genuine, scores) >= 0.97
