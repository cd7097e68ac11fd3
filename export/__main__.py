"""`python -m export`, and `python -m export benchmark`."""

import sys

from export import benchmark_command, cli
from realtime.console import run_command

if __name__ == "__main__":
    if sys.argv[1:2] == ["benchmark"]:
        sys.exit(run_command(benchmark_command.app, sys.argv[2:], program="python -m export benchmark"))
    sys.exit(run_command(cli.app, program="python -m export"))
