"""A browser with the page in it: what it shows, hears and writes."""

import base64
import io
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gioconda.face.tracker import track
from gioconda.media import SAMPLE_RATE

Picture = NDArray[np.uint8]
Curve = NDArray[np.float64]

READY_S = 120  # a busy machine compiles its kernels first
SIZE = 512

# A violation of the page's content policy is one of its errors.
_WATCH_POLICY = """
addEventListener('securitypolicyviolation', ({violatedDirective, blockedURI, sourceFile}) =>
  console.error(`policy: ${violatedDirective} ${blockedURI} ${sourceFile}`));
"""

# Draws what the page shows, again and again, and how loud what it plays is at that time.
_WATCH = """
async ([seconds, size]) => {
  const context = new AudioContext(), ear = context.createAnalyser();
  await context.resume();
  const stream = (await import(document.scripts[0].src)).session.stream.record();
  if (stream.getAudioTracks().length) context.createMediaStreamSource(stream).connect(ear);
  const heard = new Float32Array(ear.fftSize = 2048), seen = [];
  const canvas = new OffscreenCanvas(size, size), pen = canvas.getContext('2d');
  for (const began = performance.now(); performance.now() - began < 1000 * seconds;) {
    const before = performance.now(), video = document.getElementById('video');
    const shown = video.hidden ? document.getElementById('canvas') : video;
    pen.drawImage(shown, 0, 0, size, size);
    ear.getFloatTimeDomainData(heard);
    const loud = Math.sqrt(heard.reduce((sum, v) => sum + v * v, 0) / heard.length);
    const bytes = new Uint8Array(await (await canvas.convertToBlob(
      {type: 'image/jpeg', quality: 0.9})).arrayBuffer());
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    seen.push([before / 1000, loud, btoa(text)]);
    await new Promise(done => setTimeout(done, Math.max(0, before + 80 - performance.now())));
  }
  context.close();
  return seen;
}
"""


def find_chromium() -> str | None:
    """The browser of the system, if it has one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


# --- the page ---


@dataclass
class Visit:
    """An open page, and what it did.

    Attributes:
        page: of Playwright.
        requests: addresses that it loaded.
        errors: those of its scripts, violations of its content policy, and what it wrote to the
            console as an error or warning.
    """

    page: Any
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._read)
        self.page.add_init_script(_WATCH_POLICY)

    def _read(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def open(self, address: str) -> "Visit":
        """Go there, and wait until a portrait may be woken."""
        self.page.goto(address)
        self.wait_for("document.getElementById('status').textContent === 'Ready'")
        return self

    def wake(self) -> None:
        """Bring the portrait to life."""
        self.page.click("#wake")
        self.wait_for("session.stream?.frames > 2")

    def see(self, frames: int) -> None:
        """Wait until so many more are shown."""
        shown = self.ask("session.stream.frames")
        self.wait_for(f"session.stream.frames >= {shown + frames}")

    def ask(self, expression: str) -> Any:
        """The value of an expression of what `main.js` exports."""
        return self.page.evaluate(
            "async () => { const main = await import(document.scripts[0].src);"
            f" const {{portrait, session, sleep}} = main; return {expression}; }}"
        )

    def wait_for(self, condition: str, seconds: float = READY_S) -> None:
        """Until something is true on the page."""
        until = time.monotonic() + seconds
        while not self.ask(condition):  # wait_for_function evals, against the policy
            assert time.monotonic() < until, f"waited in vain for {condition}: {self._said()}"
            self.page.wait_for_timeout(100)

    def _said(self) -> str:
        said = "['status', 'alert'].map(id => document.getElementById(id).innerText).join('; ')"
        text: str = self.page.evaluate(said)
        return text

    def alert(self) -> str:
        """The message of what went wrong, waited for."""
        self.page.wait_for_selector("#alert p", timeout=1000 * READY_S)
        text: str = self.page.inner_text("#alert p")
        return text

    def watch(self, seconds: float) -> "Seen":
        """What is seen and heard for a while."""
        rows = self.page.evaluate(_WATCH, [seconds, SIZE])
        frames = [np.asarray(Image.open(io.BytesIO(base64.b64decode(row[2])))) for row in rows]
        return Seen(np.array([r[0] for r in rows]), np.array([r[1] for r in rows]), frames)


# --- what is measured ---


@dataclass
class Seen:
    """Pictures with the loudness at their times.

    Attributes:
        times: (T,) in seconds.
        loudness: (T,) root mean square.
        frames: T pictures, RGB.
    """

    times: Curve
    loudness: Curve
    frames: Sequence[Picture]

    def __post_init__(self) -> None:
        found = track(self.frames)
        assert found.seen.mean() > 0.9, "the face is not found in what the page shows"
        self.points = found.points[..., :2].astype(float)

    @property
    def fps(self) -> float:
        """How many different pictures a second."""
        pairs = zip(self.frames[:-1], self.frames[1:], strict=True)
        changes = sum(not np.array_equal(a, b) for a, b in pairs)
        return changes / float(self.times[-1] - self.times[0])

    @property
    def opening(self) -> Curve:
        """(T,) of the mouth, between the lips' inner edges, in widths of the face's eyes."""
        lips = np.linalg.norm(self.points[:, 13] - self.points[:, 14], axis=1)
        return lips / np.linalg.norm(self.points[:, 33] - self.points[:, 263], axis=1)

    @property
    def glance(self) -> Curve:
        """(T,) of the irises to the picture's right of the eyes' middles, in eye widths."""
        sides = []
        for iris, outer, inner in ((468, 33, 133), (473, 263, 362)):
            corners = self.points[:, [outer, inner], 0]
            width = np.abs(corners[:, 0] - corners[:, 1])
            sides.append((self.points[:, iris, 0] - corners.mean(1)) / width)
        return np.mean(sides, axis=0)

    def sync(self, most: float = 0.6) -> tuple[float, float]:
        """Best correlation of opening and loudness, and the delay of the lips in seconds."""
        step = 0.04
        at = np.arange(self.times[0], self.times[-1], step)
        smooth = np.ones(11) / 11
        curves = (self.opening, self.loudness)
        lips, sound = (np.convolve(np.interp(at, self.times, c), smooth, "same") for c in curves)
        reach = round(most / step)
        inside = slice(reach, len(at) - reach)
        rs = [
            np.corrcoef(lips[inside], np.roll(sound, lag)[inside])[0, 1]
            for lag in range(-reach, reach + 1)
        ]
        best = int(np.argmax(rs))
        return float(rs[best]), (best - reach) * step


def read_clip(path: Path) -> Seen:
    """A recording, decoded: every other picture, and the loudness of the 100 ms about it."""
    with av.open(path) as clip:
        frames = list(clip.decode(video=0))[::2]  # enough for lips, and tracked in half the time
    pictures = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in frames]
    with av.open(path) as clip:
        resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
        pieces, begin = [], None
        for frame in clip.decode(audio=0):
            begin = frame.time if begin is None else begin
            pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
    assert begin is not None, "the recording has no sound"
    pcm = np.concatenate(pieces)
    times = np.array([time for time, _ in pictures])
    loudness = [_loudness(pcm, time - begin) for time in times]
    return Seen(times, np.array(loudness), [picture for _, picture in pictures])


def _loudness(pcm: NDArray[np.float32], seconds: float) -> float:
    middle = round(seconds * SAMPLE_RATE)
    near = pcm[max(0, middle - SAMPLE_RATE // 20) : max(0, middle + SAMPLE_RATE // 20)]
    return float(np.sqrt(np.mean(near**2))) if len(near) else 0.0
