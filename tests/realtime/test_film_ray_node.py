"""What a worker of a cluster does, without a cluster."""

from __future__ import annotations

import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from clip_makers import write_clip
from onnx_makers import make_style_onnx

from realtime.catalog import StyleEntry
from realtime.contract import read_contract
from realtime.engine import EngineOptions
from realtime.errors import EngineError, MissingExtraError
from realtime.film_plan import FilmOptions, FilmPlan, plan_film, segment_keys
from realtime.film_ray import RayBrushes, RayOptions
from realtime.film_ray_node import Job, Kit, infos_here, leave_token, pack, paint_here
from realtime.film_remote import find_remote
from realtime.film_store import Pieces
from realtime.film_task import DONE, FAILED
from realtime.style_timeline import StyleTimeline

ENGINE = EngineOptions(threads=1)


@pytest.fixture
def kit(tiny_style: Path) -> Kit:
    return pack({"tiny": StyleEntry("tiny", tiny_style, read_contract(tiny_style), shipped=False)}, ENGINE)


@pytest.fixture
def job(tmp_path: Path, kit: Kit) -> Job:
    source = write_clip(tmp_path / "in.mkv", count=20, gop=10)
    plan = plan_film(source, (), tmp_path / "out.mkv", FilmOptions(StyleTimeline("tiny"), kit.styles, ENGINE))
    (tmp_path / "pieces").mkdir()
    return Job(plan, Pieces(tmp_path / "pieces"), "a token", infos_here(kit)[1])


def key_of(plan: FilmPlan, job: Job) -> str:
    return segment_keys(plan, job.infos)[0]


def test_a_worker_that_sees_the_folder_leaves_the_piece_there(kit: Kit, job: Job) -> None:
    leave_token(job.pieces, job.token)
    key = key_of(job.plan, job)
    assert paint_here(kit, job, job.plan.segments[0], key) == (DONE, None)
    record = job.pieces.record(0, key)
    assert record is not None
    assert record.frames == 20


@pytest.mark.parametrize("token", ["", "of another folder"])
def test_a_worker_that_does_not_see_it_gives_the_same_bytes_back(kit: Kit, job: Job, token: str) -> None:
    if token:
        leave_token(job.pieces, token)
    key = key_of(job.plan, job)
    kind, data = paint_here(kit, job, job.plan.segments[0], key)
    assert kind == DONE
    assert job.pieces.record(0, key) is None
    leave_token(job.pieces, job.token)
    paint_here(kit, job, job.plan.segments[0], key)
    assert job.pieces.piece(0).read_bytes() == data


def test_a_worker_that_does_not_see_the_film_says_so(kit: Kit, job: Job) -> None:
    job.plan.scan.path.unlink()
    kind, why = paint_here(kit, job, job.plan.segments[0], "a key")
    assert kind == FAILED
    assert "does not see" in why
    assert "in.mkv" in why


def test_a_worker_loads_a_film_at_an_address_once(
    kit: Kit, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fsspec", reason='needs fsspec: pip install "livebrush[remote]"')
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "node"))
    (tmp_path / "node").mkdir()
    source, there = job.plan.scan.path, tmp_path / "there.mkv"
    there.write_bytes(source.read_bytes())
    (remote,) = find_remote(f"file://{there}", {".mkv"})
    there_job = replace(job, plan=replace(job.plan, remote=remote))
    key = key_of(job.plan, job)
    kind, data = paint_here(kit, job, job.plan.segments[0], key)
    source.unlink()
    assert paint_here(kit, there_job, job.plan.segments[0], key) == (kind, data) != (FAILED, data)
    there.unlink()
    assert paint_here(kit, there_job, job.plan.segments[0], key) == (kind, data)


def test_a_worker_that_would_paint_otherwise_is_refused(kit: Kit, job: Job) -> None:
    other = replace(job, infos={"tiny": replace(job.infos["tiny"], precision="fp16")})
    kind, why = paint_here(kit, other, job.plan.segments[0], "a key")
    assert kind == FAILED
    assert "choose what all have by --engine" in why
    kind, why = infos_here(replace(kit, versions=["0.0", "1.0", {}]))
    assert kind == FAILED
    assert "the film is read with Livebrush 0.0 and PyAV 1.0; install the same on all nodes" in why


def test_what_goes_wrong_on_a_node_is_its_answer(tmp_path: Path, job: Job) -> None:
    failing = make_style_onnx(tmp_path / "failing.onnx", kind="failing")
    kit = pack({"tiny": StyleEntry("tiny", failing, read_contract(failing), shipped=False)}, ENGINE)
    kind, why = paint_here(kit, job, job.plan.segments[0], "a key")
    assert (kind, "\n" in why) == (FAILED, False)
    assert not any(job.pieces.folder.glob("*.segment"))


def test_without_ray_the_line_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r'pip install "livebrush\[ray\]"'):
        RayBrushes({}, ENGINE, RayOptions("auto"), threading.Event())


def test_an_address_where_nobody_listens_is_refused_at_once() -> None:
    pytest.importorskip("ray", reason='needs Ray: pip install "livebrush[ray]"')
    with pytest.raises(EngineError, match="no Ray cluster answers at 127.0.0.1:9"):
        RayBrushes({}, ENGINE, RayOptions("127.0.0.1:9"), threading.Event())
