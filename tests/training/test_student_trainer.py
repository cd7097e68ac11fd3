from pathlib import Path
from typing import Any

import pytest
import torch

from training.checkpoint import load_checkpoint, load_student_net
from training.cli import app
from training.config_student import StudentConfig
from training.console import run
from training.devices import Placement
from training.errors import CheckpointError, OptionError
from training.student_objective import RegionMoments, by_area, draw_axes
from training.student_trainer import StudentTrainer


def line(out: Path, pictures: Path, weights: Path, *more: str) -> list[str]:
    folders = ["--styles", str(pictures), "--content", str(pictures), "--weights", str(weights)]
    sizes = ["--batch-size", "2", "--crop-size", "64", "--device", "cpu", "--precision", "fp32"]
    return ["student", "-o", str(out), *folders, *sizes, *more]


def weights_of(file: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load_checkpoint(file)["weights"]
    return found


def test_the_command_trains_and_goes_on_exactly_where_it_was_stopped(
    photographs: Path, feature_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parted = tmp_path / "whole.pt", tmp_path / "parted.pt"
    more = ("--steps", "4", "--checkpoint-minutes", "0")
    assert run(app, line(whole, photographs, feature_weights, *more)) == 0
    stopped = StudentTrainer._train_step

    def stop_at_two(self: StudentTrainer, content_image: torch.Tensor | None) -> dict[str, float]:
        if self.step == 2:
            raise KeyboardInterrupt
        return stopped(self, content_image)

    monkeypatch.setattr(StudentTrainer, "_train_step", stop_at_two)
    assert run(app, line(parted, photographs, feature_weights, *more)) != 0
    assert not parted.exists()
    monkeypatch.undo()
    assert run(app, line(parted, photographs, feature_weights, *more)) == 0
    there, here = weights_of(whole), weights_of(parted)
    assert all(torch.equal(there[name], here[name]) for name in there)
    assert (whole.with_suffix(".run") / "samples_000004.png").is_file()
    network, content = load_student_net(whole)
    assert content["kind"] == "student" and content["training"]["pictures"] == 8
    assert not network.training


def test_a_longer_schedule_goes_on_from_the_same_checkpoint(
    photographs: Path, feature_weights: Path, tmp_path: Path
) -> None:
    out = tmp_path / "student.pt"
    assert run(app, line(out, photographs, feature_weights, "--steps", "1")) == 0
    assert run(app, line(out, photographs, feature_weights, "--steps", "2")) == 0
    assert load_checkpoint(out)["training"]["pictures"] == 4


def small_config(photographs: Path, weights: Path, folder: Path, **options: Any) -> StudentConfig:
    return StudentConfig(
        content=photographs,
        styles=(photographs,),
        out=folder / "s.pt",
        weights=weights,
        crop_size=64,
        precision="fp32",
        device="cpu",
        **options,
    )


def test_each_picture_is_painted_in_its_own_style_and_its_neighbour_s(
    photographs: Path, feature_weights: Path, tmp_path: Path
) -> None:
    config = small_config(photographs, feature_weights, tmp_path, masked=1.0, batch_size=3)
    trainer = StudentTrainer(config, Placement("cpu", "fp32"))
    batch = next(trainer._batches())
    assert batch is not None
    practice = trainer.practice(batch)
    assert practice.styles.tolist() == [[0, 2], [1, 0], [2, 1]]
    torch.testing.assert_close(practice.masks.sum(dim=1), torch.ones(3, 64, 64))
    assert practice.style_masks.min() == 0  # statistics of a part only
    again = trainer.practice(batch)
    assert torch.equal(again.style_image, practice.style_image) and torch.equal(again.masks, practice.masks)


def test_the_sheet_s_styles_are_where_the_network_is(
    photographs: Path, feature_weights: Path, tmp_path: Path
) -> None:
    config = small_config(photographs, feature_weights, tmp_path)
    place = Placement("cpu", "fp32")
    place.device = torch.device("meta")  # stands for a GPU: not where pictures are read to
    trainer = StudentTrainer(config, place)
    everything = [*trainer.network.parameters(), *trainer.held_out]
    assert {one.device.type for one in everything} == {"meta"}


def test_options_that_make_no_sense_are_named(tmp_path: Path) -> None:
    common = {"content": tmp_path, "out": tmp_path / "s.pt"}
    with pytest.raises(OptionError, match="--crop-size must be a multiple of 4"):
        StudentConfig(styles=(tmp_path,), crop_size=102, style_size=256, **common)
    with pytest.raises(OptionError, match="--style-size must be a multiple of 16"):
        StudentConfig(styles=(tmp_path,), crop_size=100, **common)
    with pytest.raises(OptionError, match="--styles"):
        StudentConfig(styles=(), **common)
    with pytest.raises(OptionError, match="a student is trained on one device"):
        StudentConfig(styles=(tmp_path,), batch_size=3, devices=2, **common)


def test_another_kind_of_checkpoint_is_no_student(tmp_path: Path) -> None:
    torch.save({"format": "livebrush", "version": 1, "kind": "meta"}, tmp_path / "meta.pt")
    with pytest.raises(CheckpointError, match="not student"):
        load_student_net(tmp_path / "meta.pt")


def test_moments_of_a_region_are_those_of_its_places_alone() -> None:
    torch.manual_seed(0)
    features, masks = torch.rand(2, 6, 8, 8), torch.zeros(2, 2, 8, 8)
    masks[:, 0, :4], masks[:, 1, 4:] = 1, 1
    axes = draw_axes(6, torch.Generator().manual_seed(0))
    found = RegionMoments.of(features, masks, axes)
    above = features[:, :, :4].flatten(2)  # (N, C, P)
    torch.testing.assert_close(found.mean[:, 0], above.mean(2))
    torch.testing.assert_close(found.deviation[:, 0], above.std(2, correction=0), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(found.moments[:, 0], above @ above.mT / above.shape[2])
    assert float(found.distance(found).abs().max()) == 0


def test_sketched_axes_are_orthogonal_and_few() -> None:
    axes = draw_axes(200, torch.Generator().manual_seed(1))
    torch.testing.assert_close(axes @ axes.T, torch.eye(len(axes)), rtol=0, atol=1e-5)
    assert axes.shape == (32, 200)


def test_a_region_of_a_few_pixels_has_no_say() -> None:
    masks = torch.zeros(1, 2, 10, 10)
    masks[:, 0], masks[:, 1, 0, 0] = 1, 1
    assert by_area(torch.tensor([[0.5, 100.0]]), masks).item() == pytest.approx(0.5)
