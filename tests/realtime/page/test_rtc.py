"""WebRTC with a real peer on the other side, over this machine's loopback."""

import asyncio

import numpy as np
import pytest

pytest.importorskip("aiortc", reason='needs pip install "livebrush[web]"')

from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from av import VideoFrame

from realtime.page.rtc import OfferError, PaintedTrack, Peer
from realtime.testing import make_frame

LONG_S = 60
SIZE_WH = (128, 96)


async def take_nothing(frame: VideoFrame) -> None:
    pass


async def wait_feeding(track: PaintedTrack, value: int, until: asyncio.Event) -> None:
    """Put pictures of one grey into a track until something has come of it."""
    index = 0
    while not until.is_set():
        index += 1
        track.put(make_frame(index, size_wh=SIZE_WH, value=value))
        await asyncio.sleep(0.02)  # until the other side has got somewhere


def test_frames_come_in_and_paintings_go_back() -> None:
    greys: dict[str, float] = {}

    async def visit() -> None:
        came, went, connected = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def take(frame: VideoFrame) -> None:
            greys["camera"] = float(np.mean(frame.to_ndarray(format="bgr24")))
            came.set()

        peer = Peer("127.0.0.1", take, lambda yes: connected.set() if yes else None)
        browser, camera = RTCPeerConnection(), PaintedTrack()
        reading: list[asyncio.Task[None]] = []

        @browser.on("track")
        def begin(track: MediaStreamTrack) -> None:
            async def read() -> None:
                frame = await track.recv()
                assert isinstance(frame, VideoFrame)
                greys["painting"] = float(np.mean(frame.to_ndarray(format="bgr24")))
                went.set()

            reading.append(asyncio.create_task(read()))

        browser.addTrack(camera)
        await browser.setLocalDescription(await browser.createOffer())
        answer = await peer.answer(browser.localDescription.sdp)
        assert "127.0.0.1" in answer and answer.count("a=candidate") == 1  # nobody else can reach it
        await browser.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await wait_feeding(camera, 60, came)
        await connected.wait()
        await wait_feeding(peer.painted, 200, went)
        await peer.close()
        await browser.close()

    asyncio.run(asyncio.wait_for(visit(), LONG_S))
    assert abs(greys["camera"] - 60) < 6 and abs(greys["painting"] - 200) < 6


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "v=0",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "v=0\r\no=- 1 1 IN IP4 0\r\ns=-\r\nt=0 0\r\nm=video x y z\r\n",
        "v=0\r\no=- 1 1 IN IP4 0\r\ns=-\r\nt=0 0\r\nm=application 9 DTLS/SCTP 5000\r\n",
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * 50,
        "\x00\xff" * 100,
    ],
)
def test_an_offer_that_makes_no_sense_is_an_error_of_ours(sdp: str) -> None:
    async def ask() -> None:
        peer = Peer("127.0.0.1", take_nothing, lambda _: None)
        try:
            await peer.answer(sdp)
        finally:
            await peer.close()

    with pytest.raises(OfferError):
        asyncio.run(asyncio.wait_for(ask(), LONG_S))


def test_a_track_gives_the_newest_picture_and_none_twice_and_time_only_grows() -> None:
    async def read() -> list[int]:
        track = PaintedTrack()
        stamps = []
        for indices in ((1, 2), (2,), (1,)):
            for index in indices:
                track.put(make_frame(index, value=index))
            frame = await track.recv()
            assert frame.to_ndarray(format="bgr24")[0, 0, 0] == indices[-1]
            stamps.append(int(frame.pts or 0))
        waiting = asyncio.ensure_future(track.recv())
        await asyncio.sleep(0)
        assert not waiting.done()
        track.stop()
        with pytest.raises(Exception):  # noqa: B017 - aiortc's own, which says that a track has ended
            await waiting
        return stamps

    stamps = asyncio.run(asyncio.wait_for(read(), LONG_S))
    assert stamps == [6000, 6001, 6002]
