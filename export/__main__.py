"""`python -m export`."""

import sys

from export.cli import app
from export.console import run

if __name__ == "__main__":
    sys.exit(run(app))
