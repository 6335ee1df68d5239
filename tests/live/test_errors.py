"""One policy for errors: the same faults over WebSocket and WebRTC have the same consequences."""

import json

import numpy as np
import pytest
from aiortc import AudioStreamTrack
from websockets.sync.client import connect

from gioconda.live import Session

from .conftest import wait
from .test_calls import run
from .test_faults import drain, open_session, told

COMMANDS = "expected do: close, end_of_speech, interrupt, listen, set, source"
FAULTS = {
    "": ("bad-request", "a text message must be JSON"),
    "{": ("bad-request", "a text message must be JSON"),
    "[" * 50_000: ("bad-request", "a text message must be JSON"),
    "[]": ("bad-request", COMMANDS),
    "null": ("bad-request", COMMANDS),
    "{}": ("bad-request", COMMANDS),
    '{"do": 7}': ("bad-request", COMMANDS),
    '{"do": "dance"}': ("bad-request", COMMANDS),
    '{"do": "interrupt", "now": 1}': (
        "bad-request",
        "'now' is not a field of this request; the fields are do",
    ),
    '{"do": "set"}': ("controls", "controls is missing"),
    '{"do": "set", "controls": [1]}': ("controls", "controls: expected an object; found [1]"),
    '{"do": "set", "controls": {"nose": 1}}': (
        "controls",
        "'nose' is not a dial; the dials are gaze, distance, emotion, amplitude, articulation, "
        "blinks, pose",
    ),
    '{"do": "set", "controls": {"distance": 7}}': (
        "controls",
        "distance must be from 0.5 to 2, not 7",
    ),
    '{"do": "listen", "sound": "AAAA"}': (
        "bad-request",
        "sound is int16: an even number of bytes was expected",
    ),
    '{"do": "source", "source": "radio"}': (
        "bad-request",
        "source: expected 'speech' or 'microphone'; found \"radio\"",
    ),
}
FAILURE = {"error": "the session failed; begin another", "code": "internal"}


def answers_by_websocket(running, client, texts):
    with connect(running.stream(open_session(client))) as watcher:
        for text in texts:
            watcher.send(text)
        found = [told(watcher, "error") for _ in texts]
        assert told(watcher, "state")["state"] == "idle"
    return found


def answers_by_webrtc(running, client, texts):
    found = []

    async def visit(viewer, client):
        await viewer.connect(client)
        await viewer.until(lambda: viewer.channel.readyState == "open")
        for text in texts:
            viewer.channel.send(text)
        await viewer.until(lambda: sum("error" in each for each in viewer.told) >= len(texts))
        heard = len(viewer.told)
        await viewer.until(lambda: any("state" in each for each in viewer.told[heard:]))
        found.extend(each for each in viewer.told if "error" in each)

    run(running, visit)
    return found


TRANSPORTS = pytest.mark.parametrize("answers", [answers_by_websocket, answers_by_webrtc])


@TRANSPORTS
def test_a_wrong_message_is_answered_in_a_line_and_the_session_goes_on(running, client, answers):
    found = answers(running, client, list(FAULTS))
    assert [(each["code"], each["error"]) for each in found] == list(FAULTS.values())


def end_by_websocket(running, client, voice):
    with connect(running.stream(open_session(client))) as watcher:
        if voice is None:
            watcher.send('{"do": "interrupt"}')
        else:
            watcher.send((voice * 32767).astype("<i2").tobytes())
        found = told(watcher, "error")
        drain(watcher)
        assert watcher.close_code in (1009, 1011)
    return found


def end_by_webrtc(running, client, voice):
    found = []

    async def visit(viewer, client):
        await viewer.connect(client, AudioStreamTrack() if voice is not None else None)
        await viewer.until(lambda: viewer.channel.readyState == "open")
        if voice is None:
            viewer.channel.send('{"do": "interrupt"}')
        await viewer.until(lambda: any("error" in each for each in viewer.told))
        await viewer.until(lambda: viewer.peer.connectionState == "closed")
        found.extend(each for each in viewer.told if "error" in each)

    run(running, visit)
    assert len(found) == 1
    return found[0]


ENDS = pytest.mark.parametrize("end", [end_by_websocket, end_by_webrtc])


@ENDS
def test_too_much_sound_ends_the_session(running, client, monkeypatch, end):
    monkeypatch.setattr("gioconda.live.playout.CAPACITY", 100)
    assert end(running, client, np.zeros(320, np.float32))["code"] == "too-far-ahead"
    wait(lambda: len(running.server.pool) == 0)


@ENDS
def test_a_failure_ends_the_session_and_is_logged_but_not_told(
    running, client, monkeypatch, caplog, end
):
    def fail(session):
        raise OSError("a secret of this machine")

    monkeypatch.setattr(Session, "interrupt", fail)
    assert end(running, client, None) == FAILURE
    assert "a secret of this machine" in caplog.text
    wait(lambda: len(running.server.pool) == 0)


def test_half_a_sample_is_refused_and_the_session_goes_on(running, session):
    with connect(running.stream(session)) as watcher:
        watcher.send(b"\0\0\0")
        assert told(watcher, "error")["code"] == "bad-request"
        watcher.send(json.dumps({"do": "end_of_speech"}))
        assert told(watcher, "state")["state"] == "idle"
