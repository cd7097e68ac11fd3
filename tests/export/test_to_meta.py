import copy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from export.cli import app
from export.errors import ExportError, ParityError
from export.meta_parity import measure_meta_parity
from export.to_meta import export_meta, generated_net
from export.to_onnx import export_onnx
from realtime.console import run_command
from realtime.contract import read_contract
from realtime.meta_file import MetaFile
from realtime.style_maker import Credits, StyleMaker, read_hidden
from training.checkpoint import save_checkpoint
from training.networks.meta_style import MetaPlan, MetaStyle, build_meta_style

PLAN = MetaPlan(preset="turbo", statistics=12, numbers=8, generate="more", hidden=8, encoder="small")
CREDITS = {"name": "tiny", "title": "Tiny", "artist": "nobody", "year": "1900"}
MAX_KB = 449


def make_meta_style(**changes: Any) -> MetaStyle:
    torch.manual_seed(0)
    return build_meta_style(MetaPlan(**(asdict(PLAN) | changes))).eval()


def make_checkpoint(meta_style: MetaStyle) -> dict[str, Any]:
    return {
        "kind": "meta",
        "preset": PLAN.preset,
        "weights": meta_style.state_dict(),
        "plan": asdict(PLAN),
        "encoder": {"layers": [], "style_size": 64},
        "style": CREDITS,
        "training": {"pictures": 8},
    }


@pytest.fixture(scope="module")
def meta_style() -> MetaStyle:
    return make_meta_style()


@pytest.fixture(scope="module")
def maker(meta_style: MetaStyle, tmp_path_factory: pytest.TempPathFactory) -> StyleMaker:
    """What the command writes, opened by the runtime."""
    folder = tmp_path_factory.mktemp("exported")
    save_checkpoint(folder / "tiny.pt", make_checkpoint(meta_style))
    command = [str(folder / "tiny.pt"), "--to", "onnx", "--out", str(folder / "models"), "--no-verify"]
    assert run_command(app, command, program="python -m export") == 0
    return StyleMaker(MetaFile(folder / "models" / "meta.npz"))


@pytest.fixture(scope="module")
def made(maker: StyleMaker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "made.onnx"
    path.write_bytes(maker.make(maker.random_hidden(1), Credits("made", "Made")))
    return path


def weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Return what a style file holds, without what is for shapes, in the order of its values' names."""
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    return {name: value.astype(np.float32) for name, value in tensors.items() if value.dtype.kind == "f"}


def test_the_runtime_reads_a_picture_as_the_checkpoint_does(maker: StyleMaker, meta_style: MetaStyle) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    image = torch.from_numpy(picture[..., ::-1].copy()).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        expected = meta_style.meta_net.hidden(meta_style.style_vector(image, None))[0].numpy()
    assert expected.max() > 0.1
    np.testing.assert_allclose(maker.hidden(picture), expected, atol=0.01 * expected.max())


def test_a_made_file_holds_what_an_ordinary_export_of_the_same_network_holds(
    maker: StyleMaker, made: Path, meta_style: MetaStyle, tmp_path: Path
) -> None:
    network = generated_net(meta_style.meta_net, torch.from_numpy(maker.random_hidden(1)))
    ordinary = tmp_path / "ordinary.onnx"
    export_onnx(network, {**make_checkpoint(meta_style), "kind": "transform"}, ordinary)
    ours, theirs = weights(made), weights(ordinary)
    assert len(ours) > 20 and sorted(ours) == sorted(theirs)
    assert made.stat().st_size == pytest.approx(ordinary.stat().st_size, rel=0.02)
    for name, value in theirs.items():
        # Within the 8 bits that a writer's row has.
        np.testing.assert_allclose(ours[name], value, atol=0.02 * max(float(value.std()), 0.05))


def test_a_made_file_fits_into_449_kb_and_tells_what_it_is(made: Path, maker: StyleMaker) -> None:
    assert made.stat().st_size <= MAX_KB * 1024
    contract = read_contract(made)
    assert (contract.preset, contract.weights_precision, contract.colour) == ("turbo", "fp16", "BGR")
    assert contract.training["pictures"] == 8 and contract.flop_per_pixel > 1000
    hidden = read_hidden(contract, maker)
    assert hidden is not None and hidden.shape == (maker.plan.hidden_numbers,)


def test_what_is_not_written_is_the_same_in_every_style(
    maker: StyleMaker, made: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(maker.make(maker.random_hidden(2), Credits("other", "Other")))
    ours, theirs = weights(made), weights(other)
    same = {name for name in ours if np.array_equal(ours[name], theirs[name])}
    assert any(".per_level" in name for name in same)  # the first convolution
    assert len(ours) - len(same) >= len(maker.plan.patches) - 1


def test_made_styles_paint_what_the_checkpoint_paints(maker: StyleMaker, meta_style: MetaStyle) -> None:
    found = list(measure_meta_parity(meta_style, maker.meta.path))
    assert {name for name, _ in found} == {"random:0", "random:1", "a picture"}
    assert all(parity.psnr_db >= 46 for _, parity in found)


def test_another_checkpoint_than_the_files_is_found_out(maker: StyleMaker, meta_style: MetaStyle) -> None:
    other = copy.deepcopy(meta_style)
    with torch.no_grad():
        other.meta_net.to_hidden.weight.mul_(1.5)
    with pytest.raises(ParityError, match="reads a picture otherwise than its checkpoint"):
        list(measure_meta_parity(other, maker.meta.path))


def test_a_network_that_reads_by_vgg_is_refused(tmp_path: Path) -> None:
    meta_style = make_meta_style(encoder="vgg")
    with pytest.raises(ExportError, match="--encoder small --init-from"):
        export_meta(meta_style, make_checkpoint(meta_style), tmp_path / "meta.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "aoti"], "export what it writes of a picture: python -m export PICTURE --to aoti"),
        (["--out", "x.onnx"], "--out must be a folder or a file .npz"),
    ],
)
def test_what_a_meta_network_cannot_be_is_one_line(
    arguments: list[str],
    message: str,
    meta_style: MetaStyle,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    save_checkpoint(tmp_path / "tiny.pt", make_checkpoint(meta_style))
    assert run_command(app, [str(tmp_path / "tiny.pt"), *arguments], program="python -m export") == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_picture_is_exported_as_the_network_that_the_meta_network_writes(
    maker: StyleMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEBRUSH_MODELS", str(maker.meta.path.parent))
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "cache"))
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "fire.png"), picture)
    command = [str(tmp_path / "fire.png"), "--to", "onnx", "-o", str(tmp_path / "made")]
    assert run_command(app, command, program="python -m export") == 0
    assert read_contract(tmp_path / "made" / "fire.onnx").preset == PLAN.preset
