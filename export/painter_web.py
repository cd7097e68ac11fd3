"""A page in headless Chromium: its networks, painted by its own modules and its own runtime."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.browser import memory_mb, open_chromium, serve, what_lacks
from export.errors import ExportError
from export.targets import ExportOptions

_PAINT = """async ({ pixels, width, height, style }) => {
  const bytes = Uint8ClampedArray.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const painted = await window.painter.paint(bytes, { width, height, style });
  const parts = [];
  for (let at = 0; at < painted.pixels.length; at += 32768)
    parts.push(String.fromCharCode(...painted.pixels.subarray(at, at + 32768)));
  return { pixels: btoa(parts.join('')), ms: painted.ms };
}"""
_OPEN = """async ({ style, backend }) => {
  const { Painter } = await import('./painter.js');
  const page = await (await fetch('page.json')).json();
  window.painter = new Painter();
  const facts = await window.painter.open({ runtimes: page.runtimes, backend });
  await window.painter.load(page.styles.find((one) => one.name === style) ?? page.styles[0]);
  return { ...facts, style: style || page.styles[0].name };
}"""


# A file of the page that starts nothing: its service worker isolates it as it does the page, and threads run.
_QUIET_FILE = "LICENSES.txt"
_ISOLATE = """async () => {
  await navigator.serviceWorker.register('sw.js');
  await navigator.serviceWorker.ready;
}"""

_HAS_CARD = """async () => {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter && !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter));
}"""


class WebPainter:
    """One style of a page; see `export.painters.Painter`. It says itself what a painting takes."""

    only_wh = None

    def __init__(self, file: Path, options: ExportOptions, backend: str) -> None:
        self.precision = "int8" if options.precision == "int8" else "fp32"
        self.last_ms = 0.0
        self._stack = ExitStack()
        try:
            self._browser = self._stack.enter_context(open_chromium())
            address = self._stack.enter_context(serve(file.parent))
            self._page = _open_isolated(self._stack.enter_context(self._browser.new_context()), address)
            facts = self._run(_OPEN, {"style": options.style, "backend": backend})
        except BaseException:
            self._stack.close()
            raise
        self._style = facts["style"]
        threads = facts["threads"]
        self.runtime = f"chromium {facts['backend']}" + (f" x{threads}" if threads > 1 else "")
        self.runtime += f", {self._style}" if options.style else ""

    def paint(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Paint one picture; see `Painter.paint`."""
        height, width = image.shape[:2]
        rgba = np.full((height, width, 4), 255, np.uint8)
        rgba[..., :3] = image[..., ::-1]
        pixels = base64.b64encode(rgba.tobytes()).decode()
        painted = self._run(
            _PAINT, {"pixels": pixels, "width": width, "height": height, "style": self._style}
        )
        self.last_ms = float(painted["ms"])
        found = np.frombuffer(base64.b64decode(painted["pixels"]), np.uint8).reshape(height, width, 4)
        return np.ascontiguousarray(found[..., 2::-1])

    def peak_mb(self) -> float | None:
        """Return the most memory that the page's process has taken so far; None where no one says."""
        return memory_mb(self._browser)

    def close(self) -> None:
        """Close the page, and the browser after the last one."""
        self._stack.close()

    def _run(self, script: str, argument: dict[str, Any]) -> Any:
        from playwright.sync_api import Error

        try:
            return self._page.evaluate(script, argument)
        except Error as error:
            raise ExportError(f"the page fails in Chromium: {str(error).splitlines()[0]}") from error


def open_painters(file: Path, options: ExportOptions) -> Iterator[WebPainter]:
    """Open the page with WebAssembly, and with WebGPU where there is a card; nothing without a browser."""
    if what_lacks():
        return
    yield WebPainter(file, options, "wasm")
    if has_card(file.parent):
        yield WebPainter(file, options, "webgpu")


def has_card(folder: Path) -> bool:
    """Tell whether the browser finds a graphics card for WebGPU, which it looks for in served pages only."""
    with open_chromium() as browser, serve(folder) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(address + _QUIET_FILE)
        return bool(page.evaluate(_HAS_CARD))


def _open_isolated(context: Any, address: str) -> Any:
    page = context.new_page()
    page.goto(address + _QUIET_FILE)
    page.evaluate(_ISOLATE)
    page.reload()
    return page
