"""Talking videos, made of the bundled example."""

from pathlib import Path

import numpy as np
import pytest

from gioconda import Animator
from gioconda.media import VideoWriter
from gioconda.portrait import make_portrait


@pytest.fixture(scope="session")
def talk(photo, voice):
    """Three seconds of talk: pictures (T, 240, 240, 3), as tight as a clip, and sound (640 T,)."""
    pcm = voice[16000 : 4 * 16000]
    animator = Animator(make_portrait(photo, 320), seed=3)
    frames = [frame.copy() for frame in animator.append(pcm)]
    frames += [frame.copy() for frame in animator.finish()]
    return np.stack(frames)[:, 6:246, 42:282].copy(), pcm


def write_talk(path: Path, frames, pcm) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = frames.shape[1:3]
    with VideoWriter(path, height, width, pcm) as video:
        for frame in frames:
            video.write(frame)
    return path


@pytest.fixture(scope="session")
def talk_path(talk, tmp_path_factory):
    return write_talk(tmp_path_factory.mktemp("talk") / "talk.mp4", *talk)
