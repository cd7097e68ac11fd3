"""A server on this machine that a test scripts, at an address with a password in it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server(ThreadingHTTPServer):
    """Serves one body, or one camera that sends JPEG after JPEG."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def address(self, path: str = "/live") -> str:
        return f"http://anna:s3cret@127.0.0.1:{self.server_port}{path}"


class Quiet(BaseHTTPRequestHandler):
    """A handler that writes nothing about what it is asked."""

    def log_message(self, format: str, *args: Any) -> None:
        pass
