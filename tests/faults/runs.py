"""Batches in processes of their own, to be killed: a program that forks, and who talks to it.

Importing pandas takes a second, a fork takes a hundredth. So one process imports everything and
forks a child for each run; the child is as real a process as any, and is killed with SIGKILL.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.servers import KEY_ID, SECRET

KILLED = -signal.SIGKILL


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

        A process ends with its result's states and upload ids, with the name of the error it
        raised, or with ``KILLED``.
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


def _fill_the_disk():
    """No file of this process may grow any more, which is what a full disk does."""
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
