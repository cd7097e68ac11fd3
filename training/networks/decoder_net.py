"""Decoders: from the features of VGG back to the picture. Lu et al. 2017, section 3.2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.networks.layers import ReflectConv
from training.networks.vgg import CHANNELS, GROUPS

# What a decoder can begin at; of several joined it begins at the deepest.
LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
# narrow: between two of the deepest layers no more than this many channels, where VGG-19 has 512.
MIRROR, NARROW = "mirror", "narrow"
DECODER_PRESETS = (MIRROR, NARROW)
_NARROW_CHANNELS = 256


class DecoderNet(nn.Module):
    """Features of one or more layers -> RGB, (N, 3, H, W), about in [0, 1] but not bounded.

    VGG-19 mirrored: convolutions in its order backwards, nearest upsampling where it pools. Where several
    layers are joined, a layer's features stand beside those that come from deeper, just before the mirrored
    convolution that would have made them (the paper's section 5.3, its future work).

    Args:
        layers: one or more of `LAYERS`.
        preset: mirror, as VGG; or narrow, which has 7 million numbers of relu5_1's 13 million.
    Raises:
        ValueError: if a layer is none of them, comes twice, or there is none; if the preset is unknown.
    """

    def __init__(self, layers: Sequence[str], preset: str = MIRROR) -> None:
        super().__init__()
        if not layers or len(set(layers)) != len(layers) or not set(layers) <= set(LAYERS):
            raise ValueError(f"layers must be some of {', '.join(LAYERS)}, instead got {list(layers)}")
        if preset not in DECODER_PRESETS:
            raise ValueError(f"preset must be one of {', '.join(DECODER_PRESETS)}, instead got {preset!r}")
        widest = _NARROW_CHANNELS if preset == NARROW else max(CHANNELS)
        self.layers = tuple(sorted(layers))  # shallow to deep
        self.deepest = LAYERS.index(self.layers[-1]) + 1
        # Activations of VGG are of the order of hundreds: each layer over its usual size.
        for layer in self.layers:
            self.register_buffer(f"scale_{layer}", torch.ones(()))
        self.stages = nn.ModuleDict()
        for group in range(self.deepest, 0, -1):
            channels = CHANNELS[group - 1]
            if group < self.deepest:  # as VGG's conv{group}_2 and on, backwards
                count, inside = GROUPS["vgg19"][group - 1] - 1, min(channels, widest)
                inner = [ReflectConv(inside, inside, 3) for _ in range(count - 1)]
                inner.append(ReflectConv(inside, channels, 3))
                self.stages[f"inner{group}"] = nn.ModuleList(inner)
            joined = group < self.deepest and f"relu{group}_1" in self.layers
            narrower = min(CHANNELS[group - 2], widest) if group > 1 else 3
            self.stages[f"outer{group}"] = ReflectConv(channels * (1 + joined), narrower, 3)

    @property
    def multiple(self) -> int:
        """Of which the sides of the picture must be multiples."""
        return int(2 ** (self.deepest - 1))

    def set_scales(self, scales: Mapping[str, float]) -> None:
        """Set what each layer's activations are divided by: their mean over pictures."""
        for layer in self.layers:
            self.get_buffer(f"scale_{layer}").fill_(scales[layer])

    def begin_with(self, other: DecoderNet) -> list[str]:
        """Take over what a decoder of other layers has learnt of the same way back; return what was taken.

        Where this one joins the layer that the other begins at, the joined features' half of the weights is
        the other's, and what comes from deeper begins at 0: it decodes that layer as well as the other did.
        """
        learnt, taken = other.state_dict(), []
        for name, mine in self.state_dict().items():
            values = learnt.get(name)
            is_alone = name.endswith(".bias") and f"{name.removesuffix('bias')}weight" not in taken
            if values is None or is_alone:
                continue
            if values.shape == mine.shape:
                mine.copy_(values)
            elif name == f"stages.outer{other.deepest}.weight" and mine.shape[1] == 2 * values.shape[1]:
                mine.copy_(torch.cat([torch.zeros_like(values), values], dim=1))
            else:
                continue
            taken.append(name)
        return taken

    def bridge(self, features: Mapping[str, Tensor], layer: str) -> Tensor:
        """Return what comes to a layer from the deeper ones: its features over their usual size.

        Args:
            features: as of `forward`; of the deeper layers.
            layer: one of `LAYERS`, shallower than the deepest that is decoded.
        """
        return self._rise(features, LAYERS.index(layer) + 1)

    def bridge_names(self, layer: str) -> set[str]:
        """Return the names of the parameters that `bridge` goes through."""
        shallowest = LAYERS.index(layer) + 1
        passed = {f"inner{group}" for group in range(shallowest, self.deepest)}
        passed |= {f"outer{group}" for group in range(shallowest + 1, self.deepest + 1)}
        return {name for name, _ in self.named_parameters() if name.split(".")[1] in passed}

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """Decode the features of all `layers`, by name, (N, C, H / 2^(g-1), W / 2^(g-1)) each."""
        image: Tensor = self._outer(1, self._rise(features, 1) if self.deepest > 1 else None, features)
        return image + 0.5

    def _rise(self, features: Mapping[str, Tensor], to: int) -> Tensor:
        """Go from the deepest layer up to a group, and through all of it but its last convolution."""
        risen: Tensor | None = None
        for group in range(self.deepest, to, -1):
            risen = self._outer(group, risen, features).relu()
            risen = functional.interpolate(risen, scale_factor=2.0, mode="nearest")
            inner = self.stages[f"inner{group - 1}"]
            assert isinstance(inner, nn.ModuleList)
            for conv in inner:
                risen = conv(risen).relu()
        assert risen is not None
        return risen

    def _outer(self, group: int, risen: Tensor | None, features: Mapping[str, Tensor]) -> Tensor:
        """A group's last convolution, of what comes from deeper and of the group's own layer, if joined."""
        layer = f"relu{group}_1"
        parts = [] if risen is None else [risen]
        if layer in self.layers:
            parts.append(features[layer] / self.get_buffer(f"scale_{layer}"))
        found: Tensor = self.stages[f"outer{group}"](torch.cat(parts, dim=1) if len(parts) > 1 else parts[0])
        return found
