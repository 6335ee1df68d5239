from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from gioconda.media import index, video
from gioconda.media.formats import MP4

FFMPEG_INDEXES = replace(MP4, layout={"movflags": "+faststart"}, indexed=False)


def write(path: Path, count: int, sound: bool) -> Path:
    """Pictures that differ, and noise that is longer."""
    random = np.random.default_rng(0)
    noise = random.normal(0, 0.1, 640 * count + 333).astype(np.float32) if sound else None
    with video.VideoWriter(path, 32, 48, noise) as writer:
        for _ in range(count):
            writer.write(random.integers(0, 255, (32, 48, 3), np.uint8))
    return path


def what_is_in(path: Path) -> Iterator[Any]:
    """What a player learns of a file and its streams, and all packets."""
    with av.open(str(path)) as container:
        yield container.duration, container.metadata
        for stream in container.streams:
            yield stream.type, stream.duration, stream.frames, stream.start_time, stream.time_base
            yield stream.codec_context.extradata
        found = [packet for packet in container.demux() if packet.size]
        for packet in sorted(found, key=lambda each: (each.stream_index, each.pts)):
            yield packet.stream_index, packet.pts, packet.dts, packet.duration
            yield packet.is_keyframe, bytes(packet)


@pytest.mark.parametrize("narrow", [1 << 31, 1000], ids=["4 bytes", "8 bytes"])
@pytest.mark.parametrize("sound", [True, False])
@pytest.mark.parametrize("count", [1, 12, 120])
def test_players_find_what_they_find_by_ffmpegs_own_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, sound: bool, narrow: int
) -> None:
    monkeypatch.setattr(index, "_NARROW", narrow)
    own = write(tmp_path / "own.mp4", count, sound)
    monkeypatch.setattr(video, "format_of", lambda *told: FFMPEG_INDEXES)
    theirs = write(tmp_path / "theirs.mp4", count, sound)
    assert list(what_is_in(own)) == list(what_is_in(theirs))


def test_the_header_of_what_lasts_for_days_has_a_long_length() -> None:
    short = bytes(range(4)) + bytes(range(1, 9)) + b"rate" + b"\0\0\0\7" + b"rest"
    assert index._lasting(short, 4, 8)[16:20] == b"\0\0\0\x08"
    long = index._lasting(short, 4, 1 << 32)
    assert long[0] == 1
    assert long[4:20] == b"\0\0\0\0\1\2\3\4" + b"\0\0\0\0\5\6\7\x08"
    assert long[20:] == b"rate" + b"\0\0\0\1\0\0\0\0" + b"rest"
