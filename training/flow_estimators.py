"""What estimates optical flow between two pictures: OpenCV's DIS, or RAFT where its weights are."""

from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.devices import choose_device
from training.errors import OptionError, WeightsError
from training.feature_weights import find_weights, hash_weights, read_weights
from training.images import to_tensor

FLOWS = ("auto", "dis", "raft")
Image = NDArray[np.uint8]  # (H, W, 3), RGB


class FlowEstimator(Protocol):
    """Anything that says where the pixels of one picture lie in another."""

    name: str

    def describe(self) -> dict[str, Any]:
        """Return what decides its results, as plain values: figures compare only under the same."""
        ...

    def __call__(self, image: Image, other: Image) -> Tensor:
        """Return the flow from `image` to `other`, (1, 2, H, W) float32, pixels, x before y."""
        ...


class DisFlow:
    """OpenCV's dense inverse search (Kroeger et al. 2016, arXiv:1603.03590) on the grey picture.

    Its best preset, MEDIUM, worked down to full resolution and smoothed more: on pairs with known flow
    (photographs moved, turned and zoomed behind a moving shape, noise and JPEG on both) that takes the mean
    error from 0.49 to 0.35 pixels, the pixels left out from 10% to 7%, and a tenth off what a perfectly
    steady texture would be charged with. 0.2 s at 640x360 on one core.
    """

    name = "dis"
    finest_scale = 0
    patch_stride = 4
    refinements = 20
    smoothness = 80.0

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._dis.setFinestScale(self.finest_scale)
        self._dis.setPatchStride(self.patch_stride)
        self._dis.setVariationalRefinementIterations(self.refinements)
        self._dis.setVariationalRefinementAlpha(self.smoothness)

    def describe(self) -> dict[str, Any]:
        """Return the settings and OpenCV's version."""
        return {
            "method": self.name,
            "preset": "medium",
            "finest_scale": self.finest_scale,
            "patch_stride": self.patch_stride,
            "refinements": self.refinements,
            "smoothness": self.smoothness,
            "opencv": cv2.__version__,
        }

    def __call__(self, image: Image, other: Image) -> Tensor:
        """Return the flow from `image` to `other`, (1, 2, H, W) float32, pixels."""
        greys = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (image, other))
        flow = self._dis.calc(*greys, None)  # type: ignore[call-overload]
        return torch.from_numpy(np.ascontiguousarray(flow.transpose(2, 0, 1)))[None]


class RaftFlow:
    """RAFT (Teed, Deng 2020, arXiv:2003.12039) as torchvision has it, large or small as the weights are.

    Its memory grows with the square of the pixels: about 6 GB at 1920x1080.

    Args:
        weights: a file or folder, looked at before LIVEBRUSH_WEIGHTS and torchvision's download.
        device: auto, cpu or cuda.
    Raises:
        WeightsError: if there are no weights and none can be downloaded, or they are not RAFT's.
    """

    name = "raft"
    updates = 20

    def __init__(self, weights: Path | None = None, device: str = "auto") -> None:
        file = find_weights("raft", weights) or _downloaded()
        state = _download() if file is None else read_weights(file)[0]
        self.source = _weights().url.rpartition("/")[2] if file is None else file.name
        self.sha256 = hash_weights(state)
        self.device = torch.device(choose_device(device))
        self._network = _build_raft(state, self.source).to(self.device)

    def describe(self) -> dict[str, Any]:
        """Return the weights' file and hash."""
        return {
            "method": self.name,
            "weights": self.source,
            "sha256": self.sha256,
            "updates": self.updates,
            "device": self.device.type,
        }

    def __call__(self, image: Image, other: Image) -> Tensor:
        """Return the flow from `image` to `other`, (1, 2, H, W) float32, pixels."""
        height, width = image.shape[:2]
        # Multiples of 8, and no less than its pyramid needs.
        right, below = (max(128, -(-side // 8) * 8) - side for side in (width, height))
        pictures = [
            functional.pad(to_tensor(picture)[None] * 2 - 1, (0, right, 0, below), mode="replicate")
            for picture in (image, other)
        ]
        with torch.inference_mode():
            flows = self._network(*(p.to(self.device) for p in pictures), num_flow_updates=self.updates)
        flow: Tensor = flows[-1].float().cpu()[..., :height, :width]
        return flow.clone()  # an inference tensor would refuse to go into losses


def open_flow(flow: str = "auto", weights: Path | None = None, device: str = "auto") -> FlowEstimator:
    """Open an estimator: for auto RAFT where its weights are on this machine, else DIS.

    Raises:
        OptionError: for another name, or if weights are given to DIS.
        WeightsError: if RAFT is wanted and its weights are not to be had.
    """
    if flow not in FLOWS:
        raise OptionError(f"--flow must be one of {', '.join(FLOWS)}, instead got {flow!r}")
    if flow == "dis" and weights is not None:
        raise OptionError(f"--flow dis takes no weights: leave out --weights {weights}, or use --flow raft")
    if flow == "raft" or (flow == "auto" and (find_weights("raft", weights) or _downloaded())):
        return RaftFlow(weights, device)
    if weights is not None:
        raise WeightsError(f"no raft_*.pth or .safetensors in {weights}: leave out --weights to use DIS")
    return DisFlow()


def _weights() -> Any:
    from torchvision.models.optical_flow import Raft_Large_Weights

    return Raft_Large_Weights.DEFAULT


def _downloaded() -> Path | None:
    """Return the file that torchvision downloaded at another time, or None."""
    try:
        file = Path(torch.hub.get_dir()) / "checkpoints" / _weights().url.rpartition("/")[2]
    except ImportError:  # no torchvision, or one that does not fit this torch
        return None
    return file if file.is_file() else None


def _download() -> dict[str, Tensor]:
    try:
        state: dict[str, Tensor] = torch.hub.load_state_dict_from_url(_weights().url, check_hash=True)
    except (ImportError, OSError) as error:
        raise WeightsError(
            f"no RAFT weights: torchvision could not download them ({error}); "
            "name a file with --weights or LIVEBRUSH_WEIGHTS, or use --flow dis"
        ) from error
    return state


def _build_raft(state: dict[str, Tensor], source: str) -> torch.nn.Module:
    try:
        from torchvision.models.optical_flow import raft_large, raft_small
    except ImportError as error:
        raise WeightsError(f"RAFT needs torchvision ({error}); use --flow dis") from error
    first = state.get("feature_encoder.convnormrelu.0.weight")
    if first is None:
        raise WeightsError(f"{source} is no RAFT of torchvision's: it lacks feature_encoder.convnormrelu.0")
    network: torch.nn.Module = raft_large() if first.shape[0] == 64 else raft_small()
    try:
        network.load_state_dict({name: value.float() for name, value in state.items()})
    except RuntimeError as error:
        raise WeightsError(f"{source} is no RAFT of torchvision's: its tensors do not fit") from error
    return network.eval().requires_grad_(False)
