"""The training loops. One step is a function of the step's number, so that a killed run goes on exactly."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from training.checkpoint import load_checkpoint, load_weights, save_checkpoint
from training.config import RECURRENT, StyleTrainingConfig, TrainingConfig
from training.datasets import ContentCrops
from training.devices import Placement
from training.errors import CheckpointError, OptionError, TrainingError
from training.images import read_for_sheet
from training.losses import LossParts
from training.objective import StyleObjective
from training.optimization.interrupt import delayed_interrupt, ignore_interrupt
from training.perception import Perception
from training.report import TrainingReport
from training.soap import Soap

Config = TypeVar("Config", bound=TrainingConfig)
StyleConfig = TypeVar("StyleConfig", bound=StyleTrainingConfig)


def one_cycle(step: int, steps: int, peak: float, *, warm_up: float = 0.1, start: float = 0.04) -> float:
    """Return the learning rate of a step: up to `peak` along a cosine, then down to almost nothing.

    Smith and Topin 2017, arXiv:1708.07120. A function of the step alone has no state to resume.
    """
    rise = max(1.0, warm_up * steps)
    if step < rise:
        return peak * (start + (1 - start) * 0.5 * (1 - math.cos(math.pi * step / rise)))
    return peak * (1e-3 + (1 - 1e-3) * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1.0, steps - rise))))


class Trainer(ABC, Generic[Config]):
    """Trains one network to paint, from a fresh start or from where it was stopped.

    What is trained, on what, and how a step's loss comes about is left to each kind of network.
    """

    kind: ClassVar[str]

    def __init__(self, config: Config, placement: Placement) -> None:
        self.config = config
        self.placement = placement
        torch.manual_seed(config.seed)
        self.resume_file = config.run_folder() / "checkpoint.pt"
        self.data = _content_crops(config)
        self.perception = self._build_objective()
        self.network: nn.Module = self._build_network()
        self.earlier_pictures = self._start_from() if config.init_from else 0
        self.network.to(placement.device).to(memory_format=torch.channels_last)
        self.optimizer = self._build_optimizer()
        self.optimizer.register_step_pre_hook(self._clip_gradient)
        self.history: list[dict[str, float]] = []
        self.step = 0
        if self.resumes:
            self._resume()
        self.trained, self.optimizer = placement.setup(self.network, self.optimizer)

    @property
    def resumes(self) -> bool:
        """Whether there is a checkpoint that is gone on from: what it holds need not be made."""
        return not self.config.fresh and self.resume_file.exists()

    @abstractmethod
    def _build_objective(self) -> Perception:
        """Prepare what `_loss` compares with; return the frozen networks that it looks through."""

    @abstractmethod
    def _build_network(self) -> nn.Module:
        """Return the network with fresh weights."""

    def _build_optimizer(self) -> torch.optim.Optimizer:
        parameters, rate = self.network.parameters(), self.config.learning_rate
        if self.config.optimizer == "soap":
            return Soap(parameters, lr=rate, half_products=self.placement.in_half)
        return torch.optim.Adam(parameters, lr=rate)

    def _learning_rate(self) -> float:
        """Return that of the step to come."""
        return one_cycle(self.step, self.config.steps, self.config.learning_rate)

    @abstractmethod
    def _loss(self, content_image: Tensor | None) -> tuple[Tensor, LossParts]:
        """Paint and return the step's loss and its parts; the photographs are on the device."""

    @abstractmethod
    def _paint(self, pictures: Sequence[Tensor]) -> list[Tensor]:
        """Paint the sheet's pictures, (1, 3, H, W) each, in evaluation mode and without gradients."""

    def run(self, report: TrainingReport) -> None:
        """Train to the last step and write the checkpoint to ship.

        Raises:
            TrainingError: if the loss stops being a number; the last checkpoint stays.
            KeyboardInterrupt: after the step is whole and saved; pressed twice, at once: the last stays.
        """
        config = self.config
        saved_at = time.monotonic()
        with delayed_interrupt() as interrupt:
            for content_image in self._batches():
                parts = self._train_step(content_image)
                self.step += 1
                self.history.append({"step": self.step, **parts})
                report.step(self.step, parts)
                last = self.step == config.steps
                if self.step % config.sample_every == 0 or last:
                    report.samples(self.step, self.paint, self.history)
                # One process that stopped alone would leave the others waiting for its gradients.
                stops = self.placement.any_process(interrupt.pressed)
                if stops or last or time.monotonic() - saved_at > 60 * config.checkpoint_minutes:
                    self.save()
                    saved_at = time.monotonic()
                if stops:
                    raise KeyboardInterrupt
        if self.placement.is_first:
            save_checkpoint(config.out, self._content())

    def paint(self, pictures: Sequence[Tensor]) -> list[Tensor]:
        """Paint pictures, (1, 3, H, W) each, as the network would now; returns (3, H, W) each."""
        self.network.eval()
        with torch.no_grad():
            painted = self._paint([picture.to(self.placement.device) for picture in pictures])
        self.network.train()
        return painted

    def closing_words(self) -> str:
        """Return what the command says of the trained network in its last line."""
        skipped = len(self.data.bad_files) if self.data else 0
        return f", {skipped} pictures skipped" if skipped else ""

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

    def _train_step(self, content_image: Tensor | None) -> LossParts:
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        self.network.train()
        if content_image is not None:
            content_image = content_image.to(self.placement.device, memory_format=torch.channels_last)
        total, parts = self._loss(content_image)
        if not math.isfinite(parts["total"]):  # before it reaches the weights and the optimiser's memory
            raise TrainingError(
                f"the loss became {parts['total']} at step {self.step + 1}: lower --learning-rate"
            )
        self.optimizer.zero_grad(set_to_none=True)
        self.placement.backward(total)
        self.optimizer.step()
        return parts

    def _longest_gradient(self) -> float:
        """Return the length that the gradient of a step is cut to; 0 leaves it as it is."""
        return 0.0

    def _clip_gradient(self, *_: object) -> None:
        """Bound what one odd picture does: one nearly of one colour is far from any other, relatively."""
        if longest := self._longest_gradient():
            length = nn.utils.clip_grad_norm_(self.network.parameters(), longest)
            if not length.isfinite():
                self.network.zero_grad(set_to_none=True)  # no step at all, and none in the optimiser's memory

    def _batches(self) -> Iterator[Tensor | None]:
        """Yield what each step to come practises on: this process's share of a batch, or None."""
        config, place = self.config, self.placement
        if self.data is None:
            return iter([None] * (config.steps - self.step))
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
            worker_init_fn=ignore_interrupt,
        )
        return iter(loader)

    def _content(self) -> dict[str, Any]:
        pictures = self.earlier_pictures + self.step * self.config.batch_size
        weights = {
            name: value.detach().cpu().contiguous() for name, value in self.network.state_dict().items()
        }
        feature_nets = {name: net.source for name, net in self.perception.loaded.items()}
        training = {**self.config.identity(), "pictures": pictures, "feature_networks": feature_nets}
        return {
            "kind": self.kind,
            "preset": self.config.preset,
            "with_content": self.config.content is not None,
            "weights": weights,
            "training": training,
        }

    def _first_content(self, file: Path) -> dict[str, Any]:
        """Return what to begin with, as a checkpoint of this kind holds it."""
        return load_checkpoint(file)

    def _check_kind(self, content: dict[str, Any], file: Path) -> None:
        if content.get("kind") != self.kind:
            raise CheckpointError(f"--init-from {file} is of kind {content.get('kind')}, not {self.kind}")

    def _start_from(self) -> int:
        """Take over the weights of a checkpoint; return how many pictures it has seen."""
        file = self.config.init_from
        assert file is not None
        content = self._first_content(file)
        self._check_kind(content, file)
        load_weights(self.network, self._weights_to_begin_with(content, file), file)
        return int(content["training"].get("pictures", 0))

    def _weights_to_begin_with(self, content: dict[str, Any], file: Path) -> dict[str, Tensor]:
        """Return those that this preset has, too: a recurrent network is a turbo one that looks back."""
        weights: dict[str, Tensor] = content["weights"]
        own = self.network.state_dict()
        before, now = content["preset"], self.config.preset
        if before == now:
            return weights
        if (before, now) == ("turbo", RECURRENT):
            return {**own, **weights}  # what looks back has yet to learn
        if (before, now) == (RECURRENT, "turbo"):
            return {name: value for name, value in weights.items() if name in own}
        raise CheckpointError(f"--init-from {file} is of preset {before}, not {now}")

    def _resume(self) -> None:
        content = load_checkpoint(self.resume_file)
        resume = content.get("resume") or {}
        different = self.config.changes_since(resume.get("identity", {}))
        if different:
            raise OptionError(
                f"{self.resume_file} was trained with other options ({'; '.join(different[:3])}): "
                "give the same to go on, --fresh to begin anew, or another --out"
            )
        load_weights(self.network, content["weights"], self.resume_file)
        self.optimizer.load_state_dict(resume["optimizer"])
        self.history, self.step = list(resume["history"]), int(resume["step"])


def _content_crops(config: TrainingConfig) -> ContentCrops | None:
    if config.content is None:
        return None
    return ContentCrops(
        config.content,
        config.crop_size,
        seed=config.seed,
        light_jitter=config.light_jitter,
        zoom=config.zoom,
    )


class StyleTrainer(Trainer[StyleConfig]):
    """Trains one network on one style."""

    def _build_objective(self) -> Perception:
        self.objective = StyleObjective.build(self.config, self.placement.device)
        return self.objective.perception

    def _content(self) -> dict[str, Any]:
        return {**super()._content(), "style": asdict(self.config.credits)}


def sample_pictures(config: TrainingConfig, count: int = 4, short_side: int = 256) -> list[Tensor]:
    """Return the photographs that the sample sheets show, (1, 3, H, W) each, the same through a training."""
    folder = config.samples or config.content
    if folder is None:
        return []
    return [image for _, image in read_for_sheet(folder, count, short_side)]
