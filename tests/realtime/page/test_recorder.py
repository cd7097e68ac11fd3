from pathlib import Path

import pytest

from realtime.errors import SinkError
from realtime.frame import Frame
from realtime.page.recorder import LEAST_FREE, MOST_FILES, Films, Recorder, Recording
from realtime.testing import CollectingSink, make_frame


class FileSink(CollectingSink):
    """A sink whose file exists."""

    def __init__(self, path: Path, fails_at: int | None = None) -> None:
        def on_write(frame: Frame) -> None:
            if frame.index == fails_at:
                raise SinkError("the disk is full")

        super().__init__(on_write)
        path.write_bytes(b"film")


class Opened:
    """A recorder, and what it opened and said."""

    def __init__(self, folder: Path, fails_at: int | None = None, **options: float) -> None:
        self.said: list[str] = []
        self.sinks: list[FileSink] = []

        def open_video(path: Path) -> FileSink:
            self.sinks.append(FileSink(path, fails_at))
            return self.sinks[-1]

        self.films = Films(folder, most=2, free_bytes=lambda _: 2 * LEAST_FREE)
        self.recorder = Recorder(self.films, open_video, self.said.append, **options)

    def write(self, *indices: int) -> None:
        for index in indices:
            self.recorder.write(make_frame(index), "udnie")


def test_a_film_begins_at_zero_with_the_frame_after_it_was_asked_for(tmp_path: Path) -> None:
    opened = Opened(tmp_path)
    opened.write(1, 2)
    opened.recorder.ask(True)
    assert opened.recorder.wanted and opened.recorder.seconds == 0
    opened.write(10, 40)
    assert opened.recorder.seconds == 1.0
    opened.recorder.ask(False)
    opened.recorder.attend()
    (sink,) = opened.sinks
    assert [frame.pts for frame in sink.frames] == [0, 30] and sink.closed
    (film,) = opened.recorder.finished
    assert film.seconds == 1.0 and film.path.parent == tmp_path and film.name.startswith("livebrush_udnie_")
    assert opened.films.find(film.name) == film and opened.said == []


def test_names_cannot_be_guessed(tmp_path: Path) -> None:
    opened = Opened(tmp_path)
    for _ in range(2):
        opened.recorder.ask(True)
        opened.write(1)
        opened.recorder.close()
    one, other = (film.name.rsplit("_", 1)[1] for film in opened.recorder.finished)
    assert one != other and len(one) == len("0123456789abcdef.mp4")


def test_a_full_disk_ends_the_film_and_says_so_and_what_was_written_stays(tmp_path: Path) -> None:
    opened = Opened(tmp_path, fails_at=2)
    opened.recorder.ask(True)
    opened.write(1, 2, 3)
    assert not opened.recorder.wanted and opened.sinks[0].closed
    assert opened.said == ["the recording ended early: the disk is full"]
    assert len(opened.recorder.finished) == 1


def test_nothing_is_begun_on_a_disk_without_room(tmp_path: Path) -> None:
    opened = Opened(tmp_path)
    opened.films._free_bytes = lambda _: LEAST_FREE - 1
    opened.recorder.ask(True)
    opened.write(1)
    assert opened.sinks == [] and not opened.recorder.wanted
    assert "there is no room for a recording: 1023 MB are free" in opened.said[0]


def test_a_film_that_is_forgotten_ends_by_itself(tmp_path: Path) -> None:
    opened = Opened(tmp_path, longest_s=1.0)
    opened.recorder.ask(True)
    opened.write(*range(100))
    assert len(opened.sinks) == 1 and len(opened.sinks[0].frames) == 31 and opened.sinks[0].closed


def test_the_oldest_film_goes_when_there_are_too_many(tmp_path: Path) -> None:
    opened = Opened(tmp_path)
    for index in range(3):
        opened.recorder.ask(True)
        opened.write(index)
        opened.recorder.close()
    assert len(list(tmp_path.iterdir())) == 2 and len(opened.recorder.finished) == 2


def test_in_a_folder_of_the_users_own_every_film_stays(tmp_path: Path) -> None:
    films = Films(tmp_path, most=None)
    for number in range(MOST_FILES + 2):
        (tmp_path / f"{number}.mp4").touch()
        films.add(Recording(f"{number}.mp4", tmp_path / f"{number}.mp4", 1.0))
    assert len(list(tmp_path.iterdir())) == MOST_FILES + 2 and films.find("0.mp4") is not None


def test_an_end_before_the_first_frame_leaves_no_film(tmp_path: Path) -> None:
    opened = Opened(tmp_path)
    opened.recorder.ask(True)
    opened.recorder.ask(False)
    opened.recorder.attend()
    assert opened.recorder.finished == [] and opened.sinks == []


@pytest.mark.parametrize("name", ["", ".", "..", "/etc/passwd", "livebrush.mp4"])
def test_only_films_that_were_made_here_are_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "livebrush.mp4").write_bytes(b"another")
    assert Films(tmp_path).find(name) is None
