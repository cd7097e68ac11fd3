"""Stands in for TensorRT and CUDA's binding on a machine without a card; notes what is asked, and paints.

An engine's "plan" is the graph that it was built of, which is computed by onnxruntime, in the graph's own
types. The card's memory is the processor's: addresses are real, and a wrong one would be found.
"""

from __future__ import annotations

import ctypes
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime as ort

MAGIC = b"plan "


class FakeTensorRt:
    """The module `tensorrt`, 10 unless another version is asked for."""

    def __init__(self, version: str = "10.13.0.35", *, phases: int = 4) -> None:
        self.__version__ = version
        self.calls: list[tuple[str, Any]] = []
        self.phases = phases
        self.refuses_to_build = False
        self.cannot_parse = False
        flags = {"EXPLICIT_BATCH": 0, "STRONGLY_TYPED": 1} if version.startswith("10.") else {}
        self.NetworkDefinitionCreationFlag = SimpleNamespace(**flags)
        self.BuilderFlag = SimpleNamespace(TF32="tf32")

    class ILogger:
        """What logs are made of."""

        Severity = SimpleNamespace(INTERNAL_ERROR=0, ERROR=1, WARNING=2, INFO=3)

    class Logger:
        """TensorRT's own log."""

        INTERNAL_ERROR = 0

        def __init__(self, severity: int) -> None:
            assert severity == 0

    class IProgressMonitor:
        """What monitors are made of; complains, as the real one, where it was not begun."""

        def __init__(self) -> None:
            self.begun = True

    def note(self, what: str, value: Any = None) -> None:
        self.calls.append((what, value))

    def noted(self, what: str) -> list[Any]:
        return [value for name, value in self.calls if name == what]

    def Builder(self, log: Any) -> FakeBuilder:
        return FakeBuilder(self, log)

    def OnnxParser(self, network: FakeNetwork, log: Any) -> FakeParser:
        return FakeParser(self, network)

    def Runtime(self, log: Any) -> SimpleNamespace:
        return SimpleNamespace(deserialize_cuda_engine=self._deserialise)

    def _deserialise(self, plan: bytes) -> FakeEngine | None:
        self.note("deserialise", len(plan))
        return FakeEngine(plan) if plan.startswith(MAGIC) else None


class FakeNetwork:
    """Takes a graph."""

    graph = b""


class FakeParser:
    """Reads ONNX into a network."""

    def __init__(self, trt: FakeTensorRt, network: FakeNetwork) -> None:
        self._trt, self._network = trt, network
        self.num_errors = 1 if trt.cannot_parse else 0

    def parse(self, graph: bytes) -> bool:
        self._network.graph = graph
        self._trt.note("parse", graph)
        return not self._trt.cannot_parse

    def get_error(self, number: int) -> SimpleNamespace:
        assert number == 0
        return SimpleNamespace(desc=lambda: "In node 3:\nno importer for Mod")


class FakeConfig:
    """What a build is told."""

    progress_monitor: Any = None

    def __init__(self, trt: FakeTensorRt) -> None:
        self._trt = trt
        self.profiles: list[FakeProfile] = []

    def clear_flag(self, flag: str) -> None:
        self._trt.note("clear_flag", flag)

    def add_optimization_profile(self, profile: FakeProfile) -> int:
        self.profiles.append(profile)
        return 0

    def create_timing_cache(self, data: bytes) -> list[bytes]:
        self._trt.note("timing", data)
        return [data]

    def set_timing_cache(self, cache: list[bytes], ignore_mismatch: bool) -> bool:
        assert ignore_mismatch is False
        self._cache = cache
        return True

    def get_timing_cache(self) -> SimpleNamespace:
        return SimpleNamespace(serialize=lambda: self._cache[0] + b"measured;")


class FakeProfile:
    """Least, best and greatest shape of an input."""

    def __init__(self) -> None:
        self.shapes: tuple[tuple[int, ...], ...] = ()

    def set_shape(self, name: str, *shapes: tuple[int, ...]) -> None:
        assert name == "image" and len(shapes) == 3
        self.shapes = shapes


class FakeBuilder:
    """Builds, phase by phase."""

    def __init__(self, trt: FakeTensorRt, log: Any) -> None:
        self._trt, self._log = trt, log

    def create_network(self, flags: int) -> FakeNetwork:
        self._trt.note("create_network", flags)
        return FakeNetwork()

    def create_builder_config(self) -> FakeConfig:
        return FakeConfig(self._trt)

    def create_optimization_profile(self) -> FakeProfile:
        return FakeProfile()

    def build_serialized_network(self, network: FakeNetwork, config: FakeConfig) -> bytes | None:
        monitor, phases = config.progress_monitor, self._trt.phases
        assert monitor.begun
        (profile,) = config.profiles
        self._trt.note("build", profile.shapes)
        if self._trt.refuses_to_build:
            self._log.log(FakeTensorRt.ILogger.Severity.ERROR, "Error Code 2:\nOutOfMemory")
            return None
        monitor.phase_start("Building", None, phases)
        for step in range(phases):
            monitor.phase_start("Timing", "Building", 2)
            goes_on = all(monitor.step_complete("Timing", tactic) for tactic in range(2))
            monitor.phase_finish("Timing")
            if not goes_on or not monitor.step_complete("Building", step):
                return None
        monitor.phase_finish("Building")
        shapes = json.dumps(profile.shapes).encode()
        return MAGIC + len(shapes).to_bytes(4, "big") + shapes + network.graph


class FakeEngine:
    """An engine read from its file."""

    def __init__(self, plan: bytes) -> None:
        start = len(MAGIC) + 4
        end = start + int.from_bytes(plan[len(MAGIC) : start], "big")
        self.shapes = json.loads(plan[start:end])
        options = ort.SessionOptions()
        options.log_severity_level = 4
        self.session = ort.InferenceSession(plan[end:], options, providers=["CPUExecutionProvider"])

    def create_execution_context(self) -> FakeContext:
        return FakeContext(self)


class FakeContext:
    """Runs the graph on what lies at the addresses that it was given."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self._shape: tuple[int, ...] = ()
        self._addresses: dict[str, int] = {}

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        least, _, greatest = self._engine.shapes
        self._shape = tuple(shape)
        return all(low <= side <= high for low, side, high in zip(least, shape, greatest, strict=True))

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        assert stream
        image = _array(self._addresses["image"], self._shape)
        _array(self._addresses["stylized_image"], self._shape)[:] = self._engine.session.run(
            None, {"image": image}
        )[0]
        return True


class FakeCudaRuntime:
    """The module `cuda.bindings.runtime`."""

    cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)

    def __init__(self, cards: int = 1) -> None:
        self.cards = cards
        self.memory: dict[int, np.ndarray[Any, Any]] = {}
        self.fails = False
        self._clock = 0

    def cudaGetDeviceCount(self) -> tuple[int, int]:
        return (0, self.cards) if self.cards else (100, 0)

    def cudaMalloc(self, count: int) -> tuple[int, int]:
        taken = np.zeros(count, np.uint8)
        self.memory[taken.ctypes.data] = taken
        return 0, taken.ctypes.data

    def cudaFree(self, address: int) -> tuple[int]:
        del self.memory[address]
        return (0,)

    def cudaMemcpyAsync(self, to: int, source: int, count: int, kind: int, stream: int) -> tuple[int]:
        card = to if kind == 1 else source
        assert self.memory[card].size >= count and stream
        if self.fails:
            return (700,)
        ctypes.memmove(to, source, count)
        return (0,)

    def cudaGetErrorString(self, failure: int) -> tuple[int, bytes]:
        return 0, f"error {failure}: an illegal memory access".encode()

    def cudaStreamCreate(self) -> tuple[int, int]:
        return 0, 7

    def cudaStreamSynchronize(self, stream: int) -> tuple[int]:
        return (0,)

    def cudaStreamDestroy(self, stream: int) -> tuple[int]:
        return (0,)

    def cudaEventCreate(self) -> tuple[int, list[int]]:
        return 0, [0]

    def cudaEventRecord(self, event: list[int], stream: int) -> tuple[int]:
        self._clock += 1
        event[0] = self._clock
        return (0,)

    def cudaEventElapsedTime(self, began: list[int], ended: list[int]) -> tuple[int, float]:
        return 0, 0.5 * (ended[0] - began[0])

    def cudaEventDestroy(self, event: list[int]) -> tuple[int]:
        return (0,)


def _array(address: int, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    count = int(np.prod(shape))
    return np.ctypeslib.as_array((ctypes.c_uint8 * count).from_address(address)).reshape(shape)
