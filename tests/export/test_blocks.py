from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from torch import Tensor, nn
from torch.nn import functional

from export.blocks import pack_blocks, to_block_weights, to_pixel_weights, unpack_blocks, use_blocks
from training.networks.layers import ReflectConv, ResidualBlock


def to_blocks(image: Tensor) -> Tensor:
    """Stack every 2x2 block of pixels into channels: (phase, channel), as ONNX's SpaceToDepth."""
    return torch.cat([image[..., y::2, x::2] for y in range(2) for x in range(2)], dim=1)


def test_a_9x9_convolution_of_pixels_is_a_5x5_of_blocks() -> None:
    image, weight = torch.rand(1, 3, 20, 28), torch.rand(4, 3, 9, 9)
    on_blocks = functional.conv2d(to_blocks(image), torch.from_numpy(to_block_weights(weight.numpy())))
    torch.testing.assert_close(on_blocks, to_blocks(functional.conv2d(image, weight)))


class Sampler(nn.Module):
    """Two 9x9 convolutions with others between them."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            ReflectConv(3, 4, 9), ResidualBlock(4), ReflectConv(4, 4, 3), ReflectConv(4, 3, 9)
        )

    def forward(self, image: Tensor) -> Tensor:
        painted: Tensor = self.body(image)
        return painted


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("graph") / "sampler.onnx"
    example = torch.rand(1, 3, 12, 16)
    torch.onnx.export(Sampler().eval(), (example,), file, dynamo=True, input_names=["image"], verbose=False)
    return file


def test_the_rewritten_graph_paints_the_same_picture(graph: Path) -> None:
    before, after = onnx.load(graph), onnx.load(graph)
    assert use_blocks(after) == 2
    onnx.checker.check_model(after, full_check=True)
    image = np.random.default_rng(0).random((1, 3, 12, 16), dtype=np.float32)
    pictures = [ReferenceEvaluator(model).run(None, {"image": image})[0] for model in (before, after)]
    np.testing.assert_allclose(pictures[1], pictures[0], atol=1e-4)


def test_only_what_gains_is_rewritten_and_nothing_unused_stays(graph: Path) -> None:
    model = onnx.load(graph)
    use_blocks(model)
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("Conv") == 5 and kinds.count("DepthToSpace") == 2
    used = {name for node in model.graph.node for name in node.input}
    assert {tensor.name for tensor in model.graph.initializer} <= used


def test_what_a_file_stores_of_a_weight_is_what_it_was_made_of() -> None:
    weight = np.random.default_rng(0).random((4, 3, 9, 9), dtype=np.float32)
    np.testing.assert_array_equal(to_pixel_weights(to_block_weights(weight)), weight)


def test_a_packed_graph_is_smaller_and_makes_the_very_same_weights(graph: Path) -> None:
    before, after = onnx.load(graph), onnx.load(graph)
    use_blocks(before)
    use_blocks(after)
    assert pack_blocks(after) == 2 and after.ByteSize() < 0.6 * before.ByteSize()
    onnx.checker.check_model(after, full_check=True)
    image = np.random.default_rng(0).random((1, 3, 12, 16), dtype=np.float32)
    pictures = [ReferenceEvaluator(model).run(None, {"image": image})[0] for model in (before, after)]
    np.testing.assert_array_equal(pictures[1], pictures[0])
    unpack_blocks(after)
    assert after.graph == before.graph
