"""The one table of what a network can be exported to.

The command, its help, the checks, the benchmark and the tests read it.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from export.errors import ExportError
from realtime.engine import is_installed
from realtime.errors import MissingExtraError

if TYPE_CHECKING:
    from export.painters import Painter
    from export.source import Source

# What a file for one size is made for when no size is asked for, width and height.
USUAL_SIZE_WH = (640, 360)


@dataclass(frozen=True)
class ExportOptions:
    """What is asked of an export.

    Args:
        precision: one of the target's.
        size_wh: the one width and height; None for any.
        pixels: of ONNX: uint8 is (1, H, W, 3) in [0, 255], BGR; float32 is (1, 3, H, W) in [0, 1], RGB.
        device: of aoti: what will run it, cuda or cpu.
        style: of web: which of a page's styles is meant, when it is run; "" for the first.
    """

    precision: str
    size_wh: tuple[int, int] | None = None
    pixels: str = "uint8"
    device: str = "cuda"
    style: str = ""


@dataclass(frozen=True)
class Target:
    """Something that a network becomes.

    Args:
        suffix: of its file.
        file_name: of its file where that has a name of its own, whatever it holds: then it holds several
            styles, and its folder is what is written.
        precisions: that it has, the usual one first.
        runs_on: where, as the help says it.
        module: has `write(source, file, options)`.
        packages: that it takes to write it, by the names that are imported.
        extra: of livebrush, that installs them; several with commas.
        painters: a module with `open_painters(file, options)`, which runs the file as a user would; "" where
            no machine of ours does.
        inspector: a module with `inspect_file(file, options)`, for what cannot be run, or is more than a
            painting.
        sizes: which it is made for: "any", "one" (has to be said), or "either".
        multiple: the sides of its pictures must be multiples of this.
        runtime: that it is for, where others stand in for it in the checks; "" where each is its own.
    """

    suffix: str
    precisions: tuple[str, ...]
    runs_on: str
    module: str
    packages: tuple[str, ...] = ()
    extra: str = "export"
    painters: str = ""
    inspector: str = ""
    sizes: str = "any"
    multiple: int = 1
    runtime: str = ""
    file_name: str = ""

    def write(self, source: Source, file: Path, options: ExportOptions) -> list[str]:
        """Write the file, whole or not at all, and return what is worth knowing of it; raises ExportError."""
        return cast("list[str]", self._function(self.module, "write")(source, file, options))

    def open_painters(self, file: Path, options: ExportOptions) -> Iterator[Painter]:
        """Open the file in one runtime after the other, as far as they are installed."""
        return cast("Iterator[Painter]", self._function(self.painters, "open_painters")(file, options))

    def inspect_file(self, file: Path, options: ExportOptions) -> list[str]:
        """Return what was found right in a file that does not run here; raises ParityError for the rest."""
        return cast("list[str]", self._function(self.inspector, "inspect_file")(file, options))

    def why_not_here(self) -> str:
        """Return why its file cannot be both written and run on this machine, in words; "" if it can."""
        if not self.painters:
            return "nothing here runs it"
        missing = [package for package in self.packages if not is_installed(package)]
        if missing:
            return f'{", ".join(missing)} is not installed: pip install "livebrush[{self.extra}]"'
        ask = getattr(importlib.import_module(self.module), "why_not_here", None)
        return "" if ask is None else str(ask())

    def _function(self, module: str, name: str) -> Any:
        return getattr(importlib.import_module(module), name)


TARGETS: dict[str, Target] = {
    "onnx": Target(
        suffix=".onnx",
        precisions=("fp16", "fp32", "int8"),
        runs_on="every engine of Livebrush, and every runtime of ONNX",
        module="export.to_onnx",
        packages=("onnx", "onnxscript"),
        painters="export.painter_engine",
    ),
    "ort": Target(
        suffix=".ort",
        precisions=("fp16", "fp32", "int8"),
        runs_on="ONNX Runtime's mobile builds, which read nothing else",
        module="export.to_ort",
        packages=("onnx", "onnxscript", "onnxruntime"),
        extra="cpu,export",
        painters="export.painter_ort",
    ),
    "openvino": Target(
        suffix=".xml",
        precisions=("fp16", "fp32", "bf16", "int8"),
        runs_on="Intel's and AMD's processors, NAME.xml and NAME.bin",
        module="export.to_openvino",
        packages=("onnx", "onnxscript", "openvino"),
        extra="cpu,export",
        painters="export.painter_openvino",
    ),
    "ncnn": Target(
        suffix=".ncnn.param",
        precisions=("fp16", "fp32"),
        runs_on="Android, iOS and Raspberry Pi, NAME.ncnn.param and NAME.ncnn.bin",
        module="export.to_ncnn",
        packages=("pnnx", "ncnn"),
        extra="ncnn",
        painters="export.painter_ncnn",
        multiple=4,
    ),
    "litert": Target(
        suffix=".tflite",
        precisions=("fp16", "fp32", "int8"),
        runs_on="Android and small computers, by LiteRT",
        module="export.to_litert",
        packages=("ai_edge_litert",),
        extra="litert",
        painters="export.painter_litert",
        sizes="one",
        multiple=4,
    ),
    "coreml": Target(
        suffix=".mlpackage",
        precisions=("fp16", "fp32"),
        runs_on="iPhones and Macs, from iOS 16 and macOS 13 on",
        module="export.to_coreml",
        packages=("coremltools",),
        extra="coreml",
        inspector="export.inspect_coreml",
        sizes="one",
        multiple=4,
    ),
    "tensorrt": Target(
        suffix=".trt.onnx",
        precisions=("fp16", "bf16", "fp32"),
        runs_on="NVIDIA cards, by TensorRT 10 and 11, which build an engine of it when it is first opened",
        module="export.to_tensorrt",
        packages=("onnx", "onnxscript"),
        painters="export.painter_tensorrt",
        inspector="export.inspect_tensorrt",
        sizes="either",
        runtime="tensorrt",
    ),
    "aoti": Target(
        suffix=".pt2",
        precisions=("fp16", "fp32", "bf16"),
        runs_on="the device that it is compiled for, by torch alone",
        module="export.to_aoti",
        painters="export.painter_engine",
        sizes="either",
    ),
    "web": Target(
        suffix=".html",
        file_name="index.html",
        precisions=("fp16", "fp32", "int8"),
        runs_on="browsers, on phones too: a folder that is a finished page, with camera and all",
        module="export.to_web",
        packages=("onnx", "onnxscript"),
        painters="export.painter_web",
        inspector="export.inspect_web",
    ),
    "checkpoint": Target(
        suffix=".pt",
        precisions=("fp32",),
        runs_on="python -m training: to train on",
        module="export.to_checkpoint",
    ),
}


def parse_targets(text: str) -> list[str]:
    """Return the names in a list with commas, each once.

    Raises:
        ExportError: for a name that is no target.
    """
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in TARGETS:
            raise ExportError(f"--to must be one of {', '.join(TARGETS)}, instead got {name!r}")
    return names


def check_options(
    name: str,
    options: ExportOptions,
    *,
    is_dynamic: bool,
    sizes: str = "",
    multiple: int = 1,
    usual_wh: tuple[int, int] = USUAL_SIZE_WH,
) -> ExportOptions:
    """Return the options as this target takes them.

    Args:
        name: of the target.
        options: `precision` may be "", for the target's usual one.
        is_dynamic: any size was asked for in so many words.
        sizes: which it is made for, if not those of the table.
        multiple: that the network's own sides are of.
        usual_wh: what a file for one size is made for when none is asked for.
    Raises:
        ExportError: if the target lacks the precision, or cannot be made for the size.
    """
    target = TARGETS[name]
    precision = options.precision or target.precisions[0]
    if precision not in target.precisions:
        had = ", ".join(target.precisions)
        raise ExportError(f"--precision must be one of {had} for {name}, instead got {precision!r}")
    size_wh, sizes = options.size_wh, sizes or target.sizes
    multiple = math.lcm(multiple, target.multiple)
    if sizes == "any" and size_wh is not None:
        raise ExportError(f"--size: {name} is written for any size; leave it out, or take another target")
    if sizes == "one":
        if is_dynamic:
            raise ExportError(f"--size: {name} is made for one size, HEIGHTxWIDTH such as 360x640")
        size_wh = size_wh or usual_wh
    for side in size_wh or ():
        if side % multiple:
            raise ExportError(
                f"--size: {name} takes sides that are multiples of {multiple}, instead got {side}"
            )
    return replace(options, precision=precision, size_wh=size_wh)


def require_packages(names: Sequence[str]) -> None:
    """Raise MissingExtraError, with the exact line to install it, for the first package that lacks."""
    for name in names:
        for package in TARGETS[name].packages:
            if not is_installed(package):
                raise MissingExtraError(package, TARGETS[name].extra)
