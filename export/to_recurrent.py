"""The recurrent network of a style as ONNX, NAME.steady.onnx: what paints films and cameras steadily."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper

from export.colour_order import in_bgr
from export.errors import ExportError
from export.frames import checked_frames
from export.parity import psnr_db
from export.recurrent_graph import RecurrentGraph
from export.to_onnx import WeightsPrecision, as_stored, fit_for_engines, store_halves, trace
from export.whole import write_whole
from realtime import engine
from realtime.contract import BEFORE_NAME, INPUT_NAME, METADATA_KEY, RECURRENT, TRUST_NAME, StyleContract
from realtime.engine import EngineOptions, open_engine
from realtime.onnx_metadata import STEADY_SUFFIX
from realtime.recurrent import PLAIN_KEY, look_back
from training.networks.recurrent_net import RecurrentNet

Image = NDArray[np.uint8]
# Of a frame and the painting before it, from the network in fp32.
LEAST_DB = 40.0


def write_recurrent(
    network: RecurrentNet, plain: StyleContract, file: Path, weights: WeightsPrecision
) -> str:
    """Write NAME.steady.onnx beside a style file, whole or not at all, and run it; return what came out.

    Args:
        network: in evaluation mode.
        plain: contract of the style file.
        file: the style file, NAME.onnx.
        weights: fp16 halves the file.
    Raises:
        ExportError: if an engine paints something else than the network, or the file cannot be written.
    """
    rounded = cast(RecurrentNet, as_stored(network, weights))
    model = recurrent_graph(rounded)
    if weights == "fp16":
        store_halves(model)
    training = {**plain.training, PLAIN_KEY: plain.weights_sha256}
    contract = replace(plain, kind=RECURRENT, training=training)
    helper.set_model_props(model, {METADATA_KEY: contract.to_json()})
    onnx.checker.check_model(model, full_check=True)
    steady = file.with_name(f"{file.stem}{STEADY_SUFFIX}")
    write_whole(steady, model.SerializeToString())
    return f"{steady.name}, for --steady: {_checked(steady, rounded)}"


def recurrent_graph(network: RecurrentNet) -> onnx.ModelProto:
    """Return the graph of bytes, its weights in fp32; without a contract."""
    graph = RecurrentGraph(cast(RecurrentNet, in_bgr(network)))
    # Odd sides, so that nothing about multiples is taken for granted while tracing.
    image, before = (torch.zeros(1, 97, 131, 3, dtype=torch.uint8) for _ in range(2))
    inputs = {INPUT_NAME: image, BEFORE_NAME: before, TRUST_NAME: torch.zeros_like(image[..., :1])}
    model = trace(graph, inputs, {1: "height", 2: "width"})
    if fit_for_engines(model) < len(inputs) - 1:
        raise ExportError("a recurrent network must take both pictures as bytes")
    return model


def _checked(file: Path, network: RecurrentNet) -> str:
    """Return, in words, how near the installed engines come in fp32; "not run here" if there is none."""
    engines = [name for name in ("openvino", "onnxruntime") if engine.is_installed(name)]
    if not engines:
        return "not run here"
    worst = {name: worst_db(file, network, name) for name in engines}
    for name, db in worst.items():
        if db < LEAST_DB:
            raise ExportError(f"{file.name} in {name} is {db:.1f} dB from the network, {LEAST_DB:g} wanted")
    return ", ".join(f"{db:.0f} dB in {name}" for name, db in worst.items())


def worst_db(file: Path, network: RecurrentNet, engine_name: str) -> float:
    """Return the PSNR of the worst of the checked frames, each after a painting of it, half trusted."""
    opened = open_engine(file, EngineOptions(engine_name, "fp32", "cpu"))
    recurrent = look_back(opened)
    assert recurrent is not None
    found = []
    try:
        for _, frame in checked_frames():
            before = np.roll(opened.infer(frame), 3, axis=1)
            trust = np.linspace(0, 255, frame.shape[1]).astype(np.uint8)[None].repeat(len(frame), axis=0)
            painted = recurrent.infer_after(frame, before, trust)
            found.append(psnr_db(_paint(network, frame, before, trust), painted))
    finally:
        opened.close()
    return min(found)


@torch.no_grad()
def _paint(network: RecurrentNet, frame: Image, before: Image, trust: Image) -> Image:
    """Return what the network paints, (H, W, 3) uint8 BGR, in fp32."""
    image, last = (_as_unit(picture[..., ::-1]) for picture in (frame, before))
    painted = network(image, last, _as_unit(trust[..., None]))[0]
    levels = painted.mul(255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return np.ascontiguousarray(levels[..., ::-1])


def _as_unit(picture: Image) -> torch.Tensor:
    """(H, W, C) uint8 -> (1, C, H, W) in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255
