"""``argyle-nb demo | lab | sandbox``: the main job, JupyterLab and a local Argyle."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from argyle_nb.errors import ArgyleError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from argyle_nb.client import Client

DEMO_TITLE = "argyle_nb demo (local sandbox: the scores are a stand-in for those of Ocrolus)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; exit status 0 for success, 1 for an error that is told on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:1] == ["sandbox"]:  # it has a parser of its own
            return sandbox(words[1:])
        options = _parser().parse_args(words)
        return int(options.run(options))
    except ArgyleError as error:
        print(f"argyle-nb: {error}", file=sys.stderr)
        return 1


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
    import argyle_nb as anb  # noqa: PLC0415 - `--help` should not wait for pandas

    with _scratch_sandbox() as (client, scratch):
        sent = anb.upload_batch(client, manifest, journal=scratch / "journal.sqlite")
        _print_batch(sent)
        records = client.wait(map(client.get_upload, sent["upload_id"].dropna()))
        frame, signals = anb.flatten(records, accounts=client.list_accounts(), sent=sent)
    report = anb.export_report(frame, folder, signals=signals, title=DEMO_TITLE)
    _print_levels(frame)
    print("\nReport:")
    for path in report.files.values():
        print(f"  {path}")
    return 0


def lab(folder: Path) -> int:
    """Open JupyterLab on a folder of notebooks and stay until it ends."""
    command = [sys.executable, "-m", "jupyter", "lab", f"--notebook-dir={folder}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container there is often nobody else
    return subprocess.call(command)  # noqa: S603 - our own interpreter and no shell


def sandbox(arguments: Sequence[str]) -> int:
    """Serve a local Argyle to any program until Ctrl-C."""
    from argyle_nb.connection import serve_sandbox  # noqa: PLC0415 - as in `demo`

    return serve_sandbox(arguments)


@contextmanager
def _scratch_sandbox() -> Iterator[tuple[Client, Path]]:
    """Give a client of a local sandbox whose folder is removed afterwards."""
    from argyle_nb.connection import connect, stop_sandbox  # noqa: PLC0415 - as in `demo`

    with tempfile.TemporaryDirectory(prefix="argyle_nb_demo_") as name:
        folder = Path(name) / "sandbox"
        try:
            with connect(sandbox_folder=folder) as client:
                yield client, Path(name)
        finally:
            stop_sandbox(folder)


def _print_batch(sent: pd.DataFrame) -> None:
    counts = sent["state"].value_counts()
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    print(f"\n{len(sent)} files in the manifest: {told}")
    for row in sent[sent["state"] != "done"].itertuples():
        print(f"  {row.state}: {Path(str(row.file)).name} {row.reason}")


def _print_levels(frame: pd.DataFrame) -> None:
    import pandas as pd  # noqa: PLC0415 - as above

    level = frame["authenticity_level"].cat.add_categories("no score").fillna("no score")
    table = pd.crosstab(
        frame["document_type"], level, margins=True, margins_name="all", dropna=False
    )
    print(f"\nUploads per document type and authenticity level ({frame.attrs['levels']}):")
    print(table.rename_axis(columns=None).to_string())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="argyle-nb", description="Argyle user uploads")
    commands = parser.add_subparsers(required=True, metavar="command")
    demo_parser = commands.add_parser("demo", help="the main job on a local sandbox")
    demo_parser.add_argument("--manifest", type=Path, default=Path("data/manifest.csv"))
    demo_parser.add_argument("--folder", type=Path, default=Path("demo-report"))
    demo_parser.set_defaults(run=lambda options: demo(options.manifest, options.folder))
    lab_parser = commands.add_parser("lab", help="JupyterLab on the notebooks")
    lab_parser.add_argument("--folder", type=Path, default=Path("notebooks"))
    lab_parser.set_defaults(run=lambda options: lab(options.folder))
    commands.add_parser("sandbox", help="a local Argyle for any program")
    return parser


if __name__ == "__main__":
    sys.exit(main())
