"""Trains texture networks: Ulyanov et al. 2016, arXiv:1603.03417."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from training.config_texture import TextureConfig
from training.diversity import Diversity, measure_diversity, nearest_neighbour_entropy
from training.losses import LossParts
from training.networks.texture_net import TextureNet, TextureStyle, build_texture_net
from training.noise import draw_noises, fixed_tiles, make_generator
from training.trainers import StyleTrainer

# Draws of noise for sheets and figures, far from those of any training.
_SHOWN = 2**31
_MEASURED = 8


@dataclass(frozen=True)
class TextureReport:
    """What a trained texture network makes of different noise.

    Args:
        pictures: how many were compared.
        diversity: how different they are.
        style_losses: of each, as trained: relative to the style's own size.
    """

    pictures: int
    diversity: Diversity
    style_losses: tuple[float, ...]

    def spread(self) -> float:
        """Return the standard deviation of the style losses over their mean."""
        losses = torch.tensor(self.style_losses)
        return float(losses.std() / losses.mean())

    def in_words(self) -> str:
        """Say it in a line."""
        mean = sum(self.style_losses) / len(self.style_losses)
        return (
            f"{self.pictures} pictures from noise differ by {self.diversity.pixel_difference:.3f} a pixel, "
            f"their style losses, {mean:.4f}, by {self.spread():.0%}"
        )


class TextureTrainer(StyleTrainer[TextureConfig]):
    """Trains a texture network, from noise alone or with photographs beside it."""

    kind = "texture"

    def _build_network(self) -> nn.Module:
        return build_texture_net(self.config.preset, with_content=self.data is not None)

    def _loss(self, content_image: Tensor | None) -> tuple[Tensor, LossParts]:
        config, place = self.config, self.placement
        # Every process of every step has noise of its own.
        generator = make_generator(config.seed, self.step * place.world_size + place.rank, place.device)
        side, count = config.crop_size, config.batch_size // place.world_size
        noises = draw_noises(config.scales(), count, (side, side), generator)
        with place.autocast():
            image = self.trained(noises, content_image)
        total, parts = self.objective(image, content_image, place.autocast, self.step)
        if config.diversity_weight > 0:
            entropy = nearest_neighbour_entropy(image)
            total = total - config.diversity_weight * entropy
            parts |= {"total": float(total.detach()), "distance": float(entropy.detach().exp())}
        return total, parts

    def _paint(self, pictures: Sequence[Tensor]) -> list[Tensor]:
        if self.data is None:
            return list(self._textures(4))
        style = _as_style(self.network).to(self.placement.device)
        return [style(picture)[0] for picture in pictures]

    def _textures(self, count: int) -> Tensor:
        """Return pictures from noise, (N, 3, H, W), the same through a training."""
        generator = make_generator(self.config.seed, _SHOWN, self.placement.device)
        side = self.config.crop_size
        images: Tensor = self.network(draw_noises(self.config.scales(), count, (side, side), generator))
        return images

    def closing_words(self) -> str:
        """Say how different textures from noise are, and write it to texture.json."""
        if self.data is not None:
            return super().closing_words()
        report = self.measure()
        plain = {**asdict(report), "spread": report.spread()}
        file: Path = self.config.run_folder() / "texture.json"
        file.write_text(json.dumps(plain, indent=2) + "\n")
        return f"; {report.in_words()}"

    def measure(self, count: int = _MEASURED) -> TextureReport:
        """Paint from different noise and compare the pictures and their style losses.

        Only for a network without photographs.
        """
        self.network.eval()
        with torch.no_grad():
            images = self._textures(count)
            losses = [self.objective(image[None], None, nullcontext)[1]["style"] for image in images]
        self.network.train()
        return TextureReport(count, measure_diversity(images), tuple(losses))


def _as_style(network: nn.Module) -> TextureStyle:
    assert isinstance(network, TextureNet)
    return TextureStyle(network, fixed_tiles(network.scales)).eval()
