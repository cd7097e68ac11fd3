"""The person network as a file: small, true to its checkpoint in each engine, and judged by a command."""

import json
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from typer.testing import CliRunner

from export.cli import app as export_app
from export.fused_person import as_stored
from export.kinds import KINDS
from export.mask_contract import MASK_KEY
from export.person_parity import measure_person_parity
from export.person_targets import WRITERS
from export.targets import TARGETS
from training.cli import app as training_app
from training.networks.person_net import PersonNet

# Weights in 8 bits; the others have no way to say that they are widened once.
MAX_BYTES = {"ort": 600_000, "openvino": 1_000_000, "ncnn": 1_000_000}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person network of random weights whose norms have seen something."""
    torch.manual_seed(0)
    network = PersonNet()
    for _ in range(3):
        network(torch.rand(2, 3, 64, 64))
    file = tmp_path_factory.mktemp("person") / "person.pt"
    content = {"kind": "person", "area": 4096, "weights": network.state_dict(), "training": {"steps": 3}}
    torch.save({"format": "livebrush", "version": 1, **content}, file)
    return file


@pytest.fixture(scope="module")
def exported(checkpoint: Path) -> Path:
    file = checkpoint.with_suffix(".onnx")
    done = CliRunner().invoke(export_app, [str(checkpoint), "--to", "onnx", "-o", str(file)])
    assert done.exit_code == 0, done.output
    assert "grey levels" in done.output
    return file


def test_the_file_keeps_to_its_size_and_says_what_it_is(exported: Path) -> None:
    assert exported.stat().st_size <= 500_000
    model = onnx.load(exported)
    contract = json.loads({entry.key: entry.value for entry in model.metadata_props}[MASK_KEY])
    assert contract["labels"] == ["person"]
    assert (contract["area"], contract["multiple"], contract["colour"]) == (4096, 16, "BGR")
    assert not any(node.op_type == "BatchNormalization" for node in model.graph.node)


def test_every_engine_finds_what_torch_finds(checkpoint: Path, exported: Path) -> None:
    from training.person_networks import load_person_net

    network, _ = load_person_net(checkpoint)
    stored = as_stored(network)
    found = list(measure_person_parity(stored, exported))
    assert found and all(most <= 2 for _, most, _ in found)
    image = torch.rand(1, 3, 96, 64)
    with torch.no_grad():
        alpha, rounded = network(image).sigmoid(), stored(image).sigmoid()
    assert float(alpha.std()) > 1e-3
    assert float((alpha - rounded).abs().max()) < 0.05


@pytest.mark.parametrize("target", list(MAX_BYTES))
def test_other_runtimes_find_what_torch_finds(target: str, checkpoint: Path, tmp_path: Path) -> None:
    for package in TARGETS[target].packages:
        pytest.importorskip(package)
    done = CliRunner().invoke(export_app, [str(checkpoint), "--to", target, "-o", str(tmp_path)])
    assert done.exit_code == 0, f"{done.output}{done.exception}"
    files = list(tmp_path.iterdir())
    assert tmp_path / f"person{TARGETS[target].suffix}" in files
    assert sum(file.stat().st_size for file in files) <= MAX_BYTES[target]
    (line,) = [line for line in done.output.splitlines() if "grey levels" in line]
    assert float(line.split("by ")[1].split(" ")[0]) <= 2


def test_the_command_and_the_writers_know_the_same_targets() -> None:
    assert set(WRITERS) == set(KINDS["person"].targets) - {"web"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--to", "aoti"], "--to aoti: a mask is found on the processor"),
        (["--to", "ort", "--precision", "fp32"], "a person network is written in one precision"),
    ],
)
def test_what_a_person_network_is_not_exported_to_is_one_line(
    words: list[str], message: str, checkpoint: Path
) -> None:
    done = CliRunner().invoke(export_app, [str(checkpoint), *words])
    assert done.exit_code != 0
    assert message in f"{done.output}{done.exception}"


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_the_command_judges_a_checkpoint_and_its_file(suffix: str, exported: Path, tmp_path: Path) -> None:
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
        picture = np.zeros((64, 80, 3), np.uint8)
        picture[20:50, 20:50] = 255
        cv2.imwrite(str(tmp_path / kind / "one.png"), picture)
    sheet = tmp_path / "sheet.png"
    words = ["evaluate-person", str(exported.with_suffix(suffix)), "--people", str(tmp_path)]
    done = CliRunner().invoke(training_app, [*words, "--sheet", str(sheet)])
    assert done.exit_code == 0, done.output
    assert "mean IoU" in done.output and sheet.is_file()
