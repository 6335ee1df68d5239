"""The whole way from videos to a set, on videos made of the bundled example."""

import csv
import hashlib
import json
import tarfile
from pathlib import Path

import av
import numpy as np
import pytest

from gioconda.data.clips import read_clips
from gioconda.data.videos import prepare as prepare_module
from gioconda.data.videos.prepare import Options, prepare
from gioconda.data.videos.sources import read_sources
from gioconda.errors import GiocondaError
from tests.data.conftest import write_talk


def contents(folder: Path) -> dict[str, str]:
    """Every file of a set that is no hidden one, by the hash of its bytes."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    }


def rows(file: Path) -> list[dict[str, str]]:
    with open(file, newline="") as table:
        return list(csv.DictReader(table))


@pytest.fixture(scope="module")
def sources(talk, tmp_path_factory):
    """Two persons; of one the picture and a copy of it that was coded again, of one cuts."""
    frames, pcm = talk
    folder = tmp_path_factory.mktemp("sources")
    write_talk(folder / "ann/talk.mp4", frames, pcm)
    smaller = np.stack([frame[::2, ::2] for frame in frames])
    write_talk(folder / "ann/copy.mp4", smaller, pcm)
    wide = np.full((50, 240, 448, 3), 90, np.uint8)
    wide[:, :, 96:336] = frames[:50, :, ::-1]
    black = np.zeros((30, 240, 448, 3), np.uint8)
    write_talk(folder / "bob/cuts.mp4", np.concatenate([wide, black, wide[:12]]), pcm[: 92 * 640])
    return folder


@pytest.fixture(scope="module")
def made(sources, tmp_path_factory):
    output = tmp_path_factory.mktemp("made") / "set"
    return output, prepare([sources], output, Options(val=0.0, licence="CC0-1.0"), processes=2)


def test_a_set_has_a_sample_for_each_face_that_serves(made):
    output, done = made
    assert [row["clip"] for row in rows(output / "clips.csv")] == ["ann-talk", "bob-cuts"]
    assert done.fresh == 3
    with tarfile.open(output / "train-00000.tar") as tar:
        endings = sorted(name.split(".", 1)[1] for name in tar.getnames())
    assert endings == sorted(2 * ["flac", "json", "mp4", "npz", "speech.npz"])


def test_what_is_dropped_is_named_with_its_reason(made):
    kinds = {(row["name"], row["kind"]) for row in rows(made[0] / "rejects.csv")}
    assert ("ann-copy", "duplicate") in kinds or ("ann-copy", "small face") in kinds
    assert ("bob-cuts", "no face") in kinds
    assert ("bob-cuts", "short") in kinds


def test_the_manifest_tells_the_hash_of_each_shard(made):
    output, done = made
    manifest = json.loads((output / "manifest.json").read_text())
    assert manifest == done.manifest
    files = contents(output)
    assert {s["file"]: s["sha256"] for s in manifest["shards"]}.items() <= files.items()
    assert "card.html" in files


def test_a_second_run_does_nothing(made, sources):
    output, _ = made
    before = {file: file.stat().st_mtime_ns for file in output.rglob("*.tar")}
    again = prepare([sources], output, Options(val=0.0, licence="CC0-1.0"))
    assert again.fresh == 0
    assert before == {file: file.stat().st_mtime_ns for file in output.rglob("*.tar")}


def test_a_run_killed_as_it_puts_the_set_in_place_leaves_nothing_of_it(
    made, sources, tmp_path, monkeypatch
):
    class Killed(BaseException):
        """As signal 9: nothing catches it."""

    def rename(part, target):
        if deadly and part.name == deadly[0]:
            deadly.pop(0)
            raise Killed
        return move(part, target)

    small = Options(val=0.0, licence="CC0-1.0", shard_size=1)
    move, work, output = Path.rename, tmp_path / "work", tmp_path / "set"
    deadly = ["manifest.json", "train-00001.tar"]
    monkeypatch.setattr(Path, "rename", rename)
    while deadly:
        with pytest.raises(Killed):
            prepare([sources], output, small, 2, work=work)
    (output / "card/of-an-older-set.png").touch()
    prepare([sources], output, Options(val=0.0, licence="CC0-1.0"), 2, work=work)
    assert contents(output) == contents(made[0])


def test_clips_that_other_weights_measured_are_not_gone_on_from(talk_path, monkeypatch):
    (video,) = read_sources([talk_path])
    before = prepare_module._key(video)
    assert prepare_module._key(video) == before
    prepare_module._maker.cache_clear()
    monkeypatch.setattr(prepare_module, "_WEIGHTS", prepare_module._WEIGHTS[1:])
    assert prepare_module._key(video) != before
    prepare_module._maker.cache_clear()


def test_what_is_half_done_goes_though_a_run_was_killed_before_it_went(made, sources):
    (made[0] / ".work").mkdir()
    prepare([sources], made[0], Options(val=0.0, licence="CC0-1.0"))
    assert not (made[0] / ".work").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.json", '{"kind": "spoken", "shards": []}'),
        ("manifest.json", "[]"),
        ("clips.csv", ""),
    ],
)
def test_a_folder_with_something_else_is_left_alone(sources, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(GiocondaError, match=f"contains another {name}"):
        prepare([sources], tmp_path, Options())
    assert (tmp_path / name).read_text() == content


def test_a_clip_is_read_back_with_all_that_was_measured(made, tmp_path):
    talk = next(c for c in read_clips(made[0], "train", tmp_path) if c.name == "ann-talk")
    frames = list(talk.frames())
    track = talk.track()
    assert len(frames) == len(track.points) == 75
    assert frames[0].shape == (*track.size, 3)
    assert len(talk.audio()) == 75 * 640
    arrays = talk.measures()
    assert arrays["pose"].shape == (75, 6)
    assert arrays["gaze"].shape == arrays["lids"].shape == (75, 2)
    heard = talk.heard()
    assert heard["mel"].shape == (75, 4, 80)
    assert heard["own"].all()
    assert talk.speech


def test_a_picture_that_is_kept_whole_is_kept_to_the_bit(made, sources, tmp_path):
    talk = next(c for c in read_clips(made[0], "train", tmp_path) if c.name == "ann-talk")
    with av.open(str(sources / "ann/talk.mp4")) as one, av.open(str(talk.video)) as other:
        pictures = zip(one.decode(video=0), other.decode(video=0), strict=True)
        assert all(np.array_equal(a.to_ndarray(), b.to_ndarray()) for a, b in pictures)


def test_a_crop_keeps_still_and_holds_the_face(made, tmp_path):
    clip = next(c for c in read_clips(made[0], "train", tmp_path) if c.name == "bob-cuts")
    frames = np.stack(list(clip.frames())).astype(int)
    assert len(frames) == 50
    assert np.abs(frames[1:, :12, :12] - frames[:-1, :12, :12]).mean() < 1  # the background
    points = clip.track().points[..., :2]
    assert points.min() > 0
    assert points.max() < frames.shape[1]


def test_a_set_for_release_refuses_unknown_licences(sources, tmp_path):
    with pytest.raises(GiocondaError, match=r"'no licence' of 3 videos"):
        prepare([sources], tmp_path / "set", Options(release=True))


def test_two_runs_do_not_share_a_folder(made, sources):
    import fcntl

    with open(made[0] / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(GiocondaError, match="another run is preparing"):
            prepare([sources], made[0], Options())


def test_nothing_left_is_said_with_the_reason(tmp_path):
    write_talk(tmp_path / "in/grey.mp4", np.full((30, 128, 128, 3), 99, np.uint8), None)
    with pytest.raises(GiocondaError, match=r"no clip of 1 videos is left.*no face"):
        prepare([tmp_path / "in"], tmp_path / "set", Options(), processes=1)


def test_a_broken_video_is_named_and_the_others_are_kept(talk, tmp_path):
    good = write_talk(tmp_path / "in/good.mp4", *talk).read_bytes()
    (tmp_path / "in/cut-off.mp4").write_bytes(good[: len(good) // 20])
    prepare([tmp_path / "in"], tmp_path / "set", Options(), processes=2)
    assert [row["clip"] for row in rows(tmp_path / "set/clips.csv")] == ["good"]
    (reject,) = rows(tmp_path / "set/rejects.csv")
    assert (reject["name"], reject["kind"]) == ("cut-off", "unreadable")
