"""Which speech encoder tells most of the lips, and at what price.

    python benchmarks/hearing.py SET --encoders mel released whisper blocks FILE.safetensors ...
        [--teacher WHISPER] [--spoken SPOKEN] [--music FOLDER] [--clean]

The same ridge regression reads the lips of held-out people from each encoder's features; how much
it is held back is chosen on people of the training split. Every encoder hears the same sounds,
clean and disturbed. `mel` is the log-mel itself, `released` the package's encoder, `whisper`
Whisper-base on whole clips, `blocks` Whisper-base on the last two seconds, every fifth frame, with
80 ms of look-ahead, as it would run live; a file is an encoder of `gioconda train hearing`.
"""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda.cli.table import show
from gioconda.data.clips import Clip, read_clips
from gioconda.data.people import for_judge
from gioconda.data.phones import LABEL, SILENCE
from gioconda.data.samples.performances import Performance, read_performance
from gioconda.data.spoken.utterances import Utterance, read_spoken
from gioconda.face import measure
from gioconda.face.basis import Basis, released_basis
from gioconda.media import FPS, SAMPLE_RATE, read_audio
from gioconda.speech import LOOK_AHEAD, listen
from gioconda.speech.encoder import SpeechEncoder, hear, load_encoder
from gioconda.speech.features import SAMPLES, SPECTRA
from gioconda.speech.mel import MELS
from gioconda.training import augmentation

Array = NDArray[np.float32]
Encode = Callable[[Array], Array]  # sound (640 T,) to features (T, F)

_PENALTIES: Final = (3e2, 1e3, 3e3, 1e4, 3e4, 1e5)
_MOVING: Final = 0.005  # standard deviation of a mouth that speaks, in inter-ocular distances
_BLOCK: Final = 5  # frames that `blocks` hears at a time
_SECONDS: Final = 2.0  # that it hears
_BEFORE: Final = 3  # features before its own that a frame is read from
_LINES: Final = {"opening": 0, "width": 1, "protrusion": 2}


# --- encoders ---


def stacked(features: Array, before: int, after: int = 0) -> Array:
    """Each frame with its neighbours."""
    padded = np.pad(features, ((before, after), (0, 0)), "edge")
    return np.concatenate(
        [padded[i : i + len(features)] for i in range(before + after + 1)], axis=1
    )


def mel(pcm: Array) -> Array:
    return stacked(listen(pcm).mel.reshape(-1, SPECTRA * MELS), 4, LOOK_AHEAD)


def released(encoder: ov.CompiledModel, pcm: Array) -> Array:
    return stacked(hear(listen(pcm).mel, encoder).features, _BEFORE)


def whole(teacher: Encode, pcm: Array) -> Array:
    return stacked(teacher(pcm), 1, 1)


def in_blocks(teacher: Encode, pcm: Array) -> Array:
    """As live: after every block of frames, what was heard in the last seconds is heard again."""
    frames, long = len(pcm) // SAMPLES, round(_SECONDS * FPS)
    silent = np.concatenate([np.zeros(long * SAMPLES, np.float32), pcm])
    silent = np.pad(silent, (0, (LOOK_AHEAD + _BLOCK) * SAMPLES))
    found = []
    for start in range(0, frames, _BLOCK):
        end = long + start + _BLOCK + LOOK_AHEAD
        heard = teacher(silent[(end - long) * SAMPLES : end * SAMPLES])
        found.append(heard[-LOOK_AHEAD - _BLOCK : -LOOK_AHEAD])
    return stacked(np.concatenate(found)[:frames], _BEFORE - 2)


class Student:
    """An encoder of `gioconda train hearing`."""

    def __init__(self, file: Path) -> None:
        import torch

        from gioconda.training.hearing.recipe import load_hearing, write_encoder

        torch.set_num_threads(1)
        self._torch, self.net = torch, load_hearing(file)
        with TemporaryDirectory() as folder:
            import openvino as ov

            from gioconda.inference import compiled

            write_encoder(self.net, Path(folder) / "step.onnx")
            model = ov.Core().read_model(Path(folder) / "step.onnx")
        self.step = {p: compiled(model, "a step", p) for p in ("f32", "bf16")}
        self.state = np.zeros(model.inputs[1].shape[0], np.float32)

    def hear(self, pcm: Array) -> tuple[Array, Array, Array]:
        """Features, how surely a voice sounds, and the label of each half frame."""
        heard = listen(pcm).mel.reshape(1, -1, MELS)
        ahead = np.full((1, LOOK_AHEAD * SPECTRA, MELS), -3, np.float32)
        with self._torch.no_grad():
            features = self.net.encoder(self._torch.from_numpy(np.concatenate([heard, ahead], 1)))
            voice = self._torch.sigmoid(self.net.voice(features))[0, :, 0]
            phones = self.net.read_phones(features)[0].argmax(-1)
        return features[0].numpy(), voice.numpy(), phones.numpy()

    def __call__(self, pcm: Array) -> Array:
        return stacked(self.hear(pcm)[0], _BEFORE)

    def milliseconds(self, precision: str) -> float:
        """To hear a frame, on one core."""
        step = self.step[precision]
        frame = np.random.default_rng(0).normal(-1, 1, (1, SPECTRA, MELS)).astype(np.float32)
        state = self.state
        for _ in range(20):
            state = step([frame, state])["next"]
        return _took(lambda: step([frame, state]), 200)


def _took(call: Callable[[], object], times: int) -> float:
    """Median milliseconds of a call."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return 1000 * float(np.median(taken))


# --- sounds ---


def disturbances(music: list[Array], voices: list[Array]) -> dict[str, Callable[[Array], Array]]:
    """What lies over a voice, by name; the same on every run."""

    def made(change: Callable[[NDArray[np.float64], np.random.Generator], NDArray[np.float64]]):  # type: ignore[no-untyped-def]
        def disturb(pcm: Array) -> Array:
            rng = np.random.default_rng(len(pcm))
            return change(pcm.astype(np.float64), rng).astype(np.float32)

        return disturb

    def any_of(sounds: list[Array], samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
        one = sounds[rng.integers(len(sounds))]
        start = int(rng.integers(max(1, len(one) - samples)))
        return np.resize(one[start : start + samples], samples).astype(np.float64)

    def over(ratio: float, sounds: list[Array], count: int = 1):  # type: ignore[no-untyped-def]
        return made(
            lambda pcm, rng: augmentation.mixed(
                pcm,
                sum((any_of(sounds, len(pcm), rng) for _ in range(count)), np.zeros(len(pcm))),
                ratio,
            )
        )

    found = {
        "noise 5 dB": made(lambda pcm, rng: augmentation.mixed(pcm, rng.normal(size=len(pcm)), 5)),
        "room": made(augmentation.in_room),
        "telephone": made(lambda pcm, rng: augmentation.telephoned(pcm)),
    }
    if music:
        found |= {"music 10 dB": over(10, music), "music 3 dB": over(3, music)}
    if voices:
        found["3 voices 10 dB"] = over(10, voices, 3)
    return found


# --- lips ---


def usable(clips: Iterable[Clip], basis: Basis) -> Iterator[Performance]:
    """Clips of a second and more whose sound belongs to the face."""
    for clip in clips:
        one = read_performance(clip, basis)
        if one is not None and one.own.all() and len(one) >= FPS:
            yield one


class Ridge:
    """Linear regression with a penalty on its weights, from sums that grow row by row."""

    def __init__(self) -> None:
        self._sums: list[NDArray[np.float64]] = []

    def add(self, inputs: Array, targets: Array) -> None:
        x = np.concatenate([inputs, np.ones((len(inputs), 1), np.float32)], 1)
        sums = [(x.T @ x).astype(np.float64), (x.T @ targets).astype(np.float64)]
        self._sums = [a + b for a, b in zip(self._sums, sums, strict=True)] if self._sums else sums

    def solve(self, penalty: float) -> Array:
        """(F + 1, C). Each input is held back as if its mean square were 1."""
        square, product = self._sums
        size = np.diag(square) / square[-1, -1]
        held = penalty * size
        held[-1] = 0
        return np.linalg.solve(square + np.diag(held + 1e-6), product).astype(np.float32)


def applied(weights: Array, inputs: Array) -> Array:
    return np.asarray(inputs @ weights[:-1] + weights[-1], np.float32)


def shapes(lower: Array, neutral: Array, basis: Basis) -> NDArray[np.float64]:
    """(T, 3) opening, width and protrusion."""
    faces = np.tensordot(lower, basis.dynamics[basis.lower], 1) + neutral
    lips = measure.lip_shape(faces)
    return np.stack([measure.mouth_opening(faces), lips[:, 0], lips[:, 2]], 1)


def correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-12))


def learn(encode: Encode, clips: list[Performance], basis: Basis) -> Array:
    """Weights that read the lips, the penalty chosen on a fifth of the people."""
    people = sorted({one.clip.person for one in clips})
    chosen = set(people[::5])
    rows = []
    for i, one in enumerate(clips):
        lower = one.motion.dynamics[:, basis.lower]
        target = lower - lower.mean(0)
        noisy = augmentation.augmented(one.pcm, np.random.default_rng(i))
        rows += [(one.clip.person in chosen, encode(pcm), target) for pcm in (one.pcm, noisy)]
    part, full = Ridge(), Ridge()
    for aside, inputs, target in rows:
        full.add(inputs, target)
        if not aside:
            part.add(inputs, target)

    def missed(penalty: float) -> float:
        weights = part.solve(penalty)
        return sum(
            float(((applied(weights, inputs) - target) ** 2).sum())
            for aside, inputs, target in rows
            if aside
        )

    return full.solve(min(_PENALTIES, key=missed))


def held_out(
    encode: Encode,
    weights: Array,
    clips: list[Performance],
    disturb: Callable[[Array], Array] | None,
    basis: Basis,
) -> NDArray[np.float64]:
    """Median over clips of r of opening, width and protrusion."""
    rows = []
    for one in clips:
        lower = one.motion.dynamics[:, basis.lower]
        real = shapes(lower, one.neutral, basis)
        if real[:, 0].std() < _MOVING:
            continue
        pcm = one.pcm if disturb is None else disturb(one.pcm)
        made = shapes(applied(weights, encode(pcm)) + lower.mean(0), one.neutral, basis)
        rows.append([correlation(made[:, i], real[:, i]) for i in _LINES.values()])
    return np.asarray(np.median(rows, 0))


# --- phones ---


def labels_of(one: Utterance, frames: int) -> NDArray[np.int64]:
    """The label in the middle of each frame."""
    middles = (np.arange(frames) + 0.5) / FPS
    names = [LABEL[phone.name] for phone in one.phones] + [LABEL[SILENCE]]
    return np.array(names)[np.searchsorted([phone.end for phone in one.phones], middles)]


def phones_right(encode: Encode, train: list[Utterance], val: list[Utterance]) -> float:
    """Share of frames of a held-out voice whose phone a linear reader tells, silence left out."""

    def rows(utterances: list[Utterance]) -> Iterator[tuple[Array, NDArray[np.int64]]]:
        for one in utterances:
            pcm = one.pcm[: len(one.pcm) // SAMPLES * SAMPLES]
            yield encode(pcm), labels_of(one, len(pcm) // SAMPLES)

    ridge = Ridge()
    for inputs, labels in rows(train):
        ridge.add(inputs, np.eye(len(LABEL), dtype=np.float32)[labels])
    weights = ridge.solve(1e3)
    right = []
    for inputs, labels in rows(val):
        said = labels != LABEL[SILENCE]
        right.append((applied(weights, inputs).argmax(1) == labels)[said])
    return float(np.concatenate(right).mean())


# --- the command ---


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="SET", type=Path)
    parser.add_argument("--encoders", nargs="+", default=["mel", "released"], metavar="NAME")
    parser.add_argument("--teacher", type=Path, metavar="DIR", help="Whisper-base, joined")
    parser.add_argument("--projection", type=Path, help="of the teacher: how much it keeps")
    parser.add_argument("--spoken", type=Path, metavar="DIR", help="of gioconda prepare --tts")
    parser.add_argument(
        "--music", type=Path, metavar="DIR", help="without a voice, that nothing was learned from"
    )
    parser.add_argument("--clips", type=int, default=700, help="to learn from")
    parser.add_argument("--clean", action="store_true", help="without disturbances")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "gioconda")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    basis = released_basis()
    clips = [
        clip for clip in read_clips(args.data, "train", args.cache) if not for_judge(clip.person)
    ]
    order = np.random.default_rng(0).permutation(len(clips))
    train = list(islice(usable((clips[i] for i in order), basis), args.clips))
    val = list(usable(read_clips(args.data, "val", args.cache), basis))
    music = [read_audio(file) for file in sorted(args.music.rglob("*.*"))] if args.music else []
    said = list(read_spoken(args.spoken, "val")) if args.spoken else []
    taught = list(read_spoken(args.spoken, "train"))[::8] if args.spoken else []
    changes = {} if args.clean else disturbances(music, [one.pcm for one in said])
    result: dict[str, dict[str, float]] = {}
    for name in args.encoders:
        encode, facts = _encoder(name, args.teacher)
        weights = learn(encode, train, basis)
        clean = held_out(encode, weights, val, None, basis)
        facts = {line: float(clean[i]) for line, i in _LINES.items()} | facts
        for change, disturb in changes.items():
            facts[change] = float(held_out(encode, weights, val, disturb, basis)[0])
        if name == "whisper" and args.projection:
            facts["variance kept"] = _kept(args.projection, args.teacher, val)
        if said:
            facts["phones right"] = phones_right(encode, taught, said)
        if music:
            facts |= _voiceless(name, encode, music)
        result[name] = facts
    figures = list(dict.fromkeys(figure for facts in result.values() for figure in facts))
    rows = [
        [figure, *(f"{result[n][figure]:.3g}" if figure in result[n] else "" for n in result)]
        for figure in figures
    ]
    title = (
        f"{len(val)} clips of {len({one.clip.person for one in val})} held-out people; "
        f"a ridge regression learned from {len(train)} clips. r of the opening under disturbances."
    )
    show(result, args.json, title, ["", *(Path(name).name for name in result)], rows)


def _encoder(name: str, teacher: Path | None) -> tuple[Encode, dict[str, float]]:
    """An encoder by name, and what it costs."""
    second = np.random.default_rng(0).normal(0, 0.05, SAMPLE_RATE * 2).astype(np.float32)
    if name == "mel":
        return mel, {}
    if name == "released":
        encoder, frame = SpeechEncoder(), listen(second).mel[:1]
        encoder.append(listen(second).mel)
        return partial(released, load_encoder()), {
            "ms a frame": _took(lambda: encoder.append(frame), 100),
            "latency ms": 1000 * LOOK_AHEAD / FPS,
        }
    if name in ("whisper", "blocks"):
        from gioconda.training.hearing.teacher import Whisper

        if teacher is None:
            raise SystemExit("--teacher is needed for Whisper")
        model = Whisper(teacher)
        cost = _took(lambda: model(second), 20)
        if name == "whisper":
            return partial(whole, model), {}
        return partial(in_blocks, model), {
            "ms a frame": cost / _BLOCK,
            "latency ms": 1000 * (LOOK_AHEAD + _BLOCK - 1) / FPS,
        }
    student = Student(Path(name))
    return student, {
        "ms a frame": student.milliseconds("f32"),
        "ms a frame, bf16": student.milliseconds("bf16"),
        "latency ms": 1000 * LOOK_AHEAD / FPS,
        "MB": Path(name).stat().st_size / 1e6,
    }


def _kept(projection: Path, teacher: Path, clips: list[Performance]) -> float:
    from gioconda.training.hearing.teacher import Projection, Whisper

    model = Whisper(teacher)
    return Projection.load(projection).kept(np.concatenate([model(one.pcm) for one in clips]))


def _voiceless(name: str, encode: Encode, music: list[Array]) -> dict[str, float]:
    """Share of frames of music that are taken for a voice."""
    pieces = [one[: 30 * SAMPLE_RATE] for one in music]
    if isinstance(encode, Student):
        voice = np.concatenate([encode.hear(one)[1] for one in pieces])
    elif name == "released":
        encoder = load_encoder()
        voice = np.concatenate([hear(listen(one).mel, encoder).voice for one in pieces])
    else:
        return {}
    return {"music taken for a voice": float((voice > 0.5).mean())}


if __name__ == "__main__":
    main()
