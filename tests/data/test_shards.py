import hashlib
import tarfile

import numpy as np

from gioconda.data.shards import (
    flac,
    pack,
    pack_track,
    read_flac,
    unpack,
    unpack_track,
    write_shards,
)
from gioconda.face.tracker import Track


def samples(count, size):
    for i in range(count):
        yield f"clip-{i}", {"mp4": bytes([i]) * size, "json": b"{}"}


def test_shards_are_bounded_and_hold_everything_in_order(tmp_path):
    shards = write_shards(samples(20, 100_000), tmp_path, "train", 500_000)
    assert len(shards) > 1
    assert all((tmp_path / shard.file).stat().st_size <= 500_000 for shard in shards)
    assert [n for shard in shards for n in shard.names] == [f"clip-{i}" for i in range(20)]
    with tarfile.open(tmp_path / shards[0].file) as tar:
        assert tar.getnames()[:2] == ["clip-0.json", "clip-0.mp4"]


def test_a_sample_that_is_too_large_gets_a_shard_of_its_own(tmp_path):
    shards = write_shards(samples(3, 100_000), tmp_path, "train", 1000)
    assert [shard.names for shard in shards] == [("clip-0",), ("clip-1",), ("clip-2",)]


def test_the_same_samples_give_the_same_bytes(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        write_shards(samples(3, 1000), tmp_path / name, "val")
    one, other = ((tmp_path / name / "val-00000.tar").read_bytes() for name in "ab")
    assert one == other


def test_a_shard_tells_its_hash(tmp_path):
    (shard,) = write_shards(samples(1, 10), tmp_path, "val")
    content = (tmp_path / shard.file).read_bytes()
    assert shard.sha256 == hashlib.sha256(content).hexdigest()
    assert shard.size == len(content)


def test_a_track_comes_back_to_a_64th_of_a_pixel():
    rng = np.random.default_rng(0)
    points = rng.uniform(-50, 600, (5, 478, 3)).astype(np.float32)
    track = Track(points, np.array([1, 1, 0, 1, 1], bool), (512, 480))
    back = unpack_track(unpack(pack(pack_track(track))))
    assert np.abs(back.points - points).max() <= 1 / 64
    assert (back.seen == track.seen).all()
    assert back.size == (512, 480)


def test_sound_comes_back_to_16_bits():
    pcm = np.sin(np.arange(10_001) / 20).astype(np.float32)
    assert np.abs(read_flac(flac(pcm)) - pcm).max() < 2e-5
