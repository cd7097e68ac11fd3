from realtime import errors
from realtime.errors import (
    EngineError,
    LivebrushError,
    MissingExtraError,
    SourceBrokenError,
    SourceError,
    StyleNotFoundError,
)


def test_every_error_is_a_livebrush_error_with_exit_code_2() -> None:
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    raised = [cls for cls in classes if issubclass(cls, Exception)]
    assert len(raised) == 12
    assert all(issubclass(cls, LivebrushError) and cls.exit_code == 2 for cls in raised)


def test_the_tree_in_the_docstring_names_every_error() -> None:
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, Exception):
            assert name in (errors.__doc__ or "")


def test_an_unknown_style_offers_the_nearest_names() -> None:
    error = StyleNotFoundError("stary", ["starry_night", "udnie"])
    assert str(error) == "no style is called 'stary': did you mean starry_night or udnie?"


def test_an_unknown_style_like_no_other_says_where_the_names_are() -> None:
    assert "python -m realtime styles" in str(StyleNotFoundError("xyz"))


def test_a_missing_extra_names_the_exact_pip_line() -> None:
    error = MissingExtraError("openvino", "cpu")
    assert isinstance(error, EngineError)
    assert str(error).endswith('pip install "livebrush[cpu]"')


def test_a_broken_source_says_after_which_frame_and_second() -> None:
    error = SourceBrokenError("clip.mp4", frames=135, at_s=4.5, reason="end of data")
    assert isinstance(error, SourceError)
    assert (error.frames, error.at_s) == (135, 4.5)
    assert "clip.mp4 breaks off after 135 frames, at 4.50 s (end of data)" in str(error)
    assert "\n" not in str(error)
