"""One video becomes clean clips, each with its track, its measures and its sound."""

import base64
import errno
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from gioconda.data.shards import Sample, flac, pack, pack_track
from gioconda.data.videos import sync
from gioconda.data.videos.blinks import Blink, blinks
from gioconda.data.videos.crops import Crop, find_crops
from gioconda.data.videos.duplicates import EVERY, picture_bits
from gioconda.data.videos.emotion import EMOTIONS, SOURCE, Emotion, estimate
from gioconda.data.videos.quality import Inspector
from gioconda.data.videos.sources import Video
from gioconda.data.videos.stretches import find_stretches
from gioconda.errors import GiocondaError
from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.face.encode import encode
from gioconda.face.tracker import Track
from gioconda.media import FPS, VideoWriter, read_audio, read_video
from gioconda.media.container import open_container, picture_stream
from gioconda.media.files import reason
from gioconda.motion import Motion
from gioconda.speech import listen
from gioconda.speech.features import SAMPLES

MARGIN: Final = 10  # frames of sound kept before and after a clip, so that it can be moved
_LEAST: Final = FPS  # frames of a clip
_LEAST_VOICE: Final = 0.05  # of a clip's frames
_MISSING: Final = 0.1  # of a clip's sound
_HELD: Final = 3 * FPS  # frames that an emotion is judged by
_THUMBNAIL: Final = 96  # pixels
# Edges of the data card's histograms.
EDGES: Final = {
    "yaw": np.arange(-60, 61, 4.0),  # degrees
    "pitch": np.arange(-40, 41, 4.0),  # degrees
    "gaze yaw": np.arange(-40, 41, 4.0),  # degrees
    "gaze pitch": np.arange(-40, 41, 4.0),  # degrees
    "face size": np.arange(0, 401, 20.0),  # inter-ocular distance in pixels
    "mouth opening": np.arange(0, 61, 2.0),  # percent of the inter-ocular distance
    "loudness": np.arange(-80, 1, 4.0),  # dB of full scale
}

# What a clip takes over from its video.
_ORIGIN: Final = ("person", "split", "source", "licence", "address", "language", "transcript")

_Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Reject:
    """Something of a video that was dropped.

    Attributes:
        name: of the clip, or of the video where no clip came about.
        source: where the video comes from.
        reason: "KIND: what was found, what was expected".
        seconds: of video.
        thumbnail: a JPEG of up to three pictures, in base64, or empty.
    """

    name: str
    source: str
    reason: str
    seconds: float
    thumbnail: str = ""

    @property
    def kind(self) -> str:
        """The reason's first words, the same for all of a kind."""
        return self.reason.partition(":")[0]


@dataclass(frozen=True)
class Outcome:
    """What became of one video.

    Attributes:
        clips: samples of "mp4", "npz", "aux", "pcm" and "json"; `prepare` makes of them what
            is in the shards.
        rejects: what is no clip.
        seconds: of video that were read.
        core_seconds: of processor time that it took.
    """

    clips: list[Sample]
    rejects: list[Reject]
    seconds: float
    core_seconds: float


def cut_video(video: Video) -> Outcome:
    """Cut a video into clips of one face each, and measure them.

    A video that cannot be read becomes a reject, "unreadable", and so does one that shows a
    mistake of this program, "failed".

    Raises:
        GiocondaError: if the disk is full, which is no fault of the video.
    """
    started = time.process_time()
    rejects: list[Reject] = []
    clips: list[Sample] = []
    seconds = 0.0
    try:
        with video.file() as path:
            crops, seconds, unseen = _find(path, video)
            rejects += unseen
            sound = _sound(path) if crops else None
            for name, crop, shot in _shoot(path, video, crops):
                clips.append(_clip(video, name, crop, shot, sound))
    except Exception as error:  # one strange video must not end a run of many days
        if _disk_full(error):
            raise GiocondaError(
                f"{video.name} could not be cut: {reason(error)}; make room and run it again"
            ) from error
        why = f"failed: {type(error).__name__}: {reason(error)}"
        if isinstance(error, GiocondaError):
            why = f"unreadable: {error}"
        rejects.append(Reject(video.name, video.source, why, seconds))
        clips = []
    return Outcome(clips, rejects, seconds, time.process_time() - started)


def _disk_full(error: BaseException | None) -> bool:
    """Whether an error comes of a disk without room."""
    while error is not None:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__
    return False


def _find(path: Path, video: Video) -> tuple[list[Crop], float, list[Reject]]:
    """Where the faces are: crops in order of time, seconds read, and what has no face."""
    thumbnails: list[str] = []
    count = 0

    def watched() -> Iterator[_Picture]:
        nonlocal count
        for frame in read_video(path):
            if count % FPS == 0:
                thumbnails.append(jpeg([frame]))
            count += 1
            yield frame

    crops = [crop for stretch in find_stretches(watched()) for crop in find_crops(stretch)]
    crops.sort(key=lambda crop: (crop.start, crop.left, crop.top))
    seen = np.zeros(count, bool)
    rejects = []
    for crop in crops:
        seen[crop.start : crop.stop] = True
        length = crop.stop - crop.start
        if length < _LEAST:
            why = f"short: {length / FPS:.2f} s, expected at least {_LEAST / FPS:g} s"
            thumbnail = thumbnails[crop.start // FPS]
            rejects.append(Reject(video.name, video.source, why, length / FPS, thumbnail))
    edges = np.flatnonzero(np.diff(seen.astype(int), prepend=1, append=1))
    for start, stop in edges.reshape(-1, 2):
        if stop - start >= _LEAST or not crops:
            why = f"no face: from {start / FPS:.1f} to {stop / FPS:.1f} s"
            middle = thumbnails[(start + stop) // 2 // FPS]
            length = (stop - start) / FPS
            rejects.append(Reject(video.name, video.source, why, length, middle))
    return [crop for crop in crops if crop.stop - crop.start >= _LEAST], count / FPS, rejects


@dataclass
class _Shot:
    """A crop as it is taken: the file, what was measured on its pictures, and three of them."""

    file: Path
    inspector: Inspector
    hashes: list[np.uint64]
    pictures: list[_Picture]

    def look(self, picture: _Picture, crop: Crop, index: int) -> None:
        points = crop.track.points[index]
        self.inspector.look(picture, points)
        if index % EVERY == 0:
            self.hashes.append(picture_bits(picture, points))
        length = crop.stop - crop.start
        if index in (length // 6, length // 2, length - 1 - length // 6):
            self.pictures.append(picture)


def _shoot(path: Path, video: Video, crops: list[Crop]) -> Iterator[tuple[str, Crop, _Shot]]:
    """Take all crops in one more pass; each is given when its last picture is taken."""
    with TemporaryDirectory(prefix="gioconda-") as folder, ExitStack() as files:
        taking: dict[int, tuple[_Shot, ExitStack, VideoWriter | None]] = {}
        for i, frame in enumerate(read_video(path)):
            for k, crop in enumerate(crops):
                if not crop.start <= i < crop.stop:
                    continue
                if i == crop.start:
                    shot = _Shot(Path(folder) / f"{k}.mp4", Inspector(), [], [])
                    stack = files.enter_context(ExitStack())
                    writer = None
                    if not _copied(path, shot.file, crop, frame):
                        writer = VideoWriter(shot.file, crop.size, crop.size, None)
                        stack.enter_context(writer)
                    taking[k] = shot, stack, writer
                shot, stack, writer = taking[k]
                picture = crop(frame)
                shot.look(picture, crop, i - crop.start)
                if writer is not None:
                    writer.write(picture)
                if i == crop.stop - 1:
                    stack.close()
                    yield f"{video.name}-{k:03d}" if len(crops) > 1 else video.name, crop, shot
                    del taking[k]


def _copied(path: Path, target: Path, crop: Crop, first: _Picture) -> bool:
    """Copy the coded pictures as they are, if the crop is just all of them."""
    if first.shape[:2] != (crop.size, crop.size):
        return False
    with open_container(path) as source:
        stream = picture_stream(source)
        if stream is None or crop.start or crop.stop != stream.frames:
            return False
        if stream.average_rate != FPS or stream.codec_context.name != "h264":
            return False
        options = {"movflags": "+faststart", "fflags": "+bitexact"}
        with av.open(f"file:{target}", "w", options=options) as out:
            copy = out.add_stream_from_template(stream)
            for packet in source.demux(stream):
                if packet.dts is not None:
                    packet.stream = copy
                    out.mux(packet)
    again = read_video(target)
    same = np.array_equal(next(again), first)
    return same and 1 + sum(1 for _ in again) == crop.stop


def _sound(path: Path) -> NDArray[np.float32] | None:
    try:
        return read_audio(path)
    except GiocondaError:
        return None


def _clip(
    video: Video, name: str, crop: Crop, shot: _Shot, sound: NDArray[np.float32] | None
) -> Sample:
    """The clip with all that is measured."""
    track, frames = crop.track, crop.stop - crop.start
    motion, neutral = encode(track)
    yaw, pitch = np.degrees(motion.pose[:, :2]).T
    facts = shot.inspector.facts() | {
        "yaw": float(np.percentile(np.abs(yaw), 95)),
        "pitch": float(np.percentile(np.abs(pitch), 95)),
        "seen": float(track.seen.mean()),
        "alone": float(crop.alone.mean()),
    }
    faces = released_basis().rebuild(motion.dynamics, neutral)
    gaze, lids = measure.gaze(faces), measure.lid_opening(faces)
    lips = sync.lips(faces)
    inside = _part(sound, crop.start, crop.stop)
    around = _part(sound, crop.start - MARGIN, crop.stop + MARGIN)
    measured = {
        "yaw": yaw,
        "pitch": pitch,
        "gaze yaw": np.degrees(gaze[:, 0]),
        "gaze pitch": np.degrees(gaze[:, 1]),
        "face size": np.exp(motion.pose[:, 5] - np.median(motion.pose[:, 5])) * facts["eyes"],
        "mouth opening": 100 * lips[:, 0],
        "loudness": 10 * np.log10((inside.reshape(frames, -1) ** 2).mean(1) + 1e-10),
    }
    speech = video.speech and _spoken(inside, sound, crop)
    heard = sync.hear(around)
    blinked = blinks(lids, track.seen)
    described = {
        "clip": name,
        **_origin(video, crop),
        "basis": motion.basis,
        "audio": "speech" if speech else "none",
        **_emotion(video, faces, neutral),
        "blinks": len(blinked),
        "thumbnail": jpeg(shot.pictures),
        "quality": {name: round(value, 4) for name, value in facts.items()},
        **_distributions(measured),
    }
    aux: dict[str, NDArray[Any]] = {
        "pictures": np.array(shot.hashes),
        "movement": np.column_stack([motion.pose[:, :2], lids.mean(1), lips[:, 0]]).astype(
            np.float32
        ),
        "lips": lips.astype(np.float32),
        "heard": heard.lips.astype(np.float32),
        "voice": heard.voice,
        "seen": track.seen,
    }
    return name, {
        "mp4": shot.file.read_bytes(),
        "npz": pack(_arrays(track, motion, neutral, gaze, lids, lips, blinked)),
        "aux": pack(aux),
        "pcm": flac(around),
        "json": json.dumps(described, sort_keys=True).encode(),
    }


def _arrays(
    track: Track,
    motion: Motion,
    neutral: NDArray[np.float32],
    gaze: NDArray[np.floating],
    lids: NDArray[np.floating],
    lips: NDArray[np.floating],
    blinked: Sequence[Blink],
) -> dict[str, NDArray[Any]]:
    """What is measured on the pictures, as a clip keeps it."""
    return {
        **pack_track(track),
        "pose": motion.pose,
        "dynamics": motion.dynamics,
        "neutral": neutral,
        "gaze": gaze.astype(np.float32),
        "lids": lids.astype(np.float32),
        "opening": lips[:, 0].astype(np.float32),
        "lips": lips[:, 1:].astype(np.float32),
        "distance": np.exp(np.median(motion.pose[:, 5]) - motion.pose[:, 5]),
        "blinks": np.array([(b.onset, b.lowest, b.end) for b in blinked], np.int32).reshape(-1, 3),
    }


def _emotion(
    video: Video, faces: NDArray[np.float32], neutral: NDArray[np.float32]
) -> dict[str, Any]:
    """The emotion that the source names, or else the strongest that is held for a few seconds."""
    if video.emotion:
        return {"emotion": video.emotion, "emotion_strength": None, "emotion_source": "source"}
    parts = np.array_split(faces, -(-len(faces) // _HELD))
    found = max((estimate(part, neutral) for part in parts), key=_not_neutral)
    strength = round(found.strength, 3)
    return {"emotion": found.strongest, "emotion_strength": strength, "emotion_source": SOURCE}


def _not_neutral(emotion: Emotion) -> tuple[bool, float]:
    return emotion.strongest != EMOTIONS[0], emotion.strength


def _origin(video: Video, crop: Crop) -> dict[str, Any]:
    """Where a clip comes from."""
    return {
        "video": video.name,
        **{name: getattr(video, name) for name in _ORIGIN},
        "seconds": (crop.stop - crop.start) / FPS,
        "start": crop.start / FPS,
        "crop": [crop.left, crop.top, crop.side],
        "size": crop.size,
    }


def _distributions(measured: dict[str, NDArray[Any]]) -> dict[str, Any]:
    """Of what was measured in each frame, in the order of `EDGES`."""
    percentiles, histograms = {}, {}
    for (name, values), edges in zip(measured.items(), EDGES.values(), strict=True):
        percentiles[name] = [round(float(p), 2) for p in np.percentile(values, (5, 50, 95))]
        counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
        histograms[name] = counts.tolist()
    return {"percentiles": percentiles, "histograms": histograms}


def _spoken(inside: NDArray[np.float32], sound: NDArray[np.float32] | None, crop: Crop) -> bool:
    """Whether the sound lasts as long as the clip, and a voice is in it."""
    if sound is None or len(sound) < (crop.stop - _MISSING * (crop.stop - crop.start)) * SAMPLES:
        return False
    return bool(listen(inside).voice.mean() > _LEAST_VOICE)


def _part(sound: NDArray[np.float32] | None, start: int, stop: int) -> NDArray[np.float32]:
    """The sound of frames `start` to `stop`, silent where there is none."""
    part = np.zeros((stop - start) * SAMPLES, np.float32)
    if sound is not None:
        known = sound[max(start, 0) * SAMPLES : max(stop, 0) * SAMPLES]
        part[max(-start, 0) * SAMPLES :][: len(known)] = known
    return part


def jpeg(pictures: list[_Picture]) -> str:
    """Small pictures side by side as a JPEG in base64."""
    small = []
    for picture in pictures:
        width = max(1, round(picture.shape[1] * _THUMBNAIL / picture.shape[0]))
        small.append(cv2.resize(picture, (width, _THUMBNAIL), interpolation=cv2.INTER_AREA))
    strip = cv2.cvtColor(np.concatenate(small, 1), cv2.COLOR_RGB2BGR)
    return base64.b64encode(cv2.imencode(".jpg", strip)[1].tobytes()).decode()
