"""The table of kinds and targets: what it says goes really goes, and what does not is one line."""

from __future__ import annotations

import shutil
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from export.cli import app
from export.errors import ExportError
from export.from_person import person_of
from export.fused_person import as_stored
from export.kinds import KINDS, check_kind, kind_of, matrix
from export.targets import TARGETS, ExportOptions
from realtime.console import run_command
from realtime.mask import PERSON
from training.checkpoint import save_checkpoint
from training.networks.texture_net import TextureStyle, build_texture_net
from training.networks.transform_net import build_transform_net
from training.noise import fixed_tiles
from training.person_networks import load_person_net

CREDITS = {"name": "plain", "title": "Plain", "artist": "nobody", "year": "1900"}
SIZE = "64x80"
ASKED = ExportOptions("")


def run(*arguments: object) -> int:
    return run_command(app, [str(argument) for argument in arguments], program="python -m export")


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory, student_checkpoint: Path) -> dict[str, str]:
    """What is typed for each kind: a fresh network, or what ships."""
    folder = tmp_path_factory.mktemp("kinds")
    torch.manual_seed(0)
    networks: dict[str, dict[str, Any]] = {
        "transform": {"preset": "turbo", "weights": build_transform_net("turbo").state_dict()},
        "texture": {
            "preset": "fast",
            "with_content": True,
            "weights": build_texture_net("fast", with_content=True).state_dict(),
        },
    }
    for kind, content in networks.items():
        save_checkpoint(folder / f"{kind}.pt", {"kind": kind, "style": CREDITS, "training": {}, **content})
    files = {kind: str(folder / f"{kind}.pt") for kind in networks}
    files |= {"picture": "random:7", "person": "person", "meta": "realtime/models/meta.npz"}
    return files | {"student": str(student_checkpoint)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_known_by_what_is_typed(kind: str, typed: dict[str, str]) -> None:
    assert kind_of(typed[kind]) == kind


@pytest.mark.parametrize(
    ("kind", "name"), [pair for pair in product(KINDS, TARGETS) if pair[1] in KINDS[pair[0]].lacks]
)
def test_what_makes_no_sense_is_refused_in_one_line_with_what_to_do(
    kind: str, name: str, typed: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made"
    assert run(typed[kind], "--to", name, "-o", out) == 2
    error = capsys.readouterr().err
    assert f"--to {name}: " in error and error.count("\n") == 1
    assert not out.exists()


# Where a kind has a graph of its own; the others share theirs with styles, which have tests of their own.
_OTHER_GRAPHS = [
    ("texture", "ncnn"),
    ("texture", "coreml"),
    ("person", "litert"),
    ("person", "coreml"),
    ("person", "checkpoint"),
    ("student", "ort"),
    ("student", "openvino"),
    ("student", "checkpoint"),
]


@pytest.mark.parametrize(("kind", "name"), _OTHER_GRAPHS)
def test_what_goes_is_written_and_found_right(
    kind: str, name: str, typed: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = TARGETS[name]
    for package in target.packages:
        pytest.importorskip(package, reason=f'pip install "livebrush[{target.extra}]"')
    if name == "litert" and (why := target.why_not_here()):
        pytest.skip(why)
    one_size = name in KINDS[kind].one_size or target.sizes == "one"
    size = ("--size", "64x96" if kind != "person" else SIZE) if one_size else ()
    assert run(typed[kind], "--to", name, "-o", tmp_path, *size) == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert any(path.name.endswith(target.suffix) for path in tmp_path.iterdir())
    if name == "coreml":
        assert "not run here" in said
    elif name != "checkpoint":
        assert "at most" in said or "against the checkpoint" in said


def test_the_table_has_a_cell_for_every_pair() -> None:
    rows = matrix()
    assert [row[0] for row in rows] == list(KINDS)
    assert all(len(row) == 1 + len(TARGETS) for row in rows)
    assert all(
        set(spec.lacks) <= set(TARGETS) and set(spec.one_size) <= set(TARGETS) for spec in KINDS.values()
    )


def test_the_docs_have_the_table_as_it_is() -> None:
    lines = Path("docs/mobile.md").read_text(encoding="utf-8").splitlines()
    for name, *cells in matrix():
        assert f"| `{name}` | {KINDS[name].about} | {' | '.join(cells)} |" in lines


def test_sizes_are_those_of_the_kind_as_well_as_of_the_target() -> None:
    assert check_kind("person", "coreml", ASKED, is_dynamic=False).size_wh == (208, 128)
    with pytest.raises(ExportError, match="litert takes sides that are multiples of 16, instead got 360"):
        check_kind("person", "litert", ExportOptions("", (640, 360)), is_dynamic=False)
    with pytest.raises(ExportError, match="ncnn is made for one size"):
        check_kind("texture", "ncnn", ASKED, is_dynamic=True)
    with pytest.raises(ExportError, match="a person network is written in one precision"):
        check_kind("person", "ncnn", ExportOptions("fp32"), is_dynamic=False)


def test_a_texture_style_of_one_size_paints_what_the_style_paints() -> None:
    torch.manual_seed(0)
    network = build_texture_net("fast", with_content=True).eval()
    style = TextureStyle(network, fixed_tiles(network.scales)).eval()
    image = torch.rand(1, 3, 68, 92)
    with torch.no_grad():
        torch.testing.assert_close(style.for_size(68, 92)(image), style(image))


def test_the_person_network_that_ships_comes_back_as_a_checkpoint(tmp_path: Path) -> None:
    assert run("person", "--to", "checkpoint", "-o", tmp_path) == 0
    network, content = load_person_net(tmp_path / "person.pt")
    stored, _ = person_of(PERSON)
    assert content["area"] == 25600
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        expected = as_stored(stored)(image)
        torch.testing.assert_close(network(image), expected, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(as_stored(network)(image), expected, atol=1e-4, rtol=1e-4)


def test_a_person_file_of_another_layout_is_one_line(tmp_path: Path) -> None:
    import onnx

    model = onnx.load(PERSON)
    del model.graph.initializer[0]
    onnx.save(model, tmp_path / "cut.onnx")
    with pytest.raises(ExportError, match="cut.onnx lays its network out otherwise than this version, "):
        person_of(tmp_path / "cut.onnx")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["person", "--to", "web"], "a page paints, and finds people beside that"),
        (["starry_night,person", "--to", "onnx"], "person is no style; export a person network alone"),
        (["starry_night,person,OTHER", "--to", "web"], "a page has one network that finds people"),
    ],
)
def test_where_a_mask_is_named_in_vain_is_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.onnx"
    shutil.copy(PERSON, other)
    assert run(arguments[0].replace("OTHER", str(other)), *arguments[1:], "-o", tmp_path / "made") == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "made").exists()
