from pathlib import Path

import pytest

from realtime.camera_config import CameraConfig, parse_size, write_json
from realtime.catalog import StyleEntry
from realtime.errors import ContractError, LivebrushError, OptionError, SinkError
from realtime.testing import make_contract

STYLE = StyleEntry("udnie", Path("udnie.onnx"), make_contract("udnie"), shipped=True)


@pytest.mark.parametrize("text", ["640x360", "640X360", "640\u00d7360", " 640x360 "])
def test_a_size_is_width_by_height(text: str) -> None:
    assert parse_size("--size", text) == (640, 360)


def test_no_size_is_no_size() -> None:
    assert parse_size("--size", None) is None


@pytest.mark.parametrize(
    "text", ["", "640", "640x", "x360", "640x360x3", "-640x360", "0x360", "640x0", "1e3x4", "99999x9"]
)
def test_what_is_no_size_is_refused_by_the_options_name(text: str) -> None:
    with pytest.raises(OptionError, match="--output-size must be"):
        parse_size("--output-size", text)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"strength": 1.01}, OptionError, "1.01"),
        ({"strength": -0.1}, OptionError, "-0.1"),
        ({"strength": float("nan")}, OptionError, "nan"),
        ({"detail": 1.5}, OptionError, "detail must be from 0 .* to 1 .*, got 1.5"),
        ({"detail": float("nan")}, OptionError, "nan"),
        ({"target_fps": 0}, OptionError, "--target-fps must be from 1 to 240, got 0"),
        ({"target_fps": 241}, OptionError, "--target-fps must be from 1 to 240, got 241"),
        ({"max_frames": 0}, OptionError, "--max-frames must be 1 or more, got 0"),
        ({"network_wh": (63, 360)}, ContractError, "63"),
        ({"network_wh": (640, 5000)}, ContractError, "5000"),
        ({"outputs": (Path("/no/such/folder/out.mp4"),)}, SinkError, "there is no folder /no/such/folder"),
        ({"stats": Path("/no/such/folder/s.json")}, SinkError, "--stats /no/such/folder/s.json"),
    ],
)
def test_an_option_out_of_range_is_refused(options: dict[str, object], error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        CameraConfig(STYLE, **options)  # type: ignore[arg-type]


def test_an_output_must_not_be_the_source_by_any_of_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.touch()
    (tmp_path / "link.mp4").symlink_to(clip)
    monkeypatch.chdir(tmp_path)
    for output in ("clip.mp4", "link.mp4", f"../{tmp_path.name}/clip.mp4"):
        with pytest.raises(SinkError, match="would overwrite the source"):
            CameraConfig(STYLE, source=str(clip), outputs=(Path(output),))
    with pytest.raises(SinkError, match="would overwrite the source"):
        CameraConfig(STYLE, source=str(clip), stats=clip)


def test_output_and_statistics_must_not_be_one_file(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="give two files"):
        CameraConfig(STYLE, outputs=(tmp_path / "a.mp4",), stats=tmp_path / "a.mp4")


def test_statistics_go_into_a_file_not_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="is a folder"):
        CameraConfig(STYLE, stats=tmp_path)


def test_everything_in_order_is_accepted(tmp_path: Path) -> None:
    config = CameraConfig(
        STYLE, source="demo", outputs=(tmp_path,), stats=tmp_path / "s.json", network_wh=(64, 64)
    )
    assert config.outputs == (tmp_path,)


def test_json_that_cannot_be_written_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(LivebrushError, match="--json .* cannot be written"):
        write_json("--json", tmp_path, {})


@pytest.mark.parametrize("what", ["source", "mask"])
def test_a_folder_of_pictures_must_not_hold_what_its_own_would_be_written_over(
    tmp_path: Path, what: str
) -> None:
    for name, is_numbered in (("000012.png", True), ("beach.png", False), ("12.png", False)):
        picture = tmp_path / name
        picture.touch()
        options = {what: str(picture), "outputs": (tmp_path,)}
        if is_numbered:
            with pytest.raises(SinkError, match=f"would overwrite the {what}"):
                CameraConfig(STYLE, **options)  # type: ignore[arg-type]
        else:
            CameraConfig(STYLE, **options)  # type: ignore[arg-type]


def test_an_output_must_not_be_the_masks(tmp_path: Path) -> None:
    clip = tmp_path / "masks.mp4"
    clip.touch()
    for mask, output in ((str(clip), clip), (f"{clip}:1,2", clip), (str(tmp_path), tmp_path)):
        with pytest.raises(SinkError, match="would overwrite the mask"):
            CameraConfig(STYLE, source="demo", mask=mask, outputs=(output,))
    CameraConfig(STYLE, source="demo", mask="person", outputs=(clip,))
