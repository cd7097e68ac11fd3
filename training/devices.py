"""Where a training runs: the CPU, a GPU, or several through Lightning Fabric."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.spawn import ProcessRaisedException
from torch.optim import Optimizer

from training import errors
from training.errors import OptionError, TrainingError


class Placement:
    """One process of a training: its device, its precision, its place among the others.

    Fabric is only asked for where there are several devices: one device needs nothing but torch.
    """

    def __init__(self, device: str = "auto", precision: str = "auto", devices: int = 1) -> None:
        kind = choose_device(device)
        if kind == "cuda" and devices > torch.cuda.device_count():
            raise OptionError(f"--devices {devices}, but there are {torch.cuda.device_count()} GPUs")
        self.precision = choose_precision(kind, precision)
        self.devices = devices
        self.fabric: Any = _fabric(kind, devices) if devices > 1 else None
        self.device = torch.device(kind)
        self.rank, self.world_size = 0, 1
        if kind == "cuda":
            torch.backends.cudnn.benchmark = True

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files and draws the progress."""
        return self.rank == 0

    @property
    def in_half(self) -> bool:
        """Whether convolutions run in half precision."""
        return self.precision != "fp32"

    def launch(self, work: "Callable[[Placement], None]") -> None:
        """Run `work` here, or in one process a device; it must be picklable then, such as a partial.

        Raises:
            TrainingError: as `work` did, here or in one of the processes.
        """
        if self.fabric is None:
            work(self)
            return
        try:
            self.fabric.launch(_in_process, work, self.precision)
        except ProcessRaisedException as error:
            mistake = _mistake_in(str(error))
            if mistake is None:
                raise
            raise mistake from error

    def setup(self, network: nn.Module, optimizer: Optimizer) -> tuple[nn.Module, Optimizer]:
        """Return the network and optimizer to train with; with several devices gradients are averaged."""
        if self.fabric is None:
            return network, optimizer
        wrapped, wrapped_optimizer = self.fabric.setup(network, optimizer)
        return wrapped, wrapped_optimizer

    def backward(self, loss: Tensor) -> None:
        """Compute gradients."""
        if self.fabric is None:
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            self.fabric.backward(loss)

    def any_process(self, here: bool) -> bool:
        """Return whether it is so in any of the processes: the same answer in each of them."""
        if self.fabric is None:
            return here
        told = torch.tensor(float(here), device=self.device)
        torch.distributed.all_reduce(told, op=torch.distributed.ReduceOp.MAX)
        return bool(told)

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which convolutions run in this training's precision."""
        if not self.in_half:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)


def _in_process(fabric: Any, work: Callable[[Placement], None], precision: str) -> None:
    place = Placement(fabric.device.type, precision)
    place.fabric, place.device = fabric, fabric.device
    place.rank, place.world_size = fabric.global_rank, fabric.world_size
    work(place)


def _mistake_in(traceback: str) -> TrainingError | None:
    """Return the user's mistake that ended another process, or None where it was no such thing.

    Of its error torch brings over the printed traceback alone, which ends in "training.errors.KIND: text".
    """
    name, _, text = traceback.rstrip().rpartition("\n")[2].partition(": ")
    kind = getattr(errors, name.removeprefix(f"{errors.__name__}."), None)
    return kind(text) if isinstance(kind, type) and issubclass(kind, TrainingError) else None


def choose_device(device: str) -> str:
    """Return cpu or cuda.

    Raises:
        OptionError: if cuda was asked for and there is none.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise OptionError("--device cuda, but torch sees no GPU here: use --device cpu")
    return device


def choose_precision(device: str, precision: str) -> str:
    """Return fp32 or bf16: bf16 by itself only where the processor computes in it."""
    if precision != "auto":
        return precision
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if _cpu_has_bf16() else "fp32"


def _cpu_has_bf16() -> bool:
    """Ask the processor; torch has had the question under several names."""
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        ask = getattr(torch.cpu, name, None)
        if ask is not None and ask():
            return True
    return False


def _fabric(kind: str, devices: int) -> Any:
    try:
        from lightning.fabric import Fabric
    except ImportError as error:
        raise OptionError('several devices need Lightning: pip install "livebrush[train]"') from error
    return Fabric(accelerator=kind, devices=devices, strategy="ddp_spawn")
