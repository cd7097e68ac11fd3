from collections.abc import Callable

import pytest
import torch
from torch.multiprocessing.spawn import ProcessRaisedException

from training.devices import Placement, choose_precision
from training.errors import DataError


@pytest.mark.parametrize(("computes", "precision"), [(True, "bf16"), (False, "fp32")])
def test_a_gpu_that_only_emulates_bf16_trains_in_fp32(
    computes: bool, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def supported(including_emulation: bool = True) -> bool:
        return including_emulation or computes

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert choose_precision("cuda", "auto") == precision
    assert choose_precision("cuda", "bf16") == "bf16"


class FailingFabric:
    """Brings over the error of another process as torch does: as printed."""

    def __init__(self, last_line: str) -> None:
        self.text = f"\n\n-- Process 1 terminated with the following error:\nTraceback ...\n{last_line}\n"

    def launch(self, *_: Callable[..., None]) -> None:
        raise ProcessRaisedException(self.text, 1, 4711)


def test_a_mistake_of_the_user_s_in_another_process_is_told_as_in_this_one() -> None:
    place = Placement("cpu", "fp32")
    place.fabric = FailingFabric("training.errors.DataError: no folder at x: --content wants photographs")
    with pytest.raises(DataError, match=r"^no folder at x: --content wants photographs$"):
        place.launch(lambda _: None)


@pytest.mark.parametrize(
    "line", ["ValueError: training.errors.DataError: no folder", "KeyError: 'annotations'"]
)
def test_what_nobody_foresaw_in_another_process_stays_what_it_is(line: str) -> None:
    place = Placement("cpu", "fp32")
    place.fabric = FailingFabric(line)
    with pytest.raises(ProcessRaisedException, match=r"Traceback"):
        place.launch(lambda _: None)
