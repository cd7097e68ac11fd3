"""Measures a person network: overlap, edges and time, and a sheet to look at."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray
from rich.table import Table

from training.config_person import EvaluatePersonConfig, LabelPeopleConfig
from training.console import plain_console
from training.devices import Placement
from training.errors import CheckpointError, DataError
from training.images import write_png
from training.people import Picture, fit_size, read_pairs
from training.people_unlabelled import Labelled, label_people, read_known
from training.person_metrics import Finder, Score, score
from training.person_networks import load_person_net
from training.person_trainer import find_with, mean_scores, people_sheet
from training.report import progress_bar

# Written by export.mask_contract; training imports nothing of export.
_CONTRACT_KEY = "livebrush.mask"
_POOR = 0.7


def median_ms(finder: Finder, area: int, *, count: int = 50) -> float:
    """Return how long a frame of 16:9 takes in the middle of a stream, on one core."""
    frame = np.random.default_rng(0).integers(0, 256, (*fit_size(9, 16, area), 3), dtype=np.uint8)
    times_ms = []
    for _ in range(count + 5):  # the first few prepare for the size
        began = time.perf_counter()
        finder(frame)
        times_ms.append(1000 * (time.perf_counter() - began))
    return median(times_ms[5:])


def open_finder(file: Path, placement: Placement | None = None) -> tuple[Finder, int]:
    """Return what finds people, of a checkpoint or an exported graph, on one core; and its usual area.

    Args:
        file: NAME.pt or NAME.onnx.
        placement: where a checkpoint runs, and in which precision; None for the processor and fp32.
    Raises:
        CheckpointError: if the file is missing, or no person network.
    """
    if file.suffix == ".pt":
        network, content = load_person_net(file)
        place = placement or Placement("cpu", "fp32")
        network.to(place.device).to(memory_format=torch.channels_last)

        def find(image: Picture) -> NDArray[np.float32]:
            with place.autocast():
                return find_with(network, image, place.device)

        return find, int(content["area"])
    return _open_onnx(file)


def evaluate(config: EvaluatePersonConfig) -> tuple[list[Score], float]:
    """Measure as configured, print a table, write the sheet; return the figures and the median ms.

    Raises:
        DataError: if there are no pictures with masks.
    """
    torch.set_num_threads(1)
    pairs = read_pairs(config.people)
    if not pairs:
        raise DataError(f"no pictures in {config.people / 'images'}")
    finder, usual = open_finder(config.network)
    area = config.area or usual
    scores, ms = score(finder, pairs, area), median_ms(finder, area)
    _show(config.network.name, scores, ms, area)
    if config.sheet is not None:
        worst_first = sorted(zip(scores, pairs, strict=True), key=lambda both: both[0].iou)
        write_png(config.sheet, people_sheet([pair for _, pair in worst_first], finder, area))
    return scores, ms


def label(config: LabelPeopleConfig) -> Labelled:
    """Label as configured, with a progress bar, and say how many pictures became what.

    Raises:
        DataError: as `label_people`.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    placement = Placement(config.device, config.precision)
    finders = [open_finder(network, placement)[0] for network in config.networks]
    with progress_bar() as bar:
        task = bar.add_task("pictures", total=None)
        found = label_people(
            finders,
            config.pictures,
            read_known(config.people),
            config.out,
            keep_unsure=config.keep_unsure,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    print(
        f"{config.out}: {found.people} with people, {found.empty} with nobody; "
        f"{found.unsure} that its views differ on, {'kept' if config.keep_unsure else 'left alone'}; "
        f"{found.known} known already, left alone"
    )
    return found


def _show(name: str, scores: Sequence[Score], ms: float, area: int) -> None:
    overlaps, means = [one.iou for one in scores], mean_scores(scores)
    table = Table(title=f"{len(scores)} pictures at about {area:,} pixels")
    row = {
        "network": name,
        "mean IoU": f"{means['iou']:.4f}",
        "median IoU": f"{median(overlaps):.4f}",
        f"under {_POOR}": f"{sum(value < _POOR for value in overlaps)}",
        "edge IoU": f"{means['edge_iou']:.4f}",
        "edge F": f"{means['edge_f']:.4f}",
        "ms": f"{ms:.2f}",
    }
    for heading in row:
        table.add_column(heading)
    table.add_row(*row.values())
    plain_console().print(table)


def _open_onnx(file: Path) -> tuple[Finder, int]:
    if not file.is_file():
        raise CheckpointError(f"no network at {file}")
    try:
        import onnxruntime
    except ImportError as error:
        raise CheckpointError(f'{file.name} needs ONNX Runtime: pip install "livebrush[cpu]"') from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def find(image: Picture) -> NDArray[np.float32]:
        bgr = np.ascontiguousarray(image[..., ::-1])[None]
        return np.asarray(session.run(None, {name: bgr})[0][0, 0], dtype=np.float32)

    contract = json.loads(session.get_modelmeta().custom_metadata_map.get(_CONTRACT_KEY, "{}"))
    if contract.get("labels") != ["person"]:
        raise CheckpointError(
            f"{file.name} does not say that it finds people: python -m export makes such files"
        )
    return find, int(contract["area"])
