"""The words of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

EXIT_CODES = """exit status:
  0    done
  1    an error, told in one line on stderr
  2    a command that cannot be understood
  3    done, but some documents were not taken, or some records could not be read
  130  interrupted; run it again to go on

The key comes from ARGYLE_API_KEY_ID and ARGYLE_API_KEY_SECRET or from the credentials file, never
from the command line. Results are on stdout, everything else on stderr.
"""


def parser() -> argparse.ArgumentParser:
    """Make the parser of all commands but ``sandbox``, which has its own.

    Examples
    --------
    >>> parser().parse_args(["report", "archive", "out", "--json"]).json
    True
    """
    top = argparse.ArgumentParser(
        prog="argyle-nb",
        description="Argyle user uploads: send documents, fetch what was found, report on it.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = top.add_subparsers(required=True, metavar="command", dest="command")
    _upload(_command(commands, "upload", "send the documents of a manifest or folder, each once"))
    _pull(_command(commands, "pull", "list uploads into an archive"))
    _report(_command(commands, "report", "report on an archive, without a network"))
    demo = _command(commands, "demo", "the main job on a local sandbox")
    demo.add_argument("--manifest", type=Path, default=Path("data/manifest.csv"))
    demo.add_argument("--folder", type=Path, default=Path("demo-report"))
    _command(commands, "sandbox", "a local Argyle for any program")
    lab = _command(commands, "lab", "JupyterLab on the notebooks")
    lab.add_argument("--folder", type=Path, default=Path("notebooks"))
    return top


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, told: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=told,
        description=told,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _upload(command: argparse.ArgumentParser) -> None:
    command.add_argument("manifest", type=Path, help="a CSV file (file, document_type, user)")
    command.add_argument("--document-type", help="of every document that has none of its own")
    command.add_argument("--user", help="of every document that has none of its own")
    command.add_argument("--journal", type=Path, help="SQLite file that remembers what was sent")
    _connection(command)


def _pull(command: argparse.ArgumentParser) -> None:
    command.add_argument("archive", help="a folder, or a URL that fsspec knows")
    _rows(command)
    command.add_argument(
        "--refresh", action="store_true", help="ask again for uploads still in progress"
    )
    _connection(command)


def _report(command: argparse.ArgumentParser) -> None:
    command.add_argument("archive", help="what pull wrote")
    command.add_argument("folder", type=Path, help="the report's own; replaced as a whole")
    command.add_argument("--title", help="heads the page")
    _rows(command)
    command.add_argument("--since", metavar="TIME", help="created_at from this ISO-8601 time (UTC)")
    command.add_argument("--before", metavar="TIME", help="created_at before this time")
    command.add_argument("--levels", help="preset of the levels, such as ocrolus-current")
    command.add_argument("--ocr", action="store_true", help="also what was read from documents")
    command.add_argument("--excel", action="store_true", help="byte order mark and CR LF")
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
    _json(command)


def _rows(command: argparse.ArgumentParser) -> None:
    command.add_argument("--user", help="of this user's id only")
    command.add_argument("--account", help="of this account only")
    command.add_argument("--document-type", help="of this type only")


def _connection(command: argparse.ArgumentParser) -> None:
    command.add_argument("--environment", help="sandbox, production, local or a URL")
    command.add_argument("--profile", help="a table of the credentials file")
    command.add_argument("--sandbox-folder", type=Path, help="where the local sandbox keeps things")
    _json(command)


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="the result as JSON on stdout")
