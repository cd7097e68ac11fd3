"""OpenVINO on the processor: the fastest engine without a GPU, and the only importer of `openvino`.

A network is compiled for one height and width at a time, which runs faster than a dynamic one; the
sizes used last are kept, each with its own memory and threads. Constructing, compiling and running
release Python's lock.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

from realtime.buffers import BufferPool
from realtime.contract import FLOATS_KEY, StyleContract
from realtime.engine import EngineInfo, EngineOptions, default_threads
from realtime.errors import EngineError
from realtime.recurrent import PaintsAfter
from realtime.tensors import input_shapes, to_image, to_tensor, unlocked

NAME = "openvino"
DEVICE = "CPU"
# Livebrush's name, the plugin's capability, and the value of INFERENCE_PRECISION_HINT.
PRECISIONS = {"fp32": ("FP32", "f32"), "bf16": ("BF16", "bf16"), "fp16": ("FP16", "f16")}


class NodeTime(NamedTuple):
    """What OpenVINO tells of one operator after a run.

    `mean_us` is whole microseconds, the mean of all runs since the network was compiled; None for what
    was fused into another operator or never runs.
    """

    name: str
    type: str
    kernel: str
    mean_us: int | None


class OpenVinoEngine(PaintsAfter):
    """One style on OpenVINO; see `realtime.engine.Engine`.

    Args:
        path: the style file, whose contract has been read already.
        options: device "auto" or "cpu".
        count_times: measure every operator; see `node_times`. Costs a little of each picture's time.
    Raises:
        EngineError: if the device or precision is not offered here, or the file cannot be loaded.
    """

    def __init__(
        self, path: Path, contract: StyleContract, options: EngineOptions, *, count_times: bool = False
    ) -> None:
        if options.device == "cuda":
            raise EngineError("openvino does not run on cuda; use --engine onnxruntime or --device cpu")
        self.contract = contract
        self._hint = PRECISIONS[choose_precision(floats_precision(contract, options.precision))][1]
        self._threads = options.threads or default_threads()
        self._keep_sizes = options.keep_sizes
        self._path = path
        self._count_times = count_times
        try:
            self._model_bytes = path.read_bytes()
            _core().read_model(self._model_bytes)
        except (OSError, RuntimeError) as error:
            raise EngineError(f"openvino cannot load {path}: {_last_line(error)}") from error
        self._buffers = BufferPool()
        self._compiled: OrderedDict[tuple[int, int], tuple[Any, Any]] = OrderedDict()
        self._info: EngineInfo | None = None
        self._is_closed = False

    @property
    def info(self) -> EngineInfo:
        """What really runs, read back from a compiled network."""
        if self._info is None:
            self._request((self._smallest(), self._smallest()))
        return cast(EngineInfo, self._info)

    def prepare(self, size_wh: tuple[int, int]) -> None:
        """Compile for this width and height and run once, so that no frame pays for it."""
        self.contract.check_size(size_wh)
        self.infer(np.zeros((size_wh[1], size_wh[0], 3), dtype=np.uint8))

    def _paint(self, image: NDArray[np.uint8], more: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Run the graph on a picture, and on what else it takes."""
        tensor = to_tensor(image, self.contract)
        request = self._request((image.shape[1], image.shape[0]))
        painted = self._buffers.take(tensor.shape, tensor.dtype)
        try:
            # All tensors are views of numpy's memory: nothing is copied on the way in or out.
            for place, array in enumerate((tensor, *more)):
                request.set_input_tensor(place, ov.Tensor(unlocked(array), shared_memory=True))
            request.set_output_tensor(ov.Tensor(painted, shared_memory=True))
            # Not `infer`, which returns a copy of every output.
            request.start_async()
            request.wait()
        except RuntimeError as error:
            raise EngineError(f"openvino failed on {self._path}: {_last_line(error)}") from error
        return to_image(painted, self.contract)

    def node_times(self, size_wh: tuple[int, int]) -> list[NodeTime]:
        """Return what `count_times` measured of each operator, in the order in which they run."""
        executed = ov.ProfilingInfo.Status.EXECUTED
        return [
            NodeTime(
                told.node_name,
                told.node_type,
                told.exec_type,
                told.real_time // timedelta(microseconds=1) if told.status == executed else None,
            )
            for told in self._request(size_wh).profiling_info
        ]

    def node_shapes(self, size_wh: tuple[int, int]) -> dict[str, tuple[int, ...]]:
        """Return the shape of each operator's first output, by the operator's name."""
        self._request(size_wh)
        nodes = self._compiled[size_wh][0].get_runtime_model().get_ordered_ops()
        shapes = {
            node.get_friendly_name(): node.output(0).get_partial_shape() for node in nodes if node.outputs()
        }
        return {name: tuple(shape.to_shape()) for name, shape in shapes.items() if shape.is_static}

    def close(self) -> None:
        """Free the compiled networks."""
        self._is_closed = True
        self._compiled.clear()

    def _request(self, size_wh: tuple[int, int]) -> Any:
        if self._is_closed:
            raise EngineError(f"the engine of {self._path} is closed")
        if size_wh in self._compiled:
            self._compiled.move_to_end(size_wh)
        else:
            while len(self._compiled) >= self._keep_sizes:  # before: the next one has its threads then
                self._compiled.popitem(last=False)
            self._compiled[size_wh] = self._compile(size_wh)
        return self._compiled[size_wh][1]

    def _compile(self, size_wh: tuple[int, int]) -> tuple[Any, Any]:
        config = {
            **_threads_config(self._threads),
            "INFERENCE_PRECISION_HINT": self._hint,
            "PERF_COUNT": self._count_times,
        }
        try:
            model = _core().read_model(self._model_bytes)
            shapes = enumerate(input_shapes(self.contract, size_wh))
            model.reshape({place: ov.PartialShape(list(shape)) for place, shape in shapes})
            compiled = _core().compile_model(model, DEVICE, config)
        except RuntimeError as error:
            raise EngineError(f"openvino cannot compile {self._path}: {_last_line(error)}") from error
        self._info = self._info or _read_back(compiled, self.contract)
        return compiled, compiled.create_infer_request()

    def _smallest(self) -> int:
        multiple = self.contract.size_multiple
        return -(-self.contract.min_size // multiple) * multiple


open_style = OpenVinoEngine


def floats_precision(contract: StyleContract, asked: str) -> str:
    """Return the precision of what is computed in floats: of an 8-bit file, what is left of it.

    That is as the processor likes best, unless the file says that it needs more.
    """
    if contract.weights_precision != "int8" or asked not in ("auto", "int8"):
        return asked
    needed = contract.training.get(FLOATS_KEY)
    return needed if isinstance(needed, str) and needed in PRECISIONS else "auto"


def ready_threads(threads: int) -> None:
    """Have the next engine that is opened paint in threads that this thread makes.

    A network paints in threads that whoever compiles it makes, or in idle ones of an earlier network of the
    same configuration, and Linux has them inherit a rank. Compiled by a thread of low rank, a style would
    paint at that rank ever after. So a network of one operator is compiled here, and leaves its threads idle.

    Args:
        threads: of the engine to come.
    """
    number = ops.parameter([1], np.float32)
    model = ov.Model([ops.relu(number)], [number], "threads")
    with contextlib.suppress(RuntimeError):  # it is a help, and nothing depends on it
        _core().compile_model(model, DEVICE, _threads_config(threads)).create_infer_request()


def _threads_config(threads: int) -> dict[str, Any]:
    return {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}


def open_graph(
    model: bytes, threads: int | None = None, precision: str = "fp32"
) -> Callable[[Mapping[str, NDArray[Any]]], list[NDArray[Any]]]:
    """Open a small graph on the processor, in one of `PRECISIONS`; see `realtime.small_graph`.

    It is compiled when it is first run, and again for inputs of other sizes.
    """
    compiled: dict[tuple[Any, ...], ov.CompiledModel] = {}

    def compile_for(shapes: tuple[Any, ...]) -> ov.CompiledModel:
        graph = _core().read_model(model)
        graph.reshape({name: list(shape) for name, shape in shapes})
        hint = PRECISIONS[precision][1]
        config = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": threads or default_threads()}
        compiled.clear()
        compiled[shapes] = _core().compile_model(graph, DEVICE, config)
        return compiled[shapes]

    def run(inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        shapes = tuple((name, array.shape) for name, array in inputs.items())
        try:
            found = compiled.get(shapes) or compile_for(shapes)
            outputs = found(dict(inputs))
            return [np.array(outputs[output]) for output in found.outputs]
        except RuntimeError as error:
            raise EngineError(f"openvino cannot run a graph: {_last_line(error)}") from error

    return run


def choose_precision(asked: str) -> str:
    """Return the precision to run: for "auto" bf16 where the processor has it, else fp32.

    Never fp16 unasked: sums over a bright picture overflow in it.

    Raises:
        EngineError: naming what this processor offers.
    """
    capabilities = _core().get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")
    offered = [name for name, (capability, _) in PRECISIONS.items() if capability in capabilities]
    if asked == "auto":
        return "bf16" if "bf16" in offered else "fp32"
    if asked not in offered:
        raise EngineError(f"openvino offers {', '.join(offered)} on this processor, not {asked}")
    return asked


@lru_cache(maxsize=1)
def _core() -> ov.Core:
    return ov.Core()  # loading the processor plugin takes 40 ms: once is enough


def _read_back(compiled: ov.CompiledModel, contract: StyleContract) -> EngineInfo:
    hint = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
    precision = next((name for name, (_, value) in PRECISIONS.items() if value == hint), hint)
    precision = "int8" if contract.weights_precision == "int8" else precision
    provider = "+".join(compiled.get_property("EXECUTION_DEVICES"))
    return EngineInfo(
        NAME, precision, provider, int(compiled.get_property("INFERENCE_NUM_THREADS")), device="cpu"
    )


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # OpenVINO's messages begin with the place in its source; what went wrong comes last.
    return lines[-1][:200] if lines else type(error).__name__
