import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from training.config_optimize import OptimizeConfig
from training.devices import Placement
from training.errors import NotFiniteError, OptionError
from training.images import read_rgb, write_png
from training.optimization.colours import luminance
from training.optimization.judgement import build_judgement
from training.optimization.objective import PictureObjective
from training.optimization.report import OptimizeReport
from training.optimization.run import PictureOptimization
from training.optimization.sources import Sources, noise_like, pyramid, styles_at
from training.optimize import optimize

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def options(photographs: Path, style_picture: Path, feature_weights: Path, tmp_path: Path) -> dict[str, Any]:
    """A picture small enough for a test: real networks, real losses, four steps."""
    return {
        "content": photographs / "2.png",  # 64x64
        "style_images": (style_picture,),
        "out": tmp_path / "painted.png",
        "steps": 4,
        "weights": feature_weights,
        "precision": "fp32",
        "device": "cpu",
        "tv_weight": 0.0,
        "content_layers": ("relu2_1",),
        "style_layers": ("relu1_1", "small:relu4_1"),
    }


def make(options: dict[str, Any], **changes: Any) -> PictureOptimization:
    config = OptimizeConfig(**{**options, **changes})
    place = Placement(config.device, config.precision)
    return PictureOptimization(config, Sources.read(config), build_judgement(config, place), place)


def paint(options: dict[str, Any], **changes: Any) -> PictureOptimization:
    optimization = make(options, **changes)
    config = optimization.config
    with OptimizeReport(config.run_folder(), steps=config.steps, quiet=True, curves=False) as report:
        optimization.run(report)
    return optimization


def column(optimization: PictureOptimization, name: str) -> list[float]:
    return [row[name] for row in optimization.history]


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("init", ["content", "noise"])
def test_the_loss_falls_from_either_start_with_either_method(
    optimizer: str, init: str, options: dict[str, Any]
) -> None:
    total = column(paint(options, optimizer=optimizer, init=init, steps=20), "total")
    assert total[-1] < 0.7 * total[0]


def test_the_start_is_the_content_itself_or_noise_that_follows_from_the_seed(options: dict[str, Any]) -> None:
    assert column(paint(options, steps=1), "content") == [0.0]
    first, again, other = (
        column(paint(options, steps=1, init="noise", seed=seed, fresh=True), "content") for seed in (1, 1, 2)
    )
    assert first == again != other and first[0] > 0.1


@pytest.mark.parametrize("loss", ["linear", "poly", "gaussian", "bn", "bn:0.7+poly:0.3"])
def test_every_style_loss_paints(loss: str, options: dict[str, Any]) -> None:
    style = column(paint(options, loss=loss, steps=15), "style")
    assert style[-1] < 0.7 * style[0]


def test_weights_change_what_the_picture_becomes(options: dict[str, Any]) -> None:
    light = paint(options, style_weight=0.5, steps=10)
    heavy = paint(options, style_weight=50.0, steps=10, fresh=True)
    assert column(heavy, "style")[-1] < column(light, "style")[-1]
    assert column(heavy, "content")[-1] > column(light, "content")[-1]
    smooth = paint(options, style_weight=0.5, tv_weight=50.0, steps=10, fresh=True)
    assert column(smooth, "tv")[-1] < 0.5 * column(light, "tv")[-1]


def test_a_layers_weight_moves_the_style_towards_it(options: dict[str, Any]) -> None:
    def first_style(*layers: str) -> float:
        return column(paint(options, steps=1, style_layers=layers, fresh=True), "style")[0]

    shallow, deep = first_style("relu1_1"), first_style("small:relu4_1")
    assert first_style("relu1_1", "small:relu4_1") == pytest.approx((shallow + deep) / 2, rel=1e-5)
    assert first_style("relu1_1=3", "small:relu4_1") == pytest.approx((3 * shallow + deep) / 4, rel=1e-5)


def test_balance_makes_the_style_pull_so_many_times_as_hard_as_the_content(options: dict[str, Any]) -> None:
    objective = objective_of(options, balance=3.0, loss="bn", content_weight=2.0)
    noise = noise_like(objective.content_image, 0).requires_grad_()
    features = objective.judgement.features(noise)
    (content,) = torch.autograd.grad(2.0 * objective._content(features), noise, retain_graph=True)
    (style,) = torch.autograd.grad(
        objective.style_weight * objective._style(features, objective.method), noise
    )
    assert float(style.norm() / content.norm()) == pytest.approx(3.0, rel=1e-4)


def test_in_a_balanced_fusion_each_method_pulls_by_its_share(options: dict[str, Any]) -> None:
    weights = []
    for loss in ("bn:0.9+linear:0.1", "bn:0.1+linear:0.9"):
        objective = objective_of(options, balance=5.0, loss=loss)
        shares = [share for _, share in objective.method.parts]  # type: ignore[attr-defined]
        assert sum(shares) == pytest.approx(1)
        weights.append([objective.style_weight * share for share in shares])
    assert weights[0][0] == pytest.approx(9 * weights[1][0]) and weights[1][1] == pytest.approx(
        9 * weights[0][1]
    )


def objective_of(options: dict[str, Any], **changes: Any) -> PictureObjective:
    optimization = make(options, **changes)
    optimization._begin(None)
    assert optimization.objective is not None
    return optimization.objective


def test_coarse_to_fine_starts_each_size_from_the_one_before(options: dict[str, Any]) -> None:
    coarse = paint(options, sizes=(48, 64), steps=10)
    assert coarse.sizes == (48, 64)
    assert column(coarse, "size") == [48] * 10 + [64] * 10
    assert read_rgb(options["out"]).shape == (64, 64, 3)
    plain = paint(options, steps=1, fresh=True)
    assert column(coarse, "style")[10] < 0.5 * column(plain, "style")[0]


def test_the_sizes_halve_from_the_finest(options: dict[str, Any]) -> None:
    content = np.zeros((700, 900, 3), dtype=np.uint8)
    assert pyramid(OptimizeConfig(**options), content) == (512,)
    assert pyramid(OptimizeConfig(**options), content[:300]) == (300,)
    assert pyramid(OptimizeConfig(**options, size=1024, scales=3), content) == (256, 512, 1024)
    assert pyramid(OptimizeConfig(**options, size=200, scales=8), content) == (100, 200)  # no coarser than 64
    assert pyramid(OptimizeConfig(**options, sizes=(200, 300)), content) == (200, 300)


def test_a_style_picture_is_never_enlarged_unless_asked_for(options: dict[str, Any]) -> None:
    def shapes(**changes: Any) -> list[tuple[int, ...]]:  # the style picture is 96x128
        config = OptimizeConfig(**{**options, **changes})
        sources = Sources.read(config)
        return [tuple(styles_at(sources, config, side, 256)[0].shape[-2:]) for side in (128, 256)]

    assert shapes() == [(48, 64), (96, 128)]
    assert shapes(style_size=192) == [(96, 128), (192, 256)]


def test_of_two_style_pictures_each_counts_by_its_share(
    options: dict[str, Any], style_picture: Path, photographs: Path
) -> None:
    def first_gram(*styles: Path, shares: tuple[float, ...] = ()) -> Tensor:
        changes = {"style_images": styles, "style_shares": shares, "style_layers": ("relu2_1",)}
        (statistics,) = objective_of(options, **changes).statistics[0].values()
        return statistics["gram"]

    one, two = first_gram(style_picture), first_gram(photographs / "3.png")
    both = first_gram(style_picture, photographs / "3.png", shares=(3.0, 1.0))
    torch.testing.assert_close(both, 0.75 * one + 0.25 * two)


def test_with_masks_each_label_takes_the_style_of_its_own_label(
    options: dict[str, Any], tmp_path: Path
) -> None:
    halves = np.arange(64) // 32  # 0 on the left, 1 on the right
    write_png(tmp_path / "grey.png", np.full((64, 64, 3), 128, dtype=np.uint8))
    colours = np.array([[200, 30, 30], [30, 30, 200]], dtype=np.uint8)  # red on the left, blue on the right
    write_png(tmp_path / "style.png", np.broadcast_to(colours[halves], (64, 64, 3)))
    labels = np.broadcast_to(halves, (64, 64)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "same.png"), labels)
    cv2.imwrite(str(tmp_path / "swapped.png"), 1 - labels)

    def left_less_right(content_mask: str) -> np.ndarray[Any, Any]:
        changes = {
            "content": tmp_path / "grey.png",
            "style_images": (tmp_path / "style.png",),
            "style_masks": (tmp_path / "same.png",),
            "content_mask": tmp_path / content_mask,
            "style_layers": ("relu1_1", "relu2_1"),
            "content_weight": 0.0,
        }
        paint(options, **changes, steps=25, fresh=True)
        image = read_rgb(options["out"]).astype(float)
        return image[:, 8:24].mean(axis=(0, 1)) - image[:, 40:56].mean(axis=(0, 1))

    red, _, blue = left_less_right("same.png")
    assert red > 60 and blue < -60
    red, _, blue = left_less_right("swapped.png")
    assert red < -60 and blue > 60


def test_with_luminance_only_the_colours_stay(options: dict[str, Any]) -> None:
    paint(options, original_colors="luminance", steps=15)
    painted, content = (
        torch.from_numpy(read_rgb(file)).permute(2, 0, 1)[None].float() / 255
        for file in (options["out"], options["content"])
    )
    inside = ((painted > 0.01) & (painted < 0.99)).all(
        dim=1, keepdim=True
    )  # elsewhere there is no more light
    assert inside.float().mean() > 0.2
    colour = ((painted - luminance(painted)) - (content - luminance(content))) * inside
    assert colour.abs().max() < 0.01
    assert (luminance(painted) - luminance(content)).abs().mean() > 0.02


def test_with_matched_colours_the_style_takes_the_contents(options: dict[str, Any]) -> None:
    config = OptimizeConfig(**options, original_colors="match")
    sources = Sources.read(config)
    style = styles_at(sources, config, 64, 64)[0].mean(dim=(0, 2, 3))
    content = torch.from_numpy(sources.content).float().mean(dim=(0, 1)) / 255
    torch.testing.assert_close(style, content, rtol=0, atol=0.02)


def test_it_stops_where_the_loss_stops_falling(options: dict[str, Any]) -> None:
    stopped = paint(options, steps=40, tolerance=0.1)
    assert 20 <= len(stopped.history) < 40
    assert len(paint(options, steps=40, tolerance=0.0).history) == 40  # goes on, and to the end


def test_the_samples_of_the_gaussian_kernel_are_kept_for_a_stretch_of_lbfgs(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    before = PictureObjective.__call__

    def watch(self: PictureObjective, image: Tensor) -> Any:
        seen.append(self.draw)
        return before(self, image)

    monkeypatch.setattr(PictureObjective, "__call__", watch)
    changes = {"loss": "gaussian", "redraw_every": 3, "steps": 7, "style_layers": ("relu1_1",)}
    paint(options, **changes)
    assert seen == [0, 0, 0, 1, 1, 1, 2]
    seen.clear()
    paint(options, **changes, optimizer="adam", fresh=True)
    assert seen == list(range(7))  # a mean over steps likes every step to be another sample


def test_a_run_leaves_pictures_and_curves(options: dict[str, Any]) -> None:
    pytest.importorskip("matplotlib")
    config = OptimizeConfig(**options, save_every=2)
    optimize(config)
    folder = config.run_folder()
    assert {file.name for file in folder.iterdir()} == {
        "step_000002.png",
        "step_000004.png",
        "losses.json",
        "curves.png",
        "state.pt",
    }
    assert read_rgb(folder / "curves.png").shape[1] > 4 * 200  # a plot for each part
    rows = json.loads((folder / "losses.json").read_text())
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert sorted(rows[0]) == ["content", "size", "step", "style", "total", "tv"]


class Killed(Exception):
    pass


@pytest.mark.parametrize("changes", [{}, {"optimizer": "adam"}, {"loss": "gaussian", "redraw_every": 2}])
def test_a_killed_run_ends_in_the_picture_of_one_left_alone(
    changes: dict[str, Any], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    changes = {**changes, "sizes": (48, 64), "steps": 5, "save_every": 3, "init": "noise"}
    paint(options, **changes)
    alone = read_rgb(options["out"])

    again = {**options, **changes, "out": tmp_path / "again.png"}
    with monkeypatch.context() as context:
        context.setattr(OptimizeReport, "step", dies_at(9))  # after what was saved at 8, at the second size
        with pytest.raises(Killed):
            paint(again)
    assert not again["out"].exists()
    resumed = make(again)
    assert len(resumed.history) == 8
    finished = paint(again)
    assert [row["step"] for row in finished.history] == list(range(1, 11))
    np.testing.assert_array_equal(read_rgb(again["out"]), alone)


def dies_at(last: int) -> Any:
    count = 0

    def step(self: OptimizeReport, number: int, parts: dict[str, float]) -> None:
        nonlocal count
        count += 1
        if count == last:
            raise Killed

    return step


def test_a_finished_run_says_so_again_and_goes_on_with_more_steps(options: dict[str, Any]) -> None:
    paint(options)
    picture = read_rgb(options["out"])
    assert len(paint(options).history) == 4
    np.testing.assert_array_equal(read_rgb(options["out"]), picture)
    assert len(paint(options, steps=6).history) == 6


def test_a_fresh_run_that_is_killed_at_once_does_not_bring_the_old_one_back(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(options, seed=1)
    with monkeypatch.context() as context:
        context.setattr(OptimizeReport, "step", dies_at(1))
        with pytest.raises(Killed):
            paint(options, seed=2, fresh=True)
    assert make(options, seed=2).history == []


def test_resuming_with_other_options_or_pictures_is_refused(options: dict[str, Any], tmp_path: Path) -> None:
    mine = tmp_path / "mine.png"
    write_png(mine, read_rgb(options["content"]))
    paint(options, content=mine)
    with pytest.raises(OptionError, match=r"style_weight None -> 3.0.*--fresh"):
        make(options, content=mine, style_weight=3.0)
    write_png(mine, 255 - read_rgb(options["content"]))
    with pytest.raises(OptionError, match="other options .pictures"):
        make(options, content=mine)
    assert make(options, content=mine, fresh=True).history == []


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT and SIGKILL are POSIX's")
def test_a_process_interrupted_and_then_killed_ends_in_the_picture_of_one_left_alone(
    options: dict[str, Any], tmp_path: Path
) -> None:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    pictures = [str(options["content"]), str(options["style_images"][0]), "-o", "stopped.png"]
    rest = ["--weights", str(options["weights"]), "--precision", "fp32", "--threads", "1", "--tv-weight", "0"]
    few = ["--steps", "40", "--tolerance", "0", "--save-every", "4", "--device", "cpu"]
    layers = ["--content-layers", "relu2_1", "--style-layers", "relu1_1,small:relu4_1"]
    command = [sys.executable, "-m", "training", "optimize", *pictures, *rest, *few, *layers]
    state = tmp_path / "stopped.run" / "state.pt"

    def stop(how: signal.Signals) -> int:
        before = state.stat().st_mtime_ns if state.exists() else None
        with subprocess.Popen(command, env=environment, cwd=tmp_path) as process:
            while process.poll() is None and (not state.exists() or state.stat().st_mtime_ns == before):
                time.sleep(0.01)  # for an event, not for a time
            process.send_signal(how)
        return process.returncode

    assert stop(signal.SIGINT) == 130
    assert (tmp_path / "stopped.png").exists()  # what there is so far
    assert stop(signal.SIGKILL) == -signal.SIGKILL
    subprocess.run(command, env=environment, cwd=tmp_path, check=True)
    threads = torch.get_num_threads()
    try:
        optimize(OptimizeConfig(**{**options, "steps": 40, "tolerance": 0.0}), threads=1)
    finally:
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(read_rgb(tmp_path / "stopped.png"), read_rgb(options["out"]))


def test_a_loss_that_is_no_number_leaves_the_last_good_picture_and_names_the_step(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    optimization = make(options, steps=20)
    good: list[Tensor] = []
    before = OptimizeReport.step

    def spoil(self: OptimizeReport, step: int, parts: dict[str, float]) -> None:
        before(self, step, parts)
        good.append(optimization.picture())
        if step == 6:
            for weight in optimization.judgement.perception.parameters():
                weight.data.fill_(float("nan"))

    monkeypatch.setattr(OptimizeReport, "step", spoil)
    with (
        OptimizeReport(optimization.config.run_folder(), steps=20, quiet=True, curves=False) as report,
        pytest.raises(
            NotFiniteError, match=r"became nan at step 7: the last good picture is in .*painted.png"
        ),
    ):
        optimization.run(report)
    expected = (good[5][0].permute(1, 2, 0) * 255).round().byte().numpy()
    np.testing.assert_array_equal(read_rgb(options["out"]), expected)


def test_bf16_autocast_paints_too(options: dict[str, Any]) -> None:
    fp32, bf16 = paint(options, steps=1), paint(options, steps=1, precision="bf16", fresh=True)
    assert column(bf16, "style")[0] == pytest.approx(column(fp32, "style")[0], rel=0.05)


def test_the_summary_names_layers_networks_and_how_it_ended(options: dict[str, Any], tmp_path: Path) -> None:
    config = OptimizeConfig(**{**options, "content_layers": None, "style_layers": None})
    optimize(config, json_file=tmp_path / "summary.json")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["steps"] == 4 and summary["ended"] == "steps" and summary["sizes"] == [64]
    assert summary["content_layers"] == "small:relu4_1"
    assert summary["feature_networks"]["vgg19"]["file"] == "vgg19_features_to_conv3_4.safetensors"
    assert len(summary["feature_networks"]["vgg19"]["sha256"]) == 64
