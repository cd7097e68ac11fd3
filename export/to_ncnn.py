"""A style for ncnn, on Android, iOS and Raspberry Pi: NAME.ncnn.param and NAME.ncnn.bin, by way of pnnx.

Levels in, levels out: what `ncnn::Mat::from_pixels` gives goes in as it is, and `to_pixels` takes what comes
out. How a layer is computed is written into the file, whatever the program that loads it has set: no Winograd
convolutions, no sums in halves, and norms in fp32 altogether.
"""

import tempfile
from pathlib import Path

import torch

from export.errors import ExportError
from export.mobile import MobileGraph, example, of_size
from export.silence import silence
from export.source import Source
from export.targets import ExportOptions
from export.whole import written_whole

# ncnn's mask of what a layer may not use, its parameter 31.
_MASK_KEY = 31
_NO_FP16_SUMS, _NO_FP16_STORAGE, _NO_BF16_STORAGE, _NO_WINOGRAD = 1 << 0, 1 << 1, 1 << 2, 1 << 6
_IN_FP32 = _NO_FP16_SUMS | _NO_FP16_STORAGE | _NO_BF16_STORAGE
# Winograd's sums differ a little from pixel to pixel of a flat picture, and the norms, which divide by almost
# nothing there, make a pattern of it: 17 dB in the place of 99 on a black frame.
_MASKS = {"Convolution": _NO_FP16_SUMS | _NO_WINOGRAD, "InstanceNorm": _IN_FP32}
# Two sizes to trace with: what differs between them is left free.
_TRACED_WH = ((128, 96), (160, 132))


def write(source: Source, file: Path, options: ExportOptions) -> list[str]:
    """Write NAME.ncnn.param and NAME.ncnn.bin, whole or not at all.

    Raises:
        ExportError: if pnnx cannot convert the network, or a file cannot be written.
    """
    import pnnx

    graph = MobileGraph(of_size(source.network, options.size_wh)).eval()
    examples = [example(size_wh) for size_wh in ((options.size_wh,) if options.size_wh else _TRACED_WH)]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "style.ncnn.param"
        # pnnx is a program of its own, which tells its passes; torch tells that `torch.jit` is old.
        with torch.no_grad(), silence():
            pnnx.export(graph, str(Path(folder) / "style.pt"), *examples, fp16=options.precision == "fp16")
        if not made.is_file():
            raise ExportError(f"pnnx cannot convert {source.name}: it wrote no style.ncnn.param")
        check_layers(made, source.name)
        with written_whole(file) as part:
            part.write_text(_masked(made.read_text(), options.precision))
            part.with_suffix(".bin").write_bytes(made.with_suffix(".bin").read_bytes())
    return []


def _masked(param: str, precision: str) -> str:
    """Return the text of a .param file with a mask on each layer whose computation is not left to chance."""
    head, layers = param.splitlines()[:2], param.splitlines()[2:]
    always = _IN_FP32 if precision == "fp32" else 0
    masks = [always | _MASKS.get(layer.split()[0], 0) for layer in layers]
    lines = [f"{one} {_MASK_KEY}={mask}" if mask else one for one, mask in zip(layers, masks, strict=True)]
    return "\n".join([*head, *lines, ""])


def check_layers(param: Path, name: str) -> None:
    """Raise ExportError if a layer was left as torch's, which ncnn does not know."""
    layers = [line.split()[0] for line in param.read_text().splitlines()[2:] if line.strip()]
    foreign = sorted({layer for layer in layers if "." in layer or "::" in layer})
    if foreign:
        raise ExportError(f"pnnx cannot convert {name}: ncnn has no layer {', '.join(foreign)}")
