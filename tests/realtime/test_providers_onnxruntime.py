import subprocess
from pathlib import Path

import pytest
from onnx_makers import make_contract

from realtime import providers_onnxruntime
from realtime.errors import EngineError
from realtime.providers_onnxruntime import cache_dir, card, cuda_provider, engine_key, tensorrt_provider


@pytest.fixture(autouse=True)
def a_card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(providers_onnxruntime, "card", lambda: "NVIDIA H200, 580.0")
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "cache"))


def test_strict_fp32_uses_no_rounded_factors() -> None:
    assert cuda_provider("fp32", graph=True)[1]["use_tf32"] == "0"
    assert cuda_provider("auto", graph=True)[1]["use_tf32"] == "1"


def test_an_engine_is_kept_for_what_it_was_built_of_and_for(monkeypatch: pytest.MonkeyPatch) -> None:
    contract = make_contract()
    keys = {
        engine_key(contract, "fp16", (96, 64)),
        engine_key(contract, "bf16", (96, 64)),
        engine_key(contract, "fp16", (64, 96)),
        engine_key(make_contract(weights_sha256="a" * 64), "fp16", (96, 64)),
    }
    monkeypatch.setattr(providers_onnxruntime, "card", lambda: "NVIDIA H200, 590.0")
    keys.add(engine_key(contract, "fp16", (96, 64)))
    monkeypatch.setattr(providers_onnxruntime, "version_of", lambda package: "11.0")
    keys.add(engine_key(contract, "fp16", (96, 64)))
    assert len(keys) == 6
    assert engine_key(contract, "fp16", (96, 64)) in keys
    assert all(key.startswith("tiny-") for key in keys)


def test_a_cache_that_cannot_be_made_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LIVEBRUSH_CACHE", str(tmp_path / "file"))
    with pytest.raises(EngineError, match="name another folder in LIVEBRUSH_CACHE"):
        tensorrt_provider(make_contract(), "fp16", (96, 64))


def test_the_cache_is_the_system_s_unless_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_dir() == tmp_path / "cache"
    monkeypatch.delenv("LIVEBRUSH_CACHE")
    assert "livebrush" in str(cache_dir())


@pytest.mark.parametrize("answer", [None, subprocess.CalledProcessError(9, "nvidia-smi")])
def test_a_machine_without_a_card_has_an_unknown_one(
    monkeypatch: pytest.MonkeyPatch, answer: Exception | None
) -> None:
    def run(*_: object, **__: object) -> object:
        assert answer is not None
        raise answer

    monkeypatch.setattr("shutil.which", lambda name: None if answer is None else "/bin/nvidia-smi")
    monkeypatch.setattr("subprocess.run", run)
    card.cache_clear()
    assert card() == "unknown"
    card.cache_clear()
