import pytest
import torch

from training.devices import choose_precision


@pytest.mark.parametrize(("computes", "precision"), [(True, "bf16"), (False, "fp32")])
def test_a_gpu_that_only_emulates_bf16_trains_in_fp32(
    computes: bool, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def supported(including_emulation: bool = True) -> bool:
        return including_emulation or computes

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert choose_precision("cuda", "auto") == precision
    assert choose_precision("cuda", "bf16") == "bf16"
