"""Finished videos of any system, real ones among them, tracked by our tracker.

Nothing is asked of a video but that a face is seen in it; how it was made is not known.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gioconda.errors import GiocondaError
from gioconda.face.basis import Basis, released_basis
from gioconda.face.encode import encode, smooth
from gioconda.face.pose import HeadPose, angles
from gioconda.face.tracker import Track, track
from gioconda.media import Picture, read_audio, read_video
from gioconda.motion import Motion
from gioconda.renderer.view import HeadPlace, View
from gioconda.speech.features import SAMPLES

VIDEOS: Final = {".mp4", ".mov", ".webm", ".mkv", ".avi"}
SOUNDS: Final = {".wav", ".flac", ".mp3", ".ogg", ".m4a", ".opus", *VIDEOS}
_FRAMES: Final = 15  # frames of a video, which the sync judge needs
SIDE: Final = 256  # of the view in which pictures are compared


@dataclass(frozen=True)
class Place:
    """Where a video and what belongs to it lie.

    Attributes:
        name: of the video, without its ending; the same in every system.
        person: the folder that it lies in within its system's, or its own name.
        video: the file.
        voice: the sound that drove it; the video itself where no other is known.
    """

    name: str
    person: str
    video: Path
    voice: Path

    @property
    def text(self) -> str | None:
        """What is said, where a text lies beside the voice."""
        file = self.voice.with_suffix(".txt")
        return file.read_text("utf-8").strip() if file.is_file() else None


def find_videos(folder: Path, voices: Path | None = None) -> dict[str, Place]:
    """The videos of a system, by name.

    Args:
        folder: of videos, or of folders of one person's videos each.
        voices: a folder of sounds of the same names; None to take the videos' own.

    Raises:
        GiocondaError: if there is no video, or one has no voice.
    """
    if not folder.is_dir():
        raise GiocondaError(f"{folder} is not a folder; name one with a system's videos")
    files = [p for p in _whole(folder) if p.suffix.lower() in VIDEOS]
    if not files:
        endings = ", ".join(sorted(VIDEOS))
        raise GiocondaError(f"{folder} has no video; expected files that end in {endings}")
    sounds = _sounds(voices) if voices else {}
    found = {}
    for file in files:
        if voices and file.stem not in sounds:
            raise GiocondaError(f"{file.name} has no voice in {voices}; expected {file.stem}.wav")
        person = file.parent.name if file.parent != folder else file.stem
        found[file.stem] = Place(file.stem, person, file, sounds.get(file.stem, file))
    return found


def _whole(folder: Path) -> list[Path]:
    """Its files but hidden ones, as a writer that was killed leaves behind."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    hidden = [any(part[0] == "." for part in file.relative_to(folder).parts) for file in files]
    return [file for file, left in zip(files, hidden, strict=True) if not left]


def _sounds(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise GiocondaError(f"{folder} is not a folder; name one with the voices of the videos")
    files = sorted(_whole(folder), key=lambda file: file.suffix.lower() in VIDEOS)
    return {p.stem: p for p in reversed(files) if p.suffix.lower() in SOUNDS}


@dataclass(frozen=True)
class Film:
    """A video of T frames, tracked, and its voice.

    Attributes:
        name, person: as in `Place`.
        frames: T pictures (H, W, 3).
        tracked: the mesh in each.
        pcm: (640 T,) the voice; filled up with silence.
    """

    name: str
    person: str
    frames: list[Picture]
    tracked: Track
    pcm: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.frames)

    @cached_property
    def encoded(self) -> tuple[Motion, NDArray[np.float32]]:
        """Its motion, and the neutral face (478, 3)."""
        return encode(self.tracked, released_basis())

    @property
    def motion(self) -> Motion:
        """What the face does."""
        return self.encoded[0]

    @property
    def neutral(self) -> NDArray[np.float32]:
        """The face at rest, (478, 3)."""
        return self.encoded[1]

    @property
    def basis(self) -> Basis:
        """Of the motion."""
        return released_basis()

    @cached_property
    def faces(self) -> NDArray[np.float32]:
        """(T, 478, 3) in the head frame."""
        return self.basis.rebuild(self.motion.dynamics, self.neutral)

    @cached_property
    def head(self) -> HeadPose:
        """Where the head is in each frame, in pixels."""
        points = smooth(self.tracked.points, self.tracked.seen)
        return self.basis.pose(points, self.neutral)[0]

    @cached_property
    def views(self) -> list[View]:
        """From each frame to the upright square about its head."""
        found = []
        for i, (_, _, roll) in enumerate(angles(self.head.rotation).tolist()):
            place = HeadPlace(self.head.centre[i], float(self.head.size[i]), roll)
            found.append(place.view(SIDE))
        return found

    @cached_property
    def pictures(self) -> list[Picture]:
        """The frames in the view, (256, 256, 3)."""
        return [view.cut(one) for view, one in zip(self.views, self.frames, strict=True)]

    @cached_property
    def meshes(self) -> list[NDArray[np.float64]]:
        """The mesh (478, 2) in the view's pixels, of each frame."""
        points = self.tracked.points
        return [view.points(mesh) for view, mesh in zip(self.views, points, strict=True)]


def read_film(place: Place) -> Film:
    """Read and track a video; the voice is cut, or filled up with silence, to its length.

    Raises:
        GiocondaError: if a file cannot be read, no face is seen, or the video is too short.
    """
    frames = list(read_video(place.video))
    if len(frames) < _FRAMES:
        raise GiocondaError(f"{place.video} has {len(frames)} frames; expected {_FRAMES} or more")
    return film(place.name, place.person, frames, read_audio(place.voice))


def film(name: str, person: str, frames: list[Picture], pcm: NDArray[np.float32]) -> Film:
    """Frames and a voice, tracked."""
    sound = np.zeros(SAMPLES * len(frames), np.float32)
    kept = pcm[: len(sound)]
    sound[: len(kept)] = kept
    return Film(name, person, frames, track(frames), sound)
