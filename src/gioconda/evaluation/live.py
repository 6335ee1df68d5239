"""How soon a live portrait answers, how well it keeps its pace, and how many this machine holds.

A syllable begins in silence and is fed in real time in pieces of 10 ms, evenly at all times within
a frame. Two things are timed from the moment when it begins to be spoken:

- To its frame: until the frame is there, drawn and marked, that carries the beginning of the
  sound. That is the delay of the line: the rest of the frame's 40 ms, 10 ms that wait, 80 ms of
  look-ahead, and the computing. The same sound in a file gives the same frame, in step with it.
- To the mouth's opening. In the frames that come out the face is found again (`track`), and
  the opening of its lips read off. The mouth opens in the first frame in which it has come a
  quarter of the way from where it was to the widest it gets within a second. This holds the mouth's
  own time too: how much later than the sound the mouth opens in the finished video, live or
  offline, where no delay is. `mouth` is that time.

Undisturbed figures are on the processor's time: it passes while this process computes or waits,
but not while others have the processor. They say what one core that is free would do.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from gioconda import example
from gioconda.animator import Animator
from gioconda.errors import GiocondaError
from gioconda.evaluation.results import Report, measure
from gioconda.evaluation.viewer import PACKET, WIRE, Seen, Viewer
from gioconda.face.measure import lip_distances
from gioconda.face.topology import LEFT_EYE_OUTER, RIGHT_EYE_OUTER
from gioconda.face.tracker import track
from gioconda.live.calls import Calls
from gioconda.live.frame import Frame
from gioconda.live.limits import Limits
from gioconda.live.playout import STEP
from gioconda.live.pool import SessionPool
from gioconda.live.portraits import Portraits, jpeg
from gioconda.live.session import Clock, Session
from gioconda.media import FPS, SAMPLE_RATE, Sound
from gioconda.portrait import Portrait, make_portrait

PIECE: Final = SAMPLE_RATE // 100  # samples that are fed at once
_SOUND: Final = 0.5  # seconds of voice in a trial
_WATCH: Final = 1.0  # seconds after its beginning in which the mouth must open
_QUIET: Final = 1.0  # seconds from one trial to the next at least
_BEFORE: Final = 5  # frames that say how open the mouth was
_OPEN: Final = 0.25  # of the way to the widest
_LEAST: Final = 0.03  # inter-ocular distances; a mouth that opens less did not
_AUDIBLE: Final = 1e-3  # of full scale; what Opus makes of silence is less
_HELD: Final = (0.98 * FPS, 0.01)  # frames a second at least, share of late ones at most


@dataclass(frozen=True)
class Latency:
    """Of some trials, and how many of them had no answer; None if none had one."""

    trials: int
    missing: int
    p50_ms: float | None = measure("p50", "ms", ".0f")
    p95_ms: float | None = measure("p95", "ms", ".0f")


@dataclass(frozen=True)
class Latencies:
    """From the beginning of a sound, see `Answer`."""

    frame: Latency
    opening: Latency
    mouth: Latency


@dataclass(frozen=True)
class FirstFrame:
    """From the request for a session to the first decoded frame."""

    p50_ms: float
    most_ms: float


@dataclass(frozen=True)
class Pace:
    """How one viewer is served."""

    fps: float  # pictures a second
    late: float  # share of frames that are ready more than 40 ms after their time
    left_out: float  # share of frames without a picture
    seconds: float


@dataclass(frozen=True)
class Load:
    """How so many viewers at once are served: the worst figures of them."""

    viewers: int
    fps: float
    late: float


@dataclass(frozen=True)
class LiveBench:
    """A live portrait on this machine."""

    size: int  # of its pictures, pixels
    frame_ms: float  # the processor's time for a frame
    undisturbed: Latencies  # on the processor's time
    session: Latencies
    webrtc: Latencies
    first_frame: FirstFrame
    pace: Pace | None  # of one viewer, if it was watched
    viewers: int  # at once that are served in time
    loads: list[Load]  # that were tried


def bench_live(trials: int, minutes: float, report: Report) -> LiveBench:
    """Measure on the bundled portrait and voice.

    Args:
        trials: of latency, each of the session alone and through WebRTC.
        minutes: for which one viewer's pace is watched; 0 for not at all.
        report: called with the trials done and in all.
    """
    photo, voice = example.photo(), example.voice(16.0)
    portrait = make_portrait(photo, 512)
    sound = syllable(voice)
    report(0, 2 * trials)
    frame_ms = _cost(portrait, voice)
    undisturbed = _direct(portrait, sound, trials, _PlannedClock(time.process_time))
    clock = _PlannedClock(time.monotonic)
    direct = _direct(portrait, sound, trials, clock, lambda n: report(n, 2 * trials))
    webrtc, first = asyncio.run(
        _through_webrtc(sound, trials, lambda n: report(trials + n, 2 * trials))
    )
    watched = pace(portrait, voice, 1, 60 * minutes)[0] if minutes else None
    held, loads = _viewers(portrait, voice)
    return LiveBench(
        size=portrait.size,
        frame_ms=frame_ms,
        undisturbed=_latencies(undisturbed),
        session=_latencies(direct),
        webrtc=_latencies(webrtc),
        first_frame=FirstFrame(float(np.median(first)), max(first)),
        pace=watched,
        viewers=held,
        loads=loads,
    )


def syllable(voice: Sound) -> Sound:
    """The beginning of a loud voiced sound after a pause, faded out."""
    block = PIECE
    loud = np.sqrt(np.mean(np.square(voice[: len(voice) // block * block].reshape(-1, block)), 1))
    threshold = 0.3 * np.quantile(loud, 0.95)
    size = round(_SOUND * SAMPLE_RATE)
    best, found = 0.0, 0
    for i in range(20, len(loud) - size // block):
        # a pause before, then loud within 20 ms, and for long: a word without its attack is no word
        if loud[i - 20 : i].max() < threshold / 3 and loud[i + 1] <= threshold < loud[i + 2]:
            level = float(loud[i : i + 12].mean())
            if level > best:
                best, found = level, i
    if not best:
        raise GiocondaError("the voice has no syllable after a pause to measure with")
    sound = voice[found * block :][:size].copy()
    fade = size // 5
    sound[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return sound


# --- latency ---


class Answer(NamedTuple):
    """Milliseconds from the beginning of a sound.

    Attributes:
        frame: to the frame that carries it, or None if that is not known.
        opening: to the mouth's opening, or None if it did not open.
        mouth: from the sound to the opening in the video itself, or None.
    """

    frame: float | None
    opening: float | None
    mouth: float | None


def _answer(began: float, seen: Sequence[Seen]) -> Answer:
    """What was seen after a sound that began then."""
    points = track(each.picture for each in seen).points[..., :2]
    eyes = np.linalg.norm(points[:, LEFT_EYE_OUTER] - points[:, RIGHT_EYE_OUTER], axis=-1)
    opening = lip_distances(points).mean(-1) / eyes
    after = np.array([each.when >= began for each in seen])
    heard = ((each, _onset(each)) for each in seen if each.when >= began)
    carries, onset = next((pair for pair in heard if pair[1] is not None), (None, None))
    frame = None if carries is None else 1000 * (carries.when - began)
    rest = float(np.median(opening[~after][-_BEFORE:])) if (~after).any() else np.inf
    widest = float(opening[after].max()) if after.any() else -np.inf
    if widest - rest < _LEAST:
        return Answer(frame, None, None)
    first = seen[np.flatnonzero(after & (opening > rest + _OPEN * (widest - rest)))[0]]
    mouth = None
    if onset is not None and first.frame:
        mouth = 1000 * (first.frame.time - onset)
    return Answer(frame, 1000 * (first.when - began), mouth)


def _onset(seen: Seen) -> float | None:
    """When on the session's clock its frame's sound begins, or None if it is silent or unknown."""
    if seen.frame is None:
        return None
    loud = np.flatnonzero(np.abs(seen.frame.sound) > _AUDIBLE)
    return seen.frame.time + float(loud[0]) / SAMPLE_RATE if len(loud) else None


def _latencies(answers: Sequence[Answer]) -> Latencies:
    return Latencies(*map(_latency, zip(*answers, strict=True)))


def _latency(found: Sequence[float | None]) -> Latency:
    known = [each for each in found if each is not None]
    return Latency(
        p50_ms=float(np.median(known)) if known else None,
        p95_ms=float(np.quantile(known, 0.95)) if known else None,
        trials=len(found),
        missing=len(found) - len(known),
    )


def _direct(
    portrait: Portrait,
    sound: Sound,
    trials: int,
    clock: "_PlannedClock",
    report: Callable[[int], None] = lambda done: None,
) -> list[Answer]:
    """The session alone: from the sound to the frame, drawn and marked."""
    session = Session(Animator(portrait), clock=clock)
    frames = iter(session)
    for _ in range(FPS):
        next(frames)
    found: list[Answer] = []
    for number in range(trials):
        begin = clock.now() + _QUIET + STEP * (number + 0.5) / trials
        for start in range(0, len(sound), PIECE):
            part = sound[start : start + PIECE]
            clock.at(begin + (start + len(part)) / SAMPLE_RATE, partial(session.append, part))
        clock.at(begin + _SOUND, session.end_of_speech)
        seen: list[Seen] = []
        while (now := clock.now()) < begin + _WATCH:
            frame = next(frames)
            if frame.picture is not None:
                seen.append(Seen(clock.now(), frame.picture.copy(), frame))
        found.append(_answer(begin, seen))
        clock.leave_out(now)
        report(number + 1)
    session.close()
    return found


class _PlannedClock(Clock):
    """Time on which things are done when they are planned.

    Args:
        count: `time.monotonic`, or `time.process_time` for time that passes while this process
            computes, and when it is waited for.
    """

    def __init__(self, count: Callable[[], float]) -> None:
        self._count, self._offset = count, 0.0
        self._plan: deque[tuple[float, Callable[[], object]]] = deque()
        self._doing = False

    def now(self) -> float:
        """What was planned for the time that has passed is done."""
        now = self._count() + self._offset
        # what is done may ask for the time itself
        while not self._doing and self._plan and self._plan[0][0] <= now:
            self._do_next()
        return now

    def wait(self, until: float, stop: threading.Event) -> None:
        """It is then."""
        while self._plan and self._plan[0][0] <= until:
            self._pass(self._plan[0][0])
            self._do_next()
        self._pass(until)

    def _pass(self, until: float) -> None:
        rest = max(until - self._count() - self._offset, 0)
        if self._count is time.process_time:
            self._offset += rest
        else:
            time.sleep(rest)

    def _do_next(self) -> None:
        self._doing = True
        self._plan.popleft()[1]()
        self._doing = False

    def at(self, when: float, do: Callable[[], object]) -> None:
        """Do this then. To be called in the order of time."""
        self._plan.append((when, do))

    def leave_out(self, since: float) -> None:
        """What was computed since then is not the session's."""
        self._offset = since - self._count()


async def _through_webrtc(
    sound: Sound, trials: int, report: Callable[[int], None]
) -> tuple[list[Answer], list[float]]:
    """Microphone → WebRTC → session → WebRTC → decoded frame, both ends in this process."""
    limits = Limits(sessions=4)
    portraits = Portraits(limits)
    pool, calls = SessionPool(portraits, limits, None), Calls()
    await asyncio.to_thread(pool.warm_up)
    first: list[float] = []
    found: list[Answer] = []
    try:
        for _ in range(4):
            viewer = Viewer()
            first.append(await viewer.connect(pool, calls))
            await viewer.close()
            await asyncio.sleep(0.5)
        viewer = Viewer()
        first.append(await viewer.connect(pool, calls))
        await asyncio.sleep(2)
        viewer.find_origin()
        for number in range(trials):
            await asyncio.sleep(_QUIET + number % 2 * PACKET / WIRE)
            # evenly at all times within a packet
            begin = viewer.say(sound, int(PACKET * (number + 0.5) / trials))
            await asyncio.sleep(max(begin + _WATCH - time.monotonic(), 0))
            seen = [each for each in viewer.seen() if each.when > begin - _BEFORE * STEP]
            found.append(await asyncio.to_thread(_answer, begin, seen))
            report(number + 1)
        await viewer.close()
    finally:
        await calls.close()
        pool.close()
    return found, first


# --- pace ---


def pace(portrait: Portrait, voice: Sound, viewers: int, seconds: float) -> list[Pace]:
    """How viewers at once are served who are spoken to without a pause, JPEG coding included."""
    sessions = [Session(Animator(portrait, seed)) for seed in range(viewers)]
    with ThreadPoolExecutor(viewers) as pool:
        return list(pool.map(lambda session: _watched(session, voice, seconds), sessions))


def _watched(session: Session, voice: Sound, seconds: float) -> Pace:
    session.append(voice)
    begin, late, drawn, frames = 0.0, 0, 0, 0
    frame: Frame
    for frame in session:
        if frame.picture is not None:
            jpeg(frame.picture, 85)
            drawn += 1
        now = time.monotonic()
        begin = begin or now
        frames += 1
        late += now - begin - frame.number * STEP > STEP
        if session.statistics().waiting_ms < 2000:
            session.append(voice)
        if now - begin >= seconds:
            session.close()
    took = time.monotonic() - begin
    return Pace(drawn / took, late / frames, 1 - drawn / frames, took)


def _viewers(portrait: Portrait, voice: Sound) -> tuple[int, list[Load]]:
    """How many viewers at once get 25 frames a second with under 1 % late, and what was tried."""
    loads: list[Load] = []
    while not loads or (loads[-1].fps >= _HELD[0] and loads[-1].late <= _HELD[1]):
        viewers = len(loads) + 1
        each = pace(portrait, voice, viewers, 15.0)
        loads.append(Load(viewers, min(p.fps for p in each), max(p.late for p in each)))
    return len(loads) - 1, loads


def _cost(portrait: Portrait, voice: Sound) -> float:
    """The processor's milliseconds for a frame, drawn and marked; two cores are 80 of 40."""
    animator, frames = Animator(portrait), 0
    for begin in range(0, 6 * SAMPLE_RATE, SAMPLE_RATE // FPS):
        if begin == SAMPLE_RATE:
            start, frames = time.process_time(), 0
        for draw in animator.drawings(voice[begin : begin + SAMPLE_RATE // FPS]):
            draw()
            frames += 1
    return 1000 * (time.process_time() - start) / frames
