"""How soon a picture file is a style that paints: `python docs/measure_picture.py`.

Every picture is new: the cache is a folder of its own. Timed is what a running show does beside its loop,
from the path to an engine that has painted once: read and decode the picture, look at it, write its network,
open it, warm it up. The first picture also loads the meta network.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from skimage import data

from realtime.catalog import find_style
from realtime.demo import draw_demo_frame
from realtime.engine import EngineOptions, open_engine

SIZE_WH = (640, 360)


def main() -> None:
    """Measure and print one line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("pictures", nargs="*", type=Path, help="[scikit-image's own]")
    arguments = parser.parse_args()

    folder = Path(data.__file__).parent
    pictures = arguments.pictures or sorted([*folder.glob("*.png"), *folder.glob("*.jpg")])
    frame = np.ascontiguousarray(draw_demo_frame(0, SIZE_WH))
    options = EngineOptions(engine=arguments.engine, precision=arguments.precision)
    made_s, total_s = [], []
    with tempfile.TemporaryDirectory() as cache:
        os.environ["LIVEBRUSH_CACHE"] = cache
        for picture in pictures:
            began = time.perf_counter()
            style = find_style(str(picture))
            made = time.perf_counter()
            engine = open_engine(style, options)
            engine.infer(frame)
            made_s.append(made - began)
            total_s.append(time.perf_counter() - began)
            engine.close()
    print(
        f"{len(pictures)} pictures to a painting at 640x360 in {engine.info.name} {engine.info.precision}: "
        f"the first {total_s[0]:.2f} s, then p50 {statistics.median(total_s[1:]):.2f} s, "
        f"at most {max(total_s[1:]):.2f} s; of that the style file p50 {statistics.median(made_s[1:]):.2f} s"
    )


if __name__ == "__main__":
    main()
