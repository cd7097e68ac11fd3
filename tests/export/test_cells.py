import copy
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn
from torch.nn import functional

from export.cells import CellGraph
from export.colour_order import in_bgr
from export.parity import measure_parity
from export.runs import RunGraph, read_runs
from export.to_onnx import OnnxOptions, PixelGraph, export_onnx
from realtime.engine import EngineOptions
from training.networks.transform_net import build_transform_net
from training.networks.turbo_candidates import EighthNet, QuarterNet
from training.networks.turbo_net import CellNet, TurboNet

CHECKPOINT = {
    "kind": "transform",
    "preset": "turbo",
    "style": {"name": "plain", "title": "Plain", "artist": "nobody", "year": "1900"},
    "training": {},
}


def make_network() -> TurboNet:
    """With weights that tell neighbours in a cell apart, which fresh ones do not."""
    torch.manual_seed(0)
    network = TurboNet().eval()
    for parameter in network.parameters():
        parameter.data.add_(0.05 * torch.randn_like(parameter))
    return network


def make_levels(height: int, width: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("graph", [CellGraph, RunGraph])
@pytest.mark.parametrize("size_hw", [(64, 64), (72, 104), (67, 129)])
def test_bytes_in_order_give_the_picture_that_floats_give(
    graph: type[CellGraph], size_hw: tuple[int, int]
) -> None:
    network, levels = make_network(), make_levels(*size_hw)
    with torch.no_grad():
        expected = PixelGraph(network)(levels)
        painted = graph(make_network())(levels)
    assert painted.dtype == torch.uint8 and painted.shape == expected.shape
    assert (painted.int() - expected.int()).abs().max() <= 1
    assert expected.float().std() > 5


@pytest.mark.parametrize("side", [2, 4])
@pytest.mark.parametrize(("size", "stride"), [(3, 1), (5, 1), (3, 2)])
def test_runs_are_read_as_cells_are(side: int, size: int, stride: int) -> None:
    torch.manual_seed(0)
    of_cells = nn.Conv2d(3 * side**2, 7, size, stride=stride)
    image = torch.rand(1, 3, 8 * side, 9 * side)
    runs = image.permute(0, 2, 3, 1).reshape(1, 8 * side, 9, 3 * side).permute(0, 3, 1, 2)
    with torch.no_grad():
        expected = of_cells(functional.pixel_unshuffle(image, side))
        torch.testing.assert_close(read_runs(of_cells, side)(runs), expected)


@pytest.mark.parametrize("graph", [CellGraph, RunGraph])
@pytest.mark.parametrize("network", [QuarterNet(2), EighthNet()], ids=["quarter", "eighth"])
def test_cells_of_four_pixels_are_painted_too(graph: type[CellGraph], network: CellNet) -> None:
    network, levels = network.eval(), make_levels(67, 129)
    with torch.no_grad():
        expected = PixelGraph(network)(levels)
        painted = graph(copy.deepcopy(network))(levels)
    assert (painted.int() - expected.int()).abs().max() <= 1
    assert expected.float().std() > 5


@pytest.mark.parametrize("preset", ["fast", "turbo", "paper"])
def test_a_network_in_bgr_paints_the_same_with_red_and_blue_exchanged(preset: str) -> None:
    torch.manual_seed(0)
    network: nn.Module = make_network() if preset == "turbo" else build_transform_net(preset).eval()
    image = torch.rand(1, 3, 64, 72)
    with torch.no_grad():
        torch.testing.assert_close(in_bgr(network)(image.flip(1)).flip(1), network(image))
        assert (network(image.flip(1)).flip(1) - network(image)).abs().max() > 1e-3


def test_pixels_travel_as_bytes(tmp_path: Path) -> None:
    file = tmp_path / "plain.onnx"
    export_onnx(make_network(), CHECKPOINT, file)
    graph = onnx.shape_inference.infer_shapes(onnx.load(file), data_prop=True).graph
    types = {value.name: value.type.tensor_type.elem_type for value in graph.value_info}
    moved = [node for node in graph.node if node.op_type == "Transpose"]
    kinds = [types.get(node.input[0], onnx.TensorProto.UINT8) for node in moved]
    # The layout that convolutions want is the one thing that may move floats; it is free in both engines.
    assert kinds.count(onnx.TensorProto.UINT8) >= 3


def test_it_leaves_as_floats_too(tmp_path: Path) -> None:
    network, file = make_network(), tmp_path / "plain.onnx"
    export_onnx(network, CHECKPOINT, file, OnnxOptions("float32", "fp32"))
    parity = measure_parity(
        network, file, EngineOptions(engine="onnxruntime", precision="fp32", device="cpu")
    )
    assert parity.max_difference <= 1
