from pathlib import Path

import pytest
from meta_makers import write_flat

from realtime.catalog import find_style
from realtime.errors import OptionError
from realtime.style_maker import StyleMaker
from realtime.style_walk import StyleWalk, walk_styles

RED, BLUE = (0, 0, 200), (200, 0, 0)


@pytest.fixture
def ends(meta_network: Path, tmp_path: Path) -> tuple[str, str]:
    return str(write_flat(tmp_path / "red.png", RED)), str(write_flat(tmp_path / "blue.png", BLUE))


def test_a_walk_has_both_ends_and_equal_steps(ends: tuple[str, str]) -> None:
    styles = walk_styles(*ends, 5)
    assert [style.contract.title for style in styles] == [
        "red",
        "red 75%, blue 25%",
        "red 50%, blue 50%",
        "red 25%, blue 75%",
        "blue",
    ]
    assert styles[0].path == find_style(ends[0]).path and styles[-1].path == find_style(ends[1]).path
    assert len({style.path for style in styles}) == 5


def test_each_end_is_looked_at_once(ends: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []
    look = StyleMaker.hidden
    monkeypatch.setattr(StyleMaker, "hidden", lambda self, picture: looked.append(1) or look(self, picture))
    walk_styles(*ends, 9)
    assert len(looked) == 2


def test_mixes_can_be_ends(ends: tuple[str, str]) -> None:
    styles = walk_styles(f"{ends[0]}:0.5,{ends[1]}:0.5", "random:1", 3)
    assert styles[1].contract.title == "red 25%, blue 25%, random-1 50%"


@pytest.mark.parametrize("steps", [1, 34])
def test_a_walk_of_too_few_or_too_many_steps_is_refused(ends: tuple[str, str], steps: int) -> None:
    with pytest.raises(OptionError, match=f"--steps must be from 2 to 33, got {steps}"):
        walk_styles(*ends, steps)


def test_a_viewer_stops_at_both_ends(ends: tuple[str, str]) -> None:
    styles = walk_styles(*ends, 3)
    walk = StyleWalk(styles)
    places = [styles.index(walk.move(steps)) for steps in (-1, 1, 1, 1, -1, -5)]
    assert places == [0, 1, 2, 2, 1, 0]


def test_a_style_of_no_weight_counts_for_nothing(ends: tuple[str, str]) -> None:
    assert find_style(f"{ends[0]}:1,{ends[1]}:0").path == find_style(ends[0]).path
