"""The training loops. One step is a function of the step's number, so that a killed run goes on exactly."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from training.checkpoint import load_checkpoint, load_transform_net, load_weights, save_checkpoint
from training.config import TransformConfig
from training.datasets import ContentCrops
from training.devices import Placement
from training.errors import CheckpointError, OptionError, TrainingError
from training.images import list_pictures, read_rgb, resize_short_side, to_tensor
from training.losses import total_variation_loss
from training.networks.transform_net import build_transform_net
from training.perception import Perception, content_distance, parse_layers, style_distance, style_grams
from training.report import TrainingReport

LossParts = dict[str, float]


def one_cycle(step: int, steps: int, peak: float, *, warm_up: float = 0.1, start: float = 0.04) -> float:
    """Return the learning rate of a step: up to `peak` along a cosine, then down to almost nothing.

    Smith and Topin 2017, arXiv:1708.07120. A function of the step alone has no state to resume.
    """
    rise = max(1.0, warm_up * steps)
    if step < rise:
        return peak * (start + (1 - start) * 0.5 * (1 - math.cos(math.pi * step / rise)))
    return peak * (1e-3 + (1 - 1e-3) * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1.0, steps - rise))))


@dataclass(frozen=True)
class StyleObjective:
    """The loss of one style: content of the photograph, statistics of the style picture, smoothness."""

    config: TransformConfig
    perception: Perception
    grams: dict[Any, Tensor]

    @classmethod
    def build(cls, config: TransformConfig, device: torch.device) -> "StyleObjective":
        """Load the feature networks and take the style's statistics at each of its sizes."""
        content_refs = parse_layers(config.content_layers, config.features)
        style_refs = parse_layers(config.style_layers, config.features)
        perception = Perception((*content_refs, *style_refs), config.weights)
        perception.to(device).to(memory_format=torch.channels_last)
        picture = read_rgb(config.style_image)
        sizes = [to_tensor(resize_short_side(picture, size))[None].to(device) for size in config.style_sizes]
        return cls(config, perception, style_grams(perception, sizes, style_refs))

    def __call__(
        self, stylized_image: Tensor, content_image: Tensor, autocast: Callable[[], Any]
    ) -> tuple[Tensor, LossParts]:
        """Return the total loss and its parts, unweighted. Images are (N, 3, H, W) in [0, 1]."""
        config = self.config
        content_refs = parse_layers(config.content_layers, config.features)
        with autocast():
            features = self.perception(stylized_image, (*content_refs, *self.grams))
            with torch.no_grad():
                target = self.perception(content_image, content_refs)
        content = content_distance(features, target)
        style = style_distance(features, self.grams)
        tv_form: Any = config.tv_form
        tv = total_variation_loss(stylized_image.float(), tv_form, config.tv_gamma)
        total = config.content_weight * content + config.style_weight * style + config.tv_weight * tv
        parts = {"total": total, "content": content, "style": style, "tv": tv}
        return total, {name: float(value.detach()) for name, value in parts.items()}


class TransformTrainer:
    """Trains one transform network on one style, from a fresh start or from where it was stopped."""

    def __init__(self, config: TransformConfig, placement: Placement) -> None:
        self.config = config
        self.placement = placement
        torch.manual_seed(config.seed)
        self.data = ContentCrops(
            config.content,
            config.crop_size,
            seed=config.seed,
            light_jitter=config.light_jitter,
            zoom=config.zoom,
        )
        self.objective = StyleObjective.build(config, placement.device)
        self.network: nn.Module = build_transform_net(config.preset)
        self.earlier_pictures = self._start_from(config.init_from) if config.init_from else 0
        self.network.to(placement.device).to(memory_format=torch.channels_last)
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(
            self.network.parameters(), lr=config.learning_rate
        )
        self.history: list[dict[str, float]] = []
        self.step = 0
        self.resume_file = config.run_folder() / "checkpoint.pt"
        if not config.fresh and self.resume_file.exists():
            self._resume()
        self.trained, self.optimizer = placement.setup(self.network, self.optimizer)

    def run(self, report: TrainingReport) -> None:
        """Train to the last step and write the checkpoint to ship.

        Raises:
            TrainingError: if the loss stops being a number; the last checkpoint stays.
        """
        config = self.config
        saved_at = time.monotonic()
        for content_image in self._batches():
            parts = self._train_step(content_image)
            self.step += 1
            self.history.append({"step": self.step, **parts})
            report.step(self.step, parts)
            if not math.isfinite(parts["total"]):
                raise TrainingError(
                    f"the loss became {parts['total']} at step {self.step}: lower --learning-rate"
                )
            if self.step % config.sample_every == 0 or self.step == config.steps:
                report.samples(self.step, self.network, self.history)
            if time.monotonic() - saved_at > 60 * config.checkpoint_minutes or self.step == config.steps:
                self.save()
                saved_at = time.monotonic()
        if self.placement.is_first:
            save_checkpoint(config.out, self._content())

    def save(self) -> None:
        """Write the checkpoint to resume from."""
        if self.placement.is_first:
            resume = {
                "step": self.step,
                "optimizer": self.optimizer.state_dict(),
                "history": self.history,
                "identity": self.config.identity(),
            }
            save_checkpoint(self.resume_file, {**self._content(), "resume": resume})

    def _train_step(self, content_image: Tensor) -> LossParts:
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = one_cycle(self.step, config.steps, config.learning_rate)
        self.network.train()
        content_image = content_image.to(self.placement.device, memory_format=torch.channels_last)
        with self.placement.autocast():
            stylized_image = self.trained(content_image)
        total, parts = self.objective(stylized_image, content_image, self.placement.autocast)
        self.optimizer.zero_grad(set_to_none=True)
        self.placement.backward(total)
        self.optimizer.step()
        return parts

    def _batches(self) -> Iterator[Tensor]:
        config, place = self.config, self.placement
        first, last = self.step * config.batch_size, config.steps * config.batch_size
        # Each process takes its share of every batch.
        numbers = range(first + place.rank, last, place.world_size)
        loader = DataLoader(
            self.data,
            batch_size=config.batch_size // place.world_size,
            sampler=numbers,
            num_workers=config.workers,
            pin_memory=place.device.type == "cuda",
            persistent_workers=config.workers > 0,
        )
        return iter(loader)

    def _content(self) -> dict[str, Any]:
        pictures = self.earlier_pictures + self.step * self.config.batch_size
        weights = {
            name: value.detach().cpu().contiguous() for name, value in self.network.state_dict().items()
        }
        feature_nets = {name: net.source for name, net in self.objective.perception.loaded.items()}
        training = {**self.config.identity(), "pictures": pictures, "feature_networks": feature_nets}
        return {
            "kind": "transform",
            "preset": self.config.preset,
            "weights": weights,
            "style": asdict(self.config.credits),
            "training": training,
        }

    def _start_from(self, file: Path) -> int:
        """Take over the weights of a checkpoint; return how many pictures it has seen."""
        _, content = load_transform_net(file)
        if content["preset"] != self.config.preset:
            raise CheckpointError(
                f"--init-from {file} is of preset {content['preset']}, not {self.config.preset}"
            )
        load_weights(self.network, content["weights"], file)
        return int(content["training"].get("pictures", 0))

    def _resume(self) -> None:
        content = load_checkpoint(self.resume_file)
        resume = content.get("resume") or {}
        was, now = resume.get("identity", {}), self.config.identity()
        different = [f"{key} {was.get(key)} -> {now[key]}" for key in now if was.get(key) != now[key]]
        if different:
            raise OptionError(
                f"{self.resume_file} was trained with other options ({'; '.join(different[:3])}): "
                "give the same to go on, --fresh to begin anew, or another --out"
            )
        load_weights(self.network, content["weights"], self.resume_file)
        self.optimizer.load_state_dict(resume["optimizer"])
        self.history, self.step = list(resume["history"]), int(resume["step"])


def sample_pictures(config: TransformConfig, count: int = 4, short_side: int = 256) -> list[Tensor]:
    """Return the pictures that the sample sheets show, (1, 3, H, W) each, the same through a training."""
    files = list_pictures(config.samples or config.content)
    chosen = files[:: max(1, len(files) // count)][:count]
    return [to_tensor(resize_short_side(read_rgb(file), short_side))[None] for file in chosen]
