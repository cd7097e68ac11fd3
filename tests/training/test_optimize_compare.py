import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.cli import app
from training.config_optimize import OptimizeConfig
from training.console import run
from training.errors import NotFiniteError, OptionError
from training.images import read_rgb, write_png
from training.optimization.compare import METHODS, Cache, Cell, Comparison, compare
from training.optimization.sheet import Block, Row, draw_sheet

pytest.importorskip("matplotlib")


@pytest.fixture
def base(photographs: Path, style_picture: Path, tmp_path: Path) -> OptimizeConfig:
    styles = (style_picture, photographs / "0.png")
    return OptimizeConfig(photographs / "2.png", styles, tmp_path / "sheet.png", sizes=(48,), steps=2)


def test_the_command_draws_methods_balances_and_fusions_as_one_sheet(
    base: OptimizeConfig, feature_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["optimize", str(base.content), str(base.style_images[0]), "-o", str(base.out), "--compare"]
    options = ["--balances", "0.5,5", "--sizes", "48", "--steps", "2", "--precision", "fp32"]
    layers = ["--content-layers", "relu2_1", "--style-layers", "relu1_1", "--weights", str(feature_weights)]
    report = base.out.with_suffix(".json")
    assert run(app, [*line, *options, *layers, "--json", str(report)]) == 0
    cells = json.loads(report.read_text())
    assert len(cells) == 5 * 2 + 2 * 5  # figure 3's cells are figure 2's at balance 5
    weights = {name: cell["style_weight"] for name, cell in cells.items()}
    assert weights["bn_balance5_style1"] == pytest.approx(10 * weights["bn_balance0.5_style1"])
    sheet = read_rgb(base.out)
    assert sheet.shape[0] > 8 * 256 and sheet.shape[1] > 6 * 256  # 5 + 1 + 2 rows, 6 columns
    assert f"{base.out}: 20 pictures" in capsys.readouterr().out
    # Nothing but the pictures and what they came to is kept.
    assert {file.suffix for file in base.run_folder().iterdir()} == {".png", ".json"}


def fake_painting(seen: list[OptimizeConfig], fail_at: int | None = None) -> Any:
    """A painter that only notes what it was asked for, so that what is asked for can be told."""

    def paint(config: OptimizeConfig) -> dict[str, Any]:
        if len(seen) == fail_at:
            raise KeyboardInterrupt
        seen.append(config)
        write_png(config.out, np.full((48, 48, 3), 40, dtype=np.uint8))
        return {"ended": "steps"}

    return paint


def test_a_stopped_comparison_goes_on_with_the_cells_that_are_missing(base: OptimizeConfig) -> None:
    comparison = Comparison(base, (0.1, 1.0))
    cells = comparison.cells()
    assert len(cells) == 5 * 2 + 2 * 5 + 2 * 5
    seen: list[OptimizeConfig] = []
    with pytest.raises(KeyboardInterrupt):
        compare(comparison, Cache(comparison, {}), fake_painting(seen, fail_at=7))
    assert read_rgb(base.out).shape[2] == 3  # a sheet of what there is
    compare(comparison, Cache(comparison, {}), fake_painting(seen))
    assert [config.out.stem for config in seen] == [cell.name for cell in cells]


def test_every_cell_is_an_optimisation_of_its_own_loss_balance_and_style(base: OptimizeConfig) -> None:
    comparison = Comparison(base, (0.1, 1.0))
    config = comparison.config_of(Cell("bn:0.7+poly:0.3", 5.0, style=1))
    assert config.loss == "bn:0.7+poly:0.3" and config.balance == 5.0 and config.style_weight is None
    assert config.style_images == (base.style_images[1],) and config.steps == base.steps
    assert [cell.loss for cell in comparison.figure_4()[0]][1:3] == ["bn:0.7+poly:0.3", "bn:0.5+poly:0.5"]
    assert {cell.balance for row in comparison.figure_3() for cell in row} == {5.0}
    assert {cell.loss for row in comparison.figure_2() for cell in row} == set(METHODS)


def test_other_options_than_the_cells_were_painted_with_are_refused(base: OptimizeConfig) -> None:
    compare(Comparison(base, (1.0,)), Cache(Comparison(base, (1.0,)), {"pictures": "a"}), fake_painting([]))
    more = Comparison(base, (1.0, 2.0))
    assert len(Cache(more, {"pictures": "a"}).cells) == 25  # more columns are no other options
    with pytest.raises(OptionError, match=r"steps 2 -> 9.*--fresh"):
        Cache(Comparison(replace(base, steps=9), (1.0,)), {"pictures": "a"})
    with pytest.raises(OptionError, match=r"other options .pictures a -> b"):
        Cache(more, {"pictures": "b"})
    assert Cache(Comparison(replace(base, fresh=True), (1.0,)), {"pictures": "b"}).cells == {}


def test_a_cell_whose_loss_is_no_number_does_not_stop_the_others(base: OptimizeConfig) -> None:
    comparison = Comparison(base, (1.0,))
    seen: list[OptimizeConfig] = []
    paint = fake_painting(seen)

    def paint_badly(config: OptimizeConfig) -> dict[str, Any]:
        summary: dict[str, Any] = paint(config)
        if config.loss == "bn":
            raise NotFiniteError("the loss became nan at step 3")
        return summary

    cache = Cache(comparison, {})
    compare(comparison, cache, paint_badly)
    assert len(seen) == len(comparison.cells())
    assert cache.cells["bn_balance1_style1"] == {"ended": "the loss became nan at step 3"}


def test_a_heading_wider_than_its_cell_stays_on_the_sheet_and_clear_of_its_neighbour() -> None:
    white = np.full((40, 160, 3), 255, dtype=np.uint8)
    long = "0: 0.001, 1: 0.002, 2: 0.003, 3: 0.004"
    sheet = draw_sheet([Block("", ("", long), [Row("", (white, white))])], cell_width=160)
    written = np.flatnonzero((sheet < 128).any(axis=(0, 2)))
    second = sheet.shape[1] - 160 - 6
    assert second - 2 <= written.min() and written.max() < sheet.shape[1] - 4


def test_a_sheet_keeps_the_pixels_of_its_pictures_and_leaves_missing_ones_grey() -> None:
    chance = np.random.default_rng(0)
    picture = chance.integers(0, 256, (30, 40, 3), dtype=np.uint8)
    narrow = np.zeros((30, 10, 3), dtype=np.uint8)
    rows = [Row("row", (picture, None, narrow))]
    sheet = draw_sheet([Block("title", ("one", "two", "three"), rows)], cell_width=40)
    top, left = next(
        (y, x)
        for y in range(sheet.shape[0] - 29)
        for x in range(sheet.shape[1] - 39)
        if (sheet[y, x : x + 40] == picture[0]).all()
    )
    np.testing.assert_array_equal(sheet[top : top + 30, left : left + 40], picture)
    assert (sheet[top : top + 30, left + 46 : left + 86] == 236).all()
    assert (sheet[top : top + 30, left + 92 + 15 : left + 92 + 25] == 0).all()  # in the middle of its cell
    assert (sheet[:top] < 128).any() and (sheet[top : top + 30, :left] < 128).any()  # there is lettering
