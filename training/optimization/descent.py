"""Moves the pixels of one picture down a loss, with L-BFGS or Adam."""

import math
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from training.errors import NotFiniteError
from training.losses import LossParts
from training.optimization.lbfgs import BoundedLbfgs

DescentMethod = Literal["lbfgs", "adam"]
PictureLoss = Callable[[Tensor], tuple[Tensor, LossParts]]

# Of a picture in [0, 1]: L-BFGS finds its own scale; Adam moves every pixel by about this much a step.
LEARNING_RATES: dict[DescentMethod, float] = {"lbfgs": 1.0, "adam": 0.02}


class PictureDescent:
    """One picture on its way down; a step is one evaluation of the loss and its gradient, and one move.

    The picture stays in [0, 1], as in Johnson et al. 2016 (section 4.1), so that what is measured is what can
    be shown.

    Args:
        start: (1, 3, H, W) RGB in [0, 1].
        loss: (1, 3, H, W) -> a scalar with a graph behind it, and its parts as plain numbers for the report.
        method: lbfgs or adam.
        learning_rate: None for the method's own.
    """

    def __init__(
        self,
        start: Tensor,
        loss: PictureLoss,
        *,
        method: DescentMethod = "lbfgs",
        learning_rate: float | None = None,
    ) -> None:
        self.loss = loss
        self.steps_done = 0
        rate = LEARNING_RATES[method] if learning_rate is None else learning_rate
        self._mover: BoundedLbfgs | BoundedAdam
        self._mover = (
            BoundedLbfgs(start, learning_rate=rate)
            if method == "lbfgs"
            else BoundedAdam(start, learning_rate=rate)
        )

    @property
    def image(self) -> Tensor:
        """The picture as it is now, (1, 3, H, W) in [0, 1], a copy; of L-BFGS the last that paid."""
        return self._mover.accepted.clone()

    def step(self) -> LossParts:
        """Evaluate and move once; return the parts of the loss of the picture before the move.

        Raises:
            NotFiniteError: if the loss or its gradient stops being a number. The picture stays what it was.
        """
        found: list[LossParts] = []

        def evaluate(picture: Tensor) -> tuple[float, Tensor]:
            leaf = picture.detach().requires_grad_()
            with torch.enable_grad():
                total, parts = self.loss(leaf)
                (gradient,) = torch.autograd.grad(total, leaf)
            found.append(parts)
            value = total.item()
            if not math.isfinite(value):
                raise NotFiniteError(f"the loss became {value} at step {self.steps_done + 1}")
            if not bool(gradient.isfinite().all()):
                raise NotFiniteError(f"the gradient stopped being a number at step {self.steps_done + 1}")
            return value, gradient.contiguous()

        with torch.no_grad():
            self._mover.step(evaluate)
        self.steps_done += 1
        return found[0]

    def forget(self) -> None:
        """Drop what the method remembers of the way so far, for a loss that has changed."""
        self._mover.forget()

    def state_dict(self) -> dict[str, Any]:
        """Return what a later process needs to go on exactly: plain values and tensors."""
        return {**self._mover.state_dict(), "steps_done": self.steps_done}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned; the picture must be of the same size."""
        self._mover.load_state_dict(state)
        self.steps_done = int(state["steps_done"])


class BoundedAdam:
    """Adam (Kingma and Ba 2015) for a picture that is brought back into [0, 1] after every move."""

    def __init__(self, start: Tensor, *, learning_rate: float) -> None:
        self.accepted = start.detach().clone(memory_format=torch.contiguous_format)
        self._optimizer = torch.optim.Adam([self.accepted], lr=learning_rate)

    def step(self, evaluate: Callable[[Tensor], tuple[float, Tensor]]) -> None:
        """Evaluate and move once."""
        _, self.accepted.grad = evaluate(self.accepted)
        self._optimizer.step()
        self.accepted.grad = None
        self.accepted.clamp_(0, 1)

    def forget(self) -> None:
        """Drop the means of the gradients."""
        self._optimizer.state.clear()

    def state_dict(self) -> dict[str, Any]:
        """Return the picture and the means."""
        return {"accepted": self.accepted.clone(), "optimizer": self._optimizer.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly from what `state_dict` returned."""
        self.accepted.copy_(state["accepted"])
        self._optimizer.load_state_dict(state["optimizer"])
