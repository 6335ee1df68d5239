"""A prepared set of the smallest size, drawn and spoken by the bundled example."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gioconda.data.shards import flac, pack, pack_track, write_shards
from gioconda.data.videos.blinks import blinks
from gioconda.face import measure
from gioconda.face.basis import released_basis
from gioconda.face.lids import shutting
from gioconda.face.tracker import Track, track
from gioconda.media import VideoWriter
from gioconda.portrait import Portrait
from gioconda.renderer import Renderer

FRAMES = 76


def write_set(folder: Path, portrait: Portrait, voice: NDArray[np.float32]) -> Path:
    """A set of three clips: `ann` and `bob` to train on, `cid` held out."""
    folder.mkdir(parents=True, exist_ok=True)
    table = ["clip,person,split,source,audio,shard,sound_late"]
    for split, people in {"train": ("ann", "bob"), "val": ("cid",)}.items():
        samples = []
        for person in people:
            samples.append((f"{person}-clip", _clip(folder, portrait, voice[: 640 * FRAMES])))
            table.append(f"{person}-clip,{person},{split},made up,speech,{split}-00000.tar,0")
        write_shards(samples, folder, split)
    (folder / "clips.csv").write_text("\n".join(table) + "\n")
    return folder


def _clip(folder: Path, portrait: Portrait, pcm: NDArray[np.float32]) -> dict[str, bytes]:
    video = folder / "clip.mp4"
    frames = list(_frames(portrait))
    height, width = frames[0].shape[:2]
    with VideoWriter(video, height, width, None) as writer:
        for frame in frames:
            writer.write(frame)
    content = video.read_bytes()
    video.unlink()
    seen = track(frames)
    found = blinks(_lids(seen), seen.seen)
    arrays = pack_track(seen) | {
        "blinks": np.array([(b.onset, b.lowest, b.end) for b in found]).reshape(-1, 3)
    }
    return {
        "mp4": content,
        "npz": pack(arrays),
        "speech.npz": pack({"own": np.ones(FRAMES, bool)}),
        "flac": flac(pcm),
        "json": b'{"basis": "none"}',  # so that the motion is read off the track
    }


def _frames(portrait: Portrait) -> list[NDArray[np.uint8]]:
    """A nodding head whose mouth opens and shuts, and who blinks twice."""
    renderer, shut = Renderer(portrait), shutting(portrait.basis)
    frames = []
    for i in range(FRAMES):
        blink = max(0.0, 1 - abs(i % 40 - 25) / 4)
        dynamics = portrait.expression * (0.5 + 0.5 * np.cos(i / 2))
        dynamics[portrait.basis.lower.start] += 1.5 * np.sin(i / 3)
        pose = portrait.pose + np.array([0.1 * np.sin(i / 9), 0, 0, 0, 0, 0])
        moved = portrait.lids((dynamics + blink * shut)[None])[0]
        frames.append(renderer.render(pose, moved).copy())
    return frames


def _lids(seen: Track) -> NDArray[np.float64]:
    basis = released_basis()
    neutral = basis.identify(seen.points)
    _, dynamics = basis.pose(seen.points, neutral)
    return measure.lid_opening(basis.rebuild(dynamics, neutral))
