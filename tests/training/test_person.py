"""The network that finds people, and all that it is trained and judged by."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from export.errors import ExportError
from export.other_kinds import load_person
from training.checkpoint import load_checkpoint
from training.config_person import EvaluatePersonConfig, PersonConfig
from training.devices import Placement
from training.errors import CheckpointError, DataError, OptionError, WeightsError
from training.feature_weights import load_feature_net
from training.networks.person_net import SQUEEZENET_PLACES, PersonNet, read_squeezenet
from training.networks.person_teacher import PersonTeacherNet
from training.people import Pair, fit_size, read_backgrounds, read_pairs, split_people
from training.people_practice import Practice
from training.person_loss import dice_loss, edge_weights, person_loss
from training.person_metrics import edge_f, edge_iou, iou, score
from training.person_networks import SQUEEZENET, begin_trained, load_person_net
from training.person_trainer import PersonTrainer


def make_pair(number: int, side: int = 64) -> Pair:
    """A light disc on a dark ground stands for a person."""
    rng = np.random.default_rng(number)
    mask = np.zeros((side, side), np.uint8)
    cv2.circle(mask, (int(rng.integers(24, 40)), int(rng.integers(24, 40))), 14, 255, -1)
    image = rng.integers(0, 60, (side, side, 3), dtype=np.uint8)
    image[mask > 0] += 150
    return Pair(f"p{number:02d}", image, mask)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    for number in range(9):
        pair = make_pair(number)
        for kind, picture in (("images", pair.image), ("masks", pair.mask)):
            file = folder / "labelled" / kind / f"{pair.name}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(file), picture)
    return folder


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rooms")
    for name in ("house_1.png", "people_1.png"):
        cv2.imwrite(str(folder / name), np.full((220, 240, 3), 90, np.uint8))
    return folder


def configured(people: Path, out: Path, **more: object) -> PersonConfig:
    plain = {"people": people, "out": out, "steps": 4, "batch_size": 2, "area": 4096, "sample_every": 2}
    return PersonConfig(**{**plain, "precision": "fp32", **more})  # type: ignore[arg-type]


def weights_of(file: Path) -> dict[str, Tensor]:
    return dict(load_person_net(file)[0].state_dict())


def test_the_network_answers_at_the_size_it_was_asked_and_refuses_other_multiples() -> None:
    network = PersonNet().eval()
    with torch.no_grad():
        assert network(torch.rand(2, 3, 64, 96)).shape == (2, 1, 64, 96)
    with pytest.raises(ValueError, match="multiples of 16"):
        network(torch.rand(1, 3, 64, 90))


def test_every_corner_of_a_picture_reaches_every_other() -> None:
    network = PersonNet().eval()
    image = torch.rand(1, 3, 128, 224, requires_grad=True)
    network(image)[0, 0, 0, 0].backward()
    assert image.grad is not None
    assert float(image.grad[0, :, -8:, -8:].abs().sum()) > 0


def test_squeezenets_first_modules_are_taken_over_by_name() -> None:
    source, network = PersonNet(), PersonNet()
    places = {"conv1": 0, "fire2": 3, "fire3": 4, "fire4": 5, "fire5": 7, "fire6": 8, "fire7": 9}
    weights = {
        f"features.{places[name.split('.')[0]]}.{name.partition('.')[2]}": value.detach()
        for name, value in source.named_parameters()
        if name in source.encoder_names()
    }
    read_squeezenet(network, weights)
    for name in network.encoder_names():
        torch.testing.assert_close(network.get_parameter(name), source.get_parameter(name))
    with pytest.raises(KeyError):
        read_squeezenet(network, {})


def squeezenet_of(network: PersonTeacherNet) -> dict[str, Tensor]:
    """The weights that a teacher has of SqueezeNet, by torchvision's names."""
    return {
        f"features.{SQUEEZENET_PLACES[name.split('.')[0]]}.{name.partition('.')[2]}": value.detach()
        for name, value in network.named_parameters()
        if name.startswith(("conv1", "fire"))
    }


def test_the_teacher_sees_as_squeezenet_and_vgg_did_and_only_vgg_stays_so(
    people: Path, feature_weights: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(feature_weights, folder)
    with pytest.raises(WeightsError, match="no squeezenet"):
        begin_trained(PersonTeacherNet(), folder)
    fire9 = torch.randn(64, 512, 1, 1)
    save_file({**squeezenet_of(PersonTeacherNet()), "features.12.squeeze.weight": fire9}, folder / SQUEEZENET)
    config = configured(people, tmp_path / "a.pt", preset="teacher", weights=folder, steps=2)
    trainer = PersonTrainer(config, Placement("cpu", "fp32"))
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    torch.testing.assert_close(before["fire9.squeeze.weight"], fire9)
    trainer.run()
    network, content = load_person_net(tmp_path / "a.pt")
    assert isinstance(network, PersonTeacherNet)
    assert content["preset"] == "teacher"
    vgg, small_vgg = network.vgg.state_dict(), load_feature_net("small", feature_weights).network.state_dict()
    torch.testing.assert_close(vgg, small_vgg, rtol=0, atol=0)
    assert not torch.equal(trainer.network.state_dict()["fire9.squeeze.weight"], fire9)
    with pytest.raises(ValueError, match="multiples of 16"):
        network(torch.rand(1, 3, 64, 90))
    with pytest.raises(OptionError, match="is of preset teacher, not small"):
        PersonTrainer(configured(people, tmp_path / "b.pt", init_from=tmp_path / "a.pt"), trainer.placement)


def test_a_sample_is_learnt_partly_as_the_teacher_sees_it(people: Path, tmp_path: Path) -> None:
    PersonTrainer(configured(people, tmp_path / "a.pt", preset="teacher"), Placement("cpu", "fp32")).run()
    teacher = load_person_net(tmp_path / "a.pt")[0]
    image, mask = torch.rand(2, 3, 64, 64), torch.ones(2, 1, 64, 64)
    for share in (0.0, 0.25, 1.0):
        config = configured(people, tmp_path / "b.pt", teacher=tmp_path / "a.pt", teacher_share=share)
        trainer = PersonTrainer(config, Placement("cpu", "fp32"))
        with torch.no_grad():
            expected = (1 - share) * mask + share * teacher(image).sigmoid()
        torch.testing.assert_close(trainer._ask_teacher(image, mask), expected)
    trainer.run()
    assert load_checkpoint(tmp_path / "b.pt")["training"]["teacher_share"] == 1
    with pytest.raises(OptionError, match="--teacher-share must be between 0 and 1"):
        configured(people, tmp_path / "c.pt", teacher_share=2)


def test_the_teacher_does_not_leave(people: Path, tmp_path: Path) -> None:
    PersonTrainer(configured(people, tmp_path / "a.pt", preset="teacher"), Placement("cpu", "fp32")).run()
    with pytest.raises(ExportError, match="is a teacher"):
        load_person(str(tmp_path / "a.pt"))


def test_the_loss_is_lowest_where_the_mask_is_right_and_knows_empty_pictures() -> None:
    mask = torch.zeros(2, 1, 16, 16)
    mask[0, :, 4:12, 4:12] = 1  # nobody in the second
    right = person_loss(20 * (2 * mask - 1), mask)[1]
    wrong = person_loss(-20 * (2 * mask - 1), mask)[1]
    assert right["total"] < 1e-3 < 1 < wrong["total"]
    assert float(dice_loss(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4))) == 0


def test_pixels_along_an_edge_weigh_more_than_those_far_from_one() -> None:
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., :8] = 1
    weights = edge_weights(mask)[0, 0, 5]
    assert weights.tolist() == [1.0] * 6 + [3.0] * 4 + [1.0] * 6


def test_overlap_and_edges_of_masks_worked_by_hand() -> None:
    true = np.zeros((40, 40), bool)
    true[10:30, 10:30] = True
    moved = np.roll(true, 5, axis=1)
    assert iou(moved, true) == pytest.approx(300 / 500)
    assert edge_iou(true, true) == edge_f(true, true) == iou(~true & true, ~true & true) == 1
    assert edge_f(moved, true) < 0.8
    assert edge_f(true & False, true) == 0


def test_a_finder_that_knows_the_answer_scores_one_at_any_size() -> None:
    pair = make_pair(1, side=64)
    scores = score(lambda image: image[..., 0].astype(np.float32) / 255 * 1.5, [pair], 4096)
    assert scores[0].iou > 0.98


@pytest.mark.parametrize(("hw", "area"), [((360, 640), 25_600), ((640, 360), 25_600), ((100, 100), 16_384)])
def test_a_size_keeps_proportions_in_multiples_of_sixteen(hw: tuple[int, int], area: int) -> None:
    height, width = fit_size(*hw, area)
    assert height % 16 == width % 16 == 0
    assert abs(np.log(width / height * hw[0] / hw[1])) < 0.12
    assert abs(np.log(height * width / area)) < 0.15


def test_practice_is_the_same_for_the_same_number_and_masks_follow_their_people() -> None:
    pairs, room = [make_pair(k) for k in range(4)], np.full((200, 260, 3), 20, np.uint8)
    practice = Practice(pairs, [room], seed=3)
    seen_nobody = 0
    for number in range(40):
        image, mask = practice.sample(number, (64, 96))
        again = practice.sample(number, (64, 96))
        assert image.shape == (64, 96, 3) and mask.shape == (64, 96)
        assert image.min() >= 0 and image.max() <= 1 and np.isfinite(image).all()
        np.testing.assert_array_equal(image, again[0])
        np.testing.assert_array_equal(mask, again[1])
        seen_nobody += mask.max() == 0
        inside, outside = mask > 0.99, mask < 0.01
        if inside.sum() > 50 and outside.sum() > 50:
            assert image[inside].mean() > image[outside].mean()
    assert 0 < seen_nobody < 20


def test_only_pictures_that_show_nobody_by_name_become_backgrounds(rooms: Path, tmp_path: Path) -> None:
    assert len(read_backgrounds(rooms)) == 1
    cv2.imwrite(str(tmp_path / "people_2.png"), np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(DataError, match="backgrounds must be empty"):
        read_backgrounds(tmp_path)


def test_what_is_held_out_is_never_practised_on(people: Path) -> None:
    practised, held_out = split_people(people)
    assert {pair.name for pair in held_out} == {"p00", "p08"}
    assert not {pair.name for pair in practised} & {pair.name for pair in held_out}


def test_a_mask_of_another_size_is_named(tmp_path: Path) -> None:
    for kind, side in (("images", 20), ("masks", 16)):
        (tmp_path / kind).mkdir()
        cv2.imwrite(str(tmp_path / kind / "one.png"), np.zeros((side, side, 3), np.uint8))
    with pytest.raises(DataError, match=r"one\.png is \(16, 16\)"):
        read_pairs(tmp_path)


@pytest.mark.parametrize("preset", ["small", "teacher"])  # the teacher drops some of what it sees
def test_a_training_that_was_stopped_goes_on_exactly(
    people: Path, rooms: Path, tmp_path: Path, preset: str
) -> None:
    place = Placement("cpu", "fp32")
    whole = configured(people, tmp_path / "whole.pt", content=rooms, preset=preset)
    PersonTrainer(whole, place).run()
    stopped = PersonTrainer(configured(people, tmp_path / "parts.pt", content=rooms, preset=preset), place)
    for step in range(2):
        stopped._train_step(*stopped._batch(step))
        stopped.step += 1
    stopped.save()
    resumed = PersonTrainer(configured(people, tmp_path / "parts.pt", content=rooms, preset=preset), place)
    assert resumed.step == 2
    resumed.run()
    found = weights_of(tmp_path / "parts.pt")
    for name, value in weights_of(tmp_path / "whole.pt").items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=0, msg=name)
    log = json.loads((tmp_path / "whole.run" / "losses.json").read_text())
    assert [row["step"] for row in log["held_out"]] == [2, 4] and len(log["losses"]) == 4
    assert (tmp_path / "whole.run" / "samples_000004.png").is_file()
    with pytest.raises(OptionError, match="seed"):
        PersonTrainer(configured(people, tmp_path / "parts.pt", content=rooms, preset=preset, seed=1), place)


def test_a_training_begins_as_another_ended(people: Path, tmp_path: Path) -> None:
    place = Placement("cpu", "fp32")
    PersonTrainer(configured(people, tmp_path / "first.pt", steps=2), place).run()
    second = PersonTrainer(configured(people, tmp_path / "second.pt", init_from=tmp_path / "first.pt"), place)
    first = weights_of(tmp_path / "first.pt")
    for network in (second.network, second.averaged):
        for name, value in network.state_dict().items():
            torch.testing.assert_close(value, first[name], rtol=0, atol=0, msg=name)
    with pytest.raises(OptionError, match="give one of them"):
        configured(people, tmp_path / "x.pt", weights=tmp_path, init_from=tmp_path / "first.pt")


def test_bad_options_are_named(people: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="batch-size"):
        configured(people, tmp_path / "a.pt", batch_size=1)
    with pytest.raises(OptionError, match=r"\.pt"):
        configured(people, tmp_path / "a.onnx")
    with pytest.raises(OptionError, match=r"NAME\.pt or NAME\.onnx"):
        EvaluatePersonConfig(network=tmp_path / "a.txt", people=people)
    torch.save({"format": "livebrush", "version": 1, "kind": "transform"}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="transform, not person"):
        load_person_net(tmp_path / "other.pt")
