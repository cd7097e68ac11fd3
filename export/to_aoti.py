"""A network that paints, compiled by torch ahead of time (AOTInductor).

Everything is in the graph: bytes go to the card, bytes come back. Conversion, padding, norms, activations
and clamp become a few kernels around the convolutions, which are cuDNN's; on a card all of it works on
channels-last, which half precision's matrix units want and which a picture in memory already is.

The package runs on the device that it was compiled for, by `realtime.engine_aoti`.
"""

import copy
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from export.compiled_graph import Device, Precision, compiled_graph
from export.errors import ExportError
from export.half import DTYPES, activation_bytes_per_pixel, round_weights
from export.source import Source
from export.style_contract import COUNTED_HW, MAX_SIZE, MIN_SIZE, make_contract
from export.targets import ExportOptions
from export.wide_start import wide_start_note
from realtime.contract import INPUT_NAME, METADATA_KEY, StyleContract
from realtime.engine_aoti import no_word_of_cards
from realtime.package_metadata import PACKAGE_SUFFIX


@dataclass(frozen=True)
class AotiOptions:
    """What to compile for.

    Args:
        device: that runs it; it must be here.
        precision: of weights and activations; statistics of norms are always fp32.
        size_wh: the one width and height, which runs faster; None for any from 64 to 4096.
        blocks: let 9x9 convolutions work on blocks of pixels, see `export.block_convs`.
        wide_start: leave the first convolution in fp32, see `export.wide_start`.
        autotune: try Triton's convolutions beside cuDNN's; takes minutes.
        fast_build: spend less on compiling what calls the kernels; for tests.
    """

    device: Device = "cpu"
    precision: Precision = "fp32"
    size_wh: tuple[int, int] | None = None
    blocks: bool = True
    wide_start: bool = False
    autotune: bool = False
    fast_build: bool = False


def write(source: Source, file: Path, options: ExportOptions) -> list[str]:
    """Write a package, as the table of targets wants it; see `export_aoti`."""
    compiled_for = AotiOptions(
        cast(Device, options.device), cast(Precision, options.precision), options.size_wh
    )
    notes = []
    if options.precision == "bf16" and (note := wide_start_note(source.network)):
        notes, compiled_for = [note], replace(compiled_for, wide_start=True)
    export_aoti(source.network, source.content, file, compiled_for)
    return notes


def why_not_here() -> str:
    """Return why no package can be written here, in words; "" if one can."""
    if torch.cuda.is_available() or any(map(shutil.which, ("g++", "clang++", "cl"))):
        return ""
    return "torch needs a compiler of C++ to compile for the processor, and finds none"


def export_aoti(
    network: nn.Module, checkpoint: dict[str, Any], file: Path, options: AotiOptions = AotiOptions()
) -> StyleContract:
    """Write a network that paints as a package with its contract in the metadata, whole or not at all.

    Args:
        network: RGB in [0, 1] -> the same, (N, 3, H, W); in evaluation mode, on the processor.
        checkpoint: what `training.checkpoint.load_checkpoint` returned; gives the credits.
        file: where to, NAME.pt2.
        options: what to compile for.
    Returns:
        The contract that the file carries.
    Raises:
        ExportError: if the device is not here, the size does not fit, the credits make no valid contract,
            torch or the compiler fails, or the file cannot be written.
    """
    if options.device == "cuda" and not torch.cuda.is_available():
        raise ExportError("--device cuda: torch finds no card here; export on the machine that will run it")
    rounded = copy.deepcopy(network).requires_grad_(False)
    round_weights(rounded, DTYPES[options.precision])
    contract = _contract(rounded, checkpoint, options)
    graph = compiled_graph(
        rounded,
        options.precision,
        blocks=options.blocks,
        wide_start=options.wide_start,
        device=options.device,
    )
    part = file.with_name(f"{file.stem}.part{PACKAGE_SUFFIX}")
    try:
        _compile(graph, contract, part, options)
        part.replace(file)
    except OSError as error:
        raise ExportError(f"cannot write {file}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return contract


def _contract(network: nn.Module, checkpoint: dict[str, Any], options: AotiOptions) -> StyleContract:
    height, width = COUNTED_HW
    traffic = activation_bytes_per_pixel(network, DTYPES[options.precision], height=height, width=width)
    contract = make_contract(
        network,
        {
            **checkpoint,
            "training": {**checkpoint["training"], "activation_bytes_per_pixel": round(traffic, 1)},
        },
        colour="BGR",
        weights_precision=options.precision,
    )
    if options.size_wh is not None:
        contract.check_size(options.size_wh)
    return replace(contract, only_wh=options.size_wh)


def _compile(graph: nn.Module, contract: StyleContract, part: Path, options: AotiOptions) -> None:
    # Odd sides, so that nothing about multiples is taken for granted while tracing.
    width, height = options.size_wh or (131, 97)
    example = torch.zeros(1, height, width, 3, dtype=torch.uint8, device=options.device)
    settings = {
        "aot_inductor.metadata": {METADATA_KEY: contract.to_json()},
        # Else it is left to a guess, which is against it for few channels and for any size.
        "force_layout_optimization": options.device == "cuda",
        # Else the number of this machine's cores is compiled in.
        "cpp.dynamic_threads": True,
        "max_autotune": options.autotune,
        "coordinate_descent_tuning": options.autotune,
    }
    if options.fast_build:
        settings["aot_inductor.compile_wrapper_opt_level"] = "O0"
        settings["aot_inductor.precompile_headers"] = False  # pays from the third package on
    # Not a named `Dim`, which wants a proof that the padding to a multiple leaves no size out.
    any_side = torch.export.Dim.DYNAMIC(min=MIN_SIZE, max=MAX_SIZE)
    dynamic = None if options.size_wh else {INPUT_NAME: {1: any_side, 2: any_side}}
    with torch.no_grad(), no_word_of_cards():
        try:
            program = torch.export.export(graph, (example,), dynamic_shapes=dynamic)
            torch._inductor.aoti_compile_and_package(
                program, package_path=str(part), inductor_configs=settings
            )
        except OSError:
            raise
        except Exception as error:  # torch, Triton and the compiler each have classes of their own
            raise ExportError(f"torch cannot compile {contract.name}: {_gist(error)}") from error


def _gist(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
