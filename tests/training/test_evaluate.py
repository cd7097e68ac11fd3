import json
from pathlib import Path
from typing import Any

import pytest
import torch
from onnx_makers import make_style_onnx

from export.to_onnx import OnnxOptions, Pixels, export_onnx
from training.checkpoint import load_transform_net, save_checkpoint
from training.cli import app
from training.config_evaluate import parse_counts
from training.console import run
from training.errors import OptionError
from training.images import read_rgb
from training.judge.fixed_loss import Score
from training.judge.references import Reference
from training.judge.results import Judged, gap_closed
from training.networks.transform_net import build_transform_net
from training.style_files import find_style_file, open_painter

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network: it paints badly, but it paints."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("checkpoints") / "untrained.pt"
    style = {"name": "untrained", "title": "Untrained", "artist": "nobody", "year": "1900"}
    weights = build_transform_net("fast").state_dict()
    save_checkpoint(
        file, {"kind": "transform", "preset": "fast", "weights": weights, "style": style, "training": {}}
    )
    return file


@pytest.fixture
def command(photographs: Path, style_picture: Path, feature_weights: Path, tmp_path: Path) -> list[str]:
    options: dict[str, Any] = {
        "--content": photographs_without_the_broken_one(photographs, tmp_path),
        "--style-image": style_picture,
        "--weights": feature_weights,
        "--cache": tmp_path / "cache",
        "--out": tmp_path / "judged",
        "--sizes": "64,96",
        "--references": "64:2",
        "--noise-runs": "64:1",
        "--steps": 5,
        "--photographs": 3,
        "--precision": "fp32",
        "--threads": 1,
    }
    return [str(part) for pair in options.items() for part in pair]


def photographs_without_the_broken_one(photographs: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for file in photographs.glob("*.png"):
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_the_command_judges_a_checkpoint_and_writes_its_report(
    checkpoint: Path, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extra = tmp_path / "elsewhere" / "report.json"
    assert run(app, ["evaluate", str(checkpoint), *command, "--json", str(extra)]) == 0
    report = json.loads(extra.read_text())
    assert report == json.loads((tmp_path / "judged" / "report.json").read_text())
    assert report["style"]["artist"] == "nobody"
    assert report["loss"]["weights"]["vgg19"]["source"] == "vgg19_features_to_conv3_4.safetensors"
    small, large = report["sizes"]
    assert (small["size"], large["size"]) == (64, 96)
    assert small["optimized_photographs"] == 2 and large["optimized_photographs"] == 0
    assert large["gap_closed"] is None
    optimized = [one for one in small["pictures"] if one["optimized"]]
    way = sum(one["photograph"]["total"] - one["optimized"]["total"] for one in optimized)
    gone = sum(one["photograph"]["total"] - one["network"]["total"] for one in optimized)
    assert small["gap_closed"] == pytest.approx(gone / way)
    assert small["speed_up"] == pytest.approx(5 * small["step_ms"] / small["network_ms"])
    assert read_rgb(tmp_path / "judged" / "sheet_64.png").shape[0] > 3 * 240
    assert read_rgb(tmp_path / "judged" / "steps.png").size
    assert f"{small['gap_closed']:.1%}" in capsys.readouterr().out


def test_a_second_run_optimises_nothing(
    checkpoint: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["evaluate", str(checkpoint), *command, "--sizes", "64", "--speed-rounds", "0"]
    # From noise the network's total may not be reached in five steps: then it is tried again, from its end.
    arguments += ["--noise-runs", "0"]
    assert run(app, arguments) == 0
    monkeypatch.setattr("training.judge.references.PictureDescent", None)
    assert run(app, arguments) == 0


def test_a_style_file_is_judged_as_a_checkpoint_is(
    command: list[str], tmp_path: Path, network_style: Path
) -> None:
    arguments = [*command, "--references", "0", "--noise-runs", "0", "--sizes", "64", "--speed-rounds", "0"]
    assert run(app, ["evaluate", str(network_style), *arguments]) == 0
    report = json.loads((tmp_path / "judged" / "report.json").read_text())
    assert report["style"]["engine"] == "onnxruntime cpu fp32"
    assert not (tmp_path / "judged" / "steps.png").exists()


def test_a_painted_photograph_of_a_style_file_is_in_the_photographs_size(tiny_style: Path) -> None:
    image = torch.rand(1, 3, 67, 90)
    painted = open_painter(str(tiny_style), device=CPU).paint(image)
    torch.testing.assert_close(painted, 1 - image, atol=1 / 255, rtol=0)  # the tiny style inverts


def test_a_shipped_style_is_found_by_name_and_the_users_own_first(user_styles: Path) -> None:
    assert find_style_file("starry_night").parent.name == "styles"
    mine = make_style_onnx(user_styles / "starry_night.onnx", kind="invert")
    assert find_style_file("starry_night") == mine


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ("stary_night", "no style 'stary_night': there are starry_night"),
        ("missing.onnx", "no file missing.onnx"),
        ("missing.pt", "no file missing.pt"),
    ],
)
def test_a_style_that_is_not_there_is_named_with_those_that_are(style: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        open_painter(style, device=CPU)


def test_a_file_that_is_no_style_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.onnx"
    file.write_bytes(b"no graph")
    with pytest.raises(OptionError, match="cannot be opened as a style") as caught:
        open_painter(str(file), device=CPU)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--sizes", "big"], "--sizes must be numbers"),
        (["--sizes", "32", "--references", "0", "--noise-runs", "0"], "--sizes must be between 64 and 4096"),
        (["--references", "512:2"], "--references names size 512"),
        (["--references", "many"], "--references must be like 3"),
        (["--steps", "0"], "--steps must be between 1"),
        (["--photographs", "0"], "--photographs must be at least 1"),
        (["--style-image", "missing.jpg"], "cannot read missing.jpg"),
        (["--content", "nowhere"], "no folder at nowhere"),
    ],
)
def test_bad_options_are_one_clear_line(
    checkpoint: Path, command: list[str], extra: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["evaluate", str(checkpoint), *command, *extra]) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error


def test_the_gap_is_summed_before_it_is_divided() -> None:
    def judged(photograph: float, network: float, optimized: float | None) -> Judged:
        reference = optimized is not None and Reference(
            "content", (photograph, optimized), Score(optimized, 0), Path("x.png")
        )
        return Judged(Path("x.jpg"), 256, Score(photograph, 0), Score(network, 0), reference or None, None)

    assert judged(5.0, 1.4, 0.5).gap_closed == pytest.approx(0.8)
    assert judged(5.0, 1.4, None).gap_closed is None
    # (4 + 0.5) - (1 + 0.4) over (4 + 0.5) - (0.5 + 0.3); the third has no reference and does not count.
    three = [judged(4.0, 1.0, 0.5), judged(0.5, 0.4, 0.3), judged(9.0, 8.0, None)]
    assert gap_closed(three) == pytest.approx(3.1 / 3.7)


def test_counts_are_read_for_all_sizes_or_for_each() -> None:
    default = ((256, 2), (512, 1))
    assert parse_counts("3", (256, 512), "--references", default) == ((256, 3), (512, 3))
    assert parse_counts("512:4", (256, 512), "--references", default) == ((512, 4),)
    assert parse_counts(None, (256, 1024), "--references", default) == ((256, 2),)


@pytest.mark.parametrize("pixels", ["uint8", "float32"])
def test_a_style_file_is_judged_in_the_colours_that_it_was_made_for(
    pixels: Pixels, checkpoint: Path, tmp_path: Path
) -> None:
    network, content = load_transform_net(checkpoint)
    export_onnx(network, content, tmp_path / "style.onnx", OnnxOptions(pixels))
    generator = torch.Generator().manual_seed(0)
    image = torch.rand((1, 3, 80, 96), generator=generator) * torch.tensor([1.0, 0.6, 0.2]).view(3, 1, 1)
    both = [
        open_painter(str(file), device=CPU).paint(image) for file in (tmp_path / "style.onnx", checkpoint)
    ]
    assert float((both[0] - both[1]).abs().mean()) < 0.01 < float((both[0].flip(1) - both[1]).abs().mean())
