"""Style losses by name, fusions of them, and how hard they pull: Li et al. 2017, arXiv:1701.01036."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from training.errors import OptionError
from training.style_methods import (
    BnStyle,
    GaussianStyle,
    GramStyle,
    LinearStyle,
    PolynomialStyle,
    Statistics,
    StyleMethod,
)

__all__ = ["METHODS", "FusedStyle", "Statistics", "StyleMethod", "balanced_weight", "parse_style_loss"]


@dataclass(frozen=True)
class FusedStyle:
    """A weighted sum of methods: Li et al. 2017, section 4.2, fig. 4."""

    parts: tuple[tuple[StyleMethod, float], ...]

    @property
    def name(self) -> str:
        """As `parse_style_loss` reads it."""
        return "+".join(f"{method.name}:{weight:g}" for method, weight in self.parts)

    def statistics(self, features: Tensor, weights: Tensor | None = None) -> Statistics:
        found: Statistics = {}
        for method, _ in self.parts:
            own = method.statistics(features, weights)
            found.update({f"{method.name}/{key}": value for key, value in own.items()})
        return found

    def distance(
        self, features: Tensor, statistics: Statistics, weights: Tensor | None = None, draw: int = 0
    ) -> Tensor:
        distances = [
            weight * method.distance(features, _own(statistics, method), weights, draw)
            for method, weight in self.parts
        ]
        return torch.stack(distances).sum()

    def blend(self, statistics: Sequence[Statistics], shares: Sequence[float]) -> Statistics:
        found: Statistics = {}
        for method, _ in self.parts:
            own = method.blend([_own(one, method) for one in statistics], shares)
            found.update({f"{method.name}/{key}": value for key, value in own.items()})
        return found


METHODS: dict[str, Callable[[], StyleMethod]] = {
    "gram": GramStyle,
    "linear": LinearStyle,
    "poly": PolynomialStyle,
    "gaussian": GaussianStyle,
    "bn": BnStyle,
}


def parse_style_loss(text: str) -> StyleMethod:
    """Read a method, or a fusion of several with their weights, such as bn:0.7+poly:0.3.

    Raises:
        OptionError: if a method is unknown or comes twice, or a weight is no number, negative, or all are 0.
    """
    weights: dict[str, float] = {}
    for part in text.split("+"):
        name, colon, weight_text = (word.strip() for word in part.partition(":"))
        where = "" if part.strip() == text.strip() else f" in {text!r}"
        if name not in METHODS:
            known = ", ".join(METHODS)
            raise OptionError(
                f"--loss: {name!r}{where} is no style loss; there are {known}, or bn:0.7+poly:0.3"
            )
        if name in weights:
            raise OptionError(f"--loss: {name} comes twice{where}: give each loss once")
        weights[name] = _weight(weight_text, part.strip()) if colon else 1.0
    if not any(weights.values()):
        raise OptionError(f"--loss: all weights in {text!r} are 0: there is nothing to match")
    parts = tuple((METHODS[name](), weight) for name, weight in weights.items() if weight > 0)
    return parts[0][0] if len(parts) == 1 and parts[0][1] == 1 else FusedStyle(parts)


def balanced_weight(content_gradient: Tensor, style_gradient: Tensor, factor: float) -> float:
    """Return the style weight at which the style pulls `factor` times as hard as the content.

    factor * ||content gradient|| / ||style gradient||, both with respect to the picture: Li et al. 2017,
    section 4, where methods whose losses differ in scale are compared at equal factors.

    Raises:
        ValueError: if a gradient is 0 or not finite: no weight balances it. The content's is 0 at the
            content image itself; measure elsewhere.
    """
    content = float(content_gradient.double().norm())
    style = float(style_gradient.double().norm())
    if not (0 < content < math.inf and 0 < style < math.inf):
        raise ValueError(f"gradients of norm {content:g} (content) and {style:g} (style) cannot be balanced")
    return factor * content / style


def _weight(text: str, part: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        raise OptionError(f"--loss: the weight in {part!r} must be a number, 0 or more, such as bn:0.7")
    return weight


def _own(statistics: Statistics, method: StyleMethod) -> Statistics:
    """Return one method's share of a fusion's statistics."""
    prefix = f"{method.name}/"
    return {key.removeprefix(prefix): value for key, value in statistics.items() if key.startswith(prefix)}
