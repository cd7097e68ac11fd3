"""How much of the style 8 bits cost: `python docs/measure_int8.py PHOTOGRAPHS PAINTINGS FILE...`.

FILE is NAME_int8.onnx, as `python -m export all --to onnx --precision int8` writes it, of a style that is
installed; PAINTINGS has its picture, NAME.jpg. Both are painted in OpenVINO, the installed one in fp32, and
judged by the judge's style loss. Exit code 1 if any is over 5% worse.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from realtime.catalog import find_style
from realtime.engine import Engine, EngineOptions, open_engine
from training.devices import Placement
from training.images import list_pictures, to_tensor
from training.judge.fixed_loss import JudgeLoss
from training.judge.photographs import load_photograph, spread

_SUFFIX = "_int8"
_MOST = 0.05


def main() -> int:
    """Measure and print a line a style."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photographs", type=Path)
    parser.add_argument("paintings", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=8, help="photographs judged")
    parser.add_argument("--size", type=int, default=256, help="their shorter side, pixels")
    parser.add_argument("--weights", type=Path, help="feature weights, before LIVEBRUSH_WEIGHTS")
    args = parser.parse_args()
    images = [
        load_photograph(file, args.size) for file in spread(list_pictures(args.photographs), args.count)
    ]
    worst = 0.0
    for file in args.files:
        name = file.stem.removesuffix(_SUFFIX)
        judge = JudgeLoss(args.paintings / f"{name}.jpg", args.weights, Placement("cpu", "fp32"))
        floats = open_engine(find_style(name), EngineOptions("openvino", "fp32"))
        bytes_ = open_engine(file, EngineOptions("openvino"))
        before, after = (missed(engine, judge, images) for engine in (floats, bytes_))
        worst = max(worst, after / before - 1)
        print(f"{name:20} style missed {before:.4f}, in 8 bits {after:.4f}, {after / before - 1:+.1%}")
    return int(worst > _MOST)


def missed(engine: Engine, judge: JudgeLoss, images: Sequence[Tensor]) -> float:
    """Return the mean style loss of what an engine paints of photographs, (1, 3, H, W) RGB in [0, 1]."""
    losses = []
    for image in images:
        levels = image[0].permute(1, 2, 0).mul(255).round().byte().numpy()
        painted = engine.infer(np.ascontiguousarray(levels[..., ::-1]))
        stylized = to_tensor(painted[..., ::-1].copy())[None]
        losses.append(judge.score(stylized, judge.target(image)).style)
    engine.close()
    return float(np.mean(losses))


if __name__ == "__main__":
    sys.exit(main())
