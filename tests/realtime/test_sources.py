from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from clip_makers import write_clip

from realtime.demo import DemoSource
from realtime.errors import SourceError
from realtime.source_folder import FolderSource
from realtime.source_video import VideoSource
from realtime.sources import open_source, redact


def test_what_is_typed_chooses_the_source(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", count=3)
    picture = tmp_path / "a.png"
    cv2.imwrite(str(picture), np.zeros((20, 30, 3), np.uint8))
    assert isinstance(open_source("demo", size_wh=(64, 64), paced=False), DemoSource)
    assert isinstance(open_source(str(clip)), VideoSource)
    assert isinstance(open_source(str(tmp_path)), FolderSource)
    assert isinstance(open_source(str(picture)), FolderSource)


def test_paced_makes_the_demo_live() -> None:
    assert open_source("demo", size_wh=(64, 64)).info.live
    assert not open_source("demo", size_wh=(64, 64), paced=False).info.live


@pytest.mark.parametrize("spec", ["77", "/dev/video77"])
def test_a_number_or_a_video_device_is_a_camera(spec: str) -> None:
    with pytest.raises(SourceError, match="no camera 77 was found"):
        open_source(spec)


@pytest.mark.parametrize("spec", ["missing.mp4", "", "  ", "-1", "demoo"])
def test_what_does_not_exist_is_refused_with_what_there_is(spec: str) -> None:
    with pytest.raises(SourceError, match="give a camera number, demo, a video file"):
        open_source(spec)


def test_an_unknown_kind_of_address_is_refused_without_its_password() -> None:
    with pytest.raises(SourceError, match="http, https, rtsp") as refused:
        open_source("gopher://me:pw123@host/x")
    assert "pw123" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://cam.local:554/stream1", "rtsp://cam.local:554/stream1"),
        ("rtsp://me:pw@cam.local:554/s", "rtsp://***@cam.local:554/s"),
        ("RTSP://me@cam/s", "RTSP://***@cam/s"),
        ("http://me:p@ss@cam/s", "http://***@cam/s"),
        ("http://me:pa/ss@cam/s", "http://***@cam/s"),
        ("http://cam/s?user=me&pwd=pw&channel=1#t=5", "http://cam/s?user=***&pwd=***&channel=***#t=***"),
        ("http://cam/s?secrettoken", "http://cam/s?***"),
        ("rtsp://cam/user=me&password=pw&channel=1.sdp", "rtsp://cam/user=***&password=***&channel=1.sdp"),
        ("http://[fe80::1]:80/s", "http://[fe80::1]:80/s"),
        ("http://host/@someone/clip.mp4", "http://host/@someone/clip.mp4"),
        ("clips/user=me.mp4", "clips/user=me.mp4"),
    ],
)
def test_secrets_are_hidden_and_the_rest_is_shown(address: str, shown: str) -> None:
    assert redact(address) == shown
