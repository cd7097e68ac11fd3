"""The scripts that trained what ships, with a `python` that only writes down what it was asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from training.config_meta import default_layers

RECIPES = Path(__file__).parents[2] / "training" / "recipes"
# A recurrent network's export is two files; which it is, the name says here.
_PYTHON = """#!/bin/sh
echo "$*" >> asked.txt
[ "$2" = export ] || exit 0
folder=; name=$(basename "$3" .pt)
while [ $# -gt 0 ]; do [ "$1" != --out ] || folder=$2; shift; done
[ -n "$folder" ] || exit 0
mkdir -p "$folder"
echo new > "$folder/$name.onnx"
case $name in *recurrent*) echo new > "$folder/$name.steady.onnx";; esac
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="wants a `python` that is a script")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder such as the recipes are run in, with what ships under two names, and that `python`."""
    for name in ("plain", "recurrent"):
        for end in ("onnx", "steady.onnx"):
            file = tmp_path / "realtime" / "styles" / f"{name}.{end}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("old\n")
    (tmp_path / "realtime" / "models").mkdir()
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(_PYTHON)
    python.chmod(0o755)
    return tmp_path


def run(checkout: Path, recipe: str, *arguments: str, **variables: str) -> list[str]:
    """Run a recipe and return what it asked of `python`, a command a line."""
    folders = ("PHOTOGRAPHS", "PAINTINGS", "HELD_OUT_PHOTOGRAPHS", "HELD_OUT_PAINTINGS")
    path = f"{checkout / 'bin'}:/usr/bin:/bin"
    env = {"PATH": path, **dict.fromkeys(folders, "pictures"), **variables}
    subprocess.run(["sh", RECIPES / recipe, *arguments], cwd=checkout, env=env, check=True)
    return (checkout / "asked.txt").read_text().splitlines()


@pytest.mark.parametrize(
    ("recipe", "name", "steady"),
    [
        ("turbo.sh", "plain", None),
        ("further.sh", "plain", None),
        ("recurrent.sh", "recurrent", "new\n"),
    ],
)
def test_a_style_that_ships_is_replaced_with_its_steady_half_and_its_hash(
    checkout: Path, recipe: str, name: str, steady: str | None
) -> None:
    teacher = ["teacher.pt"] if recipe == "turbo.sh" else []
    asked = run(checkout, recipe, name, "Title", "Artist", "1900", *teacher)
    styles = checkout / "realtime" / "styles"
    assert (styles / f"{name}.onnx").read_text() == "new\n"
    half = styles / f"{name}.steady.onnx"
    assert (half.read_text() if half.exists() else None) == steady
    assert asked[-2].startswith(f"-m export out/{name}.pt") and asked[-2].endswith("--out out/styles")
    assert asked[-1] == "-m realtime.shipped_hashes"


def test_a_student_is_put_where_it_ships_with_its_hash_or_somewhere_else(checkout: Path) -> None:
    asked = run(checkout, "student_cpu.sh")
    assert (checkout / "realtime" / "models" / "student.onnx").read_text() == "new\n"
    assert asked[-2:] == ["-m export out/student.pt --to onnx --out out/models", "-m realtime.shipped_hashes"]
    (checkout / "mine").mkdir()
    assert run(checkout, "student_cpu.sh", MODELS="mine")[-1].endswith("--out out/models")
    assert (checkout / "mine" / "student.onnx").is_file()


def test_a_style_is_of_the_same_layers_in_both_parts_of_the_meta_networks_training(checkout: Path) -> None:
    (checkout / "pictures" / "prints").mkdir(parents=True)
    asked = [line for line in run(checkout, "meta_cpu.sh") if "-m training meta" in line]
    layers = ",".join(default_layers("small")["encoder_layers"])
    for line in asked:
        assert "--features small" in line or f"--encoder-layers {layers} " in line
    assert len(asked) == 4


def test_no_recipe_exports_straight_over_a_style_that_ships() -> None:
    for recipe in RECIPES.glob("*.sh"):
        assert "--out realtime/styles" not in recipe.read_text(), recipe.name
