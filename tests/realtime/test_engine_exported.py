"""Engines whose file `python -m export` makes: made once, kept, and another one paints meanwhile."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime import engine_exported, export_program
from realtime.catalog import find_style
from realtime.engine import ENGINES, EngineOptions, engines_for, open_engine
from realtime.engine_building import BuildingEngine
from realtime.engine_exported import Exported, ExportedEngine, Image
from realtime.errors import ContractError, EngineError, MissingExtraError
from realtime.testing import IdentityEngine

GOOD = b"a network"
SIZE_WH = (66, 70)
OPTIONS = EngineOptions(engine="ncnn")


def load(file: Path, threads: int) -> Callable[[Image], NDArray[np.float32]]:
    """Return what inverts pictures, and gives a little more than there are levels."""
    if file.read_bytes() != GOOD:
        raise EngineError(f"{file} is damaged")

    def paint(image: Image) -> NDArray[np.float32]:
        assert image.shape[0] % 4 == 0 and image.shape[1] % 4 == 0
        return np.float32(255.4) - image

    return paint


EXPORTED = Exported(
    name="ncnn",
    suffix=".ncnn.param",
    makers=("numpy",),
    by_size=False,
    precisions={"fp16": "fp16", "fp32": "fp32"},
    provider="CPU",
    load=load,
)
Made = list[list[str]]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Made:
    """Write files in the place of the command; return what it was asked."""
    asked: Made = []

    def run(arguments: list[str], progress: Callable[[float], bool]) -> None:
        asked.append(arguments)
        assert progress(0.5)
        Path(arguments[arguments.index("--out") + 1]).write_bytes(GOOD)

    monkeypatch.setattr(engine_exported, "run_export", run)
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "cache"))
    return asked


def engine(exported: Exported = EXPORTED, options: EngineOptions = OPTIONS) -> ExportedEngine:
    style = find_style("starry_night")
    return ExportedEngine(exported, style.path, style.contract, options)


def noise(size_wh: tuple[int, int] = SIZE_WH) -> Image:
    return np.random.default_rng(0).integers(0, 256, (size_wh[1], size_wh[0], 3), dtype=np.uint8)


def test_a_file_is_made_once_kept_and_paints_every_size(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        one = engine()
        for size_wh in (SIZE_WH, (64, 64), (101, 67)):
            np.testing.assert_array_equal(one.infer(noise(size_wh)), 255 - noise(size_wh))
        one.close()
    (asked,) = made
    assert asked[1:3] == ["--to", "ncnn"] and "--size" not in asked and "--no-verify" in asked
    assert capsys.readouterr().err == "starry_night: ncnn makes its file, once for this style\n"


def test_a_target_of_one_size_has_a_file_for_each(made: Made) -> None:
    one = engine(replace(EXPORTED, by_size=True))
    one.infer(noise((66, 70)))
    one.infer(noise((68, 72)))  # what the first was rounded up to
    one.infer(noise((80, 72)))
    assert [asked[asked.index("--size") + 1] for asked in made] == ["72x68", "72x80"]


def test_another_precision_is_another_file(made: Made) -> None:
    for precision in ("auto", "fp16", "fp32"):
        engine(options=EngineOptions("ncnn", precision)).prepare(SIZE_WH)
    assert [asked[asked.index("--precision") + 1] for asked in made] == ["fp16", "fp32"]


def test_a_damaged_file_is_made_anew(made: Made, tmp_path: Path) -> None:
    engine().prepare(SIZE_WH)
    (file,) = (tmp_path / "cache" / "ncnn").iterdir()
    file.write_bytes(b"cut")
    np.testing.assert_array_equal(engine().infer(noise()), 255 - noise())
    assert len(made) == 2 and file.read_bytes() == GOOD


def test_another_engine_paints_until_the_file_is_there(made: Made) -> None:
    one = BuildingEngine(engine(), IdentityEngine)
    one.prepare(SIZE_WH)
    assert one._builder is not None
    one._builder.join(30)
    np.testing.assert_array_equal(one.infer(noise()), 255 - noise())
    first, *_, last = one.take_news()
    assert first.startswith("starry_night: ncnn builds its engine") and last.endswith("ncnn paints now")
    one.close()


def test_what_makes_it_and_is_not_installed_is_named_with_its_line(made: Made) -> None:
    one = engine(replace(EXPORTED, makers=("no_such_converter",)))
    with pytest.raises(
        MissingExtraError, match=r'no_such_converter is not .* pip install "livebrush\[ncnn\]"'
    ):
        one.prepare(SIZE_WH)
    assert not made


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (EngineOptions("ncnn", "bf16"), "ncnn offers fp16, fp32, not bf16"),
        (EngineOptions("ncnn", device="cuda"), "ncnn runs on the processor here"),
    ],
)
def test_what_is_not_offered_is_one_line(options: EngineOptions, message: str) -> None:
    with pytest.raises(EngineError, match=message):
        engine(options=options)


def test_a_graph_in_8_bits_has_no_such_file() -> None:
    style = find_style("starry_night")
    with pytest.raises(EngineError, match="ncnn makes no file of a graph in 8 bits"):
        ExportedEngine(EXPORTED, style.path, replace(style.contract, weights_precision="int8"), OPTIONS)


def test_sizes_and_folders_that_cannot_be_are_said(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ContractError, match="takes a width from 64"):
        engine().prepare((16, 64))
    (tmp_path / "file").touch()
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "file"))
    with pytest.raises(EngineError, match="cannot be made: .*; name another folder in LIVEBRUSH_CACHE"):
        engine().prepare(SIZE_WH)


def test_nobody_gets_such_an_engine_who_has_not_asked_for_it() -> None:
    slow = [name for name, spec in ENGINES.items() if spec.exports]
    assert slow == ["aoti", "ncnn", "litert"]
    assert not set(slow) & set(engines_for(Path("x.onnx"), at_once=True))
    assert set(slow) <= set(engines_for(Path("x.onnx")))


def program(folder: Path, text: str) -> str:
    file = folder / "python"
    file.write_text(f"#!{sys.executable}\nimport sys, time\n{text}\n")
    file.chmod(0o755)
    return str(file)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_the_command_says_how_far_it_is_and_its_last_line_why_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "print('progress 25', flush=True)\ntime.sleep(0.5)\nsys.exit('a warning\\nerror: no such layer')"
    monkeypatch.setattr(export_program.sys, "executable", program(tmp_path, words))
    told: list[float] = []
    with pytest.raises(EngineError, match=r"^no such layer$"):
        export_program.run_export([], lambda done: told.append(done) is None)
    assert set(told) <= {0.0, 0.25}


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_a_command_that_nobody_waits_for_any_more_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = f"open({str(tmp_path / 'pid')!r}, 'w').write(str(__import__('os').getpid()))\ntime.sleep(600)"
    monkeypatch.setattr(export_program.sys, "executable", program(tmp_path, words))
    pid = tmp_path / "pid"
    with pytest.raises(EngineError, match="it was given up"):
        export_program.run_export([], lambda _: not (pid.is_file() and pid.read_text()))
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.parametrize("name", ["ncnn"])
def test_the_command_makes_what_paints_as_other_engines_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("torch", "onnx", "pnnx", "ncnn"):
        pytest.importorskip(package, reason='pip install "livebrush[ncnn]"')
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "cache"))
    style = find_style("starry_night")
    one = open_engine(style, EngineOptions(engine=name))
    expected = open_engine(style, EngineOptions(precision="fp32", device="cpu")).infer(noise((101, 67)))
    found = one.infer(noise((101, 67)))
    # The last rows and columns see the mirrored border; the norms see a little more of the picture.
    assert np.square(found.astype(float) - expected)[:60, :94].mean() < 255**2 / 10**3.0
    assert one.info.name == name and len(list((tmp_path / "cache" / name).iterdir())) == 2
