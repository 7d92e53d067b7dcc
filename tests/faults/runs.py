"""Batches in processes of their own, to be killed: a program that forks, and who talks to it.

Importing pandas takes a second, a fork takes a hundredth. So one process imports everything and
forks a child for each run; the child is as real a process as any, and is killed with SIGKILL.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.servers import KEY_ID, SECRET

KILLED = -9  # by SIGKILL, which Windows has not

# The steps of a batch: module, class and function, and whether it is killed before or after.
_LOG, _RECONCILE = "uploads.log:UploadLog", "uploads.reconcile:Reconciler"
PHASES = {
    "before a user is listed": ("uploads.reconcile:ListedBefore._is_noted", "before"),
    "once a user is listed": ("uploads.reconcile:ListedBefore._is_noted", "after"),
    "before a document is claimed": (f"{_LOG}.claim", "before"),
    "once a document is claimed": (f"{_LOG}.claim", "after"),
    "while a document leaves": ("client.transfer:_Body.read", "after"),
    "once a document is answered": ("client.client:Client.upload", "after"),
    "before an end is written": (f"{_LOG}.finish", "before"),
    "once an end is written": (f"{_LOG}.finish", "after"),
    "before it is looked for": (f"{_RECONCILE}._listing_of", "before"),
    "once it is listed": (f"{_RECONCILE}._listing_of", "after"),
    "once it is compared": ("client.client:Client.digest", "after"),
    "while it is waited for": (f"{_RECONCILE}._wait_to_settle", "after"),
    "before it is sent again": (f"{_RECONCILE}._send_again", "before"),
    "once it is sent again": (f"{_RECONCILE}._send_again", "after"),
}


class Runs:
    """Starts batches in processes of their own, one command at a time."""

    def __enter__(self):
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def run(self, url, manifest, upload_log, *, processes=1, kill_after=None, **options):
        """Run a batch in so many processes at once; give what each ended with.

        The first is killed after so many seconds, or with ``phase`` and ``call`` when it comes to
        that step, one of `PHASES`, for the so many-th time. A process ends with its result's states
        and upload ids, with the name of the error it raised, or with ``KILLED``.
        """
        command = {"url": url, "manifest": str(manifest), "upload_log": str(upload_log), **options}
        command |= {"processes": processes, "kill_after": kill_after}
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def main():
    """Serve commands until the standard input closes."""
    # Imported once, here, for all children.
    import argyle_nb.uploads  # noqa: F401, PLC0415

    for line in sys.stdin:
        command = json.loads(line)
        children = [_forked(command) for _ in range(command["processes"])]
        if command["kill_after"] is not None:
            time.sleep(command["kill_after"])
            # Nobody has waited for it yet, so its number cannot be another process's.
            os.kill(children[0][0], signal.SIGKILL)
        print(json.dumps([_end_of(*child) for child in children]), flush=True)  # noqa: T201


def _forked(command):
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    try:
        said = _batch(command)
    except BaseException:  # noqa: BLE001 - a child must not go on as its parent
        said = traceback.format_exc()
    os.write(writing, json.dumps(said).encode())
    os._exit(0)


def _end_of(child, reading):
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return json.loads(said) if said else os.waitstatus_to_exitcode(status)


def _batch(command):
    """Run one batch, in the child."""
    from argyle_nb.client.client import Client  # noqa: PLC0415 - as above
    from argyle_nb.uploads import upload_batch  # noqa: PLC0415 - as above
    from tests.faults.mutations import MUTATIONS  # noqa: PLC0415 - as above

    random.seed()
    if command.get("mutation"):
        MUTATIONS[command["mutation"]]()
    if command.get("phase"):
        _die_in(*PHASES[command["phase"]], command["call"])
    if command.get("disk_full") == "in the air":
        _fill_the_disk_behind_the_first_byte()
    elif command.get("disk_full"):
        _fill_the_disk()
    try:
        result = upload_batch(
            Client(KEY_ID, SECRET, environment=command["url"]),
            command["manifest"],
            upload_log=command["upload_log"],
            confirm_timeout=command["confirm_timeout"],
        )
    except Exception as error:  # noqa: BLE001 - the test looks at its name
        return type(error).__name__
    return result[["state", "upload_id"]].astype("string").fillna("").to_numpy().tolist()


def _die_in(step, moment, call):
    module, _, path = step.partition(":")
    owner, name = path.split(".")
    owner = getattr(importlib.import_module(f"argyle_nb.{module}"), owner)
    function, calls = getattr(owner, name), itertools.count(1)

    def deadly(*arguments, **options):
        last = next(calls) >= call
        if last and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments, **options)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)


def _fill_the_disk():
    """No file of this process may grow any more, which is what a full disk does."""
    import resource  # noqa: PLC0415 - Windows has none

    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def _fill_the_disk_behind_the_first_byte():
    from argyle_nb.client.client import Client  # noqa: PLC0415 - as above

    def upload(self, *arguments, **options):
        _fill_the_disk()
        return _upload(self, *arguments, **options)

    _upload = Client.upload
    Client.upload = upload


if __name__ == "__main__":
    main()
