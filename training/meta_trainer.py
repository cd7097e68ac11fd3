"""Trains meta networks: Shen et al. 2018, algorithm 1."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from training.checkpoint import load_checkpoint, load_transform_net, load_weights
from training.config_meta import MetaConfig
from training.errors import CheckpointError
from training.images import read_for_sheet
from training.losses import LossParts
from training.meta_objective import MetaObjective, StyleTargets
from training.meta_start import weights_to_begin_with
from training.networks.meta_net import Generate
from training.networks.meta_style import MetaPlan, build_meta_style
from training.networks.recurrent_net import RecurrentNet
from training.networks.style_encoder import StyleScale, vector_distance
from training.optimization.interrupt import ignore_interrupt
from training.perception import Perception
from training.soap import Soap
from training.style_pictures import StyleMix, StylePictures
from training.trainers import Trainer, one_cycle

# However long a training, so many steps are enough to warm up.
_WARM_UP_STEPS = 1000
# Numbers of styles that only teach the encoder, and that the scale is taken from: far from all others.
_TAUGHT, _MEASURED = 2**29, 2**30
# The longest side of a weight that SOAP turns.
_LONGEST_BASIS = 1024


@dataclass(frozen=True)
class HeldOutScore:
    """How a style that is never trained on is painted, as means over photographs.

    Args:
        name: of the style.
        content: how much of the photograph is lost, 0 for nothing.
        style: how far the painting is from the style, as trained.
        untouched: how far the photograph is from it.
    """

    name: str
    content: float
    style: float
    untouched: float

    @property
    def closed(self) -> float:
        """Which share of the way to the style is done; 0 for the photograph as it was."""
        return 1 - self.style / max(self.untouched, 1e-12)


class MetaTrainer(Trainer[MetaConfig]):
    """Trains a meta network on many styles, each for a few steps before the next."""

    kind = "meta"

    def _build_objective(self) -> Perception:
        config = self.config
        self.objective = MetaObjective.build(config, self.placement.device)
        self.styles = StylePictures(
            config.styles,
            config.target_size or config.style_size,
            photographs=config.content,
            mix=StyleMix(config.textures, config.photographs),
            seed=config.seed,
            vary=config.vary,
        )
        self.held_out = sample_styles(config)
        self.style_names: tuple[str, ...] = ()
        self._style_batches: Iterator[tuple[Tensor, Sequence[str]]] | None = None
        self._targets: tuple[int, StyleTargets] | None = None
        return self.objective.perception

    def _build_network(self) -> nn.Module:
        config = self.config
        probe = torch.zeros(1, 3, 64, 64, device=self.placement.device)
        self.plan = MetaPlan(
            preset=config.preset,
            statistics=self.objective.look_at(probe).vectors.shape[1],
            numbers=config.style_numbers,
            generate=cast(Generate, config.generate),
            hidden=config.hidden,
            encoder=config.encoder,
        )
        self.meta_style = build_meta_style(self.plan)
        if config.init_from is None and not self.resumes:  # else the checkpoint has it
            self._measure(self.meta_style.scale)
            if config.network is not None:
                self._begin_as(config.network)
        return self.meta_style

    def _begin_as(self, file: Path) -> None:
        network, content = load_transform_net(file)
        preset = content["preset"]
        if isinstance(network, RecurrentNet):  # its plain half is a turbo network
            network, preset = network.plain(), "turbo"
        if preset != self.config.preset:
            raise CheckpointError(
                f"--network {file} is of preset {content['preset']}, not {self.config.preset}"
            )
        self.meta_style.meta_net.begin_as(network)

    def _measure(self, scale: StyleScale) -> None:
        """Take the scale of the statistics from styles such as will be trained on."""
        numbers = range(_MEASURED, _MEASURED + self.config.measured_styles)
        loader = DataLoader(self.styles, batch_size=4, sampler=numbers, num_workers=self.config.workers)
        autocast = self.placement.autocast
        seen = [self.objective.look_at(self._place(images), autocast).vectors.cpu() for images, _ in loader]
        scale.measure(torch.cat(seen))

    def _build_optimizer(self) -> torch.optim.Optimizer:
        parameters, rate = self.network.parameters(), self.config.learning_rate
        optimizer: torch.optim.Optimizer
        if self.config.optimizer == "soap":
            # The writers' long sides are thousands of numbers that a style writes: no basis for those.
            optimizer = Soap(
                parameters, lr=rate, max_side=_LONGEST_BASIS, half_products=self.placement.in_half
            )
        else:
            # Millions of numbers, each moved in every step: in one go that takes a quarter of the time.
            optimizer = torch.optim.Adam(parameters, lr=rate, fused=True)
        return optimizer

    def _longest_gradient(self) -> float:
        return self.config.clip

    def _learning_rate(self) -> float:
        config = self.config
        share = min(0.1, _WARM_UP_STEPS / config.steps)
        return one_cycle(self.step, config.steps, config.learning_rate, warm_up=share)

    def _loss(self, content_image: Tensor | None) -> tuple[Tensor, LossParts]:
        config, place = self.config, self.placement
        styles, counts = self._styles_now(), self._counts()
        with place.autocast():
            vector, image = self.trained(styles.images, styles.vectors, content_image, counts)
        if config.encoder == "vgg":
            return self._painting_loss(image, content_image, styles, counts)
        scale = self.meta_style.scale
        missed = vector_distance(vector.float(), scale(styles.vectors), scale.shares())
        parts = {"vector": float(missed.detach())}
        if content_image is None:
            return missed, {"total": parts["vector"], **parts}
        painting, painting_parts = self._painting_loss(image, content_image, styles, counts)
        total = painting + config.teach_weight * missed
        return total, {**painting_parts, **parts, "total": float(total.detach())}

    def _painting_loss(
        self, image: Tensor, content_image: Tensor | None, styles: StyleTargets, counts: Sequence[int]
    ) -> tuple[Tensor, LossParts]:
        assert content_image is not None
        return self.objective(
            image, content_image, styles.statistics, counts, self.placement.autocast, self.step
        )

    def _batches(self) -> Iterator[Tensor | None]:
        for _ in range(self.step, self.config.teach_steps):
            yield None  # the encoder learns of styles alone
        yield from super()._batches()

    def _counts(self) -> list[int]:
        """Return how many photographs of this process's share of the batch each style paints."""
        place, styles = self.placement, self.config.styles_per_step
        counts = [0] * styles
        for item in range(place.rank, self.config.batch_size, place.world_size):
            counts[item * styles // self.config.batch_size] += 1
        return counts

    def _styles_now(self) -> StyleTargets:
        """Return the styles of the step to come; the next ones every `steps_per_style` steps."""
        group = self._group(self.step)
        if self._targets is None or self._targets[0] != group:
            if self._style_batches is None:
                loader = DataLoader(
                    self.styles,
                    batch_sampler=self._groups_to_come(),
                    num_workers=self.config.workers,
                    worker_init_fn=ignore_interrupt,
                )
                self._style_batches = iter(loader)
            images, names = next(self._style_batches)
            self.style_names = tuple(names)
            placed, autocast = self._place(images), self.placement.autocast
            self._targets = group, self.objective.look_at(placed, autocast, to_teach=group < 0)
        return self._targets[1]

    def _group(self, step: int) -> int:
        """Return which styles a step has: from 0 on; below 0 while the encoder is taught alone."""
        after = step - self.config.teach_steps
        return after if after < 0 else after // self.config.steps_per_style

    def _groups_to_come(self) -> Iterator[list[int]]:
        """Yield the numbers of the styles of each group, from that of the step to come."""
        config = self.config
        for group in range(self._group(self.step), self._group(config.steps - 1) + 1):
            count = config.batch_size if group < 0 else config.styles_per_step
            first = _TAUGHT + (group + config.teach_steps) * count if group < 0 else group * count
            yield list(range(first, first + count))

    def _place(self, images: Tensor) -> Tensor:
        return images.to(self.placement.device, memory_format=torch.channels_last)

    def _paint(self, pictures: Sequence[Tensor]) -> list[Tensor]:
        """Paint the pictures in each held-out style, style by style."""
        painted = []
        for _, style_image in self.held_out:
            styles = self.objective.look_at(self._place(style_image))
            vector = self.meta_style.style_vector(styles.images, styles.vectors)
            painted += [self.meta_style.meta_net(vector, picture, [1])[0] for picture in pictures]
        return painted

    def score(self, pictures: Sequence[Tensor]) -> list[HeldOutScore]:
        """Paint the pictures, (1, 3, H, W) each, in the held-out styles and measure them."""
        painted = iter(self.paint(pictures))
        scores = []
        for name, style_image in self.held_out:
            statistics = self.objective.look_at(self._place(style_image)).statistics[0]
            losses = [
                self.objective.compare(self._place(picture), self._place(next(painted)[None]), statistics)
                for picture in pictures
            ]
            scores.append(HeldOutScore(name, *torch.tensor(losses).mean(dim=0).tolist()))
        return scores

    def _content(self) -> dict[str, Any]:
        config = self.config
        refs = self.objective.encoder_refs
        encoder = {"layers": [str(ref) for ref in refs], "style_size": config.style_size}
        return {**super()._content(), "plan": asdict(self.plan), "encoder": encoder}

    def _start_from(self) -> int:
        """Take over the weights of a meta network; one without the small encoder may begin to have one."""
        file = self.config.init_from
        assert file is not None
        content = load_checkpoint(file)
        weights = weights_to_begin_with(
            content, file, self.plan, self.network.state_dict(), self.config.encoder_from
        )
        load_weights(self.network, weights, file)
        return int(content["training"].get("pictures", 0))


def sample_styles(config: MetaConfig, count: int = 6) -> list[tuple[str, Tensor]]:
    """Return the styles of the sheets, their names and (1, 3, H, W): or of those trained on."""
    folder = config.sample_styles or config.styles[0]
    return read_for_sheet(folder, count, config.target_size or config.style_size)
