from itertools import islice

from realtime.source_reader import LONGEST_PAUSE_S, growing_pauses


def test_pauses_between_tries_grow_to_a_limit_and_never_end() -> None:
    assert list(islice(growing_pauses(), 6)) == [0.5, 1.0, 2.0, 4.0, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
