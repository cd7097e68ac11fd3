"""A film painted on a Ray cluster of two nodes, both on this machine, gives the bytes of one process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from film_makers import write_rich_film
from film_runners import Count

from realtime import film_ray
from realtime.catalog import StyleEntry
from realtime.contract import read_contract
from realtime.engine import EngineOptions, open_engine
from realtime.errors import EngineError
from realtime.film import Film, OwnBrushes, paint_film
from realtime.film_plan import FilmOptions
from realtime.film_ray import RayBrushes, RayOptions
from realtime.style_timeline import StyleTimeline

ENGINE = EngineOptions(threads=1)
NODE = {"num_cpus": 1, "object_store_memory": 100 << 20, "include_dashboard": False}

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - its name; else they wait for all others
utils = pytest.importorskip("ray.cluster_utils", reason='needs Ray: pip install "livebrush[ray]"')


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    made = utils.Cluster(initialize_head=True, head_node_args={**NODE, "num_cpus": 0})
    yield made
    made.shutdown()


def options_for(style: Path) -> FilmOptions:
    entry = StyleEntry("tiny", style, read_contract(style), shipped=False)
    return FilmOptions(StyleTimeline("tiny"), {"tiny": entry}, ENGINE, segment_frames=10)


def paint_here(source: Path, style: Path) -> bytes:
    """Paint in this process; return the file's bytes."""
    output = source.with_name("alone.mkv")
    brushes = OwnBrushes({"tiny": open_engine(style, ENGINE)}, threading.Event())
    paint_film(Film(source, output), options_for(style), brushes, Count())
    return output.read_bytes()


def brushes_of(cluster: Any, options: FilmOptions, stop: threading.Event | None = None) -> RayBrushes:
    return RayBrushes(options.styles, ENGINE, RayOptions(cluster.address), stop or threading.Event())


def test_a_node_that_is_lost_in_the_middle_changes_no_byte(
    cluster: Any, tmp_path: Path, tiny_style: Path
) -> None:
    source = write_rich_film(tmp_path / "in.mkv", count=120, gop=10)
    options, output = options_for(tiny_style), tmp_path / "out.mkv"
    nodes = [cluster.add_node(**NODE), cluster.add_node(**NODE)]

    def lose_one(painted: int) -> None:
        if painted >= 20 and len(nodes) == 2:
            cluster.remove_node(nodes.pop(), allow_graceful=False)

    with brushes_of(cluster, options) as brushes:
        result = paint_film(Film(source, output), options, brushes, Count(lose_one))
    assert (result.result, result.frames) == ("painted", 120)
    assert len(nodes) == 1
    assert output.read_bytes() == paint_here(source, tiny_style)


def test_a_stop_reaches_the_cluster_and_one_process_goes_on_with_what_came_back(
    cluster: Any, tmp_path: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, options = write_rich_film(tmp_path / "in.mkv", count=60, gop=10), options_for(tiny_style)
    film, stop = Film(source, tmp_path / "out.mkv"), threading.Event()
    # Nothing that a worker could see: as if its folder were another, it gives the pieces back through Ray.
    monkeypatch.setattr(film_ray, "leave_token", lambda *_: None)
    count = Count(lambda painted: stop.set() if painted >= 20 else None)
    with brushes_of(cluster, options, stop) as brushes:
        assert paint_film(film, options, brushes, count).result == "stopped"
    own = OwnBrushes({"tiny": open_engine(tiny_style, ENGINE)}, threading.Event())
    again = Count()
    assert paint_film(film, options, own, again).result == "painted"
    assert again.done >= 20
    assert film.output.read_bytes() == paint_here(source, tiny_style)


def test_a_cluster_without_a_card_is_refused_at_once(cluster: Any, tiny_style: Path) -> None:
    options = options_for(tiny_style)
    with pytest.raises(EngineError, match="no node of the cluster has 1 processor cores and 1 graphics"):
        RayBrushes(options.styles, ENGINE, RayOptions(cluster.address, gpus=1), threading.Event())
