import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from training.devices import Placement
from training.images import read_rgb, resize_short_side, to_tensor
from training.judge.fixed_loss import STYLE_WEIGHT, JudgeLoss, Score
from training.judge.photographs import load_photograph, spread
from training.judge.references import Reference, References
from training.judge.speed import measure_speed
from training.losses import gram_matrix, relative_content_loss, relative_style_loss
from training.perception import LayerRef
from training.style_files import Painter


@pytest.fixture(scope="module")
def judge(style_picture: Path, feature_weights: Path) -> JudgeLoss:
    return JudgeLoss(style_picture, feature_weights, Placement("cpu", "fp32"))


@pytest.fixture
def content_image(photographs: Path) -> torch.Tensor:
    return load_photograph(photographs / "0.png", 64)


def test_the_loss_is_the_documented_one(
    judge: JudgeLoss, style_picture: Path, content_image: torch.Tensor
) -> None:
    painted = torch.rand(content_image.shape, generator=torch.Generator().manual_seed(1))
    score = judge.score(painted, judge.target(content_image))
    vgg, small = judge.perception.loaded["vgg19"].network, judge.perception.loaded["small"].network
    style_image = to_tensor(resize_short_side(read_rgb(style_picture), 384))[None]
    style = 0.0
    for network, layer in [
        *((vgg, name) for name in ("relu1_1", "relu2_1", "relu3_1", "relu3_4")),
        (small, "relu4_1"),
    ]:
        gram = gram_matrix(network(style_image, (layer,))[layer])[0]
        style += float(relative_style_loss(network(painted, (layer,))[layer], gram)) / 5
    content = relative_content_loss(
        vgg(painted, ("relu3_3",))["relu3_3"], vgg(content_image, ("relu3_3",))["relu3_3"]
    )
    assert score.style == pytest.approx(style, rel=1e-4)
    assert score.content == pytest.approx(float(content), rel=1e-4)
    assert score.total == pytest.approx(float(content) + 8 * style, rel=1e-4)


def test_a_photograph_loses_no_content_and_the_style_picture_no_style(judge: JudgeLoss) -> None:
    style_image = judge.style_picture
    score = judge.score(style_image, judge.target(style_image))
    assert score.content == 0
    assert score.style < 1e-10


def test_the_weights_are_named_with_their_hash(judge: JudgeLoss) -> None:
    assert judge.weights["vgg19"]["source"] == "vgg19_features_to_conv3_4.safetensors"
    assert len(judge.weights["small"]["sha256"]) == 64
    assert LayerRef("small", "relu4_1") in judge.style_refs


def test_optimisation_is_done_once_and_found_again(
    judge: JudgeLoss, content_image: torch.Tensor, tmp_path: Path
) -> None:
    seen: list[int] = []
    references = References(tmp_path, judge)
    first = references.descend(content_image, steps=6, progress=lambda step, _: seen.append(step))
    again = references.descend(content_image, steps=6, progress=lambda step, _: seen.append(step))
    assert seen == [1, 2, 3, 4, 5, 6]
    assert again == first
    assert first.steps == 6
    assert first.totals[-1] < 0.9 * first.totals[0]
    assert first.totals[-1] == first.final.total


def test_another_photograph_or_start_is_another_reference(
    judge: JudgeLoss, content_image: torch.Tensor, tmp_path: Path
) -> None:
    references = References(tmp_path, judge)
    references.descend(content_image, steps=2)
    references.descend(content_image, steps=2, start="noise")
    references.descend(1 - content_image, steps=2)
    assert len(list(tmp_path.glob("*.json"))) == 3


def test_other_steps_are_another_reference(
    judge: JudgeLoss, content_image: torch.Tensor, tmp_path: Path
) -> None:
    references = References(tmp_path, judge)
    seen: list[int] = []
    for steps in (4, 6, 3, 4):  # the last is there already
        found = references.descend(content_image, steps=steps, progress=lambda step, _: seen.append(step))
        assert found.steps == steps
        alone = References(tmp_path / str(steps), judge).descend(content_image, steps=steps)
        assert (found.totals, found.final) == (alone.totals, alone.final)
    assert len(seen) == 4 + 6 + 3


def test_a_killed_optimisation_goes_on_exactly(
    judge: JudgeLoss, content_image: torch.Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.judge.references._SAVE_EVERY", 4)
    whole = References(tmp_path / "whole", judge).descend(content_image, steps=9)

    class Killed(Exception):
        pass

    def kill(step: int, _: float) -> None:
        if step == 6:
            raise Killed

    cut = References(tmp_path / "cut", judge)
    with pytest.raises(Killed):
        cut.descend(content_image, steps=9, progress=kill)
    steps: list[int] = []
    resumed = cut.descend(content_image, steps=9, progress=lambda step, _: steps.append(step))
    assert steps == [5, 6, 7, 8, 9]
    assert resumed.totals == whole.totals


def test_a_run_until_a_total_stops_there_and_is_carried_on_for_a_lower_one(
    judge: JudgeLoss, content_image: torch.Tensor, tmp_path: Path
) -> None:
    references = References(tmp_path, judge)
    whole = References(tmp_path / "whole", judge).descend(content_image, steps=12, start="noise")
    halfway = references.descend(content_image, steps=12, start="noise", until=whole.totals[5])
    assert halfway.steps == 6  # the total of a step is known when the next one is taken
    assert references.descend(content_image, steps=12, start="noise") == replace(
        whole, picture=halfway.picture
    )


def test_steps_to_a_total_are_counted_from_the_start() -> None:
    reference = Reference("noise", (9.0, 5.0, 2.0, 1.0), Score(0.2, 0.1), Path("x.png"))
    assert [reference.steps_to(total) for total in (10, 5, 1.5, 0.5)] == [0, 1, 3, None]


def test_a_broken_reference_is_done_anew(
    judge: JudgeLoss, content_image: torch.Tensor, tmp_path: Path
) -> None:
    references = References(tmp_path, judge)
    good = references.descend(content_image, steps=2)
    file = next(tmp_path.glob("*.json"))
    file.write_text(json.dumps({"totals": "none"}))
    assert references.descend(content_image, steps=2) == good


def test_spread_keeps_its_first_photographs_when_more_are_asked_for() -> None:
    files = [Path(f"{number}.png") for number in range(41)]
    five = spread(files, 5)
    assert spread(files, 3) == five[:3]
    assert len(set(spread(files, 41))) == 41 and len(spread(files, 99)) == 41
    assert {int(file.stem) // 14 for file in five[:3]} == {0, 1, 2}  # one of each third


def test_the_speed_up_is_that_of_so_many_steps_over_one_pass(
    judge: JudgeLoss, content_image: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    def clock() -> float:
        return now

    def paint(image: torch.Tensor) -> torch.Tensor:
        nonlocal now
        now += 0.25
        return image

    # A step takes no time on this clock but for what the loss adds to it.
    loss = judge.descent_loss

    def slow_loss(target: object) -> object:
        inner = loss(target)  # type: ignore[arg-type]

        def evaluate(image: torch.Tensor) -> object:
            nonlocal now
            now += 2.0
            return inner(image)

        return evaluate

    monkeypatch.setattr(judge, "descent_loss", slow_loss)
    painter = Painter("none", Path("none.pt"), "none", {}, paint)
    speed = measure_speed(painter, judge, content_image, steps=500, rounds=3, clock=clock)
    assert (speed.network_s, speed.step_s) == (0.25, 2.0)
    assert speed.speed_up == 500 * 2.0 / 0.25


def test_the_picture_that_is_timed_is_where_the_loss_is(
    judge: JudgeLoss, content_image: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    class Descent:
        def __init__(self, picture: torch.Tensor, loss: object) -> None:
            seen.append(picture.device.type)

        def step(self) -> None:
            pass

    target = judge.target(content_image)
    monkeypatch.setattr(judge, "target", lambda _: target)
    monkeypatch.setattr(judge.placement, "device", torch.device("meta"))  # stands for a GPU
    monkeypatch.setattr("training.judge.speed.PictureDescent", Descent)
    painter = Painter("none", Path("none.pt"), "none", {}, lambda image: image)
    measure_speed(painter, judge, content_image, steps=5, rounds=1)
    assert seen == ["meta"]


def test_the_total_weighs_the_style_eight_times() -> None:
    assert Score(0.5, 0.25).total == 0.5 + STYLE_WEIGHT * 0.25 == 2.5
