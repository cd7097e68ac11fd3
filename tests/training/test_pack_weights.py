from pathlib import Path

import torch

from training.checkpoint import load_checkpoint, pack_weights, save_checkpoint


def test_packed_weights_come_back_within_half_a_step_of_their_channel(tmp_path: Path) -> None:
    torch.manual_seed(0)
    kernel = torch.randn(8, 4, 3, 3) * torch.logspace(-4, 2, 8).view(-1, 1, 1, 1)
    kernel[3] = 0
    weights = {"conv.weight": kernel, "conv.bias": torch.randn(8), "scale": torch.tensor(3.5)}
    packed = pack_weights(weights)
    assert packed["conv.weight"].dtype == torch.int8
    save_checkpoint(tmp_path / "a.pt", {"kind": "decoder", "weights": packed})
    back = load_checkpoint(tmp_path / "a.pt")["weights"]
    assert set(back) == set(weights)
    assert torch.equal(back["conv.bias"], weights["conv.bias"]) and float(back["scale"]) == 3.5
    step = kernel.flatten(1).abs().amax(dim=1) / 127
    assert ((back["conv.weight"] - kernel).flatten(1).abs().amax(dim=1) <= 0.501 * step).all()
