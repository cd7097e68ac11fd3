"""The figures of "Demystifying Neural Style Transfer" (Li et al. 2017) as one sheet, drawn cell by cell."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.config_optimize import OptimizeConfig
from training.errors import NotFiniteError, OptionError
from training.images import read_rgb, write_png
from training.optimization.sheet import Block, Row, draw_sheet
from training.options import changes

log = logging.getLogger(__name__)

# The paper's four, and what all of them are compared with.
METHODS = ("linear", "poly", "gaussian", "bn", "gram")
FUSIONS = (("bn", "poly"), ("linear", "gaussian"))
SHARES = (0.9, 0.7, 0.5, 0.3, 0.1)
# Of figures 3 and 4.
BALANCE = 5.0

Paint = Callable[[OptimizeConfig], dict[str, Any]]


@dataclass(frozen=True)
class Cell:
    """One picture of the sheet: a style loss, a balance factor, and which of the style pictures."""

    loss: str
    balance: float
    style: int = 0

    @property
    def name(self) -> str:
        """A file name."""
        loss = self.loss.replace(":", "").replace("+", "_")
        return f"{loss}_balance{self.balance:g}_style{self.style + 1}"


@dataclass(frozen=True)
class Comparison:
    """What the sheet shows: cells in rows of three blocks, each a figure of the paper.

    Args:
        base: options that all cells share; its `out` is the sheet, its style pictures are figure 3's rows.
        balances: figure 2's columns.
    """

    base: OptimizeConfig
    balances: tuple[float, ...]

    def figure_2(self) -> list[list[Cell]]:
        """Methods by balance factors."""
        return [[Cell(loss, balance) for balance in self.balances] for loss in METHODS]

    def figure_3(self) -> list[list[Cell]]:
        """Style pictures by methods."""
        count = len(self.base.style_images)
        return [[Cell(loss, self._balance(), style) for loss in METHODS] for style in range(count)]

    def figure_4(self) -> list[list[Cell]]:
        """Fusions by shares."""
        return [
            [Cell(f"{one}:{share:g}+{other}:{round(1 - share, 6):g}", self._balance()) for share in SHARES]
            for one, other in FUSIONS
        ]

    def cells(self) -> list[Cell]:
        """Every picture once: a cell of two figures is painted for both."""
        rows = (*self.figure_2(), *self.figure_3(), *self.figure_4())
        return list(dict.fromkeys(cell for row in rows for cell in row))

    def folder(self) -> Path:
        """Where the cells are kept."""
        return self.base.run_folder()

    def config_of(self, cell: Cell) -> OptimizeConfig:
        """Return what a cell alone would be asked for."""
        masks = self.base.style_masks
        return replace(
            self.base,
            style_images=(self.base.style_images[cell.style],),
            style_masks=(masks[cell.style],) if masks else (),
            style_shares=(),
            out=self.folder() / f"{cell.name}.png",
            run_dir=None,
            loss=cell.loss,
            balance=cell.balance,
            style_weight=None,
        )

    def _balance(self) -> float:
        return BALANCE if self.base.balance is None else self.base.balance

    def identity(self) -> dict[str, Any]:
        """Return what the cells of an earlier run must have been painted with."""
        base = self.base
        passing = {"loss", "balance", "style_images", "style_shares"}
        options = {key: value for key, value in base.identity().items() if key not in passing}
        styles = [file.name for file in base.style_images]
        return {**options, "steps": base.steps, "tolerance": base.tolerance, "style_images": styles}


class Cache:
    """The cells that are done, in cells.json beside their pictures.

    Args:
        comparison: what they are of.
        made_of: hashes of what the options only name: the pictures and the networks.
    Raises:
        OptionError: if there are cells that were painted with other options.
    """

    def __init__(self, comparison: Comparison, made_of: dict[str, Any]) -> None:
        self.comparison = comparison
        self.file = comparison.folder() / "cells.json"
        self.identity = {**comparison.identity(), **made_of}
        self.cells: dict[str, dict[str, Any]] = {}
        if self.file.exists() and not comparison.base.fresh:
            self._read()

    def _read(self) -> None:
        found = json.loads(self.file.read_text())
        different = changes(self.comparison.base, found["identity"], self.identity)
        if different:
            raise OptionError(
                f"{self.file} was painted with other options ({'; '.join(different[:3])}): "
                "give the same to go on, --fresh to begin anew, or another --out"
            )
        self.cells = {name: one for name, one in found["cells"].items() if self._picture(name).exists()}

    def _picture(self, name: str) -> Path:
        return self.comparison.folder() / f"{name}.png"

    def add(self, cell: Cell, summary: dict[str, Any]) -> None:
        """Keep what a cell came to, and drop what it would have been resumed from."""
        self.cells[cell.name] = summary
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps({"identity": self.identity, "cells": self.cells}, indent=1))
        part.replace(self.file)
        shutil.rmtree(self.comparison.config_of(cell).run_folder(), ignore_errors=True)

    def picture(self, cell: Cell) -> NDArray[np.uint8] | None:
        """Return a cell's picture, (H, W, 3) RGB, or None while it is not painted."""
        return read_rgb(self._picture(cell.name)) if cell.name in self.cells else None


def compare(comparison: Comparison, cache: Cache, paint: Paint) -> None:
    """Paint the cells that are missing, and draw the sheet: also of those there are, where it is stopped.

    Args:
        paint: paints one configuration and returns its summary.
    """
    cells = comparison.cells()
    try:
        for number, cell in enumerate(cells, start=1):
            if cell.name in cache.cells:
                continue
            log.info("%d of %d: %s, balance %g", number, len(cells), cell.loss, cell.balance)
            try:
                summary = paint(comparison.config_of(cell))
            except NotFiniteError as error:  # the others are still worth looking at
                log.warning("%s", error)
                summary = {"ended": str(error)}
            cache.add(cell, summary)
    finally:
        if cache.cells:
            write_png(comparison.base.out, draw_sheet(list(_blocks(comparison, cache))))


def _blocks(comparison: Comparison, cache: Cache) -> Iterator[Block]:
    base = comparison.base
    content = read_rgb(base.content)
    styles = [read_rgb(file) for file in base.style_images]

    def rows(grid: list[list[Cell]], labels: list[str], first: list[NDArray[np.uint8] | None]) -> list[Row]:
        return [
            Row(label, (head, *(cache.picture(cell) for cell in line)))
            for label, head, line in zip(labels, first, grid, strict=True)
        ]

    shown: list[NDArray[np.uint8] | None] = [content, styles[0], *[None] * len(METHODS)]
    yield Block(
        "Methods by balance factor (figure 2)",
        ("content, style", *(f"balance {balance:g}" for balance in comparison.balances)),
        rows(comparison.figure_2(), list(METHODS), shown[: len(METHODS)]),
    )
    yield Block(
        f"Styles by method, balance {comparison.figure_3()[0][0].balance:g} (figure 3)",
        ("style", *METHODS),
        rows(comparison.figure_3(), [""] * len(styles), list(styles)),
    )
    yield Block(
        f"Fusions by share, balance {comparison.figure_4()[0][0].balance:g} (figure 4)",
        ("", *(f"({share:g}, {round(1 - share, 6):g})" for share in SHARES)),
        rows(comparison.figure_4(), [f"{one} + {other}" for one, other in FUSIONS], [None] * len(FUSIONS)),
    )
