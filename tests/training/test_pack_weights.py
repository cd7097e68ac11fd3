from pathlib import Path

import torch

from training.checkpoint import load_checkpoint, pack_weights, save_checkpoint


def test_packed_weights_come_back_within_half_a_step_of_their_kernel(tmp_path: Path) -> None:
    torch.manual_seed(0)
    kernel = torch.randn(8, 4, 3, 3) * torch.logspace(-4, 2, 8).view(-1, 1, 1, 1)
    kernel[3], kernel[2, 1, 0, 0] = 0, 40  # far beyond the rest of its channel
    weights = {"conv.weight": kernel, "conv.bias": torch.randn(8), "scale": torch.tensor(3.5)}
    packed = pack_weights(weights)
    assert packed["conv.weight"].dtype == torch.int8
    save_checkpoint(tmp_path / "a.pt", {"kind": "decoder", "weights": packed})
    back = load_checkpoint(tmp_path / "a.pt")["weights"]
    assert set(back) == set(weights)
    assert torch.equal(back["conv.bias"], weights["conv.bias"]) and float(back["scale"]) == 3.5
    step = kernel.flatten(2).abs().amax(dim=2) / 127
    off = (back["conv.weight"] - kernel).flatten(2).abs().amax(dim=2)
    assert (off <= 0.501 * step + 2**-18).all()  # halves are no finer where kernels are next to nothing


def test_files_with_a_scale_for_each_channel_are_still_read(tmp_path: Path) -> None:
    levels, scale = torch.arange(-3, 3, dtype=torch.int8).view(3, 2, 1, 1), torch.tensor([0.5, 1, 2])
    weights = {"conv.weight": levels, "conv.weight@scale": scale}
    save_checkpoint(tmp_path / "a.pt", {"kind": "decoder", "weights": weights})
    back = load_checkpoint(tmp_path / "a.pt")["weights"]
    assert back["conv.weight"].flatten().tolist() == [-1.5, -1, -1, 0, 2, 4]
