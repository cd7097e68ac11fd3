from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from motion_makers import moving_square, sliding_texture
from safetensors.torch import save_file
from torchvision.models.optical_flow import raft_small

from training.errors import OptionError, WeightsError
from training.flow import motion_boundaries, occlusion_mask
from training.flow_estimators import DisFlow, RaftFlow, open_flow


@pytest.fixture(autouse=True)
def nothing_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights from earlier, and no line to get new ones through."""
    monkeypatch.delenv("LIVEBRUSH_WEIGHTS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def raft_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small RAFT that knows nothing, under the name of torchvision's."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("raft") / "raft_small_untaught.pth"
    torch.save(raft_small().state_dict(), file)
    return file


@pytest.mark.parametrize("step_xy", [(3, 2), (-6, 1), (0, 0)])
def test_dis_finds_how_a_texture_slid(step_xy: tuple[int, int]) -> None:
    previous, image = sliding_texture(2, (128, 96), step_xy=step_xy)
    flow = DisFlow()(image, previous)
    assert flow.shape == (1, 2, 96, 128) and flow.dtype == torch.float32
    inside = flow[0, :, 12:-12, 12:-12]
    for axis in (0, 1):
        assert float((inside[axis] + step_xy[axis]).abs().mean()) < 0.1


def test_what_a_moving_square_hid_is_found_with_estimated_flow() -> None:
    move = moving_square()
    estimate = DisFlow()
    flow, reverse_flow = estimate(move.image, move.previous), estimate(move.previous, move.image)
    occluded = occlusion_mask(flow, reverse_flow)
    edges = motion_boundaries(flow)
    left_out = (occluded | edges)[0, 0].numpy()
    assert left_out[move.hidden].mean() > 0.85
    assert left_out.mean() < 0.1
    # What is called hidden is hidden, or within 3 pixels of it: an edge cannot be had more exactly.
    called = occluded[0, 0].numpy()
    near = cv2.dilate(move.hidden.astype(np.uint8), np.ones((7, 7))) > 0
    assert near[called].mean() > 0.75


def test_dis_says_what_decides_its_results() -> None:
    described = DisFlow().describe()
    assert described["method"] == "dis" and described["preset"] == "medium"
    assert {"finest_scale", "refinements", "opencv"} <= described.keys()


def test_without_weights_auto_is_dis() -> None:
    assert open_flow("auto").name == "dis"


def test_raft_is_read_from_a_file_or_a_folder_and_named_with_its_hash(
    raft_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_file = open_flow("auto", raft_file, "cpu")
    monkeypatch.setenv("LIVEBRUSH_WEIGHTS", str(raft_file.parent))
    by_folder = open_flow("raft", device="cpu")
    for found in (by_file, by_folder, open_flow("auto", device="cpu")):
        assert isinstance(found, RaftFlow)
        assert found.describe()["weights"] == "raft_small_untaught.pth"
        assert len(found.describe()["sha256"]) == 64
    assert by_file.describe() == by_folder.describe()
    assert open_flow("dis").name == "dis"


def test_raft_takes_pictures_of_any_size_and_gives_flow_of_the_same(raft_file: Path) -> None:
    estimate = RaftFlow(raft_file, "cpu")
    previous, image = sliding_texture(2, (102, 75))
    flow = estimate(image, previous)
    assert flow.shape == (1, 2, 75, 102) and bool(flow.isfinite().all())
    flow.requires_grad_()  # fit for a loss


def test_raft_that_is_asked_for_and_cannot_be_had_is_one_line() -> None:
    with pytest.raises(WeightsError, match="no RAFT weights: .*--flow dis") as caught:
        open_flow("raft")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_raft_is_refused(tmp_path: Path) -> None:
    save_file({"features.0.weight": torch.zeros(2)}, tmp_path / "raft_wrong.safetensors")
    with pytest.raises(WeightsError, match="raft_wrong.safetensors is no RAFT"):
        open_flow("raft", tmp_path)
    state = raft_small().state_dict()
    state["feature_encoder.convnormrelu.0.weight"] = torch.zeros(64, 3, 7, 7)
    torch.save(state, tmp_path / "mixed.pth")
    with pytest.raises(WeightsError, match="its tensors do not fit"):
        open_flow("auto", tmp_path / "mixed.pth")


def test_weights_that_nothing_would_use_are_refused(raft_file: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--flow dis takes no weights"):
        open_flow("dis", raft_file)
    with pytest.raises(WeightsError, match="no feature weights at|no raft"):
        open_flow("auto", tmp_path / "nowhere")
    with pytest.raises(WeightsError, match=r"no raft_\*"):
        open_flow("auto", tmp_path)


def test_another_flow_than_there_is_is_refused() -> None:
    with pytest.raises(OptionError, match="--flow must be one of auto, dis, raft"):
        open_flow("farneback")


def test_the_same_pictures_give_the_same_flow_again() -> None:
    previous, image = sliding_texture(2, (128, 96))
    first, again = DisFlow()(image, previous), DisFlow()(image, previous)
    assert np.array_equal(first.numpy(), again.numpy())
