import io

import pytest
import torch
from torch import Tensor

from training.errors import NotFiniteError
from training.losses import LossParts
from training.optimization.descent import DescentMethod, PictureDescent, PictureLoss
from training.optimization.lbfgs import BoundedLbfgs

METHODS: tuple[DescentMethod, ...] = ("lbfgs", "adam")


def picture(seed: int = 0, size: int = 8) -> Tensor:
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(seed))


def towards(target: Tensor, *, stretch: float = 100.0) -> PictureLoss:
    """A badly scaled bowl: some pixels count `stretch` times as much as others."""
    scale = torch.linspace(1.0, stretch, target.numel()).view(target.shape)

    def loss(image: Tensor) -> tuple[Tensor, LossParts]:
        total = (scale * (image - target).square()).sum()
        return total, {"total": total.item()}

    return loss


@pytest.mark.parametrize("method", METHODS)
def test_the_picture_reaches_a_target_inside_the_box(method: DescentMethod) -> None:
    target = 0.1 + 0.8 * picture(1)
    descent = PictureDescent(picture(), towards(target), method=method)
    for _ in range(60 if method == "lbfgs" else 400):
        descent.step()
    torch.testing.assert_close(descent.image, target, atol=2e-3, rtol=0)


@pytest.mark.parametrize("method", METHODS)
def test_where_the_target_is_outside_the_picture_stops_at_white_and_black(method: DescentMethod) -> None:
    target = 3 * picture(1) - 1  # a third below 0, a third above 1
    descent = PictureDescent(picture(), towards(target), method=method)
    for _ in range(60 if method == "lbfgs" else 400):
        descent.step()
        assert descent.image.min() >= 0 and descent.image.max() <= 1
    torch.testing.assert_close(descent.image, target.clamp(0, 1), atol=2e-3, rtol=0)


def test_lbfgs_needs_far_fewer_steps_than_adam() -> None:
    losses = {}
    for method in METHODS:
        descent = PictureDescent(picture(), towards(picture(1)), method=method)
        losses[method] = [descent.step()["total"] for _ in range(40)][-1]
    assert losses["lbfgs"] < 0.01 * losses["adam"]


def test_a_curved_valley_with_bounds_is_walked_to_its_end_without_climbing() -> None:
    def rosenbrock(image: Tensor) -> tuple[Tensor, LossParts]:
        x, y = 2 * image[..., ::2] - 0.5, 2 * image[..., 1::2] - 0.5  # the minimum is at x = y = 1
        total = (100 * (y - x.square()).square() + (1 - x).square()).sum()
        return total, {"total": total.item()}

    descent = PictureDescent(torch.full((1, 3, 4, 4), 0.1), rosenbrock)
    best = []
    for _ in range(300):
        descent.step()
        best.append(rosenbrock(descent.image)[1]["total"])
    assert best[-1] < 1e-6
    torch.testing.assert_close(descent.image, torch.full((1, 3, 4, 4), 0.75), atol=1e-3, rtol=0)


def test_a_move_that_does_not_pay_is_taken_back_and_tried_shorter() -> None:
    seen: list[float] = []

    def evaluate(image: Tensor) -> tuple[float, Tensor]:
        seen.append(float(image.mean()))
        # Steep at the start, and a wall behind 0.5: the first moves land beyond it.
        value = image.mean()
        loss = 1 - float(value) if value < 0.5 else 5.0
        return loss, -torch.ones_like(image) / image.numel()

    mover = BoundedLbfgs(torch.full((1, 3, 2, 2), 0.49))
    accepted = []
    for _ in range(6):
        mover.step(evaluate)
        accepted.append(float(mover.accepted.mean()))
    assert seen[1] > 0.5 > seen[2] > 0.49  # 0.51 is refused, 0.498 taken
    assert all(value < 0.5 for value in accepted)
    assert accepted[-1] > 0.49


def test_a_loss_that_shakes_a_little_is_still_descended() -> None:
    chance = torch.Generator().manual_seed(0)
    target = 3 * picture(1) - 1
    exact = towards(target, stretch=10.0)

    def shaking(image: Tensor) -> tuple[Tensor, LossParts]:
        total, _ = exact(image)
        noisy = total * (1 + 2e-3 * float(torch.randn((), generator=chance)))
        return noisy, {"total": noisy.item()}

    descent = PictureDescent(picture(), shaking)
    for _ in range(120):
        descent.step()
    best = exact(target.clamp(0, 1))[1]["total"]
    assert exact(descent.image)[1]["total"] < 1.02 * best


@pytest.mark.parametrize("method", METHODS)
def test_a_resumed_descent_goes_on_exactly(method: DescentMethod) -> None:
    whole = PictureDescent(picture(), towards(picture(1)), method=method)
    for _ in range(12):
        whole.step()
    first = PictureDescent(picture(), towards(picture(1)), method=method)
    for _ in range(7):
        first.step()
    stored = io.BytesIO()
    torch.save(first.state_dict(), stored)
    first.step()  # what goes on here does not reach what was saved
    stored.seek(0)
    second = PictureDescent(picture(5), towards(picture(1)), method=method)
    second.load_state_dict(torch.load(stored, weights_only=True))
    for _ in range(5):
        second.step()
    assert second.steps_done == 12
    assert torch.equal(second.image, whole.image)


@pytest.mark.parametrize("method", METHODS)
def test_a_loss_that_is_no_number_names_the_step_and_keeps_the_picture(method: DescentMethod) -> None:
    inner = towards(picture(1))
    calls = 0

    def breaks(image: Tensor) -> tuple[Tensor, LossParts]:
        nonlocal calls
        calls += 1
        total, parts = inner(image)
        return total * (float("nan") if calls == 4 else 1.0), parts

    descent = PictureDescent(picture(), breaks, method=method)
    for _ in range(3):
        descent.step()
    before = descent.image
    with pytest.raises(NotFiniteError, match="at step 4"):
        descent.step()
    assert torch.equal(descent.image, before) and bool(before.isfinite().all())


def test_a_gradient_that_is_no_number_is_an_error_too() -> None:
    def root(image: Tensor) -> tuple[Tensor, LossParts]:
        total = (image * 0).sqrt().sum()  # 0, with a slope of infinity times 0
        return total, {"total": total.item()}

    with pytest.raises(NotFiniteError, match="gradient stopped being a number at step 1"):
        PictureDescent(picture(), root).step()


def test_the_start_is_left_alone() -> None:
    start = picture()
    kept = start.clone()
    for method in METHODS:
        descent = PictureDescent(start, towards(picture(1)), method=method)
        for _ in range(3):
            descent.step()
    assert torch.equal(start, kept)


def test_after_forgetting_another_loss_is_descended_from_where_the_picture_is() -> None:
    target = picture(1)

    def loss(image: Tensor) -> tuple[Tensor, LossParts]:
        total = (image - target).square().sum()
        return total, {"total": total.item()}

    descent = PictureDescent(picture(), loss)
    for _ in range(30):
        descent.step()
    there = descent.image
    target = picture(2)
    descent.forget()
    assert torch.equal(descent.image, there)
    for _ in range(30):
        descent.step()
    torch.testing.assert_close(descent.image, target, atol=1e-3, rtol=0)
