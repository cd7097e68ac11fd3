"""What `turbo` was chosen from: networks that were tried, so that docs/candidates.md can be measured again.

`CANDIDATES` builds each of them. All but `fast` work on cells of pixels, as `TurboNet` does.
"""

from collections.abc import Callable

from torch import Tensor, nn

from training.networks.layers import (
    ConvNormReLU,
    ReflectConv,
    ResidualBlock,
)
from training.networks.transform_net import TransformNet
from training.networks.turbo_net import CellNet, TurboNet, start_equal


class FewNormsBlock(nn.Module):
    """x + conv(relu(conv(x))), with an instance norm at the end or none."""

    def __init__(self, channels: int, *, norm: bool) -> None:
        super().__init__()
        last = ReflectConv(channels, channels, 3)
        if not norm:  # then the sum must not grow with the number of blocks
            last.weight.data.mul_(0.3)
        norms = [nn.InstanceNorm2d(channels, affine=True)] if norm else []
        self.body = nn.Sequential(ReflectConv(channels, channels, 3), nn.ReLU(inplace=True), last, *norms)

    def forward(self, features: Tensor) -> Tensor:
        residual: Tensor = self.body(features)
        return features + residual


class SeparableBlock(nn.Module):
    """x + norm(pointwise(relu(norm(pointwise(depthwise(x)))))), twice as wide inside."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect", groups=channels),
            nn.Conv2d(channels, 2 * channels, 1),
            nn.InstanceNorm2d(2 * channels, affine=True),
            nn.ReLU(inplace=True),
            nn.Conv2d(2 * channels, channels, 1),
            nn.InstanceNorm2d(channels, affine=True),
        )

    def forward(self, features: Tensor) -> Tensor:
        residual: Tensor = self.body(features)
        return features + residual


def residual_block(channels: int, norms: int) -> nn.Module:
    """Return a block with 0, 1 or 2 instance norms."""
    return ResidualBlock(channels) if norms == 2 else FewNormsBlock(channels, norm=norms == 1)


class QuarterNet(CellNet):
    """All strokes at a quarter of the size, 32 channels; then 8 or 16 at half.

    Args:
        blocks: residual blocks.
        norms: instance norms in each, 0 to 2.
        separable: depthwise-separable blocks instead.
        half: channels at half of the size.
        kernel_size: of the last convolution.
        more: convolutions at half of the size before it.
    """

    def __init__(
        self,
        blocks: int = 5,
        *,
        norms: int = 2,
        separable: bool = False,
        half: int = 8,
        kernel_size: int = 5,
        more: int = 0,
    ) -> None:
        super().__init__()
        body = [SeparableBlock(32) if separable else residual_block(32, norms) for _ in range(blocks)]
        self.layers = nn.Sequential(
            ConvNormReLU(48, 32),
            *body,
            start_equal(ReflectConv(32, 4 * half, 3), 2),
            nn.PixelShuffle(2),
            nn.InstanceNorm2d(half, affine=True),
            nn.ReLU(inplace=True),
            *(ConvNormReLU(half, half) for _ in range(more)),
            start_equal(ReflectConv(half, 12, kernel_size), 2),
        )

    def paint_cells(self, cells: Tensor) -> Tensor:
        painted: Tensor = self.layers(cells).sigmoid()
        return painted


class EighthNet(CellNet):
    """Strokes at an eighth of the size, 64 channels; shapes go past them at a quarter, 32 channels."""

    multiple = 8

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNormReLU(48, 32)
        self.strokes = nn.Sequential(
            ConvNormReLU(32, 64, stride=2),
            *(residual_block(64, 1) for _ in range(3)),
            nn.Conv2d(64, 32, 1),
            nn.InstanceNorm2d(32, affine=True),
            nn.Upsample(scale_factor=2, mode="nearest"),
        )
        self.shapes = nn.Sequential(
            residual_block(32, 1),
            start_equal(ReflectConv(32, 32, 3), 2),
            nn.PixelShuffle(2),
            nn.InstanceNorm2d(8, affine=True),
            nn.ReLU(inplace=True),
            start_equal(ReflectConv(8, 12, 5), 2),
        )

    def paint_cells(self, cells: Tensor) -> Tensor:
        features = self.stem(cells)
        painted: Tensor = self.shapes(features + self.strokes(features)).sigmoid()
        return painted


class NoSkipNet(TurboNet):
    """`TurboNet` whose shapes do not go past its strokes."""

    def paint_cells(self, cells: Tensor) -> Tensor:
        strokes = self.up(self.blocks(self.down(self.stem(cells))))
        painted: Tensor = self.to_cells(self.shapes(strokes)).sigmoid()
        return painted


class NearestNet(TurboNet):
    """`TurboNet` with nearest upsampling before a convolution, in place of the two and the shuffle."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), ReflectConv(32, 16, 3))


class StraightNet(TurboNet):
    """`TurboNet` whose strokes come up by one convolution, of 3x3 or 1x1, right before the shuffle."""

    def __init__(self, kernel_size: int) -> None:
        super().__init__(blocks=4)
        self.up = nn.Sequential(start_equal(ReflectConv(32, 64, kernel_size), 2), nn.PixelShuffle(2))


class LinearNet(TurboNet):
    """`TurboNet` that ends without a sigmoid, cut off at black and white once it is trained."""

    def paint_cells(self, cells: Tensor) -> Tensor:
        features = self.stem(cells)
        strokes = self.up(self.blocks(self.down(features)))
        painted: Tensor = self.to_cells(self.shapes(features + strokes))
        return painted if self.training else painted.clamp(0, 1)


CANDIDATES: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "fast": ("the paper's shape, 9x9 convolutions at full size", lambda: TransformNet(width=8)),
    "turbo": ("half and quarter size, a skip, 3 blocks", TurboNet),
    "turbo-2": ("2 blocks", lambda: TurboNet(blocks=2)),
    "turbo-4": ("4 blocks", lambda: TurboNet(blocks=4)),
    "straight": ("4 blocks, up by a 3x3 convolution and the shuffle", lambda: StraightNet(3)),
    "pointwise": ("4 blocks, up by a 1x1 convolution and the shuffle", lambda: StraightNet(1)),
    "nearest": ("up by nearest upsampling and a 3x3 convolution", NearestNet),
    "no-skip": ("without the skip", NoSkipNet),
    "linear": ("without the sigmoid", LinearNet),
    "quarter": ("the first try: all at a quarter, 5 blocks", QuarterNet),
    "quarter-0": ("the same with no norm in the blocks", lambda: QuarterNet(norms=0)),
    "quarter-16": (
        "the same, 4 blocks, 16 channels and one more convolution at half size",
        lambda: QuarterNet(4, half=16, kernel_size=3, more=1),
    ),
    "separable": ("the same, 8 depthwise-separable blocks", lambda: QuarterNet(8, separable=True)),
    "eighth": ("strokes at an eighth, 64 channels", EighthNet),
}
