"""Trains, judges and times what `turbo` was chosen from: `python docs/measure_candidates.py --help`.

Every candidate gets the same short training on every style: the same photographs in the same order, SOAP,
one crop a step. Losses are kept in docs/candidates_losses.json as soon as they are known, so that what one
machine has trained another need not: a run that was stopped goes on anywhere. Then all are timed in one run
in which they take turns (`realtime.bench_rounds`), against `fast`; int8 is each graph quantised with
onnxruntime's static quantisation, for its speed only. Written are docs/candidates.md and .json.

    python docs/measure_candidates.py --content PHOTOGRAPHS --test HELD_OUT --style starry_night.jpg \\
        --style the_great_wave.jpg
"""

import argparse
import json
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

import numpy as np
import onnxruntime
import openvino
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

from export.to_onnx import OnnxOptions, export_onnx
from realtime.bench_load import demo_scene
from realtime.bench_machine import load_average, machine
from realtime.bench_rounds import Spread, take_turns
from realtime.contract import INPUT_NAME
from realtime.engine import default_threads
from training.checkpoint import load_transform_net
from training.config import StyleCredits, TransformConfig
from training.devices import Placement
from training.images import list_pictures
from training.judge.fixed_loss import JudgeLoss
from training.judge.photographs import load_photograph, spread
from training.networks.transform_net import PRESETS, Preset, build_transform_net, count_flop
from training.networks.turbo_candidates import CANDIDATES
from training.train_style import train_style
from training.transform_trainer import TransformTrainer

DOCS = Path(__file__).parent
SIZE_WH = (640, 360)
JUDGED_AT = (256, 512)
CROP = 256
# Column of the table, engine, and the precision that OpenVINO is asked for.
RUNTIMES = {
    "onnxruntime fp32": ("onnxruntime", ""),
    "onnxruntime int8": ("onnxruntime", "int8"),
    "openvino fp32": ("openvino", "f32"),
    "openvino bf16": ("openvino", "bf16"),
    "openvino int8": ("openvino", "int8"),
}
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Plan:
    """What is trained, and on what."""

    content: Path
    test: Path
    styles: list[Path]
    runs: Path
    losses: Path
    steps: int
    photographs: int

    @property
    def schedule(self) -> str:
        """What all losses that are compared have in common."""
        return f"{self.steps} steps of one {CROP}-pixel crop, {self.photographs} photographs"


def main() -> None:
    """Train what is not trained yet, judge, time, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--content", type=Path, required=True, help="photographs to practise on")
    parser.add_argument("--test", type=Path, required=True, help="photographs to judge by")
    parser.add_argument("--style", type=Path, action="append", required=True, help="once for each style")
    parser.add_argument("--runs", type=Path, default=DOCS.parent / "out" / "candidates")
    parser.add_argument("--losses", type=Path, default=DOCS / "candidates_losses.json")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--photographs", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--only", nargs="*", default=list(CANDIDATES), help="names; fast is always timed")
    asked = parser.parse_args()
    PRESETS.update({name: Preset(words, build) for name, (words, build) in CANDIDATES.items()})
    TransformConfig.presets = tuple(PRESETS)
    plan = Plan(
        asked.content, asked.test, asked.style, asked.runs, asked.losses, asked.steps, asked.photographs
    )
    names = [name for name in CANDIDATES if name in asked.only or name == "fast"]
    losses = {name: {style.stem: scores(plan, name, style) for style in plan.styles} for name in names}
    result = {
        "steps": plan.steps,
        "photographs": plan.photographs,
        "size": size_of_each(names),
        "speed": time_all(names, asked.rounds),
        "machine": machine(load_average()),
    }
    (DOCS / "candidates.json").write_text(json.dumps(result, indent=2) + "\n")
    (DOCS / "candidates.md").write_text(table(result, losses))
    print(table(result, losses))


def scores(plan: Plan, name: str, style: Path) -> dict[str, list[float]]:
    """Train one candidate on one style; return content, style and total loss by size."""
    out = plan.runs / f"{style.stem}_{name}.pt"
    key = f"{style.stem} {name}"
    kept = json.loads(plan.losses.read_text()) if plan.losses.exists() else {}
    found: dict[str, list[float]] | None = kept.get(plan.schedule, {}).get(key)
    if found is not None:
        return found
    if not out.exists():
        config = TransformConfig(
            style_image=style,
            content=plan.content,
            out=out,
            credits=StyleCredits(style.stem, style.stem, "unknown", "unknown"),
            preset=name,
            steps=plan.steps,
            batch_size=1,
            crop_size=CROP,
            zoom=1.6,
            light_jitter=0.2,
            sample_every=plan.steps,
        )
        train_style(TransformTrainer, config, threads=1)
    judged = judge(plan, out, style)
    found = {size: [round(loss, 4) for loss in losses] for size, losses in judged.items()}
    kept.setdefault(plan.schedule, {})[key] = found
    plan.losses.write_text(json.dumps(kept, indent=1) + "\n")
    return found


def judge(plan: Plan, checkpoint: Path, style: Path) -> dict[str, list[float]]:
    """Return the mean content, style and total loss over held-out photographs, by size."""
    network, _ = load_transform_net(checkpoint)
    loss = JudgeLoss(style, None, Placement("cpu", "fp32"))
    found = {}
    for size in JUDGED_AT:
        marks = []
        for file in spread(list_pictures(plan.test), plan.photographs):
            image = load_photograph(file, size)
            with torch.no_grad():
                mark = loss.score(network(image), loss.target(image))
            marks.append((mark.content, mark.style, mark.total))
        found[str(size)] = [fmean(column) for column in zip(*marks, strict=True)]
    return found


def size_of_each(names: list[str]) -> dict[str, dict[str, float]]:
    """Return parameters and GFLOP of a picture, by name."""
    found = {}
    for name in names:
        network = build_transform_net(name)
        flop = count_flop(network, height=SIZE_WH[1], width=SIZE_WH[0])
        found[name] = {
            "parameters": sum(one.numel() for one in network.parameters()),
            "gflop": flop / 1e9,
        }
    return found


def time_all(names: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    """Time every candidate in every runtime, taking turns; return ms and speed against fast."""
    with tempfile.TemporaryDirectory() as folder, demo_scene(SIZE_WH, 0) as scene:
        images = scene.images
        turns = {}
        for name in names:
            exported = export(name, Path(folder))
            quantised = quantise(exported, images)
            for column, (engine, precision) in RUNTIMES.items():
                file = quantised if precision == "int8" else exported
                open_one = open_onnxruntime if engine == "onnxruntime" else open_openvino
                turns[name, column] = partial(one_turn, open_one(file, precision), images)
        ms = take_turns(turns, rounds)
    return {
        name: {
            column: {
                "ms": in_short(Spread.of(ms[name, column])),
                "speed": in_short(Spread.of_ratio(ms["fast", column], ms[name, column])),
            }
            for column in RUNTIMES
        }
        for name in names
    }


def in_short(spread: Spread) -> dict[str, float]:
    """Return the median and where eight rounds of ten lie, of three digits each."""
    plain = spread.to_plain()
    return {key: float(f"{plain[key]:.3g}") for key in ("median", "p10", "p90")}


def export(name: str, folder: Path) -> Path:
    """Write a candidate with fresh weights as a style file: its speed does not depend on them."""
    torch.manual_seed(0)
    file = folder / f"{name}.onnx"
    style = {"name": name, "title": name, "artist": "nobody", "year": "2000"}
    checkpoint = {"kind": "transform", "preset": name, "style": style, "training": {}}
    export_onnx(build_transform_net(name).eval(), checkpoint, file, OnnxOptions(weights="fp32"))
    return file


class _Pictures(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, images: list[Picture]) -> None:
        self._feeds: Iterator[dict[str, Picture]] = iter([{INPUT_NAME: image[None]} for image in images[:2]])

    def get_next(self) -> dict[str, Picture] | None:
        return next(self._feeds, None)


def quantise(file: Path, images: Any) -> Path:
    """Return the graph with its convolutions in int8."""
    quantised = file.with_suffix(".int8.onnx")
    logging.getLogger().setLevel(logging.ERROR)  # it advises what torch's exporter has done already
    quantize_static(
        file,
        quantised,
        _Pictures(list(images)),
        QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
    )
    return quantised


def open_onnxruntime(file: Path, _: str) -> Callable[[Picture], Any]:
    """Return what paints one picture."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = default_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda image: session.run(None, {INPUT_NAME: image[None]})


def open_openvino(file: Path, precision: str) -> Callable[[Picture], Any]:
    """Return what paints one picture."""
    core = openvino.Core()
    model = core.read_model(file)
    model.reshape([1, SIZE_WH[1], SIZE_WH[0], 3])
    config = {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "int8" else precision,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": default_threads(),
    }
    request = core.compile_model(model, "CPU", config).create_infer_request()

    def paint(image: Picture) -> None:
        request.set_input_tensor(openvino.Tensor(image[None].copy()))
        request.start_async()
        request.wait()

    return paint


def one_turn(paint: Callable[[Picture], Any], images: Sequence[Picture], frames: int = 4) -> float:
    """Return milliseconds a picture, after one that is not counted."""
    paint(images[0])
    began = perf_counter()
    for number in range(frames):
        paint(images[number % len(images)])
    return (perf_counter() - began) * 1000 / frames


def table(result: dict[str, Any], losses: dict[str, dict[str, dict[str, list[float]]]]) -> str:
    """Return the result as Markdown."""
    styles = list(next(iter(losses.values())))
    head = ["candidate", "parameters", "GFLOP", *(f"{column}, ms" for column in RUNTIMES)]
    head += [f"{style} at {size}: content / style / total" for style in styles for size in JUDGED_AT]
    rows = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for name, (words, _) in CANDIDATES.items():
        if name not in losses:
            continue
        size, speed = result["size"][name], result["speed"][name]
        row = [f"`{name}`: {words}", f"{size['parameters']:,}", f"{size['gflop']:.2f}"]
        for column in RUNTIMES:
            times = speed[column]
            row.append(f"{times['ms']['median']:.1f} ({times['speed']['median']:.2f}x)")
        for style in styles:
            for at in JUDGED_AT:
                content, of_style, total = losses[name][style][str(at)]
                row.append(f"{content:.2f} / {of_style:.3f} / {total:.2f}")
        rows.append(row)
    lines = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    told = result["machine"]
    return f"""# What `turbo` was chosen from

Every network trained for {result["steps"]} steps of one {CROP}-pixel crop, with the same photographs in the
same order; losses by the judge on {result["photographs"]} held-out photographs. Times at
{SIZE_WH[0]}x{SIZE_WH[1]}, network alone, all taking turns in one run on {told["processor"]},
{default_threads()} threads; in brackets how many times as fast as `fast` in the same runtime.
Written by `python docs/measure_candidates.py`.

{lines}
"""


if __name__ == "__main__":
    main()
