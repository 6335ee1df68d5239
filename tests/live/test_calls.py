"""WebRTC against a client that is one."""

import asyncio
import gc
import json
import weakref

import httpx
import numpy as np
import pytest
from aiortc import (
    AudioStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.codecs.opus import OpusEncoder
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket
from av import AudioFrame

from gioconda.live.calls import ImmediateBuffer, Packets, Resampler
from gioconda.live.frame import Frame, State

from .conftest import wait


class Viewer:
    """Connects, keeps what comes, and may have a microphone."""

    def __init__(self, running):
        self.running = running
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.channel = self.peer.createDataChannel("control")
        self.told, self.video, self.audio, self.tasks = [], [], [], []
        self.channel.on("message", lambda text: self.told.append(json.loads(text)))
        self.peer.on("track", self.watch)
        self.peer.addTransceiver("video", direction="recvonly")

    def watch(self, track):
        async def receive():
            while True:
                try:
                    frame = await track.recv()
                except MediaStreamError:
                    return
                getattr(self, track.kind).append(frame)

        self.tasks.append(asyncio.ensure_future(receive()))

    async def connect(self, client, microphone=None, source="speech"):
        if microphone:
            self.peer.addTrack(microphone)
        else:
            self.peer.addTransceiver("audio", direction="recvonly")
        self.session = (
            await client.post("/sessions", json={"portrait": "example", "source": source})
        ).json()["id"]
        await self.peer.setLocalDescription(await self.peer.createOffer())
        offer = {"sdp": self.peer.localDescription.sdp, "type": "offer"}
        address = f"/sessions/{self.session}/offer"
        answer = await client.post(address, json=offer)
        assert answer.status_code == 200, answer.text
        again = await client.post(address, json=offer)
        assert again.json()["code"] == "taken"
        await self.peer.setRemoteDescription(RTCSessionDescription(**answer.json()))

    async def until(self, true, seconds=30):
        for _ in range(round(seconds / 0.05)):
            if true():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"it did not come about: {self.told[-3:]}")

    async def close(self):
        for task in self.tasks:
            task.cancel()
        await self.peer.close()


def run(running, visit):
    async def whole():
        async with httpx.AsyncClient(base_url=running.url, timeout=60) as client:
            viewer = Viewer(running)
            try:
                await visit(viewer, client)
            finally:
                await viewer.close()

    asyncio.run(whole())
    wait(lambda: len(running.server.pool) == 0)


@pytest.mark.usefixtures("client")
def test_picture_and_sound_come_and_messages_go_both_ways(running):
    async def visit(viewer, client):
        await viewer.connect(client)
        await viewer.until(lambda: len(viewer.video) >= 3 and len(viewer.audio) >= 10)
        assert (viewer.video[0].width, viewer.video[0].height) == (512, 512)
        assert viewer.video[0].to_ndarray(format="rgb24").std() > 20
        await viewer.until(lambda: any("state" in message for message in viewer.told))
        viewer.channel.send('{"do": "interrupt"}')
        viewer.channel.send("{")
        await viewer.until(lambda: "bad-request" in {each.get("code") for each in viewer.told})
        viewer.channel.send('{"do": "close"}')
        await viewer.until(lambda: not len(running.server.pool))

    run(running, visit)


@pytest.mark.usefixtures("client")
def test_a_microphone_is_heard(running, voice):
    class Microphone(AudioStreamTrack):
        async def recv(self):
            frame = await super().recv()  # silence, in time
            begin = frame.pts * 16000 // frame.sample_rate
            part = np.take(voice, np.arange(begin, begin + 320), mode="wrap")
            spoken = AudioFrame.from_ndarray(
                np.rint(part * 32767).astype(np.int16)[None], format="s16", layout="mono"
            )
            spoken.sample_rate, spoken.pts = 16000, begin
            return spoken

    async def visit(viewer, client):
        await viewer.connect(client, Microphone())
        await viewer.until(lambda: any(each.get("state") == "speaking" for each in viewer.told))

        def heard():
            return any(np.abs(frame.to_ndarray()).max() > 1000 for frame in viewer.audio)

        await viewer.until(heard)

    run(running, visit)


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("source", ["speech", "microphone"])
def test_the_session_says_whether_its_track_is_a_microphone(running, source):
    """And a client may change its mind: a file that is played loses no word under load."""

    async def visit(viewer, client):
        await viewer.connect(client, AudioStreamTrack(), source)
        await viewer.until(lambda: viewer.audio)
        hosted = running.server.pool.get(viewer.session)
        assert hosted.session.microphone is (source == "microphone")
        await viewer.until(lambda: viewer.channel.readyState == "open")
        viewer.channel.send('{"do": "source", "source": "speech"}')
        await viewer.until(lambda: not hosted.session.microphone)
        viewer.channel.send('{"do": "source", "source": "radio"}')
        await viewer.until(lambda: any(each.get("code") == "bad-request" for each in viewer.told))

    run(running, visit)


def test_packets_of_sound_wait_for_none_and_none_comes_after_its_successor():
    buffer = ImmediateBuffer()
    given = []
    for number in (65534, 65535, 0, 1, 3, 2, 4, 4, 5):  # 3 and 4 overtake; 4 comes twice
        packet = RtpPacket(sequence_number=number)
        packet._data = b"" if number == 5 else str(number).encode()
        lost, frame = buffer.add(packet)
        assert not lost
        given += [frame.data.decode()] if frame else []
    assert given == ["65534", "65535", "0", "1", "3", "4"]


def test_sound_leaves_with_its_frame_and_on_its_time():
    """No packet waits for the next frame, in aiortc's encoder either."""
    packets, encoder = Packets(), OpusEncoder()
    sent, sound = [], []
    for number in range(25):
        pcm = np.zeros(640, np.float32)
        pcm[320 if number == 10 else slice(0)] = 0.5
        for packet in packets.of(Frame(number, number / 25, pcm, pcm, None, State.IDLE)):
            sound.append(packet.to_ndarray()[0])
            payloads, timestamp = encoder.encode(packet)
            assert len(payloads) == 1
            sent.append(timestamp)
        assert len(sent) == 2 * (number + 1)
    assert sent == list(range(0, 50 * 960, 960))
    loudest = np.argmax(np.abs(np.concatenate(sound).astype(float)))
    assert abs(loudest / 48000 - 10.5 / 25) < 0.0015


@pytest.mark.usefixtures("client")
def test_a_viewers_own_video_is_not_taken(running):
    async def visit(viewer, client):
        mine = viewer.peer.getTransceivers()[0]
        mine.direction = "sendrecv"
        mine.sender.replaceTrack(VideoStreamTrack())
        viewer.peer.addTransceiver("video", direction="sendrecv")
        await viewer.connect(client)
        await viewer.until(lambda: len(viewer.video) >= 3)
        directions = [each.currentDirection for each in viewer.peer.getTransceivers()]
        assert directions == ["recvonly", "inactive", "recvonly"]

    run(running, visit)


def test_an_offer_that_receives_no_video_is_refused(client, session):
    async def offered():
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.addTransceiver(VideoStreamTrack(), direction="sendonly")
        await peer.setLocalDescription(await peer.createOffer())
        sdp = peer.localDescription.sdp
        await peer.close()
        return sdp

    answer = client.post(f"/sessions/{session}/offer", json={"sdp": asyncio.run(offered())})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")
    assert "receives video" in answer.json()["error"]
    client.delete(f"/sessions/{session}")


def test_a_microphone_may_change_its_rate_and_layout():
    resampler, heard = Resampler(), []
    for rate, layout in ((48000, "stereo"), (8000, "mono"), (48000, "stereo")):
        tone = np.sin(np.arange(rate) * 2 * np.pi * 200 / rate)  # a second
        pcm = np.rint(16384 * tone).astype(np.int16).repeat(2 if layout == "stereo" else 1)
        step = len(pcm) // 50
        for number in range(50):
            part = pcm[None, number * step : (number + 1) * step]
            frame = AudioFrame.from_ndarray(part, format="s16", layout=layout)
            frame.sample_rate, frame.pts = rate, number * rate // 50
            heard += resampler.convert(frame)
    sound = np.concatenate(heard)
    assert len(sound) == pytest.approx(3 * 16000, rel=0.01)
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@pytest.mark.usefixtures("client")
def test_a_viewer_that_hangs_up_frees_its_place(running):
    async def visit(viewer, client):
        await viewer.connect(client)
        await viewer.until(lambda: viewer.video)

    run(running, visit)


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("how", ["hung up", "ended", "never came about"])
def test_what_a_call_was_drawn_by_is_freed_without_the_collector(running, how):
    """An animator holds 10 MiB, and the collector may come a hundred sessions later."""

    async def visit(viewer, client):
        await viewer.connect(client)
        kept.append(weakref.ref(running.server.pool.get(viewer.session).session._speaker))
        if how == "never came about":
            return
        await viewer.until(lambda: len(viewer.video) >= 3 and viewer.told)
        if how == "ended":
            viewer.channel.send('{"do": "close"}')
            await viewer.until(lambda: not len(running.server.pool))

    kept = []
    gc.disable()
    try:
        run(running, visit)
        wait(lambda: kept[0]() is None)
    finally:
        gc.enable()
