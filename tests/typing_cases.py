"""What a type checker makes of the public names; nothing of it runs, `test_public_names` checks it.

A comment that ignores an error is an error itself where there is none.
"""

from pathlib import Path
from typing import assert_type

import pandas as pd
from matplotlib.axes import Axes

import argyle_nb as anb


def misspelt() -> None:
    anb.uplod_batch(1)  # type: ignore[attr-defined]
    anb.Cleint  # type: ignore[attr-defined]  # noqa: B018
    anb.charts.histgram  # type: ignore[attr-defined]  # noqa: B018
    anb.review.agrement  # type: ignore[attr-defined]  # noqa: B018


def misused(client: anb.Client) -> None:
    anb.upload_batch(1)  # type: ignore[call-arg, arg-type]
    anb.connect(enviroment="sandbox")  # type: ignore[call-arg]
    client.upload("stub.pdf", document_type="paystubs")  # type: ignore[call-arg]


def the_main_job(uploads: list[anb.UserUpload]) -> None:
    with anb.connect(environment="local") as client:
        assert_type(client, anb.Client)
        assert_type(anb.upload_batch(client, "manifest.csv"), pd.DataFrame)
        assert_type(client.wait(uploads)[0], anb.UserUpload)
        client.wait(anb.upload_batch(client, "manifest.csv"))
        client.wait(["01320596-2c3d-189c-53e7-a8ce6d625b33"])
        assert_type(anb.fetch(client, user="loan-77").uploads, pd.DataFrame)
        assert_type(client.download(uploads[0], "folder"), Path)
    frame, signals = anb.flatten(uploads)
    assert_type(frame, pd.DataFrame)
    assert_type(signals, pd.DataFrame)
    counts = anb.count_scores(frame, by="document_type")
    assert_type(counts, anb.ScoreCounts)
    assert_type(anb.charts.histogram(counts), Axes)
    assert_type(anb.export_report(frame, "report"), anb.Report)


def the_rest(frame: pd.DataFrame, upload: anb.UserUpload) -> None:
    assert_type(anb.__version__, str)
    assert_type(anb.DOCUMENT_TYPES[0], str)
    assert_type(upload.ocr_authenticity_score, int | None)
    assert_type(anb.inspect_document("stub.pdf").size, int)
    assert_type(anb.uploads_frame([upload]), pd.DataFrame)
    assert_type(anb.find_uploads(frame, document_type="W-2"), pd.DataFrame)
    assert_type(anb.login(), Path)
    try:
        anb.read_report("report")
    except anb.DocumentError as error:
        assert_type(error.problem, str)
