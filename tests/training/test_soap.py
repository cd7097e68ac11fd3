from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from training.checkpoint import load_checkpoint, save_checkpoint
from training.soap import Soap, _eigenvectors


def stretched_problem() -> tuple[nn.Parameter, Tensor, Tensor, Tensor]:
    """A weight's loss ||L (W - T) R||^2 with L and R of condition 100, in directions that no axis has."""
    torch.manual_seed(0)

    def stretch(side: int) -> Tensor:
        turn = torch.linalg.qr(torch.randn(side, side))[0]
        return turn @ torch.diag(torch.logspace(0, 2, side)) @ turn.T

    return nn.Parameter(torch.zeros(8, 12)), torch.randn(8, 12), stretch(8), stretch(12)


def descend(optimizer: torch.optim.Optimizer, steps: int) -> float:
    weight, target, left, right = PROBLEM
    first = 0.0
    for step in range(steps):
        optimizer.zero_grad()
        loss = (left @ (weight - target) @ right).square().mean()
        first = first or loss.item()
        loss.backward()  # type: ignore[no-untyped-call]
        for group in optimizer.param_groups:
            group["lr"] = 0.1 * (1 - step / steps)
        optimizer.step()
    return (left @ (weight - target) @ right).square().mean().item() / first


PROBLEM = stretched_problem()


def test_it_goes_where_adam_does_not_when_no_axis_is_a_direction_of_the_problem() -> None:
    weight = PROBLEM[0]
    remainders = []
    for make in (lambda: Soap([weight]), lambda: torch.optim.Adam([weight])):
        with torch.no_grad():
            weight.zero_()
        remainders.append(descend(make(), 300))
    assert remainders[0] < 1e-3
    assert remainders[0] < remainders[1] / 10


def test_coarse_products_lead_there_too_and_leave_torch_as_it_was() -> None:
    weight, before = PROBLEM[0], torch.get_float32_matmul_precision()
    with torch.no_grad():
        weight.zero_()
    assert descend(Soap([weight], half_products=True), 300) < 1e-3
    assert torch.get_float32_matmul_precision() == before


def test_a_vector_moves_as_adam_moves_it() -> None:
    torch.manual_seed(0)
    ours, theirs = (nn.Parameter(torch.ones(5)) for _ in range(2))
    soap = Soap([ours], lr=0.01, betas=(0.9, 0.99))
    adam = torch.optim.Adam([theirs], lr=0.01, betas=(0.9, 0.99))
    ours.grad = torch.ones(5)
    soap.step()  # learns the directions; a vector has none
    assert torch.equal(ours.detach(), torch.ones(5))
    for _ in range(10):
        ours.grad = theirs.grad = torch.randn(5)
        soap.step()
        adam.step()
    torch.testing.assert_close(ours, theirs)


def make_net() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.InstanceNorm2d(4, affine=True), nn.Conv2d(4, 3, 1))


def practise(network: nn.Module, optimizer: Soap, steps: range) -> None:
    for step in steps:
        image = torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        network(image).square().mean().backward()
        optimizer.step()


def test_a_resumed_run_is_the_same_to_the_bit(tmp_path: Path) -> None:
    whole = make_net()
    practise(whole, Soap(whole.parameters()), range(14))
    network = make_net()
    optimizer = Soap(network.parameters())
    practise(network, optimizer, range(7))
    save_checkpoint(
        tmp_path / "half.pt", {"weights": network.state_dict(), "optimizer": optimizer.state_dict()}
    )
    content = load_checkpoint(tmp_path / "half.pt")
    resumed = make_net()
    resumed.load_state_dict(content["weights"])
    optimizer = Soap(resumed.parameters())
    optimizer.load_state_dict(content["optimizer"])
    practise(resumed, optimizer, range(7, 14))
    for ours, theirs in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_side_that_is_too_long_keeps_its_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.soap.MAX_SIDE", 10)
    weight = nn.Parameter(torch.ones(4, 11))
    optimizer = Soap([weight])
    for _ in range(7):
        weight.grad = torch.randn(4, 11)
        optimizer.step()
    assert optimizer.state[weight]["left_basis"].shape == (4, 4)
    assert "right_basis" not in optimizer.state[weight]
    assert torch.isfinite(weight).all()


def test_a_gradient_of_zero_leaves_a_weight_where_it_is() -> None:
    weight = nn.Parameter(torch.ones(4, 3, 3, 3))
    optimizer = Soap([weight])
    for _ in range(7):
        weight.grad = torch.zeros_like(weight)
        optimizer.step()
    assert torch.equal(weight.detach(), torch.ones(4, 3, 3, 3))


def test_a_learning_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Soap([nn.Parameter(torch.ones(2))], lr=0)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), 0.0])
def test_a_covariance_that_is_no_number_still_gives_a_basis(odd: float) -> None:
    basis = _eigenvectors(torch.full((3, 3), odd))
    torch.testing.assert_close(basis @ basis.T, torch.eye(3))
