"""A turbo network that is shown its last painting, so that strokes stay on what moves.

Frame by frame a network draws other strokes where a picture has moved by half a pixel. Blending with the last
painting steadies them, and makes them pale. So the network itself sees the last painting, moved along the
picture's motion, with how far each pixel of it can be trusted (Gupta et al. 2017, arXiv:1705.02092, give it
the painting as it was): it paints its strokes on those that are there, and says how much of them to keep.

    before ── cells ── guide ── * trust ──┐
                          stem ────────── + ── norm ... shapes ──┬── cells   = painted
                                                                 └── gate
    picture = painted + kept * (before - painted),  kept = 1 - (1 - HOLD * trust) * (1 - trust * gate)

Where nothing is trusted, and without a painting before, it is the turbo network of the same weights.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.layers import ImageConvs, ReflectConv, pad_to_multiple
from training.networks.turbo_net import TurboNet

# Of a trusted painting before, this share is always kept; half trusted, as it is at a show, a fifth. By that
# E_warp of four clips in Starry Night fell by 14%, and the style loss rose by 13%, to 0.9 of frame by frame.
HOLD = 0.4
# Of the rest, a network that has not learnt yet keeps an eighth.
_GATE_BIAS = -2.0


class RecurrentNet(TurboNet):
    """RGB in [0, 1], and the painting before -> RGB in [0, 1]; see above.

    Args:
        width, blocks: as of `TurboNet`.
    """

    def __init__(self, width: int = 16, blocks: int = 3) -> None:
        super().__init__(width, blocks)
        self.guide = ReflectConv(3 * self.in_cell**2, width, 3)
        self.gate = ReflectConv(width, 1, 3)
        for values in (self.guide.weight, self.guide.bias, self.gate.weight):
            assert values is not None
            nn.init.zeros_(values)
        assert self.gate.bias is not None
        nn.init.constant_(self.gate.bias, _GATE_BIAS)

    def forward(
        self, content_image: Tensor, before: Tensor | None = None, trust: Tensor | None = None
    ) -> Tensor:
        """Paint a frame.

        Args:
            content_image: (N, 3, H, W), in [0, 1].
            before: the last frame's painting, moved to where its pixels are now, likewise; None for a frame
                that stands alone.
            trust: of each pixel of it, (N, 1, H, W) in [0, 1]; None for 1.
        """
        if before is None:
            return super().forward(content_image)
        if trust is None:
            trust = torch.ones_like(before[:, :1])
        height, width = content_image.shape[-2:]
        image, before, trust = (
            pad_to_multiple(picture.to(content_image), self.multiple)
            for picture in (content_image, before, trust)
        )
        cells, last = (functional.pixel_unshuffle(picture, self.in_cell) for picture in (image, before))
        painted = self.paint_guided_cells(cells, last, functional.avg_pool2d(trust, self.in_cell))
        return functional.pixel_shuffle(painted, self.out_cell)[..., :height, :width]

    def paint_guided_cells(self, cells: Tensor, before: Tensor, trust: Tensor) -> Tensor:
        """Paint a frame whose pixels are laid into channels, as `TurboNet.paint_cells`.

        Args:
            cells, before: (N, 12, H / 2, W / 2), in [0, 1], in one order.
            trust: of each cell, (N, 1, H / 2, W / 2), in [0, 1].
        """
        painted, kept = self.draw_guided(cells, before, trust)
        return painted + kept * (before - painted)

    def draw_guided(self, cells: Tensor, before: Tensor, trust: Tensor) -> tuple[Tensor, Tensor]:
        """Return what is painted of a frame, and how much of the painting before is to be kept in its place.

        Args:
            cells, before, trust: as of `paint_guided_cells`.
        Returns:
            (N, 12, H / 2, W / 2) and (N, 1, H / 2, W / 2), in [0, 1].
        """
        _, norm, relu = self.stem
        drawn = self.draw(relu(norm(self.stem_conv()(cells) + trust * self.guide(before))))
        return self.to_cells(drawn).sigmoid(), self.kept(trust, self.gate(drawn).sigmoid())

    @staticmethod
    def kept(trust: Tensor, gate: Tensor) -> Tensor:
        """Return how much of the painting before is kept, as large as both; see above."""
        left: Tensor = (1 - HOLD * trust) * (1 - trust * gate)
        return 1 - left

    def stem_conv(self) -> nn.Conv2d:
        """Return the convolution that reads the frame."""
        conv = self.stem[0]
        assert isinstance(conv, nn.Conv2d)
        return conv

    def image_convs(self) -> ImageConvs:
        """Return what reads the frame and the painting before it, and what writes the next one."""
        return ImageConvs([self.stem_conv(), self.guide], [self.to_cells], 3 * self.in_cell**2)

    def plain(self) -> TurboNet:
        """Return the turbo network of the same weights, which paints every frame as if it stood alone."""
        network = TurboNet(self.to_cells.in_channels, len(self.blocks))
        mine = self.state_dict()
        network.load_state_dict({name: mine[name] for name in network.state_dict()})
        return network.train(self.training)
