"""How steady every shipped style paints a folder of clips: one table of E_warp, as the README has it.

    python docs/measure_steadiness.py clips [--frames 16] [--style udnie --style starry_night] [--json FILE]
    python docs/measure_steadiness.py clips --clip coffee --clip blackswan --paintings paintings

Each clip goes through `python -m training evaluate-video`, so that the product is measured as its users get
it. Sequences (folders of frames, also as FOLDER/frames) are clips too. Means are over the clips.
With --paintings, a folder of the styles' pictures, the judge's style loss of steadied frames is set beside
that of the same frames painted by themselves: what steadiness costs of the strokes.
With --without, a folder of the styles' networks trained without temporal losses (`--preset turbo
--temporal-weight 0`, exported as NAME.onnx), the product is set beside those, frame by frame: all that the
training and the running product do for steadiness, together.
A clip takes a quarter of a minute for a style, half with --paintings; `--clip` leaves out the others.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

STYLES = ("starry_night", "the_great_wave", "the_scream")
SUFFIXES = {".mp4", ".mkv", ".mov", ".webm"}
KINDS = ("input", "frame_by_frame", "product")
LAST = 3  # frames of a clip that the judge sees: a blend has settled by then


def find_clips(folder: Path, names: list[str] | None) -> list[Path]:
    """Return the videos and the sequences in a folder, and in the folders within; of these names only."""
    videos = [file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES]
    pictures = {file.parent for file in folder.rglob("*.jpg")} | {
        file.parent for file in folder.rglob("*.png")
    }
    clips = sorted(videos + [place for place in pictures if place.name != "masks"])
    return [clip for clip in clips if names is None or {clip.stem, clip.parent.name} & set(names)]


def judge(style: str, clip: Path, frames: int, size: int) -> dict[str, float]:
    """Return E_warp of a clip, of the network frame by frame, and of the product."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "training", "evaluate-video", style, str(clip)]
        options = ["--frames", str(frames), "--size", str(size), "--json", str(report)]
        subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        clips: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))["clips"]
    return {kind: float(clips[kind]["e_warp"]) for kind in KINDS}


class StyleJudge:
    """Scores a style's last frames of a clip, steadied and not.

    Args:
        style: a shipped one's name, or a style's file.
        painting: its picture.
    """

    def __init__(self, style: str, painting: Path) -> None:
        from realtime.catalog import find_style
        from realtime.engine import EngineOptions
        from training.devices import Placement
        from training.judge.fixed_loss import JudgeLoss

        # As films are painted: with the style's recurrent network where it has one.
        self._style, self._options = find_style(style), EngineOptions(looks_back=True)
        self._loss = JudgeLoss(painting, None, Placement("cpu", "fp32"))

    def __call__(self, clip: Path, frames: int, size: int) -> dict[str, float]:
        """Return the mean style loss, of frames painted by themselves and of steadied ones."""
        from realtime.engine import open_engine
        from realtime.steady import Steadier
        from realtime.testing import make_frame
        from training.clips import Clip

        steadier, losses = Steadier("full"), {"style_alone": 0.0, "style_steady": 0.0}
        with closing(open_engine(self._style, self._options)) as engine:
            for number, shown in enumerate(Clip(clip, size, frames).frames()):
                image = shown.image[..., ::-1].copy()
                looked = steadier.look(replace(make_frame(number), image=image), image)
                steady = steadier.paint(engine, looked)
                if number >= frames - LAST:
                    losses["style_alone"] += self._score(engine.infer(image)) / LAST
                    losses["style_steady"] += self._score(steady) / LAST
        return losses

    def _score(self, painting: Any) -> float:
        from training.images import to_tensor

        image = to_tensor(painting[..., ::-1].copy())[None]
        return self._loss.score(image, self._loss.target(image)).style


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path, help="of video files and of folders of frames")
    words.add_argument(
        "--style", action="append", help=f"a shipped style; several times [{', '.join(STYLES)}]"
    )
    words.add_argument("--clip", action="append", help="only the clip of this name; several times [all]")
    words.add_argument("--frames", type=int, default=16, help="of each clip, from the first on")
    words.add_argument("--size", type=int, default=360, help="shorter side of the frames")
    words.add_argument("--paintings", type=Path, help="folder with STYLE.jpg: judge the style, too")
    words.add_argument("--without", type=Path, help="folder with STYLE.onnx, trained without temporal losses")
    words.add_argument("--json", type=Path, help="write every figure to this file")
    asked = words.parse_args()
    clips = find_clips(asked.folder, asked.clip)
    if not clips:
        sys.exit(f"no clips in {asked.folder}: give a folder of video files, or of folders of frames")
    styles: list[str] = asked.style or list(STYLES)
    missing = [style for style in styles if asked.without and not (asked.without / f"{style}.onnx").is_file()]
    if missing:
        sys.exit(f"no {missing[0]}.onnx in {asked.without}: export there what was trained without")
    found: dict[str, dict[str, dict[str, float]]] = {}
    more = "| style loss " if asked.paintings else ""
    more += "| trained without, frame by frame | product of that " if asked.without else ""
    print(f"| style | the clips | frame by frame | the product | of frame by frame {more}|")
    print("| --- " * (5 + more.count("|")) + "|", flush=True)
    for style in styles:
        found[style] = {}
        score = StyleJudge(style, asked.paintings / f"{style}.jpg") if asked.paintings else None
        plain = str(asked.without / f"{style}.onnx") if asked.without else None
        score_plain = StyleJudge(plain, asked.paintings / f"{style}.jpg") if plain and score else None
        for clip in clips:
            found[style][str(clip)] = judge(style, clip, asked.frames, asked.size)
            if score is not None:
                found[style][str(clip)] |= score(clip, asked.frames, asked.size)
            if plain is not None:
                e_warp = judge(plain, clip, asked.frames, asked.size)["frame_by_frame"]
                found[style][str(clip)]["without"] = e_warp
            if score_plain is not None:
                style_loss = score_plain(clip, asked.frames, asked.size)["style_alone"]
                found[style][str(clip)]["style_without"] = style_loss
            if asked.json:
                asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        print(row(style, list(found[style].values())), flush=True)


def row(style: str, scores: list[dict[str, float]]) -> str:
    """Return a style's line of the table: means over the clips of what was measured."""

    def mean(kind: str) -> float:
        return sum(clip[kind] for clip in scores) / len(scores)

    cells = [f"`{style}`", *(f"{1000 * mean(kind):.2f}" for kind in KINDS)]
    cells.append(f"{mean('product') / mean('frame_by_frame'):.2f}")
    if "style_steady" in scores[0]:
        cells.append(f"{mean('style_alone'):.3f}, steadied {mean('style_steady'):.3f}")
    if "without" in scores[0]:
        judged = f", style loss {mean('style_without'):.3f}" if "style_without" in scores[0] else ""
        cells.append(f"{1000 * mean('without'):.2f}{judged}")
        ratio = f"{mean('product') / mean('without'):.2f}"
        if judged:
            ratio += f", style loss {mean('style_steady') / mean('style_without') - 1:+.0%}"
        cells.append(ratio)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
