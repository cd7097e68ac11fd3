"""What can be told of a Core ML package without a Mac: its pictures, its layers and their types."""

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from export.errors import ParityError
from export.mask_contract import MASK_KEY
from export.mask_contract import OUTPUT_NAME as ALPHA_NAME
from export.silence import silence
from export.targets import ExportOptions
from export.to_coreml import NORM
from realtime.contract import INPUT_NAME, METADATA_KEY, OUTPUT_NAME, StyleContract

# coremltools' numbers for the types of tensors.
_FP16, _FP32 = 10, 11
# Layers that compute; the others move numbers or change their type.
_COMPUTES = ("add", "clip", "conv", "mul", "relu", "sigmoid")


def inspect_file(file: Path, options: ExportOptions) -> list[str]:
    """Return what was found right in a package; see `export.targets.Target.inspect_file`.

    Raises:
        ParityError: for the first thing that is not as it was asked for.
    """
    with silence():
        ct = importlib.import_module("coremltools")
        spec = ct.models.MLModel(str(file), skip_model_load=True).get_spec()
    assert options.size_wh is not None
    kinds = ct.proto.FeatureTypes_pb2.ImageFeatureType
    _check_image(file, spec.description.input, INPUT_NAME, options.size_wh, kinds.RGB)
    if MASK_KEY in spec.description.metadata.userDefined:
        return _inspect_mask(file, spec, options, kinds.GRAYSCALE)
    _check_image(file, spec.description.output, OUTPUT_NAME, options.size_wh, kinds.RGB)
    contract = StyleContract.from_json(spec.description.metadata.userDefined[METADATA_KEY])
    layers = list(_layers(spec))
    _check_types(file, layers, options.precision)
    counted = Counter(kind for kind, _ in layers)
    width, height = options.size_wh
    return [
        f"image in, image out: RGB, {width}x{height}",
        f"its contract: {contract.name}, {contract.preset}, weights {contract.weights_sha256[:12]}",
        f"{counted['conv']} convolutions in {options.precision}, {counted[NORM]} norms in fp32, "
        f"{sum(counted.values())} layers in all",
    ]


def _inspect_mask(file: Path, spec: Any, options: ExportOptions, grey: int) -> list[str]:
    assert options.size_wh is not None
    _check_image(file, spec.description.output, ALPHA_NAME, options.size_wh, grey)
    layers = list(_layers(spec))
    convs = [found for kind, found in layers if kind == "conv"]
    if not convs or set(convs) != {_FP16}:
        raise ParityError(f"{file.name}: its convolutions should be of type {_FP16}, instead of {set(convs)}")
    width, height = options.size_wh
    return [f"an RGB image in, a grey one out, {width}x{height}; {len(convs)} convolutions in fp16"]


def _check_image(file: Path, features: Any, name: str, size_wh: tuple[int, int], space: int) -> None:
    got = [(one.name, one.type.WhichOneof("Type")) for one in features]
    if got != [(name, "imageType")]:
        raise ParityError(f"{file.name} should have one image, {name}, instead it has {got}")
    image = features[0].type.imageType
    colours = "grey" if name == ALPHA_NAME else "RGB"
    if (image.width, image.height, image.colorSpace) != (*size_wh, space):
        raise ParityError(
            f"{file.name}: {name} should be {colours} of {size_wh[0]}x{size_wh[1]}, "
            f"instead it is {image.width}x{image.height}, colour space {image.colorSpace}"
        )


def _layers(spec: Any) -> Iterator[tuple[str, int]]:
    """Yield every layer of the program and the type of what it gives."""
    for function in spec.mlProgram.functions.values():
        for layer in function.block_specializations[function.opset].operations:
            if layer.type != "const":
                yield layer.type, layer.outputs[0].type.tensorType.dataType


def _check_types(file: Path, layers: list[tuple[str, int]], precision: str) -> None:
    wanted = _FP16 if precision == "fp16" else _FP32
    for kind, found in layers:
        expected = {NORM: _FP32}.get(kind, wanted if kind in _COMPUTES else found)
        if found != expected:
            raise ParityError(f"{file.name}: a layer {kind} should be of type {expected}, instead of {found}")
    if not any(kind == "conv" for kind, _ in layers):
        raise ParityError(f"{file.name} has no convolutions")
