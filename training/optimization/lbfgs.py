"""L-BFGS for a picture, whose every pixel stays in [0, 1].

torch's L-BFGS knows no bounds. Clipping the picture behind its back works for a while; then, where much of a
picture is pure white or black, what it remembers no longer fits where it is, and the loss climbs.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

# Pairs of moves and gradient changes that are remembered: two pictures of float32 each.
_MEMORY = 20
# The first move, before anything is known of the curvature: the mean square root of the pixels' changes.
_FIRST_MOVE = 0.02
# A move must bring this share of what the slope promises (Armijo), measured from the worst of the last losses
# (Grippo et al. 1986): the loss in half precision is not smooth, and a rise now and then is the shorter way.
_ARMIJO, _LOOK_BACK = 1e-4, 5
_SHRINK = 0.4
_MOST_SHRINKS = 6


class BoundedLbfgs:
    """Moves a tensor down a function inside the box [0, 1], one evaluation of the function a step.

    The direction is L-BFGS's (Nocedal and Wright 2006, algorithm 7.4) in the pixels that are free: those at a
    bound that the gradient pushes against stay (Bertsekas 1982). A move that does not pay is taken back and
    tried again shorter; each try is a step of its own, for each costs an evaluation.

    Args:
        start: any shape, in [0, 1].
        learning_rate: the length of a move, 1 for the whole of L-BFGS's.
    """

    def __init__(self, start: Tensor, *, learning_rate: float = 1.0) -> None:
        self.learning_rate = learning_rate
        self.accepted = start.detach().clone(memory_format=torch.contiguous_format)
        self.candidate = self.accepted.clone()
        self.forget()

    def forget(self) -> None:
        """Drop all that is remembered, for a function that has changed; go on from the accepted picture."""
        self.candidate = self.accepted.clone()
        self._pairs: deque[tuple[Tensor, Tensor]] = deque(maxlen=_MEMORY)
        self._losses: deque[float] = deque(maxlen=_LOOK_BACK)
        self._gradient: Tensor | None = None  # at the accepted picture
        self._direction: Tensor | None = None
        self._length, self._shrinks = 1.0, 0

    def step(self, evaluate: Callable[[Tensor], tuple[float, Tensor]]) -> None:
        """Evaluate the candidate, take it or shorten the move to it, and choose the next.

        Args:
            evaluate: a picture -> its loss, finite, and the gradient in the picture's shape.
        """
        loss, gradient = evaluate(self.candidate)
        if self._gradient is not None and self._direction is not None:
            if not self._pays(loss) and self._shrinks < _MOST_SHRINKS:
                self._shorten()
                return
            if not self._pays(loss):
                # Nothing along this direction pays: the memory is of no use here.
                gradient, loss = self._gradient, self._losses[-1]
                self.candidate = self.accepted
                self._pairs.clear()
            else:
                self._remember(self.candidate - self.accepted, gradient - self._gradient)
        self.accepted, self._gradient = self.candidate, gradient
        self._losses.append(loss)
        self._length, self._shrinks = self.learning_rate, 0
        self._direction = self._downhill(gradient)
        self._move()

    def _pays(self, loss: float) -> bool:
        assert self._gradient is not None
        promised = float(torch.sum(self._gradient * (self.candidate - self.accepted)))
        return loss <= max(self._losses) + _ARMIJO * min(promised, 0.0)

    def _shorten(self) -> None:
        self._length *= _SHRINK
        self._shrinks += 1
        self._move()

    def _move(self) -> None:
        assert self._direction is not None
        self.candidate = (self.accepted + self._length * self._direction).clamp_(0, 1)

    def _remember(self, move: Tensor, change: Tensor) -> None:
        """Keep a pair where the function curves upwards along it; others would turn the direction uphill."""
        curvature = torch.sum(move * change)
        if curvature > 1e-10 * torch.sum(change * change):
            self._pairs.append((move, change))

    def _downhill(self, gradient: Tensor) -> Tensor:
        stuck = ((self.accepted <= 0) & (gradient > 0)) | ((self.accepted >= 1) & (gradient < 0))
        free = gradient.masked_fill(stuck, 0)
        direction = self._two_loops(free).masked_fill_(stuck, 0).neg_()
        if not self._pairs or float(torch.sum(direction * gradient)) >= 0:
            self._pairs.clear()
            scale = _FIRST_MOVE / float(free.square().mean().sqrt().clamp_min(1e-20))
            direction = free * -scale
        return direction

    def _two_loops(self, gradient: Tensor) -> Tensor:
        """Return the remembered inverse Hessian times the gradient."""
        result = gradient.clone()
        shares = []
        for move, change in reversed(self._pairs):
            share = torch.sum(move * result) / torch.sum(move * change)
            result -= share * change
            shares.append(share)
        if self._pairs:
            move, change = self._pairs[-1]
            result *= torch.sum(move * change) / torch.sum(change * change)
        for (move, change), share in zip(self._pairs, reversed(shares), strict=True):
            result += move * (share - torch.sum(change * result) / torch.sum(move * change))
        return result

    def state_dict(self) -> dict[str, Any]:
        """Return all that is remembered, as tensors and plain values."""
        return {
            "accepted": self.accepted,
            "candidate": self.candidate,
            "moves": [move for move, _ in self._pairs],
            "changes": [change for _, change in self._pairs],
            "losses": list(self._losses),
            "gradient": self._gradient,
            "direction": self._direction,
            "length": self._length,
            "shrinks": self._shrinks,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on exactly from what `state_dict` returned, on the device of the picture."""
        device = self.accepted.device

        def here(value: Tensor | None) -> Tensor | None:
            return None if value is None else value.to(device, copy=True)

        self.accepted, self.candidate = (
            state[key].to(device, copy=True) for key in ("accepted", "candidate")
        )
        pairs = zip(state["moves"], state["changes"], strict=True)
        self._pairs = deque(
            ((move.to(device, copy=True), change.to(device, copy=True)) for move, change in pairs),
            maxlen=_MEMORY,
        )
        self._losses = deque(state["losses"], maxlen=_LOOK_BACK)
        self._gradient, self._direction = here(state["gradient"]), here(state["direction"])
        self._length, self._shrinks = float(state["length"]), int(state["shrinks"])
