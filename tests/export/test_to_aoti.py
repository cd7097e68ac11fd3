"""Packages: what they carry, and what goes wrong. What they paint: tests/realtime/test_engine_aoti.py."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from aoti_makers import make_package, tiny_checkpoint, tiny_network

from export import to_aoti
from export.cli import app
from export.compiled_graph import compiled_graph
from export.errors import ExportError
from export.half import round_weights
from export.parity import measure_parity
from export.style_contract import weights_sha256
from export.to_aoti import AotiOptions, export_aoti
from realtime.console import run_command
from realtime.contract import read_contract
from realtime.engine import EngineOptions
from realtime.package_metadata import DEVICE_KEY, read_package_metadata
from training.checkpoint import save_checkpoint
from training.networks.transform_net import PRESETS, Preset, TransformNet

NO_CARD = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a card")


def run(*arguments: object) -> int:
    return run_command(app, [str(argument) for argument in arguments], program="python -m export")


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint of a preset that compiles quickly."""
    monkeypatch.setitem(PRESETS, "turbo", Preset("tiny", lambda: tiny_network()))
    file = tmp_path / "tiny.pt"
    save_checkpoint(file, tiny_checkpoint() | {"weights": tiny_network().state_dict()})
    return file


def test_a_package_carries_its_contract_and_its_device(package: Path) -> None:
    contract = read_contract(package)
    assert (contract.name, contract.colour, contract.layout, contract.dtype) == (
        "tiny",
        "BGR",
        "NHWC",
        "uint8",
    )
    assert contract.weights_sha256 == weights_sha256(tiny_network())
    assert contract.only_wh is None
    assert contract.training["activation_bytes_per_pixel"] > 6
    assert read_package_metadata(package)[DEVICE_KEY] == "cpu"


def test_a_package_paints_what_the_checkpoint_does_on_hard_frames(package: Path) -> None:
    found = measure_parity(tiny_network(), package, EngineOptions())
    assert (found.engine, found.precision) == ("aoti", "fp32")
    assert found.max_difference <= 1


def test_the_command_writes_a_package_of_one_size_and_compares_it(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(to_aoti, "AotiOptions", lambda *values: AotiOptions(*values, fast_build=True))
    out = tmp_path / "made"
    command = (checkpoint, "--to", "aoti", "--device", "cpu", "--precision", "bf16", "--size", "64x96")
    assert run(*command, "--out", out) == 0
    assert {file.name for file in out.iterdir()} == {"tiny.pt2", "tiny.pt2.json", "tiny.pt2.md"}
    contract = read_contract(out / "tiny.pt2")
    assert (contract.only_wh, contract.weights_precision) == ((96, 64), "bf16")
    rounded = tiny_network()
    round_weights(rounded, torch.bfloat16)
    assert contract.weights_sha256 == weights_sha256(rounded)
    said = capsys.readouterr().out
    assert "Tiny, nobody, turbo" in said
    assert "aoti" in said and "bf16" in said  # the table of the comparison


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "tpu"], "--device must be cpu or cuda, instead got 'tpu'"),
        (["--precision", "int8"], "--precision must be one of fp16, fp32, bf16"),
        (["--size", "1080"], "--size must be dynamic, or HEIGHTxWIDTH such as 1080x1920"),
        (["--device", "cpu", "--size", "8x96"], "takes a height from 64 to 4096 pixels, got 8"),
        (["--out", "x.onnx"], "--out must be a folder or a file .pt2"),
        pytest.param(["--device", "cuda"], "torch finds no card here", marks=NO_CARD),
    ],
)
def test_what_cannot_be_compiled_is_one_line(
    arguments: list[str], message: str, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(checkpoint, "--to", "aoti", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (
            RuntimeError("g++ is missing\nand much more"),
            "torch cannot compile tiny: RuntimeError: g\\+\\+ is missing$",
        ),
        (OSError(28, "No space left on device"), "cannot write .*tiny.pt2: No space left on device"),
    ],
)
def test_a_failure_leaves_the_last_package_as_it_was(
    failure: Exception, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_program: Any, *, package_path: str, inductor_configs: dict[str, Any]) -> str:
        Path(package_path).write_bytes(b"half of it")
        raise failure

    file = tmp_path / "tiny.pt2"
    file.write_bytes(b"the last one")
    monkeypatch.setattr(torch._inductor, "aoti_compile_and_package", fail)
    with pytest.raises(ExportError, match=message) as caught:
        make_package(file, size_wh=(96, 64))
    assert "\n" not in str(caught.value)
    assert file.read_bytes() == b"the last one"
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.pt2"]


def test_torch_is_told_what_a_card_wants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def note(_program: Any, *, package_path: str, inductor_configs: dict[str, Any]) -> str:
        asked.update(inductor_configs)
        Path(package_path).write_bytes(b"a package")
        return package_path

    monkeypatch.setattr(torch._inductor, "aoti_compile_and_package", note)
    export_aoti(tiny_network(), tiny_checkpoint(), tmp_path / "a.pt2", AotiOptions(size_wh=(96, 64)))
    assert asked["cpp.dynamic_threads"] is True
    assert asked["force_layout_optimization"] is False  # on the processor torch knows best
    assert json.loads(asked["aot_inductor.metadata"]["livebrush"])["only_wh"] == [96, 64]
    known = torch._inductor.config.get_config_copy()
    assert set(asked) <= set(known)


def test_exporting_leaves_the_network_alone() -> None:
    network = TransformNet(width=4, blocks=1).eval()
    before = weights_sha256(network)
    for precision in ("fp32", "fp16", "bf16"):
        compiled_graph(network, precision)  # type: ignore[arg-type]
    assert weights_sha256(network) == before
    assert all(values.requires_grad for values in network.parameters())
