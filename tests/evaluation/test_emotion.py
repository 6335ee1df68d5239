"""The judgement of emotions in drawn frames."""

from gioconda.controls import EMOTIONS
from gioconda.data.videos.emotion import EMOTIONS as JUDGED
from gioconda.evaluation.dials import evaluate_emotion
from gioconda.portrait import Portrait


def test_a_smile_that_was_asked_for_is_found(portrait: Portrait) -> None:
    counts = evaluate_emotion([portrait])
    assert list(counts) == list(EMOTIONS)
    assert all(list(found) == list(JUDGED) for found in counts.values())
    assert all(sum(found.values()) == 1 for found in counts.values())
    assert counts["happy"]["happy"] == 1
