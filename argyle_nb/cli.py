"""``argyle-nb upload | pull | report | demo | sandbox | lab``: without a notebook, and for cron.

What a program reads is on stdout, everything else on stderr. No secret is ever an argument: a key
comes from the environment or the credentials file, a salt from the environment or a file.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argyle_nb.cli_options import parser
from argyle_nb.cli_output import print_batch, print_levels, print_report, say, write, write_json
from argyle_nb.errors import ArgyleError, ConfigurationError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from argyle_nb.client.client import Client

DEMO_TITLE = "argyle_nb demo (local sandbox: the scores are a stand-in for those of Ocrolus)"
SALT_VARIABLE = "ARGYLE_NB_SALT"
DONE, FAILED, INCOMPLETE, INTERRUPTED = 0, 1, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0 done; 1 an error, told in one line on stderr; 2 (of argparse) a command that cannot be
        understood; 3 done, but some documents were not taken or some records could not be read;
        130 interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:1] == ["sandbox"]:  # it has a parser of its own
            return sandbox(words[1:])
        options = parser().parse_args(words)
        return COMMANDS[options.command](options)
    except ArgyleError as error:
        say(f"argyle-nb: {error}")
        return FAILED
    except KeyboardInterrupt:
        say("argyle-nb: interrupted; run it again to go on")
        return INTERRUPTED


def upload(options: argparse.Namespace) -> int:
    """Send the documents of a manifest or a folder, each once."""
    import argyle_nb as anb  # noqa: PLC0415 - `--help` should not wait for pandas

    with _connected(options) as client:
        sent = anb.upload_batch(
            client,
            options.manifest,
            document_type=options.document_type,
            user=options.user,
            journal=options.journal,
        )
        where = _where(client)
    rows = sent[["file", "document_type", "user", "state", "upload_id", "reason"]]
    if options.json:
        files = rows.astype(object).where(rows.notna(), None).to_dict("records")
        write_json(where | {"files": files})
    else:
        print_batch(sent, **where)
    return DONE if (sent["state"] == "done").all() else INCOMPLETE


def pull(options: argparse.Namespace) -> int:
    """List uploads into an archive, or ask again for those that were still in progress."""
    import argyle_nb as anb  # noqa: PLC0415 - as above

    archive = anb.Archive(options.archive)
    filters = {name: getattr(options, name) for name in ("user", "account", "document_type")}
    if options.refresh and any(filters.values()):
        raise ConfigurationError(
            "--refresh asks for every upload still in progress: leave out --user, --account and "
            "--document-type"
        )
    with _connected(options) as client:
        if options.refresh:
            frames = archive.refresh(client, errors="collect")
        else:
            frames = archive.pull(client, **filters, errors="collect")
        where = _where(client)
    uploads = frames.uploads
    unread = uploads.attrs.get("rejected", [])
    scored = int(uploads["ocr_authenticity_score"].notna().sum())
    if options.json:
        told = {"archive": options.archive, "uploads": len(uploads), "scored": scored}
        write_json(where | told | {"unread": len(unread)})
    else:
        write(f"{len(uploads)} uploads, {scored} with a score, {len(unread)} that cannot be read")
    return INCOMPLETE if unread else DONE


def report(options: argparse.Namespace) -> int:
    """Write a report on an archive; it needs no network and no key."""
    import argyle_nb as anb  # noqa: PLC0415 - as above

    made = anb.export_report(
        anb.Archive(options.archive),
        options.folder,
        ocr=options.ocr,
        filters=_filters(options),
        pii=options.pii,
        salt=_salt(options),
        excel=options.excel,
        **{name: value for name in ("title", "levels") if (value := getattr(options, name))},
    )
    adds_up = made.manifest["adds_up"]
    if options.json:
        files = {name: str(path) for name, path in made.files.items()}
        write_json({"folder": str(made.folder), "files": files, **adds_up})
    else:
        print_report(made)
    return INCOMPLETE if adds_up["unread"] else DONE


def demo(manifest: Path, folder: Path) -> int:
    """Do the main job once on a sandbox of its own: upload, retrieve, flatten, chart, report.

    Parameters
    ----------
    manifest
        The CSV file that lists the documents.
    folder
        Where the report goes.

    Returns
    -------
    int
        0; a document that is refused is reported, not fatal.
    """
    import argyle_nb as anb  # noqa: PLC0415 - as above

    with _scratch_sandbox() as (client, scratch):
        sent = anb.upload_batch(client, manifest, journal=scratch / "journal.sqlite")
        print_batch(sent, **_where(client))
        records = client.wait(map(client.get_upload, sent["upload_id"].dropna()))
        frame, signals = anb.flatten(records, accounts=client.list_accounts(), sent=sent)
        settings = client.settings
    made = anb.export_report(frame, folder, signals=signals, title=DEMO_TITLE, settings=settings)
    print_levels(frame)
    print_report(made)
    return DONE


def lab(folder: Path) -> int:
    """Open JupyterLab on a folder of notebooks and stay until it ends."""
    command = [sys.executable, "-m", "jupyter", "lab", f"--notebook-dir={folder}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container there is often nobody else
    return subprocess.call(command)  # noqa: S603 - our own interpreter and no shell


def sandbox(arguments: Sequence[str]) -> int:
    """Serve a local Argyle to any program until Ctrl-C."""
    from argyle_nb.connection import serve_sandbox  # noqa: PLC0415 - as above

    return serve_sandbox(arguments)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "upload": upload,
    "pull": pull,
    "report": report,
    "demo": lambda options: demo(options.manifest, options.folder),
    "lab": lambda options: lab(options.folder),
}


@contextmanager
def _connected(options: argparse.Namespace) -> Iterator[Client]:
    from argyle_nb.connection import connect  # noqa: PLC0415 - as above

    with contextlib.redirect_stdout(sys.stderr):  # where it talks to is no result
        client = connect(
            environment=options.environment,
            profile=options.profile,
            sandbox_folder=options.sandbox_folder,
        )
    with client:
        yield client


def _where(client: Client) -> dict[str, str]:
    """Say whom the command talked to: without credentials it is the local sandbox."""
    return {"environment": client.settings.environment, "base_url": client.settings.base_url}


@contextmanager
def _scratch_sandbox() -> Iterator[tuple[Client, Path]]:
    """Give a client of a local sandbox whose folder is removed afterwards."""
    from argyle_nb.connection import connect, stop_sandbox  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="argyle_nb_demo_") as name:
        folder = Path(name) / "sandbox"
        try:
            with connect(sandbox_folder=folder) as client:
                yield client, Path(name)
        finally:
            stop_sandbox(folder)


def _filters(options: argparse.Namespace) -> dict[str, Any]:
    from argyle_nb.checks import checked_filters  # noqa: PLC0415 - as above

    given = checked_filters(options.user, options.account, options.document_type)
    filters: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if (options.since, options.before) != (None, None):
        filters["created_at"] = (options.since, options.before)
    return filters


def _salt(options: argparse.Namespace) -> bytes | str | None:
    if options.salt_file is None:
        if options.pii != "hashed":
            return None
        if SALT_VARIABLE not in os.environ:
            raise ConfigurationError(
                f"--pii hashed needs a salt: give --salt-file FILE or set {SALT_VARIABLE}"
            )
        return os.environ[SALT_VARIABLE]
    try:
        salt: bytes = options.salt_file.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"the salt in {options.salt_file} cannot be read ({error.strerror})"
        ) from None
    return salt.strip()


if __name__ == "__main__":
    sys.exit(main())
