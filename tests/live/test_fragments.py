import io
from collections.abc import Iterable

import av
import cv2
import numpy as np

from gioconda.live.fragments import Fragments
from gioconda.media import Picture


def viewed(encoder: Fragments, pictures: Iterable[tuple[Picture, int]]) -> list[bytes]:
    """What a viewer gets who takes all of them."""
    parts, seen = list[bytes](), 0
    for picture, number in pictures:
        part, seen = encoder.add(picture, number, seen)
        parts.append(part)
    return parts


def grey(level: int) -> Picture:
    return np.full((64, 64, 3), level, np.uint8)


def decoded(parts: Iterable[bytes]) -> dict[int, float]:
    """The mean of each frame, by its number."""
    with av.open(io.BytesIO(b"".join(parts))) as video:
        return {
            round(frame.time * 25): float(frame.to_ndarray(format="rgb24").mean())
            for frame in video.decode(video=0)
        }


def test_fragments_play_as_one_mp4_each_frame_at_its_time():
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (128, 96))
    encoder = Fragments(96, 128)
    numbers = [0, 1, 2, 5, *range(6, 60)]
    pictures = [np.roll(ground, number, 1).astype(np.uint8) for number in numbers]
    parts = viewed(encoder, zip(pictures, numbers, strict=True))
    assert all(parts)
    assert parts[0][4:8] == b"ftyp"
    assert parts[1][4:8] == b"moof"
    with av.open(io.BytesIO(b"".join(parts))) as video:
        frames = list(video.decode(video=0))
    assert [round(frame.time * 25) for frame in frames] == numbers
    for frame, picture in zip(frames, pictures, strict=True):
        error = np.abs(frame.to_ndarray(format="rgb24").astype(int) - picture).mean()
        assert error < 6


def test_what_has_come_so_far_can_be_decoded():
    encoder = Fragments(64, 64)
    parts = viewed(encoder, [(grey(40 * i), i) for i in range(3)])
    for count in (1, 2, 3):
        with av.open(io.BytesIO(b"".join(parts[:count]))) as video:
            assert len(list(video.decode(video=0))) == count


def test_viewers_share_an_encoder_and_each_begins_with_a_key_picture():
    encoder = Fragments(64, 64)
    early, late = list[bytes](), list[bytes]()
    seen, also = 0, 0
    for number in range(60):
        picture = grey(2 * number)
        part, seen = encoder.add(picture, number, seen)
        early.append(part)
        if number >= 20:
            part, also = encoder.add(picture, number, also)
            late.append(part)
    assert late[0] == b""
    assert all(late[1:])
    assert late[1][4:8] == b"ftyp"
    assert late[2:] == early[22:]
    for parts, first in ((early, 0), (late, 21)):
        found = decoded(parts)
        assert list(found) == list(range(first, 60))
        assert all(abs(mean - 2 * number) < 3 for number, mean in found.items())


def test_a_viewer_who_missed_a_picture_waits_for_the_next_key_picture():
    encoder = Fragments(64, 64)
    one, other = list[bytes](), list[bytes]()
    seen, also = 0, 0
    for number in range(60):
        part, seen = encoder.add(grey(3 * number), number, seen)
        one.append(part)
        if number not in (3, 4):
            part, also = encoder.add(grey(3 * number), number, also)
            other.append(part)
    assert all(one)
    found = decoded(other)
    assert [number for number in range(60) if number not in found] == list(range(3, 50))
    assert all(abs(mean - 3 * number) < 3 for number, mean in found.items())


def test_a_slow_viewer_costs_the_others_no_key_pictures():
    """Each is many times as large as another picture."""

    def keys(slow):
        encoder, parts, seen, also = Fragments(64, 64), list[bytes](), 0, 0
        for number in range(150):
            part, seen = encoder.add(grey(number), number, seen)
            parts.append(part)
            if number % 5 and slow:  # its line drops every fifth
                _, also = encoder.add(grey(number), number, also)
        with av.open(io.BytesIO(b"".join(parts))) as video:
            packets = [packet for packet in video.demux(video=0) if packet.size]
        return [number for number, packet in enumerate(packets) if packet.is_keyframe]

    assert keys(slow=True) == [0, 13, 63, 113]  # the second for its beginning
    assert keys(slow=False) == [0, 50, 100]


def test_what_the_only_viewer_does_not_take_is_not_missed():
    encoder, seen, parts = Fragments(64, 64), 0, []
    for number in (0, 1, 5, 6):
        part, seen = encoder.add(grey(10 * number), number, seen)
        parts.append(part)
    assert all(parts)
