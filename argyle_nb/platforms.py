"""What Linux, macOS and Windows do in different ways, and nothing else does.

Calls that one of them lacks stand in this module only; ``docs/platforms.md`` lists what differs.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from platformdirs import PlatformDirs

from argyle_nb.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator


def _module(name: str) -> Any:
    """Import what Windows lacks."""
    with suppress(ImportError):
        return import_module(name)
    return None


fcntl, resource = map(_module, ("fcntl", "resource"))
SYSTEM = sys.platform  # "linux", "darwin" (macOS), "win32" (Windows) or another POSIX system
NAME = "argyle_nb"
CREDENTIALS_FILE = "credentials.toml"
_DATA_BEFORE = ".local/share"  # on every system in earlier versions, and still on Linux
_DATA_ON_MACOS = "Library/Application Support"

# Kinds of file systems whose files several machines may have open.
_NETWORK_FILES = (
    *("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afs", "afp", "ceph", "lustre", "webdav", "davfs"),
    *("gluster", "fuse.gluster", "gpfs", "beegfs", "ncpfs", "vboxsf"),
)
_MOUNTS, _STATM = Path("/proc/mounts"), Path("/proc/self/statm")  # of Linux alone
_MOUNT = "/sbin/mount"
_MOUNT_SECONDS = 10.0
_MOUNTED = re.compile(r".*? on (?P<folder>/.*) \((?P<told>[^()]*)\)")
_ESCAPED = re.compile(r"\\([0-7]{3})")  # a blank in /proc/mounts
_REMOTE_DRIVE = 4  # DRIVE_REMOTE of GetDriveTypeW
_NOT_IN_NAMES = re.compile(r'[<>:"|?*\\/\x00-\x1f]')
_DEVICES = re.compile(
    r"(?:con|prn|aux|nul|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?: *\..*)?", re.IGNORECASE
)
_TRIES, _PAUSE_SECONDS = 20, 0.05  # for a file that another program has open on Windows
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
_HERE = -100  # AT_FDCWD


# Places


def data_path(name: str) -> Path:
    """Say where a file or folder of this package is; one that an earlier version made stays in use.

    Only the home folder decides: no later run would look where a variable pointed today.
    """
    before = Path.home() / _DATA_BEFORE / NAME / name
    return before if os.path.lexists(before) else _data_folder() / name


def log_path(name: str) -> Path:
    """Say where an upload or review log is; one in another place is an error.

    With another upload log documents would be sent again.
    """
    named_by_variable = Path(_folders().user_data_dir) / name
    return _only(data_path(name), _data_folder() / name, named_by_variable)


def credentials_path() -> Path:
    """Say where profiles are; a file that an earlier version made stays in use."""
    before = Path.home() / ".config" / NAME / CREDENTIALS_FILE
    now = Path(_folders().user_config_dir) / CREDENTIALS_FILE
    return _only(before, now) if os.path.lexists(before) else now


def _data_folder() -> Path:
    """Give the system's own place; ``XDG_DATA_HOME`` counts for platformdirs on macOS, too."""
    if SYSTEM == "win32":
        return Path(_folders().user_data_dir)
    return Path.home() / (_DATA_ON_MACOS if SYSTEM == "darwin" else _DATA_BEFORE) / NAME


def _folders() -> PlatformDirs:
    return PlatformDirs(NAME, appauthor=False)


def _only(path: Path, *others: Path) -> Path:
    """Give the path of a file that is in none of the other places."""
    for other in others:
        if not os.path.lexists(other) or os.path.realpath(other) == os.path.realpath(path):
            continue
        if os.path.lexists(path):
            raise ConfigurationError(
                f"There are two files {path.name}: in {path.parent} and in {other.parent}. It is "
                "not known which one is current. Close all notebooks and move one of these folders "
                "away."
            )
        raise ConfigurationError(
            f"{other}: argyle_nb keeps this file in {path.parent}. Close all notebooks and move "
            f"all files of {other.parent} there."
        )
    return path


def check_writable(folder: Path, what: str) -> None:
    """Refuse a folder that can't be made or written, before any work is done for it.

    Windows tells too little of permissions beforehand; there the write itself fails.
    """
    there = folder.expanduser().absolute()
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise ConfigurationError(
            f"Can't write the {what} to {folder}: {there} is not a folder. Choose another folder."
        )
    _check_access(folder, there, os.W_OK | os.X_OK, what)


def check_writable_file(path: Path, what: str) -> None:
    """Refuse a file that can't be made or written, as `check_writable` does a folder."""
    check_writable(path.parent, what)
    if path.is_dir():
        raise ConfigurationError(
            f"Can't write the {what} to {path}: it is a folder. Name a file in it."
        )
    if path.exists():
        _check_access(path, path, os.W_OK, what)


def _check_access(path: Path, there: Path, mode: int, what: str) -> None:
    if not os.access(there, mode):
        raise ConfigurationError(
            f"Can't write the {what} to {path}: {there} is read-only for you. Change its "
            "permissions, or choose another folder."
        )


def is_on_network(path: Path) -> bool:
    """Say whether other machines may have a file open too; where nobody can tell, they may."""
    file = path.resolve()
    if SYSTEM == "win32":
        return _is_remote_drive(file.anchor)
    mounts = _mounts_of_linux() if SYSTEM == "linux" else _mounts_as_told()
    # Of two mounts at one place the later one hides the other.
    holding = [
        (len(Path(folder).parts), place, is_remote)
        for place, (folder, is_remote) in enumerate(mounts)
        if file.is_relative_to(folder)
    ]
    return max(holding)[-1] if holding else True


def _mounts_of_linux() -> Iterator[tuple[str, bool]]:
    with suppress(OSError):
        text = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        for line in text.splitlines():
            _, folder, kind, *_ = line.split(" ")
            folder = _ESCAPED.sub(lambda code: chr(int(code[1], 8)), folder)
            yield folder, kind.startswith(_NETWORK_FILES)


def _mounts_as_told() -> Iterator[tuple[str, bool]]:
    """Ask the command of macOS and BSD, which tells of each mount its kind and if it is local."""
    with suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run(  # noqa: S603 - a command of the system, and no shell
            [_MOUNT], capture_output=True, timeout=_MOUNT_SECONDS, check=True
        ).stdout.decode("utf-8", "surrogateescape")
        for mount in map(_MOUNTED.fullmatch, told.splitlines()):
            if mount:
                kind, *options = mount["told"].split(", ")
                yield mount["folder"], kind.startswith(_NETWORK_FILES) or "local" not in options


def _is_remote_drive(anchor: str) -> bool:
    anchor = anchor.removeprefix("\\\\?\\")
    if anchor.startswith(("\\\\", "UNC\\")):  # a share by its own name
        return True
    try:
        kind: int = ctypes.windll.kernel32.GetDriveTypeW(anchor)  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return True
    return kind == _REMOTE_DRIVE


# Files


def file_name(name: str) -> str:
    """Give a name that this system can store: Windows has characters and names of its own."""
    if SYSTEM != "win32":
        return name
    name = _NOT_IN_NAMES.sub("_", name).rstrip(" .")
    return f"_{name}" if _DEVICES.fullmatch(name) else name


def is_private(path: Path) -> bool:
    """Say whether a file is its owner's alone, and the owner is who asks.

    On Windows a mode says nothing: there the folder's access list counts, and that of a user's
    folder names the user.
    """
    status = path.stat()
    if not hasattr(os, "getuid"):
        return True
    return not status.st_mode & 0o077 and status.st_uid == os.getuid()


def new_file(path: Path, mode: int) -> BinaryIO:
    """Open a file for writing that was not there, and is no link to another."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(path, flags, mode), "wb")


def make_private(path: Path) -> None:
    """Make an empty file for its owner only; one that is there is not even opened.

    Closing a file takes away all locks that this process holds on it (POSIX), SQLite's too.
    """
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


def replace(new: Path, path: Path) -> None:
    """Put a file in the place of another.

    Windows refuses that while another program has the old one open, such as a virus scanner for a
    moment.
    """
    for tries_left in reversed(range(_TRIES if SYSTEM == "win32" else 1)):
        try:
            new.replace(path)
        except PermissionError:
            if not tries_left:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def sync(path: Path) -> None:
    """Let a file's bytes, or the names in a folder, reach the disk before what comes next."""
    if not path.is_dir():
        # Windows does that only for a file that is open for writing.
        _sync(path, os.O_RDWR if SYSTEM == "win32" else os.O_RDONLY)
    elif SYSTEM != "win32":  # which opens no folders
        with suppress(OSError):  # some network drives know this for files only
            _sync(path, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def exchange(one: Path, two: Path) -> bool:
    """Let two folders change names in one step, where the system can."""
    if SYSTEM == "win32":
        return False
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None, use_errno=True)
        paths = os.fsencode(one), os.fsencode(two)
        if SYSTEM == "darwin":
            return bool(library.renamex_np(*paths, _EXCHANGE) == 0)
        here = ctypes.c_int(_HERE)
        return bool(library.renameat2(here, paths[0], here, paths[1], _EXCHANGE) == 0)
    return False


@contextmanager
def locked(folder: Path) -> Iterator[bool | None]:
    """Say whether nobody else holds this folder; a process that ends lets go of its own.

    ``None`` where the system cannot tell: Windows.
    """
    if fcntl is None:
        yield None
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        free = True
    except BlockingIOError:
        free = False
    try:
        yield free
    finally:
        os.close(handle)


# Processes


def own_session() -> dict[str, Any]:
    """Give `subprocess.Popen` what keeps an interrupt of ours away from a process."""
    if SYSTEM == "win32":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}


def exit_codes(causes: dict[str, str]) -> dict[int, str]:
    """Name the exit codes of processes that ended by a signal; Windows has hardly any."""
    numbers = {name: getattr(signal, name, None) for name in causes}
    return {-number: causes[name] for name, number in numbers.items() if number is not None}


def is_root() -> bool:
    """Say whether this process may do all; on Windows no Jupyter asks."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def limit_memory(most: int) -> None:
    """Give this process so many bytes of memory, and no core dump; Windows has no such limits."""
    if resource is not None:
        _limit(resource.RLIMIT_AS, most)
        _limit(resource.RLIMIT_CORE, 0)


def limit_processor(seconds: float) -> None:
    """Let the system end this process, wherever it is, once it has worked for so long from now."""
    if resource is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds) + 1)


def _limit(kind: int, most: int) -> None:
    """Set a limit, or leave a lower one that stands; macOS keeps none of memory."""
    _, hard = resource.getrlimit(kind)
    soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (soft, hard))


def held_memory() -> int:
    """Give how many bytes of memory this process holds now, 0 where it cannot be told."""
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def share_port(listener: socket.socket) -> None:
    """Let a port be taken again at once; on Windows another program could take it meanwhile."""
    if SYSTEM != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
