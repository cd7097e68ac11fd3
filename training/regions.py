"""Features rebuilt region by region, and put together again: what semantic style transfer decodes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from training.reconstruction import FORMS, STATISTICS, Statistic


@dataclass(frozen=True)
class Part:
    """A region's features as they were rebuilt, everywhere, and where they count.

    Args:
        features: (1, C, H, W).
        region: (1, 1, H, W), at least 0; None for one region that is everywhere.
    """

    features: Tensor
    region: Tensor | None


def rebuild_parts(
    content: Tensor,
    style: Tensor,
    content_masks: Mapping[int, Tensor] | None = None,
    style_masks: Mapping[int, Tensor] | None = None,
    *,
    statistic: Statistic = "bn",
    strength: float = 1.0,
) -> list[Part]:
    """Return the content's features with the style's statistics, each label's from the same label.

    Args:
        content, style: (1, C, H, W) and (1, C, H', W').
        content_masks, style_masks: by label, (1, 1, any, any), scaled by area to the layer; None for one
            region. A label that the style does not have takes the whole style's statistics; one that covers
            nothing is left out.
        strength: 0 leaves the content, 1 is all of the style.
    Returns:
        One region's features after the other, for `join_parts`.
    Raises:
        ValueError: if the statistic is unknown, or the strength is not in [0, 1].
    """
    if statistic not in FORMS:
        raise ValueError(f"statistic must be one of {', '.join(STATISTICS)}, instead got {statistic!r}")
    form = FORMS[statistic]
    if not content_masks:
        return [Part(form(content, style, None, None, strength), None)]
    parts = []
    for label, mask in content_masks.items():
        region = _at(mask, content)
        if not bool((region > 0).any()):
            continue
        of_style = None if style_masks is None or label not in style_masks else _at(style_masks[label], style)
        if of_style is not None and not bool((of_style > 0).any()):
            of_style = None
        parts.append(Part(form(content, style, region, of_style, strength), region))
    return parts


def join_parts(content: Tensor, parts: Sequence[Part]) -> Tensor:
    """Return each part where it counts, blended where regions overlap, and the content where none is."""
    if len(parts) == 1 and parts[0].region is None:
        return parts[0].features
    total = content.new_zeros(content.shape)
    covered = content.new_zeros(1, 1, *content.shape[-2:])
    for part in parts:
        assert part.region is not None
        total = total + part.region * part.features
        covered = covered + part.region
    return (total + (1 - covered).clamp_min(0) * content) / covered.clamp_min(1)


def _at(mask: Tensor, features: Tensor) -> Tensor:
    size = (features.shape[-2], features.shape[-1])
    return functional.adaptive_avg_pool2d(mask.to(features), size)
