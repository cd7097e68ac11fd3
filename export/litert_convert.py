"""Turns a checkpoint into NAME.tflite, in whatever environment has litert-torch; see `export.to_litert`.

    python -m export.litert_convert FOLDER

FOLDER has `style.pt` and `job.json`, for int8 also `frames.npz`; `style.tflite` and `made.json` are put into
it. Of ours this imports only what needs no more than torch and numpy.
"""

import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils
from ai_edge_quantizer import algorithm_manager, qtyping, quantizer
from numpy.typing import NDArray
from torch import nn

from export.fused_person import as_stored
from export.litert_graph import LitertGraph, LitertMask
from export.mobile import example, of_size
from export.precision_search import search
from training.checkpoint import load_checkpoint, load_style_net, load_weights
from training.networks.person_net import PersonNet

Levels = NDArray[np.float32]
CONV = "conv_"


def main(folder: Path) -> None:
    """Do the job that a folder describes."""
    job = json.loads((folder / "job.json").read_text())
    size_wh = (job["width"], job["height"])
    graph = _graph(folder / "style.pt", size_wh).eval()
    model, convs = tidied(converted(graph, size_wh), job["input"], job["output"])
    made: dict[str, Any] = {"convs": convs, "in_float": []}
    if job["precision"] == "fp16":
        model = in_halves(model)
    elif job["precision"] == "int8":
        with np.load(folder / "frames.npz") as frames:
            pairs = [_with_painting(graph, frames[name].astype(np.float32)) for name in frames.files]
        names = [f"{CONV}{number}" for number in range(convs)]
        found = search(names, lambda kept: _tried(model, names, kept, pairs), job["wanted_db"])
        model, made["in_float"], made["worst_db"] = found.model, list(found.in_float), found.worst_db
    (folder / "style.tflite").write_bytes(with_note(model, job["note_name"], job["note"]))
    (folder / "made.json").write_text(json.dumps(made))


def _graph(checkpoint: Path, size_wh: tuple[int, int]) -> nn.Module:
    content = load_checkpoint(checkpoint)
    if content["kind"] != "person":
        return LitertGraph(of_size(load_style_net(checkpoint)[0], size_wh))
    network = PersonNet()
    load_weights(network, content["weights"], checkpoint)
    return LitertMask(as_stored(network))


def converted(graph: nn.Module, size_wh: tuple[int, int]) -> bytes:
    """Return a graph as LiteRT has it, for pictures of one size."""
    import litert_torch

    picture = example(size_wh).permute(0, 2, 3, 1).contiguous()
    with torch.no_grad():
        model = litert_torch.convert(graph, (picture,))
    return bytes(model.model_content())


def tidied(model: bytes, input_name: str, output_name: str) -> tuple[bytes, int]:
    """Return a model with short names, which else are a quarter of it, and how many convolutions it has."""
    plain = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    (part,), (signature,) = plain.subgraphs, plain.signatureDefs
    for number, tensor in enumerate(part.tensors):
        tensor.name = f"t{number}"
    convs = [operator for operator in part.operators if _kind(plain, operator) == "CONV_2D"]
    for number, operator in enumerate(convs):
        part.tensors[operator.outputs[0]].name = f"{CONV}{number}"
    for places, given, name in (
        (part.inputs, signature.inputs, input_name),
        (part.outputs, signature.outputs, output_name),
    ):
        part.tensors[places[0]].name = given[0].name = name
    plain.description = "Livebrush"
    return bytes(flatbuffer_utils.convert_object_to_bytearray(plain)), len(convs)


def in_halves(model: bytes) -> bytes:
    """Return a model whose weights are stored in half precision, and widened when it is loaded."""
    making = quantizer.Quantizer(bytearray(model))
    making.add_weight_only_config(
        f"^{CONV}", _CONV, 16, algorithm_key=algorithm_manager.AlgorithmName.FLOAT_CASTING
    )
    return bytes(making.quantize().quantized_model)


def in_8_bits(model: bytes, names: Sequence[str]) -> bytes:
    """Return a model with some of its convolutions in 8 bits.

    Weights by channel; what goes in by the range that it has in the very picture, which is nearer to fp32
    than one range of all pictures. Norms take what the convolution added up, in fp32.
    """
    making = quantizer.Quantizer(bytearray(model))
    making.add_dynamic_config(f"^({'|'.join(map(re.escape, names))});?$", _CONV, 8)
    return bytes(making.quantize().quantized_model)


def with_note(model: bytes, name: str, note: str) -> bytes:
    """Return a model that carries a text under a name, as metadata."""
    plain = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(note.encode(), np.uint8)
    entry.name, entry.buffer = name, len(plain.buffers)
    plain.buffers.append(buffer)
    plain.metadata = [*(plain.metadata or []), entry]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(plain))


_CONV = qtyping.TFLOperationName.CONV_2D


def _kind(plain: Any, operator: Any) -> str:
    return str(flatbuffer_utils.opcode_to_name(plain, operator.opcodeIndex))


def _with_painting(graph: nn.Module, picture: Levels) -> tuple[Levels, Levels]:
    with torch.no_grad():
        return picture, graph(torch.from_numpy(picture)).numpy().round()


def _tried(
    model: bytes, names: Sequence[str], kept: Sequence[str], pairs: Sequence[tuple[Levels, Levels]]
) -> tuple[bytes, float]:
    """Return the model with all but some convolutions in 8 bits, and the PSNR of its worst frame."""
    wanted = [name for name in names if name not in kept]
    tried = in_8_bits(model, wanted) if wanted else model
    running: Any = Interpreter(model_content=tried, num_threads=os.cpu_count() or 1)
    running.allocate_tensors()
    given, found = running.get_input_details()[0]["index"], running.get_output_details()[0]["index"]
    worst = np.inf
    for picture, expected in pairs:
        running.set_tensor(given, picture)
        running.invoke()
        mean_square = np.square(running.get_tensor(found).round() - expected).mean(dtype=np.float64)
        worst = min(worst, 10 * np.log10(255**2 / max(mean_square, 1e-9)))
    return tried, float(worst)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
