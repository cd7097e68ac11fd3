"""What `python -m training texture` and `texture-sample` were asked for."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from training.config import StyleTrainingConfig
from training.errors import OptionError
from training.networks.texture_net import TEXTURE_PRESETS, count_scales
from training.options import check_choices, check_ranges

_RANGES: dict[str, tuple[float, float]] = {"diversity_weight": (0, 1e6)}
_LARGEST_SIDE = 8192


@dataclass(frozen=True, kw_only=True)
class TextureConfig(StyleTrainingConfig):
    """All that decides what `python -m training texture` does.

    content: a folder of photographs; without one the network makes its texture from noise alone.
    diversity_weight: how much pictures of one batch push each other away, beside the style weight.
    """

    presets: ClassVar[tuple[str, ...]] = tuple(TEXTURE_PRESETS)

    content: Path | None = None
    preset: str = "paper"
    crop_size: int = 256
    optimizer: str = "adam"  # SOAP was tried on transform networks only
    learning_rate: float = 1e-2
    diversity_weight: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense before the first step.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        super().__post_init__()
        check_ranges(self, _RANGES)
        multiple = 2 ** (self.scales() - 1)
        if self.crop_size % multiple:
            raise OptionError(
                f"--crop-size must be a multiple of {multiple} for noise at {self.scales()} scales, "
                f"instead got {self.crop_size}"
            )
        if self.diversity_weight > 0 and self.batch_size // self.devices < 2:
            raise OptionError("--diversity-weight compares pictures of a batch: give --batch-size 2 or more")
        if self.content is None:
            self._check_from_noise()
        elif self.diversity_weight > 0:
            raise OptionError("--diversity-weight is for textures from noise: leave it or --content out")

    def _check_from_noise(self) -> None:
        if self.style_weight == 0:
            raise OptionError("--style-weight is 0 and there is no --content: there is nothing to learn")
        for name in ("content_weight", "samples", "light_jitter", "zoom"):
            if getattr(self, name) != getattr(TextureConfig, name):
                option = name.replace("_", "-")
                raise OptionError(f"--{option} only means something with --content")

    def scales(self) -> int:
        """Return at how many scales the network takes noise."""
        return count_scales(with_content=self.content is not None)


@dataclass(frozen=True, kw_only=True)
class SampleConfig:
    """All that decides what `python -m training texture-sample` paints.

    out: NAME.png for one picture; several are NAME_SEED.png.
    size_wh: None for 512x512, or a photograph's own size.
    seed: of the first picture; the next has the next.
    content_image: a photograph, for a network that was trained with them.
    """

    checkpoint: Path
    out: Path
    size_wh: tuple[int, int] | None = None
    seed: int = 0
    count: int = 1
    content_image: Path | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            OptionError: names the option, what it got, and what it may be.
        """
        check_ranges(self, {"count": (1, 10_000), "seed": (0, 2**32 - 1)})
        check_choices(self, {"device": ("auto", "cpu", "cuda")})
        if self.out.suffix.lower() != ".png":
            raise OptionError(f"the picture must end in .png, instead got {self.out.name!r}")

    def file(self, seed: int) -> Path:
        """Return where the picture of a seed goes."""
        return self.out if self.count == 1 else self.out.with_stem(f"{self.out.stem}_{seed}")


def parse_size(text: str) -> tuple[int, int]:
    """Read a size such as 512x384, width first.

    Raises:
        OptionError: if it is none, or a side is below 64 or beyond 8192.
    """
    found = re.fullmatch(r"(\d+)x(\d+)", text.strip())
    if found is None:
        raise OptionError(f"--size must be WIDTHxHEIGHT such as 512x512, instead got {text!r}")
    width, height = int(found[1]), int(found[2])
    if not (64 <= width <= _LARGEST_SIDE and 64 <= height <= _LARGEST_SIDE):
        raise OptionError(f"--size must be from 64x64 to {_LARGEST_SIDE}x{_LARGEST_SIDE}, instead got {text}")
    return width, height
