"""What the page was asked to be, checked before anything is opened."""

from __future__ import annotations

import ipaddress
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from realtime.camera_config import HIGHEST_FPS
from realtime.catalog import StyleEntry
from realtime.composite import check_strength
from realtime.engine import EngineOptions
from realtime.errors import OptionError
from realtime.painter import SizeWh
from realtime.steady import SteadyLevel

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8720
SHORTEST_TOKEN = 16
MOST_VIEWERS = 200
_MASKS = re.compile("person|motion|key:#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class ServeConfig:
    """The options of `python -m realtime serve`.

    Args:
        style: what paints first.
        source: what is painted for all viewers; None for camera 0, or without one the demo scene.
        host: the address that is listened on.
        port: there; None for the usual one, 0 for any that is free.
        token: that the address must carry; None for none on loopback, and a new one beyond it.
        watch_token: that addresses carry whose visitors may only watch; None for a new one where there is a
            token.
        tls_cert, tls_key: PEM files; both or neither.
        network_wh: what the network sees; None for at most 360 pixels on the shorter side.
        output_wh: the picture that viewers get; None for the source's size.
        engine: engine, precision, device and threads.
        strength: 0 for the original, 1 for the painting.
        original_colors: the painting's light and dark with the frame's colours.
        mask: which part of a frame the style paints: person, motion, key:#rrggbb; None for all of it.
        background: what stands in the rest: original, blur, or a style's name.
        steady: how steady paintings are kept.
        viewers: how many may watch at once.
        cameras: how many visitors may have their own cameras painted at once.
        page_fps: pictures a second that viewers get at most.
        mjpeg: there is a plain stream, too.
        recordings: folder for recordings; None for one that is deleted at the end.
    Raises:
        OptionError: naming the first option that cannot be.
    """

    style: StyleEntry
    source: str | None = None
    host: str = DEFAULT_HOST
    port: int | None = None
    token: str | None = None
    watch_token: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    network_wh: SizeWh | None = None
    output_wh: SizeWh | None = None
    engine: EngineOptions = EngineOptions()  # noqa: RUF009
    strength: float = 1.0
    original_colors: bool = False
    mask: str | None = None
    background: str = "original"
    steady: SteadyLevel = "light"
    viewers: int = 20
    cameras: int = 2
    page_fps: int = 30
    mjpeg: bool = False
    recordings: Path | None = None

    def __post_init__(self) -> None:
        check_strength(self.strength)
        _check_count("--port", self.port, 0, 65535)
        _check_count("--viewers", self.viewers, 1, MOST_VIEWERS)
        _check_count("--cameras", self.cameras, 0, MOST_VIEWERS)
        _check_count("--page-fps", self.page_fps, 1, HIGHEST_FPS)
        if self.network_wh is not None:
            self.style.contract.check_size(self.network_wh)
        if self.mask is not None and not _MASKS.fullmatch(self.mask):
            raise OptionError(f"--mask must be person, motion or key:#rrggbb here, got {self.mask!r}")
        self._check_access()
        if self.recordings is not None and not self.recordings.is_dir():
            raise OptionError(f"--recordings {self.recordings}: there is no such folder; make it first")

    @property
    def secure(self) -> bool:
        """True where the page is served with TLS."""
        return self.tls_cert is not None

    def _check_access(self) -> None:
        for option, file in (("--tls-cert", self.tls_cert), ("--tls-key", self.tls_key)):
            if file is not None and not file.is_file():
                raise OptionError(f"{option} {file}: there is no such file")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise OptionError("--tls-cert and --tls-key belong together; give both")
        if not is_loopback(self.host) and not self.secure:
            raise OptionError(
                f"--host {self.host} can be reached from other machines: that needs --tls-cert and --tls-key "
                "(PEM files); without --host only this machine reaches the page"
            )
        for option, token in (("--token", self.token), ("--watch-token", self.watch_token)):
            if token is None or (len(token) >= SHORTEST_TOKEN and _fits_address(token)):
                continue
            raise OptionError(
                f"{option} must be {SHORTEST_TOKEN} letters, digits, - or _ at least; without it there is a "
                "new one each time"
            )
        if self.token is not None and self.token == self.watch_token:
            raise OptionError("--watch-token must be another than --token: who has it may only watch")


def is_loopback(host: str) -> bool:
    """Tell whether an address is reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:  # a name: it may be anything
        return False


def tokens_for(config: ServeConfig) -> tuple[str | None, str | None]:
    """Return the token that the address carries, and that of whoever may only watch.

    They are those asked for, or new ones where they are needed; None and None where anybody on this machine
    may come in.
    """
    if config.token is None and config.watch_token is None and is_loopback(config.host):
        return None, None
    return config.token or secrets.token_urlsafe(24), config.watch_token or secrets.token_urlsafe(24)


def _fits_address(token: str) -> bool:
    return all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in token)


def _check_count(option: str, count: int | None, least: int, most: int) -> None:
    if count is not None and not least <= count <= most:
        raise OptionError(f"{option} must be from {least} to {most}, got {count}")
