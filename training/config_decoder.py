"""What `python -m training decoder` was asked for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from training.config import TrainingConfig
from training.errors import OptionError
from training.networks.decoder_net import DECODER_PRESETS, LAYERS, MIRROR
from training.options import check_ranges
from training.perception import parse_layers


@dataclass(frozen=True, kw_only=True)
class DecoderConfig(TrainingConfig):
    """All that decides what `python -m training decoder` does.

    layers: that are decoded, such as relu3_1 or small:relu4_1; several are joined.
    styles: folders of paintings; each gives as many as the others.
    swapped: share of the pictures whose features are patch-swapped pairs.
    rebuilt: share whose features are a photograph's, two regions of them with the statistics of a painting
        each; what neither takes are photographs and paintings, one half each.
    statistics_weight: how much the channels' means and deviations count beside the features themselves.
    pixel_weight: how much pixels count: of photographs and paintings those that they have, of features that
        were put together, which no picture is known for, those outside [0, 1].
    clip: length that the gradient of a step is cut to; 0 leaves it alone.
    bridge: train only the way from the layers to the one that `init_from` decodes, on that one's features.
    """

    presets: ClassVar[tuple[str, ...]] = DECODER_PRESETS

    content: Path
    styles: tuple[Path, ...]
    layers: tuple[str, ...]
    swapped: float = 0.34
    rebuilt: float = 0.0
    statistics_weight: float = 0.0
    pixel_weight: float = 0.0
    clip: float = 0.0
    bridge: bool = False
    preset: str = MIRROR
    style_layers: tuple[str, ...] = ()
    style_weight: float = 0.0
    tv_weight: float = 1e-6
    batch_size: int = 2
    crop_size: int = 256
    steps: int = 80000
    optimizer: str = "adam"
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        """Refuse what makes no sense before the first step.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        if self.devices > 1:
            raise OptionError("a decoder is trained on one device: leave --devices out")
        super().__post_init__()
        check_ranges(self, {"swapped": (0, 1), "rebuilt": (0, 1)})
        check_ranges(self, {"statistics_weight": (0, 1e6), "pixel_weight": (0, 1e6), "clip": (0, 1e6)})
        if self.swapped + self.rebuilt > 1:
            raise OptionError(
                "--swapped and --rebuilt are shares of the same pictures: together at most 1, "
                f"instead got {self.swapped + self.rebuilt:g}"
            )
        refs = parse_layers(self.layers, self.features)
        names = [ref.layer for ref in refs]
        if not names or len(set(names)) != len(names) or not set(names) <= set(LAYERS):
            raise OptionError(
                f"--layer must be some of {', '.join(LAYERS)}, each once, "
                f"instead got {', '.join(self.layers)!r}"
            )
        multiple = 2 ** LAYERS.index(max(names))
        if self.crop_size % multiple:
            raise OptionError(
                f"--crop-size must be a multiple of {multiple} for {max(names)}, instead got {self.crop_size}"
            )
        if self.bridge and self.init_from is None:
            raise OptionError("--bridge leads to the layer that another decoder begins at: give --init-from")
        if not self.styles:
            raise OptionError("give at least one folder of paintings with --styles")

    def identity(self) -> dict[str, Any]:
        """As of every training, but for the number of steps: the schedule follows its new end."""
        return {key: value for key, value in super().identity().items() if key != "steps"}
