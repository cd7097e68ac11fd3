"""A style as OpenVINO's own files, NAME.xml and NAME.bin: for programs without a reader of ONNX.

In them are the style file's graph, bytes to bytes, and its contract. The precision of what is between layers
is decided when the network is compiled: fp32 and fp16 files are checked in fp32, bf16 files in bf16.
"""

import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from export.errors import ExportError
from export.source import Source
from export.targets import TARGETS, ExportOptions
from export.whole import written_whole
from export.wide_start import wide_start_note
from realtime.contract import FLOATS_KEY, METADATA_KEY, read_contract


def write(source: Source, file: Path, options: ExportOptions) -> list[str]:
    """Write NAME.xml and NAME.bin, whole or not at all.

    Raises:
        ExportError: if OpenVINO cannot read the graph, or a file cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        style, notes = write_style(source, Path(folder), options)
        contract = read_contract(style)
        # Of 8 bits the rest is bf16 wherever a processor has it.
        wide_start = contract.training.get(FLOATS_KEY) == "fp32"
        if options.precision == "bf16" and (note := wide_start_note(source.network)):
            wide_start = True
            notes = [*notes, note]
        save_openvino(style, file, (METADATA_KEY, contract.to_json()), source.name, wide_start=wide_start)
    return notes


def save_openvino(
    graph: Path, file: Path, contract: tuple[str, str], name: str, *, wide_start: bool = False
) -> None:
    """Write an ONNX graph as OpenVINO's files, whole or not at all, with a contract under its key.

    Args:
        graph: the ONNX file.
        file: NAME.xml; NAME.bin goes beside it.
        contract: its key and its text.
        name: of the network, for errors.
        wide_start: let the first convolution and its norm be fp32 wherever the rest is bf16 or fp16.
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
            if wide_start:
                _keep_in_fp32(part, _start_of(model))
    except RuntimeError as error:
        raise ExportError(f"openvino cannot write {name}: {str(error).splitlines()[-1]}") from error


def write_style(source: Source, folder: Path, options: ExportOptions) -> tuple[Path, list[str]]:
    """Write the style file that other files of the same graph are made of; return it and its notes."""
    precision = "fp16" if options.precision == "bf16" else options.precision
    style = folder / f"{source.name}.onnx"
    return style, TARGETS["onnx"].write(source.alone(), style, ExportOptions(precision))


def _start_of(model: Any) -> set[str]:
    """Return the names of a network's layers from the first convolution to its norm."""
    names: set[str] = set()
    for node in model.get_ordered_ops():
        if names or node.get_type_name() == "Convolution":
            names.add(node.get_friendly_name())
        if names and node.get_type_name() == "MVN":
            return names
    return set()


def _keep_in_fp32(file: Path, names: set[str]) -> None:
    """Mark layers in NAME.xml as OpenVINO marks those that 16 bits are too few for.

    Its own transformations set the mark, and its readers since 2026 know it in a file; Python can only read
    it. OpenVINO asks for fp16 whatever the short type is.
    """
    tree = ElementTree.parse(file)
    for layer in tree.iter("layer"):
        if layer.get("name") not in names or layer.get("type") == "Const":
            continue
        notes = layer.find("rt_info")
        if notes is None:
            notes = ElementTree.Element("rt_info")
            layer.insert(0 if layer.find("data") is None else 1, notes)
        mark = {"name": "DisablePrecisionConversion", "version": "0", "value": "dynamic:f16"}
        ElementTree.SubElement(notes, "attribute", mark)
    tree.write(file, encoding="utf-8", xml_declaration=True)
