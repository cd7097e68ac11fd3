"""Files for LiteRT. Converted where an environment with litert-torch is at hand, and run wherever it runs."""

import json
import sys
from pathlib import Path

import pytest
import torch

from export import to_litert
from export.errors import ExportError
from export.litert_graph import LitertGraph
from export.mobile import MobileGraph, example
from export.precision_search import search
from export.source import Source, load_source
from export.targets import TARGETS, ExportOptions
from export.verify import check_file
from realtime.contract import StyleContract
from training.networks.transform_net import build_transform_net

SIZE_WH = (128, 96)
MAX_KB = 310


@pytest.fixture(scope="module")
def source() -> Source:
    return load_source("starry_night_fast")  # the largest that ships


@pytest.mark.parametrize("preset", ["turbo", "fast"])
def test_the_graph_with_colours_last_paints_what_the_graph_with_planes_paints(preset: str) -> None:
    torch.manual_seed(0)
    network, levels = build_transform_net(preset).eval(), example(SIZE_WH)
    with torch.no_grad():
        painted, expected = LitertGraph(network)(levels.permute(0, 2, 3, 1)), MobileGraph(network)(levels)
        torch.testing.assert_close(painted.permute(0, 3, 1, 2), expected, atol=0.01, rtol=0)
        flat = torch.full_like(levels, 255)  # where norms divide by almost nothing
        painted = LitertGraph(network)(flat.permute(0, 2, 3, 1))
    assert (painted.amax((1, 2)) - painted.amin((1, 2))).max() < 0.5


def program(folder: Path, text: str) -> str:
    """Write a program that stands in for a Python with litert-torch, and return its path."""
    file = folder / "python"
    file.write_text(f"#!{sys.executable}\n{text}\n")
    file.chmod(0o755)
    return str(file)


OPTIONS = ExportOptions("fp16", SIZE_WH)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")


def test_without_an_environment_the_lines_that_make_one_are_told(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(to_litert.PYTHON_VARIABLE, raising=False)
    monkeypatch.setattr(to_litert, "is_installed", lambda package: False)
    monkeypatch.setattr(to_litert, "usual_environment", lambda: tmp_path / "litert")
    with pytest.raises(
        ExportError, match=r"python -m venv .*litert && .*bin/python -m pip install \"litert-torch"
    ):
        TARGETS["litert"].write(source, tmp_path / "x.tflite", OPTIONS)
    monkeypatch.setenv(to_litert.PYTHON_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(ExportError, match="LIVEBRUSH_LITERT_PYTHON names .*nowhere, and there is no such"):
        to_litert.find_python()


def test_the_usual_environment_is_found_without_being_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(to_litert.PYTHON_VARIABLE, raising=False)
    monkeypatch.setattr(to_litert, "is_installed", lambda package: False)
    monkeypatch.setattr(to_litert, "usual_environment", lambda: tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    assert to_litert.find_python() == tmp_path / "bin" / "python"
    monkeypatch.setattr(to_litert, "is_installed", lambda package: package == "litert_torch")
    assert to_litert.find_python() == Path(sys.executable)


def test_the_job_says_all_that_the_other_python_wants(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (
        "import json, pathlib, shutil, sys\n"
        "folder = pathlib.Path(sys.argv[3])\n"
        "shutil.copy(folder / 'job.json', folder / 'style.tflite')\n"
        "made = {'convs': 16, 'in_float': ['conv_0'], 'found': sorted(f.name for f in folder.iterdir())}\n"
        "(folder / 'made.json').write_text(json.dumps(made))"
    )
    monkeypatch.setenv(to_litert.PYTHON_VARIABLE, program(tmp_path, words))
    monkeypatch.setattr(to_litert, "checked_frames", lambda: iter([]))
    monkeypatch.setattr(to_litert, "calibration_frames", lambda: [])
    file = tmp_path / "starry_night_fast.tflite"
    notes = TARGETS["litert"].write(source, file, ExportOptions("int8", SIZE_WH))
    assert notes == ["15 of 16 convolutions are in 8 bits; in fp32, by measurement: conv_0"]
    job = json.loads(file.read_text())
    contract = StyleContract.from_json(job["note"])
    assert (job["width"], job["height"], job["precision"]) == (*SIZE_WH, "int8")
    assert (contract.only_wh, contract.colour, contract.weights_precision) == (SIZE_WH, "RGB", "int8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "raise ValueError('no such layer')",
            "litert-torch cannot convert starry_night_fast: ValueError: no such layer",
        ),
        ("import litert_torch_that_is_not_there", "get what lacks with: .*python -m pip install"),
        ("raise SystemExit(3)", "it ended with exit code 3"),
    ],
)
def test_a_conversion_that_fails_is_one_line_and_leaves_nothing(
    words: str, message: str, source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(to_litert.PYTHON_VARIABLE, program(tmp_path, words))
    folder = tmp_path / "engines"
    folder.mkdir()
    with pytest.raises(ExportError, match=message) as caught:
        TARGETS["litert"].write(source, folder / "starry_night_fast.tflite", OPTIONS)
    assert "\n" not in str(caught.value) and not list(folder.iterdir())


def test_the_search_keeps_the_worst_layers_in_floats_and_no_more() -> None:
    cost = {"conv_0": 9, "conv_1": 0, "conv_2": 5}

    def try_without(kept: object) -> tuple[str, float]:
        assert isinstance(kept, list | tuple)
        return f"without {kept}", 40.0 - sum(cost[name] for name in cost if name not in kept)

    found = search(list(cost), try_without, 34.0)
    assert found == ("without ['conv_0']", ("conv_0",), 35.0)
    assert search(list(cost), try_without, 20.0).in_float == ()


def test_a_style_is_converted_and_paints_what_the_network_paints(source: Source, tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason='pip install "livebrush[litert]"')
    try:
        to_litert.find_python()
    except ExportError as error:
        pytest.skip(str(error))
    file = tmp_path / "starry_night_fast.tflite"
    assert TARGETS["litert"].write(source, file, OPTIONS) == []
    check = check_file(source.network, "litert", file, OPTIONS)
    assert not check.faults and check.size_bytes <= MAX_KB * 1000
    assert [runtime.runtime for runtime in check.runtimes] == ["litert"]
    assert b'"artist": "Francis Picabia"' in file.read_bytes()  # its contract
