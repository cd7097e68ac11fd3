"""The one list of engines: where each is found, and what it needs. It imports none of them."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.onnx_metadata import ONNX_SUFFIX
from realtime.package_metadata import PACKAGE_SUFFIX


@dataclass(frozen=True)
class EngineSpec:
    """Where an engine is found and what it needs.

    Args:
        module: has `open_style(path, contract, options)` and alone imports the runtime.
        package: the runtime.
        extra: of livebrush, that installs it.
        precisions: that it may offer, depending on the processor.
        compiles: for each size of picture, in the calling thread, which takes 0.1 s and more.
        reads: the kind of style file that it opens at once, by its suffix.
        on_card_only: it runs on NVIDIA GPUs and nowhere else.
        exports: of an ONNX file it opens what `python -m export` makes of it, which takes a minute: see
            `realtime.engine_exported`.
        keeps_threads: that a closed engine painted in, for the next one; the module has `ready_threads`.
    """

    module: str
    package: str
    extra: str
    precisions: tuple[str, ...]
    compiles: bool
    reads: str = ONNX_SUFFIX
    on_card_only: bool = False
    exports: bool = False
    keeps_threads: bool = False


ENGINES: dict[str, EngineSpec] = {
    "onnxruntime": EngineSpec(
        "realtime.engine_onnxruntime", "onnxruntime", "cpu", ("fp32", "int8"), compiles=False
    ),
    "openvino": EngineSpec(
        "realtime.engine_openvino",
        "openvino",
        "cpu",
        ("fp32", "bf16", "fp16", "int8"),
        compiles=True,
        keeps_threads=True,
    ),
    "aoti": EngineSpec(
        "realtime.engine_aoti",
        "torch",
        "export",
        ("fp32", "bf16", "fp16"),
        compiles=False,
        reads=PACKAGE_SUFFIX,
        exports=True,
    ),
    "tensorrt": EngineSpec(
        "realtime.engine_tensorrt",
        "tensorrt",
        "tensorrt",
        ("fp32", "bf16", "fp16"),
        compiles=False,
        on_card_only=True,
    ),
    # What phones and small computers run, to see here what it looks like there.
    "ncnn": EngineSpec("realtime.engine_ncnn", "ncnn", "ncnn", ("fp32", "fp16"), compiles=True, exports=True),
    "litert": EngineSpec(
        "realtime.engine_litert", "ai_edge_litert", "litert", ("fp32",), compiles=True, exports=True
    ),
}
