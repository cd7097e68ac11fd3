"""How much Livebrush's engine adds to a bare onnxruntime session: `python docs/measure_overhead.py`.

Both run the same style file on the same pictures with the same number of threads. They take turns frame
by frame, so that whatever else the machine does slows both; printed is the ratio of the medians.
"""

import argparse
import statistics
import time

import numpy as np
import onnxruntime

from realtime.catalog import find_style
from realtime.contract import INPUT_NAME
from realtime.engine import EngineOptions, default_threads, open_engine


def main() -> None:
    """Measure and print one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--style", default="starry_night")
    parser.add_argument("--frames", type=int, default=150)
    arguments = parser.parse_args()

    style = find_style(arguments.style)
    engine = open_engine(style, EngineOptions(engine="onnxruntime", device="cpu"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = default_threads()
    # Two spinning sessions would fight over the cores with each other, not with what is measured.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(style.path, options, providers=["CPUExecutionProvider"])

    image = np.random.default_rng(0).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    ours_ms, bare_ms = [], []
    for number in range(arguments.frames + 10):
        began = time.perf_counter()
        engine.infer(image)
        between = time.perf_counter()
        session.run(None, {INPUT_NAME: image[None]})
        ended = time.perf_counter()
        if number >= 10:  # the first ones allocate
            ours_ms.append((between - began) * 1000)
            bare_ms.append((ended - between) * 1000)
    ours, bare = statistics.median(ours_ms), statistics.median(bare_ms)
    print(f"engine {ours:.1f} ms, bare session {bare:.1f} ms, ratio {ours / bare:.3f}")


if __name__ == "__main__":
    main()
