import asyncio
from collections.abc import AsyncIterator

import pytest

from realtime.page.limits import RateLimit, TooLargeError, read_limited
from realtime.testing import FakeClock


def test_so_many_at_once_and_then_as_time_goes_by() -> None:
    clock = FakeClock()
    limit = RateLimit(3, 60, clock)
    assert [limit.allows() for _ in range(5)] == [True, True, True, False, False]
    clock.advance(19)
    assert not limit.allows()
    clock.advance(1)
    assert limit.allows() and not limit.allows()
    clock.advance(10_000)
    assert [limit.allows() for _ in range(4)] == [True, True, True, False]


def test_a_body_is_read_up_to_its_limit_and_no_further() -> None:
    read = 0

    async def chunks(count: int) -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(count):
            read += 1
            yield b"x" * 10

    assert asyncio.run(read_limited(chunks(3), 30)) == b"x" * 30
    read = 0
    with pytest.raises(TooLargeError):
        asyncio.run(read_limited(chunks(1000), 30))
    assert read == 4
