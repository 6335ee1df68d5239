"""Animator: photo + speech → frames, for a file or live."""

import hashlib
import json
import os
import pickle
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import chain, cycle, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gioconda.cache import cache_folder
from gioconda.controls import Controls
from gioconda.generator import LATER, GeneratedMotion, Generator
from gioconda.inference import own_models
from gioconda.machine import give_back
from gioconda.media import FPS, SAMPLE_RATE, FileSound, Picture, Sound, VideoWriter
from gioconda.media.audio import Voice, hear, in_step
from gioconda.media.files import check_apart, check_readable
from gioconda.media.formats import Format, format_of
from gioconda.media.image import check_order
from gioconda.media.parts import PART, Parts
from gioconda.once import ahead
from gioconda.portrait import Portrait, read_portrait
from gioconda.provenance import Mark, Marker, Output, make_id
from gioconda.renderer import Renderer
from gioconda.renderer.backdrop import Background, ingredient, read_background, setting
from gioconda.renderer.mouth import GeometricMouth
from gioconda.renderer.renderer import Decoder, Warped
from gioconda.spans import Spans
from gioconda.speech.encoder import RECORDED
from gioconda.start import loading

HOP = SAMPLE_RATE // 2  # samples that a whole recording is fed in
_HOPS_AHEAD = 2  # whose motion is made before they are drawn
_FRAMES_AHEAD = 1  # warped before they are drawn, and drawn before they are marked
_LARGE = 2 << 20  # pixels from which on the warp has a thread: of fewer it waits for Python's lock
_MOST = -(-HOP * FPS // SAMPLE_RATE) + RECORDED - 1  # frames that come out of a hop
_MAKERS = {".py", ".safetensors", ".onnx", ".zip", ".tflite"}


class Animator:
    """A portrait that speaks as the voice arrives.

    Sound gives the same frames in pieces of any size as all at once.

    Args:
        portrait: who speaks.
        seed: decides head motion, gaze and blinks; 0 or more.
        controls: the dials; by default each rests.
        full: draw into the whole photo (needs a portrait made with `size=None`).
        decoder: draws what the warp cannot know; None lets the renderer choose.
        mark: what every frame goes through before it is given out: `Output.mark` or a `Mark`.
            By default a mark whose id stands for nothing but portrait and seed.
        later: frames that are heard ahead, as of `Generator`: `LATER` for a recording.
        background: as in `Renderer`; before a transparent one frames have alpha, (H, W, 4).
        waits: until its renderer is made; else whoever asks for that does, and motion may begin.
    """

    def __init__(
        self,
        portrait: Portrait,
        seed: int = 0,
        controls: Controls | None = None,
        full: bool = False,
        decoder: Decoder | None = None,
        mark: Marker | None = None,
        later: int = 0,
        background: Background | None = None,
        waits: bool = True,
    ) -> None:
        self._mark = mark or Mark(
            make_id({"portrait": zlib.crc32(portrait.photo.tobytes()), "seed": seed})
        )
        self._renderer: Future[Renderer] = Future()
        if waits:  # in this thread: a new one for each session would cost a server 400 MiB
            self._renderer.set_result(Renderer(portrait, decoder, full, background))
        else:
            pool = ThreadPoolExecutor(1)
            self._renderer = pool.submit(Renderer, portrait, decoder, full, background)
            pool.shutdown(wait=False)
        self._generator = Generator(seed, controls, portrait.gaze, later=later)
        self._portrait = portrait

    @property
    def renderer(self) -> Renderer:
        """What draws."""
        return self._renderer.result()

    @property
    def controls(self) -> Controls:
        """The dials; assign others to change the frames that are not yet certain."""
        return self._generator.controls

    @controls.setter
    def controls(self, controls: Controls) -> None:
        self._generator.controls = controls

    def listen(self, pcm: Sound) -> None:
        """The other one's sound, heard with as much of the own as comes from now on.

        While the other person speaks, the face looks at the viewer, nods, and keeps its lips still.

        Args:
            pcm: (samples,) 16 kHz mono in [-1, 1].
        """
        self._generator.listen(pcm)

    def append(self, pcm: Sound) -> Iterator[Picture]:
        """The frames that are now certain, (H, W, 3) RGB, drawn as they are asked for.

        Each is good until the next. Take all of them before the next `append`.

        Args:
            pcm: (samples,) 16 kHz mono in [-1, 1].
        """
        return self._frames(self._generator.append(pcm))

    def finish(self) -> Iterator[Picture]:
        """The remaining frames, when the voice has ended."""
        return self._frames(self._generator.finish())

    def speak(self, pcm: Sound) -> Iterator[Picture]:
        """All frames of a whole recording, ceil(samples / 640); as `append` and `finish`.

        What the other one says in it is to be given to `listen` before.

        Motion and drawing have threads of their own, which are ahead; leave the dials alone.
        """
        for recited in self.recite(in_hops(pcm)):
            yield recited.frame

    def recite(
        self, pieces: Iterable[Sequence[Sound]], state: bytes | None = None, done: int = 0
    ) -> "Iterator[Recited]":
        """As `speak`, for a recording of any length, which another process may go on with.

        Motion begins at once.

        Args:
            pieces: of sound, taken in a thread of its own as they are needed: of `HOP` samples, the
                last may be shorter; the own, and the other one's if there is one.
            state: goes on where another animator of the same portrait and dials gave this.
            done: frames to leave out, which are no fewer than that one had given out then.
        """
        place = pickle.loads(state) if state else _Place(self._generator, 0, 0)
        self._generator = place.generator
        hops = ahead(_recited(place, islice(pieces, place.pieces, None)), _HOPS_AHEAD)
        return self._marked(hops, done - place.frames)

    def _marked(
        self, hops: Iterator[tuple[bytes | None, GeneratedMotion]], left_out: int
    ) -> "Iterator[Recited]":
        warped = self._warped(hops, left_out)
        if self.renderer.height * self.renderer.width > _LARGE:
            warped = ahead(warped, _FRAMES_AHEAD)
        for drawn in ahead(self._drawn(warped), _FRAMES_AHEAD):
            marked = self._mark(drawn.frame, drawn.changed)
            yield Recited(drawn.state, marked, self._mark.changed)

    def _warped(
        self, hops: Iterator[tuple[bytes | None, GeneratedMotion]], left_out: int
    ) -> Iterator[tuple[bytes | None, Warped]]:
        """Frames that are still to be drawn over, in memory that takes turns."""
        memory = cycle(range(2 * _FRAMES_AHEAD + 2))  # marked, begun, warped, and one ahead
        for state, motion in hops:
            for pose, dynamics in self._moved(motion)[left_out:]:
                yield state, self.renderer.warp(pose, dynamics, next(memory))
                state = None
            left_out = max(0, left_out - len(motion))

    def _drawn(self, warped: Iterator[tuple[bytes | None, Warped]]) -> "Iterator[Recited]":
        """Frames without their mark. Each begins before the last has ended, and has memory for
        itself until it is marked.
        """
        last: Callable[[], Recited] | None = None
        for state, frame in warped:
            begun = partial(self._ended, state, frame, self.renderer.begin(frame))
            if last:
                yield last()
            last = begun
        if last:
            yield last()

    def _ended(self, state: bytes | None, warped: Warped, end: Callable[[], Picture]) -> "Recited":
        drawn = end()
        if drawn is not warped.picture:  # but that of another background
            drawn = drawn.copy()
        return Recited(state, drawn, self.renderer.changed)

    def drawings(self, pcm: Sound) -> list[Callable[[], Picture]]:
        """As `append`, but each frame is drawn when it is called, in order, and may be left out."""
        return self._drawings(self._generator.append(pcm))

    def _frames(self, motion: GeneratedMotion) -> Iterator[Picture]:
        return (draw() for draw in self._drawings(motion))

    def _drawings(self, motion: GeneratedMotion) -> list[Callable[[], Picture]]:
        return [partial(self._draw, *each) for each in self._moved(motion)]

    def _moved(self, motion: GeneratedMotion) -> list[tuple[NDArray[np.float32], ...]]:
        """Pose and dynamics of this portrait, frame by frame."""
        moved = self._portrait.performed(motion, motion.free)
        return list(zip(moved.pose, moved.dynamics, strict=True))

    def _draw(self, pose: NDArray[np.float32], dynamics: NDArray[np.float32]) -> Picture:
        return self._mark(self.renderer.render(pose, dynamics), self.renderer.changed)


def in_hops(pcm: Sound) -> Iterator[list[Sound]]:
    """A voice (samples,) as `Animator.recite` takes it."""
    return ([pcm[begin : begin + HOP]] for begin in range(0, len(pcm), HOP))


class Recited(NamedTuple):
    """A frame of a recording.

    Attributes:
        state: what another process goes on with, if a part of a video begins here or shortly after.
        frame: (H, W, 3) RGB, or with alpha (H, W, 4); good until the next.
        changed: (H, 2) spans in which it may differ from the one before.
    """

    state: bytes | None
    frame: Picture
    changed: Spans


class _Place(NamedTuple):
    """How far the motion of a recording is."""

    generator: Generator
    pieces: int  # of sound that it has heard
    frames: int  # that it has given out


def _recited(
    place: _Place, pieces: Iterable[Sequence[Sound]]
) -> Iterator[tuple[bytes | None, GeneratedMotion]]:
    generator, heard, frames = place
    for piece in chain(pieces, [None]):
        begins = frames and -frames % PART < _MOST
        state = pickle.dumps(_Place(generator, heard, frames)) if begins else None
        if piece is None:
            motion = generator.finish()
        else:
            for other in piece[1:]:
                generator.listen(other)
            motion = generator.append(piece[0])
        yield state, motion
        heard, frames = heard + 1, frames + len(motion)


@dataclass(frozen=True)
class Animation:
    """What `animate` made.

    Attributes:
        path: the video.
        frames: how many.
        earlier: how many of them an earlier run had made, which was killed or stopped.
        seconds: how long making the others took, the portrait included.
        note: what the user should know about face and voice, or None.
        mark: the id in its invisible mark.
    """

    path: str
    frames: int
    earlier: int
    seconds: float
    note: str | None
    mark: int


def animate(
    photo: str | os.PathLike[str],
    audio: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    seed: int = 0,
    size: int = 512,
    full: bool = False,
    face: int | None = None,
    anyway: bool = False,
    controls: Controls | None = None,
    consent: str | None = None,
    badge: bool = False,
    sign_key: str | os.PathLike[str] | None = None,
    plain_mouth: bool = False,
    background: str | os.PathLike[str] | None = None,
    listen: str | os.PathLike[str] | None = None,
    make: Callable[[str, int | None, int | None, bool], Portrait] = read_portrait,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Animation:
    """Make a portrait speak: a photo and a voice become a video.

    Args:
        photo: any picture that Pillow reads.
        audio: any sound, or video with sound, that FFmpeg reads.
        output: the video to write; its name sets the format, as in `media.formats.format_of`.
        seed: decides head motion, gaze and blinks; 0 or more.
        size: side of the square video in pixels.
        full: keep the whole photo, at its own resolution, instead of a square about the head.
        face: which face of several, counted from the left, from 1; the largest by default.
        anyway: go on with a note if the mouth is covered.
        controls: the dials; by default each rests.
        consent: who allowed what; goes into the signed manifest.
        badge: draw a small visible badge into a corner.
        sign_key: PEM of key and certificates; by default GIOCONDA_SIGN_KEY, or a local key.
        plain_mouth: draw lips and eyes without networks: plainer, and faster.
        background: behind the person, as in `renderer.backdrop.read_background`.
        listen: sound of the other one, who begins with `audio`; the video is as long as both.
        make: as `read_portrait`; one that keeps portraits saves time if a photo speaks again.
        report: called with the number of frames done, and of all frames.

    Raises:
        GiocondaError: if an input cannot be used or the output cannot be written.
    """
    start, dials = time.perf_counter(), controls or Controls()
    form, behind = format_of(output, background == "transparent"), read_background(background)
    inputs = _inputs(photo, audio, listen, background, output)
    voices = [hear(file) for file in (audio, listen) if file is not None]
    inputs |= own_models("basis", "speech", "lips", "generator", *["renderer"] * (not plain_mouth))
    settings = {"controls": dials.to_dict(), "plain_mouth": plain_mouth, "full": full}
    settings |= {"seed": seed, "size": size, "face": face, **setting(background)}
    with loading(renderer=not plain_mouth, listen=listen is not None):
        made = Output(inputs, settings, consent, badge, sign_key)
        portrait = make(os.fspath(photo), None if full else size, face, anyway)
        decoder: Decoder | None = GeometricMouth(portrait) if plain_mouth else None
        animator = Animator(portrait, seed, dials, full, decoder, made.mark, LATER, behind, False)
    frames, earlier = _film(animator, voices, output, form, made, badge, report)
    note = "; ".join(filter(None, (portrait.note, voices[0].note, form.left_out))) or None
    return Animation(os.fspath(output), frames, earlier, time.perf_counter() - start, note, made.id)


def _inputs(
    photo: str | os.PathLike[str],
    audio: str | os.PathLike[str],
    listen: str | os.PathLike[str] | None,
    background: str | os.PathLike[str] | None,
    output: str | os.PathLike[str],
) -> dict[str, str | os.PathLike[str]]:
    """The files that are given, by what each is; the output is none of them."""
    inputs = {"portrait": photo, "voice": audio} | ({"other voice": listen} if listen else {})
    inputs |= ingredient(background)
    check_apart(output, inputs.values())
    check_order(photo, audio, "the voice")
    for file in (audio, photo):  # before they are hashed
        check_readable(Path(file))
    return inputs


def _film(
    animator: Animator,
    voices: Sequence[Voice],
    output: str | os.PathLike[str],
    form: Format,
    made: Output,
    badge: bool,
    report: Callable[[int, int], None],
) -> tuple[int, int]:
    """Write the signed video; how many frames it has, and how many of them were there already."""
    total = -(-max(voice.samples for voice in voices) * FPS // SAMPLE_RATE)
    long = form.in_parts and total > PART and cache_folder()
    key = _key(made.id, badge, os.path.abspath(output)) if long else ""
    with (
        closing(FileSound(voices[0], form)) as sound,
        Parts(Path(output), key) if long else nullcontext() as parts,
    ):
        begun, done = (parts.state, parts.count * PART) if parts else (None, 0)
        recited = animator.recite(in_step(voices, HOP), begun, done)
        renderer = animator.renderer
        size = renderer.height, renderer.width
        give_back()  # what the start has left, which differs from run to run
        with VideoWriter(output, *size, sound, made.sign, renderer.alpha, parts) as video:
            for state, frame, changed in recited:
                if state:
                    video.remember(state)
                video.write(frame, changed)
                report(video.count, total)
    return video.count, done


def _key(*facts: object) -> str:
    """Stands for facts (JSON) and for this package as it is installed."""
    package = Path(__file__).parent
    stats = {file: file.stat() for file in sorted(package.rglob("*")) if file.suffix in _MAKERS}
    files = [(str(file), stat.st_size, stat.st_mtime_ns) for file, stat in stats.items()]
    return hashlib.sha256(json.dumps([facts, files]).encode()).hexdigest()[:32]
