from pathlib import Path

import numpy as np
import pytest

from gioconda.data.phones import Phone
from gioconda.data.samples.performances import Performance
from gioconda.data.spoken.utterances import Utterance
from gioconda.data.spoken.voices import Voice
from gioconda.errors import GiocondaError
from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.generator.calibration import Calibration
from gioconda.generator.lips import LATER, Lips

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from gioconda.training import steps  # noqa: E402
from gioconda.training.disturber import Disturber  # noqa: E402
from gioconda.training.lips.batches import Windows  # noqa: E402
from gioconda.training.lips.contacts import ContactLoss  # noqa: E402
from gioconda.training.lips.network import LipNet, write_lips  # noqa: E402
from gioconda.training.lips.recipe import Recipe, train_lips  # noqa: E402
from gioconda.training.lips.sounds import (  # noqa: E402
    MEETING,
    OPEN,
    ROUNDED,
    TOUCHING,
    read_sentences,
    read_voiceless,
    spans_of,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SMALL = Recipe(
    steps=2,
    windows=Windows(clips=4, sentences=2, voiceless=2),
    width=16,
    layers=2,
    copies=1,
    voiceless=5,
)
PHONES = (Phone("SIL", 0, 0.1), Phone("M", 0.1, 0.2), Phone("AA", 0.2, 0.5), Phone("F", 0.5, 0.7))


@pytest.fixture(scope="module")
def sentence(voice: np.ndarray) -> Utterance:
    return Utterance("one", Voice("flite", "kal", "kal", "p", "c"), "ma", voice[:16000], PHONES)


def small_net() -> LipNet:
    torch.manual_seed(0)
    net = LipNet(258, 14, width=16, layers=4, dropout=0.3).eval()
    net.fit(np.random.default_rng(0).normal(1, 2, (50, 258)).astype(np.float32))
    return net


@pytest.mark.parametrize("ahead", [0, 2, LATER])
def test_a_stream_says_what_the_whole_says(ahead: int, tmp_path: Path):
    net = small_net()
    write_lips(net, tmp_path / "lips.onnx")
    speech, manner = torch.randn(40, 258), torch.tensor([[1.5, 1.2]]).log()

    def whole(before: int) -> tuple[np.ndarray, np.ndarray]:
        size = before, LATER  # nothing is heard before the beginning and after the end
        padded, heard = F.pad(speech, (0, 0, *size)), F.pad(torch.ones(40), size)
        with torch.no_grad():
            lower, certain = net(padded[None], manner, heard[None], torch.tensor([ahead]))
        return lower[0, before:].numpy(), torch.sigmoid(certain)[0, before:].numpy()

    lips = Lips(Calibration(articulation=1.5, parting=1.2), tmp_path / "lips.onnx")
    stream = [lips.next(speech[i : i + ahead + 1].numpy(), 1.0) for i in range(40)]
    made = np.array([one[0] for one in stream]), np.array([one[1:] for one in stream])
    for found, expected, late in zip(made, whole(0), whole(7), strict=True):
        np.testing.assert_allclose(found, expected, atol=5e-3)
        np.testing.assert_allclose(late, expected, atol=1e-5)


def test_beyond_what_clips_taught_articulation_is_a_gain(tmp_path: Path):
    write_lips(small_net(), tmp_path / "lips.onnx")
    calibration = Calibration(articulation=1.0, articulation_range=(0.5, 1.5))
    frame = np.ones((1, 258), np.float32)
    none, little, much, most = (
        Lips(calibration, tmp_path / "lips.onnx").next(frame, dial)[0]
        for dial in (0.0, 0.5, 1.5, 2.0)
    )
    assert not none.any()
    np.testing.assert_allclose(most, much / 1.5 * 2, rtol=1e-5)
    assert np.abs(much / 3 - little).max() > 1e-3  # between them it is learned


def test_how_far_lips_are_apart_is_told_besides_how_far_they_move(tmp_path: Path):
    write_lips(small_net(), tmp_path / "lips.onnx")
    little, much = (
        Lips(Calibration(parting=parting), tmp_path / "lips.onnx").next(
            np.ones((1, 258), np.float32), 1.0
        )[0]
        for parting in (0.7, 1.5)
    )
    assert np.abs(much - little).max() > 1e-3


def test_training_goes_on_where_it_stopped(
    performances: list[Performance], sentence: Utterance, tmp_path: Path
):
    model, state = tmp_path / "lips.onnx", tmp_path / "state.pt"
    done = []
    for count in (2, 4):
        recipe = Recipe(**{**vars(SMALL), "steps": count})
        facts = train_lips(performances, [sentence], Disturber(), recipe, model, state, 5)
        done.append(facts["steps"])
        assert np.isfinite(list(facts.values())).all()
    assert done == [2, 4]
    lower, voice, meeting = Lips(Calibration(), model).next(np.ones((1, 258), np.float32), 1.0)
    assert np.isfinite(lower).all()
    assert 0 <= min(voice, meeting) <= max(voice, meeting) <= 1


def test_without_lips_there_is_nothing_to_learn(performances: list[Performance], tmp_path: Path):
    one = performances[0]
    silent = Performance(**{**vars(one), "own": np.zeros(len(one), bool)})
    with pytest.raises(GiocondaError, match="no clip has lips to learn from"):
        train_lips([silent], [], Disturber(), SMALL, tmp_path / "l.onnx", tmp_path / "s.pt", 1)


def test_lips_that_do_not_move_cost():
    from gioconda.training.mouth_loss import MouthLoss

    basis = released_basis()
    loss, moving = MouthLoss(basis), torch.randn(2, 30, basis.parts[2])
    still, gap = moving.mean(1, keepdim=True).expand_as(moving), torch.zeros(2)
    exact, mean, half = (loss(x, moving, gap) for x in (moving, still, moving / 2))
    assert float(exact["shape"]) == pytest.approx(0, abs=0.02)
    assert float(exact["spread"]) == pytest.approx(0, abs=0.02)
    assert float(half["shape"]) < 0.1 < float(half["spread"]) < float(mean["spread"])
    assert float(mean["shape"]) == pytest.approx(1, abs=0.05)


def test_a_mouth_that_opens_too_little_may_cost_more():
    from gioconda.training.mouth_loss import MouthLoss

    basis = released_basis()
    moving, gap = torch.randn(2, 30, basis.parts[2]), torch.ones(2)  # never shut
    even, short = MouthLoss(basis), MouthLoss(basis, short=2.0)
    less, more = (
        [float(loss(moving * size, moving, gap)["spread"]) for loss in (even, short)]
        for size in (0.5, 2.0)
    )
    assert less[1] == pytest.approx(less[0] * 4 / 3, rel=0.02)  # one of three moves is dearer
    assert more[1] == pytest.approx(more[0])


def test_phones_ask_of_lips_what_they_do():
    basis = released_basis()
    gaps = measure.lip_gap(basis.dynamics[basis.lower])
    opener = torch.from_numpy((gaps / (gaps**2).sum()).astype(np.float32))  # moves the gap by 1
    rest = float(measure.lip_gap(basis.mean))
    spans = torch.tensor([[0, MEETING, 2, 4], [0, TOUCHING, 6, 8], [0, OPEN, 4, 6]])
    neutral = torch.tensor([rest])

    def losses(openings: list[float]) -> list[float]:
        lower = (torch.tensor(openings) / 100 - rest)[None, :, None] * opener
        return [float(one) for one in ContactLoss(basis)(lower, neutral, spans).values()]

    assert losses([9, 9, 9, -1.1, 9, 9, 0.5, 9]) == pytest.approx([0, 0, 0, 0.1], abs=1e-3)
    assert losses([0, 0, 1.0, 9, 0, 9, 9, 3]) == pytest.approx([1.3, 2.0, 2.8, 0], abs=1e-3)
    spans[2, 1] = ROUNDED  # may be narrow
    assert losses([0, 0, 1.0, 9, 0, 9, 9, 3])[2] == pytest.approx(1.2, abs=1e-3)
    nothing = ContactLoss(basis)(torch.zeros(1, 8, len(opener)), neutral, spans[:0])
    assert [float(one) for one in nothing.values()] == [0, 0, 0, 0]


def test_sentences_say_what_lips_do_when(sentence: Utterance):
    (heard,) = read_sentences([sentence], Disturber(), steps.silent)
    assert heard.spans.tolist() == [[MEETING, 2, 5], [TOUCHING, 12, 18], [OPEN, 5, 12]]
    assert np.isnan(heard.voice[:2]).all()
    assert (heard.voice[2:17] == 1).all()


def test_a_vowel_has_each_of_its_frames_that_no_contact_has():
    phones = (
        Phone("M", 0.1, 0.2),
        Phone("UW", 0.2, 0.33),
        Phone("L", 0.33, 0.39),
        Phone("AA", 0.39, 0.46),
    )
    assert spans_of(phones, 12).tolist() == [[MEETING, 2, 5], [ROUNDED, 5, 9], [OPEN, 9, 12]]
    assert spans_of(phones, 11).tolist() == [[MEETING, 2, 5], [ROUNDED, 5, 9]]


def test_without_a_voice_there_is_silence_noise_and_music():
    heard = read_voiceless(5, Disturber(), steps.silent)
    assert len(heard) == 5
    assert all(len(one) == 125 and not one.voice.any() and not len(one.spans) for one in heard)
