import random
from pathlib import Path

import numpy as np
import pytest

from realtime.errors import StyleFileError
from realtime.meta_file import MetaFile, find_meta_file
from realtime.style_maker import Credits, StyleMaker


def changed(meta_file: Path, folder: Path, **arrays: object) -> Path:
    with np.load(meta_file) as found:
        kept = dict(found.items())
    path = folder / "meta.npz"
    np.savez(path, **(kept | arrays))  # type: ignore[arg-type]
    return path


def use(path: Path) -> bytes:
    maker = StyleMaker(MetaFile(path))
    return maker.make(maker.random_hidden(0), Credits("any", "any"))


def test_without_a_meta_network_one_line_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEBRUSH_MODELS", str(tmp_path))
    with pytest.raises(
        StyleFileError, match=r"no meta network is installed.*python -m export.*LIVEBRUSH_MODELS"
    ):
        find_meta_file()


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not an archive"])
def test_what_is_no_meta_network_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "meta.npz"
    path.write_bytes(data)
    with pytest.raises(StyleFileError, match="no meta network of Livebrush, or a damaged one"):
        MetaFile(path)


def test_a_later_format_is_told(meta_file: Path, tmp_path: Path) -> None:
    plan = b'{"format": 2}'
    with pytest.raises(StyleFileError, match="format 2 is not the 1"):
        MetaFile(changed(meta_file, tmp_path, plan=np.frombuffer(plan, np.uint8)))


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("to_hidden", np.zeros((6, 4), np.float16)),
        ("writer_1", np.zeros((4, 3), np.int8)),
        ("writer_1", np.zeros((3, 3), np.float32)),
        ("shared", np.zeros(11, np.float32)),
        ("places_1", np.array([9, 10, 13], np.int32)),
        ("places_1", np.array([-1, 10, 11], np.int32)),
        ("template", np.zeros(4, np.uint8)),
    ],
)
def test_what_does_not_fit_the_plan_is_told(
    meta_file: Path, tmp_path: Path, name: str, array: object
) -> None:
    with pytest.raises(StyleFileError, match="does not fit the plan"):
        use(changed(meta_file, tmp_path, **{name: array}))


def test_pickles_are_never_opened(meta_file: Path, tmp_path: Path) -> None:
    with pytest.raises(StyleFileError, match="damaged"):
        use(changed(meta_file, tmp_path, shared=np.array([{"a": 1}], dtype=object)))


def test_random_damage_never_raises_anything_else(meta_file: Path, tmp_path: Path) -> None:
    data, dice, refused = meta_file.read_bytes(), random.Random(1), 0
    path = tmp_path / "meta.npz"
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(dice.choice((1, 8, 64))):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        try:
            use(path)
        except StyleFileError:
            refused += 1
    assert refused > 50
