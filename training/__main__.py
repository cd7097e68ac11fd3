"""`python -m training`."""

import sys

from training.cli import app
from training.console import run

if __name__ == "__main__":
    sys.exit(run(app))
