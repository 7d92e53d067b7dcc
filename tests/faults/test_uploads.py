"""Thirty faults of the way to the service: one document each, judged by the service's ledger."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import pytest

from argyle_nb.client import responses, transfer
from tests.faults import baselines
from tests.faults.scorecard import OURS, all_verdicts, baseline, markdown_of, table_of
from tests.faults.server import FaultServer
from tests.faults.upload_faults import FAULTS
from tests.support.servers import PDF

README = Path(__file__).parent / "README.md"


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """All clients through all faults, once for all tests; nobody here waits for minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "_PATIENCE_SECONDS", 1.0)
        patch.setattr(responses, "ANSWER_SECONDS", 1.0)
        return all_verdicts(tmp_path_factory.mktemp("uploads"))


@pytest.mark.parametrize("fault", [fault.name for fault in FAULTS])
def test_each_document_ends_stored_once_and_reported_so(verdicts, fault):
    both = [v for v in verdicts if v.client == OURS and v.fault == fault]
    assert [v.clean for v in both] == [True, True], both


def test_there_are_thirty_faults():
    assert len({fault.name for fault in FAULTS}) == 30


def test_the_plain_client_run_twice_makes_duplicates_or_the_server_injects_nothing(verdicts):
    twice = [v for v in verdicts if v.client == "plain requests" and v.run == 2]
    assert sum(v.duplicated for v in twice) >= 5


def test_the_table_of_all_clients_is_printed_and_kept(verdicts, capsys):
    table = table_of(verdicts)
    with capsys.disabled():
        sys.stdout.write(f"\n{table.to_string(index=False)}\n")
    ours = markdown_of(table[table["client"] == OURS])
    kept = README.read_text(encoding="utf-8")
    assert ours.splitlines()[2:] == [line for line in kept.splitlines() if f" {OURS} |" in line]


@pytest.mark.parametrize("name", baselines.BASELINES)
def test_a_baseline_is_short(name):
    assert len(inspect.getsource(baselines.BASELINES[name]).splitlines()) <= 40


def test_where_the_service_heeds_keys_stripes_transport_makes_no_duplicate_in_one_run(tmp_path):
    file = tmp_path / "stub.pdf"
    file.write_bytes(PDF)
    for fault in FAULTS:
        with FaultServer(heeds_keys=True) as server, FaultServer() as foreign:
            if "drips" not in fault.name and "stored only then" not in fault.name:
                fault.script(server, foreign)
            baseline("stripe-python's transport", server, file)
            assert server.ledger.duplicates == 0, fault.name
