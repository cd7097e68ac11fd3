"""A style as OpenVINO's own files, NAME.xml and NAME.bin: for programs without a reader of ONNX.

In them are the style file's graph, bytes to bytes, and its contract. The precision of what is between layers
is decided when the network is compiled: fp32 and fp16 files are checked in fp32, bf16 files in bf16.
"""

import tempfile
from pathlib import Path

from export.errors import ExportError
from export.source import Source
from export.targets import TARGETS, ExportOptions
from export.whole import written_whole
from realtime.contract import METADATA_KEY, read_contract


def write(source: Source, file: Path, options: ExportOptions) -> list[str]:
    """Write NAME.xml and NAME.bin, whole or not at all.

    Raises:
        ExportError: if OpenVINO cannot read the graph, or a file cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        style, notes = write_style(source, Path(folder), options)
        save_openvino(style, file, (METADATA_KEY, read_contract(style).to_json()), source.name)
    return notes


def save_openvino(graph: Path, file: Path, contract: tuple[str, str], name: str) -> None:
    """Write an ONNX graph as OpenVINO's files, whole or not at all, with a contract under its key.

    Raises:
        ExportError: if OpenVINO cannot read the graph, or a file cannot be written.
    """
    import openvino as ov

    key, text = contract
    try:
        model = ov.Core().read_model(graph)
        model.set_rt_info(text, key.split("."))
        with written_whole(file) as part:
            # Weights are halves already, as far as they may be.
            ov.save_model(model, part, compress_to_fp16=False)
    except RuntimeError as error:
        raise ExportError(f"openvino cannot write {name}: {str(error).splitlines()[-1]}") from error


def write_style(source: Source, folder: Path, options: ExportOptions) -> tuple[Path, list[str]]:
    """Write the style file that other files of the same graph are made of; return it and its notes."""
    precision = "fp16" if options.precision == "bf16" else options.precision
    style = folder / f"{source.name}.onnx"
    return style, TARGETS["onnx"].write(source, style, ExportOptions(precision))
