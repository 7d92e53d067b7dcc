"""Documents are inspected in processes of their own: whatever these do, the asking one goes on."""

import io
import os
import re
import signal
import statistics
import subprocess
import sys
import sysconfig
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from argyle_nb.sandbox import inspection
from argyle_nb.sandbox import inspector as inspector_module
from argyle_nb.sandbox.inspection import inspect
from argyle_nb.sandbox.inspector import COMMAND, Inspection, Inspector, InspectorClosedError
from tests.support.limits import limited
from tests.support.samples import SAMPLES

DOCUMENT = SAMPLES["w2_lindqvist_2025.pdf"]
TOO_LONG = Inspection(problem="DOCUMENT IS UNREADABLE: it takes too long to read")
BREAKS = Inspection(problem="DOCUMENT IS UNREADABLE: it breaks the PDF reader")

# Answers with its own number as the score, after it has done what the document's name says.
CHILD = """
import json, os, pathlib, signal, sys, time
for line in sys.stdin:
    path = pathlib.Path(json.loads(line)["path"])
    does, held = path.name.split(".")[0], 50
    if does == "crash" or (does == "crash_once" and not path.exists()):
        path.touch()
        os.kill(os.getpid(), signal.SIGSEGV)
    elif does == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif does == "abort":
        os.abort()
    elif does == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif does == "sleep":
        path.touch()
        time.sleep(600)
    elif does == "quit":
        sys.exit(0)
    elif does == "grow":
        held = 301
    elif does in ("left", "right"):
        path.touch()
        while len(list(path.parent.iterdir())) < 2:
            time.sleep(0.01)
    elif does == "say":
        sys.stdout.buffer.write(path.read_bytes())
        sys.stdout.flush()
        continue
    found = {"ocr_authenticity_score": os.getpid()}
    print(json.dumps({"inspection": found, "held_mb": held}), flush=True)
"""


def scripted(**options):
    return Inspector(command=(sys.executable, "-c", CHILD), **options)


@pytest.fixture
def inspect_as():
    """Give a function that inspects with the scripted process, by the name of what it does."""
    with scripted(clock_seconds=30) as inspector:
        yield lambda name: inspector(Path(name), "paystubs")


def lives(pid):
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False


def pid_of(inspection):
    assert inspection.problem is None
    return inspection.ocr_authenticity_score


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def long_page(glyphs):
    """A page that takes seconds to read."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for at in range(glyphs // 10):
        canvas.setFont("Helvetica" if at % 2 else "Courier", 5)
        canvas.drawString(10 + at % 500, at % 790, "Net 1.00 x")
    canvas.save()
    return buffer.getvalue()


def test_it_finds_what_an_inspection_in_this_process_finds():
    with Inspector() as inspector:
        assert inspector(DOCUMENT, "W-2") == inspect(DOCUMENT, "W-2")


def test_processor_time_has_a_limit_and_the_next_document_is_inspected(tmp_path):
    endless = tmp_path / "endless.pdf"
    endless.write_bytes(long_page(150_000))
    with Inspector(cpu_seconds=0.5, clock_seconds=600) as inspector:
        assert inspector(endless, "paystubs") == TOO_LONG
        assert inspector(DOCUMENT, "W-2").found_type == "W-2"


@pytest.mark.parametrize("name", ["sleep", "stop"])
def test_time_by_the_clock_is_the_outer_bound(tmp_path, name):
    with scripted(clock_seconds=1) as inspector:
        assert inspector(tmp_path / name, "paystubs") == TOO_LONG
        assert inspector(tmp_path / "next", "paystubs").problem is None


def test_a_crash_is_tried_once_more(tmp_path, inspect_as):
    assert inspect_as(tmp_path / "crash_once").problem is None


@pytest.mark.parametrize("name", ["crash", "quit"])
def test_a_document_that_ends_each_reader_fails_alone(tmp_path, inspect_as, name):
    assert inspect_as(tmp_path / name) == BREAKS
    assert inspect_as("next").problem is None


def test_a_reader_that_gets_no_memory_says_so(inspect_as):
    large = "DOCUMENT IS UNREADABLE: it needs more memory than this sandbox gives"
    assert inspect_as("abort") == Inspection(problem=large)
    assert inspect_as("next").problem is None


def test_a_process_that_was_killed_while_idle_is_replaced():
    with Inspector() as inspector:
        inspector(DOCUMENT, "W-2")
        [idle] = inspector._idle
        os.kill(idle._process.pid, signal.SIGSEGV)
        assert inspector(DOCUMENT, "W-2").found_type == "W-2"


@pytest.mark.parametrize(
    "garbage",
    [
        b"Segmentation fault\n",
        b"\xff\xfe\n",
        b"\n",
        b"null\n",
        b"[]\n",
        b'{"inspection": {}}\n',
        b'{"inspection": {"score": 1}, "held_mb": 1}\n',
        b'{"inspection": {}, "held_mb": "much"}\n',
        b'{"inspection": {}, "held_mb": 1',
        b"[" * 50_000 + b"\n",
    ],
)
def test_what_is_no_answer_counts_as_a_crash(tmp_path, garbage):
    said = tmp_path / "say"
    said.write_bytes(garbage)
    with scripted(clock_seconds=2) as inspector:
        assert inspector(said, "paystubs").problem is not None
        assert inspector(tmp_path / "next", "paystubs").problem is None


def test_an_answer_without_end_is_not_gathered(tmp_path, monkeypatch, inspect_as):
    monkeypatch.setattr(inspector_module, "MAX_ANSWER", 1000)
    said = tmp_path / "say"
    said.write_bytes(b"[" * 50_000)
    assert inspect_as(said) == BREAKS
    assert inspect_as("next").problem is None


def test_one_process_inspects_many_documents(inspect_as):
    assert len({pid_of(inspect_as(f"{number}")) for number in range(20)}) == 1


def test_a_process_whose_memory_stays_high_is_replaced(inspect_as):
    grown = pid_of(inspect_as("grow"))
    assert not lives(grown)
    assert pid_of(inspect_as("next")) != grown


def test_a_process_is_replaced_after_many_documents(monkeypatch, inspect_as):
    monkeypatch.setattr(inspector_module, "MAX_DOCUMENTS", 3)
    pids = [pid_of(inspect_as(f"{number}")) for number in range(7)]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]


def test_two_documents_are_inspected_at_once(tmp_path, inspect_as):
    asked = [threading.Thread(target=inspect_as, args=[tmp_path / n]) for n in ("left", "right")]
    for thread in asked:
        thread.start()
    for thread in asked:
        thread.join(60)  # each waits for the other to begin
    assert not any(thread.is_alive() for thread in asked)


def test_nothing_is_left_after_closing(tmp_path):
    files = Path("/proc/self/fd")
    before = len(list(files.iterdir()))
    with scripted(clock_seconds=1) as inspector:
        pids = [pid_of(inspector(Path("first"), "paystubs"))]
        for name in ("crash", "sleep", "grow", "quit"):
            inspector(tmp_path / name, "paystubs")
        pids.append(pid_of(inspector(Path("last"), "paystubs")))
    assert not any(map(lives, pids))
    assert len(list(files.iterdir())) == before
    clocks = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for clock in clocks:
        clock.join(10)  # one that was stopped ends a moment later
    assert not [clock for clock in clocks if clock.is_alive()]


def test_closing_ends_an_inspection_at_work_without_a_word_about_its_document(tmp_path):
    inspector = scripted()
    ended = []

    def ask():
        with pytest.raises(InspectorClosedError):
            inspector(tmp_path / "sleep", "paystubs")
        ended.append(True)

    thread = threading.Thread(target=ask)
    thread.start()
    until((tmp_path / "sleep").exists)
    [busy] = inspector._busy
    inspector.close()
    thread.join(60)
    assert ended == [True]
    assert busy._process.returncode == -signal.SIGKILL


def test_a_closed_inspector_starts_no_process(inspect_as):
    inspector = scripted()
    inspector.close()
    with pytest.raises(InspectorClosedError):
        inspector(DOCUMENT, "W-2")


@pytest.mark.parametrize(
    "name", ["two\nlines.pdf", "Löhne 給与 😀.pdf", os.fsdecode(b"\xff\xfe.pdf")]
)
def test_any_path_is_found(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(DOCUMENT.read_bytes())
    with Inspector() as inspector:
        assert inspector(path, "paystubs").found_type == "W-2"


def test_an_interrupt_is_not_for_the_process():
    with scripted() as inspector:
        pid = pid_of(inspector(Path("first"), "paystubs"))
        assert os.getpgid(pid) != os.getpgid(0)


def test_a_reader_that_cannot_start_is_no_fault_of_the_document(caplog):
    with Inspector(command=(sys.executable, "-c", "import not_installed")) as inspector:
        found = inspector(DOCUMENT, "W-2")
    assert found.problem == "DOCUMENT WAS NOT INSPECTED: the PDF reader does not run"
    assert "is pypdfium2 installed?" in caplog.text


@pytest.mark.parametrize("name", ["copy", "types", "statistics", "PIL", "numpy", "argyle_nb"])
def test_the_folder_that_the_sandbox_was_started_in_is_not_imported_from(
    tmp_path, monkeypatch, name
):
    (tmp_path / f"{name}.py").write_text("raise SystemExit('a script of the user')")
    monkeypatch.chdir(tmp_path)
    with Inspector() as inspector:
        assert inspector(DOCUMENT, "W-2").found_type == "W-2"


def test_the_package_need_not_be_installed(monkeypatch):
    # -S: without the files that say where a package is developed.
    monkeypatch.setenv("PYTHONPATH", sysconfig.get_path("purelib"))
    with Inspector(command=(COMMAND[0], "-S", *COMMAND[1:])) as inspector:
        assert inspector(DOCUMENT, "W-2").found_type == "W-2"


def test_the_folder_that_the_sandbox_was_started_in_may_be_gone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    with Inspector() as inspector:
        assert inspector(DOCUMENT, "W-2").found_type == "W-2"


def test_a_relative_path_is_one_of_the_asking_process(monkeypatch):
    with Inspector() as inspector:
        inspector(DOCUMENT, "W-2")
        monkeypatch.chdir(DOCUMENT.parent)
        assert inspector(Path(DOCUMENT.name), "W-2").found_type == "W-2"


def no_descriptors():
    return limited("NOFILE", 0)


@contextmanager
def no_threads():
    threading.stack_size(1 << 46)
    try:
        yield
    finally:
        threading.stack_size(0)


@pytest.mark.parametrize("shortage", [no_descriptors, no_threads])
@pytest.mark.parametrize("ends", ["it is over", "the inspector is closed"])
def test_while_the_machine_gives_no_process_a_document_waits(monkeypatch, caplog, shortage, ends):
    monkeypatch.setattr(inspector_module, "PAUSE_SECONDS", 0.01)
    inspector, begin, told = scripted(), threading.Event(), []

    def ask():
        begin.wait(60)
        try:
            told.append(inspector(Path("sound"), "paystubs").problem)
        except InspectorClosedError:
            told.append("closed")

    thread = threading.Thread(target=ask)
    thread.start()
    with shortage():
        begin.set()
        until(lambda: caplog.text.count("no process to inspect documents, retrying") > 1)
        assert not told
        if ends == "the inspector is closed":
            inspector.close()
            thread.join(60)
    thread.join(60)
    inspector.close()
    assert told == ["closed" if ends == "the inspector is closed" else None]


def test_a_document_waits_no_longer_than_for_the_next_idle_process(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(inspector_module, "PAUSE_SECONDS", 600)
    told = []
    with scripted() as inspector:
        asked = [
            threading.Thread(target=lambda n=n: told.append(inspector(tmp_path / n, "paystubs")))
            for n in ("left", "second")
        ]
        asked[0].start()
        until((tmp_path / "left").exists)
        with no_descriptors():
            asked[1].start()
            until(lambda: "retrying" in caplog.text)
        (tmp_path / "right").touch()  # the first may go on
        for thread in asked:
            thread.join(60)
    assert len({pid_of(found) for found in told}) == 1


def test_a_killed_process_is_no_fault_of_the_document(inspect_as):
    killed = "the computer ran out of memory or killed the inspection"
    assert inspect_as("kill").problem == f"DOCUMENT WAS NOT INSPECTED: {killed}"
    assert inspect_as("next").problem is None


def test_an_error_of_our_own_is_no_fault_of_the_document(monkeypatch):
    monkeypatch.setattr(inspection, "classify", lambda _: statistics.mean([]))
    assert re.fullmatch(
        r"DOCUMENT WAS NOT INSPECTED: an error in this sandbox"
        r" \(StatisticsError in __init__.py, line \d+\)",
        inspect(DOCUMENT, "W-2").problem,
    )


def test_an_error_outside_the_inspection_is_no_fault_of_the_document():
    with Inspector(cpu_seconds=float("nan")) as inspector:
        found = inspector(DOCUMENT, "W-2")
    assert found.problem == "DOCUMENT WAS NOT INSPECTED: an error in this sandbox"


def test_a_path_that_cannot_be_is_a_file_that_cannot_be_opened():
    with Inspector() as inspector:
        found = inspector(Path("a\0b"), "W-2")
    assert found.problem == "DOCUMENT IS UNREADABLE: the file cannot be opened"


def test_memory_that_ends_while_a_file_is_opened_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(inspection, "MAX_BYTES", 1 << 40)
    large = tmp_path / "large.pdf"
    large.write_bytes(b"%PDF-1.7")
    os.truncate(large, 1 << 32)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    with limited("AS", held + 20_000_000):
        found = inspect(large, "W-2")
    assert found.problem == "DOCUMENT IS UNREADABLE: it needs more memory than this sandbox gives"


PARENT = """
import pathlib, sys, time
from argyle_nb.sandbox.inspector import Inspector
inspector = Inspector(command=(sys.executable, "-c", sys.argv[1]))
print(inspector(pathlib.Path("first"), "paystubs").ocr_authenticity_score, flush=True)
time.sleep(600)
"""


def test_no_process_outlives_the_one_that_asks():
    command = [sys.executable, "-c", PARENT, CHILD]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        assert lives(pid)
        parent.kill()
    until(lambda: not lives(pid))


SERVER = """
import pathlib, sys, tempfile
from argyle_nb.sandbox import Sandbox
with Sandbox(tempfile.mkdtemp()) as sandbox:
    sandbox.url
print(*sys.modules)
"""


def test_the_server_loads_nothing_that_reads_documents():
    command = [sys.executable, "-c", SERVER]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "argyle_nb.sandbox.inspector" in loaded
    assert not {"pypdfium2", "pypdfium2_raw", "pypdf", "PIL", "numpy"} & set(loaded)
