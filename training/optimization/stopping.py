"""When a picture is done: its loss has stopped falling, or the steps are used up."""

from collections.abc import Sequence

# Steps in each of the two windows that are compared. L-BFGS takes single steps that change almost nothing,
# and a new sample of the Gaussian kernel shakes the loss: neither means that the end is reached.
WINDOW = 10


def relative_change(totals: Sequence[float], window: int = WINDOW) -> float | None:
    """Return by how much of itself the loss changes in a step, averaged over the last steps.

    With m_1 the mean of the last `window` totals and m_0 that of the `window` before them:
    |m_1 - m_0| / (window * m_0). Li et al. 2017 look at two successive steps (section 4); where the loss
    falls by the same share every step, this is that share.

    Returns:
        None before there are two windows.
    """
    if len(totals) < 2 * window:
        return None
    now = sum(totals[-window:]) / window
    before = sum(totals[-2 * window : -window]) / window
    return abs(now - before) / (window * max(before, 1e-12))


def has_converged(totals: Sequence[float], tolerance: float, window: int = WINDOW) -> bool:
    """Whether the loss changes by less than `tolerance` of itself a step; never with a tolerance of 0."""
    change = relative_change(totals, window)
    return change is not None and change < tolerance
