"""What comes of one video, in a file of its own until the set is put together."""

import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.shards import unpack, write_tar
from gioconda.data.videos import sync
from gioconda.data.videos.cutting import MARGIN, Outcome, Reject, cut_video
from gioconda.data.videos.duplicates import Fingerprint
from gioconda.data.videos.sources import Video

_OUTCOME: Final = "outcome"  # the name of a piece's first member
_IN_STEP: Final = sync.Offset(0.0, 0.0, 0.0, 0, 0.0, False)


def cut_into(video: Video, file: Path) -> int:
    """Cut a video, and write all that comes of it into one file, whole or not at all.

    Returns:
        How many rejects there are.
    """
    outcome = cut_video(video)
    write_piece(outcome, file)
    return len(outcome.rejects)


def write_piece(outcome: Outcome, file: Path) -> None:
    facts = asdict(outcome) | {"clips": [name for name, _ in outcome.clips]}
    last = (_OUTCOME, {"json": json.dumps(facts).encode()})
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    with open(partial, "wb") as out:
        write_tar([last, *outcome.clips], out)
    partial.rename(file)


def read_outcome(file: Path) -> Any:
    """The piece's `Outcome` as JSON has it, with the clips' names alone."""
    with tarfile.open(file) as tar:
        return json.loads(content(tar, f"{_OUTCOME}.json"))


def read_rejects(file: Path) -> list[Reject]:
    return [Reject(**reject) for reject in read_outcome(file)["rejects"]]


@dataclass
class Candidate:
    """A clip that was cut, and what is decided about it."""

    facts: dict[str, Any]
    piece: Path
    fingerprint: Fingerprint
    lips: NDArray[np.float64]
    heard: sync.Heard
    seen: NDArray[np.bool_]
    own: NDArray[np.bool_]  # where the sound is of the face
    late: sync.Offset = _IN_STEP
    curve: sync.Curve | None = None  # of its sound as it is now, if that is speech


def read_candidates(file: Path) -> Iterator[Candidate]:
    with tarfile.open(file) as tar:
        for name in read_outcome(file)["clips"]:
            facts = json.loads(content(tar, f"{name}.json"))
            aux: dict[str, Any] = unpack(content(tar, f"{name}.aux"))
            inner = slice(MARGIN, len(aux["heard"]) - MARGIN)
            heard = sync.Heard(aux["heard"][inner].astype(np.float64), aux["voice"][inner])
            fingerprint = Fingerprint(aux["pictures"], aux["movement"], facts["quality"]["eyes"])
            lips = aux["lips"].astype(np.float64)
            own = np.ones(len(lips), bool)
            yield Candidate(facts, file, fingerprint, lips, heard, aux["seen"], own)


def content(tar: tarfile.TarFile, member: str) -> bytes:
    file = tar.extractfile(member)
    assert file is not None
    return file.read()
