"""The command line: ``argyle-nb``, or ``python -m argyle_nb``."""

from __future__ import annotations

import argparse
import contextlib
import csv
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import argyle_nb as anb
from argyle_nb.errors import ArgyleError, ConfigurationError
from argyle_nb.platforms import is_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from argyle_nb.archive.pages import PageStore
    from argyle_nb.client.client import Client
    from argyle_nb.report import Report

DONE, FAILED, INCOMPLETE, NO_UPLOADS, RULE_FAILED, INTERRUPTED = 0, 1, 3, 4, 5, 130
EXIT_CODES = """exit codes:
  0    finished
  1    error (one-line message on stderr)
  2    invalid command or option
{}  130  interrupted; run the same command again to resume
"""
INCOMPLETE_UPLOAD = "  3    finished, but some documents were not uploaded\n"
INCOMPLETE_PULL = "  3    finished, but some records could not be read\n"
EMPTY_REPORT = "  4    finished, but the report has no uploads\n"
FAILED_RULE = "  5    finished, but a rule failed\n"
OF_JUPYTER = "       any other: that of JupyterLab\n"
HOW_TO_GO_ON = """Run "argyle-nb COMMAND --help" for the options of a command.

The API key comes from ARGYLE_API_KEY_ID and ARGYLE_API_KEY_SECRET or from the credentials file,
never from the command line. Results are printed to stdout, everything else to stderr.
"""
DEMO_TITLE = "argyle_nb demo (local sandbox: simulated scores, not from Ocrolus)"
SALT_VARIABLE = "ARGYLE_NB_SALT"
# What the errors of the Python functions tell to do, as a shell does it.
_IN_SHELL = (
    (r"Archive\('([^']+)'\)", r"\1"),
    (r"\bfile://(?=/)", ""),
    (r"anb\.login\(\) in a notebook or terminal", "argyle-nb login in a terminal"),
    (r"anb\.login\(\)", "argyle-nb login"),
    (r"anb\.login\((.+?)\)", r"argyle-nb login --profile \1"),
    (r"archive\.pull\(client\)", "argyle-nb pull ARCHIVE"),
    (r"anb\.connect\(environment='local'\)", "--environment local"),
    (
        r"sandbox_folder works only with environment='local'",
        "--sandbox-folder needs the local sandbox",
    ),
    (
        r"Unfinished uploads are listed in `result\.unfinished`\. To keep waiting: .*",
        "Run the same command again to keep waiting.",
    ),
    (
        r"Check client\.list_uploads\(user=\.\.\.\) before you send it again",
        "Run the same command again: it looks for the document at Argyle first",
    ),
    (r", or thresholds of your own such as \{'.*?\}", ""),
    (
        r"upload this one with client\.upload\(\.\.\.\), and run the batch again",
        (
            "run argyle-nb upload FOLDER --upload-log NEW_FILE with a folder that holds only this "
            "one, and run the same command again"
        ),
    ),
    (r"pass document_type=\.\.\.", "pass --document-type"),
    (r"pass user=\.\.\.", "pass --user"),
    (r"salt works only with pii=", "--salt-file works only with --pii "),
    (r"pii=(?=['\"])", "--pii "),
    (r"secrets\.token_bytes\(32\)", 'the output of "openssl rand -hex 32"'),
)
_PLACES = {
    "local": "the local sandbox",
    "sandbox": "the Argyle sandbox",
    "production": "Argyle production",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    stderr = sys.stderr  # a quiet command hides it from everything but warnings
    try:
        with warnings.catch_warnings():
            # Without the place in the code, which is of no use to who did not write it.
            warnings.showwarning = lambda message, *_: say(
                f"argyle-nb: {in_shell(str(message))}", stderr
            )
            return _run(words)
    except ArgyleError as error:
        say(f"argyle-nb: {in_shell(str(error))}")
        return FAILED
    except KeyboardInterrupt:
        say("argyle-nb: interrupted. Run the same command again to resume.")
        return INTERRUPTED


def in_shell(text: str) -> str:
    """Name commands and options where an error names Python."""
    for pattern, words in _IN_SHELL:
        text = re.sub(pattern, words, text)
    return text


def _run(words: list[str]) -> int:
    if words[:1] == ["sandbox"]:  # it has a parser of its own
        return sandbox(words[1:])
    top = parser()
    options = top.parse_args(words)
    if options.command is None:
        write(top.format_help().rstrip())
        return DONE
    if not getattr(options, "quiet", False):
        return COMMANDS[options.command](options)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        return COMMANDS[options.command](options)


def parser() -> argparse.ArgumentParser:
    """Make the parser of all commands but ``sandbox``, which has its own."""
    top = argparse.ArgumentParser(
        prog="argyle-nb",
        description="Upload documents to Argyle, download the results, and create reports.",
        epilog=HOW_TO_GO_ON,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    commands = top.add_subparsers(metavar="command", dest="command")
    purpose = "Upload a folder or manifest; skip documents already uploaded"
    _upload_options(_command(commands, "upload", purpose, INCOMPLETE_UPLOAD))
    purpose = "Download upload results to an archive folder"
    _pull_options(_command(commands, "pull", purpose, INCOMPLETE_PULL))
    purpose = "Create a report from an archive (works offline)"
    _report_options(_command(commands, "report", purpose, INCOMPLETE_PULL, EMPTY_REPORT))
    purpose = "Check rules on an archive's last whole week (works offline)"
    _check_options(_command(commands, "check", purpose, FAILED_RULE))
    purpose = "Save an Argyle API key, which is asked for and not shown"
    _login_options(_command(commands, "login", purpose))
    purpose = "Run upload, analysis and report with sample documents"
    _demo_options(_command(commands, "demo", purpose))
    _command(commands, "sandbox", "Start the local sandbox server")
    _lab_options(_command(commands, "lab", "Open the notebooks in JupyterLab", OF_JUPYTER))
    return top


class _ShowVersion(argparse.Action):
    """Looks the version up only where it is asked for."""

    def __call__(self, *_: object) -> NoReturn:
        write(f"argyle-nb {anb.__version__}")
        raise SystemExit(DONE)


class _StoreOnce(argparse.Action):
    """Refuses an option that is given again, of which the last would count unseen."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        given = vars(namespace).setdefault("given", set())
        if option_string in given:
            parser.error(f"argument {option_string}: given more than once, but takes one value")
        given |= {option_string} - {None}
        setattr(namespace, self.dest, values)


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    purpose: str,
    *exit_codes: str,
) -> argparse.ArgumentParser:
    made = commands.add_parser(
        name,
        help=purpose,
        description=purpose,
        epilog=EXIT_CODES.format("".join(exit_codes)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.register("action", None, _StoreOnce)
    return made


def _upload_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "manifest",
        type=Path,
        help="folder, CSV file or Excel workbook (file, document_type, external_id or user)",
    )
    command.add_argument(
        "--document-type", metavar="TYPE", help="default type for rows without one"
    )
    command.add_argument(
        "--user", help="default borrower for rows without one (external ID or user ID)"
    )
    command.add_argument(
        "--upload-log",
        type=Path,
        metavar="FILE",
        help="SQLite file that records sent documents (default: "
        "journal.sqlite in the data folder, on Linux ~/.local/share/argyle_nb)",
    )
    command.add_argument(
        "--wait", action="store_true", help="return when the documents are processed"
    )
    _connection_options(command)


def _pull_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "archive", help="archive folder or URL (any fsspec location, such as s3://bucket/path)"
    )
    _filter_options(command)
    command.add_argument(
        "--document-type", metavar="TYPE", help="only uploads of this document type"
    )
    command.add_argument(
        "--refresh", action="store_true", help="update only uploads that are still processing"
    )
    _connection_options(command)


def _report_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("archive", help="archive folder or URL, written by pull")
    command.add_argument("folder", type=Path, help="report folder; an existing report is replaced")
    command.add_argument("--title", metavar="TEXT", help="report title")
    _filter_options(command)
    command.add_argument(
        "--document-type",
        metavar="TYPE",
        action="append",
        help="only uploads of this document type; give it again for several",
    )
    command.add_argument(
        "--external-id", help="like --user, for an external ID that looks like a user ID"
    )
    command.add_argument(
        "--created-from",
        metavar="TIME",
        help="only uploads created at or after TIME (ISO 8601, UTC)",
    )
    command.add_argument(
        "--created-before", metavar="TIME", help="only uploads created before TIME (ISO 8601, UTC)"
    )
    command.add_argument(
        "--levels", metavar="PRESET", help="level preset, such as ocrolus-current (default: argyle)"
    )
    command.add_argument(
        "--ocr", action="store_true", help="include OCR data (may contain personal data)"
    )
    command.add_argument(
        "--xlsx",
        action="store_true",
        help="also write report.xlsx, an Excel workbook of the tables",
    )
    command.add_argument(
        "--excel", action="store_true", help="write CSV files for Excel (UTF-8 BOM, CRLF)"
    )
    command.add_argument(
        "--pii",
        choices=("masked", "hashed", "include"),
        default="masked",
        help="personal data: masked (default), hashed, or include (unmasked)",
    )
    command.add_argument(
        "--salt-file",
        type=Path,
        metavar="FILE",
        help=f"salt for --pii hashed (default: environment variable {SALT_VARIABLE})",
    )
    _output_options(command)


def _check_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("archive", help="archive folder or URL, written by pull")
    command.add_argument(
        "rules", type=Path, help="TOML file of rules, each a table [[rule]] with a kind and a limit"
    )
    command.add_argument(
        "--reviews",
        type=Path,
        metavar="FILE",
        help="review log (default: reviews.sqlite beside the upload log)",
    )
    _output_options(command)


def _filter_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--user", help="only uploads of this external ID or user ID")
    command.add_argument("--account", help="only uploads of this account ID")


def _connection_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--environment", help="sandbox, production, local or a URL")
    command.add_argument("--profile", metavar="NAME", help="profile in the credentials file")
    command.add_argument(
        "--sandbox-folder", type=Path, metavar="DIR", help="data folder of the local sandbox"
    )
    _output_options(command)


def _login_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--profile",
        metavar="NAME",
        default="default",
        help="profile in the credentials file (default: default)",
    )
    command.add_argument(
        "--environment",
        default="sandbox",
        help="sandbox, production or a URL; saved with the key (default: sandbox)",
    )


def _demo_options(command: argparse.ArgumentParser) -> None:
    samples = "(default: the samples that come with argyle_nb)"
    command.add_argument(
        "--documents", type=Path, metavar="DIR", help=f"folder of documents to upload {samples}"
    )
    command.add_argument(
        "--loans",
        type=Path,
        metavar="FILE",
        help=f"CSV file of loans to join, with the column external_id {samples}",
    )
    command.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        default=Path("demo-report"),
        help="report folder; an existing report is replaced (default: demo-report)",
    )
    _quiet_option(command)


def _lab_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        default=Path(),
        help="where to copy notebooks/ and data/; existing files are kept (default: the current "
        "folder)",
    )
    command.add_argument(
        "--copy-only", action="store_true", help="copy the files, and do not start JupyterLab"
    )


def _output_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    _quiet_option(command)


def _quiet_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--quiet", action="store_true", help="show only the result, warnings and errors"
    )


def upload(options: argparse.Namespace) -> int:
    """Upload the documents in a manifest or folder; skip files already uploaded."""
    from argyle_nb.uploads.jobs import check_upload_log  # noqa: PLC0415 - it needs pandas
    from argyle_nb.uploads.manifest import check_manifest  # noqa: PLC0415 - it needs pandas

    check_manifest(options.manifest, document_type=options.document_type, user=options.user)
    check_upload_log(options.upload_log)
    with _connected(options) as client:
        sent = _sent(
            client,
            options.manifest,
            document_type=options.document_type,
            user=options.user,
            upload_log=options.upload_log,
            wait=options.wait,
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
        # The result names these rows.
        warnings.filterwarnings("ignore", r"((None|\d+) of \d+ rows|The row) c(an|ould)")
        sent = anb.upload_batch(client, manifest, **options)
    for warning in told:
        warnings.showwarning(warning.message, warning.category, warning.filename, warning.lineno)
    return sent.assign(reason=sent["reason"].map(in_shell, na_action="ignore").astype("string"))


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
    """Download upload results to an archive, or update those that are still processing."""
    from argyle_nb.archive.pages import PageStore  # noqa: PLC0415 - it needs pandas
    from argyle_nb.models import checked_filters  # noqa: PLC0415 - `--help` should not wait for it

    archive = anb.Archive(options.archive)
    filters = {name: getattr(options, name) for name in ("user", "account", "document_type")}
    if options.refresh and any(filters.values()):
        raise ConfigurationError(
            "--refresh updates every upload that is still processing. Leave out --user, --account "
            "and --document-type."
        )
    checked_filters(None, options.account, options.document_type)
    store = PageStore(options.archive)
    store.check_is_archive()
    with _connected(options) as client:
        if options.refresh:
            uploads = archive.refresh(client, errors="collect").uploads
        else:
            uploads = archive.pull(client, **filters, errors="collect").uploads
        where = _where(client)
        saved = _saved(store, client) if options.refresh else None
    counts = _pulled(uploads)
    if options.json:
        checked = {} if saved is None else {"checked": saved}
        write_json(where | {"archive": options.archive} | checked | counts)
    elif saved is not None and not (len(uploads) or counts["unreadable"]):
        write(_nothing_to_refresh(options.archive, saved))
    else:
        write(
            f"{_counted(len(uploads), 'upload')} of {_counted(counts['borrowers'], 'borrower')}: "
            f"{counts['scored']} scored, {counts['in_progress']} still processing, "
            f"{counts['unreadable']} unreadable"
        )
    return INCOMPLETE if counts["unreadable"] else DONE


def _pulled(uploads: pd.DataFrame) -> dict[str, int]:
    from argyle_nb.scores.reasons import no_score_reasons  # noqa: PLC0415 - it needs pandas

    return {
        "uploads": len(uploads),
        "borrowers": int(uploads["external_id"].fillna(uploads["user"]).nunique()),
        "scored": int(uploads["ocr_authenticity_score"].notna().sum()),
        "in_progress": int((no_score_reasons(uploads) == "in_progress").sum()),
        "unreadable": len(uploads.attrs.get("unreadable", [])),
    }


def _saved(store: PageStore, client: Client) -> int:
    """Count the uploads in an archive that are of this client's environment and key."""
    from argyle_nb.archive.pulling import scope_of  # noqa: PLC0415 - it needs pandas

    scope = scope_of(client.settings)
    return len({i for one in store.entries() if one.scope == scope for i in one.contents.ids})


def _nothing_to_refresh(archive: str, saved: int) -> str:
    if not saved:
        return (
            f"Nothing to refresh: {archive} has no uploads of this environment and key yet. To "
            "download them, leave out --refresh."
        )
    return (
        f"Checked {_counted(saved, 'upload')} in {archive}: none is still processing, so nothing "
        "was downloaded and nothing changed. To download new uploads, leave out --refresh."
    )


def report(options: argparse.Namespace) -> int:
    """Create a report from an archive; it needs no network and no API key."""
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


def check(options: argparse.Namespace) -> int:
    """Check rules on the last whole week of an archive; it needs no network and no API key."""
    if options.rules.is_dir() and Path(options.archive).is_file():
        raise ConfigurationError(
            f"{options.rules} is a folder, and {options.archive} a file: the archive comes first, "
            f"as in argyle-nb check {options.rules} {options.archive}."
        )
    found = anb.check(anb.Archive(options.archive), options.rules, reviews=options.reviews)
    if options.json:
        rows = found.astype(object).where(found.notna(), None).to_dict("records")
        week = {name: found.attrs[name] for name in ("week", "week_has_ended", "weeks_since")}
        write_json({"archive": options.archive, **week, "rules": rows})
    else:
        ended = "" if found.attrs["week_has_ended"] else ", which has not ended"
        since = found.attrs["weeks_since"]
        empty = f"; {since} later weeks have no uploads" if since else ""
        write(f"Week from Monday, {found.attrs['week']} (UTC){ended}{empty}:")
        words = {True: "FAILED", False: "ok"}
        for rule in found.to_dict("records"):
            write(f"{words.get(rule['failed'], 'not checked')}: {rule['rule']}: {rule['words']}")
        if found["failed"].isna().all():
            write("None of the rules could be checked.")
    return RULE_FAILED if found["failed"].any() else DONE


def demo(documents: Path | None, loans: Path | None, folder: Path) -> int:
    """Do the main job once on a sandbox of its own: upload, fetch, report, join with loans."""
    from argyle_nb.report.export import check_report_folder  # noqa: PLC0415 - as above
    from argyle_nb.samples import samples_folder  # noqa: PLC0415 - as above
    from argyle_nb.uploads.manifest import check_manifest  # noqa: PLC0415 - as above

    is_own = documents is not None
    documents = documents or samples_folder() / "data" / "documents"
    if not is_own:
        loans = loans or samples_folder() / "data" / "loans.csv"
    check_manifest(documents)
    check_report_folder(folder)
    known_loans = _loans_of(loans) if loans else None
    with _scratch_sandbox() as (client, scratch):
        upload_log = scratch / "journal.sqlite"
        sent = _sent(client, documents, wait=True, upload_log=upload_log)
        print_batch(sent, **_where(client))
        uploads, signals = anb.fetch(client)
        settings = client.settings
    made = anb.export_report(
        uploads,
        folder,
        signals=signals,
        title=DEMO_TITLE,
        # All people of the samples are fictional.
        pii="masked" if is_own else "include",
        settings=settings,
        xlsx=importlib.util.find_spec("openpyxl") is not None,
    )
    print_levels(uploads)
    if known_loans is not None:
        print_loans(known_loans, uploads)
    print_report(made)
    say('\nNext: "argyle-nb lab" copies the notebooks and samples to this folder and opens them.')
    return DONE


def _loans_of(path: Path) -> pd.DataFrame:
    """Read a table of loans; IDs are text, whatever they look like."""
    import pandas as pd  # noqa: PLC0415 - as above

    try:
        loans = pd.read_csv(path, sep=None, engine="python", dtype={"external_id": "string"})
    except (OSError, ValueError, csv.Error) as error:
        raise ConfigurationError(
            f"{path}: can't read the loans ({error}). Pass a CSV file."
        ) from None
    if "external_id" not in loans:
        raise ConfigurationError(
            f"{path}: there is no column external_id. Name the column of borrowers' IDs so."
        )
    return loans


def login(options: argparse.Namespace) -> int:
    """Ask for an API key, and save it."""
    path = anb.login(options.profile, options.environment)
    write(f"Saved the API key in {path} (profile {options.profile}).")
    return DONE


def lab(folder: Path, *, copy_only: bool) -> int:
    """Copy the notebooks and samples into a folder, and open JupyterLab there until it ends."""
    from argyle_nb.samples import copy_samples  # noqa: PLC0415 - as above

    new, kept = copy_samples(folder)
    if new:
        notebooks = sum(name.startswith("notebooks/") for name in new)
        write(
            f"Copied {_counted(notebooks, 'notebook')} and "
            f"{_counted(len(new) - notebooks, 'sample file')} to {folder.resolve()}."
        )
    if kept:
        differ = "differs" if len(kept) == 1 else "differ"
        write(
            f"Kept {_counted(len(kept), 'file')} that {differ} from this version. To get this "
            "version's, rename or delete:"
        )
        for name in kept:
            write(f"  {folder / name}")
    if not (new or kept):
        write(f"The notebooks and samples are in {folder.resolve()}.")
    return DONE if copy_only else _open_lab(folder.resolve())


def _open_lab(folder: Path) -> int:
    first = min((folder / "notebooks").glob("*.ipynb"), default=folder)
    command = [sys.executable, "-m", "jupyter", "lab", str(first)]
    command.append(f"--ServerApp.root_dir={folder}")
    if is_root():
        command.append("--allow-root")  # in a container there is often no other user
    return subprocess.call(command)  # noqa: S603 - our own interpreter and no shell


def sandbox(arguments: Sequence[str]) -> int:
    """Serve the local sandbox to any program until Ctrl-C."""
    from argyle_nb.connection import serve_sandbox  # noqa: PLC0415 - as above

    return serve_sandbox(arguments)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "upload": upload,
    "pull": pull,
    "report": report,
    "check": check,
    "login": login,
    "demo": lambda options: demo(options.documents, options.loans, options.folder),
    "lab": lambda options: lab(options.folder, copy_only=options.copy_only),
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
            with contextlib.redirect_stdout(sys.stderr):  # as in `_connected`
                client = connect(sandbox_folder=folder)
            with client:
                yield client, Path(name)
        finally:
            stop_sandbox(folder)


def _filters(options: argparse.Namespace) -> dict[str, Any]:
    from argyle_nb.models import checked_id, checked_type  # noqa: PLC0415 - as above

    types = [checked_type(name) for name in options.document_type or []]
    wanted: dict[str, Any] = {"account": checked_id("account", options.account)}
    wanted |= {"document_type": types if len(types) > 1 else next(iter(types), None)}
    wanted |= _borrower(options)
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
            raise ConfigurationError(f"{option} is empty. Name the borrower, or leave it out.")
    if user is None or is_uuid(user):
        return {"user": user, "external_id": external_id}
    if external_id not in (None, user):
        raise ConfigurationError("--user and --external-id name two borrowers. Leave out one.")
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
                f"2026-01-31T09:30, not {limit!r}."
            ) from None
    first, end = times
    if first is not None and end is not None and first >= end:
        raise ConfigurationError(
            f"--created-before {options.created_before} must be later than --created-from "
            f"{options.created_from}."
        )
    return options.created_from, options.created_before


def _salt(options: argparse.Namespace) -> bytes | str | None:
    if options.salt_file is None:
        if options.pii != "hashed":
            return None
        if SALT_VARIABLE not in os.environ:
            raise ConfigurationError(
                f"--pii hashed needs a salt. Pass --salt-file FILE or set {SALT_VARIABLE}."
            )
        return os.environ[SALT_VARIABLE]
    try:
        salt: bytes = options.salt_file.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{options.salt_file}: can't read the salt ({error.strerror}). Check the path."
        ) from None
    return salt.strip()


def print_batch(sent: pd.DataFrame, *, environment: str, base_url: str) -> None:
    """Say how many files are in each state and where, and why some were not uploaded."""
    from argyle_nb.uploads.folders import grouped  # noqa: PLC0415 - it needs pandas

    counts = _counts_of(sent)
    new = counts.pop("uploaded_now")
    words = {"already_at_argyle": "already uploaded"}
    others = [f"{count} {words.get(name, name)}" for name, count in counts.items() if count]
    place = _PLACES.get(environment, environment)
    told = ". ".join(filter(None, [f"{place} ({base_url})", ", ".join(others)]))
    write(f"\nUploaded {new} of {_counted(len(sent), 'file')} to {told}.")
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
    uploads = report.manifest["reconciliation"]["in_report"]
    left_out = report.manifest["left_out"]["rows"]["uploads"]
    write(f"\nReport with {uploads} of {uploads + left_out} uploads written to {report.folder}:")
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
            "The command finished, but its output could not be written to stdout "
            f"({error.strerror})."
        ) from None


def say(text: str, stream: TextIO | None = None) -> None:
    """Tell a person, on stderr unless it was closed before we began."""
    stream = stream or sys.stderr
    if stream is not None:
        stream.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
