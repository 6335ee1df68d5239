import numpy as np
from numpy.typing import NDArray

from gioconda.speech import listen
from gioconda.speech.encoder import SpeechEncoder


def test_pieces_give_the_same_to_the_bit(voice: NDArray[np.float32]) -> None:
    mel = listen(voice[:16000]).mel
    encoder = SpeechEncoder()
    parts = [encoder.append(mel[:1]), encoder.append(mel[1:9]), encoder.append(mel[9:])]
    parts.append(encoder.finish())
    features, sure = (np.concatenate(both) for both in zip(*parts, strict=True))
    again = SpeechEncoder()
    first, last = again.append(mel), again.finish()
    np.testing.assert_array_equal(features, np.concatenate([first[0], last[0]]))
    np.testing.assert_array_equal(sure, np.concatenate([first[1], last[1]]))
    whole = again.whole(mel)
    assert len(features) == len(mel)
    np.testing.assert_allclose(features, whole[0], atol=1e-3)


def test_a_voice_is_told_from_noise(voice: NDArray[np.float32]) -> None:
    hiss = np.random.default_rng(0).normal(size=48000)

    def sure(pcm: NDArray[np.floating]) -> float:
        return float(SpeechEncoder().whole(listen(pcm.astype(np.float32)).mel)[1].mean())

    assert sure(voice[:48000]) > 0.6
    assert sure(0.05 * hiss) < 0.2
