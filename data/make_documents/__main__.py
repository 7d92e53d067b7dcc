"""``python -m data.make_documents [folder]`` writes the sample documents."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from data.make_documents.corpus import DEFAULT_FOLDER, write_samples

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the sample documents to the folder named first, or to ``data/documents``."""
    named = list(sys.argv[1:] if arguments is None else arguments)
    folder = Path(named[0]) if named else DEFAULT_FOLDER
    samples = write_samples(folder)
    sys.stdout.write(f"{len(samples)} documents in {folder}\n")


if __name__ == "__main__":
    main()
