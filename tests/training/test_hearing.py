from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gioconda.data.phones import CLOSURES, LABEL, Phone
from gioconda.data.samples.performances import Performance
from gioconda.data.shards import flac
from gioconda.data.spoken.utterances import Utterance
from gioconda.data.spoken.voices import Voice
from gioconda.errors import GiocondaError
from gioconda.face.basis import released_basis
from gioconda.inference import FILES, released_file
from gioconda.models import speech_features
from gioconda.speech import LOOK_AHEAD, SILENCE, listen
from gioconda.speech.encoder import hear, load_encoder

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from gioconda.data import voices  # noqa: E402
from gioconda.training.disturber import Disturber  # noqa: E402
from gioconda.training.hearing import recipe as hearing  # noqa: E402
from gioconda.training.hearing import teacher  # noqa: E402
from gioconda.training.hearing.examples import (  # noqa: E402
    UNKNOWN,
    Examples,
    Source,
    load_examples,
    make_examples,
    of_clips,
    of_nobody,
    save_examples,
)
from gioconda.training.hearing.frequency_warp import train_frequency_warp  # noqa: E402
from gioconda.training.hearing.network import Hearing, Step  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SMALL = hearing.Recipe(clips=3, sentences=2, nobody=1, warm=1)


class Echo(teacher.Whisper):
    """A teacher that says the log-mel in other words."""

    def __init__(self) -> None:
        self._words = np.random.default_rng(0).normal(size=(320, 1024)).astype(np.float32)

    def __call__(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        return teacher.log_mel(pcm).reshape(-1, 320) @ self._words


@pytest.fixture(scope="module")
def projection() -> teacher.Projection:
    rng = np.random.default_rng(0)
    return teacher.Projection.fit(rng.normal(size=(400, 1024)).astype(np.float32), 8, 0.6)


@pytest.fixture
def examples(
    performances: list[Performance], voice: NDArray[np.float32], projection: teacher.Projection
) -> dict[str, Examples]:
    basis, rng = released_basis(), np.random.default_rng(0)
    said = Source(voice[:48000], phones=(Phone("AA", 0.0, 1.0), Phone("M", 1.0, 3.0)))
    sources = {
        "clips": of_clips(performances, basis, lips=False),
        "sentences": [said],
        "nobody": list(of_nobody(Disturber(), rng))[:2],
    }
    return {
        name: make_examples(found, Echo(), projection, Disturber(), basis.parts[2], rng, 1)
        for name, found in sources.items()
    }


def moving_net() -> Hearing:
    """A net whose running statistics are not those of the start."""
    torch.manual_seed(0)
    net = Hearing(8, released_basis().parts[2])
    net.encoder(torch.randn(4, 200, 80))
    return net.eval()


def test_a_stream_in_frames_gives_what_the_whole_gives():
    net, frames = moving_net(), 30
    mel = torch.randn(1, 4 * (frames + LOOK_AHEAD), 80)
    step = Step(net)
    (_, state), found = step.example(), []
    with torch.no_grad():
        for i in range(frames + LOOK_AHEAD):
            features, *_, state = step(mel[:, 4 * i : 4 * i + 4], state)
            found.append(features)
        whole = net.encoder(mel)[0]
    assert torch.allclose(torch.cat(found)[LOOK_AHEAD:], whole, atol=1e-5)


def test_nothing_is_heard_beyond_the_look_ahead():
    net = moving_net()
    mel = torch.randn(1, 4 * (20 + LOOK_AHEAD), 80)
    changed = mel.clone()
    changed[:, 4 * (10 + LOOK_AHEAD) :] += 1
    with torch.no_grad():
        before, after = net.encoder(mel), net.encoder(changed)
    assert torch.equal(before[:, :10], after[:, :10])
    assert not torch.equal(before[:, 10:], after[:, 10:])


def test_a_step_runs_in_openvino_as_in_torch(tmp_path: Path):
    net = moving_net()
    hearing.write_encoder(net, tmp_path / "speech.onnx")
    mel = torch.randn(6, 4, 80)
    ahead = torch.full((LOOK_AHEAD, 4, 80), SILENCE)
    with torch.no_grad():
        features = net.encoder(torch.cat([mel, ahead]).reshape(1, -1, 80))
        phones = net.read_phones(features)[0].softmax(-1)
    heard = hear(mel.numpy(), load_encoder(tmp_path / "speech.onnx"))
    assert np.abs(heard.features - features[0].numpy()).max() < 0.01
    closures = phones[..., [LABEL[name] for name in CLOSURES]].sum(-1).amax(-1)
    assert np.abs(heard.closing - closures.numpy()).max() < 0.01


def test_people_of_the_judge_teach_no_lips(performances: list[Performance]):
    basis = released_basis()
    known = [one.lower is not None for one in of_clips(performances, basis, lips=False)]
    assert any(known)
    assert not all(known)


def test_phones_and_lips_keep_step_with_a_slower_voice(examples: dict[str, Examples]):
    said = examples["sentences"]
    for i in range(len(said)):
        labels = said.phones[said.start[i] : said.start[i + 1]].ravel()
        first = (labels == labels[0]).mean()
        assert first == pytest.approx(1 / 3, abs=0.05)
    assert (examples["clips"].phones == UNKNOWN).all()
    assert not examples["nobody"].voice.any()


def test_examples_are_kept(examples: dict[str, Examples], tmp_path: Path):
    save_examples(examples["clips"], tmp_path / "clips.safetensors")
    kept = load_examples(tmp_path / "clips.safetensors")
    for name, values in vars(examples["clips"]).items():
        assert np.array_equal(getattr(kept, name), values)


def test_a_projection_is_kept(projection: teacher.Projection, tmp_path: Path):
    projection.save(tmp_path / "projection.safetensors")
    kept = teacher.Projection.load(tmp_path / "projection.safetensors")
    features = np.random.default_rng(1).normal(size=(5, 1024)).astype(np.float32)
    assert np.allclose(kept(features), projection(features), atol=1e-6)
    assert 0 < kept.kept(features) < 0.1  # 8 of 1024 directions


def test_examples_of_a_folder_are_made_once(
    performances: list[Performance],
    voice: NDArray[np.float32],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(hearing, "Whisper", lambda folder: Echo())
    monkeypatch.setattr("gioconda.training.hearing.examples._NOBODY", 2)
    sentence = Utterance(
        "one",
        Voice("flite", "rms", "rms", "flite", "nobody"),
        "am",
        voice[:48000],
        (Phone("AA", 0.0, 1.0), Phone("M", 1.0, 3.0)),
    )
    (tmp_path / "speech").mkdir()
    (tmp_path / "speech" / "one.flac").write_bytes(flac(voice[:80000]))

    def made() -> dict[str, Examples]:
        return hearing.prepare_examples(
            tmp_path / "examples",
            lambda: performances,
            lambda: [sentence],
            tmp_path,
            hearing.Recipe(projected=8, copies=1),
            speech=tmp_path / "speech",
        )

    first = made()
    assert set(first) == {"clips", "sentences", "speech", "nobody"}
    monkeypatch.setattr(hearing, "Whisper", None)  # would fail
    again = made()
    assert np.array_equal(first["speech"].teacher, again["speech"].teacher)
    assert first["clips"].taught.all()
    assert np.isfinite(first["clips"].teacher).all()


def test_windows_end_with_what_is_heard(examples: dict[str, Examples]):
    batch = next(islice(hearing.Windows(examples, SMALL, np.random.default_rng(0)), 1))
    assert batch["mel"].shape == (6, 4 * (SMALL.window + LOOK_AHEAD), 80)
    assert (batch["counts"][:, -1] == 1).all()


def test_a_training_goes_on_and_another_begins_with_its_weights(
    examples: dict[str, Examples], tmp_path: Path
):
    output, checkpoint = tmp_path / "speech.onnx", tmp_path / "state.pt"
    weights = tmp_path / "speech.safetensors"
    first = hearing.train_hearing(examples, SMALL, output, checkpoint, 0.02, weights=weights)
    again = hearing.train_hearing(examples, SMALL, output, checkpoint, 0.02)
    assert again["steps"] > first["steps"] > 0
    begun = hearing.train_hearing(
        examples, SMALL, output, tmp_path / "other.pt", 0.0, start=weights
    )
    assert begun["steps"] == 0
    assert not hearing.load_hearing(weights).training


def test_what_is_written_lies_between_the_start_and_what_was_learned(
    examples: dict[str, Examples], tmp_path: Path
):
    start, whole, half = (tmp_path / f"{name}.safetensors" for name in ("start", "whole", "half"))
    output, checkpoint = tmp_path / "speech.onnx", tmp_path / "state.pt"
    torch.manual_seed(1)
    hearing.write_weights(Hearing(8, released_basis().parts[2]), start)
    for blend, weights in ((1.0, whole), (0.5, half)):
        recipe = replace(SMALL, blend=blend)
        minutes = 0.02 if blend == 1 else 0
        hearing.train_hearing(
            examples, recipe, output, checkpoint, minutes, start=start, weights=weights
        )
    a, b, middle = (load_file(file)["mouth.0.weight"].float() for file in (start, whole, half))
    assert (b - a).abs().max() > 1e-3
    torch.testing.assert_close(middle, (a + b) / 2, atol=1e-3, rtol=1e-2)


def test_weights_of_another_net_are_told(tmp_path: Path):
    (tmp_path / "none.safetensors").write_bytes(b"nothing")
    with pytest.raises(GiocondaError, match="no weights of a hearing encoder"):
        hearing.load_hearing(tmp_path / "none.safetensors")


def test_a_teacher_that_is_not_whisper_base_is_told(tmp_path: Path):
    with pytest.raises(GiocondaError, match=r"no model\.bin"):
        teacher.check(tmp_path)
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(GiocondaError, match="sha256"):
        teacher.check(tmp_path)


def test_a_changed_voice_lasts_as_long_as_it_says(voice: NDArray[np.float32]):
    pcm = voice[:32000].astype(np.float64)
    rng = np.random.default_rng(0)
    assert len(voices.stretched(pcm, 0.5)) == pytest.approx(2 * len(pcm), rel=0.02)
    for same in (voices.pitched(pcm, 4), voices.whispered(pcm, rng), voices.sung(pcm, rng)):
        assert len(same) == pytest.approx(len(pcm), rel=0.02)
        assert np.isfinite(same).all()


def test_a_higher_voice_is_higher():
    t = np.arange(16000) / 16000
    higher = voices.pitched(np.sin(2 * np.pi * 200 * t), 12)
    spectrum = np.abs(np.fft.rfft(higher[:15000] * np.hanning(15000)))
    assert np.argmax(spectrum) * 16000 / 15000 == pytest.approx(400, rel=0.03)


def test_an_encoder_learns_how_high_a_voice_lies_and_stays_the_same(
    performances: list[Performance], voice: NDArray[np.float32], tmp_path: Path
):
    output = tmp_path / "speech.onnx"
    people = [(one.clip.person, one.pcm) for one in performances[:2]]
    found = train_frequency_warp(people, [voice[:160000]], output)
    assert found["sounds"] > 6
    assert found["r"] > 0.5
    assert speech_features(output) == speech_features(released_file(FILES["speech"]))
    mel = listen(voice[:48000]).mel
    before, after = hear(mel, load_encoder()), hear(mel, load_encoder(output))
    assert np.allclose(before.features, after.features, atol=1e-4)
    assert not np.allclose(before.shift, after.shift, atol=0.01)


def test_sounds_without_a_voice_teach_nothing_of_it(tmp_path: Path):
    with pytest.raises(GiocondaError, match="holds a voice"):
        train_frequency_warp(
            [("nobody", np.zeros(32000, np.float32))], [], tmp_path / "speech.onnx"
        )
