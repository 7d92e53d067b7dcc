"""``python -m argyle_nb.sandbox``, or ``argyle-nb sandbox``: the local sandbox as a process."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argyle_nb.errors import ConfigurationError
from argyle_nb.platforms import data_path
from argyle_nb.sandbox.faults import Faults
from argyle_nb.sandbox.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FAULTS = tuple(field.name for field in fields(Faults) if field.name != "status_rates")
EXIT_CODES = """exit codes:
  0    stopped by Ctrl-C or SIGTERM
  1    error (one-line message on stderr)
  2    invalid command or option
"""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM; the first line of output says where and with which key."""
    options = _parser().parse_args(arguments)
    with _stop_event() as stop:
        try:
            sandbox = _sandbox(options).start()
        except ConfigurationError as error:
            sys.stderr.write(f"argyle-nb sandbox: {error}\n")
            return 1
        with sandbox:
            sys.stdout.write(_first_line(sandbox))
            sys.stdout.flush()
            # A wait without end would not notice Ctrl-C on Windows.
            while not stop.wait(0.5):
                pass
    return 0


def _first_line(sandbox: Sandbox) -> str:
    key = f"{sandbox.api_key_id}:{sandbox.api_key_secret}"
    return f"{sandbox.url} key: {key} folder: {sandbox.folder}\n"


@contextmanager
def _stop_event() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C and SIGTERM set, instead of ending the process at once."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _sandbox(options: argparse.Namespace) -> Sandbox:
    return Sandbox(
        options.folder,
        port=options.port,
        stage_seconds=options.stage_seconds,
        ocr=options.profile,
        requests_per_second=options.requests_per_second,
        faults=_faults(options.fault),
    )


def _faults(arguments: Sequence[str]) -> Faults:
    options: dict[str, Any] = {}
    statuses: dict[int, float] = {}
    for text in arguments:
        name, _, value = text.partition("=")
        if name.isdecimal():
            statuses[int(name)] = _number(text, value, float)
        elif name in FAULTS:
            options[name] = _number(text, value, int if name == "seed" else float)
        else:
            raise ConfigurationError(
                f"Unknown fault {name!r}. Use one of {', '.join(FAULTS)}, or a status such as "
                "503=0.2."
            )
    return Faults(status_rates=statuses, **options)


def _number(text: str, value: str, kind: type[float]) -> float:
    try:
        return kind(value)
    except ValueError:
        raise ConfigurationError(
            f"Fault {text!r} has no number. Write NAME=VALUE, such as reset_after=0.1."
        ) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="argyle-nb sandbox",
        description="Start the local sandbox: the Argyle User Uploads API on 127.0.0.1, with "
        "simulated scores.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    folder = data_path("sandbox")
    parser.add_argument(
        "--port", type=int, default=0, help="port to listen on (default: any free port)"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=folder,
        metavar="FOLDER",
        help="data folder (default: ~/.local/share/argyle_nb/sandbox)",
    )
    parser.add_argument(
        "--profile",
        choices=("off", "classification", "full"),
        default="full",
        help="enabled processing (default: full)",
    )
    parser.add_argument(
        "--stage-seconds",
        type=float,
        default=0.2,
        metavar="SECONDS",
        help="seconds per processing stage (default: 0.2)",
    )
    parser.add_argument(
        "--requests-per-second", type=int, help="rate limit; requests above it get 429"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"simulated fault: a status, such as 503=0.2, or one of {', '.join(FAULTS)}; may be "
        "repeated",
    )
    return parser


if __name__ == "__main__":
    sys.exit(serve())
