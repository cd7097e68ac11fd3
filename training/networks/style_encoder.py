"""What tells a meta network which style it is: a vector of numbers from a picture of any size."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.region_statistics import RegionStatistics

# Channels of the small encoder's stages; each but the first halves the picture.
_STAGES = (16, 32, 64, 96, 128)
# Where regions are told apart, sides are multiples of this, so that masks shrink as pictures do.
STYLE_MULTIPLE = 2 ** (len(_STAGES) - 1)
_HEAD = 384
# A style beyond what was practised shall not drive the hidden numbers beyond it either.
_LARGEST = 5.0


def channel_statistics(features: Sequence[Tensor]) -> Tensor:
    """Return mean and standard deviation of each channel of each layer: (N, 2 * all channels), float32.

    Shen et al. 2018: 1,920 numbers of VGG-16 at relu1_2, relu2_2, relu3_3, relu4_3.
    """
    found = []
    for layer in features:
        values = layer.float()
        mean = values.mean(dim=(2, 3), keepdim=True)
        # The small number keeps the root's gradient finite where a channel is constant.
        variance = (values - mean).square().mean(dim=(2, 3)) + 1e-8
        found += [mean[..., 0, 0], variance.sqrt()]
    return torch.cat(found, dim=1)


class StyleScale(nn.Module):
    """Brings statistics to one scale: (N, S) -> style vectors (N, D), their numbers about 1 in size.

    Activations span orders of magnitude: each number is divided by its mean over styles, its logarithm is
    taken and standardised. Where D < S, the D directions in which styles differ most come out, each with
    the same spread.

    Args:
        statistics: S.
        numbers: D; None for S.
    """

    usual: Tensor
    center: Tensor
    spread: Tensor
    directions: Tensor | None

    def __init__(self, statistics: int, numbers: int | None = None) -> None:
        super().__init__()
        self.register_buffer("usual", torch.ones(statistics))
        self.register_buffer("center", torch.zeros(statistics))
        self.register_buffer("spread", torch.ones(statistics))
        self.register_buffer("directions", None if numbers is None else torch.eye(statistics)[:, :numbers])

    def measure(self, statistics: Tensor) -> None:
        """Take the scale over from many styles, (M, S).

        Raises:
            ValueError: if there are too few for as many directions.
        """
        directions = self.directions
        if directions is not None and len(statistics) <= directions.shape[1]:
            raise ValueError(f"{directions.shape[1]} directions need more than {len(statistics)} styles")
        self.usual.copy_(statistics.mean(dim=0).clamp_min(1e-6))
        logarithms = self._logarithms(statistics)
        self.center.copy_(logarithms.mean(dim=0))
        self.spread.copy_(logarithms.std(dim=0).clamp_min(1e-3))
        if directions is not None:
            standard = (logarithms - self.center) / self.spread
            _, deviations, rows = torch.linalg.svd(standard.double(), full_matrices=False)
            scale = len(statistics) ** 0.5 / deviations[: directions.shape[1]]
            directions.copy_(rows[: directions.shape[1]].T * scale)

    def shares(self) -> Tensor | None:
        """Return how much of all that tells styles apart lies in each number, (D,), sum 1; None for alike.

        The numbers have one spread, whatever they are worth: by these an encoder learns first what matters.
        """
        if self.directions is None:
            return None
        variance = 1 / self.directions.square().sum(dim=0)  # a direction's length is 1 over its deviation
        return variance / variance.sum()

    def forward(self, statistics: Tensor) -> Tensor:
        vector = (self._logarithms(statistics) - self.center) / self.spread
        if self.directions is not None:
            vector = vector @ self.directions
        return vector.clamp(-_LARGEST, _LARGEST)

    def _logarithms(self, statistics: Tensor) -> Tensor:
        return (statistics / self.usual + 0.05).log()


class SmallStyleEncoder(nn.Module):
    """RGB in [0, 1], (N, 3, H, W), sides from 32 -> style vectors (N, D). Taught by a feature network.

    Means and deviations of its own channels at five sizes, as the paper takes VGG's, and two layers. Without
    normalisation: how strong an edge or a colour is, is what a style is about.
    """

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        in_channels = 3
        for position, channels in enumerate(_STAGES):
            stride = 1 if position == 0 else 2
            convs = [nn.Conv2d(in_channels, channels, 3, stride, padding=1), nn.ReLU()]
            if position + 1 < len(_STAGES):
                convs += [nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU()]
            self.stages.append(nn.Sequential(*convs))
            in_channels = channels
        self.head = nn.Sequential(nn.Linear(2 * sum(_STAGES), _HEAD), nn.ReLU(), nn.Linear(_HEAD, numbers))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def forward(self, style_image: Tensor) -> Tensor:
        return self._vector(channel_statistics(self._look(style_image)))

    def by_region(self, style_image: Tensor, masks: Tensor) -> Tensor:
        """Return the vectors of regions of pictures, (N, K, D).

        Args:
            style_image: (N, 3, H, W), sides multiples of `STYLE_MULTIPLE`.
            masks: (N, K, H, W), at least 0; an empty one has the vector of the whole picture.
        """
        found = []
        for level, layer in enumerate(self._look(style_image)):
            shares = functional.avg_pool2d(masks, 2**level) if level else masks
            own = RegionStatistics.of(layer, shares)
            found += [own.mean, own.deviation]
        return self._vector(torch.cat(found, dim=2))

    def _look(self, style_image: Tensor) -> list[Tensor]:
        activation = (style_image - 0.5) * 4  # about 1 in size
        seen = []
        for stage in self.stages:
            activation = stage(activation)
            seen.append(activation)
        return seen

    def _vector(self, statistics: Tensor) -> Tensor:
        with torch.autocast(statistics.device.type, enabled=False):
            vector: Tensor = self.head((statistics + 0.05).log())
        return vector


def vector_distance(vector: Tensor, target: Tensor, shares: Tensor | None = None) -> Tensor:
    """Return how much of the target vectors, (N, D), is missed: 0 for none, about 1 for all of it.

    Args:
        vector, target: (N, D) each.
        shares: (D,), how much each number counts, such as `StyleScale.shares`; None counts all alike.
    """
    weights = torch.ones_like(target[0]) if shares is None else shares
    missed, all_of_it = ((weights * difference.square()).mean() for difference in (vector - target, target))
    return missed / all_of_it.clamp_min(1e-6)
