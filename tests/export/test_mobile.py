"""Targets for phones: what their files hold, and what their runtimes make of a shipped style."""

from pathlib import Path

import pytest
import torch

from export.errors import ExportError
from export.mobile import MobileGraph, example
from export.source import Source, load_source
from export.targets import TARGETS, ExportOptions
from export.verify import check_file
from training.networks.transform_net import build_transform_net

MAX_KB = 310


@pytest.fixture(scope="module")
def source() -> Source:
    return load_source("starry_night_fast")  # the largest that ships


@pytest.mark.parametrize("preset", ["turbo", "fast"])
def test_the_graph_for_phones_paints_levels_as_the_network_paints_units(preset: str) -> None:
    torch.manual_seed(0)
    network, levels = build_transform_net(preset).eval(), example((68, 64))
    with torch.no_grad():
        painted, expected = MobileGraph(network)(levels), network(levels / 255) * 255
    torch.testing.assert_close(painted, expected)


def test_a_size_that_the_networks_are_not_made_for_is_refused() -> None:
    with pytest.raises(ExportError, match="the networks take sides from 64 to 4096, instead got 32"):
        example((640, 32))


@pytest.fixture(scope="module")
def ncnn_file(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in TARGETS["ncnn"].packages:
        pytest.importorskip(package, reason='pip install "livebrush[ncnn]"')
    file = tmp_path_factory.mktemp("ncnn") / "starry_night_fast.ncnn.param"
    TARGETS["ncnn"].write(source, file, ExportOptions("fp16"))
    return file


def test_ncnn_paints_what_the_network_paints_also_of_a_flat_picture(source: Source, ncnn_file: Path) -> None:
    check = check_file(source.network, "ncnn", ncnn_file, ExportOptions("fp16"))
    assert not check.faults and check.size_bytes <= MAX_KB * 1000
    assert [runtime.runtime for runtime in check.runtimes] == ["ncnn"]


def test_an_ncnn_file_says_itself_how_it_is_computed(ncnn_file: Path) -> None:
    layers = [line.split() for line in ncnn_file.read_text().splitlines()[2:]]
    assert all(layer[-1] == "31=7" for layer in layers if layer[0] == "InstanceNorm")
    assert all(layer[-1] == "31=65" for layer in layers if layer[0] == "Convolution")
    assert sorted(path.name for path in ncnn_file.parent.iterdir()) == [
        "starry_night_fast.ncnn.bin",
        "starry_night_fast.ncnn.param",
    ]
