import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.speech import listen
from gioconda.speech.encoder import RECORDED, SpeechEncoder, hear, load_encoder


@pytest.mark.parametrize("at_once", [1, RECORDED])
def test_pieces_give_the_same_to_the_bit(voice: NDArray[np.float32], at_once: int) -> None:
    mel = listen(voice[:16000]).mel
    encoder = SpeechEncoder(at_once=at_once)
    parts = [encoder.append(mel[:1]), encoder.append(mel[1:9]), encoder.append(mel[9:])]
    parts.append(encoder.finish())
    again = SpeechEncoder(at_once=at_once)
    first, last = again.append(mel), again.finish()
    for name in ("features", "voice", "closing", "touching", "shift"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        once = np.concatenate([getattr(first, name), getattr(last, name)])
        assert len(once) == len(mel)
        np.testing.assert_array_equal(joined, once)
        np.testing.assert_allclose(once, getattr(hear(mel, load_encoder()), name), atol=1e-3)


def test_a_voice_is_told_from_noise(voice: NDArray[np.float32]) -> None:
    hiss = np.random.default_rng(0).normal(size=48000)

    def sure(pcm: NDArray[np.floating]) -> float:
        return float(hear(listen(pcm.astype(np.float32)).mel, load_encoder()).voice.mean())

    assert sure(voice[:48000]) > 0.6
    assert sure(0.05 * hiss) < 0.2
