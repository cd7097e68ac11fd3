"""How near a card's limits the networks come: `python docs/measure_gpu.py --out FOLDER`.

For each preset and size it compiles a package (AOTInductor, half precision), compares what it paints with
the fp32 network, measures it as `python -m realtime bench --device cuda` does, and lists the kernels that a
painting's time goes to. Speed does not depend on the weights, so they are random unless checkpoints are
given. Whatever fails is noted and the next goes on; FOLDER/gpu.json is written anew after every step.

On a machine without a card: --device cpu --presets turbo --sizes 96x64 --frames 2 --rounds 1.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from torch import nn

from export.parity import measure_parity
from export.to_aoti import AotiOptions, export_aoti
from realtime.bench_contender import parse_contender
from realtime.bench_device import DeviceOptions, device_table, run_device_bench
from realtime.camera_config import parse_size
from realtime.engine import EngineOptions, open_engine
from training.checkpoint import load_style_net
from training.networks.transform_net import build_transform_net

SIZES = "640x360,1280x720,1920x1080,3840x2160"
# What a variant changes of the ordinary package.
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "no-blocks": {"blocks": False},
    "bf16": {"precision": "bf16"},
    "fp32": {"precision": "fp32"},
    "autotune": {"autotune": True},
    "dynamic": {"size_wh": None},
}
PROFILED_PAINTINGS = 10
KERNELS = 25


@dataclass(frozen=True)
class Case:
    """One package: a network at a size, compiled in one way."""

    name: str
    network: nn.Module
    checkpoint: dict[str, Any]
    size_wh: tuple[int, int]
    variant: str

    @property
    def title(self) -> str:
        return f"{self.name}-{self.size_wh[0]}x{self.size_wh[1]}-{self.variant}"


def main() -> None:
    """Measure every case and write the results."""
    arguments = parse_arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    results: list[dict[str, Any]] = []
    for case in list_cases(arguments):
        results.append({"case": case.title})
        for step in (export_step, parity_step, bench_step, kernel_step):
            run_step(step, case, arguments, results[-1])
            report = {"torch": torch.__version__, "results": results}
            (arguments.out / "gpu.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(f"written: {arguments.out / 'gpu.json'}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("out/gpu"))
    parser.add_argument("--packages", type=Path, help="folder for the packages (FOLDER/packages)")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--precision", choices=("fp16", "bf16", "fp32"), default="fp16")
    parser.add_argument("--presets", default="turbo,fast", help="with random weights")
    parser.add_argument("--checkpoints", type=Path, nargs="*", default=[], help="in the place of presets")
    parser.add_argument("--sizes", default=SIZES, help="WIDTHxHEIGHT, with commas")
    parser.add_argument("--variants", default="plain", help=f"some of {','.join(VARIANTS)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=100)
    return parser.parse_args()


def list_cases(arguments: argparse.Namespace) -> list[Case]:
    """Return the cases, the sizes of one network after the other."""
    networks: dict[str, tuple[nn.Module, dict[str, Any]]] = {}
    for file in arguments.checkpoints:
        network, content = load_style_net(file)
        networks[content["style"]["name"]] = network, content
    for preset in () if networks else arguments.presets.split(","):
        torch.manual_seed(0)
        credits = {"name": preset, "title": preset, "artist": "nobody", "year": "2020"}
        content = {"kind": "transform", "preset": preset, "style": credits, "training": {}}
        networks[preset] = build_transform_net(preset).eval(), content
    sizes = [parse_size("--sizes", text) for text in arguments.sizes.split(",")]
    return [
        Case(name, network, content, size_wh, variant)
        for name, (network, content) in networks.items()
        for variant in arguments.variants.split(",")
        for size_wh in sizes
        if size_wh is not None
    ]


Step = Callable[[Case, argparse.Namespace], Any]


def run_step(step: Step, case: Case, arguments: argparse.Namespace, result: dict[str, Any]) -> None:
    """Note what a step gives, or why it failed."""
    name = step.__name__.removesuffix("_step")
    began = time.perf_counter()
    try:
        result[name] = step(case, arguments)
    except Exception as error:  # one case must not cost the others
        result[name] = {"error": f"{type(error).__name__}: {error}"[:2000]}
    result[name] = {"value": result[name], "seconds": round(time.perf_counter() - began, 2)}
    shown = result[name]["value"]
    if isinstance(shown, dict) and ("error" in shown or name == "parity"):
        print(case.title, name, json.dumps(shown), flush=True)


def package_file(case: Case, arguments: argparse.Namespace) -> Path:
    folder: Path = arguments.packages or arguments.out / "packages"
    return folder / f"{case.title}.pt2"


def export_step(case: Case, arguments: argparse.Namespace) -> Any:
    """Compile the package; return its size in bytes."""
    file = package_file(case, arguments)
    file.parent.mkdir(parents=True, exist_ok=True)
    settings = {"size_wh": case.size_wh, "precision": arguments.precision} | VARIANTS[case.variant]
    export_aoti(case.network, case.checkpoint, file, AotiOptions(device=arguments.device, **settings))
    return file.stat().st_size


def parity_step(case: Case, arguments: argparse.Namespace) -> Any:
    """Compare the package's paintings with the network's, on hard frames."""
    found = measure_parity(case.network, package_file(case, arguments), EngineOptions())
    return {
        "worst_frame": found.worst_frame,
        "psnr_db": round(found.psnr_db, 2),
        "max_difference": found.max_difference,
    }


def bench_step(case: Case, arguments: argparse.Namespace) -> Any:
    """Measure network and loop beside the device's own rates."""
    contender = parse_contender(str(package_file(case, arguments)), EngineOptions())
    result = run_device_bench(
        DeviceOptions(contender, (case.size_wh,), rounds=arguments.rounds, frames=arguments.frames)
    )
    Console(width=140).print(device_table(result))
    return result


def kernel_step(case: Case, arguments: argparse.Namespace) -> Any:
    """Return the kernels that take longest, microseconds a painting; the graph's launches are one by one."""
    engine = open_engine(package_file(case, arguments))
    image = np.random.default_rng(0).integers(0, 256, (case.size_wh[1], case.size_wh[0], 3), dtype=np.uint8)
    engine.infer(image)
    with torch.profiler.profile() as profile:  # of whatever there is: processor, card
        for _ in range(PROFILED_PAINTINGS):
            engine.infer(image)
    engine.close()
    rows = []
    for event in profile.key_averages():
        total_us = float(getattr(event, "self_device_time_total", 0) or event.self_cpu_time_total)
        on_card = float(getattr(event, "self_device_time_total", 0)) > 0
        rows.append(
            (on_card, total_us / PROFILED_PAINTINGS, event.count / PROFILED_PAINTINGS, event.key[:160])
        )
    rows.sort(reverse=True)
    return [
        {"kernel": key, "us": round(us, 2), "calls": calls, "on_card": on_card}
        for on_card, us, calls, key in rows[:KERNELS]
    ]


if __name__ == "__main__":
    main()
