from pathlib import Path
from typing import Any

import pytest

from realtime.catalog import find_style
from realtime.errors import OptionError
from realtime.page.config import ServeConfig, is_loopback, tokens_for


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    path = tmp_path / "file.pem"
    path.write_text("")
    return path


def make(tiny_style: Path, **options: Any) -> ServeConfig:
    return ServeConfig(style=find_style(str(tiny_style)), **options)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "::1", "[::1]", "127.8.9.1"])
def test_this_machine_alone_needs_neither_tls_nor_token(tiny_style: Path, host: str) -> None:
    config = make(tiny_style, host=host)
    assert is_loopback(host) and tokens_for(config) == (None, None) and not config.secure


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "studio.local", "", "127.0.0.1.evil.com"])
def test_beyond_this_machine_it_refuses_without_tls(tiny_style: Path, host: str) -> None:
    with pytest.raises(OptionError, match="--tls-cert and --tls-key"):
        make(tiny_style, host=host)


def test_beyond_this_machine_there_is_a_new_token_each_time(tiny_style: Path, pem: Path) -> None:
    config = make(tiny_style, host="0.0.0.0", tls_cert=pem, tls_key=pem)
    one, other = tokens_for(config)[0], tokens_for(config)[0]
    assert one is not None and len(one) >= 32 and one != other


def test_a_token_that_was_given_is_taken_on_this_machine_too(tiny_style: Path) -> None:
    token, watch_token = tokens_for(make(tiny_style, token="a" * 16))
    assert token == "a" * 16 and watch_token is not None and watch_token != token


def test_who_asks_for_a_link_for_watching_gets_a_token_for_the_rest_too(tiny_style: Path) -> None:
    token, watch_token = tokens_for(make(tiny_style, watch_token="w" * 16))
    assert watch_token == "w" * 16 and token is not None and token != watch_token


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"token": "short"}, "--token must be 16"),
        ({"token": "with spaces in between"}, "--token must be 16"),
        ({"watch_token": "short"}, "--watch-token must be 16"),
        ({"token": "a" * 16, "watch_token": "a" * 16}, "another than --token"),
        ({"port": 70000}, "--port must be from 0 to 65535, got 70000"),
        ({"viewers": 0}, "--viewers must be from 1"),
        ({"cameras": -1}, "--cameras must be from 0"),
        ({"page_fps": 0}, "--page-fps must be"),
        ({"strength": 2.0}, "strength must be from 0"),
        ({"mask": "cat"}, "--mask must be person, motion or key:#rrggbb here, got 'cat'"),
        ({"tls_cert": Path("nosuch.pem")}, "--tls-cert nosuch.pem: there is no such file"),
        ({"recordings": Path("nosuch")}, "--recordings nosuch: there is no such folder"),
    ],
)
def test_what_cannot_be_is_named(tiny_style: Path, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError) as refused:
        make(tiny_style, **options)
    assert says in str(refused.value) and "\n" not in str(refused.value)


def test_a_certificate_without_its_key_is_refused(tiny_style: Path, pem: Path) -> None:
    with pytest.raises(OptionError, match="belong together"):
        make(tiny_style, tls_cert=pem)
