import pytest

from realtime.profile_operators import Operator, operator_rows, trace_file, type_rows


def make_operator(name: str, kind: str, *ms: float) -> Operator:
    return Operator(name, kind, "kernel", (1, 3, 4, 4), ms)


OPERATORS = [
    make_operator("first", "Conv", 3.0, 900.0, 2.0),  # disturbed once
    make_operator("norm", "Norm", 1.0, 1.0, 1.0),
    make_operator("second", "Conv", 4.0, 4.0, 4.0),
]


def test_rows_stand_as_the_network_runs_with_the_median_and_the_least() -> None:
    rows = operator_rows(OPERATORS)
    assert [row["place"] for row in rows] == [0, 1, 2]
    assert [row["ms"] for row in rows] == [3.0, 1.0, 4.0]
    assert [row["least_ms"] for row in rows] == [2.0, 1.0, 4.0]
    assert [row["share"] for row in rows] == [0.375, 0.125, 0.5]


def test_types_are_summed_and_the_longest_comes_first() -> None:
    types = type_rows(operator_rows(OPERATORS))
    assert types == [
        {"type": "Conv", "count": 2, "ms": 7.0, "share": 0.875},
        {"type": "Norm", "count": 1, "ms": 1.0, "share": 0.125},
    ]


def test_operators_that_take_no_time_have_no_share() -> None:
    assert operator_rows([make_operator("fused", "Relu", 0.0)])[0]["share"] == 0.0


@pytest.mark.parametrize("pids", [[7], [7, 8]])
def test_a_trace_file_names_every_process(pids: list[int]) -> None:
    events = [{"name": "conv", "ph": "X", "ts": 0, "dur": 1, "pid": pid, "tid": 1} for pid in pids]
    trace = trace_file("udnie", events)
    names = [event for event in trace["traceEvents"] if event["ph"] == "M"]
    assert [event["pid"] for event in names] == pids
    assert all(event["args"] == {"name": "udnie"} for event in names)
    assert [event for event in trace["traceEvents"] if event["ph"] == "X"] == events
