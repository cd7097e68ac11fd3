"""All of what a meta training trains: from a style's picture to the network that paints it."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from training.networks.meta_net import HIDDEN, Generate, MetaNet
from training.networks.style_encoder import SmallStyleEncoder, StyleScale


@dataclass(frozen=True)
class MetaPlan:
    """The sizes of a meta network; a checkpoint keeps them.

    Args:
        preset: of the networks that it writes.
        statistics: how many numbers the feature network says of a style.
        numbers: how long a style vector is; 0 for as long as the statistics.
        generate: "paper" or "more".
        hidden: how many hidden numbers write one convolution.
        encoder: "vgg" reads the feature network's statistics, "small" the picture.
    """

    preset: str
    statistics: int
    numbers: int = 0
    generate: Generate = "paper"
    hidden: int = HIDDEN
    encoder: str = "vgg"


class MetaStyle(nn.Module):
    """A meta network and what tells it the style.

    Args:
        meta_net: writes the networks.
        scale: of the statistics of a frozen feature network.
        encoder: reads the picture itself; without one the statistics are what is read.
    """

    def __init__(self, meta_net: MetaNet, scale: StyleScale, encoder: SmallStyleEncoder | None) -> None:
        super().__init__()
        self.meta_net, self.scale, self.encoder = meta_net, scale, encoder

    def style_vector(self, style_image: Tensor, statistics: Tensor | None) -> Tensor:
        """Return the style vectors of pictures, (N, D).

        Args:
            style_image: (N, 3, H, W) RGB in [0, 1].
            statistics: of the feature network, (N, S); only wanted where there is no encoder.
        Raises:
            ValueError: if they are wanted and missing.
        """
        if self.encoder is not None:
            vector: Tensor = self.encoder(style_image)
            return vector
        if statistics is None:
            raise ValueError("a meta network without an encoder wants the feature network's statistics")
        scaled: Tensor = self.scale(statistics)
        return scaled

    def forward(
        self,
        style_image: Tensor,
        statistics: Tensor | None,
        content_image: Tensor | None,
        counts: Sequence[int],
    ) -> tuple[Tensor, Tensor | None]:
        """Return the style vectors, and what `MetaNet` paints: None without photographs."""
        vector = self.style_vector(style_image, statistics)
        return vector, None if content_image is None else self.meta_net(vector, content_image, counts)


def build_meta_style(plan: MetaPlan) -> MetaStyle:
    """Build a meta network with fresh weights.

    Raises:
        ValueError: if the plan makes no sense.
    """
    if plan.encoder not in ("vgg", "small"):
        raise ValueError(f"encoder must be vgg or small, instead got {plan.encoder!r}")
    numbers = plan.numbers or plan.statistics
    if not 0 < numbers <= plan.statistics:
        raise ValueError(f"numbers must be between 1 and the {plan.statistics} statistics, got {numbers}")
    meta_net = MetaNet(plan.preset, numbers, plan.generate, plan.hidden)
    encoder = SmallStyleEncoder(numbers) if plan.encoder == "small" else None
    return MetaStyle(meta_net, StyleScale(plan.statistics, plan.numbers or None), encoder)
