"""What the page costs and how late it is: `python docs/measure_page.py`.

Three figures, each of a server of its own in a process of its own, at 640x360 on the demo scene:

    viewers       frames a second of the loop with none and with 8 viewers, taking turns, of a camera of 30
                  fps and of a loop that paints as fast as it can; 9 to 20 served, the 21st refused
    glass         a browser reads back the time that was drawn into a frame before it was painted: p50, p95,
                  beside the network's own time (needs playwright and Chromium)
                  and from opening the page to its first painting
    upload        from sending a picture to the first painting in its style

Viewers are plain programs that read and say that they have read, as a browser does.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from realtime.catalog import find_style
from realtime.demo import draw_demo_frame
from realtime.frame import Frame
from realtime.sources import SourceInfo

SIZE_WH = (640, 360)
BITS, CELL = 32, 16  # of the time that is drawn in: white and black squares in the first rows
TURN_S = 6.0
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu"]


class StampedDemo:
    """The demo scene as a camera, each frame with the wall clock's milliseconds drawn in, as squares.

    Args:
        fps: of the camera; None for as fast as it is read.
    """

    def __init__(self, fps: float | None) -> None:
        self.info = SourceInfo("stamped demo", "camera", SIZE_WH, fps=fps, live=True)
        self._frames = [draw_demo_frame(number, SIZE_WH) for number in range(24)]
        self._fps, self._index, self._due = fps, 0, time.perf_counter()

    def read(self) -> Frame:
        """Wait until a frame is due, and stamp it."""
        if self._fps is not None:
            self._due = max(self._due + 1 / self._fps, time.perf_counter() - 0.1)
            time.sleep(max(0.0, self._due - time.perf_counter()))
        index, self._index = self._index, self._index + 1
        image = self._frames[index % len(self._frames)].copy()
        stamp = int(time.time() * 1000) % 2**BITS
        for bit in range(BITS):
            image[:CELL, bit * CELL : (bit + 1) * CELL] = 255 if stamp >> bit & 1 else 0

        return Frame(image, index, index, Fraction(1, 30), time.perf_counter())

    def close(self) -> None:
        """Nothing to close."""


def run_server(pipe: Connection, fps: float | None, strength: float, size_wh: tuple[int, int]) -> None:
    """Serve until the pipe says so; answer each question on it with the count of frames shown, and times."""
    import asyncio

    from realtime.page.config import ServeConfig
    from realtime.page.house import House
    from realtime.page.server import listen, make_server

    config = ServeConfig(style=find_style("starry_night"), port=0, strength=strength, network_wh=size_wh)
    house = House(config, StampedDemo(fps)).start()
    with listen(config) as listening:
        server = make_server(house, None)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True)
        thread.start()
        pipe.send(listening.getsockname()[1])
        # Painted whether anybody watches or not: so the loop is the same with no viewer.
        house.main.broadcast.tap(lambda frame: None)
        while pipe.recv() == "count":
            times = house.main.times
            pipe.send((times.shown, time.perf_counter(), time.process_time(), times.recent_ms("infer")))
        server.should_exit = True
        thread.join(5)
    house.close()


@contextmanager
def serving(fps: float | None, strength: float = 1.0, size_wh: tuple[int, int] = SIZE_WH) -> Iterator[Any]:
    """Run a server in a process of its own; yield its port and its pipe."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=run_server, args=(theirs, fps, strength, size_wh))
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        ours.send("end")
        process.join(20)


def watch(port: int, ready: Any, stop: Any, refused: Any) -> None:
    """Be a viewer: read, and say so."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    with connect(f"ws://127.0.0.1:{port}/ws", max_size=None, compression=None) as server:
        try:
            for message in server:
                if isinstance(message, bytes):
                    server.send('{"type":"got","number":1}')
                elif '"refused"' in message[:30]:
                    refused.value += 1
                    ready.release()
                elif '"hello"' in message[:30]:
                    ready.release()
                if stop.is_set():
                    return
        except ConnectionClosed:
            return


@contextmanager
def viewers(port: int, count: int) -> Iterator[int]:
    """Have so many viewers, in one process; yield how many were refused."""
    ready, stop, refused = (
        multiprocessing.Semaphore(0),
        multiprocessing.Event(),
        multiprocessing.Value("i", 0),
    )
    process = multiprocessing.Process(target=_watch_all, args=(port, count, ready, stop, refused))
    process.start()
    for _ in range(count):
        ready.acquire()
    try:
        yield refused.value
    finally:
        stop.set()
        process.join(20)


def _watch_all(port: int, count: int, *signals: Any) -> None:
    threads = [threading.Thread(target=watch, args=(port, *signals), daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(1e6)


def rate(pipe: Connection, seconds: float) -> tuple[float, float]:
    """Return the loop's frames a second over some time, and the processor's milliseconds for each."""
    pipe.send("count")
    shown, at, cpu_s, _ = pipe.recv()
    time.sleep(seconds)
    pipe.send("count")
    later, then, cpu_then_s, _ = pipe.recv()
    frames = max(1, later - shown)
    return frames / (then - at), 1000 * (cpu_then_s - cpu_s) / frames


def measure_viewers(rounds: int) -> None:
    """Print what 8 viewers cost, and that 20 are served and no more."""
    for name, fps in (("camera of 30 fps", 30.0), ("as fast as it can", None)):
        with serving(fps) as (port, pipe):
            rate(pipe, 3)
            alone, watched = [], []
            for _ in range(rounds):
                alone.append(rate(pipe, TURN_S))
                with viewers(port, 8):
                    watched.append(rate(pipe, TURN_S))
            for what, place in (("fps", 0), ("ms of the processor for a frame", 1)):
                without, with_8 = [turn[place] for turn in alone], [turn[place] for turn in watched]
                ratio = statistics.median(w / a for a, w in zip(without, with_8, strict=True))
                print(
                    f"{name}: {statistics.median(without):.1f} {what} with no viewer, "
                    f"{statistics.median(with_8):.1f} with 8: {ratio:.3f} of it ({rounds} rounds)"
                )
    with serving(30.0) as (port, pipe), viewers(port, 21) as refused:
        print(f"21 viewers: {21 - refused} served, {refused} refused, {rate(pipe, TURN_S)[0]:.1f} fps")


READ_STAMPS = """async ([bits, cell, count]) => {
  const canvas = document.getElementById("canvas"), context = canvas.getContext("2d"), late = [];
  let last = -1;
  while (late.length < count) {
    await new Promise(requestAnimationFrame);
    const { data } = context.getImageData(0, cell / 2, bits * cell, 1);
    let stamp = 0;
    for (let bit = 0; bit < bits; bit++) stamp += data[4 * (bit * cell + cell / 2)] > 127 ? 2 ** bit : 0;
    if (stamp !== last) late.push((Date.now() % 2 ** bits) - stamp);
    last = stamp;
  }
  return late;
}"""


def measure_glass(count: int, size_wh: tuple[int, int]) -> None:
    """Print how old a picture is when the browser has drawn it, and how soon the first one is there."""
    from playwright.sync_api import sync_playwright

    # Strength 0 shows the frame, so that its stamp can be read; the network paints it all the same.
    with serving(30.0, 0.0, size_wh) as (port, pipe), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_OPTIONS)
        page = browser.new_page()
        began = time.perf_counter()
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector('#stage[data-state="live"]', state="attached")
        first_s = time.perf_counter() - began
        page.wait_for_timeout(2000)
        late = np.array(page.evaluate(READ_STAMPS, [BITS, CELL, count]))
        pipe.send("count")
        *_, network_ms = pipe.recv()
        browser.close()
    p50, p95 = np.percentile(late, (50, 95))
    print(f"first painting {first_s:.2f} s after the page was opened")
    print(
        f"glass to glass, network at {size_wh[0]}x{size_wh[1]}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, of which "
        f"the network {network_ms:.0f} ms ({count} pictures)"
    )


def measure_upload(rounds: int) -> None:
    """Print how soon a picture that was sent paints."""
    import urllib.request

    from websockets.sync.client import connect

    from realtime.page.broadcast import encode_jpeg

    with serving(30.0) as (port, _), connect(f"ws://127.0.0.1:{port}/ws", max_size=None) as server:
        took = []
        for number in range(rounds):
            picture = encode_jpeg(draw_demo_frame(7 * number, (1280, 720)))
            began = time.perf_counter()
            address = f"http://127.0.0.1:{port}/api/styles?title=upload{number}"
            with urllib.request.urlopen(urllib.request.Request(address, picture, method="POST")) as answer:
                made = json.load(answer)
            server.send(json.dumps({"type": "set", "change": {"style": made["name"]}}))
            painting = f'"title":"{made["title"]}"'  # of what paints, not of what was asked for
            for message in server:
                if isinstance(message, bytes):
                    server.send('{"type":"got","number":1}')
                elif painting in message:
                    break
            took.append(time.perf_counter() - began)
    print(f"a picture of 1280x720 paints {statistics.median(took):.2f} s after it was sent ({rounds} rounds)")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--only", choices=("viewers", "glass", "upload"))
    arguments = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    if arguments.only in (None, "viewers"):
        measure_viewers(arguments.rounds)
    if arguments.only in (None, "glass"):
        measure_glass(arguments.pictures, SIZE_WH)
    if arguments.only in (None, "upload"):
        measure_upload(arguments.rounds)


if __name__ == "__main__":
    main()
