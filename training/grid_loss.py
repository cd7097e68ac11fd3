"""A pattern of dots that repeats every few pixels, which networks that upsample leave in smooth places.

Each of the outputs that become a cell's pixels has weights of its own (Odena et al. 2016, "Deconvolution and
checkerboard artifacts"). Feature networks hardly see what that does: it is finer than what they pool.
"""

from torch import Tensor
from torch.nn import functional

# Two doublings of size: after them every fourth pixel comes from the same weights.
PERIOD = 4
# Over fewer places a texture has means of its own; over more, dots of one place hide behind another's.
WINDOW = 64


def grid_loss(image: Tensor, period: int = PERIOD, window: int = WINDOW) -> Tensor:
    """Return how much a picture repeats every `period` pixels; 0 for what is smooth.

    For every window of pixels and each of its period^2 phases, what stands out from its surroundings there is
    averaged over the window; the variance of these means over the phases, as a mean over windows and colours.
    A texture of any other period has means of about 0.

    Args:
        image: (N, C, H, W) in [0, 1], sides from `period`.
        period: pixels.
        window: pixels, a multiple of the period; less where the picture is smaller.
    """
    image = image.float()
    # Less the mean around: a smooth ramp is no pattern.
    before, after = (period - 1) // 2, period // 2
    padded = functional.pad(image, (before, after, before, after), mode="replicate")
    fine: Tensor = image - functional.avg_pool2d(padded, period, stride=1)  # (N, C, H, W)
    height, width = image.shape[-2:]
    side = min(window, height // period * period, width // period * period)
    rows, columns = height // side, width // side
    lead, places = image.shape[:-2], side // period
    whole = fine[..., : rows * side, : columns * side]
    cells = whole.reshape(*lead, rows, places, period, columns, places, period)
    phases = cells.mean(dim=(-5, -2))  # (N, C, rows, period, columns, period)
    variance: Tensor = phases.var(dim=(-3, -1), correction=0).mean()
    return variance
