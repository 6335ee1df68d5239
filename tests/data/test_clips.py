"""Clips are taken out of their shards."""

import tarfile

from gioconda.data.clips import read_clips
from gioconda.data.shards import write_shards


def test_two_that_take_out_one_shard_at_a_time_both_get_all_of_it(tmp_path, monkeypatch):
    write_shards([("a", {"mp4": b"pictures"})], tmp_path, "train")
    (tmp_path / "clips.csv").write_text(
        "clip,person,split,source,audio,shard,sound_late\na,ann,train,x,none,train-00000.tar,0\n"
    )
    take_out = tarfile.TarFile.extractall

    def read() -> bytes:
        (clip,) = read_clips(tmp_path, "train", tmp_path / "cache")
        return clip.video.read_bytes()

    def take_out_after_another(*args, **options):
        monkeypatch.setattr(tarfile.TarFile, "extractall", take_out)
        assert read() == b"pictures"
        take_out(*args, **options)

    monkeypatch.setattr(tarfile.TarFile, "extractall", take_out_after_another)
    assert read() == b"pictures"
    assert len(list((tmp_path / "cache").iterdir())) == 1
