"""A small network that finds people: what it sees at four scales, joined from the coarsest up."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

# Height and width must be multiples of it: the encoder halves them four times.
MULTIPLE = 16
# Subtracted from RGB in [0, 255]; what the network of the first weights was trained with.
MEAN = (123.0, 117.0, 104.0)
# Of SqueezeNet 1.0's modules, by torchvision's numbers.
SQUEEZENET_PLACES = {"conv1": 0, "fire2": 3, "fire3": 4, "fire4": 5, "fire5": 7, "fire6": 8, "fire7": 9}
SQUEEZENET_PLACES |= {"fire8": 10, "fire9": 12}


class Fire(nn.Module):
    """Few channels into many: 1x1, then 1x1 and 3x3 side by side. Iandola et al. 2016, arXiv:1602.07360."""

    def __init__(self, in_channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        features = functional.relu(self.squeeze(features))
        return functional.relu(torch.cat((self.expand1x1(features), self.expand3x3(features)), dim=1))


class Lateral(nn.Sequential):
    """1x1 convolution, norm, ReLU: the features of one scale in as many channels as the decoder has."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class Separable(nn.Module):
    """3x3 a channel, then 1x1 across them, each with norm; added to what came in."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            channels, channels, 3, padding=dilation, dilation=dilation, groups=channels, bias=False
        )
        self.depthwise_norm = nn.BatchNorm2d(channels)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.pointwise_norm = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        moved = functional.relu(self.depthwise_norm(self.depthwise(features)))
        return functional.relu(features + self.pointwise_norm(self.pointwise(moved)))


class LikeSqueezeNet(nn.Module):
    """A network that begins with modules of SqueezeNet, under its names: conv1, fire2 and on."""

    def encoder_names(self) -> set[str]:
        """Return the names of the parameters that may come from SqueezeNet."""
        return {name for name, _ in self.named_parameters() if name.startswith(("conv1.", "fire"))}


class PersonNet(LikeSqueezeNet):
    """RGB in [0, 1], (N, 3, H, W) -> logits of "a person is here", (N, 1, H, W). H, W: multiples of 16.

    The encoder is SqueezeNet's first seven modules with the first pooling left out for a stride of 4,
    so that its weights can be a start (`read_squeezenet`). The decoder looks over the whole picture
    once, by dilated convolutions and the mean of everything, and then adds scale after scale.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 7, stride=4, padding=3)
        self.fire2, self.fire3 = Fire(96, 16, 64), Fire(128, 16, 64)
        self.fire4, self.fire5 = Fire(128, 32, 128), Fire(256, 32, 128)
        self.fire6, self.fire7 = Fire(256, 48, 192), Fire(384, 48, 192)
        self.detail = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)
        )
        self.from16, self.everything = Lateral(384, 64), nn.Conv2d(64, 64, 1)
        self.context = nn.Sequential(*(Separable(64, dilation) for dilation in (1, 2, 4, 1)))
        self.from8, self.join8 = Lateral(256, 64), nn.Sequential(Separable(64), Separable(64))
        self.narrow8 = Lateral(64, 32)
        self.from4, self.join4 = Lateral(128, 32), nn.Sequential(Separable(32), Separable(32))
        self.narrow4 = Lateral(32, 16)
        self.join2 = Separable(16)
        self.to_logits = nn.Conv2d(16, 1, 3, padding=1)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.mean: Tensor

    def forward(self, image: Tensor) -> Tensor:
        """Find people.

        Raises:
            ValueError: if height or width is no multiple of 16.
        """
        check_sides(image)
        levels = image * 255 - self.mean
        at4 = self.fire3(self.fire2(functional.relu(self.conv1(levels))))  # (N, 128, H/4, W/4)
        at8 = self.fire5(self.fire4(halve(at4)))  # (N, 256, H/8, W/8)
        at16 = self.from16(self.fire7(self.fire6(halve(at8))))  # (N, 64, H/16, W/16)
        at16 = self.context(at16 + self.everything(at16.mean(dim=(2, 3), keepdim=True)))
        joined = self.join8(double(at16) + self.from8(at8))  # (N, 64, H/8, W/8)
        joined = self.join4(double(self.narrow8(joined)) + self.from4(at4))  # (N, 32, H/4, W/4)
        joined = double(self.narrow4(joined)) + self.detail(levels / 64)  # (N, 16, H/2, W/2)
        return double(self.to_logits(self.join2(joined)))


def read_squeezenet(network: LikeSqueezeNet, weights: Mapping[str, Tensor]) -> None:
    """Take over SqueezeNet 1.0's modules that a network has, by torchvision's names.

    Raises:
        KeyError: if one of them is not there.
    """
    own = dict(network.named_parameters())
    with torch.no_grad():
        for name in network.encoder_names():
            module, _, rest = name.partition(".")
            own[name].copy_(weights[f"features.{SQUEEZENET_PLACES[module]}.{rest}"])


def check_sides(image: Tensor) -> None:
    """Raise ValueError if height or width is no multiple of 16."""
    if image.shape[-2] % MULTIPLE or image.shape[-1] % MULTIPLE:
        raise ValueError(
            f"height and width must be multiples of {MULTIPLE}, instead got {tuple(image.shape[-2:])}"
        )


def halve(features: Tensor) -> Tensor:
    """Return the largest of each 3x3, at half the height and width."""
    return functional.max_pool2d(features, 3, stride=2, padding=1)


def double(features: Tensor) -> Tensor:
    """Return features at twice the height and width, bilinearly."""
    return functional.interpolate(features, scale_factor=2.0, mode="bilinear", align_corners=False)
