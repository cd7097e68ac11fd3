import numpy as np
import pytest
import torch
from motion_makers import moving_square, sliding_texture

from training.flow import motion_boundaries, occlusion_mask, warp, warping_error
from training.images import to_tensor


def constant_flow(x: float, y: float, height: int = 8, width: int = 10) -> torch.Tensor:
    return torch.tensor([x, y]).view(1, 2, 1, 1).expand(1, 2, height, width).clone()


def test_warping_along_no_motion_changes_nothing() -> None:
    image = torch.rand(2, 3, 8, 10)
    torch.testing.assert_close(warp(image, torch.zeros(2, 2, 8, 10)), image)


def test_warping_fetches_each_pixel_from_where_its_flow_points() -> None:
    image = torch.arange(80.0).view(1, 1, 8, 10)  # the value at (x, y) is 10 y + x
    warped = warp(image, constant_flow(2, 1))
    torch.testing.assert_close(warped[..., :7, :8], image[..., 1:, 2:])
    torch.testing.assert_close(warped[..., :7, 8:], image[..., 1:, 9:].expand(1, 1, 7, 2))  # the edge repeats


def test_warping_by_half_a_pixel_is_the_mean_of_two() -> None:
    image = torch.rand(1, 3, 8, 10)
    expected = (image[..., :-1] + image[..., 1:]) / 2
    torch.testing.assert_close(warp(image, constant_flow(0.5, 0))[..., :-1], expected)


def test_a_translated_picture_warps_onto_itself_inside() -> None:
    previous, image = (to_tensor(frame)[None] for frame in sliding_texture(2, step_xy=(5, -3)))
    flow = constant_flow(-5, 3, *image.shape[-2:])
    inside = (slice(None), slice(None), slice(0, -3), slice(5, None))
    assert float((image - warp(previous, flow))[inside].abs().max()) < 1e-4
    assert float((image - previous)[inside].abs().mean()) > 0.05


def test_warping_in_half_precision_finds_pixels_far_to_the_right() -> None:
    image = torch.arange(3000.0).view(1, 1, 1, 3000).half().expand(1, 1, 4, 3000)
    warped = warp(image, constant_flow(-1, 0, 4, 3000).half())
    assert warped.dtype == torch.float16
    torch.testing.assert_close(warped[..., 1:2000], image[..., :1999])


def test_gradients_reach_picture_and_flow() -> None:
    image = torch.rand(1, 3, 8, 10, requires_grad=True)
    flow = constant_flow(0.3, -0.4).requires_grad_()
    warp(image, flow).square().sum().backward()
    assert image.grad is not None and flow.grad is not None
    assert float(image.grad.abs().sum()) > 0 and float(flow.grad.abs().sum()) > 0


@pytest.mark.parametrize(
    ("image_shape", "flow_shape"),
    [((1, 3, 8, 10), (1, 2, 8, 9)), ((2, 3, 8, 10), (1, 2, 8, 10)), ((1, 3, 8, 10), (1, 3, 8, 10))],
)
def test_shapes_that_do_not_belong_together_are_refused(
    image_shape: tuple[int, ...], flow_shape: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="flow"):
        warp(torch.zeros(image_shape), torch.zeros(flow_shape))


def test_what_a_moving_square_hid_is_found_exactly_where_the_flow_is_exact() -> None:
    move = moving_square()
    found = occlusion_mask(move.flow, move.reverse_flow)[0, 0].numpy()
    assert (found == move.hidden).all()
    back = occlusion_mask(move.reverse_flow, move.flow)[0, 0].numpy()
    assert (back == move.reverse_hidden).all()


def test_what_comes_into_the_picture_was_hidden() -> None:
    flow = constant_flow(-3, 2)  # from this picture to the one before: everything moves right and up
    mask = occlusion_mask(flow, -flow)[0, 0]
    expected = torch.zeros(8, 10, dtype=torch.bool)
    expected[:, :3] = True
    expected[-2:] = True
    assert torch.equal(mask, expected)


def test_a_little_disagreement_between_the_ways_there_and_back_is_allowed() -> None:
    there, back = constant_flow(1, 0, 20, 20), constant_flow(-1.5, 0, 20, 20)
    assert not occlusion_mask(there, back)[0, 0, :, 2:-2].any()  # 0.25 < 0.01 (1 + 2.25) + 0.5
    assert occlusion_mask(there, constant_flow(-1.8, 0, 20, 20)).all()  # 0.64 > 0.01 (1 + 3.24) + 0.5


def test_steady_motion_has_no_boundaries_and_a_step_has_one() -> None:
    assert not motion_boundaries(constant_flow(7, -2)).any()
    flow = constant_flow(0, 0)
    flow[:, 0, :, 5:] = 4.0
    columns = motion_boundaries(flow)[0, 0].all(dim=0)
    assert columns.nonzero().flatten().tolist() == [4, 5]


def test_a_zoom_is_no_boundary_where_it_moves_fast_enough() -> None:
    x = torch.arange(200.0).expand(1, 1, 4, 200)
    flow = torch.cat([0.05 * x, torch.zeros_like(x)], dim=1)
    boundary = motion_boundaries(flow)[0, 0, 0]
    # 0.05^2 > 0.01 (0.05 x)^2 + 0.002 only for the first pixels, which hardly move.
    assert boundary[:4].all() and not boundary[5:].any()


def test_warping_error_of_three_pixels_worked_by_hand() -> None:
    image, previous = torch.zeros(1, 3, 1, 3), torch.zeros(1, 3, 1, 3)
    previous[0, :, 0] = torch.tensor([[0.3, 0.9, 0.1], [0.0, 0.9, 0.1], [0.0, 0.9, 0.2]])
    counted = torch.tensor([[[[True, False, True]]]])
    error = warping_error(image, previous, torch.zeros(1, 2, 1, 3), counted)
    # (0.09 + 0 + 0) / 3 at the first pixel, (0.01 + 0.01 + 0.04) / 3 at the last, the middle not counted.
    torch.testing.assert_close(error, torch.tensor([(0.03 + 0.02) / 2]))


def test_warping_error_takes_each_picture_of_a_batch_by_itself() -> None:
    image = torch.rand(2, 3, 8, 10)
    previous = image.clone()
    previous[1] += 0.1
    error = warping_error(image, previous, torch.zeros(2, 2, 8, 10), torch.ones(2, 1, 8, 10))
    torch.testing.assert_close(error, torch.tensor([0.0, 0.01]))


def test_where_nothing_counts_there_is_no_error_to_speak_of() -> None:
    image = torch.rand(1, 3, 8, 10)
    error = warping_error(image, image, torch.zeros(1, 2, 8, 10), torch.zeros(1, 1, 8, 10))
    assert np.isnan(float(error))
