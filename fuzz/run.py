"""Coverage-guided fuzzing: atheris looks for inputs that reach new code, and for one that breaks a promise.

    pip install atheris && python fuzz/run.py contract -runs=100000

The targets are the tests' own (`tests/fuzz_targets.py`, `tests/fuzz_page.py`). What follows the target's
name goes to libFuzzer: `-runs=N`, `-seed=N`, `-max_len=N`, and a folder of inputs to begin with, where new
ones are kept. An input that crashes, hangs for a minute, or writes a file outside is kept as crash-* or
timeout-* in the folder where this was started, and `python fuzz/run.py TARGET FILE` tries it again.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
SLOWEST_S = 60

# What is to be covered is told by counting its branches: ours, and the parsers that read for us.
with atheris.instrument_imports(include=["realtime", "json", "aiortc.sdp", "fuzz_targets", "fuzz_page"]):
    import aiortc.sdp  # noqa: F401 - imported here so that it is covered
    import fuzz_page
    import fuzz_targets as targets
    from seeds import SEEDS

Try = Callable[[bytes], object]


def text_of(data: bytes) -> str:
    """Return any bytes as text that a program may hold; what is no UTF-8 becomes lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def file_in(folder: Path, name: str, data: bytes) -> Path:
    """Return a file of these bytes; the same one for every input."""
    file = folder / name
    file.write_bytes(data)
    return file


def open_target(name: str, folder: Path, opened: ExitStack) -> Try:
    """Return what tries one input of this kind."""
    moments = [Fraction(0), Fraction(7, 2), Fraction(10**6)]
    simple: dict[str, Try] = {
        "contract": lambda data: targets.try_contract(text_of(data)),
        "style_bytes": targets.try_style_bytes,
        "style_file": lambda data: targets.try_style_file(file_in(folder, "any.onnx", data)),
        "package": lambda data: targets.try_style_file(file_in(folder, "any.pt2", data)),
        "style_picture": targets.try_style_picture,
        "mask_picture": lambda data: targets.try_mask_picture(file_in(folder, "any.png", data), ()),
        "mask_labels": lambda data: targets.try_mask_picture(file_in(folder, "any.png", data), (1, 7)),
        "timeline": lambda data: targets.try_timeline(file_in(folder, "any.json", data), moments),
        "message": lambda data: fuzz_page.try_message(text_of(data)),
        "camera_picture": fuzz_page.try_camera_picture,
        "offer": lambda data: fuzz_page.try_offer(text_of(data)),
    }
    if name in simple:
        return simple[name]
    page = opened.enter_context(fuzz_page.open_page_target(folder))
    through_page: dict[str, Try] = {
        "upload": lambda data: page.upload(data, text_of(data[:8])),
        "state": lambda data: page.ask("PATCH", "/api/state", data),
        "socket": lambda data: page.visit([text_of(part) for part in data.split(b"\0")]),
        "camera": lambda data: page.visit([data], camera=True),
        "signalling": lambda data: page.visit(
            [json.dumps({"type": "offer", "sdp": text_of(data)})], camera=True
        ),
    }
    return through_page[name]


def main() -> None:
    """Fuzz one target, as the command line says."""
    if len(sys.argv) < 2 or sys.argv[1] not in SEEDS:
        sys.exit(f"usage: python fuzz/run.py TARGET [FOLDER|FILE] [-runs=N]; targets: {', '.join(SEEDS)}")
    name = sys.argv.pop(1)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="livebrush_fuzz_")))
        (folder / "page").mkdir()
        try_it = open_target(name, folder / "page", opened)
        seeds = folder / "seeds"
        seeds.mkdir()
        for number, seed in enumerate(SEEDS[name]()):
            (seeds / f"{number}").write_bytes(seed)
        # A target that refused everything would pass for ever.
        if not any(try_it(seed) for seed in SEEDS[name]()):
            sys.exit(f"no input that {name} begins with is taken: the target tests nothing")
        tried = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
        asked = [sys.argv[0], *sys.argv[1:], f"-timeout={SLOWEST_S}"]
        if not any(Path(argument).is_file() for argument in tried):
            asked.append(str(seeds))
        atheris.Setup(asked, lambda data: try_it(data) and None)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
