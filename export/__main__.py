"""`python -m export`."""

import sys

from export.cli import app
from realtime.console import run_command

if __name__ == "__main__":
    sys.exit(run_command(app, program="python -m export"))
