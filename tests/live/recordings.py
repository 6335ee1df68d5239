"""How far the picture is from its sound in what the page records, from the saved file.

``python -m tests.live.recordings [--over webrtc websocket] [--times 3] [--minutes 0] [--slow 1]``

A page in Chromium speaks a voice and is recorded, eight seconds each time. The mouth of its
portrait is as open as its frame's sound is loud, so that each picture tells the sound it was drawn
for. Prints how much the picture comes after its sound; below zero, before it. With `--minutes` it
goes on speaking, prints the page's memory each minute, and is recorded again at the end; with
`--slow` the page has only a part of its processor.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import gioconda
from gioconda import example
from gioconda.live import pool
from gioconda.live.limits import Limits
from gioconda.live.server import Settings
from gioconda.media import FPS, SAMPLE_RATE

from .browser import SIZE, Curve, Picture, Visit, find_chromium
from .conftest import serving
from .loudness_animator import LOUD, LoudnessAnimator, open_mouths

SECONDS = 8  # of a recording
STEP = 0.004  # seconds, of what is told
MOST = 0.4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--over", nargs="+", default=["webrtc", "websocket"])
    parser.add_argument("--times", type=int, default=3, help="that it is recorded")
    parser.add_argument("--minutes", type=int, default=0, help="that it speaks in between")
    parser.add_argument("--slow", type=float, default=1, help="times slower is the page")
    args = parser.parse_args()
    mouths = open_mouths(gioconda.make_portrait(example.photo(), SIZE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "Animator", lambda *_, **__: LoudnessAnimator(mouths))
        for way in args.over:
            with _speaking(way) as seen:
                _measure(seen, way, mouths, args)


def _measure(seen: Visit, way: str, mouths: list[Picture], args: argparse.Namespace) -> None:
    devtools = seen.page.context.new_cdp_session(seen.page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": args.slow})
    for clip in [_record(seen) for _ in range(args.times)]:
        print(f"{way}: {_judge(clip, mouths)}", flush=True)
    for minute in range(args.minutes):
        print(f"{way}, minute {minute}: {_memory(devtools)}", flush=True)
        seen.page.wait_for_timeout(60_000)
    if args.minutes:
        print(f"{way}, at the end: {_memory(devtools)}; {_judge(_record(seen), mouths)}")


@contextmanager
def _speaking(way: str) -> Iterator[Visit]:
    """A page whose portrait says the bundled voice again and again."""
    from playwright.sync_api import sync_playwright  # the rest is tested without a browser

    settings = Settings(limits=Limits(sessions=1, requests=100_000))
    with serving(settings) as running, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        seen = Visit(browser.new_page(accept_downloads=True))
        seen.open(f"{running.url}/?over={way}").wake()
        seen.page.evaluate(
            "setInterval(() => document.querySelector('#play').innerText === 'Speak'"
            " && document.getElementById('play').click(), 200)"
        )
        seen.page.check("[name=kind][value=file]", force=True)
        seen.page.click("#example")
        seen.wait_for("document.getElementById('status').textContent === 'Speaking'")
        seen.page.wait_for_timeout(5000)  # until the browser's buffers have found their length
        yield seen
        browser.close()


def _record(seen: Visit) -> Path:
    seen.page.click("#record")
    seen.page.wait_for_timeout(1000 * SECONDS)
    seen.page.click("#record")
    with seen.page.expect_download() as download:
        seen.page.click("#clip")
    name = str(download.value.suggested_filename)
    path = Path(tempfile.mkdtemp()) / name
    download.value.save_as(path)
    return path


def _judge(path: Path, mouths: list[Picture]) -> str:
    with av.open(path) as clip:
        shown = [(each.time, each.to_ndarray(format="rgb24")) for each in clip.decode(video=0)]
    times = np.array([time for time, _ in shown])
    lips = openings([picture for _, picture in shown], mouths)
    begin, pcm = _sound(path)
    r, late = lag(times, lips, begin, pcm)
    fps = (len(times) - 1) / (times[-1] - times[0])
    return f"{1000 * late:.0f} ms (r {r:.3f}, {fps:.1f} pictures a second, {path.suffix})"


def _sound(path: Path) -> tuple[float, NDArray[np.float32]]:
    """When it begins, and its samples."""
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
    with av.open(path) as clip:
        frames = list(clip.decode(audio=0))
    begin = frames[0].time  # the resampler takes it away
    parts = [part.to_ndarray()[0] for frame in frames for part in resampler.resample(frame)]
    return float(begin or 0), np.concatenate(parts)


def openings(shown: list[Picture], mouths: list[Picture]) -> Curve:
    """Of each picture, from 0 for shut to 1 for the widest: along what opening changes."""
    change = mouths[-1].astype(float) - mouths[0]
    size = (change**2).sum()
    fits = (cv2.resize(each, (SIZE, SIZE)).astype(float) - mouths[0] for each in shown)
    return np.array([(each * change).sum() / size for each in fits])


def lag(times: Curve, lips: Curve, begin: float, pcm: NDArray[np.float32]) -> tuple[float, float]:
    """Best correlation of lips and loudness, and the seconds by which lips are late there."""
    end = min(times[-1], begin + len(pcm) / SAMPLE_RATE) - MOST
    at = np.arange(max(times[0], begin) + MOST, end, STEP)
    held = lips[np.searchsorted(times, at, side="right") - 1]
    power = np.concatenate([[0.0], np.cumsum(pcm.astype(float) ** 2)])
    half, smooth = SAMPLE_RATE // FPS // 2, np.ones(15) / 15
    found = []
    for late in np.arange(-MOST, MOST, STEP):
        middle = ((at - late - begin) * SAMPLE_RATE).astype(int)
        first, last = (np.clip(middle + side, 0, len(pcm)) for side in (-half, half))
        loud = np.minimum(np.sqrt((power[last] - power[first]) / (2 * half)), LOUD)
        shown, heard = (np.convolve(each, smooth, "same") for each in (held, loud))
        found.append((float(np.corrcoef(shown, heard)[0, 1]), float(late)))
    return max(found)


def _memory(devtools: Any) -> str:
    """After what may be let go is let go."""
    devtools.send("HeapProfiler.collectGarbage")
    heap = devtools.send("Runtime.getHeapUsage")["usedSize"] / 2**20
    counters = devtools.send("Memory.getDOMCounters")
    return f"{heap:.1f} MiB of JavaScript, {counters['nodes']} nodes"


if __name__ == "__main__":
    main()
