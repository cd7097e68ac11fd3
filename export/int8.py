"""A graph's convolutions in 8 bits: weights by channel, what goes in by the range that it has on real frames.

The weights are such that processors without instructions for 8 bits compute the same: see `byte_pairs`.

Everything between them stays in fp32: norms, activations and sums. A convolution whose rounding shows stays
in fp32 too; which ones is measured, one at a time, on the worst of the frames.

The pixels lose nothing: they come as bytes, and a range of 0 to 255 is a step of one.
"""

import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from export import precision_search
from export.byte_pairs import Ranges, keep_model_in_pairs, weight_ranges
from export.early_bytes import round_early, take_bytes
from export.errors import ExportError
from export.precision_search import search, too_many
from realtime.contract import INPUT_NAME

Image = NDArray[np.uint8]
Paint = Callable[[Image], Image]
# What the worst frame must reach. The limit of a check is 32 dB: another processor rounds a little otherwise.
WANTED_DB = 34.0
_CONV = "Conv"
# What the name of the numbers ends in that 8-bit weights are multiplied by.
SCALE_SUFFIX = "_scale"


@dataclass(frozen=True)
class Quantised:
    """A graph in 8 bits.

    Args:
        model: with QuantizeLinear and DequantizeLinear around its convolutions, weights as int8.
        in_float: the convolutions that stayed in fp32, in the order of the graph.
        convs: how many there are in all.
        worst_db: PSNR of the worst frame, as onnxruntime computes it.
    """

    model: onnx.ModelProto
    in_float: tuple[str, ...]
    convs: int
    worst_db: float


def quantise(
    model: onnx.ModelProto, paint: Paint, calibration: Sequence[Image], checked: Sequence[Image]
) -> Quantised:
    """Return a graph in 8 bits, with as many of its convolutions as the picture allows.

    Args:
        model: uint8 (1, H, W, 3) BGR -> the same, weights in fp32.
        paint: what the network paints of a frame, in fp32.
        calibration: frames that tell the ranges.
        checked: frames that tell which convolutions stay.
    Raises:
        ExportError: if not even a few convolutions can be in 8 bits.
    """
    model = _named(model)
    convs = [node.name for node in model.graph.node if node.op_type == _CONV]
    ranges = weight_ranges(model)
    expected = [paint(frame) for frame in checked]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "float.onnx"
        onnx.save(model, source)

        def try_without(kept: Sequence[str]) -> tuple[onnx.ModelProto, float]:
            weights = {k: v for name in convs if name not in kept for k, v in ranges[name].items()}
            tried = _quantise(source, calibration, kept, weights)
            return tried, _worst_db(tried, checked, expected)

        found = search(convs, try_without, WANTED_DB)
    if reason := too_many(found.in_float, len(convs)):
        raise ExportError(reason)
    return Quantised(found.model, found.in_float, len(convs), found.worst_db)


def describe(quantised: Quantised) -> str:
    """Return which convolutions are in 8 bits, in one line."""
    return precision_search.describe(quantised.in_float, quantised.convs)


def _named(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy whose convolutions are called conv_0, conv_1 and so on: that is what is reported."""
    named = onnx.ModelProto()
    named.CopyFrom(model)
    convs = (node for node in named.graph.node if node.op_type == _CONV)
    for number, node in enumerate(convs):
        node.name = f"conv_{number}"
    return named


def _quantise(
    source: Path, calibration: Sequence[Image], kept: Sequence[str], weights: Ranges
) -> onnx.ModelProto:
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    target = source.with_name("int8.onnx")
    # It recommends a preparation, to the root logger, which is for graphs that were trained with batch norms.
    logging.disable(logging.WARNING)
    try:
        quantize_static(
            source,
            target,
            _Frames(calibration),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[_CONV],
            nodes_to_exclude=list(kept),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # Norms follow, whose statistics want what the convolution added up, not 8 bits of it.
            extra_options={
                "OpTypesToExcludeOutputQuantization": [_CONV],
                "TensorQuantOverrides": weights,
            },
        )
    finally:
        logging.disable(logging.NOTSET)
    quantised = onnx.load(target)
    keep_model_in_pairs(quantised)
    round_early(quantised)
    take_bytes(quantised)
    return quantised


class _Frames:
    """Gives the frames to the quantiser, one after the other."""

    def __init__(self, frames: Sequence[Image]) -> None:
        self._frames = iter(frames)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        frame = next(self._frames, None)
        return None if frame is None else {INPUT_NAME: frame[None]}

    def __len__(self) -> int:
        raise TypeError  # unknown to the quantiser, which then takes them one by one


def _worst_db(model: onnx.ModelProto, frames: Sequence[Image], expected: Sequence[Image]) -> float:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 4
    session: Any = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    worst = np.inf
    for frame, wanted in zip(frames, expected, strict=True):
        found = session.run(None, {INPUT_NAME: frame[None]})[0][0]
        mean_square = np.square(found.astype(np.float64) - wanted).mean()
        worst = min(worst, 10 * np.log10(255**2 / max(mean_square, 1e-9)))
    return float(worst)
