"""Opens the page's show, listens, and ends both: one run of `python -m realtime serve`."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import uvicorn

from realtime.console import say, stop_on_signals
from realtime.errors import OptionError
from realtime.page.app import make_app
from realtime.page.config import DEFAULT_PORT, ServeConfig, tokens_for
from realtime.page.house import House
from realtime.process import share_heap

MOST_MESSAGE = 2 * 1024 * 1024  # a camera's picture, bytes
LOOK_S = 0.1
END_S = 1


def serve(config: ServeConfig) -> int:
    """Serve the page until Ctrl-C; return the exit code.

    Raises:
        LivebrushError: if it cannot listen there, or the source or the style cannot be opened.
    """
    share_heap()
    stop = threading.Event()
    _check_certificate(config)
    with stop_on_signals(stop), listen(config) as listening:
        house = House(config)
        try:
            token, watch_token = tokens_for(config)
            server = make_server(house, token, watch_token)
            house.start()
            _announce(house, listening, token, watch_token)
            asyncio.run(_until(stop, server, listening))
        finally:
            house.close()
    return 0


class PageServer(uvicorn.Server):
    """Leaves signals to `stop_on_signals`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def make_server(house: House, token: str | None, watch_token: str | None = None) -> PageServer:
    """Return the server of a page; it does not listen yet."""
    config = house.config
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # a lost connection is no error of ours
    return PageServer(
        uvicorn.Config(
            make_app(house, token, watch_token),
            log_config=None,
            access_log=False,  # addresses hold the token
            server_header=False,
            proxy_headers=False,
            ws="websockets-sansio",
            ws_max_size=MOST_MESSAGE,
            ws_max_queue=4,
            ws_per_message_deflate=False,  # JPEGs are as small as they get
            lifespan="off",
            timeout_graceful_shutdown=END_S,
            limit_concurrency=8 * config.viewers + 64,  # connections; a browser opens six beside its socket
            ssl_certfile=config.tls_cert,
            ssl_keyfile=config.tls_key,
        )
    )


@contextmanager
def listen(config: ServeConfig) -> Iterator[socket.socket]:
    """Listen where the options say.

    Raises:
        OptionError: if that address or port cannot be had.
    """
    port = DEFAULT_PORT if config.port is None else config.port
    host = config.host.strip("[]")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise OptionError(f"port {port} is in use; give another with --port, or 0 for any") from error
        raise OptionError(f"cannot listen on {config.host} port {port}: {error.strerror or error}") from error
    with listening:
        yield listening


def address_of(config: ServeConfig, port: int, token: str | None) -> str:
    """Return the address to open in a browser."""
    host = config.host.strip("[]")
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    shown = f"[{host}]" if ":" in host else host
    query = "" if token is None else f"?token={quote(token)}"
    return f"{'https' if config.secure else 'http'}://{shown}:{port}/{query}"


def _announce(house: House, listening: socket.socket, token: str | None, watch_token: str | None) -> None:
    config, port = house.config, listening.getsockname()[1]
    source = house.main.source.info
    if config.source is None and source.kind == "demo":
        say("no camera found: this is the demo scene (--source FILE plays a video)")
    address = address_of(config, port, token)
    say(f"open {address} (Ctrl-C ends it)")
    watching = address_of(config, port, watch_token)
    if watch_token is not None:
        say(f"for those who may only watch: {watching}")
    if config.mjpeg:
        page, _, query = watching.partition("?")
        say(f"plain stream for OBS and VLC: {page}stream.mjpg{'?' + query if query else ''}")


def _check_certificate(config: ServeConfig) -> None:
    """Raise OptionError where certificate and key cannot be used."""
    if config.tls_cert is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(config.tls_cert, config.tls_key)
    except (ssl.SSLError, OSError) as error:
        raise OptionError(
            f"--tls-cert {config.tls_cert} and --tls-key {config.tls_key} cannot be used: give PEM files "
            f"that belong together ({error.strerror or type(error).__name__})"
        ) from error


async def _until(stop: threading.Event, server: PageServer, listening: socket.socket) -> None:
    async def look() -> None:
        while not stop.is_set():
            await asyncio.sleep(LOOK_S)
        server.should_exit = True

    looking = asyncio.create_task(look())
    try:
        await server.serve(sockets=[listening])
    finally:
        looking.cancel()
