"""Any picture becomes a style: what a trained meta network writes for it, as an ordinary checkpoint."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.checkpoint import load_meta_net
from training.config import StyleCredits
from training.images import read_rgb, resize_short_side, to_tensor
from training.networks.meta_style import MetaStyle
from training.networks.style_encoder import channel_statistics
from training.perception import Perception, parse_layers


class StyleWriter:
    """A meta network in use: pictures in, networks out.

    Args:
        file: a checkpoint of `python -m training meta`.
        weights: of the feature network; only a meta network without an encoder of its own wants them.
    Raises:
        CheckpointError: if the file is none.
        WeightsError: if the feature network is wanted and missing.
    """

    def __init__(self, file: Path, weights: Path | None = None) -> None:
        self.meta_style: MetaStyle
        self.file = file
        self.meta_style, self.content = load_meta_net(file)
        self.refs = parse_layers(self.content["encoder"]["layers"], self.content["training"]["features"])
        self.perception = None if self.meta_style.encoder else Perception(self.refs, weights)

    def style_vector(self, picture: Path) -> Tensor:
        """Return the style vector of a picture file, (D,).

        Raises:
            DataError: if it cannot be read.
        """
        image = to_tensor(resize_short_side(read_rgb(picture), self.content["encoder"]["style_size"]))[None]
        with torch.no_grad():
            statistics = None
            if self.perception is not None:
                features = self.perception(image, self.refs)
                statistics = channel_statistics([features[ref] for ref in self.refs])
            return self.meta_style.style_vector(image, statistics)[0]

    def hidden(self, picture: Path) -> Tensor:
        """Return the hidden numbers of a picture file, (groups * hidden,): what styles are mixed by."""
        with torch.no_grad():
            return self.meta_style.meta_net.hidden(self.style_vector(picture)[None])[0]

    def checkpoint(self, hidden: Tensor, credits: StyleCredits) -> dict[str, Any]:
        """Return what a checkpoint of the network holds that hidden numbers stand for."""
        with torch.no_grad():
            written = self.meta_style.meta_net.generate_from_hidden(hidden)
        weights = {name: value.clone().contiguous() for name, value in written.items()}
        seen = self.content["training"].get("pictures", 0)
        return {
            "kind": "transform",
            "preset": self.meta_style.meta_net.preset,
            "with_content": True,
            "weights": weights,
            "style": asdict(credits),
            "hidden": hidden.clone(),
            # It has seen no photograph with this style; the meta network that wrote it has, with others.
            "training": {"pictures": 0, "written_by": self.file.name, "meta_pictures": seen},
        }


def generate_checkpoint(
    meta: Path, picture: Path, credits: StyleCredits | None = None, weights: Path | None = None
) -> dict[str, Any]:
    """Return the content of an ordinary transform checkpoint: the picture's style, written in one pass.

    Args:
        meta: a checkpoint of `python -m training meta`.
        picture: the style.
        credits: whose it is; by default the file's name is all that is known.
        weights: of the feature network, where the meta network wants it.
    Raises:
        CheckpointError: if `meta` is no such checkpoint.
        DataError: if the picture cannot be read.
        WeightsError: if the feature network is wanted and missing.
    """
    writer = StyleWriter(meta, weights)
    name = picture.stem
    known = credits or StyleCredits(name, name.replace("_", " ").title(), "unknown", "unknown")
    return writer.checkpoint(writer.hidden(picture), known)
