from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from training.checkpoint import load_checkpoint, save_checkpoint
from training.cli import app
from training.config_student import StudentConfig
from training.console import run
from training.devices import Placement
from training.errors import OptionError
from training.images import list_pictures, read_rgb, to_tensor
from training.networks.meta_style import MetaPlan, build_meta_style
from training.networks.student_net import StudentNet
from training.networks.transform_net import build_transform_net
from training.student_teacher import StudentTeacher
from training.student_trainer import StudentTrainer

ENCODED = 64


def write_meta(file: Path, encoder: str = "small") -> Path:
    torch.manual_seed(0)
    plan = MetaPlan("turbo", statistics=300, numbers=256, generate="more", hidden=128, encoder=encoder)
    weights = build_meta_style(plan).state_dict()
    content = {"kind": "meta", "plan": asdict(plan), "encoder": {"layers": [], "style_size": ENCODED}}
    save_checkpoint(file, {**content, "weights": weights, "training": {"features": "small"}})
    return file


def load(file: Path) -> StudentTeacher:
    return StudentTeacher.load(file, torch.device("cpu"))


def test_every_region_is_painted_by_the_network_of_its_painting(tmp_path: Path) -> None:
    teacher = load(write_meta(tmp_path / "meta.pt"))
    chance = torch.Generator().manual_seed(1)
    content, style = torch.rand(2, 3, 64, 72, generator=chance), torch.rand(3, 3, 40, 40, generator=chance)
    left = torch.zeros(2, 1, 64, 72)
    left[..., :30], left[..., 30:34] = 1, 0.25
    masks, styles = torch.cat([left, 1 - left], 1), torch.tensor([[2, 0], [0, 1]])
    placement = Placement("cpu", "fp32")
    found = teacher.paint(content, masks, style, styles, placement.autocast)

    seen = functional.interpolate(style, (ENCODED, ENCODED), mode="bilinear", antialias=True)
    networks = []
    for vector in teacher.meta_style.style_vector(seen, None):
        network = build_transform_net("turbo")
        network.load_state_dict(teacher.meta_style.meta_net.generate(vector))
        networks.append(network.eval())
    for n, (first, second) in enumerate(styles.tolist()):
        with torch.no_grad():
            one, other = networks[first](content[n : n + 1]), networks[second](content[n : n + 1])
        expected = left[n] * one[0] + (1 - left[n]) * other[0]
        torch.testing.assert_close(found[n], expected, rtol=1e-4, atol=1e-4)
    assert not found.requires_grad


def test_a_student_comes_to_paint_like_its_teacher(
    photographs: Path, feature_weights: Path, tmp_path: Path
) -> None:
    meta, out, fresh = write_meta(tmp_path / "meta.pt"), tmp_path / "student.pt", tmp_path / "fresh.pt"
    content = {"kind": "student", "preset": "student", "weights": StudentNet().state_dict()}
    save_checkpoint(fresh, {**content, "training": {}})
    folders = ["--styles", str(photographs), "--content", str(photographs), "--weights", str(feature_weights)]
    options = ["--batch-size", "2", "--crop-size", "64", "--style-size", "80", "--device", "cpu"]
    options += ["--teacher", str(meta), "--steps", "20", "--learning-rate", "5e-3", "--masked", "0.5"]
    options += ["--init-from", str(fresh)]
    assert run(app, ["student", "-o", str(out), *folders, *options]) == 0
    content = load_checkpoint(out)
    assert content["training"]["teacher"] == "meta.pt" and not content["training"]["feature_networks"]

    def distance(init_from: Path | None) -> float:
        config = StudentConfig(
            content=photographs, styles=(photographs,), out=tmp_path / "x.pt", init_from=init_from,
            teacher=meta, style_size=80, batch_size=2, crop_size=64, device="cpu",
        )  # fmt: skip
        trainer = StudentTrainer(config, Placement("cpu", "fp32"))
        files = list_pictures(photographs)[:2]
        images = torch.stack([to_tensor(read_rgb(file))[:, :64, :64] for file in files])
        return trainer._loss(images)[1]["distance"]

    begun = distance(fresh)
    assert distance(out) < 0.7 * begun
    assert distance(None) < 0.5 * begun  # which begins as what all of its teacher's styles share


def test_a_meta_network_that_reads_no_pictures_cannot_teach(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no encoder of its own.*--encoder small"):
        load(write_meta(tmp_path / "meta.pt", encoder="vgg"))
