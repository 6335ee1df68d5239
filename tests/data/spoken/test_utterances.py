"""Sentences that machines speak: the times are those of the sound, the set always the same."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gioconda.data.phones import PHONES, SILENCE, Phone, count_phones
from gioconda.data.spoken import utterances, voices
from gioconda.data.spoken.utterances import Failure, prepare_spoken, read_spoken, say_all, sentences
from gioconda.data.spoken.voices import VOICES, Voice, installed_voices, pronounce, speak
from gioconda.errors import GiocondaError
from gioconda.media import SAMPLE_RATE

needs_flite = pytest.mark.skipif(not shutil.which("flite"), reason="flite is not installed")
FLITE = [voice for voice in VOICES if voice.tool == "flite"]
RMS = next(voice for voice in FLITE if voice.name == "rms")
TEXTS = ["Maybe Bob bought the map.", "...", "Is that my lamp?"]


def need(voice: Voice) -> None:
    if not shutil.which(voice.tool) or voice not in installed_voices():
        pytest.skip(f"{voice.package} is not installed")


@pytest.fixture
def fake_flite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a shell script in the place of flite, and nothing in that of festival."""

    def fake(script: str) -> None:
        tool = tmp_path / "bin" / "flite"
        tool.parent.mkdir()
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tool.parent))

    return fake


@pytest.fixture
def small_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what flite says of TEXTS; the second of them cannot be said."""
    monkeypatch.setattr(utterances, "sentences", lambda: TEXTS)
    monkeypatch.setattr(utterances, "installed_voices", lambda: FLITE)
    folder = tmp_path / "set"
    prepare_spoken(folder, workers=2)
    return folder


def test_sentences_are_many_and_plain() -> None:
    texts = sentences()
    assert len(texts) >= 200
    assert len(set(texts)) == len(texts)
    assert all(text.isascii() and text == text.strip() and text[-1] in ".?!" for text in texts)


@needs_flite
def test_sentences_hold_all_phones_and_most_pairs() -> None:
    names = pronounce(" ".join(sentences()))
    said = [Phone(name, i, i + 1) for i, name in enumerate(names)]
    phones, pairs = count_phones([said])
    assert set(phones) == set(PHONES)
    assert min(phones.values()) >= 20
    assert min(phones[name] for name in "PBMFV") >= 150
    assert len(pairs) >= 950


@pytest.mark.parametrize("voice", VOICES, ids=str)
def test_the_sound_is_where_the_phones_are(voice: Voice) -> None:
    need(voice)
    pcm, phones = speak(voice, 'My "puppy" hopped up.')
    assert [p.name for p in phones[:4]] == [SILENCE, "M", "AY", "P"]
    assert phones[0].start == 0
    assert phones[-1].name == SILENCE
    assert phones[-1].end == pytest.approx(len(pcm) / SAMPLE_RATE, abs=1e-4)
    assert all(a.end == b.start for a, b in pairwise(phones))

    def level(name: str) -> float:
        chosen = [p for p in phones if p.name == name]
        parts = [pcm[round(p.start * SAMPLE_RATE) : round(p.end * SAMPLE_RATE)] for p in chosen]
        return float(np.sqrt((np.concatenate(parts) ** 2).mean()))

    assert level(SILENCE) < 0.2 * level("AY")
    assert level("P") < 0.5 * level("AY")


@pytest.mark.parametrize("voice", VOICES, ids=str)
def test_all_voices_tell_a_word_by_the_same_phones(voice: Voice) -> None:
    need(voice)
    _, phones = speak(voice, "Purple bird.")
    assert [p.name for p in phones[1:-1]] == ["P", "ER", "P", "AH", "L", "B", "ER", "D"]


@pytest.mark.parametrize("text", ["", "...", "привет"])
@needs_flite
def test_what_cannot_be_said_is_an_error(text: str) -> None:
    with pytest.raises(GiocondaError, match="English"):
        speak(RMS, text)


def test_without_any_tool_the_packages_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GiocondaError, match="apt-get install flite festival festvox"):
        installed_voices()
    with pytest.raises(GiocondaError, match="apt-get install flite"):
        speak(RMS, "Hello.")
    with pytest.raises(GiocondaError, match="apt-get install flite"):
        pronounce("Hello.")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo no memory >&2; exit 3", "flite failed with status 3: no memory"),
        ("exec /bin/sleep 20", "did not answer"),
        ("echo pau:0.1 ow:0.4 pau:0.5", "wrote no sound"),
    ],
)
def test_a_tool_that_fails_is_told(
    fake_flite: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, script: str, message: str
) -> None:
    monkeypatch.setattr(voices, "_TIMEOUT", 0.3)
    fake_flite(script)
    (one,) = say_all([RMS], ["Oh."])
    assert isinstance(one, Failure)
    assert one.name == "flite-rms-001"
    assert message in one.reason


@needs_flite
def test_times_that_do_not_fit_the_sound_are_refused(
    fake_flite: Callable[[str], None],
) -> None:
    flite = shutil.which("flite")
    fake_flite(f'"{flite}" "$@" >/dev/null; echo pau:0.1 ow:4.0 pau:9.5')
    with pytest.raises(GiocondaError, match=r"9\.500 s of phones, but"):
        speak(RMS, "Oh.")


@needs_flite
def test_the_set_reads_back(small_set: Path) -> None:
    manifest = json.loads((small_set / "manifest.json").read_text())
    for shard in manifest["shards"]:
        content = (small_set / shard["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == shard["sha256"]
    assert [f["name"] for f in manifest["failures"]] == [f"{voice}-002" for voice in FLITE]
    assert manifest["figures"]["utterances"] == {"train": 6, "val": 2}
    found = [u for split in ("train", "val") for u in read_spoken(small_set, split)]
    assert {u.voice for u in found} == set(FLITE)
    for utterance in found:
        pcm, phones = speak(utterance.voice, utterance.text)
        assert utterance.phones == phones
        np.testing.assert_allclose(utterance.pcm, pcm, atol=2e-4)


@needs_flite
def test_no_speaker_is_in_both_splits(small_set: Path) -> None:
    speakers = [
        {u.voice.speaker for u in read_spoken(small_set, split)} for split in ("train", "val")
    ]
    assert speakers[0]
    assert speakers[1]
    assert not speakers[0] & speakers[1]


@needs_flite
def test_the_same_set_has_the_same_bytes(small_set: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    prepare_spoken(other, workers=1)
    names = sorted(os.listdir(small_set))
    assert (
        names == sorted(os.listdir(other)) == ["manifest.json", "train-00000.tar", "val-00000.tar"]
    )
    for name in names:
        assert (small_set / name).read_bytes() == (other / name).read_bytes()


@needs_flite
def test_an_older_set_gives_way(small_set: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (small_set / ".spoken").mkdir()  # as a run leaves it that was killed
    monkeypatch.setattr(utterances, "installed_voices", lambda: [RMS])
    prepare_spoken(small_set)
    assert sorted(os.listdir(small_set)) == ["manifest.json", "val-00000.tar"]


@needs_flite
def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"shards": []}')
    with pytest.raises(GiocondaError, match="set of another kind"):
        prepare_spoken(tmp_path)
    with pytest.raises(GiocondaError, match="set of another kind"):
        next(read_spoken(tmp_path, "train"))
    (tmp_path / "file").touch()
    with pytest.raises(GiocondaError, match="cannot be written"):
        prepare_spoken(tmp_path / "file")


def test_a_folder_without_a_set_is_told(tmp_path: Path) -> None:
    with pytest.raises(GiocondaError, match="gioconda prepare --tts"):
        next(read_spoken(tmp_path, "train"))
