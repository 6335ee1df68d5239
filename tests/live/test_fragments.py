import io

import av
import cv2
import numpy as np

from gioconda.live.fragments import Fragments


def test_fragments_play_as_one_mp4_each_frame_at_its_time():
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (128, 96))
    encoder = Fragments(96, 128)
    numbers = [0, 1, 2, 5, *range(6, 60)]
    pictures = [np.roll(ground, number, 1).astype(np.uint8) for number in numbers]
    parts = [encoder.add(*each) for each in zip(pictures, numbers, strict=True)]
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
    parts = [encoder.add(np.full((64, 64, 3), 40 * i, np.uint8), i) for i in range(3)]
    for count in (1, 2, 3):
        with av.open(io.BytesIO(b"".join(parts[:count]))) as video:
            assert len(list(video.decode(video=0))) == count
