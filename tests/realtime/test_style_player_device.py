"""A card that fails in the middle of a show: the processor goes on with the same frame."""

from dataclasses import replace
from pathlib import Path

import pytest
from onnx_makers import make_style_onnx

from realtime import pipeline
from realtime.catalog import StyleEntry, find_style
from realtime.engine import Engine, EngineOptions, open_engine
from realtime.errors import EngineError
from realtime.style_player import StylePlayer, load_style
from realtime.testing import CollectingSink, IdentityEngine, ScriptedSource, make_contract, make_frame
from realtime.timing import StageTimes

FRAMES, FAILS_AT = 6, 3
ON_CARD = EngineOptions(device="cuda", threads=1)


class Card:
    """Opens engines that say they run on a card, which all fail from a certain picture on.

    On the processor it opens what it is told to, by default the real engine.
    """

    def __init__(self, processor_fails: bool = False) -> None:
        self.on_card: list[IdentityEngine] = []
        self.on_processor: list[EngineOptions] = []
        self._processor_fails = processor_fails
        self._is_gone = False

    def open(self, style: StyleEntry, options: EngineOptions) -> Engine:
        if options.device == "cpu":
            self.on_processor.append(options)
            if self._processor_fails:
                raise EngineError("nothing runs here")
            return open_engine(style, options)
        engine = IdentityEngine(style.contract, before_infer=self._paint)
        engine.info = replace(
            engine.info, name="onnxruntime", provider="CUDAExecutionProvider", device="cuda"
        )
        self.on_card.append(engine)
        return engine

    def _paint(self, number: int) -> None:
        if number >= FAILS_AT:
            raise EngineError("out of memory on the card")


@pytest.fixture
def style(tmp_path: Path) -> StyleEntry:
    return find_style(str(make_style_onnx(tmp_path / "invert.onnx", "invert")))


def play(card: Card, style: StyleEntry) -> tuple[StylePlayer, CollectingSink]:
    times, sink = StageTimes(), CollectingSink()
    first = load_style(style, ON_CARD, lambda: (96, 64), card.open)
    player = StylePlayer([style], first, options=ON_CARD, times=times, open_style=card.open)
    try:
        pipeline.run(
            ScriptedSource.of_frames(FRAMES), player, pipeline.SinkOutput([sink], times), times=times
        )
    finally:
        player.close()
    return player, sink


def test_the_show_goes_on_without_losing_a_frame(style: StyleEntry) -> None:
    card = Card()
    player, sink = play(card, style)
    assert [frame.index for frame in sink.frames] == list(range(FRAMES))
    # The card's engines paint the frame itself, the processor's invert it.
    inverted = [int(frame.image[0, 0, 0]) == 255 - frame.index for frame in sink.frames]
    assert inverted == [number >= FAILS_AT for number in range(FRAMES)]
    assert player.current.info.device == "cpu"


def test_one_line_says_what_happened(style: StyleEntry) -> None:
    player, _ = play(Card(), style)
    problem = player.take_problem()
    assert problem == "cuda failed, the processor goes on: out of memory on the card"
    assert player.take_problem() is None


def test_the_card_s_memory_is_given_back_and_threads_stay_as_asked(style: StyleEntry) -> None:
    card = Card()
    play(card, style)
    assert all(engine.closed for engine in card.on_card)
    assert [options.threads for options in card.on_processor] == [1]


def test_where_nothing_else_runs_the_error_ends_the_show(style: StyleEntry) -> None:
    with pytest.raises(EngineError, match="nothing runs here"):
        play(Card(processor_fails=True), style)


def test_of_a_network_that_fails_on_the_processor_each_engine_is_tried_once() -> None:
    def fail(number: int) -> None:
        raise EngineError("broken network")

    entry = StyleEntry("broken", Path("broken.onnx"), make_contract("broken", "Broken"), shipped=True)
    opened: list[str] = []

    def open_broken(style: StyleEntry, options: EngineOptions) -> Engine:
        opened.append(options.engine)
        return IdentityEngine(style.contract, before_infer=fail)

    first = load_style(entry, EngineOptions(), lambda: None, open_broken)
    player = StylePlayer([entry], first, options=EngineOptions(), times=StageTimes(), open_style=open_broken)
    with pytest.raises(EngineError, match="broken network"):
        player.paint(make_frame())
    player.close()
    assert opened == ["auto", "onnxruntime", "openvino"]
