"""How well mark and signature hold, and how rarely a mark is seen where none is."""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda import example
from gioconda.animator import Animator
from gioconda.evaluation.attacks import ATTACKS, CALLS, Frames, check_calls, written
from gioconda.evaluation.results import Report, counted
from gioconda.media import FPS, VideoWriter, read_image, read_video
from gioconda.portrait import make_portrait
from gioconda.provenance import CHANCE, Finding, Mark, Output, Unmarked, find_mark, read_manifest
from gioconda.provenance.pattern import PUBLIC_KEY

LENGTHS = (1, 2, 5)  # seconds
_SIZE = 512
# Standard deviations from which a mark is reported in a small picture; larger ones need more.
SYNC_NEEDED, DATA_NEEDED = 8.06, 9.92
_CHANGED = 40  # single bytes that are changed, one at a time

_Searched = tuple[Finding, int]  # what was found, and the id that was looked for


@dataclass(frozen=True)
class MarkRates:
    """What is left of the mark in some pieces of video; rates are shares."""

    searched: int  # pieces
    found: float
    read: float  # the right id
    wrong: int  # ids that were read, and not the right one
    bit_errors: float  # of coded bits, where the id was read


@dataclass(frozen=True)
class MarkBench:
    """How well the mark holds."""

    portraits: int
    mark_ms: float  # a frame, on one core
    psnr_least: float  # dB, of marked against unmarked frames, over portraits
    psnr_mean: float
    attacks: dict[str, dict[int, MarkRates]]  # by attack and seconds of video


@dataclass(frozen=True)
class Tail:
    """How far scores are from what finds a mark."""

    highest: float
    needed: float
    rate: float  # at which a Gumbel distribution fitted to the highest scores reaches that


@dataclass(frozen=True)
class ChanceBench:
    """Marks that are found where there is none."""

    searches: int
    found: int
    at_most: float  # the rate that this excludes with 95 % confidence (the rule of three)
    designed: float  # the bound by construction
    sync: Tail
    data: Tail


@dataclass(frozen=True)
class SignatureBench:
    """How well the signature holds."""

    sign_ms: float
    changed: int  # single bytes of picture and sound, spread evenly
    noticed: int  # of these, by the verifier
    whole: str  # state of the manifest
    copied: str  # its state where the streams were copied into a new file
    still_found: bool  # the mark, in that copy


@dataclass(frozen=True)
class ProvenanceBench:
    """Signature, mark, and chance if unmarked videos were given."""

    signature: SignatureBench
    chance: ChanceBench | None
    mark: MarkBench


def bench_mark(portraits: Sequence[Path], report: Report) -> MarkBench:
    """Attack marked videos and look for the mark.

    Args:
        portraits: pictures; each speaks for 5 seconds. The bundled example if there are none.
        report: called with what is done and how much there is to do.

    Raises:
        GiocondaError: if a portrait cannot be used, or aiortc is not installed.
    """
    check_calls()
    attacks = ATTACKS | CALLS
    searched: dict[str, dict[int, list[_Searched]]] = {
        name: {seconds: [] for seconds in LENGTHS} for name in attacks
    }
    psnr, times, done = [], [], 0
    total = max(len(portraits), 1) * len(searched)
    for plain, mark in _speaking(portraits):
        marked, took = _marked(plain, mark)
        times += took
        psnr.append(cv2.PSNR(np.array(plain), np.array(marked)))
        file = written(marked)
        for name, lengths in searched.items():
            arrived = attacks[name](marked if name in CALLS else file)
            for seconds, found in lengths.items():
                found += [(finding, mark.id) for finding in _search_pieces(arrived, seconds)]
            done += 1
            report(done, total)
    return MarkBench(
        portraits=len(psnr),
        mark_ms=float(1000 * np.median(times)),
        psnr_least=min(psnr),
        psnr_mean=float(np.mean(psnr)),
        attacks={
            name: {seconds: _rates(rows) for seconds, rows in lengths.items()}
            for name, lengths in searched.items()
        },
    )


def _speaking(portraits: Sequence[Path]) -> Iterable[tuple[Frames, Mark]]:
    """Five seconds of each portrait, unmarked, and a mark for it."""
    voice = example.voice(5)
    for seed, path in enumerate(portraits or [example.PHOTO]):
        animator = Animator(make_portrait(read_image(path), _SIZE), seed=seed, mark=Unmarked())
        identity = int(np.random.default_rng(seed).integers(1 << 32))
        yield [frame.copy() for frame in animator.speak(voice)], Mark(identity)


def _marked(plain: Frames, mark: Mark) -> tuple[Frames, list[float]]:
    """Marked frames, and the seconds that each took on one core."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    marked, times = [], []
    for frame in plain:
        start = time.thread_time()  # of this core alone
        out = mark(frame)
        times.append(time.thread_time() - start)
        marked.append(out.copy())
    cv2.setNumThreads(threads)
    return marked, times[5:]


def _search_pieces(frames: Frames, seconds: int) -> list[Finding]:
    """What is found in the first and the last piece of this length of 5 s of video."""
    length = max(len(frames) * seconds // 5, 1)
    starts = sorted({0, len(frames) - length})
    return [find_mark(frames[start : start + length]) for start in starts]


def _rates(searched: Sequence[_Searched]) -> MarkRates:
    right = [finding for finding, identity in searched if finding.id == identity]
    return MarkRates(
        searched=len(searched),
        found=float(np.mean([finding.found for finding, _ in searched])),
        read=len(right) / len(searched),
        wrong=sum(finding.id is not None for finding, _ in searched) - len(right),
        bit_errors=float(np.mean([finding.bit_errors for finding in right])) if right else math.nan,
    )


def bench_chance(videos: Sequence[Path], keys: int, report: Report) -> ChanceBench:
    """Look for marks where there are none.

    Args:
        videos: unmarked, by anybody. Each is searched with the public key and with others, which
            is as good as searching other videos with the public one: what decides is how a
            picture and a key that know nothing of each other go together.
        keys: how many keys, the public one among them.
        report: called with what is done and how much there is to do.
    """
    found, scores = 0, []
    for path in counted(videos, report):
        frames = [frame for frame, _ in zip(read_video(path), range(5 * FPS), strict=False)]
        for number in range(keys):
            finding = find_mark(frames, PUBLIC_KEY if number == 0 else b"another %d" % number)
            found += finding.found
            scores.append((finding.sync, finding.data))
    sync, data = np.array(scores).T
    return ChanceBench(
        searches=len(scores),
        found=found,
        at_most=3 / len(scores) if found == 0 else math.nan,
        designed=CHANCE,
        sync=tail(sync, SYNC_NEEDED),
        data=tail(data, DATA_NEEDED),
    )


def tail(highest: NDArray[np.float64], needed: float) -> Tail:
    """How often maxima reach what is needed, by Gumbel's law with their mean and variance."""
    scale = float(highest.std()) * math.sqrt(6) / math.pi
    mode = float(highest.mean()) - np.euler_gamma * scale
    rate = -math.expm1(-math.exp((mode - needed) / scale)) if scale else math.nan
    return Tail(float(highest.max()), needed, rate)


def bench_signature(folder: Path) -> SignatureBench:
    """Sign a video, change it, strip it.

    Args:
        folder: for the videos.
    """
    frames, _ = next(iter(_speaking(())))
    output = Output({"portrait": example.PHOTO}, {"seed": 0})
    path, copy = folder / "signed.mp4", folder / "copy.mp4"
    with VideoWriter(path, _SIZE, _SIZE, None) as video:
        for frame in frames:
            video.write(output.mark(frame))
    begin = time.perf_counter()
    output.sign(path)
    took = time.perf_counter() - begin
    whole = read_manifest(path).state
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 4
    noticed = 0
    for place in np.linspace(start, len(content) - 1, _CHANGED).astype(int):
        content[place] ^= 1
        copy.write_bytes(content)
        content[place] ^= 1
        noticed += read_manifest(copy).state == "tampered"
    with av.open(path) as source, av.open(copy, "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    finding = find_mark(read_video(copy))
    return SignatureBench(
        sign_ms=1000 * took,
        changed=_CHANGED,
        noticed=noticed,
        whole=whole,
        copied=read_manifest(copy).state,
        still_found=finding.id == output.id,
    )
