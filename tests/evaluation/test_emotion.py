"""The judgement of emotions in drawn frames."""

from pathlib import Path

import numpy as np
import pytest

from gioconda.controls import EMOTIONS
from gioconda.data.videos.emotion import EMOTIONS as JUDGED
from gioconda.errors import GiocondaError
from gioconda.evaluation.blendshape_reader import NAMES, BlendshapeReader
from gioconda.evaluation.emotion import evaluate_emotion, name_emotion
from gioconda.portrait import Portrait


def test_emotions_that_were_asked_for_are_found(portrait: Portrait) -> None:
    counts = evaluate_emotion([portrait])
    assert list(counts) == list(EMOTIONS)
    assert all(list(found) == list(JUDGED) for found in counts.values())
    assert all(sum(found.values()) == 1 for found in counts.values())
    for asked in ("happy", "sad", "surprised"):
        assert counts[asked][asked] == 1


@pytest.mark.parametrize(
    ("moved", "named"),
    [
        ({}, "neutral"),
        ({"mouthSmile": 0.6, "eyeSquint": 0.2}, "happy"),
        ({"browInnerUp": 0.3, "mouthShrugLower": 0.3}, "sad"),
        ({"browDown": 0.4, "mouthPress": 0.2}, "angry"),
        ({"browInnerUp": 0.5, "browOuterUp": 0.5, "jawOpen": 0.3}, "surprised"),
        ({"browInnerUp": 0.4, "eyeWide": 0.2, "mouthStretch": 0.2}, "afraid"),
        ({"noseSneer": 0.2, "browDown": 0.2, "eyeSquint": 0.2}, "disgusted"),
    ],
)
def test_blendshapes_are_named_after_facs(moved: dict[str, float], named: str) -> None:
    change = [moved.get(name.removesuffix("Left").removesuffix("Right"), 0.0) for name in NAMES]
    assert name_emotion(np.array(change)) == named


def test_another_file_than_the_judge_is_told(tmp_path: Path) -> None:
    other = tmp_path / "face_landmarker.task"
    other.write_bytes(b"something else")
    with pytest.raises(GiocondaError, match=r"is not MediaPipe's face_landmarker\.task"):
        BlendshapeReader(other)
