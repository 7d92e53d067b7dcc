"""``python -m argyle_nb`` is the command ``argyle-nb``."""

import sys

from argyle_nb.cli import main

if __name__ == "__main__":
    sys.exit(main())
