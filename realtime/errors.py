"""What can go wrong for a user, as one tree; every message is one line: what came, what to do.

LivebrushError                exit code 2
├── OptionError               an option out of range, or options that make no sense together
├── StyleNotFoundError        no style of that name; offers the nearest ones
├── StyleFileError            a style file that is missing, unreadable or no ONNX
├── StylePictureError         a picture that cannot be a style: damaged, too small, too large
├── MaskError                 a mask that there is not, cannot be read, or ends before its film
├── ContractError             an ONNX file without a contract, or with one that does not fit
├── EngineError               an engine, device or precision that cannot be had here
│   └── MissingExtraError     a package is not installed; names the exact `pip install` line
├── SourceError               a camera, file, address or folder that gives no frames
│   └── SourceBrokenError     a source that breaks off half-way; says after which frame and second
└── SinkError                 an output that cannot be written
"""

from collections.abc import Sequence


class LivebrushError(Exception):
    """Base of every error a user can cause or mend; commands print it as one line, no traceback."""

    exit_code = 2


class OptionError(LivebrushError):
    """An option is out of range, or two options contradict each other."""


class StyleNotFoundError(LivebrushError):
    """No style has that name.

    Args:
        name: what was asked for.
        nearest: names to offer, best first; may be empty.
    """

    def __init__(self, name: str, nearest: Sequence[str] = ()) -> None:
        offer = f"did you mean {' or '.join(nearest)}?" if nearest else "see `python -m realtime styles`"
        super().__init__(f"no style is called {name!r}: {offer}")
        self.name = name
        self.nearest = tuple(nearest)


class StyleFileError(LivebrushError):
    """A style file is missing, cannot be read, is cut short, or is no ONNX file."""


class StylePictureError(LivebrushError):
    """A picture file cannot be a style: missing, damaged, too small or too large."""


class MaskError(LivebrushError):
    """A mask cannot be opened, does not know a label, or has no alpha for a frame."""


class ContractError(LivebrushError):
    """A style file has no contract, or promises something this version cannot run."""


class EngineError(LivebrushError):
    """An engine, device or precision is not to be had on this machine, or a network failed in it."""


class MissingExtraError(EngineError):
    """A package that an optional extra brings is not installed.

    Args:
        package: the module that could not be imported.
        extra: the extra of livebrush that installs it, such as "cpu"; several with commas.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f'{package} is not installed; get it with: pip install "livebrush[{extra}]"')
        self.package = package
        self.extra = extra


class SourceError(LivebrushError):
    """A source cannot be opened, is no picture or video, or gave an unusable frame."""


class SourceBrokenError(SourceError):
    """A source broke off half-way; the frames before the break were good and were delivered.

    Args:
        name: the source, credentials already redacted.
        frames: how many frames were read before the break.
        at_s: presentation time of the break, seconds.
        reason: what the decoder said, one line.
    """

    def __init__(self, name: str, frames: int, at_s: float, reason: str) -> None:
        super().__init__(
            f"{name} breaks off after {frames} frames, at {at_s:.2f} s ({reason}); "
            "what came before it was used"
        )
        self.name = name
        self.frames = frames
        self.at_s = at_s


class SinkError(LivebrushError):
    """An output cannot be opened or written: folder missing, disk full, would overwrite its input."""
