"""The command as a process of its own, on a real port."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import av
import pytest

pytest.importorskip("fastapi", reason='needs pip install "livebrush[web]"')

from realtime.catalog import find_style
from realtime.errors import OptionError
from realtime.page.config import ServeConfig
from realtime.page.server import address_of, listen

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = [sys.executable, "-m", "realtime", "serve"]
LONG_S = 120


def start(style: Path, *options: str) -> subprocess.Popen[str]:
    command = [*PROGRAM, "--style", str(style), "--source", "demo", "--port", "0", *options]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


def address_from(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("open http"), line + (process.stderr.read() if process.stderr else "")
    return line.split()[1]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_told_to_end_and_leaves_nothing(
    tiny_style: Path, tmp_path: Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with start(tiny_style, "--mjpeg") as process:
        address = address_from(process)
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}api/state", timeout=LONG_S) as answer:
            assert json.load(answer)["painting"]["style"] == "tiny"
        # A stream that goes on does not keep it from ending.
        with urllib.request.urlopen(f"{address}stream.mjpg", timeout=LONG_S) as stream:
            assert b"image/jpeg" in stream.read(200)
            with av.open(f"{address}stream.mjpg", format="mpjpeg") as opened:  # as VLC and OBS do
                frames = opened.decode(video=0)
                assert [(next(frames).width, next(frames).height)] == [(640, 360)]
            process.send_signal(number)
            out, err = process.communicate(timeout=LONG_S)
    assert (process.returncode, err) == (0, ""), out
    assert list(tmp_path.iterdir()) == []


def test_a_token_is_asked_for_and_is_not_in_the_log(tiny_style: Path) -> None:
    with start(tiny_style, "--token", "a-very-secret-token") as process:
        address = address_from(process)
        assert address.endswith("?token=a-very-secret-token")
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(address.split("?")[0], timeout=LONG_S)
        with urllib.request.urlopen(address, timeout=LONG_S) as answer:
            assert b"Livebrush" in answer.read()
        process.terminate()
        out, err = process.communicate(timeout=LONG_S)
    assert "secret" not in out + err


def test_beyond_this_machine_it_speaks_tls_and_lets_in_whoever_has_the_token(
    tiny_style: Path, tmp_path: Path
) -> None:
    cert, key = write_certificate(tmp_path)
    options = ("--host", "0.0.0.0", "--tls-cert", str(cert), "--tls-key", str(key))
    with start(tiny_style, *options) as process:
        address = address_from(process)
        port, token = re.search(r":(\d+)/\?token=([\w-]{32,})$", address).groups()  # type: ignore[union-attr]
        assert process.stdout is not None
        watching = re.search(r"\?token=([\w-]{32,})$", process.stdout.readline())
        assert watching is not None and watching[1] != token
        trusting = ssl.create_default_context(cafile=str(cert))
        page = f"https://localhost:{port}/"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(page, timeout=LONG_S, context=trusting)
        with urllib.request.urlopen(f"{page}?token={token}", timeout=LONG_S, context=trusting) as answer:
            assert b"Livebrush" in answer.read() and "Secure" in answer.headers["set-cookie"]
        change = urllib.request.Request(
            f"{page}api/state?token={watching[1]}", b'{"paused": true}', method="PATCH"
        )
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(change, timeout=LONG_S, context=trusting)
        with pytest.raises(OSError):  # nothing is said without TLS
            urllib.request.urlopen(page.replace("https", "http"), timeout=LONG_S)
        process.terminate()
        process.communicate(timeout=LONG_S)


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for this machine that nobody has signed but itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(timezone.utc)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    return cert_file, key_file


def refused(*arguments: str) -> str:
    done = subprocess.run([*PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=LONG_S)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    return line


def test_a_missing_package_is_named_with_the_line_that_installs_it(tiny_style: Path) -> None:
    code = (
        "import sys; sys.modules['fastapi'] = None\n"
        "from realtime.cli import main\n"
        f"sys.exit(main(['serve', '--style', {str(tiny_style)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == 'error: fastapi is not installed; get it with: pip install "livebrush[web]"\n'


def test_what_cannot_be_is_one_line(tiny_style: Path) -> None:
    style = ["--style", str(tiny_style)]
    assert "needs --tls-cert and --tls-key" in refused(*style, "--host", "0.0.0.0")
    assert "no source 'nosuch.mp4'" in refused(*style, "--source", "nosuch.mp4", "--port", "0")


def test_names_and_files_that_do_not_fit_are_one_line(tiny_style: Path, tmp_path: Path) -> None:
    style = ["--style", str(tiny_style), "--source", "demo", "--port", "0"]
    assert "no style is called 'nosuch'" in refused(*style, "--background", "nosuch")
    (tmp_path / "x.pem").write_text("no certificate")
    pem = str(tmp_path / "x.pem")
    said = refused(*style, "--tls-cert", pem, "--tls-key", pem)
    assert "give PEM files that belong together" in said


def test_a_port_that_is_in_use_is_named(tiny_style: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = make(tiny_style, port=taken.getsockname()[1])
        with (
            pytest.raises(OptionError, match=r"port \d+ is in use; give another with --port"),
            listen(config),
        ):
            pass


def test_an_address_that_is_not_this_machines_is_named(tiny_style: Path, tmp_path: Path) -> None:
    pem = tmp_path / "x.pem"
    pem.write_text("")
    config = make(tiny_style, host="203.0.113.7", tls_cert=pem, tls_key=pem)
    with pytest.raises(OptionError, match="cannot listen on 203.0.113.7"), listen(config):
        pass


def test_the_address_to_open_is_whole(tiny_style: Path, tmp_path: Path) -> None:
    assert address_of(make(tiny_style), 8720, None) == "http://127.0.0.1:8720/"
    assert address_of(make(tiny_style, host="::1"), 1, None) == "http://[::1]:1/"
    pem = tmp_path / "x.pem"
    pem.write_text("")
    beyond = make(tiny_style, host="0.0.0.0", tls_cert=pem, tls_key=pem)
    assert address_of(beyond, 443, "abc") == f"https://{socket.gethostname()}:443/?token=abc"


def make(tiny_style: Path, **options: Any) -> ServeConfig:
    return ServeConfig(style=find_style(str(tiny_style)), **options)
