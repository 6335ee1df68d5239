"""How fast the whole pipeline runs, stage by stage, and how much memory it takes; how fast a
generator is, and how long sound waits for its frame.
"""

import os
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from gioconda import example
from gioconda.animator import HOP, Animator, in_hops
from gioconda.errors import GiocondaError
from gioconda.evaluation.results import measure
from gioconda.evaluation.trials import Maker
from gioconda.generator import Generator
from gioconda.media import (
    FPS,
    SAMPLE_RATE,
    Picture,
    Sound,
    VideoWriter,
    read_image,
    to_int16,
)
from gioconda.portrait import make_portrait
from gioconda.provenance import Mark
from gioconda.renderer import Renderer
from gioconda.renderer.conditions import WINDOWS
from gioconda.renderer.networks import networks, precisions, released, resize
from gioconda.renderer.neural import NeuralDecoder
from gioconda.renderer.warper import Warper
from gioconda.spans import Spans
from gioconda.speech.features import SAMPLES

_WARM: Final = 10  # frames, or hops of sound, that are not counted
_BLOCK: Final = SAMPLE_RATE // 1000  # samples: the delay is measured to the millisecond
_DELAY_SECONDS: Final = 4.0
_LARGE: Final = 2160  # pixels: a side
_FRAMES: Final = 100  # rendered, for comparison
_COMMAND: Final = "import sys; from gioconda.cli import main; sys.exit(main())"


@dataclass(frozen=True)
class Stage:
    """Time of one stage of the pipeline, a frame."""

    stage: str
    median_ms: float = measure("ms a frame, median")
    p95_ms: float = measure("p95")
    fps: float = measure("frames a second", form=".0f")


@dataclass(frozen=True)
class Pipeline:
    """The whole pipeline, encoding overlapped with the rest."""

    fps: float
    times_real_time: float
    encoding_alone_fps: float
    ratio_to_encoding_alone: float


@dataclass(frozen=True)
class SpeedBench:
    """Speed of one portrait."""

    width: int  # of the video, pixels
    height: int
    seconds: float  # of speech
    portrait_seconds: float  # making the portrait ready, once
    stages: list[Stage]
    pipeline: Pipeline


@dataclass(frozen=True)
class DecoderBench:
    """Speed of the learned decoder alone, with all that is prepared and blended."""

    decoder_gmac: float  # thousand million multiplications of the convolutions
    encoder_gmac: float
    stages: list[Stage]  # by precision
    psnr: dict[str, float]  # dB, of the frame inside the view against full precision


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


@dataclass(frozen=True)
class Memory:
    """Peak of the resident memory while so many seconds of speech are animated."""

    seconds: float
    peak_mib: float = measure("MiB at most", form=".0f")
    fps: float = measure("frames a second", form=".0f")


@dataclass(frozen=True)
class MemoryBench:
    """Peak memory by length of the speech, and how far the peaks are apart."""

    lengths: list[Memory]
    spread_mib: float


def bench_speed(
    size: int, seconds: float, photo: Path | None = None, full: bool = False
) -> SpeedBench:
    """Time each stage, of the bundled voice and, if no other is given, the bundled photo.

    The whole pipeline is timed apart, as `animate` runs it, encoding overlapped with the rest.

    Args:
        size: side of the video in pixels.
        seconds: how much speech is animated.
        photo: another one.
        full: keep the whole photo, at its own resolution.
    """
    picture, voice = read_image(photo or example.PHOTO), example.voice(seconds)
    start = time.perf_counter()
    portrait = make_portrait(picture, None if full else size)
    prepared = time.perf_counter() - start
    times: dict[str, list[float]] = {}
    renderer, mark = Renderer(portrait, full=full), Mark(0)
    shape = renderer.height, renderer.width
    frames: list[Picture] = []
    kept = FPS if max(shape) <= _LARGE else 5  # whole photos would fill the memory
    for pose, dynamics in _motion(voice, times):
        last = begin = time.perf_counter()
        for stage in renderer.stages(pose + portrait.pose, dynamics):
            now = time.perf_counter()
            times.setdefault(stage, []).append(now - last)
            last = now
        times.setdefault("rendering, all of it", []).append(last - begin)
        if len(frames) < kept:
            frame = renderer.render(pose + portrait.pose, dynamics)
            begin = time.perf_counter()
            marked = mark(frame, renderer.changed)
            times.setdefault("mark", []).append(time.perf_counter() - begin)
            frames.append(marked.copy())
    # frames that move, over and over
    again = ((frame, mark.changed) for frame in islice(cycle(frames), 10 * FPS))
    times["encoding alone"] = _written(again, shape, voice)
    line = Animator(portrait, full=full).recite(in_hops(voice))
    times["whole line"] = _written((recited[1:] for recited in line), shape, voice)
    encoding, fps = (1 / float(np.mean(times[name])) for name in ("encoding alone", "whole line"))
    return SpeedBench(
        width=renderer.width,
        height=renderer.height,
        seconds=len(voice) / SAMPLE_RATE,
        portrait_seconds=prepared,
        stages=[_stage(name, values) for name, values in times.items()],
        pipeline=Pipeline(fps, fps / FPS, encoding, fps / encoding),
    )


def bench_decoder(size: int) -> DecoderBench:
    """The learned decoder alone, on the bundled example, at each precision.

    Args:
        size: side of the video in pixels.
    """
    model = released()
    photo, voice = example.photo(), example.voice(2)
    portrait = make_portrait(photo, size)
    motion = Generator().append(voice)
    decoders = {name: NeuralDecoder(portrait, model, name) for name in precisions(model)}
    times: dict[str, list[float]] = {}
    errors: dict[str, list[float]] = {name: [] for name in decoders if name != "f32"}
    warper = Warper(portrait)
    for pose, dynamics in zip(motion.pose, motion.dynamics, strict=True):
        warped = warper.warp(pose + portrait.pose, dynamics)
        drawn = {}
        for name, decoder in decoders.items():
            frame = replace(warped, picture=warped.picture.copy())
            drawn[name] = frame.picture
            begin = time.perf_counter()
            decoder(frame)
            times.setdefault(name, []).append(time.perf_counter() - begin)
        view = warped.head.view(decoders["f32"].side)
        exact = view.cut(drawn["f32"]).astype(np.float32)
        for name, squares in errors.items():
            squares.append(float(np.mean((view.cut(drawn[name]) - exact) ** 2)))
    encoder, drawing = networks(model)
    count = 0
    for window in WINDOWS:
        resize(drawing, *window.size(decoders["f32"].side))
        count += multiplications(drawing)
    return DecoderBench(
        decoder_gmac=count / 1e9,
        encoder_gmac=multiplications(encoder) / 1e9,
        stages=[_stage(name, values) for name, values in times.items()],
        psnr={
            name: 10 * float(np.log10(255**2 / max(float(np.mean(squares)), 1e-6)))
            for name, squares in errors.items()
        },
    )


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


def measure_delay(make: Maker, pcm: Sound) -> Delay:
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


def _timed(make: Maker, voice: Sound, render_ms: float) -> GeneratorSpeed:
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


def multiplications(model: ov.Model) -> int:
    """How many multiplications the convolutions of a network with fixed shapes take."""
    total = 0
    for operation in model.get_ops():
        if operation.get_type_name() == "Convolution":
            kernel = operation.input_value(1).get_shape()  # (out, in, height, width)
            places = int(np.prod(operation.output(0).get_shape()[2:]))
            total += places * int(np.prod(kernel))
    return total


def bench_memory(size: int, lengths: Sequence[float]) -> MemoryBench:
    """Peak memory of `gioconda animate` on the bundled example, its voice repeated to each length.

    The first is made once more before: what the first run of an installation compiles is not
    counted. Linux counts a process's peak from that of the one which started it, so no figure is
    below the peak of this one: run it in a process of its own.

    Args:
        size: side of the video in pixels.
        lengths: of the speech, in seconds.
    """
    results = [_peak(size, seconds) for seconds in (lengths[0], *lengths)]
    peaks = [memory.peak_mib for memory in results[1:]]
    return MemoryBench(results[1:], max(peaks) - min(peaks))


def _peak(size: int, seconds: float) -> Memory:
    with tempfile.TemporaryDirectory() as folder:
        voice = Path(folder) / "voice.wav"
        _write_voice(voice, seconds)
        told = [str(example.PHOTO), str(voice), "-o", f"{folder}/video.mp4", "--size", str(size)]
        start = time.perf_counter()
        command = [sys.executable, "-c", _COMMAND, "animate", *told]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, process.returncode, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - start
    if process.returncode:
        raise GiocondaError(f"gioconda animate has failed at {seconds:g} s of speech")
    unit = 1024 if sys.platform.startswith("linux") else 1024 * 1024
    return Memory(seconds, usage.ru_maxrss / unit, fps=FPS * seconds / took)


def _write_voice(path: Path, seconds: float) -> None:
    """A wav file of the bundled voice, over and over, which is nowhere in memory as a whole."""
    pcm = to_int16(example.voice())
    left = round(seconds * SAMPLE_RATE)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        while left > 0:
            file.writeframes(pcm[:left].tobytes())
            left -= len(pcm)


def _motion(
    voice: Sound, times: dict[str, list[float]]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    generator = Generator()
    for begin in range(0, len(voice), HOP):
        start = time.perf_counter()
        motion = generator.append(voice[begin : begin + HOP])
        took = time.perf_counter() - start
        if len(motion):
            times.setdefault("motion", []).extend([took / len(motion)] * len(motion))
        yield from zip(motion.pose, motion.dynamics, strict=True)


def _written(
    frames: Iterable[tuple[Picture, Spans]], shape: tuple[int, int], voice: Sound
) -> list[float]:
    """Seconds from frame to frame of a video that is written, as `gioconda.animate` does it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        VideoWriter(Path(folder) / "video.mp4", *shape, voice) as video,
    ):
        ends = [time.perf_counter()]
        for frame, changed in frames:
            video.write(frame, changed)
            ends.append(time.perf_counter())
    return np.diff(ends).tolist()


def _stage(name: str, values: list[float]) -> Stage:
    kept = 1000 * np.array(values[_WARM:] or values)  # a few marks of whole photos
    median = float(np.median(kept))
    return Stage(name, median, float(np.quantile(kept, 0.95)), fps=1000 / max(median, 1e-6))
