from pathlib import Path
from typing import Any

import pytest

from training.config import StyleCredits, TransformConfig
from training.errors import OptionError


def make_config(**changes: Any) -> TransformConfig:
    credits = StyleCredits("x", "X", "nobody", "1900")
    paths = {"style_image": Path("x.png"), "content": Path("photos"), "out": Path("x.pt")}
    return TransformConfig(**{**paths, "credits": credits, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "--steps must be between 1 and"),
        ({"crop_size": 32}, "--crop-size must be between 64 and 2048, instead got 32"),
        ({"style_sizes": (384, 20)}, "--style-size must be between 64 and 4096, instead got 20"),
        ({"style_sizes": ()}, "at least one --style-size"),
        ({"learning_rate": float("nan")}, "--learning-rate must be between"),
        (
            {"preset": "huge"},
            "must be one of turbo, recurrent, fast, full, paper, instead got 'huge'",
        ),
        ({"features": "resnet"}, "--features must be one of vgg16, vgg19, small"),
        ({"content_weight": 0.0, "style_weight": 0.0}, "nothing to learn"),
        ({"style_layers": ()}, "--style-layers is empty"),
        ({"tv_gamma": 2.0}, "--tv-gamma only means something with --tv-form gamma"),
        ({"out": Path("x.onnx")}, "must end in .pt"),
        ({"devices": 0}, "--devices must be between 1 and 64"),
        ({"devices": 2, "batch_size": 1}, "--batch-size 1 is no multiple of --devices 2"),
        ({"devices": 2, "batch_size": 3}, "--batch-size 3 is no multiple of --devices 2"),
    ],
)
def test_options_that_make_no_sense_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message.replace("(", r"\(")):
        make_config(**changes)


def test_identity_holds_what_decides_the_result_and_no_path_of_this_machine() -> None:
    identity = make_config(content=Path("/home/someone/photos"), run_dir=Path("/tmp/x")).identity()
    assert identity["content"] == "photos" and identity["style_weight"] == 8.0
    assert not any("/" in str(value) for value in identity.values())
    assert "run_dir" not in identity and "device" not in identity
