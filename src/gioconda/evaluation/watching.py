"""People as judges: pairs of videos side by side, blind; what was preferred is written down."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np

from gioconda.errors import GiocondaError
from gioconda.evaluation.films import Place, find_videos

WRITTEN: Final = "preferences.jsonl"
LEFT, RIGHT, NEITHER = "left", "right", "neither"
_LONGEST: Final = 1000  # bytes of an answer


@dataclass(frozen=True)
class Pair:
    """Two systems' videos of one clip, and where they are shown."""

    clip: str
    left: str
    right: str
    videos: tuple[Path, Path]

    @property
    def key(self) -> tuple[str, frozenset[str]]:
        """The same whichever stands on the left."""
        return self.clip, frozenset((self.left, self.right))


def find_pairs(reports: Sequence[Path], seed: int = 0) -> list[Pair]:
    """All pairs of systems of all clips, in a random order, each on a random side.

    Args:
        reports: folders of `gioconda evaluate all`; of several, the systems of all stand against
            each other, and real video is taken from the first that has it.
        seed: of order and sides.

    Raises:
        GiocondaError: if there is no pair.
    """
    systems: dict[str, dict[str, Place]] = {}
    for report in reports:
        folder = report / "videos"
        for system in sorted(folder.iterdir()) if folder.is_dir() else []:
            alone = len(reports) == 1 or system.name == "real"
            name = system.name if alone else f"{report.resolve().name}/{system.name}"
            systems.setdefault(name, find_videos(system))
    rng = np.random.default_rng(seed)
    pairs = []
    for (one, ones), (two, twos) in combinations(systems.items(), 2):
        for clip in sorted(ones.keys() & twos.keys()):
            sides = [(one, ones[clip].video), (two, twos[clip].video)]
            (left, first), (right, second) = (sides[i] for i in rng.permutation(2))
            pairs.append(Pair(clip, left, right, (first, second)))
    if not pairs:
        raise GiocondaError(
            f"{' and '.join(map(str, reports))} have no clip of two systems; expected folders of "
            "gioconda evaluate all"
        )
    return [pairs[i] for i in rng.permutation(len(pairs))]


class Watching:
    """What is left to be watched, and what was preferred.

    Args:
        pairs: all there are.
        file: of the answers, a JSON object a line; those that are there count.
    """

    def __init__(self, pairs: Sequence[Pair], file: Path) -> None:
        self.pairs, self._file, self._lock = pairs, file, Lock()
        self._answers = [json.loads(line) for line in _lines(file)]
        told = {(one["clip"], frozenset((one["left"], one["right"]))) for one in self._answers}
        self._left = [i for i, pair in enumerate(pairs) if pair.key not in told]

    def next(self) -> dict[str, Any]:
        """The number of the next pair and how many are left; without one, the count of answers."""
        with self._lock:
            if self._left:
                return {"pair": self._left[0], "left": len(self._left)}
            return {"pair": None, "left": 0, "counts": self.counts()}

    def prefer(self, number: int, choice: str) -> None:
        """Write down which side of a pair was preferred; once for each pair.

        Raises:
            GiocondaError: if that pair is not to be judged, or there is no such choice.
        """
        with self._lock:
            if number not in self._left or choice not in (LEFT, RIGHT, NEITHER):
                raise GiocondaError(f"pair {number} is not to be judged {choice}")
            pair = self.pairs[number]
            chosen = {LEFT: pair.left, RIGHT: pair.right, NEITHER: None}[choice]
            answer = {
                "clip": pair.clip,
                "left": pair.left,
                "right": pair.right,
                "preferred": chosen,
                "time": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(answer) + "\n")
            self._answers.append(answer)
            self._left.remove(number)

    def counts(self) -> dict[str, dict[str, int]]:
        """Of each pair of systems, how often each was preferred, or neither."""
        found: dict[str, Counter[str]] = {}
        for one in self._answers:
            name = " against ".join(sorted((one["left"], one["right"])))
            found.setdefault(name, Counter())[one["preferred"] or NEITHER] += 1
        return {name: dict(counter) for name, counter in sorted(found.items())}


def _lines(file: Path) -> Iterable[str]:
    return file.read_text("utf-8").splitlines() if file.is_file() else []


# --- the page ---


def serve(watching: Watching, port: int) -> ThreadingHTTPServer:
    """A server for the browser of this machine alone; `serve_forever` is left to the caller.

    Raises:
        GiocondaError: if the port is taken.
    """
    page = Path(__file__).with_name("watch.html").read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self._asked_here():
                self.send_error(HTTPStatus.FORBIDDEN)
            elif self.path == "/":
                self._send(page, "text/html; charset=utf-8")
            elif self.path == "/next":
                self._send(json.dumps(watching.next()).encode(), "application/json")
            elif video := _video(watching, self.path):
                self._send(video.read_bytes(), "video/mp4")
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def do_POST(self) -> None:
            """An answer; only the page itself can send JSON here."""
            size = int(self.headers.get("Content-Length") or 0)
            plain = self.headers.get("Content-Type") != "application/json"
            if not self._asked_here() or plain or self.path != "/prefer" or size > _LONGEST:
                self.send_error(HTTPStatus.BAD_REQUEST)
                return
            try:
                answer = json.loads(self.rfile.read(size))
                watching.prefer(answer["pair"], answer["choice"])
            except (GiocondaError, KeyError, TypeError, ValueError):
                self.send_error(HTTPStatus.BAD_REQUEST)
                return
            self._send(json.dumps(watching.next()).encode(), "application/json")

        def _asked_here(self) -> bool:
            """Not by a page elsewhere whose name was made to mean this machine."""
            return (self.headers.get("Host") or "").split(":")[0] in ("127.0.0.1", "localhost")

        def _send(self, content: bytes, kind: str) -> None:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    try:
        return ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise GiocondaError(f"port {port} cannot be used ({error}); give another") from error


def _video(watching: Watching, path: str) -> Path | None:
    """The file of /video/PAIR/SIDE: the address does not say whose it is."""
    parts = path.split("/")
    if len(parts) != 4 or parts[1] != "video" or not parts[2].isdecimal():
        return None
    number, side = int(parts[2]), {LEFT: 0, RIGHT: 1}.get(parts[3])
    if side is None or number >= len(watching.pairs):
        return None
    return watching.pairs[number].videos[side]
