from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clip_makers import read_clip, write_clip
from motion_makers import texture
from numpy.typing import NDArray
from onnx_makers import make_recurrent_onnx, make_style_onnx

from realtime import engine as engines
from realtime.camera_command import main as camera_main
from realtime.catalog import StyleEntry, find_style, list_styles
from realtime.cli import main
from realtime.contract import ContractError, read_contract
from realtime.engine import Engine, EngineOptions, open_engine
from realtime.engine_guard import EngineGuard
from realtime.engine_rescue import GuardedEngine
from realtime.errors import EngineError
from realtime.painter import EnginePainter
from realtime.recurrent import PLAIN_KEY, look_back, steadied
from realtime.steady import Steadier
from realtime.testing import make_frame
from realtime.timing import StageTimes

Image = NDArray[np.uint8]
ENGINES = ("onnxruntime", "openvino")
CPU = EngineOptions(device="cpu")
ROOM = texture((96, 64))


@pytest.fixture
def entry(tmp_path: Path) -> StyleEntry:
    """A style that inverts, with a recurrent file beside it."""
    path = make_style_onnx(tmp_path / "mine.onnx")
    contract = read_contract(path)
    make_recurrent_onnx(tmp_path / "mine.steady.onnx", contract)
    return StyleEntry("mine", path, contract, shipped=False)


def open_recurrent(entry: StyleEntry, engine: str = "auto") -> Engine:
    return open_engine(entry, EngineOptions(engine, "fp32", "cpu", looks_back=True))


def test_a_style_is_painted_steadily_by_the_file_beside_it(entry: StyleEntry) -> None:
    found = steadied(entry, CPU)
    assert found.path.name == "mine.steady.onnx" and found.name == "mine"
    assert steadied(found, CPU) == found


@pytest.mark.parametrize(
    "options",
    [
        EngineOptions("ncnn", device="cpu"),
        EngineOptions(precision="int8", device="cpu"),
        EngineOptions(device="cuda"),
    ],
)
def test_what_cannot_run_it_keeps_the_style(entry: StyleEntry, options: EngineOptions) -> None:
    assert steadied(entry, options) == entry


@pytest.mark.parametrize(
    "fields", [{"training": {PLAIN_KEY: "0" * 64}}, {"training": {}}, {"kind": "transform"}]
)
def test_a_file_of_other_weights_or_of_another_kind_is_none_of_it(
    entry: StyleEntry, fields: dict[str, Any]
) -> None:
    make_recurrent_onnx(entry.path.with_name("mine.steady.onnx"), entry.contract, **fields)
    assert steadied(entry, CPU) == entry


def test_a_damaged_or_missing_file_is_none_of_it(entry: StyleEntry) -> None:
    beside = entry.path.with_name("mine.steady.onnx")
    beside.write_bytes(b"no graph")
    assert steadied(entry, CPU) == entry
    beside.unlink()
    assert steadied(entry, CPU) == entry


def test_it_is_no_style_of_its_own(entry: StyleEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEBRUSH_STYLES", str(entry.path.parent))
    assert "mine" in (names := [style.name for style in list_styles()])
    assert not any(name.endswith(".steady") for name in names)
    assert find_style("mine").path == entry.path


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_paints_alone_and_after_another_painting(entry: StyleEntry, engine: str) -> None:
    pytest.importorskip(engine)
    opened = open_recurrent(entry, engine)
    recurrent = look_back(opened)
    assert recurrent is not None
    for height, width in ((64, 80), (65, 77)):  # of other sizes, and back
        image, before = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), np.uint8)
        trust = np.zeros((height, width), np.uint8)
        trust[:, : width // 2] = 255
        after = recurrent.infer_after(image, before, trust)
        assert (after[:, : width // 2] == before[:, : width // 2]).all()
        assert (after[:, width // 2 :] == 255 - image[:, width // 2 :]).all()
        assert (opened.infer(image) == 255 - image).all()  # nothing of the last one is left
    opened.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_painting_of_another_size_is_refused_and_so_is_a_style_that_takes_none(
    entry: StyleEntry, engine: str
) -> None:
    pytest.importorskip(engine)
    recurrent: Any = open_recurrent(entry, engine)
    with pytest.raises(EngineError, match=r"must be \(64, 96, 3\) uint8, got \(64, 95, 3\)"):
        recurrent.infer_after(ROOM, ROOM[:, 1:], ROOM[..., 0])
    with pytest.raises(EngineError, match=r"must be \(64, 96\) uint8"):
        recurrent.infer_after(ROOM, ROOM, ROOM)
    plain: Any = open_engine(entry, EngineOptions(engine, device="cpu"))
    assert look_back(plain) is None
    with pytest.raises(EngineError, match="style mine paints frame by frame"):
        plain.infer_after(ROOM, ROOM, ROOM[..., 0])


def test_the_guard_over_an_engine_lets_it_look_back(entry: StyleEntry) -> None:
    engine = open_recurrent(entry)
    guarded = look_back(GuardedEngine(engine, guard := EngineGuard()))
    assert guarded is not None
    assert (guarded.infer_after(ROOM, ROOM, np.full(ROOM.shape[:2], 255, np.uint8)) == ROOM).all()
    assert look_back(GuardedEngine(open_engine(entry, CPU), guard)) is None
    guard.close()


def paint(entry: StyleEntry, level: Any, images: list[Image]) -> list[Image]:
    painter = EnginePainter(open_recurrent(entry), StageTimes(), steadier=Steadier(level))
    frames = [make_frame(number).with_image(image) for number, image in enumerate(images)]
    return [painter.paint(frame).stylized_image.copy() for frame in frames]


def noisy(count: int) -> list[Image]:
    chance = np.random.default_rng(0)
    return [np.clip(ROOM + chance.normal(0, 2, ROOM.shape), 0, 255).astype(np.uint8) for _ in range(count)]


@pytest.mark.parametrize("level", ["light", "full"])
def test_what_stands_still_keeps_its_painting(entry: StyleEntry, level: str) -> None:
    images = noisy(6)
    painted, each_alone = paint(entry, level, images), paint(entry, "off", images)
    assert all((one == 255 - image).all() for one, image in zip(each_alone, images, strict=True))
    assert (painted[0] == each_alone[0]).all()
    restless, steady = (
        np.mean([np.abs(now.astype(int) - before).mean() for now, before in zip(one[1:], one, strict=False)])
        for one in (each_alone, painted)
    )
    assert steady < 0.4 * restless


def test_what_moves_keeps_its_painting_and_only_by_full(entry: StyleEntry) -> None:
    wide = texture((140, 96))
    # It grows lighter by a level a frame, as nobody would see: a painting that is kept does not.
    images = [np.ascontiguousarray(wide[:, 2 * n : 2 * n + 112] // 2 + n) for n in range(6)]
    middle = (slice(24, 72), slice(24, 80))

    def behind(level: str) -> float:
        """By how many levels the last painting is that of an earlier frame, moved along."""
        painted = paint(entry, level, images)
        return float((painted[-1][middle].astype(int) - (255 - images[-1])[middle]).mean())

    assert 0.7 < behind("full") < 1.3  # half of it is kept of frame after frame: a level on the whole
    assert behind("light") < 0.3  # what moves is painted anew


def test_a_cut_begins_anew(entry: StyleEntry) -> None:
    other = np.ascontiguousarray(255 - ROOM[::-1])
    painted = paint(entry, "full", [ROOM, ROOM, other])
    assert (painted[2] == 255 - other).all()


def test_a_kind_that_is_unknown_is_refused(entry: StyleEntry) -> None:
    path = make_recurrent_onnx(entry.path.with_name("odd.onnx"), entry.contract)
    path.write_bytes(path.read_bytes().replace(b'"recurrent"', b'"telepathy"'))
    with pytest.raises(ContractError, match="kind must be one of transform, recurrent"):
        read_contract(path)


@pytest.mark.parametrize(("steady", "opened"), [("full", "mine.steady.onnx"), ("off", "mine.onnx")])
def test_films_are_painted_by_it(
    entry: StyleEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steady: str, opened: str
) -> None:
    seen = watch_opening(monkeypatch)
    write_clip(tmp_path / "in.mp4", count=4, size_wh=(96, 64))
    words = ["video", str(tmp_path / "in.mp4"), "-o", str(tmp_path / "out.mp4"), "--style", str(entry.path)]
    assert main([*words, "--steady", steady]) == 0
    assert seen == [opened]
    assert len(read_clip(tmp_path / "out.mp4").numbers) == 4


@pytest.mark.parametrize(("steady", "opened"), [("auto", "mine.steady.onnx"), ("off", "mine.onnx")])
def test_so_are_cameras(
    entry: StyleEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steady: str, opened: str
) -> None:
    seen = watch_opening(monkeypatch)
    words = ["--style", str(entry.path), "--source", "demo", "--max-frames", "3", "--no-window"]
    assert camera_main([*words, "--output", str(tmp_path / "out.mp4"), "--steady", steady]) == 0
    assert seen == [opened]


def watch_opening(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the name of every style file that is opened from now on."""
    seen: list[str] = []
    load = engines._load

    def watched(name: str) -> Any:
        def open_style(path: Path, contract: Any, options: Any) -> Any:
            seen.append(path.name)
            return load(name)(path, contract, options)

        return open_style

    monkeypatch.setattr(engines, "_load", watched)
    return seen
