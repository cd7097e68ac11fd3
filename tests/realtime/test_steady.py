from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from motion_makers import texture
from numpy.typing import NDArray

from realtime import temporal
from realtime.errors import OptionError
from realtime.frame import Frame
from realtime.motion import Motion
from realtime.painter import EnginePainter, Painted
from realtime.steady import SharedLooks, Steadier, as_level
from realtime.testing import IdentityEngine, make_frame
from realtime.timing import StageTimes

Image = NDArray[np.uint8]
ROOM = texture((96, 64))


def frames(count: int, seed: int = 0) -> list[Frame]:
    chance = np.random.default_rng(seed)
    noisy = [np.clip(ROOM + chance.normal(0, 3, ROOM.shape), 0, 255).astype(np.uint8) for _ in range(count)]
    return [make_frame(number).with_image(image) for number, image in enumerate(noisy)]


def run(steadier: Steadier, given: list[Frame], style: str = "one") -> list[Image]:
    painted = []
    for frame in given:
        looked = steadier.look(frame, frame.image, style)
        painted.append(steadier.settle(looked, looked.image))
    return painted


def test_off_hands_through_what_it_gets() -> None:
    (frame,) = frames(1)
    steadier = Steadier("off")
    looked = steadier.look(frame, frame.image)
    assert looked.image is frame.image
    assert steadier.settle(looked, ROOM) is ROOM


def test_another_style_begins_anew() -> None:
    given, steadier = frames(4), Steadier("full")
    run(steadier, given[:2])
    after = run(steadier, given[2:], style="other")
    assert (after[0] == given[2].image).all()
    assert not (after[1] == given[3].image).all()


def test_another_scene_begins_anew() -> None:
    given, steadier = frames(4), Steadier("full", scene=lambda frame: frame.index // 2)
    for painted, frame, first in zip(run(steadier, given), given, (True, False) * 2, strict=True):
        assert (painted == frame.image).all() == first


def test_what_is_forgotten_begins_anew() -> None:
    given, steadier = frames(3), Steadier("light")
    run(steadier, given[:2])
    steadier.forget()
    assert (run(steadier, given[2:])[0] == given[2].image).all()


def test_frames_that_are_looked_at_ahead_give_the_same_paintings() -> None:
    given, ahead = frames(6), Steadier("full")
    looks = [ahead.look(frame, frame.image, "one") for frame in given]
    for one, other in zip(
        run(Steadier("full"), given), [ahead.settle(looked, looked.image) for looked in looks], strict=True
    ):
        assert (one == other).all()


def test_two_styles_find_the_motion_of_a_frame_once_and_paint_as_each_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, found = frames(6), []
    find_motion = temporal.find_motion

    def counted(small: Image, previous: Image, *, follow: bool) -> Motion:
        found.append(follow)
        return find_motion(small, previous, follow=follow)

    monkeypatch.setattr(temporal, "find_motion", counted)
    alone = run(Steadier("full"), given)
    assert len(found) == 5
    looks = SharedLooks()
    one, other = Steadier("full", looks=looks), Steadier("full", looks=looks)
    both: tuple[list[Image], list[Image]] = ([], [])
    for frame in given:
        for steadier, painted, style in ((one, both[0], "one"), (other, both[1], "other")):
            looked = steadier.look(frame, frame.image.copy(), style)
            painted.append(steadier.settle(looked, looked.image))
    assert len(found) == 10
    for painted in both:
        assert all((a == b).all() for a, b in zip(painted, alone, strict=True))


def test_a_style_that_begins_later_than_the_other_begins_anew() -> None:
    given, looks = frames(6), SharedLooks()
    one, other = Steadier("full", looks=looks), Steadier("full", looks=looks)
    run(one, given[:3])
    both = [run(steadier, [frame])[0] for frame in given[3:] for steadier in (one, other)]
    assert (both[1] == given[3].image).all() and not (both[0] == given[3].image).all()
    alone = run(Steadier("full"), given[3:])
    assert all((a == b).all() for a, b in zip(both[1::2], alone, strict=True))


class Overlapping(IdentityEngine):
    """Paints when it is waited for, two at a time."""

    in_flight = 2

    def start(self, image: Image) -> Overlapping.Begun:
        return Overlapping.Begun(lambda: self.infer(image))

    class Begun:
        def __init__(self, infer: Callable[[], Image]) -> None:
            self.wait = infer


def test_a_painter_with_several_frames_in_flight_paints_as_one_after_another() -> None:
    given = frames(6)
    one = EnginePainter(IdentityEngine(), StageTimes(), steadier=Steadier("full"))
    other = EnginePainter(Overlapping(), StageTimes(), steadier=Steadier("full"))
    finishes: list[Callable[[], Painted]] = []
    results = []
    for frame in given:
        finishes.append(other.begin(frame))
        if len(finishes) == 2:
            results.append(finishes.pop(0)())
    results.append(finishes.pop()())
    for frame, result in zip(given, results, strict=True):
        assert (one.paint(frame).stylized_image == result.stylized_image).all()


def test_a_level_that_is_none_is_refused() -> None:
    assert as_level("light") == "light"
    with pytest.raises(OptionError, match="--steady must be one of auto, off, light, full; got 'very'"):
        as_level("very", "auto")
