"""WebRTC against a client that is one."""

import asyncio
import json

import httpx
import numpy as np
import pytest
from aiortc import (
    AudioStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

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

    async def connect(self, client, microphone=None):
        if microphone:
            self.peer.addTrack(microphone)
        else:
            self.peer.addTransceiver("audio", direction="recvonly")
        self.session = (await client.post("/sessions", json={"portrait": "example"})).json()["id"]
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
    wait(lambda: len(running.server.seats) == 0)


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
        await viewer.until(
            lambda: {"state", "bad-request"} <= {each.get("code") for each in viewer.told}
        )
        viewer.channel.send('{"do": "close"}')
        await viewer.until(lambda: not len(running.server.seats))

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
def test_a_viewer_that_hangs_up_frees_its_seat(running):
    async def visit(viewer, client):
        await viewer.connect(client)
        await viewer.until(lambda: viewer.video)

    run(running, visit)
