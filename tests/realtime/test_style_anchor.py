"""A style that follows the content, looked at in a thread of its own: which look it is, not when."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from meta_makers import COLOUR_SHARE, FRAME_SHARE, write_flat
from onnx_makers import make_style_onnx
from waiting import LONG_S

from realtime.camera_command import main
from realtime.catalog import StyleEntry, find_style
from realtime.engine import EngineOptions, open_engine
from realtime.errors import EngineError, OptionError, StyleFileError
from realtime.frame import Frame
from realtime.painter import NetworkSize
from realtime.style_anchor import AnchoredPainter, ContentAnchor
from realtime.style_maker import StyleMaker
from realtime.style_player import StylePlayer, load_style
from realtime.testing import make_frame
from realtime.timing import StageTimes

RED = (0, 0, 200)
OPTIONS = EngineOptions(engine="onnxruntime")


@pytest.fixture
def red(meta_network: Path, tmp_path: Path) -> StyleEntry:
    return find_style(str(write_flat(tmp_path / "red.png", RED)))


@pytest.fixture
def anchor(red: StyleEntry) -> Iterator[ContentAnchor]:
    made = ContentAnchor(red, 0.25)
    yield made
    made.close()


@pytest.fixture
def player(red: StyleEntry) -> Iterator[StylePlayer]:
    first = load_style(red, OPTIONS, lambda: None)
    made = StylePlayer([], first, options=OPTIONS, times=StageTimes(), size=NetworkSize())
    yield made
    made.close()


class Looking:
    """A painter whose looks a test waits for, one by one."""

    def __init__(self, player: StylePlayer, anchor: ContentAnchor) -> None:
        self.player, self.painter = player, AnchoredPainter(player, anchor, every_s=1.0)
        self.index = 0

    def paint_second(self, value: int) -> np.ndarray:
        """Paint a second of frames of one grey, and return the last once every engine is ready."""
        for _ in range(30):
            painted = self.painter.paint(self._frame(value))
        for _ in range(3):  # a look that was late holds up the one that was due meanwhile
            self.painter._thread.submit(int).result(LONG_S)  # behind the look that is being taken
            self.painter.paint(self._frame(value, moves=False))
        for _ in range(LONG_S * 100):
            if self.player.loading is None:
                break
            threading.Event().wait(0.01)
        painted = self.painter.paint(self._frame(value, moves=False))
        return painted.stylized_image[0, 0].astype(float)

    def _frame(self, value: int, *, moves: bool = True) -> Frame:
        self.index += moves
        return make_frame(self.index, value=value)


@pytest.fixture
def looking(player: StylePlayer, anchor: ContentAnchor) -> Iterator[Looking]:
    made = Looking(player, anchor)
    yield made
    made.painter.close()


def expected(content: int, strength: float = 0.25) -> np.ndarray:
    colour = strength * np.array(RED) + (1 - strength) * content
    return np.asarray(FRAME_SHARE * content + COLOUR_SHARE * colour)


def test_a_style_is_moved_towards_a_picture(anchor: ContentAnchor) -> None:
    style = anchor.style_for(np.full((64, 96, 3), 120, np.uint8))
    engine = open_engine(style, OPTIONS)
    painted = engine.infer(np.full((64, 96, 3), 120, np.uint8))
    engine.close()
    np.testing.assert_allclose(painted[0, 0], expected(120), atol=2)
    assert style.contract.title == "red 25%, content 75%"


def test_the_same_scene_keeps_its_style(anchor: ContentAnchor) -> None:
    first = anchor.style_for(np.full((64, 96, 3), 120, np.uint8))
    assert anchor.style_for(np.full((64, 96, 3), 121, np.uint8)) is first
    assert anchor.style_for(np.full((64, 96, 3), 180, np.uint8)).path != first.path


def test_its_files_stay_out_of_the_users_cache_and_go_when_it_closes(
    anchor: ContentAnchor, meta_network: Path
) -> None:
    before = sorted(meta_network.iterdir())
    path = anchor.style_for(np.full((64, 96, 3), 120, np.uint8)).path
    assert path.exists() and sorted(meta_network.iterdir()) == before
    anchor.close()
    assert not path.exists()


def test_a_camera_is_painted_at_once_and_followed_every_few_seconds(looking: Looking) -> None:
    first = looking.painter.paint(make_frame(0, value=40)).stylized_image[0, 0]
    np.testing.assert_allclose(first, expected(40, strength=1), atol=2)
    np.testing.assert_allclose(looking.paint_second(40), expected(40), atol=2)
    np.testing.assert_allclose(looking.paint_second(200), expected(200), atol=2)


def test_a_style_that_the_viewer_chose_is_left_alone(looking: Looking, tmp_path: Path) -> None:
    looking.paint_second(40)
    other = find_style(str(make_style_onnx(tmp_path / "invert.onnx", "invert")))
    looking.player.choose(other)
    np.testing.assert_allclose(looking.paint_second(200), [55, 55, 55], atol=1)
    assert looking.player.wanted == other


def test_a_look_that_fails_is_said_and_the_show_goes_on(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EngineError("no memory")

    monkeypatch.setattr(StyleMaker, "hidden", fail)
    np.testing.assert_allclose(looking.paint_second(40), expected(40, strength=1), atol=2)
    assert looking.player.take_problem() == "no memory"


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_that_is_none_is_refused(red: StyleEntry, strength: float) -> None:
    with pytest.raises(OptionError, match="--style-strength must be from 0 to 1"):
        ContentAnchor(red, strength)


def test_a_style_without_hidden_numbers_is_refused(meta_network: Path, tiny_style: Path) -> None:
    with pytest.raises(OptionError, match="style tiny carries no hidden numbers"):
        ContentAnchor(find_style(str(tiny_style)), 0.5)


def test_without_a_meta_network_it_is_refused(
    red: StyleEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEBRUSH_MODELS", str(tmp_path))
    with pytest.raises(StyleFileError, match="no meta network is installed"):
        ContentAnchor(red, 0.5)


def test_the_command_paints_a_folder_in_a_style_for_its_first_picture(
    red: StyleEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cv2

    monkeypatch.chdir(tmp_path)
    for name, value in (("1.png", 80), ("2.png", 160)):
        write_flat(tmp_path / "frames" / name, (value,) * 3, (96, 64))
    arguments = ["--style", "red.png", "--source", "frames", "--output", "painted", "--no-window"]
    options = ["--engine", "onnxruntime", "--style-strength", "0.25", "--threads", "1"]
    assert main([*arguments, *options]) == 0
    found = [cv2.imread(str(path)) for path in sorted((tmp_path / "painted").iterdir())]
    colour = 0.25 * np.array(RED) + 0.75 * 80
    for image, value in zip(found, (80, 160), strict=True):
        assert image is not None
        np.testing.assert_allclose(image[30, 40], FRAME_SHARE * value + COLOUR_SHARE * colour, atol=2)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--style-strength", "2"], "--style-strength must be from 0 to 1, got 2"),
        (["--towards", "gone.png"], "gone.png does not exist"),
        (["--towards", "random:1", "--style-strength", "0.5"], "give one of them"),
        (["--towards", "starry_night"], "starry_night cannot be mixed"),
    ],
)
@pytest.mark.usefixtures("red")
def test_bad_options_are_one_line(
    options: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--style", "red.png", "--source", "demo", "--no-window", *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
