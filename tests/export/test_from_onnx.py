from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper

from export.cli import app
from export.errors import ExportError
from export.from_onnx import READABLE, checkpoint_of
from export.source import load_source
from export.to_onnx import OnnxOptions, Pixels, WeightsPrecision, as_stored, export_onnx
from realtime.catalog import shipped_dir
from realtime.console import run_command
from realtime.contract import METADATA_KEY, read_contract
from training.networks.transform_net import build_transform_net

CREDITS = {"name": "plain", "title": "Plain", "artist": "nobody", "year": "1900"}


HALVES = OnnxOptions()


def export(preset: str, file: Path, options: OnnxOptions = HALVES) -> torch.nn.Module:
    torch.manual_seed(0)
    network = build_transform_net(preset).eval()
    content = {"kind": "transform", "preset": preset, "style": CREDITS, "training": {"pictures": 8}}
    export_onnx(network, content, file, options)
    return network


@pytest.mark.parametrize(
    ("preset", "pixels"), [*((preset, "uint8") for preset in READABLE), ("turbo", "float32")]
)
def test_every_weight_of_every_preset_comes_back(preset: str, pixels: Pixels, tmp_path: Path) -> None:
    network = export(preset, tmp_path / "plain.onnx", OnnxOptions(pixels, "fp32"))
    found, content = checkpoint_of(tmp_path / "plain.onnx")
    for name, value in network.state_dict().items():
        torch.testing.assert_close(found.state_dict()[name], value, rtol=2e-7, atol=0, msg=name)
        assert content["weights"][name].shape == value.shape
    assert content["style"] == CREDITS and content["training"] == {"pictures": 8}


def as_before(file: Path) -> None:
    """Lay the weights of a `turbo` file out as version 0.1 did: by cells, and shuffled number by number."""
    model = onnx.load(file)
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, tensor in stored.items():
        values = numpy_helper.to_array(tensor)
        if name.startswith("network.stem.0.weight"):  # (O, column and colour, row of the cell and ky, kx)
            cells = values.reshape(16, 6, 3, 2, 3).transpose(0, 3, 1, 2, 4).reshape(16, 12, 3, 3)
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(cells), name))
        elif name.startswith("network.up.2."):
            channels = values.reshape(4, 16, *values.shape[1:]).swapaxes(0, 1).reshape(values.shape)
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(channels), name))
    shuffle = next(node for node in model.graph.node if node.op_type == "DepthToSpace")
    next(a for a in shuffle.attribute if a.name == "mode").s = b"CRD"
    onnx.save(model, file)


@pytest.mark.parametrize("weights", ["fp16", "fp32"])
def test_a_file_of_an_earlier_version_comes_back(weights: WeightsPrecision, tmp_path: Path) -> None:
    file = tmp_path / "plain.onnx"
    network = export("turbo", file, OnnxOptions(weights=weights))
    as_before(file)
    found, _ = checkpoint_of(file)
    for name, value in as_stored(network, weights).state_dict().items():
        torch.testing.assert_close(found.state_dict()[name], value, rtol=2e-7, atol=0, msg=name)


@pytest.mark.parametrize("name", ["starry_night", "starry_night_fast"])  # one of each preset that ships
def test_what_ships_comes_back_and_leaves_again_as_the_same_file(name: str, tmp_path: Path) -> None:
    file, checkpoint, again = shipped_dir() / f"{name}.onnx", tmp_path / "style.pt", tmp_path / "style.onnx"
    assert run_command(app, [file.stem, "--to", "checkpoint", "-o", str(checkpoint)], program="export") == 0
    source = load_source(str(checkpoint))
    export_onnx(source.network, source.content, again)
    before, after = (onnx.load(one).graph.initializer for one in (file, again))
    assert [tensor.name for tensor in before] == [tensor.name for tensor in after]
    assert all(one.raw_data == other.raw_data for one, other in zip(before, after, strict=True))
    assert read_contract(again).weights_sha256 == read_contract(file).weights_sha256


def test_a_file_whose_weights_were_changed_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "plain.onnx"
    export("turbo", file)
    model = onnx.load(file)
    tensor = next(one for one in model.graph.initializer if one.name.endswith(".fp16"))
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) + 1, tensor.name))
    onnx.save(model, file)
    with pytest.raises(ExportError, match=r"plain\.onnx: its weights do not add up to its contract's hash"):
        checkpoint_of(file)


def test_a_file_that_lacks_weights_or_is_of_another_preset_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "plain.onnx"
    export("turbo", file)
    contract, model = read_contract(file), onnx.load(file)
    text = contract.to_json().replace('"preset": "turbo"', '"preset": "fast"')
    helper.set_model_props(model, {METADATA_KEY: text})
    onnx.save(model, file)
    with pytest.raises(ExportError, match="otherwise than this version"):
        checkpoint_of(file)
    helper.set_model_props(model, {METADATA_KEY: text.replace('"fast"', '"texture-paper"')})
    onnx.save(model, file)
    with pytest.raises(ExportError, match="of preset texture-paper: only turbo, fast, full can"):
        checkpoint_of(file)
