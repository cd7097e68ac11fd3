"""Trains the student: encoder and decoder together, on regions and styles made by chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.config_student import StudentConfig
from training.grid_loss import grid_loss
from training.images import contact_sheet, read_for_sheet, to_uint8, write_png
from training.losses import LossParts, pyramid_distance, relative_content_loss, total_variation_loss
from training.networks.student_net import MULTIPLE, StudentNet
from training.networks.style_encoder import STYLE_MULTIPLE
from training.perception import Perception, parse_layers
from training.report import Paint, TrainingReport
from training.soft_regions import draw_region
from training.student_objective import RegionMoments, by_area, draw_axes
from training.student_start import begin_as
from training.student_teacher import StudentTeacher
from training.style_pictures import StyleMix, StylePictures
from training.trainers import Trainer, one_cycle, sample_pictures

_WARM_UP_STEPS = 300
# Paintings whose mean style a student begins as.
_BEGUN_FROM = 48


@dataclass(frozen=True)
class Practice:
    """What a step paints.

    Args:
        masks: of the photographs, (N, 2, H, W); both sum to 1.
        style_image: (N, 3, H, W).
        style_masks: which part of each painting counts, (N, 1, H, W).
        styles: which painting each region takes, (N, 2).
    """

    masks: Tensor
    style_image: Tensor
    style_masks: Tensor
    styles: Tensor


class StudentTrainer(Trainer[StudentConfig]):
    """Trains one student."""

    kind = "student"

    def _build_objective(self) -> Perception:
        config = self.config
        self.teacher = StudentTeacher.load(config.teacher, self.placement.device) if config.teacher else None
        self.content_refs = parse_layers(config.content_layers, config.features)
        self.style_refs = parse_layers(config.style_layers, config.features)
        refs = () if self.teacher else (*self.content_refs, *self.style_refs)
        perception = Perception(refs, config.weights)
        perception.to(self.placement.device).to(memory_format=torch.channels_last)
        self.paintings = StylePictures(
            config.styles,
            config.painting_size,
            photographs=config.content,
            mix=StyleMix(0.05, config.photographs),
            seed=config.seed,
        )
        self.held_out = [image.to(self.placement.device) for image in _sample_styles(config)]
        return perception

    def _build_network(self) -> nn.Module:
        network = StudentNet()
        if self.teacher is not None:
            if self.config.init_from is None and not self.resumes:  # else the checkpoint has it
                self._begin_as_teacher(network, self.teacher)
            network.encoder.requires_grad_(False)  # the teacher's; what paints learns to follow it
        return network

    def _begin_as_teacher(self, network: StudentNet, teacher: StudentTeacher) -> None:
        # Numbers far from those that are trained on.
        numbers = range(2**30, 2**30 + _BEGUN_FROM)
        with torch.no_grad():
            vectors = [
                teacher.vectors(self.paintings[number][0][None].to(self.placement.device))
                for number in numbers
            ]
        begin_as(network.to(self.placement.device), teacher.meta_style, torch.cat(vectors))

    def _longest_gradient(self) -> float:
        return self.config.clip

    def _learning_rate(self) -> float:
        share = min(0.1, _WARM_UP_STEPS / self.config.steps)
        return one_cycle(self.step, self.config.steps, self.config.learning_rate, warm_up=share)

    def practice(self, content_image: Tensor) -> Practice:
        """Return what the step to come paints: a function of its number."""
        config, count, size = self.config, len(content_image), self.config.crop_size
        side = config.painting_size
        chance = np.random.default_rng([config.seed, 3, self.step])
        paintings = torch.stack([self.paintings[self.step * count + n][0] for n in range(count)])
        first = np.stack([self._region(size, chance) for _ in range(count)])[:, None]
        masks = torch.from_numpy(np.concatenate([first, 1 - first], axis=1))
        of_style = torch.from_numpy(np.stack([self._region(side, chance) for _ in range(count)])[:, None])
        if self.teacher is not None:  # it looks at all of a painting
            of_style = torch.ones_like(of_style)
        own = torch.arange(count)
        device = self.placement.device
        return Practice(
            masks.to(device),
            paintings.to(device, memory_format=torch.channels_last),
            of_style.to(device),
            torch.stack([own, own.roll(1)], 1).to(device),
        )

    def _region(self, size: int, chance: np.random.Generator) -> np.ndarray[Any, Any]:
        if chance.random() < self.config.masked:
            return draw_region(size, chance)
        return np.ones((size, size), np.float32)

    def _loss(self, content_image: Tensor | None) -> tuple[Tensor, LossParts]:
        assert content_image is not None
        config, practice = self.config, self.practice(content_image)
        with self.placement.autocast():
            painting = self._stylize(content_image, practice)
        if self.teacher is not None:
            return self._distance_to(self.teacher, content_image, practice, painting.float())
        with self.placement.autocast():
            seen = self.perception(painting, (*self.content_refs, *self.style_refs))
            with torch.no_grad():
                target = self.perception(content_image, self.content_refs)
                styles = self.perception(practice.style_image, self.style_refs)
        painting = painting.float()
        chance = torch.Generator().manual_seed(config.seed * 1_000_003 + self.step)
        # Colours are compared as they are: the first layer, at full size, would cost as much as all others.
        pairs = [(painting, practice.style_image), *((seen[ref], styles[ref]) for ref in self.style_refs)]
        distances = []
        for ours, theirs in pairs:
            axes = draw_axes(ours.shape[1], chance).to(painting.device)
            goal = RegionMoments.of(theirs, practice.style_masks, axes).pick(practice.styles, 0)
            distances.append(RegionMoments.of(ours, practice.masks, axes).distance(goal))
        style = by_area(torch.stack(distances).mean(dim=0), practice.masks)  # (N,)
        contents = [relative_content_loss(seen[ref], target[ref]) for ref in self.content_refs]
        parts = {
            "content": torch.stack(contents).mean(),
            "style": style.mean(),
            "tv": total_variation_loss(painting),
            "grid": grid_loss(painting),
        }
        weights = (
            config.content_weight,
            config.style_weight,
            config.tv_weight,
            config.grid_weight,
        )
        total = torch.stack([weight * one for weight, one in zip(weights, parts.values(), strict=True)]).sum()
        return total, {name: float(one.detach()) for name, one in {"total": total, **parts}.items()}

    def _distance_to(
        self, teacher: StudentTeacher, content_image: Tensor, practice: Practice, painting: Tensor
    ) -> tuple[Tensor, LossParts]:
        """Return how far the painting is from the teacher's, and its dots, which a mean of pixels leaves."""
        autocast = self.placement.autocast
        target = teacher.paint(content_image, practice.masks, practice.style_image, practice.styles, autocast)
        parts = {"distance": pyramid_distance(painting, target), "grid": grid_loss(painting)}
        total = parts["distance"] + self.config.grid_weight * parts["grid"]
        return total, {name: float(one.detach()) for name, one in {"total": total, **parts}.items()}

    def _stylize(self, content_image: Tensor, practice: Practice) -> Tensor:
        network = self.trained
        assert isinstance(network, StudentNet)
        vectors = network.style_vectors(practice.style_image, practice.style_masks)[:, 0]  # (N, numbers)
        painting: Tensor = network(content_image, practice.masks, vectors[practice.styles])
        return painting

    def _paint(self, pictures: Sequence[Tensor]) -> list[Tensor]:
        """Paint the pictures in each held-out style; last the left halves in one, the right in another."""
        network = self.network
        assert isinstance(network, StudentNet)
        whole = [torch.ones_like(image[:, :1]) for image in self.held_out]
        styles = [network.style_vectors(*one) for one in zip(self.held_out, whole, strict=True)]
        painted = []
        for style in (*styles, torch.cat([styles[0], styles[-1]], dim=1)):
            for picture in pictures:
                height, width = (side // MULTIPLE * MULTIPLE for side in picture.shape[-2:])
                image = picture[..., :height, :width]
                across = torch.linspace(0, 1, width, device=image.device).expand(1, 1, height, width)
                left = (across < 0.5).float()
                masks = torch.cat([left, 1 - left], 1) if style.shape[1] == 2 else torch.ones_like(left)
                painted.append(network(image, masks, style)[0])
        return painted


def _sample_styles(config: StudentConfig, count: int = 5, short_side: int = 256) -> list[Tensor]:
    found = []
    for _, image in read_for_sheet(config.sample_styles or config.styles[0], count, short_side):
        height, width = (side // STYLE_MULTIPLE * STYLE_MULTIPLE for side in image.shape[-2:])
        found.append(image[..., :height, :width])
    return found


class StudentReport(TrainingReport):
    """A row of each sheet is a held-out style on the photographs above all; the last row has two styles."""

    def __init__(self, trainer: StudentTrainer) -> None:
        config = trainer.config
        super().__init__(
            config.run_folder(),
            steps=config.steps,
            done=trainer.step,
            pictures=sample_pictures(config),
            style_image=trainer.held_out[0][0],
            quiet=not trainer.placement.is_first,
        )
        self.trainer = trainer

    def samples(self, step: int, paint: Paint, history: list[dict[str, float]]) -> None:
        """Write the sheet, then what every training writes."""
        painted = [to_uint8(image) for image in paint(self.pictures)]
        styles = [to_uint8(image[0]) for image in self.trainer.held_out]
        white = styles[0] * 0 + 255
        count = len(self.pictures)
        rows = [[white, *(to_uint8(picture[0]) for picture in self.pictures)]]
        rows += [[one, *painted[n * count : (n + 1) * count]] for n, one in enumerate((*styles, white))]
        super().samples(
            step, lambda _: [torch.from_numpy(one).permute(2, 0, 1) / 255 for one in painted[:count]], history
        )
        write_png(self.folder / f"samples_{step:06d}.png", contact_sheet(rows, height=200))
