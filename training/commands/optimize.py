"""The command `python -m training optimize`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.commands.words import names, option

if TYPE_CHECKING:
    from training.config_optimize import OptimizeConfig


def optimize(
    content: Annotated[Path | None, typer.Argument(help="The photograph.")] = None,
    style: Annotated[Path | None, typer.Argument(help="The picture whose style it takes.")] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The picture to write, NAME.png.", show_default=False)
    ] = Path("optimized.png"),
    size: Annotated[
        int | None, option("Short side of the picture. [512, or the photograph's where that is less]")
    ] = None,
    scales: Annotated[int, option("Coarse to fine: how many sizes, each twice the one before.")] = 1,
    sizes: Annotated[str | None, option("Coarse to fine by name, such as 128,256,512.")] = None,
    steps: Annotated[int, option("Most steps at each size.")] = 1000,
    tolerance: Annotated[
        float, option("Stop where the loss changes by less than this share of itself a step; 0 for never.")
    ] = 0.005,
    optimizer: Annotated[str, option("lbfgs or adam.")] = "lbfgs",
    learning_rate: Annotated[float | None, option("[1 for lbfgs, 0.02 for adam]")] = None,
    loss: Annotated[
        str, option("Style loss: gram, linear, poly, gaussian, bn, or a fusion such as bn:0.7+poly:0.3.")
    ] = "gram",
    content_weight: Annotated[float, option("How much the photograph counts.")] = 1.0,
    style_weight: Annotated[float | None, option("How much the style counts. [100; from noise 10]")] = None,
    balance: Annotated[
        float | None, option("Instead: how many times as hard as the content the style pulls, in noise.")
    ] = None,
    tv_weight: Annotated[float, option("How much smoothness counts.")] = 2.0,
    tv_form: Annotated[str, option("Total variation: squared, absolute or gamma.")] = "squared",
    tv_gamma: Annotated[float, option("Exponent of the gamma form.")] = 1.25,
    features: Annotated[str, option("Network whose features are compared: vgg19, vgg16 or small.")] = "vgg19",
    content_layers: Annotated[
        str | None, option("Layers, with commas. [relu4_2, or the deepest there is]")
    ] = None,
    style_layers: Annotated[
        str | None,
        option(
            "Layers, with commas: relu1_1=0.5 counts half, small:relu4_1 is a layer of another network. "
            "[relu1_1,relu2_1,relu3_1,relu4_1,relu5_1, as far as there are]"
        ),
    ] = None,
    init: Annotated[str, option("Start from the content or from noise.")] = "content",
    style_image: Annotated[
        list[Path] | None, option("Another style picture beside STYLE; may be given again.")
    ] = None,
    style_share: Annotated[
        list[float] | None, option("How much each style picture counts, STYLE first. [alike]")
    ] = None,
    style_size: Annotated[
        int | None, option("Short side of the style pictures. [as --size, never enlarged]")
    ] = None,
    original_colors: Annotated[
        str,
        option(
            "Keep the photograph's colours: luminance paints light and dark only, match recolours the style."
        ),
    ] = "no",
    content_mask: Annotated[
        Path | None, option("Labels of the photograph's parts, as palette indices or greys.")
    ] = None,
    style_mask: Annotated[
        list[Path] | None, option("Labels of the style's parts; one for each style picture.")
    ] = None,
    ignore_label: Annotated[
        list[int] | None, option("A label of the content mask that takes no style.")
    ] = None,
    compare: Annotated[
        bool, option("Draw style losses, balance factors and fusions as one sheet (Li et al. 2017).")
    ] = False,
    balances: Annotated[str, option("Columns of --compare, with commas.")] = "0.1,0.2,1,5,10",
    redraw_every: Annotated[int, option("Steps of L-BFGS between two samples of the Gaussian kernel.")] = 20,
    seed: Annotated[int, option("Noise and samples follow from it.")] = 0,
    precision: Annotated[str, option("auto, fp32 or bf16 (autocast).")] = "auto",
    device: Annotated[str, option("auto, cpu or cuda.")] = "auto",
    threads: Annotated[int, option("CPU threads; 0 for all cores.")] = 0,
    weights: Annotated[
        Path | None, option("Feature weights: a file or folder, before LIVEBRUSH_WEIGHTS and the download.")
    ] = None,
    run_dir: Annotated[
        Path | None, option("Curves, pictures, resume point. [OUT without .png, .run]")
    ] = None,
    fresh: Annotated[bool, option("Begin anew though there is a run to resume.")] = False,
    save_every: Annotated[int, option("Steps between two pictures on the way.")] = 50,
    json: Annotated[Path | None, option("Write what was done and how it ended here.")] = None,
    debug: Annotated[bool, option("Show tracebacks.")] = False,
) -> None:
    """Paint one photograph exactly, by moving its pixels down the loss (Gatys et al. 2015).

    Example: python -m training optimize photo.jpg wave.jpg -o painted.png --size 384 --scales 2

    The same command after a kill goes on where it was. With --compare the pictures may be left out:
    scikit-image's own take their place.
    """
    from training.config_optimize import OptimizeConfig
    from training.errors import OptionError
    from training.optimize import compare_methods
    from training.optimize import optimize as run_optimize

    if compare and content is None:
        content, style, *style_image = _bundled_pictures()
    if content is None or style is None:
        raise OptionError("give two pictures: CONTENT and STYLE")
    config = OptimizeConfig(
        content=content,
        style_images=(style, *(style_image or ())),
        out=out,
        style_shares=tuple(style_share or ()),
        size=size,
        sizes=_whole_numbers(sizes) if sizes is not None else (),
        scales=scales,
        style_size=style_size,
        steps=steps,
        tolerance=tolerance,
        optimizer=optimizer,  # type: ignore[arg-type]
        learning_rate=learning_rate,
        loss=loss,
        content_weight=content_weight,
        style_weight=style_weight,
        balance=balance,
        tv_weight=tv_weight,
        tv_form=tv_form,
        tv_gamma=tv_gamma,
        features=features,
        content_layers=None if content_layers is None else names(content_layers),
        style_layers=None if style_layers is None else names(style_layers),
        init=init,
        original_colors=original_colors,
        content_mask=content_mask,
        style_masks=tuple(style_mask or ()),
        ignored_labels=tuple(ignore_label or ()),
        redraw_every=redraw_every,
        seed=seed,
        precision=precision,  # type: ignore[arg-type]
        device=device,
        weights=weights,
        run_dir=run_dir,
        fresh=fresh,
        save_every=save_every,
    )
    if compare:
        _check_compare(config)
        compare_methods(config, _numbers(balances), threads=threads, json_file=json)
    else:
        run_optimize(config, threads=threads, json_file=json)


def _whole_numbers(text: str) -> tuple[int, ...]:
    from training.errors import OptionError

    try:
        return tuple(int(part) for part in names(text))
    except ValueError as error:
        raise OptionError(f"--sizes must be whole numbers with commas, instead got {text!r}") from error


def _numbers(text: str) -> tuple[float, ...]:
    from training.errors import OptionError

    try:
        found = tuple(float(part) for part in names(text))
    except ValueError:
        found = ()
    if not found or not all(0 < number <= 1e6 for number in found):
        raise OptionError(f"--balances must be numbers above 0 with commas, instead got {text!r}")
    return found


def _check_compare(config: "OptimizeConfig") -> None:
    from training.errors import OptionError

    if config.loss != "gram" or config.style_weight is not None:
        raise OptionError("--compare sets --loss and the style's weight itself: leave both out")


def _bundled_pictures() -> list[Path]:
    """A photograph and pictures with a texture of their own, all free to show."""
    from training.errors import OptionError

    try:
        from skimage import data
    except ImportError as error:
        raise OptionError("--compare without pictures needs scikit-image: give CONTENT and STYLE") from error
    folder = Path(data.__file__).parent
    return [folder / name for name in ("astronaut.png", "ihc.png", "hubble_deep_field.jpg", "coffee.png")]
