from dataclasses import replace
from pathlib import Path

import pytest

from realtime.camera_config import CameraConfig
from realtime.camera_outputs import make_pacer
from realtime.camera_plan import make_plan
from realtime.catalog import StyleEntry
from realtime.errors import OptionError
from realtime.resolution import Resolution
from realtime.sources import SourceInfo
from realtime.testing import make_contract

STYLE = StyleEntry("udnie", Path("udnie.onnx"), make_contract("udnie"), shipped=True)
CAMERA = SourceInfo("camera 0", "camera", (1280, 720), fps=30.0, live=True)
FILM = SourceInfo("clip.mp4", "file", (1920, 1080), fps=25.0, frame_count=500)
PICTURES = SourceInfo("album", "folder", (800, 600), fps=25.0, frame_count=7)


def test_a_camera_in_a_window_runs_until_the_viewer_quits(tmp_path: Path) -> None:
    plan = make_plan(CameraConfig(STYLE), CAMERA, window=True, folder=tmp_path)
    assert (plan.window, plan.outputs, plan.max_frames) == (True, (), None)


@pytest.mark.parametrize(("source", "frames"), [(CAMERA, 150), (FILM, 125)])
def test_without_a_window_five_seconds_are_written_to_a_free_name(
    tmp_path: Path, source: SourceInfo, frames: int
) -> None:
    (tmp_path / "livebrush_udnie.mp4").touch()
    plan = make_plan(CameraConfig(STYLE), source, window=False, folder=tmp_path)
    assert plan.outputs == (tmp_path / "livebrush_udnie_2.mp4",)
    assert plan.unasked
    assert plan.max_frames == frames


def test_pictures_without_a_window_are_written_as_pictures(tmp_path: Path) -> None:
    plan = make_plan(CameraConfig(STYLE), PICTURES, window=False, folder=tmp_path)
    assert (plan.outputs, plan.max_frames) == ((tmp_path / "livebrush_udnie",), None)


def test_whoever_wants_only_statistics_gets_no_clip(tmp_path: Path) -> None:
    config = CameraConfig(STYLE, window=False, stats=tmp_path / "stats.json")
    assert make_plan(config, CAMERA, window=False, folder=tmp_path).outputs == ()


def test_an_output_that_was_asked_for_is_taken_whole(tmp_path: Path) -> None:
    config = CameraConfig(STYLE, outputs=(tmp_path / "out.mp4",))
    plan = make_plan(config, FILM, window=False, folder=tmp_path)
    assert (plan.outputs, plan.unasked, plan.max_frames) == ((tmp_path / "out.mp4",), False, None)


def test_what_is_watched_is_seen_small_enough_to_run_in_real_time(tmp_path: Path) -> None:
    for source, window in ((CAMERA, True), (CAMERA, False), (FILM, True)):
        plan = make_plan(CameraConfig(STYLE), source, window=window, folder=tmp_path)
        assert plan.network(source.size_wh, STYLE.contract) == (640, 360)


def test_a_film_that_is_written_is_seen_in_its_own_size(tmp_path: Path) -> None:
    config = CameraConfig(STYLE, outputs=(tmp_path / "out.mp4",))
    for window in (False, True):
        plan = make_plan(config, FILM, window=window, folder=tmp_path)
        assert plan.network(FILM.size_wh, STYLE.contract) == (1920, 1080)


def test_a_size_that_was_asked_for_is_taken(tmp_path: Path) -> None:
    plan = make_plan(CameraConfig(STYLE, network_wh=(320, 200)), CAMERA, window=True, folder=tmp_path)
    assert plan.network(CAMERA.size_wh, STYLE.contract) == (320, 200)


def test_pictures_in_a_window_are_a_slide_show_unless_they_are_written(tmp_path: Path) -> None:
    assert make_plan(CameraConfig(STYLE), PICTURES, window=True, folder=tmp_path).slide_show
    written = CameraConfig(STYLE, outputs=(tmp_path,))
    assert not make_plan(written, PICTURES, window=True, folder=tmp_path).slide_show


def test_a_rate_that_is_wanted_makes_the_size_one_on_demand_up_to_the_size_that_was_asked_for(
    tmp_path: Path,
) -> None:
    for asked_wh, first_wh in ((None, (640, 360)), ((320, 200), (320, 200))):
        config = CameraConfig(STYLE, target_fps=30, network_wh=asked_wh)
        rule = make_plan(config, CAMERA, window=True, folder=tmp_path).network
        assert isinstance(rule, Resolution)
        assert rule(CAMERA.size_wh, STYLE.contract) == first_wh


@pytest.mark.parametrize(("source", "window"), [(CAMERA, False), (CAMERA, True), (FILM, True)])
def test_what_is_watched_live_may_have_a_rate(tmp_path: Path, source: SourceInfo, window: bool) -> None:
    outputs = (tmp_path / "out.mp4",) if source.live else ()
    plan = make_plan(
        CameraConfig(STYLE, target_fps=30, outputs=outputs), source, window=window, folder=tmp_path
    )
    assert isinstance(plan.network, Resolution)


def test_a_film_that_is_only_measured_may_have_a_rate(tmp_path: Path) -> None:
    config = CameraConfig(STYLE, target_fps=30, window=False, stats=tmp_path / "stats.json")
    assert isinstance(make_plan(config, FILM, window=False, folder=tmp_path).network, Resolution)


@pytest.mark.parametrize("window", [False, True])
def test_a_film_that_is_written_has_no_rate_to_keep(tmp_path: Path, window: bool) -> None:
    config = CameraConfig(STYLE, target_fps=30, outputs=(tmp_path / "out.mp4",))
    with pytest.raises(OptionError, match="--target-fps is for what is watched live; of clip.mp4"):
        make_plan(config, FILM, window=window, folder=tmp_path)


def test_pictures_have_no_rate_to_keep(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="not for pictures"):
        make_plan(CameraConfig(STYLE, target_fps=30), PICTURES, window=True, folder=tmp_path)


@pytest.mark.parametrize(
    ("asked_fps", "camera_fps", "kept_fps"), [(60, 30.0, 30), (24, 30.0, 24), (60, None, 60)]
)
def test_no_more_frames_are_aimed_at_than_the_camera_gives(
    tmp_path: Path, asked_fps: int, camera_fps: float | None, kept_fps: float
) -> None:
    camera = replace(CAMERA, fps=camera_fps)
    rule = make_plan(CameraConfig(STYLE, target_fps=asked_fps), camera, window=True, folder=tmp_path).network
    assert isinstance(rule, Resolution) and rule.target_fps == kept_fps


@pytest.mark.parametrize(("source", "level"), [(CAMERA, "light"), (FILM, "full"), (PICTURES, "off")])
def test_steadiness_is_what_fits_the_source_unless_it_was_asked_for(
    tmp_path: Path, source: SourceInfo, level: str
) -> None:
    plan = make_plan(CameraConfig(STYLE), source, window=True, folder=tmp_path)
    assert plan.steady == level
    asked = CameraConfig(STYLE, steady="full")
    assert make_plan(asked, source, window=True, folder=tmp_path).steady == "full"


@pytest.mark.parametrize(
    ("options", "source", "paced"),
    [
        ({"virtual_camera": ""}, FILM, True),
        ({"virtual_camera": "", "outputs": (Path("out.mp4"),)}, FILM, True),
        ({"outputs": (Path("out.mp4"),)}, FILM, False),
        ({"virtual_camera": ""}, CAMERA, False),
    ],
)
def test_a_film_is_shown_at_its_own_pace_where_somebody_watches(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, object],
    source: SourceInfo,
    paced: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = make_plan(CameraConfig(STYLE, **options), source, window=False, folder=tmp_path)  # type: ignore[arg-type]
    assert (make_pacer(source, plan) is not None) is paced


def test_a_virtual_camera_is_watched_so_that_no_clip_is_written(tmp_path: Path) -> None:
    plan = make_plan(CameraConfig(STYLE, virtual_camera=""), CAMERA, window=False, folder=tmp_path)
    assert (plan.outputs, plan.unasked, plan.max_frames) == ((), False, None)
    assert plan.network(CAMERA.size_wh, STYLE.contract) == (640, 360)
