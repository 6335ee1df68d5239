"""Forced alignment: phones are found where they are said, and a wrong text is refused."""

import shutil
import sys
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gioconda.data.phones import SILENCE
from gioconda.data.spoken import alignment, utterances
from gioconda.data.spoken.alignment import align
from gioconda.data.spoken.grid import grid_sentence
from gioconda.data.spoken.utterances import prepare_spoken
from gioconda.data.spoken.voices import VOICES, speak
from gioconda.errors import GiocondaError
from gioconda.evaluation.alignment import evaluate_alignment
from gioconda.media import SAMPLE_RATE

needs_pocketsphinx = pytest.mark.skipif(
    find_spec("pocketsphinx") is None, reason="pocketsphinx is not installed"
)
needs_both = [
    needs_pocketsphinx,
    pytest.mark.skipif(not shutil.which("flite"), reason="flite is not installed"),
]
SLT = next(voice for voice in VOICES if str(voice) == "flite-slt")
TEXT = "Maybe both of them have moved away by now."


class TestSpokenText:
    pytestmark = needs_both

    def test_phones_are_found_where_they_are_said(self) -> None:
        pcm, exact = speak(SLT, TEXT)
        found = align(pcm, TEXT)
        assert [p.name for p in found] == [p.name for p in exact]
        assert found[0].start == 0
        assert found[-1].end == pytest.approx(len(pcm) / SAMPLE_RATE, abs=1e-4)
        assert all(a.end == b.start for a, b in pairwise(found))
        errors = [abs(a.end - b.end) for a, b in zip(found, exact, strict=True)]
        assert np.median(errors) < 0.02
        assert max(errors) < 0.1

    def test_figures_and_words_of_no_dictionary_are_said_as_flite_does(self) -> None:
        text = "“Blorptastic!” – it cost $25 at O’Neill’s café…"
        pcm, exact = speak(SLT, "Blorptastic! It cost $25 at O'Neill's cafe.")
        names = [
            [p.name for p in phones if p.name != SILENCE] for phones in (align(pcm, text), exact)
        ]
        assert len(names[0]) == pytest.approx(len(names[1]), abs=1)
        assert names[0][:10] == names[1][:10]

    def test_one_recording_leaves_no_trace_in_the_next(self) -> None:
        sounds = [(speak(SLT, text)[0], text) for text in (TEXT, "Stop! You forgot your passport!")]
        alone = align(*sounds[0])
        align(*sounds[1])
        with pytest.raises(GiocondaError):
            align(sounds[1][0], TEXT)
        assert align(*sounds[0]) == alone

    @pytest.mark.parametrize(
        "text",
        ["The weather is fine.", TEXT + " Then he left the house.", "Maybe both of them."],
    )
    def test_a_text_that_does_not_fit_is_refused(self, text: str) -> None:
        pcm, _ = speak(SLT, TEXT)
        with pytest.raises(GiocondaError, match="do not fit the text"):
            align(pcm, text)

    def test_words_that_nothing_can_say_are_named(self) -> None:
        with pytest.raises(GiocondaError, match="'привет' cannot be pronounced"):
            align(np.zeros(16000, np.float32), "Hello, привет")

    def test_the_error_is_measured(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(utterances, "sentences", lambda: [TEXT])
        monkeypatch.setattr(utterances, "installed_voices", lambda: [SLT])
        prepare_spoken(tmp_path)
        result = evaluate_alignment(tmp_path)
        assert (result.utterances, result.refused) == (1, 0)
        assert list(result.errors) == ["flite-slt", "closures", "all"]
        assert result.errors["closures"].phones == 6
        assert result.errors["all"].matched == 100
        assert result.errors["all"].median < 20


@needs_pocketsphinx
@pytest.mark.parametrize("text", ["", " ...!"])
def test_a_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(GiocondaError, match="no words"):
        align(np.zeros(16000, np.float32), text)


@needs_pocketsphinx
@pytest.mark.parametrize("samples", [0, 100, 3200])
def test_too_little_sound_is_refused(samples: int) -> None:
    with pytest.raises(GiocondaError, match="do not fit the text"):
        align(np.zeros(samples, np.float32), TEXT)


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r"pcm must be \(samples,\), not \(1, 16000\)"):
        align(np.zeros((1, 16000), np.float32), TEXT)


def test_without_pocketsphinx_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    alignment._decoder.cache_clear()
    with pytest.raises(GiocondaError, match="pip install pocketsphinx"):
        align(np.zeros(16000, np.float32), TEXT)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("data/s1/pgwl3a.mpg", "place green with l three again"),
        ("assets/demo_ours/s2_bbbs6a_ref.webm", "bin blue by s six again"),
        ("lrwkzp", "lay red with k zero please"),
        ("bgbw2n.mpg", None),  # W is never said
        ("videos/interview.mp4", None),
    ],
)
def test_names_of_grid_spell_what_is_said(address: str, sentence: str | None) -> None:
    assert grid_sentence(address) == sentence
