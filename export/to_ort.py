"""A style as ONNX Runtime's own file, NAME.ort: for its small builds for phones, which read nothing else.

In it is the style file's graph, bytes to bytes, with those of its layers fused that every processor has so.
Its weights stay as they are stored: widened while it is written, the file would be twice as large.
"""

import tempfile
from pathlib import Path

from export.errors import ExportError
from export.source import Source
from export.targets import ExportOptions
from export.to_openvino import write_style
from export.whole import written_whole


def write(source: Source, file: Path, options: ExportOptions) -> list[str]:
    """Write NAME.ort, whole or not at all.

    Raises:
        ExportError: if onnxruntime cannot write the graph.
    """
    with tempfile.TemporaryDirectory() as folder:
        style, notes = write_style(source, Path(folder), options)
        save_ort(style, file, source.name)
    return notes


def save_ort(graph: Path, file: Path, name: str) -> None:
    """Write an ONNX graph as ONNX Runtime's own file, whole or not at all.

    Raises:
        ExportError: if onnxruntime cannot write the graph.
    """
    import onnxruntime as ort

    with written_whole(file) as part:
        settings = ort.SessionOptions()
        settings.log_severity_level = 4
        # Not the level above, which lays weights out for this machine's processor.
        settings.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        settings.optimized_model_filepath = str(part)
        settings.add_session_config_entry("session.save_model_format", "ORT")
        try:
            ort.InferenceSession(
                graph, settings, providers=["CPUExecutionProvider"], disabled_optimizers=["ConstantFolding"]
            )
        except Exception as error:  # a class of its own for each kind of failure
            raise ExportError(f"onnxruntime cannot write {name}: {str(error).splitlines()[0]}") from error
