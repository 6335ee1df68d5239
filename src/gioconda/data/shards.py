"""Shards: clips in tar files of bounded size, as WebDataset reads them."""

import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from gioconda.face.tracker import Track
from gioconda.media import SAMPLE_RATE

LIMIT: Final = 50 * 2**20  # bytes of a shard, unless a single sample is larger
_STEPS: Final = 32  # of a pixel, in which meshes are kept
_BLOCK: Final = 512  # bytes, of a tar file

Sample = tuple[str, Mapping[str, bytes]]
"""A name, and its files by their endings: ``("clip", {"mp4": ..., "json": ...})``."""


@dataclass(frozen=True)
class Shard:
    """A shard that was written.

    Attributes:
        file: its name.
        size: in bytes.
        sha256: of the whole file, in hexadecimal.
        names: of its samples, in order.
    """

    file: str
    size: int
    sha256: str
    names: tuple[str, ...]


def write_shards(
    samples: Iterable[Sample], folder: Path, split: str, limit: int = LIMIT
) -> list[Shard]:
    """Write ``SPLIT-00000.tar`` and so on.

    The same samples give the same bytes: no time, no user and no machine is written.

    Args:
        samples: in the order that they are to have.
        folder: where to, must exist.
        split: the first part of the files' names.
        limit: bytes of a shard at most; a larger sample gets a shard of its own.
    """
    shards: list[Shard] = []
    group: list[Sample] = []
    size = 0
    for sample in samples:
        needed = sum(_blocks(len(content)) + _BLOCK for content in sample[1].values())
        if group and size + needed > limit - 20 * _BLOCK:  # tar's own end
            shards.append(_write_shard(group, folder / f"{split}-{len(shards):05d}.tar"))
            group, size = [], 0
        group.append(sample)
        size += needed
    if group:
        shards.append(_write_shard(group, folder / f"{split}-{len(shards):05d}.tar"))
    return shards


def _blocks(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _write_shard(samples: list[Sample], path: Path) -> Shard:
    with open(path, "wb") as file:
        write_tar(samples, file)
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    names = tuple(name for name, _ in samples)
    return Shard(path.name, path.stat().st_size, digest, names)


def is_whole(folder: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether a folder holds all shards that a manifest names, each of its size."""
    files = [(folder / shard["file"], shard["size"]) for shard in manifest["shards"]]
    return all(file.is_file() and file.stat().st_size == size for file, size in files)


def write_tar(samples: Iterable[Sample], file: io.BufferedIOBase) -> None:
    """Samples as one tar file whose bytes depend on nothing else."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, contents in samples:
            for ending, content in sorted(contents.items()):
                member = tarfile.TarInfo(f"{name}.{ending}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))


def read_tar(path: Path) -> Iterator[Sample]:
    """The samples of a tar file, one after the other; files of one name belong together."""
    with tarfile.open(path) as tar:
        for name, members in groupby(tar, key=lambda member: member.name.partition(".")[0]):
            files = [(member.name, tar.extractfile(member)) for member in members]
            yield name, {name.partition(".")[2]: file.read() for name, file in files if file}


def pack(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Arrays as the bytes of an .npz file."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def unpack(content: bytes) -> dict[str, NDArray[np.generic]]:
    """The arrays of an .npz file."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def pack_track(track: Track) -> dict[str, NDArray[np.generic]]:
    """A track as small arrays: meshes in 32nds of a pixel, told by their change over time."""
    steps = np.rint(np.clip(track.points, -1000, 1000) * _STEPS).astype(np.int16)
    changes = np.diff(steps, axis=0, prepend=np.zeros_like(steps[:1]))
    return {"points": changes, "seen": track.seen, "size": np.array(track.size)}


def unpack_track(arrays: Mapping[str, NDArray[np.generic]]) -> Track:
    """The track that `pack_track` packed, exact to a 64th of a pixel."""
    steps = np.cumsum(arrays["points"], axis=0, dtype=np.int16).astype(np.float32)
    height, width = (int(n) for n in arrays["size"])
    seen = np.asarray(arrays["seen"], bool)
    return Track(steps / np.float32(_STEPS), seen, (height, width))


def flac(pcm: NDArray[np.float32]) -> bytes:
    """Sound as a FLAC file of 16 bits.

    Args:
        pcm: (samples,) 16 kHz mono in [-1, 1].
    """
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        stream.codec_context.format = "s16"
        block = 4096
        whole = np.rint(np.clip(pcm, -1, 1) * 32767).astype(np.int16)
        for start in range(0, len(whole), block):
            frame = AudioFrame.from_ndarray(whole[None, start : start + block], "s16", "mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def read_flac(content: bytes) -> NDArray[np.float32]:
    """The sound that `flac` packed, (samples,)."""
    with av.open(io.BytesIO(content), "r") as container:
        blocks = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(blocks).astype(np.float32) / np.float32(32767)
