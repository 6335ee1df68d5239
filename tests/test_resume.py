"""Long videos are gone on with after a kill."""

import av
import numpy as np
import pytest

from gioconda import GiocondaError, animate, animator
from gioconda.media import parts, read_image, video
from gioconda.media.parts import Parts
from tests.media.samples import write_sound

PART = 25


class KilledError(Exception):
    """In place of a kill, after which nothing is tidied up."""


@pytest.fixture
def short_parts(monkeypatch, tmp_path):
    monkeypatch.setenv("GIOCONDA_CACHE", str(tmp_path / "cache"))
    for module in (animator, video, parts):
        monkeypatch.setattr(module, "PART", PART)


def coded(file):
    """All that is coded in a video: pictures and sound, but not the signature."""
    with av.open(file) as container:
        return [(p.stream.index, p.pts, bytes(p)) for p in container.demux() if p.size]


def kill(monkeypatch, at, **options):
    """Runs until a frame is written, and returns which was the first."""
    first = []

    def report(done, total):
        first.append(done)
        if done == at:
            raise KilledError

    def leave(self, *error):
        self._part.close()
        self._hidden.leave()

    with monkeypatch.context() as patch:
        patch.setattr(Parts, "__exit__", leave)
        with pytest.raises(KilledError):
            animate(**options, report=report)
    return first[0]


def test_a_run_that_was_killed_goes_on_and_ends_with_the_same_video(
    short_parts, monkeypatch, tmp_path, photo_path, voice
):
    own, other = tmp_path / "own.wav", tmp_path / "other.wav"
    write_sound(own, voice[None, :56000], 16000, "pcm_f32le", "mono", "flt")
    write_sound(other, voice[None, :20000], 16000, "pcm_f32le", "mono", "flt")
    common = {"photo": photo_path, "audio": own, "size": 64, "plain_mouth": True, "listen": other}
    animate(**common, output=tmp_path / "whole.mp4")
    killed = common | {"output": tmp_path / "killed.mp4"}
    firsts = [kill(monkeypatch, at, **killed) for at in (20, 55, 60, 80)]
    assert firsts == [1, 1, 51, 51]
    begun = []
    animate(**killed, report=lambda done, total: begun.append(done))
    assert begun[0] == 76
    assert coded(tmp_path / "killed.mp4") == coded(tmp_path / "whole.mp4")
    assert not [file.name for file in tmp_path.iterdir() if file.name.startswith(".")]
    assert not list((tmp_path / "cache").rglob(".gioconda-*"))


@pytest.mark.parametrize("name", ["{}.mov", "{}.webm", "{}/"])
def test_other_formats_are_gone_on_with_too(
    short_parts, monkeypatch, tmp_path, photo_path, voice, name
):
    short = tmp_path / "short.wav"
    write_sound(short, voice[None, :30000], 16000, "pcm_f32le", "mono", "flt")
    common = {"photo": photo_path, "audio": short, "size": 64, "plain_mouth": True}
    animate(**common, output=f"{tmp_path}/{name.format('whole')}")
    killed = common | {"output": f"{tmp_path}/{name.format('killed')}"}
    assert kill(monkeypatch, 40, **killed) == 1
    begun = []
    animate(**killed, report=lambda done, total: begun.append(done))
    assert begun[0] == 26
    whole, again = (tmp_path / name.format(way) for way in ("whole", "killed"))
    if whole.is_dir():
        files = sorted(file.name for file in whole.iterdir())
        assert files == sorted(file.name for file in again.iterdir())
        for file in files:
            np.testing.assert_array_equal(read_image(whole / file), read_image(again / file))
    else:
        assert coded(whole) == coded(again)
    assert not [file.name for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_what_was_made_of_another_seed_is_not_taken(
    short_parts, monkeypatch, tmp_path, photo_path, voice_path
):
    common = {"photo": photo_path, "audio": voice_path, "size": 64, "plain_mouth": True}
    common["output"] = tmp_path / "video.mp4"
    assert kill(monkeypatch, 30, **common) == 1
    assert kill(monkeypatch, 30, **common, seed=1) == 1
    assert kill(monkeypatch, 30, **common) == 26


def test_a_run_that_is_interrupted_keeps_what_is_whole(
    short_parts, tmp_path, photo_path, voice_path
):
    def stop(done, total):
        if done == 30:
            raise KeyboardInterrupt

    common = {"photo": photo_path, "audio": voice_path, "size": 64, "plain_mouth": True}
    common["output"] = tmp_path / "video.mp4"
    with pytest.raises(KeyboardInterrupt, match="the first minute is kept beside it"):
        animate(**common, report=stop)
    begun = []
    made = animate(**common, report=lambda done, total: begun.append(done))
    assert begun[0] == 26
    assert made.earlier == 25


def test_a_run_that_fails_leaves_nothing(short_parts, tmp_path, photo_path, voice_path):
    def report(done, total):
        if done == 30:
            raise GiocondaError("no")

    with pytest.raises(GiocondaError, match="no"):
        animate(
            photo_path, voice_path, tmp_path / "v.mp4", size=64, plain_mouth=True, report=report
        )
    assert [file.name for file in tmp_path.iterdir()] == ["cache"]
