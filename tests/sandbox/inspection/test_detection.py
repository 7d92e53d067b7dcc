"""Detection at large: two hundred documents of a seed that no weight was ever tuned on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.metrics import roc_auc_score

from argyle_nb.sandbox.inspection import inspect
from data.make_documents.corpus import make_corpus

if TYPE_CHECKING:
    from pathlib import Path

SEED = 20260731


def test_fraud_scores_below_honesty_in_a_corpus_never_seen_before(tmp_path: Path) -> None:
    samples = make_corpus(tmp_path, seed=SEED, count=200, tampered=0.4)
    found = [inspect(tmp_path / sample.file, sample.document_type) for sample in samples]
    scores = [each.ocr_authenticity_score for each in found]
    genuine = [sample.genuine for sample in samples]
    assert None not in scores
    assert roc_auc_score(genuine, scores) >= 0.97
