"""The judgement of emotions in drawn frames."""

from gioconda.controls import EMOTIONS
from gioconda.data.videos.emotion import EMOTIONS as JUDGED
from gioconda.evaluation.emotion import evaluate_emotion
from gioconda.portrait import Portrait


def test_a_smile_that_was_asked_for_is_found(portrait: Portrait) -> None:
    counts = evaluate_emotion([portrait])
    assert counts.shape == (len(EMOTIONS), len(JUDGED))
    assert (counts.sum(1) == 1).all()
    assert counts[EMOTIONS.index("happy"), JUDGED.index("happy")] == 1
