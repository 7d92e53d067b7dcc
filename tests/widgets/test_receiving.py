"""Files that arrive in slices: nothing is lost, doubled or mixed up, and every refusal says why."""

import hashlib
import shutil
import stat
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argyle_nb.widgets.receiving import Receiver
from tests.support.limits import limited

HEAD = b"%PDF-1.7\n"
CONTENT = HEAD + bytes(range(256)) * 40
HALF = len(CONTENT) // 2
NOT_A_DOCUMENT = b"just some text " * 200


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


def begin(receiver, key="k", content=CONTENT, name="stub.pdf"):
    return receiver.begin(key, name, len(content), 1_700_000_000_000)


def digest_of(content):
    return hashlib.sha256(content).hexdigest()


def half_way(receiver, key="k"):
    begin(receiver, key)
    return receiver.slice(key, 0, CONTENT[:HALF])


def finish(receiver, key="k", content=CONTENT):
    """Send what is still missing, as the browser does, and close the file."""
    at = receiver.find(key).received
    receiver.slice(key, at, content[at:])
    return receiver.finish(key, digest_of(content))


def test_a_file_arrives_byte_by_byte(receiver):
    half_way(receiver)
    file = finish(receiver)
    assert file.state == "arrived"
    assert file.path.read_bytes() == CONTENT
    assert (file.sha256, file.media_type) == (digest_of(CONTENT), "application/pdf")


@given(
    chunk=st.integers(1, 3000),
    events=st.lists(st.tuples(st.sampled_from(["lose", "double", "swap"]), st.integers(0, 20))),
)
def test_lost_doubled_and_reordered_slices_do_no_harm(chunk, events):
    receiver = Receiver()
    begin(receiver)
    offsets = list(range(0, len(CONTENT), chunk))
    for kind, place in events:
        at = place % max(len(offsets), 1)
        if kind == "lose":
            del offsets[at : at + 1]
        elif kind == "double":
            offsets[at:at] = offsets[at : at + 1]
        else:
            offsets[at : at + 2] = reversed(offsets[at : at + 2])
    for offset in offsets:
        taken = receiver.slice("k", offset, CONTENT[offset : offset + chunk])
        assert taken.received % chunk == 0 or taken.received == len(CONTENT)
    assert finish(receiver).path.read_bytes() == CONTENT
    receiver.close()


def test_a_slice_beyond_a_gap_is_left_and_told_where_to_go_on(receiver):
    begin(receiver)
    assert receiver.slice("k", HALF, CONTENT[HALF:]).received == 0


def test_a_file_with_a_gap_is_not_finished(receiver):
    half_way(receiver)
    assert receiver.finish("k", digest_of(CONTENT)).state == "receiving"


def test_each_step_may_be_said_twice(receiver):
    for _ in range(2):
        half_way(receiver)
    for _ in range(2):
        file = finish(receiver)
    assert begin(receiver).state == "arrived"
    assert file.path.read_bytes() == CONTENT


def test_an_empty_file_is_refused_at_once(receiver):
    file = begin(receiver, content=b"")
    message = "The file is empty (0 bytes). Save or scan it again."
    assert (file.state, file.message) == ("invalid", message)


def test_a_file_over_the_limit_is_refused_before_a_byte_of_it_comes():
    receiver = Receiver(max_bytes=1_000_000)
    file = receiver.begin("k", "big.pdf", 2_500_000, 0)
    assert file.state == "invalid"
    assert "The file is 2.5 MB; the limit is 1 MB." in file.message
    assert receiver.slice("k", 0, CONTENT).received == 0


def test_more_bytes_than_were_announced_are_a_failure_that_can_be_tried_again(receiver):
    begin(receiver)
    file = receiver.slice("k", 0, CONTENT + b"more")
    assert (file.state, file.received) == ("failed", 0)
    assert "changed while it was being copied" in file.message
    begin(receiver)
    assert finish(receiver).state == "arrived"


def test_two_files_at_once_do_not_mix(receiver):
    other = HEAD + b"another" * 1000
    begin(receiver, "a")
    begin(receiver, "b", other, "stub.pdf")
    for at in range(0, max(len(CONTENT), len(other)), 1500):
        receiver.slice("a", at, CONTENT[at : at + 1500])
        receiver.slice("b", at, other[at : at + 1500])
    first, second = finish(receiver, "a"), finish(receiver, "b", other)
    assert first.path.read_bytes() == CONTENT
    assert second.path.read_bytes() == other


def test_threads_that_send_the_same_file_do_not_spoil_it(receiver):
    begin(receiver)

    def send():
        while (at := receiver.find("k").received) < len(CONTENT):
            receiver.slice("k", at, CONTENT[at : at + 100])

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert receiver.finish("k", digest_of(CONTENT)).path.read_bytes() == CONTENT


def test_a_file_that_was_damaged_on_its_way_is_not_taken(receiver):
    begin(receiver)
    receiver.slice("k", 0, CONTENT)
    file = receiver.finish("k", digest_of(b"something else"))
    assert (file.state, file.received, file.path) == ("failed", 0, None)
    assert "checksum mismatch" in file.message


def test_what_is_no_document_by_its_content_is_refused_with_the_reason(receiver):
    begin(receiver, content=NOT_A_DOCUMENT)
    file = receiver.slice("k", 0, NOT_A_DOCUMENT)
    assert file.state == "invalid"
    assert "is not a PDF, JPEG, PNG or HEIC file (checked by content, not by name)" in file.message
    assert list(receiver._folder.iterdir()) == []


def test_the_beginning_is_judged_only_when_it_is_here(receiver):
    begin(receiver)
    for at in range(8):
        assert receiver.slice("k", at, CONTENT[at : at + 1]).state == "receiving"


def test_a_full_disk_is_told_and_the_file_goes_on_when_there_is_room(receiver):
    half_way(receiver)
    with limited("FSIZE", HALF + 100):
        file = receiver.slice("k", HALF, CONTENT[HALF:])
    assert (file.state, file.received) == ("failed", HALF)
    assert "Can't write the copy (File too large). Free some disk space" in file.message
    assert begin(receiver).received == HALF
    assert finish(receiver).path.read_bytes() == CONTENT


def test_a_file_for_which_there_is_no_room_is_told_before_it_comes():
    receiver = Receiver(max_bytes=10**18)
    file = receiver.begin("k", "vast.pdf", 10**17, 0)
    assert file.state == "failed"
    assert (
        "MB free). Free some disk space on the Jupyter server, then select Retry." in file.message
    )


def test_a_file_goes_on_where_it_stopped_if_the_first_part_is_the_same(receiver):
    half_way(receiver)
    assert begin(receiver).received == HALF
    assert receiver.prove("k", HALF, digest_of(CONTENT[:HALF])).received == HALF
    assert finish(receiver).path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("offset", "part"), [(HALF, b"other" + CONTENT[5:HALF]), (HALF - 1, CONTENT[: HALF - 1])]
)
def test_a_file_starts_over_if_the_first_part_is_not_the_same(receiver, offset, part):
    half_way(receiver)
    assert receiver.prove("k", offset, digest_of(part)).received == 0
    changed = HEAD + CONTENT[len(HEAD) :][::-1]
    assert finish(receiver, content=changed).path.read_bytes() == changed


def test_a_file_of_another_size_or_time_does_not_go_on_under_the_same_key(receiver):
    half_way(receiver)
    assert receiver.begin("k", "stub.pdf", len(CONTENT) + 1, 0).state == "failed"


def test_a_partial_copy_that_somebody_removed_starts_over(receiver):
    half_way(receiver)
    next(receiver._folder.rglob("stub.pdf")).unlink()
    assert receiver.slice("k", HALF, CONTENT[HALF:]).state == "failed"
    assert begin(receiver).received == 0
    assert finish(receiver).path.read_bytes() == CONTENT


def test_a_cancelled_file_leaves_nothing_and_can_be_sent_again(receiver):
    half_way(receiver)
    assert receiver.cancel("k").state == "cancelled"
    assert list(receiver._folder.iterdir()) == []
    assert receiver.slice("k", HALF, CONTENT[HALF:]).state == "cancelled"
    assert begin(receiver).received == 0
    assert finish(receiver).state == "arrived"


def test_a_cancel_that_comes_too_late_does_not_take_a_file_away(receiver):
    begin(receiver)
    finish(receiver)
    assert receiver.cancel("k").state == "arrived"


def test_a_file_that_the_browser_cannot_read_any_more_keeps_what_is_here(receiver):
    half_way(receiver)
    file = receiver.fail("k", "changed on the disk")
    assert (file.state, file.message) == ("failed", "changed on the disk")
    assert begin(receiver).received == HALF


def test_a_file_refused_by_the_browser_is_listed_with_its_reason(receiver):
    receiver.refuse("k", "notes.txt", 12, "is not a document")
    [file] = receiver.files
    assert (file.name, file.state, file.message) == ("notes.txt", "invalid", "is not a document")


def test_a_removed_file_is_gone_and_its_copy_with_it(receiver):
    begin(receiver)
    path = finish(receiver).path
    assert receiver.remove("k").state == "gone"
    assert not path.exists()
    assert receiver.files == []


def test_slices_of_a_file_that_nobody_knows_are_answered_with_gone(receiver):
    assert receiver.slice("never heard of", 0, CONTENT).state == "gone"
    assert receiver.remove("never heard of").state == "gone"


def test_only_the_owner_can_read_the_copies(receiver):
    begin(receiver)
    path = finish(receiver).path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, receiver._folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\x.pdf", "/abs.pdf", "", "..", "a\0b"]
)
def test_a_hostile_name_stays_inside_the_receivers_own_folder(receiver, name):
    begin(receiver, name=name)
    file = finish(receiver)
    assert file.path.is_relative_to(receiver._folder)
    assert file.path.name == file.name


def test_files_of_the_same_name_do_not_touch_each_other(receiver):
    for key in "ab":
        begin(receiver, key)
    paths = {finish(receiver, key).path for key in "ab"}
    assert len(paths) == 2


def test_closing_removes_every_copy(receiver):
    begin(receiver)
    path = finish(receiver).path
    receiver.close()
    assert not path.exists()
    assert not receiver._folder.exists()


def test_a_change_of_state_and_each_slice_are_told_and_never_under_the_lock():
    told = []

    def listen(file):
        other = threading.Thread(target=lambda: told.append((file.state, receiver.files[0].state)))
        other.start()
        other.join(60)

    receiver = Receiver(on_change=listen)
    half_way(receiver)
    begin(receiver)
    finish(receiver)
    receiver.remove("k")
    states = ["receiving", "receiving", "receiving", "arrived", "gone"]
    assert [state for state, _ in told] == states


def test_what_is_still_needed_outlives_the_receiver():
    kept = []
    receiver = Receiver(kept=lambda: kept)
    for key in ("k", "l"):
        begin(receiver, key)
    one, other = (finish(receiver, key).path for key in ("k", "l"))
    kept.append(one)
    receiver.close()
    assert one.exists()
    assert not other.exists()
    shutil.rmtree(receiver._folder)
