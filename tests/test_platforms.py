"""What Linux, macOS and Windows do in different ways: the other two are emulated here.

Of Windows: no user IDs, no modes, no `fcntl` and no limits of processes; a file syncs only where it
is open for writing, a folder never; what is open is neither replaced, moved nor removed; no name is
renamed to one that is there. Of macOS: no /proc, the output of its `mount`, and its folders.
Nothing here has run on either.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import errno
import getpass
import os
import shutil
import signal
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace

import platformdirs.macos
import platformdirs.windows
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argyle_nb import platforms, storage
from argyle_nb.config import find_settings, login
from argyle_nb.connection import connect, stop_sandbox
from argyle_nb.errors import ConfigurationError
from argyle_nb.frames.uploads import flatten
from argyle_nb.platforms import (
    check_writable,
    check_writable_file,
    credentials_path,
    data_path,
    exchange,
    exit_codes,
    file_name,
    held_memory,
    is_on_network,
    is_private,
    is_root,
    limit_memory,
    limit_processor,
    locked,
    log_path,
    own_session,
    replace,
    sync,
)
from argyle_nb.report import compare_reports, export_report, read_report
from argyle_nb.review import ReviewLog
from argyle_nb.uploads import upload_batch
from argyle_nb.uploads.jobs import default_upload_log
from argyle_nb.uploads.log import LogEntry, UploadKey, UploadLog
from tests.support.records import record, scored
from tests.support.servers import KEY_ID, PDF, SECRET

fcntl = pytest.importorskip("fcntl", reason="one POSIX system stands for the two others")

PACKAGE = Path(platforms.__file__).parent
LOCAL_DRIVE, REMOTE_DRIVE = 3, 4
KEY = UploadKey("https://api.example.com", "0" * 64, "paystubs", "u1")

# One system after the other


def open_paths():
    """The files that this process has open."""
    for handle in Path("/proc/self/fd").iterdir():
        try:
            yield handle.readlink()
        except OSError:
            continue


def refuse_open(path):
    """As Windows does, keep anybody from touching what somebody has open."""
    path = Path(os.path.realpath(path))
    if any(file.is_relative_to(path) for file in open_paths()):
        raise PermissionError(errno.EACCES, "The process cannot access the file", str(path))


def as_windows_renames(call, *, over):
    def renamed(source, target, **options):
        refuse_open(source)
        if os.path.lexists(target):
            if not over or Path(target).is_dir():
                raise FileExistsError(errno.EEXIST, "already exists", str(target))
            refuse_open(target)
        return call(source, target, **options)

    return renamed


def as_windows_syncs(call):
    def synced(handle):
        if fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        call(handle)

    return synced


def as_windows_opens(call):
    def opened(path, flags, mode=0o777, **options):
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        # There is one bit of a mode: whether the file may be written to.
        return call(path, flags, 0o666 if mode & stat.S_IWUSR else 0o444, **options)

    return opened


def as_windows_changes_modes(call):
    def changed(path, mode, **options):
        everybody = 0o777 if Path(path).is_dir() else 0o666
        call(path, everybody if mode & stat.S_IWUSR else 0o444, **options)

    return changed


def as_windows_unlinks(call):
    def unlinked(path, **options):
        refuse_open(path)
        call(path, **options)

    return unlinked


@pytest.fixture
def windows(monkeypatch, home):
    monkeypatch.setattr(platforms, "SYSTEM", "win32")
    monkeypatch.setattr(platforms, "fcntl", None)
    monkeypatch.setattr(platforms, "resource", None)
    monkeypatch.setattr(platforms, "_STATM", home / "no" / "proc")
    monkeypatch.setattr(platforms, "_PAUSE_SECONDS", 0.001)
    for name in ("getuid", "geteuid", "fchmod", "chown", "fork", "O_NOFOLLOW"):
        monkeypatch.delattr(os, name)
    # Here `subprocess` itself needs the real ones.
    monkeypatch.setattr(platforms, "signal", SimpleNamespace(SIGABRT=signal.SIGABRT))
    monkeypatch.setitem(sys.modules, "pwd", None)
    monkeypatch.setattr(shutil, "_use_fd_functions", False)
    monkeypatch.setattr(os, "open", as_windows_opens(os.open))
    monkeypatch.setattr(os, "fsync", as_windows_syncs(os.fsync))
    monkeypatch.setattr(os, "chmod", as_windows_changes_modes(os.chmod))
    monkeypatch.setattr(os, "rename", as_windows_renames(os.rename, over=False))
    monkeypatch.setattr(os, "replace", as_windows_renames(os.replace, over=True))
    monkeypatch.setattr(os, "unlink", as_windows_unlinks(os.unlink))
    monkeypatch.setattr(ctypes, "CDLL", lambda name, **_: name + "")  # a TypeError for None
    kernel = SimpleNamespace(GetDriveTypeW=lambda _: LOCAL_DRIVE)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(platforms, "PlatformDirs", platformdirs.windows.Windows)
    from_variables = platformdirs.windows.get_win_folder_from_env_vars
    monkeypatch.setattr(platformdirs.windows, "get_win_folder", from_variables)
    monkeypatch.setenv("LOCALAPPDATA", str(home / "AppData" / "Local"))
    monkeypatch.setenv("APPDATA", str(home / "AppData" / "Roaming"))
    return home


MOUNTED_ON_MACOS = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect, root data)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
//ada@files.example/loans on /Volumes/Loans (2026) (smbfs, nodev, nosuid, mounted by ada)
files.example:/homes on {network} (nfs, nodev, nosuid, automounted)
/dev/disk4s1 on {network}/stick (exfat, local, nodev)
photos on /Volumes/photos (macfuse, nodev, synchronous)
"""


def tell_of_mounts(monkeypatch, folder, text):
    """Put a command in the place of `mount`."""
    (folder / "mounts").write_text(text)
    command = folder / "mount"
    command.write_text(f"#!/bin/sh\ncat '{folder / 'mounts'}'\n")
    command.chmod(0o700)
    monkeypatch.setattr(platforms, "_MOUNT", str(command))


@pytest.fixture
def macos(monkeypatch, home):
    monkeypatch.setattr(platforms, "SYSTEM", "darwin")
    monkeypatch.setattr(platforms, "_STATM", home / "no" / "proc")
    monkeypatch.setattr(platforms, "PlatformDirs", platformdirs.macos.MacOS)
    tell_of_mounts(monkeypatch, home, MOUNTED_ON_MACOS.format(network=home / "network"))
    return home


@pytest.fixture
def linux(home):
    return home


SYSTEMS = ("linux", "macos", "windows")


@pytest.fixture(params=SYSTEMS)
def system(request):
    """Each system's home, in turn."""
    return request.getfixturevalue(request.param)


# What people do, on each of them


def export(folder, scores=(50, 90), **options):
    records = [record(0), *(scored(n, score) for n, score in enumerate(scores, 1))]
    uploads, signals = flatten(records)
    return export_report(uploads, folder, signals=signals, **options)


def test_a_report_is_written_replaced_read_and_compared(system):
    folder = system / "reports" / "may"
    for pii in ("masked", "include"):
        export(folder, pii=pii, xlsx=True)
        later = export(folder, (50, 20, 70), pii=pii, xlsx=True)
        assert read_report(folder).rows["uploads.csv"] == 4
    earlier = export(system / "reports" / "april")
    page = compare_reports(earlier, later).write_page(system / "page.html")
    assert "<html" in page.read_text(encoding="utf-8")
    assert {path.name for path in folder.parent.iterdir()} == {"may", "april"}


def test_an_upload_log_remembers_what_was_sent(system):
    path = default_upload_log()
    with UploadLog(path) as log:
        assert log.claim(KEY, "stub.pdf") is None
        log.finish(KEY, LogEntry("uploaded", "an-id"))
    with UploadLog(path) as log, UploadLog(path) as other:
        assert log.claim(KEY, "stub.pdf").upload_id == "an-id"
        key = KEY._replace(user="u2")
        assert log.claim(key, "stub.pdf") is None
        assert other.claim(key, "stub.pdf").state == "sending"


def test_documents_are_sent_once_and_inspected_by_the_local_sandbox(system):
    folder = system / "documents"
    folder.mkdir()
    (folder / "stub.pdf").write_bytes(PDF)
    manifest = folder / "manifest.csv"
    manifest.write_text("file,document_type,external_id\nstub.pdf,paystubs,loan-1\n")
    try:
        with connect(environment="local") as client:
            first = upload_batch(client, manifest, wait=True)
            again = upload_batch(client, manifest)
            stored = [upload.id for upload in client.list_uploads()]
    finally:
        stop_sandbox(data_path("sandbox"))
    assert first["state"].tolist() == again["state"].tolist() == ["uploaded"]
    assert first["upload_id"].tolist() == again["upload_id"].tolist() == stored
    assert default_upload_log().exists()


def test_a_key_is_saved_and_found_again(system, monkeypatch):
    typed = [KEY_ID, SECRET] * 2
    monkeypatch.setattr(getpass, "getpass", lambda _: typed.pop(0))
    assert login() == login("loans", "production") == credentials_path()
    assert find_settings(environ={}).api_key_id == KEY_ID
    assert find_settings(profile="loans").environment == "production"


def test_verdicts_are_kept(system):
    ReviewLog().add("u1", "genuine", reviewer="ada")
    assert ReviewLog().latest()["verdict"].tolist() == ["genuine"]


# Where files are kept

WHERE = {
    "linux": (".local/share/argyle_nb", ".config/argyle_nb"),
    "macos": ("Library/Application Support/argyle_nb",) * 2,
    "windows": ("AppData/Local/argyle_nb",) * 2,
}


LOGS = ("journal.sqlite", "reviews.sqlite")


def write(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.mark.parametrize("name", SYSTEMS)
def test_files_are_kept_where_the_system_keeps_them(name, request):
    home, (data, config) = request.getfixturevalue(name), WHERE[name]
    assert {log_path(log) for log in LOGS} == {home / data / log for log in LOGS}
    assert data_path("sandbox") == home / data / "sandbox"
    assert credentials_path() == home / config / "credentials.toml"


def test_the_variable_for_settings_counts_on_linux(linux, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(linux / "config"))
    assert credentials_path() == linux / "config" / "argyle_nb" / "credentials.toml"


@pytest.mark.parametrize(("mode", "words"), [(0o500, "is read-only for you"), (0o700, "")])
def test_a_read_only_place_is_refused_before_the_work(tmp_path, mode, words):
    place = tmp_path / "mine"
    place.mkdir()
    place.chmod(mode)
    access = os.access if not is_root() else lambda path, _: Path(path).stat().st_mode & 0o200
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "access", access)  # root may write everywhere
        for check, path in ((check_writable, place / "new"), (check_writable_file, place / "log")):
            told = pytest.raises(ConfigurationError, match=f": {place} {words}")
            with told if words else contextlib.nullcontext():
                check(path, "report")


def test_a_place_that_can_be_made_is_not_made_by_the_check(tmp_path):
    check_writable(tmp_path / "a" / "b", "report")
    check_writable_file(tmp_path / "a" / "log.sqlite", "upload log")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "folder"):
        with pytest.raises(ConfigurationError, match=f"{place}: .*file is not a folder"):
            check_writable(place, "report")


def test_each_file_from_before_stays_in_use(system):
    before = system / ".local" / "share" / "argyle_nb"
    for file in (*LOGS, "reviewer.txt"):
        write(before / file)
        assert data_path(file) == before / file
    assert log_path("journal.sqlite") == before / "journal.sqlite"
    credentials = write(system / ".config" / "argyle_nb" / "credentials.toml")
    assert credentials_path() == credentials


def test_a_folder_from_before_without_a_log_changes_nothing(system):
    path = default_upload_log()
    (system / ".local" / "share" / "argyle_nb" / "sandbox").mkdir(parents=True)
    assert default_upload_log() == path


def test_a_log_that_points_to_a_drive_that_is_not_there_is_no_missing_log(system):
    before = system / ".local" / "share" / "argyle_nb" / "journal.sqlite"
    before.parent.mkdir(parents=True)
    before.symlink_to(system / "drive" / "journal.sqlite")
    assert default_upload_log() == before


VARIABLE = st.sampled_from(["", "snap/190", "snap/191", ".local/share", "relative"])


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(VARIABLE, st.sampled_from(["run", "folder"])), min_size=1))
def test_every_run_has_the_same_log_whatever_the_variables_are(tmp_path_factory, system, runs):
    home = tmp_path_factory.mktemp("home")
    used = set()
    for value, step in runs:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HOME", str(home))
            patch.setenv("XDG_DATA_HOME", value if value == "relative" else str(home / value))
            if step == "folder":
                (home / value / "argyle_nb").mkdir(parents=True, exist_ok=True)
                (home / ".local" / "share" / "argyle_nb").mkdir(parents=True, exist_ok=True)
            else:
                used.add(write(default_upload_log()))
    assert len(used) <= 1


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("name", ["linux", "macos"])
def test_a_log_where_the_variable_points_is_an_error_that_names_both_places(
    name, log, request, monkeypatch
):
    home = request.getfixturevalue(name)
    kept = log_path(log)
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    other = write(home / "data" / "argyle_nb" / log)
    with pytest.raises(ConfigurationError, match=r"Close all notebooks and move all files") as lost:
        log_path(log)
    write(kept)
    with pytest.raises(ConfigurationError, match="move one of these folders away") as two:
        log_path(log)
    for error in (lost, two):
        assert all(str(path.parent) in str(error.value) for path in (kept, other))
    other.unlink()
    assert log_path(log) == kept


@pytest.mark.parametrize("name", ["macos", "windows"])
def test_a_log_in_the_earlier_and_the_current_place_is_an_error(name, request):
    home = request.getfixturevalue(name)
    for folder in (Path(".local") / "share" / "argyle_nb", Path(WHERE[name][0])):
        write(home / folder / "journal.sqlite")
    with pytest.raises(ConfigurationError, match=r"two files journal\.sqlite"):
        default_upload_log()


def test_two_credentials_files_are_an_error(linux, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(linux / "config"))
    write(linux / ".config" / "argyle_nb" / "credentials.toml")
    write(linux / "config" / "argyle_nb" / "credentials.toml")
    with pytest.raises(ConfigurationError, match=r"two files credentials\.toml"):
        credentials_path()


def test_two_paths_to_one_log_are_one_log(linux, monkeypatch):
    path = write(default_upload_log())
    (linux / "data").symlink_to(path.parents[1])
    monkeypatch.setenv("XDG_DATA_HOME", str(linux / "data"))
    assert default_upload_log() == path


def test_a_log_that_was_named_is_used_wherever_others_are(linux, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(linux / "data"))
    write(linux / "data" / "argyle_nb" / "reviews.sqlite")
    ReviewLog(linux / "own.sqlite").add("u1", "genuine", reviewer="ada")
    with pytest.raises(ConfigurationError, match=r"reviews\.sqlite"):
        ReviewLog()


# Whether other machines may have a file open


def journal_mode(path):
    UploadLog(path).close()
    ReviewLog(path.with_name("reviews.sqlite"))
    modes = set()
    for file in (path, path.with_name("reviews.sqlite")):
        with closing(sqlite3.connect(file)) as connection:
            modes |= {*connection.execute("PRAGMA journal_mode").fetchone()}
    [mode] = modes
    return mode


def test_on_macos_logs_in_a_network_home_have_no_write_ahead_log(macos):
    assert journal_mode(macos / "network" / "ada" / "journal.sqlite") == "delete"
    assert journal_mode(macos / "network" / "stick" / "journal.sqlite") == "wal"
    assert journal_mode(macos / "journal.sqlite") == "wal"


@pytest.mark.parametrize(
    ("path", "is_remote"),
    [
        ("/Volumes/Loans (2026)/x.sqlite", True),
        ("/Volumes/photos/x.sqlite", True),
        ("/System/Volumes/Data/x.sqlite", False),
        ("/x.sqlite", False),
    ],
)
def test_macos_tells_of_each_mount(macos, path, is_remote):
    assert is_on_network(Path(path)) is is_remote


@pytest.mark.parametrize("broken", ["exit 1", "echo nonsense", "kill $$"])
def test_where_nobody_tells_a_file_is_taken_for_one_on_the_network(macos, broken):
    Path(platforms._MOUNT).write_text(f"#!/bin/sh\n{broken}\n")
    assert is_on_network(macos)
    Path(platforms._MOUNT).unlink()
    assert is_on_network(macos)


@pytest.mark.parametrize(
    ("mount", "is_remote"),
    [
        ("files:/homes {} nfs4 rw 0 0", True),
        ("//files/homes {} cifs rw 0 0", True),
        ("C:\\134 {} 9p rw 0 0", True),
        ("/dev/sda2 {} ext4 rw 0 0", False),
        ("files:/homes {} nfs4 rw 0 0\n/dev/sda2 {} ext4 rw 0 0", False),
        ("/dev/sda2 {} ext4 rw 0 0\nfiles:/homes {} nfs4 rw 0 0", True),
    ],
)
def test_linux_tells_of_each_mount_also_where_a_name_has_a_blank(
    tmp_path, monkeypatch, mount, is_remote
):
    mounts = tmp_path / "mounts"
    told = mount.replace("{}", f"{tmp_path}/a\\040disk")
    mounts.write_text(f"overlay / overlay rw 0 0\n{told}\n")
    monkeypatch.setattr(platforms, "_MOUNTS", mounts)
    monkeypatch.setattr(platforms, "SYSTEM", "linux")
    assert is_on_network(tmp_path / "a disk" / "journal.sqlite") is is_remote
    assert is_on_network(tmp_path / "journal.sqlite") is False


@pytest.mark.parametrize(
    ("path", "is_remote"),
    [
        (r"C:\Users\ada\x.sqlite", False),
        (r"\\?\C:\Users\ada\x.sqlite", False),
        (r"Z:\x.sqlite", True),
        (r"\\files\homes\ada\x.sqlite", True),
        (r"\\?\UNC\files\homes\ada\x.sqlite", True),
    ],
)
def test_windows_tells_of_each_drive(windows, monkeypatch, path, is_remote):
    kinds = {"C:\\": LOCAL_DRIVE, "Z:\\": REMOTE_DRIVE}
    monkeypatch.setattr(ctypes.windll.kernel32, "GetDriveTypeW", kinds.__getitem__)
    assert platforms._is_remote_drive(PureWindowsPath(path).anchor) is is_remote


def test_a_log_on_a_mapped_drive_has_no_write_ahead_log(windows, monkeypatch):
    assert journal_mode(windows / "journal.sqlite") == "wal"
    monkeypatch.setattr(ctypes.windll.kernel32, "GetDriveTypeW", lambda _: REMOTE_DRIVE)
    assert journal_mode(windows / "mapped" / "journal.sqlite") == "delete"


# Files on Windows


def test_a_file_that_is_open_elsewhere_for_a_moment_is_replaced_when_it_is_closed(
    windows, monkeypatch
):
    old, new = windows / "old", windows / "new"
    old.write_text("old")
    new.write_text("new")
    with old.open() as held:
        monkeypatch.setattr(platforms.time, "sleep", lambda _: held.close())
        replace(new, old)
    assert old.read_text() == "new"


def test_a_file_that_stays_open_elsewhere_is_an_error_and_as_it_was(windows):
    path = windows / "page.html"
    storage.write_csv(flatten([record()]).uploads, path)
    before = path.read_bytes()
    with path.open(), pytest.raises(PermissionError):
        storage.write_csv(flatten([record(), record(2)]).uploads, path)
    assert path.read_bytes() == before
    assert [*windows.glob("*.part")] == []


def test_a_report_that_a_program_has_open_stays_whole_and_the_error_says_so(windows):
    export(windows / "report")
    with (
        (windows / "report" / "uploads.csv").open(),
        pytest.raises(ConfigurationError, match="close programs that have its files open"),
    ):
        export(windows / "report", (1, 2, 3))
    assert read_report(windows / "report").rows["uploads.csv"] == 3
    assert [path.name for path in windows.iterdir()] == ["report"]
    export(windows / "report", (1, 2, 3))
    assert read_report(windows / "report").rows["uploads.csv"] == 4


def test_where_the_second_of_two_renames_fails_the_first_is_undone(windows, monkeypatch):
    folder, new = windows / "report", windows / "new"
    for path in (folder, new):
        path.mkdir()
        (path / "a.csv").write_text(path.name)
    rename = os.rename

    def fail_once(source, target):
        if Path(source) == new and not folder.exists():
            raise PermissionError(errno.EACCES, "Permission denied")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail_once)
    with pytest.raises(PermissionError):
        storage.replace_folder(folder, new)
    assert (folder / "a.csv").read_text() == "report"


def test_files_sync_and_folders_need_not(windows):
    file = windows / "x"
    file.write_text("x")
    sync(file)
    sync(windows)
    assert not exchange(windows / "a", windows / "b")


def test_nobody_can_tell_who_holds_a_folder(windows):
    with locked(windows) as free:
        assert free is None


def test_a_mode_says_nothing_of_a_credentials_file(windows):
    file = windows / "credentials.toml"
    file.touch()
    assert file.stat().st_mode & 0o077
    assert is_private(file)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("pay stub.pdf", "pay stub.pdf"),
        ("con.pdf", "_con.pdf"),
        ("NUL", "_NUL"),
        ("Com1.tar.gz", "_Com1.tar.gz"),
        ("console.pdf", "console.pdf"),
        ('pay:stub "a"?.pdf', "pay_stub _a__.pdf"),
        ("stub.pdf. ", "stub.pdf"),
    ],
)
def test_a_name_that_windows_cannot_store_gets_another(windows, name, stored):
    assert file_name(name) == stored
    assert file_name(stored) == stored


def test_other_systems_store_any_name(linux):
    assert file_name('con:"?.pdf') == 'con:"?.pdf'


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_no_name_is_a_device_or_has_a_sign_that_windows_keeps_for_itself(name):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(platforms, "SYSTEM", "win32")
        stored = PureWindowsPath(file_name(name))
    assert not stored.is_reserved() if name.strip(" .") else True
    assert not set('<>:"|?*\\/') & set(str(stored))


# Processes


def test_a_process_of_another_system_has_no_limits_and_tells_no_memory(windows):
    limit_memory(1)
    limit_processor(0)
    assert held_memory() == 0


def test_nobody_is_root_where_there_are_no_user_ids(windows):
    assert not is_root()


def test_a_report_is_written_where_nobody_has_a_name(windows, monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert export(windows / "report").manifest["prepared_by"] is None


def test_signals_that_a_system_lacks_end_no_process_there(windows):
    codes = exit_codes({"SIGABRT": "aborted", "SIGKILL": "killed", "SIGXCPU": "too long"})
    assert codes == {-signal.SIGABRT: "aborted"}
    assert "start_new_session" not in own_session()


# Nobody else calls what one system lacks

LACKED = {
    "os": "name getuid geteuid setuid fchmod chown fork kill killpg setsid mkfifo sysconf statvfs "
    "uname fsync O_NOFOLLOW O_DIRECTORY O_NONBLOCK O_CLOEXEC",
    "sys": "platform",
    "signal": "SIGKILL SIGXCPU SIGALRM SIGHUP SIGUSR1 SIGSTOP setitimer alarm",
    "socket": "AF_UNIX SO_REUSEADDR SO_REUSEPORT",
    "ctypes": "CDLL windll WinDLL",
}
LACKED_MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "msvcrt", "winreg"}


def lacked_in(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in LACKED.get(node.value.id, "").split():
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Import):
            yield from LACKED_MODULES & {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            yield from names & set(LACKED.get(node.module or "", "").split())
            yield from LACKED_MODULES & {node.module}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value.startswith("/proc/"):
                yield node.value
        elif isinstance(node, ast.keyword) and node.arg in ("start_new_session", "preexec_fn"):
            yield node.arg


def test_only_one_module_calls_what_a_system_lacks():
    files = [path for path in PACKAGE.rglob("*.py") if path.name != "platforms.py"]
    found = {path.name: [*lacked_in(path.read_text(encoding="utf-8"))] for path in files}
    assert {name: calls for name, calls in found.items() if calls} == {}
    assert len({*lacked_in(Path(platforms.__file__).read_text(encoding="utf-8"))}) > 8
