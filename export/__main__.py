"""`python -m export`, `python -m export benchmark` and `python -m export segmentation`."""

import sys

from export import benchmark_command, cli, segmentation_command
from realtime.console import run_command

if __name__ == "__main__":
    apps = {"benchmark": benchmark_command.app, "segmentation": segmentation_command.app}
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in apps:
        sys.exit(run_command(apps[name], sys.argv[2:], program=f"python -m export {name}"))
    sys.exit(run_command(cli.app, program="python -m export"))
