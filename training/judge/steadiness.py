"""How steady a clip is: E_warp of its frames against their predecessors, and of paintings of them.

Motion is always that of the input clip, and so is what counts: a painting is judged on the pixels whose
way from one frame to the next is known, whatever it made of them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.flow import motion_boundaries, occlusion_mask, warp, warping_error
from training.flow_estimators import FlowEstimator
from training.images import to_tensor

# Of this definition: figures of different versions do not compare.
VERSION = 1
# Between frames of one shot at most a quarter of the pixels had no partner (arm wrestling, a running camera),
# across cuts nine tenths and more; colours changed by at most 0.06 within a shot, by 0.54 and more at a cut.
_LOST_SHARE = 0.75
_CUT_COLOURS = 0.3
_COLOUR_BINS = 8

Image = NDArray[np.uint8]
LeftOut = Literal["cut", "lost"]


@dataclass(frozen=True, eq=False)
class Motion:
    """How a frame follows from its predecessor.

    Attributes:
        flow: (1, 2, H, W), pixels: where each pixel of the frame was in the predecessor.
        occluded: (1, 1, H, W) bool: it was nowhere.
        boundaries: (1, 1, H, W) bool: too close to an edge of the motion to be exact.
        left_out: why the pair is not measured at all: a cut, or a motion that the flow lost; None if it is.
    """

    flow: Tensor
    occluded: Tensor
    boundaries: Tensor
    left_out: LeftOut | None

    @property
    def counted(self) -> Tensor:
        """(1, 1, H, W) bool: the pixels that E_warp is taken over."""
        return ~(self.occluded | self.boundaries)

    @property
    def share(self) -> float:
        """The share of pixels that count."""
        return float(self.counted.float().mean())


def find_motion(estimate: FlowEstimator, image: Image, previous: Image) -> Motion:
    """Estimate the motion from `previous` to `image`, (H, W, 3) uint8 RGB each."""
    flow, reverse_flow = estimate(image, previous), estimate(previous, image)
    occluded = occlusion_mask(flow, reverse_flow)
    left_out: LeftOut | None = None
    boundaries = motion_boundaries(flow)
    if float(occluded.float().mean()) > _LOST_SHARE or (occluded | boundaries).all():
        left_out = "cut" if colour_difference(image, previous) > _CUT_COLOURS else "lost"
    return Motion(flow, occluded, boundaries, left_out)


def colour_difference(image: Image, previous: Image) -> float:
    """Return how differently two pictures are coloured: 0 for the same histogram, 1 for no common colour."""
    histograms = []
    for picture in (image, previous):
        counts = cv2.calcHist([picture], [0, 1, 2], None, [_COLOUR_BINS] * 3, [0, 256] * 3)
        histograms.append(counts / counts.sum())
    return float(np.abs(histograms[0] - histograms[1]).sum() / 2)


def pair_error(motion: Motion, image: Image, previous: Image) -> float:
    """Return E_warp of one pair of a clip, or of the painting of one; see `training.flow.warping_error`."""
    pictures = to_tensor(image)[None], to_tensor(previous)[None]
    return float(warping_error(*pictures, motion.flow, motion.counted))


@dataclass(frozen=True)
class ClipScore:
    """One clip's steadiness.

    Attributes:
        e_warp: the mean over the measured pairs, on [0, 1] pictures.
        ratio: to the input clip's; infinite where that is 0.
        contrast: the mean deviation of the frames' pixels: a washed-out clip is steady without merit.
    """

    e_warp: float
    ratio: float
    contrast: float

    @property
    def rmse(self) -> float:
        """The square root of E_warp: what a pixel changes by, on a scale of 1."""
        return math.sqrt(self.e_warp)


@dataclass
class Measured:
    """All that was measured so far, pair by pair; the clip called first is the input.

    Attributes:
        clips: their names.
        frames: of each measured pair, the number of its second frame.
        shares: of each measured pair, the share of pixels that counted.
        errors: of each measured pair, E_warp by clip.
        contrasts: of each measured pair, the deviation of its second frame's pixels by clip.
        left_out: numbers of the frames that were not compared with their predecessor, and why.
    """

    clips: tuple[str, ...]
    frames: list[int] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    errors: dict[str, list[float]] = field(default_factory=dict)
    contrasts: dict[str, list[float]] = field(default_factory=dict)
    left_out: dict[int, LeftOut] = field(default_factory=dict)

    def add(
        self, frame: int, motion: Motion, images: Mapping[str, Image], previous: Mapping[str, Image]
    ) -> None:
        """Measure one pair.

        Args:
            frame: number of its second frame.
            motion: of the input clip.
            images, previous: the second and the first picture of every clip, (H, W, 3) uint8 RGB.
        """
        if motion.left_out is not None:
            self.left_out[frame] = motion.left_out
            return
        errors = {clip: pair_error(motion, images[clip], previous[clip]) for clip in self.clips}
        self.frames.append(frame)
        self.shares.append(motion.share)
        for clip in self.clips:
            self.errors.setdefault(clip, []).append(errors[clip])
            self.contrasts.setdefault(clip, []).append(float(images[clip].std()) / 255)

    def frames_left_out(self, why: LeftOut) -> list[int]:
        """Return the numbers of the frames left out for a reason."""
        return [frame for frame, reason in self.left_out.items() if reason == why]

    def scores(self) -> dict[str, ClipScore]:
        """Return every clip's score over the pairs measured so far; empty before the first."""
        if not self.frames:
            return {}
        means = {clip: _mean(self.errors[clip]) for clip in self.clips}
        of_input = means[self.clips[0]]
        return {
            clip: ClipScore(mean, _ratio(mean, of_input), _mean(self.contrasts[clip]))
            for clip, mean in means.items()
        }


def error_picture(motion: Motion, image: Image, previous: Image) -> NDArray[np.float32]:
    """Return where a pair differs, (H, W): the root of the squared difference, NaN where nothing counts."""
    difference = to_tensor(image)[None] - warp(to_tensor(previous)[None], motion.flow)
    root = difference.square().mean(dim=1, keepdim=True).sqrt()
    return root.masked_fill(~motion.counted, torch.nan)[0, 0].numpy()


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _ratio(value: float, reference: float) -> float:
    if reference > 0:
        return value / reference
    return 1.0 if value == 0 else math.inf
