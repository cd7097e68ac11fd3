"""Does a meta network's file, in the engines that people run, do what the checkpoint does in torch?"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from export.errors import ParityError
from export.parity import Parity, measure_parity
from export.to_meta import generated_net
from realtime.engine import ENGINES, EngineOptions, is_installed
from realtime.meta_file import MetaFile
from realtime.style_maker import Credits, StyleMaker
from training.networks.meta_style import MetaStyle

# Hidden numbers of the same picture may differ by this much, as a share of their own size.
_HIDDEN_LIMIT = 0.02
_SEEDS = (0, 1)


def measure_meta_parity(meta_style: MetaStyle, file: Path) -> Iterator[tuple[str, Parity]]:
    """Yield the name of a style, and how far its file's pictures are from what torch paints, in each engine.

    The styles are a picture's, which the encoder has looked at, and random ones.

    Raises:
        ParityError: if a picture or the encoder's numbers differ by more than is allowed.
    """
    maker = StyleMaker(MetaFile(file))
    hidden_numbers = {f"random:{seed}": maker.random_hidden(seed) for seed in _SEEDS}
    hidden_numbers["a picture"] = _check_encoder(meta_style, maker)
    with tempfile.TemporaryDirectory() as folder:
        style_file = Path(folder) / "made.onnx"
        for name, hidden in hidden_numbers.items():
            style_file.write_bytes(maker.make(hidden, Credits("made", name)))
            network = generated_net(meta_style.meta_net, torch.from_numpy(hidden))
            for engine in ("onnxruntime", "openvino"):
                if is_installed(ENGINES[engine].package):
                    options = EngineOptions(engine=engine, precision="fp32", device="cpu")
                    yield name, measure_parity(network, style_file, options)


def _check_encoder(meta_style: MetaStyle, maker: StyleMaker) -> NDArray[np.float32]:
    """Compare the hidden numbers of a picture of the encoder's own size, and return the runtime's."""
    side = maker.plan.style_size
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    picture[: side // 2] //= 3  # not the same all over
    found = maker.hidden(picture)
    image = torch.from_numpy(picture[..., ::-1].copy()).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        expected = meta_style.meta_net.hidden(meta_style.style_vector(image, None))[0].numpy()
    missed = float(np.linalg.norm(found - expected) / max(np.linalg.norm(expected), 1e-6))
    if not missed <= _HIDDEN_LIMIT:
        raise ParityError(
            f"{maker.meta.path.name} reads a picture otherwise than its checkpoint: hidden numbers differ by "
            f"{missed:.1%}, at most {_HIDDEN_LIMIT:.0%} is allowed"
        )
    return found
