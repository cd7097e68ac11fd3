"""Engines that open what `python -m export` makes of a style: made when it is first asked for, and kept.

Making it takes torch and a converter, which the runtime never imports: the command is run as a program of its
own, at a low rank, and says how far it is. Whoever wants to paint meanwhile opens the style by
`realtime.engine_building`. What was made is kept in the cache; its name has a hash of all that it depends on.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.contract import StyleContract
from realtime.engine import ENGINES, EngineInfo, EngineOptions, default_threads, is_installed
from realtime.engine_building import Progress, say_once
from realtime.errors import EngineError, MissingExtraError
from realtime.export_program import run_export
from realtime.providers_onnxruntime import cache_dir, version_of
from realtime.tensors import to_tensor

Image = NDArray[np.uint8]
SizeWh = tuple[int, int]
# (H, W, 3) uint8 BGR, sides multiples of 4 -> levels of 0 to 255, the same shape, as the runtime gives them:
# bytes, or floats that are not rounded yet.
Paint = Callable[[Image], NDArray[Any]]

MULTIPLE = 4
_KEPT = 3
# Two at a time take longer than one after the other, and the show stutters.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Exported:
    """A target of `python -m export` that is run here.

    Args:
        name: of the target, and of the engine.
        suffix: of its file.
        makers: packages that the command takes to make one, by the names that are imported.
        by_size: a file is for one width and height.
        precisions: that may be asked for, and what is stored then.
        provider: what executes, by the runtime's own name.
        load: opens a file with so many threads; raises EngineError.
        device: that it paints on, cpu or cuda.
        arguments: of the command, beside the usual ones.
        made_for: what a file depends on beside the versions of its makers.
    """

    name: str
    suffix: str
    makers: tuple[str, ...]
    by_size: bool
    precisions: dict[str, str]
    provider: str
    load: Callable[[Path, int], Paint]
    device: str = "cpu"
    arguments: tuple[str, ...] = ()
    made_for: str = ""


class ExportedEngine:
    """One style as a file of a target; see `realtime.engine.Engine`, and `realtime.engine_building.Builds`.

    Args:
        exported: the target.
        path: the style file, whose contract has been read already.
        options: precision "auto" is the target's usual one.
    Raises:
        EngineError: if the device or precision is not offered, or of such a file none can be made.
    """

    def __init__(
        self, exported: Exported, path: Path, contract: StyleContract, options: EngineOptions
    ) -> None:
        self.contract = contract
        self._exported = exported
        self._path = path
        self._precision = _choose_precision(exported, contract, options)
        self._threads = options.threads or default_threads()
        self._networks: OrderedDict[Path, Paint] = OrderedDict()

    @property
    def info(self) -> EngineInfo:
        """What runs."""
        exported = self._exported
        return EngineInfo(exported.name, self._precision, exported.provider, self._threads, exported.device)

    def is_built(self, size_wh: SizeWh) -> bool:
        """Tell whether the file for this size is there, so that nobody has to wait for it."""
        return self._file(size_wh).is_file()

    def build(self, size_wh: SizeWh, progress: Progress) -> None:
        """Make the file for this size, unless it is there.

        Raises:
            MissingExtraError: if a package that makes it is not installed.
            EngineError: if it cannot be made, in the command's own words.
        """
        with _one_at_a_time:
            file = self._file(size_wh)
            if file.is_file():
                return
            for package in self._exported.makers:
                if not is_installed(package):
                    raise MissingExtraError(package, ENGINES[self._exported.name].extra)
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise EngineError(
                    f"{file.parent} cannot be made: {error.strerror or error}; name another folder in "
                    "LIVEBRUSH_CACHE"
                ) from error
            run_export(self._arguments(file, size_wh), progress)

    def prepare(self, size_wh: SizeWh) -> None:
        """Make the file if need be, open it, and paint once."""
        self.contract.check_size(size_wh)
        self.infer(np.zeros((size_wh[1], size_wh[0], 3), np.uint8))

    def infer(self, image: Image) -> Image:
        """Paint one picture: (H, W, 3) uint8 BGR -> the same shape, an array that the caller owns."""
        to_tensor(image, self.contract)  # which says what does not fit
        height, width = image.shape[:2]
        levels = self._network((width, height))(padded(image))[:height, :width]
        if levels.dtype == np.uint8:
            return np.ascontiguousarray(levels)
        # What is no number is black, by which `realtime.engine_guard` knows it.
        painted: Image = np.rint(np.nan_to_num(levels.clip(0, 255))).astype(np.uint8)
        return painted

    def close(self) -> None:
        """Free the networks."""
        self._networks.clear()

    def _network(self, size_wh: SizeWh) -> Paint:
        file = self._file(size_wh)
        if file not in self._networks:
            self._networks[file] = self._opened(file, size_wh)
            while len(self._networks) > _KEPT:
                self._networks.popitem(last=False)
        self._networks.move_to_end(file)
        return self._networks[file]

    def _opened(self, file: Path, size_wh: SizeWh) -> Paint:
        """Open the file; one that is damaged is made anew, once."""
        says = f"{self.contract.name}: {self._exported.name} makes its file, once for this style"
        self.build(size_wh, say_once(says))
        try:
            return self._exported.load(file, self._threads)
        except EngineError:
            file.unlink(missing_ok=True)
        self.build(size_wh, say_once(says))
        return self._exported.load(file, self._threads)

    def _file(self, size_wh: SizeWh) -> Path:
        exported, contract = self._exported, self.contract
        size = "x".join(map(str, _rounded_up(size_wh))) if exported.by_size else "any"
        stored = exported.precisions[self._precision]
        versions = [f"{package} {version_of(package.replace('_', '-'))}" for package in exported.makers]
        parts = [contract.weights_sha256, contract.livebrush_version, size, stored, *versions]
        if exported.made_for:
            parts.append(exported.made_for)
        key = hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]
        return cache_dir() / exported.name / f"{contract.name}-{stored}-{size}-{key}{exported.suffix}"

    def _arguments(self, file: Path, size_wh: SizeWh) -> list[str]:
        exported = self._exported
        width, height = _rounded_up(size_wh)
        return [
            *(str(self._path.resolve()), "--to", exported.name, "--out", str(file)),
            *("--precision", exported.precisions[self._precision], "--no-verify", "--progress"),
            *exported.arguments,
            *(("--size", f"{height}x{width}") if exported.by_size else ()),
        ]


def padded(image: Image) -> Image:
    """Return a picture whose sides are multiples of 4, mirrored at its right and its lower end."""
    height, width = image.shape[:2]
    right, lower = -width % MULTIPLE, -height % MULTIPLE
    if not right and not lower:
        return np.ascontiguousarray(image)
    return np.asarray(cv2.copyMakeBorder(image, 0, lower, 0, right, cv2.BORDER_REFLECT_101), np.uint8)


def _choose_precision(exported: Exported, contract: StyleContract, options: EngineOptions) -> str:
    if options.device == "cuda" and exported.device != "cuda":
        raise EngineError(f"{exported.name} runs on the processor here; use --device cpu, or --engine auto")
    if contract.weights_precision == "int8" or contract.dtype != "uint8":
        what = "in 8 bits" if contract.weights_precision == "int8" else "of floats"
        raise EngineError(
            f"{exported.name} makes no file of a graph {what}, as {contract.name} is; take the style's own"
        )
    if options.precision == "auto":
        return next(iter(exported.precisions))
    if options.precision not in exported.precisions:
        raise EngineError(f"{exported.name} offers {', '.join(exported.precisions)}, not {options.precision}")
    return options.precision


def _rounded_up(size_wh: SizeWh) -> SizeWh:
    width, height = (-(-side // MULTIPLE) * MULTIPLE for side in size_wh)
    return width, height
