"""Packages for Core ML, which runs on Apple's machines only: their layers, one by one, and their types."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from export.cli import app
from export.errors import ExportError, ParityError
from export.mobile import MobileGraph, example
from export.report import rows, to_markdown
from export.silence import silence
from export.source import Source, load_source
from export.targets import TARGETS, ExportOptions
from export.to_coreml import convert
from export.verify import check_file, total_size
from realtime.console import run_command
from training.networks.transform_net import build_transform_net

pytest.importorskip("coremltools", reason='pip install "livebrush[coreml]"')

SIZE_WH = (80, 64)
OPTIONS = ExportOptions("fp16", SIZE_WH)
MAX_KB = 310


@pytest.fixture(scope="module")
def source() -> Source:
    return load_source("starry_night_fast")  # the largest that ships


@pytest.fixture(scope="module")
def package(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("coreml") / "starry_night_fast.mlpackage"
    TARGETS["coreml"].write(source, file, OPTIONS)
    return file


def compute(program: Any, image: Tensor) -> Tensor:
    """Compute a program of Core ML's layers, each as Apple describes it, in fp32."""
    values: dict[str, Any] = {"image": image}

    def value(variable: Any) -> Any:
        if variable.name in values:
            return values[variable.name]
        constant = variable.val
        return torch.as_tensor(constant).float() if hasattr(constant, "ndim") and constant.ndim else constant

    for layer in program.functions["main"].operations:
        if layer.op_type != "const":
            given = {name: value(one) for name, one in layer.inputs.items() if hasattr(one, "name")}
            values[layer.outputs[0].name] = LAYERS[layer.op_type](given)
    painted: Tensor = values["stylized_image"]
    return painted


def _padded(given: dict[str, Any]) -> Tensor:
    top, bottom, left, right = (int(side) for side in given["pad"][-4:])
    assert given["mode"] == "reflect"
    return functional.pad(given["x"], (left, right, top, bottom), mode="reflect")


def _convolved(given: dict[str, Any]) -> Tensor:
    assert given["pad_type"] in ("valid", "custom") and given["groups"] == 1
    assert not any(given.get("pad", []))
    stride = [int(step) for step in given["strides"]]
    return functional.conv2d(given["x"], given["weight"], given.get("bias"), stride)


LAYERS: dict[str, Any] = {
    "cast": lambda given: given["x"],
    "add": lambda given: given["x"] + given["y"],
    "mul": lambda given: given["x"] * given["y"],
    "relu": lambda given: given["x"].relu(),
    "sigmoid": lambda given: given["x"].sigmoid(),
    "clip": lambda given: given["x"].clamp(float(given["alpha"]), float(given["beta"])),
    "pad": _padded,
    "conv": _convolved,
    "instance_norm": lambda given: functional.instance_norm(
        given["x"], weight=given["gamma"], bias=given["beta"], eps=float(given["epsilon"])
    ),
    "pixel_shuffle": lambda given: functional.pixel_shuffle(given["x"], int(given["upscale_factor"])),
    "pixel_unshuffle": lambda given: functional.pixel_unshuffle(given["x"], int(given["downscale_factor"])),
    "upsample_nearest_neighbor": lambda given: functional.interpolate(given["x"], scale_factor=2.0),
}


@pytest.mark.parametrize("preset", ["turbo", "fast"])
def test_its_layers_computed_one_by_one_paint_what_the_network_paints(preset: str) -> None:
    torch.manual_seed(0)
    graph, levels = MobileGraph(build_transform_net(preset)).eval(), example(SIZE_WH)
    with torch.no_grad(), silence():
        program = convert(graph, levels, "fp32")._mil_program
        torch.testing.assert_close(compute(program, levels), graph(levels), atol=0.01, rtol=0)


def test_a_package_is_small_and_says_that_it_was_not_run_here(source: Source, package: Path) -> None:
    check = check_file(source.network, "coreml", package, OPTIONS)
    assert total_size(package) == check.size_bytes <= MAX_KB * 1000
    assert check.runtimes == () and rows(check)[0][1] == "not run here"
    assert "16 convolutions in fp16, 15 norms in fp32" in check.inspected[2]
    page = to_markdown(check)
    assert "It was not run here: iPhones and Macs" in page and "Compared" not in page


def test_another_size_or_precision_than_was_asked_for_is_found(package: Path) -> None:
    with pytest.raises(ParityError, match="image should be RGB of 64x80, instead it is 80x64"):
        TARGETS["coreml"].inspect_file(package, ExportOptions("fp16", (64, 80)))
    with pytest.raises(ParityError, match="should be of type"):
        TARGETS["coreml"].inspect_file(package, ExportOptions("fp32", SIZE_WH))


def test_a_new_package_takes_the_place_of_the_last_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.mlpackage"
    (file / "old").mkdir(parents=True)
    words = ["starry_night_fast", "--to", "coreml", "--size", "64x80", "--no-verify", "-o", str(file)]
    assert run_command(app, words, program="python -m export") == 0
    assert sorted(path.name for path in file.iterdir()) == ["Data", "Manifest.json"]
    assert list(tmp_path.iterdir()) == [file]


class Foreign(nn.Module):
    """Ends in what Core ML has no layer for."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, image: Tensor) -> Tensor:
        return torch.linalg.matrix_exp(self.conv(image)[..., :64, :64])


def test_a_network_that_cannot_be_converted_is_one_line_and_leaves_nothing(
    source: Source, tmp_path: Path
) -> None:
    with pytest.raises(
        ExportError, match="coremltools cannot convert starry_night_fast: .*matrix_exp"
    ) as caught:
        TARGETS["coreml"].write(Source(Foreign(), source.content), tmp_path / "x.mlpackage", OPTIONS)
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())
