import pytest
import torch

from training.half_gram import half_gram_matrix


def rows_of(positions: int, channels: int = 8) -> torch.Tensor:
    chance = torch.Generator().manual_seed(positions)
    return torch.randn(2, positions, channels, generator=chance).relu().bfloat16()


@pytest.mark.parametrize("positions", [1, 15, 16, 17, 4096, 6401])
def test_it_is_the_gram_matrix_to_a_thousandth(positions: int) -> None:
    rows = rows_of(positions)
    exact = rows.double().mT @ rows.double() / (positions * 8)
    found = half_gram_matrix(rows)
    assert found.dtype == torch.float32
    error = (found.double() - exact).flatten(1).norm(dim=1) / exact.flatten(1).norm(dim=1).clamp_min(1e-9)
    # A sum that is rounded once to bfloat16, as those of one position are, is off by up to 1 in 256.
    assert error.max() < (1e-3 if positions >= 4096 else 8e-3)


def test_many_positions_do_not_drown_what_comes_last() -> None:
    # In bfloat16 256 + 1 is 256: a sum kept in it would stop growing.
    rows = torch.ones(1, 100_000, 1).bfloat16()
    torch.testing.assert_close(half_gram_matrix(rows), torch.ones(1, 1, 1), rtol=4e-3, atol=0)


@pytest.mark.parametrize("positions", [5, 40])
def test_its_gradient_is_autograd_s_own(positions: int) -> None:
    rows = rows_of(positions)
    towards = torch.randn(2, 8, 8, generator=torch.Generator().manual_seed(1))
    mine, autograd = rows.clone().requires_grad_(), rows.double().requires_grad_()
    (half_gram_matrix(mine) * towards).sum().backward()  # type: ignore[no-untyped-call]
    gram = autograd.mT @ autograd / (positions * 8)
    (gram * towards.double()).sum().backward()
    assert mine.grad is not None and autograd.grad is not None and mine.grad.dtype == torch.bfloat16
    torch.testing.assert_close(mine.grad.double(), autograd.grad, rtol=2e-2, atol=2e-4)
