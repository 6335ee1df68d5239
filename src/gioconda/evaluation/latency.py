"""How fast a generator is, and how long sound waits for its frame."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda import example
from gioconda.evaluation.results import measure
from gioconda.evaluation.trials import Maker
from gioconda.media import FPS, SAMPLE_RATE
from gioconda.portrait import make_portrait
from gioconda.renderer import Renderer
from gioconda.speech.features import SAMPLES

_BLOCK: Final = SAMPLE_RATE // 1000  # samples: the delay is measured to the millisecond
_DELAY_SECONDS: Final = 4.0
_WARM: Final = 10  # hops that are not counted
_FRAMES: Final = 100  # rendered, for comparison


@dataclass(frozen=True)
class Delay:
    """How long sound waits for its frame, computing time left out.

    Attributes:
        hop: frames that come out together, median.
        look_ahead_ms: sound after the last of a hop's frames that must be there when it comes.
        latency_ms: both: from the first sample of a hop to its frames.
    """

    hop: float = measure("hop", "frames", ".0f")
    look_ahead_ms: float = measure("look-ahead", "ms", ".0f")
    latency_ms: float = measure("both", "ms", ".0f")


@dataclass(frozen=True)
class GeneratorSpeed:
    """How fast one generator makes motion frames and takes in a hop of sound."""

    delay: Delay
    fps: float = measure("frames a second", form=".0f")
    median_ms: float = measure("ms a hop")
    p95_ms: float = measure("p95")
    to_rendering: float = measure("of drawing")  # the time of a motion frame over that


@dataclass(frozen=True)
class GeneratorBench:
    """Generators alone."""

    size: int  # side of the frames that were drawn, pixels
    seconds: float  # of speech
    render_ms: float  # of drawing one frame in the same run, median
    generators: dict[str, GeneratorSpeed]


def bench_generator(
    makers: Mapping[str, Maker], size: int = 512, seconds: float = 30.0
) -> GeneratorBench:
    """Time generators alone, on the bundled voice, and read their delay off by experiment.

    Args:
        makers: generators by name.
        size: side in pixels of the frames that are drawn for comparison.
        seconds: how much speech each one hears.
    """
    photo, voice = example.photo(), example.voice(seconds)
    portrait = make_portrait(photo, size)
    renderer, neutral = Renderer(portrait), portrait.expression * 0
    times = []
    for _ in range(_FRAMES):
        start = time.perf_counter()
        renderer.render(portrait.pose, neutral)
        times.append(1000 * (time.perf_counter() - start))
    render_ms = float(np.median(times[_WARM:]))
    speeds = {name: _timed(make, voice, render_ms) for name, make in makers.items()}
    return GeneratorBench(size, seconds, render_ms, speeds)


def measure_delay(make: Maker, pcm: NDArray[np.float32]) -> Delay:
    """The delay, by experiment: sound is given by the millisecond until frames come out.

    Frame t shows the sound of samples 640 t to 640 (t + 1).

    Args:
        make: the generator.
        pcm: (samples,) a few seconds of speech.
    """
    generator = make(0)
    done = 0
    hops, waits = [], []
    for start in range(0, len(pcm) - _BLOCK + 1, _BLOCK):
        count = len(generator.append(pcm[start : start + _BLOCK]))
        if count:
            done += count
            hops.append(count)
            waits.append(1000 * (start + _BLOCK - done * SAMPLES) / SAMPLE_RATE)
    hop, ahead = float(np.median(hops)), float(np.max(waits))
    return Delay(hop, ahead, ahead + 1000 * hop / FPS)


def _timed(make: Maker, voice: NDArray[np.float32], render_ms: float) -> GeneratorSpeed:
    delay = measure_delay(make, voice[: round(_DELAY_SECONDS * SAMPLE_RATE)])
    hop = round(delay.hop) * SAMPLES
    generator = make(0)
    times, frames = [], 0
    for index, begin in enumerate(range(0, len(voice) - hop + 1, hop)):
        start = time.perf_counter()
        motion = generator.append(voice[begin : begin + hop])
        if index >= _WARM:
            times.append(1000 * (time.perf_counter() - start))
            frames += len(motion)
    a_frame = sum(times) / max(frames, 1)
    return GeneratorSpeed(
        fps=1000 / a_frame,
        median_ms=float(np.median(times)),
        p95_ms=float(np.quantile(times, 0.95)),
        to_rendering=a_frame / render_ms,
        delay=delay,
    )
