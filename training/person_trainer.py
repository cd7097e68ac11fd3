"""Trains the network that finds people. A step is a function of its number: a killed run goes on exactly."""

import copy
import itertools
import json
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.checkpoint import load_checkpoint, load_weights, save_checkpoint
from training.config_person import PersonConfig
from training.devices import Placement
from training.errors import OptionError, TrainingError
from training.images import contact_sheet, to_tensor, write_png
from training.losses import LossParts
from training.people import Pair, Picture, read_backgrounds, read_unsure, split_people
from training.people_practice import Practice
from training.person_loss import person_loss
from training.person_metrics import Score, find_alpha, score
from training.person_networks import (
    KIND,
    SMALL,
    AnyPersonNet,
    begin_trained,
    build_person_net,
    load_person_net,
)
from training.report import LossBar
from training.trainers import one_cycle

_ENCODER_RATE = 0.3  # of the learning rate, where the encoder had weights to begin with


class PersonTrainer:
    """Trains one network, from a fresh start or from where it was stopped."""

    def __init__(self, config: PersonConfig, placement: Placement) -> None:
        self.config, self.placement = config, placement
        torch.manual_seed(config.seed)
        pairs, self.held_out = split_people(config.people, config.also)
        backgrounds = read_backgrounds(config.content, config.also) if config.content else []
        unsure = read_unsure(config.also) if config.also else []
        self.practice = Practice(pairs, backgrounds, config.seed, unsure)
        self.network = self._build_network()
        self.teacher = None if config.teacher is None else load_person_net(config.teacher)[0]
        self.network.to(placement.device).to(memory_format=torch.channels_last)
        if self.teacher is not None:
            self.teacher.to(placement.device).to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.network).eval()
        self.optimizer = self._build_optimizer()
        self.history: list[dict[str, float]] = []
        self.choices: list[dict[str, float]] = []
        self.step = 0
        self.resume_file = config.run_folder() / "checkpoint.pt"
        if not config.fresh and self.resume_file.exists():
            self._resume()

    def run(self) -> None:
        """Train to the last step and write the averaged network.

        Raises:
            TrainingError: if the loss stops being a number; the last checkpoint stays.
        """
        config, saved_at = self.config, time.monotonic()
        bar = LossBar()
        bar.begin("step", total=config.steps, done=self.step)
        ahead = ThreadPoolExecutor(1)  # makes the next batch while the network learns from this one
        coming = ahead.submit(self._batch, self.step)
        try:
            while self.step < config.steps:
                batch = coming.result()
                coming = ahead.submit(self._batch, self.step + 1)
                parts = self._train_step(*batch)
                self.step += 1
                self.history.append({"step": self.step, **parts})
                bar.step(self.step, parts)
                last = self.step == config.steps
                if self.step % config.sample_every == 0 or last:
                    self._look()
                if time.monotonic() - saved_at > 60 * config.checkpoint_minutes or last:
                    self.save()
                    saved_at = time.monotonic()
        finally:
            ahead.shutdown(cancel_futures=True)
            bar.stop()
        save_checkpoint(config.out, self._content(self.averaged))

    def save(self) -> None:
        """Write the checkpoint to resume from."""
        resume = {
            "step": self.step,
            "averaged": _weights(self.averaged),
            "optimizer": self.optimizer.state_dict(),
            "history": self.history,
            "choices": self.choices,
            "identity": self.config.identity(),
        }
        save_checkpoint(self.resume_file, {**self._content(self.network), "resume": resume})

    def find(self, image: Picture) -> NDArray[np.float32]:
        """Return where the averaged network sees people, (H, W) in [0, 1]."""
        return find_with(self.averaged, image, self.placement.device)

    def _train_step(self, image: Tensor, mask: Tensor) -> LossParts:
        config, place = self.config, self.placement
        # What the teacher drops comes from torch's own generator: it, too, is to be a function of the step.
        torch.manual_seed(config.seed * 1_000_003 + self.step)
        rate = one_cycle(self.step, config.steps, config.learning_rate)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["share"]
        self.network.train()
        mask = self._ask_teacher(image, mask)
        with place.autocast():
            logits = self.network(image)
        total, parts = person_loss(logits, mask)
        if not math.isfinite(parts["total"]):
            raise TrainingError(
                f"the loss became {parts['total']} at step {self.step + 1}: lower --learning-rate"
            )
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self._average()
        return parts

    def _ask_teacher(self, image: Tensor, mask: Tensor) -> Tensor:
        """Return the mask to learn, (N, 1, H, W): partly what the teacher sees.

        Hinton et al. 2015, arXiv:1503.02531. It says more than a mask does: where it is not sure, and what
        people who drew masks left out.
        """
        if self.teacher is None:
            return mask
        with torch.no_grad(), self.placement.autocast():
            seen = self.teacher(image).float().sigmoid()
        return mask.lerp(seen, self.config.teacher_share)

    def _batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return a step's pictures, (N, 3, H, W), and masks, (N, 1, H, W)."""
        hw, count = self.config.size(step), self.config.batch_size
        samples = [self.practice.sample(step * count + k, hw) for k in range(count)]
        image = torch.from_numpy(np.stack([image for image, _ in samples]).transpose(0, 3, 1, 2))
        mask = torch.from_numpy(np.stack([mask for _, mask in samples]))[:, None]
        device = self.placement.device
        return image.to(device, memory_format=torch.channels_last), mask.to(device)

    def _average(self) -> None:
        """Move the averaged weights towards the network's; faster at first, to forget the start."""
        kept = min(self.config.average, (1 + self.step) / (10 + self.step))
        now = self.network.state_dict()
        with torch.no_grad():
            for name, value in self.averaged.state_dict().items():
                if value.is_floating_point():
                    value.lerp_(now[name], 1 - kept)
                else:
                    value.copy_(now[name])

    def _look(self) -> None:
        """Judge by the pairs held out; write the sheet and the log."""
        config = self.config
        scores = score(self.find, self.held_out, config.area)
        figures = {"step": float(self.step), **mean_scores(scores)}
        self.choices.append(figures)
        folder = config.run_folder()
        sheet = people_sheet(self.held_out[:12], self.find, config.area)
        write_png(folder / f"samples_{self.step:06d}.png", sheet)
        written = {"held_out": self.choices, "losses": self.history}
        (folder / "losses.json").write_text(json.dumps(written))
        words = "  ".join(f"{name} {value:.4f}" for name, value in figures.items() if name != "step")
        print(f"step {self.step}: held out  {words}", flush=True)

    def _build_network(self) -> AnyPersonNet:
        config = self.config
        if config.init_from is not None:
            network, content = load_person_net(config.init_from)
            if content.get("preset", SMALL) != config.preset:
                raise OptionError(
                    f"--init-from {config.init_from} is of preset {content.get('preset', SMALL)}, "
                    f"not {config.preset}"
                )
            return network
        network = build_person_net(config.preset)
        if config.weights is not None:
            begin_trained(network, config.weights)
        return network

    def _build_optimizer(self) -> torch.optim.Optimizer:
        begins_trained = self.config.weights is not None or self.config.init_from is not None
        encoder = self.network.encoder_names() if begins_trained else set()
        shares: dict[float, list[nn.Parameter]] = {_ENCODER_RATE: [], 1.0: []}
        for name, value in self.network.named_parameters():
            if not value.requires_grad:
                continue
            shares[_ENCODER_RATE if name in encoder else 1.0].append(value)
        groups = [{"params": values, "share": share} for share, values in shares.items() if values]
        return torch.optim.AdamW(groups, lr=self.config.learning_rate, weight_decay=0.02)

    def _content(self, network: nn.Module) -> dict[str, Any]:
        training = {
            **self.config.identity(),
            "steps": self.step,
            "pictures": self.step * self.config.batch_size,
        }
        figures = self.choices[-1] if self.choices else {}
        return {
            "kind": KIND,
            "preset": self.config.preset,
            "area": self.config.area,
            "weights": _weights(network),
            "training": {**training, "held_out": figures},
        }

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
        load_weights(self.averaged, resume["averaged"], self.resume_file)
        self.optimizer.load_state_dict(resume["optimizer"])
        self.history, self.choices = list(resume["history"]), list(resume["choices"])
        self.step = int(resume["step"])


def find_with(network: nn.Module, image: Picture, device: torch.device) -> NDArray[np.float32]:
    """Return where a network sees people, (H, W) in [0, 1]; sides must be multiples of 16."""
    with torch.no_grad():
        alpha: Tensor = network(to_tensor(image)[None].to(device)).sigmoid()
    return alpha[0, 0].float().cpu().numpy()


def mean_scores(scores: Sequence[Score]) -> dict[str, float]:
    """Return the mean of each figure over the pictures."""
    names = ("iou", "edge_iou", "edge_f")
    return {name: float(np.mean([getattr(one, name) for one in scores])) for name in names}


def people_sheet(pairs: Sequence[Pair], find: Any, area: int, *, columns: int = 4) -> Picture:
    """Return a sheet: every picture, what was found in it, and what is true, side by side."""
    cells = []
    for pair in pairs:
        alpha = find_alpha(find, pair.image, area)[..., None]
        shown = (pair.image * (0.25 + 0.75 * alpha)).astype(np.uint8)
        levels = np.repeat((alpha * 255).astype(np.uint8), 3, axis=2)
        true = np.repeat(pair.mask[..., None], 3, axis=2)
        cells.append([shown, levels, true])
    rows = [
        list(itertools.chain.from_iterable(cells[k : k + columns])) for k in range(0, len(cells), columns)
    ]
    return contact_sheet(rows, height=150)


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
