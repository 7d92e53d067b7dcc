"""The command line: ``argyle-nb``, or ``python -m argyle_nb``."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import argyle_nb as anb
from argyle_nb.errors import ArgyleError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from argyle_nb.client.client import Client
    from argyle_nb.report import Report

DONE, FAILED, INCOMPLETE, NO_UPLOADS, INTERRUPTED = 0, 1, 3, 4, 130
EXIT_CODES = """exit status:
  0    done
  1    an error, told in one line on stderr
  2    a command that cannot be understood
  3    done, but some documents were not taken, or some records could not be read
  4    done, but the report has no uploads
  130  interrupted; run it again to go on

The key comes from ARGYLE_API_KEY_ID and ARGYLE_API_KEY_SECRET or from the credentials file, never
from the command line. Results are on stdout, everything else on stderr.
"""
DEMO_TITLE = "argyle_nb demo (local sandbox: the scores are a stand-in for those of Ocrolus)"
SALT_VARIABLE = "ARGYLE_NB_SALT"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with warnings.catch_warnings():
            # Without the place in the code, which is of no use to who did not write it.
            warnings.showwarning = lambda message, *_: say(f"argyle-nb: {message}")
            return _run(words)
    except ArgyleError as error:
        say(f"argyle-nb: {error}")
        return FAILED
    except KeyboardInterrupt:
        say("argyle-nb: interrupted; run it again to go on")
        return INTERRUPTED


def _run(words: list[str]) -> int:
    if words[:1] == ["sandbox"]:  # it has a parser of its own
        return sandbox(words[1:])
    options = parser().parse_args(words)
    return COMMANDS[options.command](options)


def parser() -> argparse.ArgumentParser:
    """Make the parser of all commands but ``sandbox``, which has its own."""
    top = argparse.ArgumentParser(
        prog="argyle-nb",
        description="Argyle user uploads: send documents, fetch what was found, report on it.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    commands = top.add_subparsers(required=True, metavar="command", dest="command")
    _upload_options(
        _command(commands, "upload", "send the documents of a manifest or folder, each once")
    )
    _pull_options(_command(commands, "pull", "list uploads into an archive"))
    _report_options(_command(commands, "report", "report on an archive, without a network"))
    demo = _command(commands, "demo", "the main job on a local sandbox")
    demo.add_argument("--documents", type=Path, default=Path("data/documents"))
    demo.add_argument("--loans", type=Path, default=Path("data/loans.csv"))
    demo.add_argument("--folder", type=Path, default=Path("demo-report"))
    _command(commands, "sandbox", "a local Argyle for any program")
    lab = _command(commands, "lab", "JupyterLab on the notebooks")
    lab.add_argument("--folder", type=Path, default=Path("notebooks"))
    return top


class _ShowVersion(argparse.Action):
    """Looks the version up only where it is asked for."""

    def __call__(self, *_: object) -> NoReturn:
        write(f"argyle-nb {anb.__version__}")
        raise SystemExit(DONE)


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, purpose: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=purpose,
        description=purpose,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _upload_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "manifest",
        type=Path,
        help="a folder, or a CSV file or workbook (file, document_type, external_id or user)",
    )
    command.add_argument("--document-type", help="of every document that has none of its own")
    command.add_argument(
        "--user", help="an id or external id, of every document that has none of its own"
    )
    command.add_argument("--upload-log", type=Path, help="SQLite file that remembers what was sent")
    _connection_options(command)


def _pull_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("archive", help="a folder, or a URL that fsspec knows")
    _filter_options(command)
    command.add_argument(
        "--refresh", action="store_true", help="ask again for uploads still in progress"
    )
    _connection_options(command)


def _report_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("archive", help="what pull wrote")
    command.add_argument("folder", type=Path, help="the report's own; replaced as a whole")
    command.add_argument("--title", help="heads the page")
    _filter_options(command)
    command.add_argument(
        "--external-id", help="as --user, for an external id that looks like an id"
    )
    command.add_argument(
        "--created-from", metavar="TIME", help="created_at from this date or time (UTC)"
    )
    command.add_argument(
        "--created-before", metavar="TIME", help="created_at before this date or time"
    )
    command.add_argument("--levels", help="preset of the levels, such as ocrolus-current")
    command.add_argument("--ocr", action="store_true", help="also what was read from documents")
    command.add_argument(
        "--xlsx", action="store_true", help="also report.xlsx, a workbook of the tables"
    )
    command.add_argument(
        "--excel", action="store_true", help="CSV with a byte order mark and CR LF"
    )
    command.add_argument(
        "--pii",
        choices=("masked", "hashed", "include"),
        default="masked",
        help="personal data: masked (the default), keyed hashes, or in the clear",
    )
    command.add_argument(
        "--salt-file",
        type=Path,
        metavar="FILE",
        help="holds the salt of --pii hashed; else the variable ARGYLE_NB_SALT does",
    )
    _json_option(command)


def _filter_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--user", help="of this id or external id only")
    command.add_argument("--account", help="of this account only")
    command.add_argument("--document-type", help="of this type only")


def _connection_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--environment", help="sandbox, production, local or a URL")
    command.add_argument("--profile", help="a table of the credentials file")
    command.add_argument("--sandbox-folder", type=Path, help="where the local sandbox keeps things")
    _json_option(command)


def _json_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="the result as JSON on stdout")


def upload(options: argparse.Namespace) -> int:
    """Send the documents of a manifest or a folder, each once."""
    with _connected(options) as client:
        sent = _sent(
            client,
            options.manifest,
            document_type=options.document_type,
            user=options.user,
            upload_log=options.upload_log,
        )
        where = _where(client)
    rows = sent[["file", "document_type", "external_id", "user", "state", "upload_id", "reason"]]
    if options.json:
        files = rows.astype(object).where(rows.notna(), None).to_dict("records")
        write_json(where | {"counts": _counts_of(sent), "files": files})
    else:
        print_batch(sent, **where)
    return DONE if (sent["state"] == "uploaded").all() else INCOMPLETE


def _sent(client: Client, manifest: Path, **options: Any) -> pd.DataFrame:
    """Send a batch, and say of it what its printed result does not; reasons name our options."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        # The result names these lines.
        warnings.filterwarnings("ignore", r"((None|\d+) of \d+ lines|The line) c(an|ould)")
        sent = anb.upload_batch(client, manifest, **options)
    for warning in told:
        say(f"argyle-nb: {warning.message}")
    reasons = sent["reason"]
    for name in ("document_type", "user"):
        option = f"give --{name.replace('_', '-')}"
        reasons = reasons.str.replace(f"give {name}=", option, regex=False)
    return sent.assign(reason=reasons)


def _counts_of(sent: pd.DataFrame) -> dict[str, int]:
    """Count the rows that were sent now, those that were there, and each other state."""
    is_done, is_new = sent["state"] == "uploaded", sent["seconds"] > 0
    return {
        "uploaded_now": int((is_done & is_new).sum()),
        "already_at_argyle": int((is_done & ~is_new).sum()),
        **{
            state: int((sent["state"] == state).sum())
            for state in sent["state"].cat.categories
            if state != "uploaded"
        },
    }


def pull(options: argparse.Namespace) -> int:
    """List uploads into an archive, or ask again for those that were still in progress."""
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
    unreadable = uploads.attrs.get("unreadable", [])
    scored = int(uploads["ocr_authenticity_score"].notna().sum())
    borrowers = uploads["external_id"].fillna(uploads["user"]).nunique()
    if options.json:
        counts = {"uploads": len(uploads), "borrowers": borrowers, "scored": scored}
        write_json(where | {"archive": options.archive} | counts | {"unreadable": len(unreadable)})
    else:
        write(
            f"{_counted(len(uploads), 'upload')} of {_counted(borrowers, 'borrower')}, "
            f"{scored} with a score, {len(unreadable)} that cannot be read"
        )
    return INCOMPLETE if unreadable else DONE


def report(options: argparse.Namespace) -> int:
    """Write a report on an archive; it needs no network and no key."""
    made = anb.export_report(
        anb.Archive(options.archive),
        options.folder,
        ocr=options.ocr,
        filters=_filters(options),
        pii=options.pii,
        salt=_salt(options),
        excel=options.excel,
        xlsx=options.xlsx,
        **{name: value for name in ("title", "levels") if (value := getattr(options, name))},
    )
    reconciliation = made.manifest["reconciliation"]
    if options.json:
        files = {name: str(path) for name, path in made.files.items()}
        write_json({"folder": str(made.folder), "files": files, **reconciliation})
    else:
        print_report(made)
    if reconciliation["unreadable"]:
        return INCOMPLETE
    return DONE if reconciliation["in_report"] else NO_UPLOADS


def demo(documents: Path, loans: Path, folder: Path) -> int:
    """Do the main job once on a sandbox of its own: upload, fetch, report, join with loans."""
    import pandas as pd  # noqa: PLC0415 - `--help` should not wait for pandas

    with _scratch_sandbox() as (client, scratch):
        upload_log = scratch / "journal.sqlite"
        sent = _sent(client, documents, wait=True, upload_log=upload_log)
        print_batch(sent, **_where(client))
        uploads, signals = anb.fetch(client)
        settings = client.settings
    made = anb.export_report(
        uploads, folder, signals=signals, title=DEMO_TITLE, settings=settings, xlsx=True
    )
    print_levels(uploads)
    print_loans(pd.read_csv(loans), uploads)
    print_report(made)
    return DONE


def lab(folder: Path) -> int:
    """Open JupyterLab on a folder of notebooks, with its neighbors in view, until it ends."""
    first = min(folder.glob("*.ipynb"), default=folder)
    command = [sys.executable, "-m", "jupyter", "lab", str(first.resolve())]
    command.append(f"--ServerApp.root_dir={folder.resolve().parent}")
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
    "demo": lambda options: demo(options.documents, options.loans, options.folder),
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
    from argyle_nb.models import checked_filters  # noqa: PLC0415 - as above

    wanted = checked_filters(None, options.account, options.document_type) | _borrower(options)
    filters: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    if (options.created_from, options.created_before) != (None, None):
        filters["created_at"] = _times(options)
    return filters


def _borrower(options: argparse.Namespace) -> dict[str, str | None]:
    """Tell an id from an external id, as `pull` does."""
    from argyle_nb.models import is_uuid  # noqa: PLC0415 - as above

    user, external_id = options.user, options.external_id
    for option, name in (("--user", user), ("--external-id", external_id)):
        if name is not None and not name.strip():
            raise ConfigurationError(f"{option} is empty: name the borrower, or leave it out")
    if user is None or is_uuid(user):
        return {"user": user, "external_id": external_id}
    if external_id not in (None, user):
        raise ConfigurationError("--user and --external-id name two borrowers: leave out one")
    return {"external_id": user}


def _times(options: argparse.Namespace) -> tuple[str | None, str | None]:
    from argyle_nb.scores.filters import utc_time  # noqa: PLC0415 - it needs pandas

    limits = {"--created-from": options.created_from, "--created-before": options.created_before}
    times = []
    for option, limit in limits.items():
        try:
            times.append(utc_time(limit))
        except ValueError:
            raise ConfigurationError(
                f"{option} must be a date such as 2026-01-31, or a time in UTC such as "
                f"2026-01-31T09:30, not {limit!r}"
            ) from None
    first, end = times
    if first is not None and end is not None and first >= end:
        raise ConfigurationError(
            f"--created-before {options.created_before} must be later than --created-from "
            f"{options.created_from}"
        )
    return options.created_from, options.created_before


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


def print_batch(sent: pd.DataFrame, *, environment: str, base_url: str) -> None:
    """Say how many files are in each state and where, and why some were not taken."""
    from argyle_nb.uploads.folders import grouped  # noqa: PLC0415 - it needs pandas

    words = {"uploaded_now": "uploaded now", "already_at_argyle": "already at Argyle"}
    states = ", ".join(
        f"{count} {words.get(name, name)}"
        for name, count in _counts_of(sent).items()
        if count or name == "uploaded_now"
    )
    where = "the local sandbox" if environment == "local" else environment
    write(f"\n{len(sent)} files for {where} ({base_url}): {states}")
    for state, rows in sent[sent["state"] != "uploaded"].groupby("state", observed=True):
        for line in grouped(zip(rows["file"].fillna(""), rows["reason"].fillna(""), strict=True)):
            write(f"  {state}: {line}")


def print_levels(frame: pd.DataFrame) -> None:
    """Show a table of document types and levels."""
    import pandas as pd  # noqa: PLC0415 - `--help` should not wait for pandas

    level = frame["authenticity_level"].cat.add_categories("no score").fillna("no score")
    table = pd.crosstab(
        frame["document_type"], level, margins=True, margins_name="all", dropna=False
    )
    preset = frame.attrs["levels"]
    write(f"\nUploads per document type and authenticity level ({preset}):")
    write(table.rename_axis(columns=None).to_string())


def print_loans(loans: pd.DataFrame, uploads: pd.DataFrame) -> None:
    """Show each loan beside the lowest score of its borrower's documents."""
    scores = uploads.groupby("external_id")["ocr_authenticity_score"]
    table = loans.join(scores.agg(documents="size", lowest_score="min"), on="external_id")
    table["documents"] = table["documents"].fillna(0).astype("int64")
    table["lowest_score"] = table["lowest_score"].astype("string").fillna("")
    write("\nLoans and the lowest score of each borrower's documents:")
    write(table.to_string(index=False))


def print_report(report: Report) -> None:
    """Say how many uploads a report is on, and list its files."""
    uploads = report.manifest["reconciliation"]["listed"]
    left_out = report.manifest["left_out"]["rows"]["uploads"]
    write(f"\nReport on {uploads} of {uploads + left_out} uploads:")
    for path in report.files.values():
        write(f"  {path}")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def write_json(result: dict[str, Any]) -> None:
    """Tell a program, on stdout."""
    write(json.dumps(result, default=str))


def write(text: str) -> None:
    """Tell the result, on stdout, which may be a full disk, or a program that reads no more."""
    if sys.stdout is None:  # it was closed before we began
        return
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stdout.flush()
    except OSError as error:
        # Else the interpreter would try again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ConfigurationError(
            f"all was done, but its result cannot be written to stdout ({error.strerror})"
        ) from None


def say(text: str) -> None:
    """Tell a person, on stderr."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
