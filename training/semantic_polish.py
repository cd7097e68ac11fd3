"""Polishes what a decoder painted: a few steps of the masked optimisation, from there."""

from torch import Tensor

from training.config_optimize import OptimizeConfig
from training.config_semantic import SemanticConfig
from training.devices import Placement
from training.images import to_uint8, write_png
from training.optimization.descent import PictureDescent
from training.optimization.interrupt import delayed_interrupt
from training.optimization.judgement import build_judgement
from training.optimization.objective import PictureObjective
from training.optimization.report import OptimizeReport
from training.optimization.sources import Sources
from training.perception import style_statistics
from training.semantic import SemanticPainter, SemanticSources


def polish(
    config: SemanticConfig, painter: SemanticPainter, sources: SemanticSources, image: Tensor
) -> Tensor:
    """Move a painting, (1, 3, H, W) in [0, 1], `config.polish` times down the loss of the optimisation.

    Each is one evaluation of the loss and its gradient, by L-BFGS. The losses, their curve and the picture
    are left in the folder NAME.run beside the picture to write.

    Returns:
        the polished painting, likewise.
    Raises:
        NotFiniteError: if the loss stops being a number.
        KeyboardInterrupt: after what is reached was written to `config.out`.
    """
    wanted = as_optimization(config, painter, sources, steps=config.polish)
    objective, place = _objective(wanted, sources)
    short_side = min(image.shape[-2:])
    descent = PictureDescent(image.to(place.device), objective)
    history: list[dict[str, float]] = []
    folder = config.out.with_suffix(".run")
    with OptimizeReport(folder, steps=config.polish) as report, delayed_interrupt() as interrupt:
        report.begin(short_side, done=0)
        for step in range(1, config.polish + 1):
            parts = descent.step()
            history.append({"step": step, "size": short_side, **parts})
            report.step(step, parts)
            if interrupt.pressed:
                write_png(config.out, to_uint8(descent.image[0]))
            interrupt.check()
        report.save(history, descent.image)
    return descent.image.cpu()


def _objective(wanted: OptimizeConfig, sources: SemanticSources) -> tuple[PictureObjective, Placement]:
    """A label that only the photograph has takes the style of all of the painting, as in the decoder's."""
    place = Placement(wanted.device, wanted.precision)
    judgement = build_judgement(wanted, place)
    assert wanted.size is not None
    objective = PictureObjective(
        wanted, judgement, Sources.read(wanted), wanted.size, wanted.size, place.device
    )
    if wanted.ignored_labels:
        style, refs = sources.style.to(place.device), judgement.style_layers.refs
        whole = style_statistics(judgement.perception, [style], refs, objective.method)
        for label in wanted.ignored_labels:
            objective.statistics[label] = whole
            objective.masks[label] = sources.content_masks[label].to(place.device)
    return objective, place


def as_optimization(
    config: SemanticConfig, painter: SemanticPainter, sources: SemanticSources, *, steps: int
) -> OptimizeConfig:
    """Return the same as an optimisation of the picture: mean and deviation at the decoder's layers.

    Where no label is in both masks, all of the picture takes all of the style.
    """
    layers = tuple(str(ref) for ref in painter.refs)
    masked = config.content_mask is not None and bool(set(sources.content_masks) & set(sources.style_masks))
    name = f"optimized_{painter.name.replace(':', '_')}.png"
    return OptimizeConfig(
        content=config.content,
        style_images=(config.style,),
        out=config.out.with_suffix(".run") / name,
        size=min(sources.content.shape[-2:]),
        style_size=min(sources.style.shape[-2:]),
        steps=steps,
        tolerance=0.0,
        loss="bn",
        content_layers=layers,
        style_layers=layers,
        content_mask=config.content_mask if masked else None,
        style_masks=(config.style_mask,) if masked and config.style_mask is not None else (),
        ignored_labels=tuple(sorted(set(sources.content_masks) - set(sources.style_masks))) if masked else (),
        device=config.device,
        weights=config.weights,
        precision="fp32",
        fresh=True,
    )
