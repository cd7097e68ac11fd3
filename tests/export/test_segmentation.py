"""A network of torchvision as a mask network."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from typer.testing import CliRunner

from export.errors import ExportError
from export.mask_contract import MASK_KEY
from export.segmentation import SegmentationGraph, load_segmentation
from export.segmentation_command import app

NAME = "lraspp_mobilenet_v3_large"


def test_the_file_finds_what_torch_finds_and_names_its_labels(tmp_path: Path) -> None:
    models = pytest.importorskip("torchvision.models", reason="torchvision makes the network")
    torch.manual_seed(0)
    weights, file = tmp_path / "weights.pth", tmp_path / "rooms.onnx"
    torch.save(
        models.get_model(NAME, weights=None, weights_backbone=None, num_classes=21).state_dict(), weights
    )
    done = CliRunner().invoke(app, ["--network", NAME, "--weights", str(weights), "-o", str(file)])
    assert done.exit_code == 0, f"{done.output}{done.exception}"
    contract = json.loads({one.key: one.value for one in onnx.load(file).metadata_props}[MASK_KEY])
    assert contract["labels"][0] == "background" and contract["labels"][15] == "person"
    frame = np.random.default_rng(0).integers(0, 256, (1, 96, 64, 3), dtype=np.uint8)
    from realtime.small_graph import run_graph

    found = run_graph(file.read_bytes(), {"image": frame})[0]
    with torch.no_grad():
        expected = SegmentationGraph(load_segmentation(NAME, weights)[0])(torch.from_numpy(frame)).numpy()
    assert found.shape == (1, 21, 96, 64)
    np.testing.assert_allclose(found, expected, atol=0.01)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-4)


def test_weights_that_are_not_here_are_named_with_their_address(tmp_path: Path) -> None:
    pytest.importorskip("torchvision", reason="torchvision knows the address")
    with pytest.raises(ExportError, match=r"download https://download\.pytorch\.org/.*--weights"):
        load_segmentation(NAME, tmp_path / "missing.pth")
    with pytest.raises(ExportError, match="one of lraspp"):
        load_segmentation("unet", None)
