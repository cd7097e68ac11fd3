import subprocess
import sys

import pytest

# As a training step does: large tensors of several sizes, in MiB, made and freed again and again.
STEPS = """
import resource, sys, torch
from training.memory import keep_freed_memory
torch.set_num_threads(1)
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def step():
    held = [torch.ones(count << 18) for count in (1, 5, 36, 40)]
    return sum(float(tensor[0]) for tensor in held)
for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    line = [sys.executable, "-c", STEPS, how]
    return int(subprocess.run(line, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc can be told")
def test_memory_that_is_freed_is_not_given_back_to_be_cleared_again() -> None:
    assert page_faults("keep") < 0.1 * page_faults("let go")
