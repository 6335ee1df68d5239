"""From videos to a training set: clips cut, brought in step, sorted out, and put into shards."""

import csv
import fcntl
import hashlib
import json
import shutil
import tarfile
from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gioconda.data.shards import LIMIT, Sample, Shard, flac, is_whole, pack, read_flac, write_shards
from gioconda.data.spoken.alignment import align
from gioconda.data.spoken.grid import grid_sentence
from gioconda.data.videos import card, pieces, sync
from gioconda.data.videos.cutting import EDGES, MARGIN, Outcome, Reject
from gioconda.data.videos.duplicates import find_duplicates
from gioconda.data.videos.licences import check_release
from gioconda.data.videos.pieces import Candidate
from gioconda.data.videos.quality import Limits, reason
from gioconda.data.videos.sources import Video, read_sources
from gioconda.data.videos.workers import run_here, run_ray
from gioconda.errors import GiocondaError
from gioconda.inference import weights_file
from gioconda.machine import cores
from gioconda.media import FPS
from gioconda.media.files import write_error
from gioconda.speech import listen
from gioconda.speech.features import SAMPLES
from gioconda.version import __version__

_VERSION: Final = 1  # of what is written; counts up when the same videos give other clips
# Files of gioconda/weights that clips are measured with; other ones give other clips.
_WEIGHTS: Final = (
    "basis.safetensors",
    "regressor.onnx",
    "mediapipe/face_detection_full_range_sparse.tflite",
    "mediapipe/face_detection_short_range.tflite",
    "mediapipe/face_landmark_with_attention.tflite",
)
# fmt: off
_FACTS: Final = (  # columns of clips.csv, in this order
    "clip", "split", "person", "source", "licence", "address", "language", "audio", "seconds",
    "size", "start", "eyes", "sound_late", "sound_sure", "sync", "emotion", "emotion_strength",
    "emotion_source", "blinks", "sharpness", "blockiness", "shard", "sha256",
)
# fmt: on
_MANIFEST: Final = "manifest.json"
_REJECT: Final = ("name", "source", "kind", "seconds", "reason")
_FOREIGN: Final = {
    "other": "the lips say something else",
    "still": "a voice over lips that rest",
    "mute": "lips that talk without a voice",
}


@dataclass(frozen=True)
class Options:
    """How a set is made; the defaults are those of `gioconda prepare`.

    Attributes:
        val: share of the persons that goes to "val" where the sources name no split.
        licence: of videos that no table gives one for.
        release: refuse what may not be released.
        allowed: licences that may be released all the same.
        limits: what a clip must keep to.
        shard_size: most bytes of a shard.
    """

    val: float = 0.05
    licence: str = ""
    release: bool = False
    allowed: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    shard_size: int = LIMIT


@dataclass(frozen=True)
class Prepared:
    """What a run did.

    Attributes:
        manifest: as it stands in manifest.json.
        seconds: how long it took.
        fresh: how many videos were cut; the others had been before.
        video_seconds, core_seconds: of video that were cut, and of processor time that it took,
            in this run and in those that it goes on from.
    """

    manifest: Mapping[str, Any]
    seconds: float
    fresh: int
    video_seconds: float = 0.0
    core_seconds: float = 0.0


def prepare(
    sources: Sequence[Path],
    output: Path,
    options: Options,
    processes: int | None = None,
    ray: str | None = None,
    work: Path | None = None,
    report: Callable[[int, int, int], None] = lambda done, total, dropped: None,
) -> Prepared:
    """Make a training set of videos; see docs/data.md for what is in it.

    It may be killed at any time: called again it goes on, and the set is the same to the byte.
    Nothing of the set is in `output` before all of it is made.

    Args:
        sources: see `gioconda.data.videos.sources.read_sources`.
        output: folder for the set; an older set in it is replaced.
        options: how.
        processes: on this machine; None for one a core.
        ray: address of a Ray cluster to use instead.
        work: folder for what is half done, kept; None for one within `output`, removed at the end.
        report: called with videos done, videos in all, and clips dropped so far.

    Raises:
        GiocondaError: if the sources do not serve, see `read_sources`; if a set for release
            would hold what may not be released; if no clip is left; if the folder cannot be
            written, holds something else, or another run is at work in it.
    """
    started = monotonic()
    card.check_matplotlib()
    videos = read_sources(sources, options.val, options.licence)
    if options.release:
        check_release(((v.name, v.licence) for v in videos), options.allowed)
    half_done = work or output / ".work"
    try:
        for folder in (output, half_done):
            folder.mkdir(parents=True, exist_ok=True)
        with _alone(output):
            files = [half_done / f"{_key(video)}.tar" for video in videos]
            names = [file.name for file in files]
            inputs = _digest([names, asdict(options)])
            manifest = _older(output)
            fresh, took = 0, [0.0, 0.0]
            if not manifest or manifest["inputs"] != inputs or not is_whole(output, manifest):
                fresh = _cut(videos, files, processes, ray, report)
                for file in files:
                    outcome = pieces.read_outcome(file)
                    took = [took[0] + outcome["seconds"], took[1] + outcome["core_seconds"]]
                manifest = _assemble(output, files, inputs, options)
            if work is None:
                shutil.rmtree(half_done)
            return Prepared(manifest, monotonic() - started, fresh, *took)
    except OSError as error:
        raise write_error(output, error) from error


@contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Keep other runs out of the folder."""
    with open(output / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GiocondaError(
                f"another run is preparing {output}; wait for it, or name another folder"
            ) from None
        yield


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


@cache
def _maker() -> str:
    """Of what makes the clips."""
    weights = [hashlib.sha256(weights_file(n).read_bytes()).hexdigest() for n in _WEIGHTS]
    return _digest([_VERSION, weights])


def _key(video: Video) -> str:
    """Changes whenever the video's clips could be others."""
    try:
        status = video.path.stat()
        file = [status.st_size, status.st_mtime_ns]
    except OSError:
        file = []
    return f"{video.name[:80]}-{_digest([_maker(), asdict(video), file])[:16]}"


def _older(output: Path) -> dict[str, Any] | None:
    """The manifest of the set in the folder, which may be a part of a set; None if it has none.

    Raises:
        GiocondaError: if something else lies there, which the new set would overwrite.
    """
    try:
        manifest: dict[str, Any] = json.loads((output / _MANIFEST).read_text())
        if {"inputs", "shards", "figures"} <= manifest.keys():
            return manifest
        found = _MANIFEST
    except FileNotFoundError:
        found = "clips.csv"
        if not (output / found).exists():
            return None
    except (ValueError, AttributeError):
        found = _MANIFEST
    raise GiocondaError(
        f"{output} contains another {found}, which would be lost; name another folder"
    )


def _cut(
    videos: Sequence[Video],
    files: Sequence[Path],
    processes: int | None,
    ray: str | None,
    report: Callable[[int, int, int], None],
) -> int:
    """Cut all videos that have not been; returns how many these were."""
    dropped = sum(len(pieces.read_rejects(file)) for file in files if file.exists())
    missing = [i for i, file in enumerate(files) if not file.exists()]
    tasks = [(videos[i], files[i]) for i in missing]
    report(len(files) - len(missing), len(files), dropped)
    if ray is None:
        ended = run_here(pieces.cut_into, tasks, processes or cores())
    else:
        ended = run_ray(pieces.cut_into, tasks, ray)
    for done, (index, count) in enumerate(ended, start=len(files) - len(missing) + 1):
        if count is None:
            video, file = tasks[index]
            why = "failed: the process that read it was killed each time, for memory perhaps"
            pieces.write_piece(Outcome([], [Reject(video.name, video.source, why, 0)], 0, 0), file)
            count = 1
        dropped += count
        report(done, len(files), dropped)
    return len(missing)


def _assemble(output: Path, files: Sequence[Path], inputs: str, options: Options) -> dict[str, Any]:
    """Sort out what was cut and put it into shards; returns the manifest."""
    rejects = [reject for file in files for reject in pieces.read_rejects(file)]
    clips = {c.facts["clip"]: c for file in files for c in pieces.read_candidates(file)}
    rejects += _drop_poor(clips, options.limits)
    rejects += _drop_duplicates(clips)
    if not clips:
        raise GiocondaError(
            f"no clip of {len(files)} videos is left; the first one was dropped for: "
            f"{rejects[0].reason}"
        )
    offsets = _bring_in_step(clips.values())
    rejects += _drop_foreign(clips.values())
    fresh = output / ".set"  # whatever else uses the pieces, and on the same disk
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    shards = _write_clips(clips, fresh, options.shard_size)
    after = sync.offsets(_by_source(clips.values()))
    kept = [clips[name].facts for name in sorted(clips)]
    dropped = [
        {**vars(r), "kind": r.kind, "thumbnail": b64decode(r.thumbnail)}
        for r in sorted(rejects, key=lambda r: (r.name, r.reason))
    ]
    manifest: dict[str, Any] = {
        "version": __version__,
        "inputs": inputs,
        "release": options.release,
        "limits": asdict(options.limits),
        "shards": [asdict(shard) for shard in shards],
        "offsets": {
            source: {"found": asdict(found), "left": asdict(after[source])}
            for source, found in offsets.items()
            if source in after
        },
        "figures": card.figures(kept, dropped),
    }
    _write_table(fresh / "clips.csv", _FACTS, [{**clip, **clip["quality"]} for clip in kept])
    _write_table(fresh / "rejects.csv", _REJECT, dropped)
    offsets_told, totals = manifest["offsets"], manifest["figures"]
    card.write_card(fresh, totals, dropped, _histograms(kept), offsets_told, manifest["version"])
    text = json.dumps(manifest, indent=1, sort_keys=True)
    (fresh / _MANIFEST).write_text(text + "\n")
    _put_in_place(fresh, output)
    return json.loads(text)  # type: ignore[no-any-return]


def _write_clips(clips: dict[str, Candidate], folder: Path, size: int) -> list[Shard]:
    """Put the clips into shards, and into each clip's facts which."""
    shards: list[Shard] = []
    for split in sorted({clip.facts["split"] for clip in clips.values()}):
        # In an order that mixes persons and sources, the same on every machine.
        names = sorted((n for n in clips if clips[n].facts["split"] == split), key=_digest)
        shards += write_shards((_sample(clips[name]) for name in names), folder, split, size)
    for shard in shards:
        for name in shard.names:
            clips[name].facts["shard"] = shard.file
    return shards


def _drop_poor(clips: dict[str, Candidate], limits: Limits) -> list[Reject]:
    """Take out what does not keep to the limits."""
    reasons = {name: reason(clip.facts["quality"], limits) for name, clip in clips.items()}
    return [_reject(clips.pop(name), why) for name, why in reasons.items() if why]


def _drop_duplicates(clips: dict[str, Candidate]) -> list[Reject]:
    """Take out all but the best of each recording; one that is in "val" stays there."""
    first = [name for name, clip in clips.items() if clip.facts["split"] != "train"]
    copies = find_duplicates({n: clip.fingerprint for n, clip in clips.items()}, first)
    why = "duplicate: shows the same as"
    return [_reject(clips.pop(name), f"{why} {kept}") for name, kept in copies.items()]


def _reject(clip: Candidate, why: str, seconds: float | None = None) -> Reject:
    """A clip, or so many seconds of its sound, dropped."""
    facts = clip.facts
    lost = facts["seconds"] if seconds is None else seconds
    return Reject(facts["clip"], facts["source"], why, lost, facts["thumbnail"])


def _bring_in_step(clips: Collection[Candidate]) -> dict[str, sync.Offset]:
    """Find by how much the sound of each clip is late; returns what was found by source."""
    for clip in clips:
        if clip.facts["audio"] == "speech":
            clip.curve = sync.curve(clip.heard, clip.lips, clip.seen)
    offsets = sync.offsets(_by_source(clips))
    for clip in clips:
        if clip.curve is not None:
            clip.late = sync.offset(clip.curve, offsets[clip.facts["source"]])
    return offsets


def _by_source(clips: Collection[Candidate]) -> dict[str, list[sync.Curve]]:
    curves: dict[str, list[sync.Curve]] = defaultdict(list)
    for clip in clips:
        if clip.facts["audio"] == "speech" and clip.curve is not None:
            curves[clip.facts["source"]].append(clip.curve)
    return dict(sorted(curves.items()))


def _drop_foreign(clips: Collection[Candidate]) -> list[Reject]:
    """Mark the sound that does not belong to its picture; the picture is kept."""
    rejects = []
    for clip in clips:
        if clip.facts["audio"] != "speech":
            clip.own[:] = False
            continue
        for found in sync.belongs(clip.heard, clip.lips, clip.seen, clip.late):
            clip.own[found.start : found.stop] = False
            why = (
                f"foreign sound: {_FOREIGN[found.reason]} from {found.start / FPS:.1f} to "
                f"{found.stop / FPS:.1f} s; the picture is kept"
            )
            rejects.append(_reject(clip, why, (found.stop - found.start) / FPS))
        if not clip.own.any():
            clip.facts["audio"] = "none"
    return rejects


def _sample(clip: Candidate) -> Sample:
    """The clip as it is in a shard, its sound moved to its picture."""
    facts = clip.facts
    name, frames = facts["clip"], len(clip.seen)
    with tarfile.open(clip.piece) as tar:
        mp4, npz, sound = (pieces.content(tar, f"{name}.{e}") for e in ("mp4", "npz", "pcm"))
    start = round((MARGIN + clip.late.frames) * SAMPLES)
    pcm = read_flac(sound)[start : start + frames * SAMPLES]
    speech = listen(pcm)
    arrays: dict[str, NDArray[Any]] = {
        "mel": speech.mel.astype(np.float16),
        "loudness": speech.loudness,
        "voice": speech.voice,
        "own": clip.own,
    }
    facts["speech"] = facts["audio"] == "speech"
    facts["sound_late"] = round(clip.late.frames, 2)
    facts["sound_sure"] = clip.late.sure
    facts["sha256"] = hashlib.sha256(mp4).hexdigest()
    if facts["audio"] == "speech":
        clip.curve = sync.curve(sync.hear(pcm), clip.lips, clip.seen)
        facts["sync"] = round(float(clip.curve.correlation[sync.LAGS]), 3)
    public = {key: value for key, value in facts.items() if key != "thumbnail"}
    public |= _phones(pcm, facts)
    return name, {
        "flac": flac(pcm),
        "json": json.dumps(public, sort_keys=True).encode(),
        "mp4": mp4,
        "npz": npz,
        "speech.npz": pack(arrays),
    }


def _phones(pcm: NDArray[np.float32], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The phones of English whose text is known, or why they could not be found."""
    text = facts["transcript"] or grid_sentence(facts["address"])
    if not text or facts["audio"] != "speech" or facts["language"].lower()[:2] not in ("", "en"):
        return {}
    try:
        phones = align(pcm, text)
    except GiocondaError as error:
        return {"phones": None, "phones_missing": str(error)}
    return {
        "transcript": text,
        "phones": [[phone.name, phone.start, phone.end] for phone in phones],
    }


def _histograms(kept: Sequence[Mapping[str, Any]]) -> dict[str, card.Histogram]:
    """Of all frames, by quantity and split."""
    sums: dict[str, dict[str, NDArray[np.int64]]] = {name: {} for name in EDGES}
    for clip in kept:
        for name, counts in clip["histograms"].items():
            if name != "loudness" or clip["audio"] == "speech":
                zero = np.zeros(len(counts), np.int64)
                sums[name][clip["split"]] = sums[name].get(clip["split"], zero) + counts
    return {
        name: {split: (counts.tolist(), EDGES[name].tolist()) for split, counts in splits.items()}
        for name, splits in sums.items()
    }


def _write_table(file: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    with open(file, "w", newline="", encoding="utf-8") as out:
        table = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _put_in_place(fresh: Path, output: Path) -> None:
    """Move a whole set to where it belongs; an older set goes.

    The manifest comes first and the shards last: wherever this is cut off, a manifest names all
    shards that are there, and the next run clears them away.
    """
    for shard in (_older(output) or {"shards": []})["shards"]:
        (output / shard["file"]).unlink(missing_ok=True)
    shutil.rmtree(output / "card", ignore_errors=True)
    for part in sorted(fresh.iterdir(), key=_turn):
        part.rename(output / part.name)
    fresh.rmdir()


def _turn(part: Path) -> tuple[bool, bool, str]:
    return part.name != _MANIFEST, part.suffix == ".tar", part.name
