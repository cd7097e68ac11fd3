"""SOAP: Adam in the directions in which a layer's gradients vary. Vyas et al. 2024, arXiv:2409.11321.

For these networks a step's cost is the feature network's; what the optimiser itself computes is nothing
beside it, and a better direction saves whole steps.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

# Beyond, a side of a weight keeps its own axes: the basis would cost more than it gains.
MAX_SIDE = 2048


class Soap(torch.optim.Optimizer):
    """SOAP for the weights of convolutions and matrices, Adam for vectors (biases, instance norms).

    A convolution's weight, (O, I, K, K), is taken as a matrix G of (O, I*K*K). Its two covariances,
    means of G G^T and G^T G over the last steps (Shampoo's), have eigenvectors Q_L and Q_R; Adam runs
    on Q_L^T G Q_R. The eigenvectors follow by one power iteration every few steps.

    Args:
        parameters: that are trained.
        lr: learning rate.
        betas: decay of the mean gradient, and of its mean square.
        basis_beta: decay of the covariances.
        basis_every: steps between two renewals of the eigenvectors.
        eps: added to the root of the mean square.
        max_side: a longer side of a weight keeps its own axes; None for `MAX_SIDE`.
        half_products: turn gradients in bfloat16, where the machine multiplies that faster: 1 in 400 off, far
            less than what gradients of a few photographs differ by.
    Raises:
        ValueError: if the learning rate is not above 0.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float = 3e-3,
        *,
        betas: tuple[float, float] = (0.95, 0.95),
        basis_beta: float = 0.95,
        basis_every: int = 5,
        eps: float = 1e-8,
        max_side: int | None = None,
        half_products: bool = False,
    ) -> None:
        if not lr > 0:
            raise ValueError(f"the learning rate must be above 0, instead got {lr}")
        super().__init__(parameters, {"lr": lr})
        self._betas, self._eps = betas, eps
        self._basis_beta, self._basis_every = basis_beta, basis_every
        self._max_side = MAX_SIDE if max_side is None else max_side
        self._products = "medium" if half_products else None

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move every parameter once; the first step only learns the directions."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        with _matmul_precision(self._products):
            for group in self.param_groups:
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        self._move(parameter, group["lr"])
        return loss

    def _move(self, parameter: nn.Parameter, rate: float) -> None:
        gradient = parameter.grad
        assert gradient is not None
        gradient = gradient.float()
        if gradient.ndim > 1:
            gradient = gradient.reshape(len(gradient), -1)  # (O, I*K*K)
        state = self.state[parameter]
        if not state:
            self._begin(state, gradient)
            return
        state["moves"] += 1
        mean_beta, square_beta = self._betas
        state["mean"].lerp_(gradient, 1 - mean_beta)
        rotated = _to_basis(state, gradient)
        state["square"].mul_(square_beta).addcmul_(rotated, rotated, value=1 - square_beta)
        # Adam's corrections for means that began at zero (Kingma and Ba 2015, algorithm 1).
        mean = _to_basis(state, state["mean"]) / (1 - mean_beta ** state["moves"])
        root = (state["square"] / (1 - square_beta ** state["moves"])).sqrt_()
        update = _from_basis(state, mean / root.add_(self._eps))
        parameter.add_(update.reshape(parameter.shape).to(parameter.dtype), alpha=-rate)
        self._follow(state, gradient)

    def _begin(self, state: dict[str, Any], gradient: Tensor) -> None:
        state["moves"] = 0
        state["mean"] = torch.zeros_like(gradient)
        state["square"] = torch.zeros_like(gradient)
        for side, covariance in self._covariances(gradient).items():
            state[f"{side}_covariance"] = covariance
            state[f"{side}_basis"] = _eigenvectors(covariance)

    def _follow(self, state: dict[str, Any], gradient: Tensor) -> None:
        for side, covariance in self._covariances(gradient).items():
            state[f"{side}_covariance"].lerp_(covariance, 1 - self._basis_beta)
            if state["moves"] % self._basis_every == 0:
                turned = state[f"{side}_covariance"] @ state[f"{side}_basis"]
                state[f"{side}_basis"] = torch.linalg.qr(turned)[0]

    def _covariances(self, gradient: Tensor) -> dict[str, Tensor]:
        if gradient.ndim != 2:
            return {}
        sides = {"left": gradient, "right": gradient.T}
        return {name: side @ side.T for name, side in sides.items() if len(side) <= self._max_side}


@contextmanager
def _matmul_precision(wanted: str | None) -> Iterator[None]:
    """Multiply float32 matrices in this precision of torch's for a while; None for that which is set."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(wanted or before)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _eigenvectors(covariance: Tensor) -> Tensor:
    """Return those of a symmetric matrix, as columns; of one that is no number, some basis."""
    # A gradient that is no number shall be told of by the loss, not by the eigenvectors.
    finite = covariance.double().nan_to_num(0, 0, 0)
    try:
        found: Tensor = torch.linalg.eigh(finite / finite.abs().max().clamp_min(1e-300))[1]
    except RuntimeError:  # LAPACK gives up where many are alike; the basis is turned soon anyway
        found = torch.eye(len(finite), dtype=finite.dtype, device=finite.device)
    return found.to(covariance.dtype)


def _to_basis(state: dict[str, Any], matrix: Tensor) -> Tensor:
    if "left_basis" in state:
        matrix = state["left_basis"].T @ matrix
    return matrix @ state["right_basis"] if "right_basis" in state else matrix


def _from_basis(state: dict[str, Any], matrix: Tensor) -> Tensor:
    if "left_basis" in state:
        matrix = state["left_basis"] @ matrix
    return matrix @ state["right_basis"].T if "right_basis" in state else matrix
