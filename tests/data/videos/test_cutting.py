"""Videos that are not as they should be: kept, or dropped with a reason."""

import errno
import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from gioconda.data.videos import cutting
from gioconda.data.videos.cutting import cut_video
from gioconda.data.videos.quality import Limits, reason
from gioconda.data.videos.sources import read_sources
from gioconda.errors import GiocondaError
from gioconda.media import VideoWriter
from tests.data.conftest import write_talk
from tests.media.samples import write_pictures
from tests.media.test_video import set_rotation


def cut(path: Path):
    """Facts of the clips, and the rejects' kinds."""
    (video,) = read_sources([path])
    outcome = cut_video(video)
    rejects = [reject.kind for reject in outcome.rejects]
    clips = []
    for _, contents in outcome.clips:
        facts = json.loads(contents["json"])
        why = reason(facts["quality"], Limits())
        if why is None:
            clips.append(facts)
        else:
            rejects.append(why.partition(":")[0])
    return clips, rejects


def with_sound(path: Path, frames, pcm, layout: str) -> Path:
    """A video whose sound has its own length and channels."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"crf": "10"})
        video.height, video.width = frames.shape[1:3]
        sound = container.add_stream("aac", rate=48000, layout=layout)
        for picture in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(video.encode(None))
        samples = np.repeat(pcm, 3)[None].repeat(len(sound.layout.channels), 0)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", layout)
        frame.sample_rate, frame.pts = 48000, 0
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


@pytest.mark.parametrize(("part", "kind"), [(0.02, "unreadable"), (0.2, "short")])
def test_of_a_video_cut_off_what_is_there_counts(talk_path, tmp_path, part, kind):
    content = talk_path.read_bytes()
    path = tmp_path / "a.mp4"
    path.write_bytes(content[: round(len(content) * part)])
    assert cut(path) == ([], [kind])


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_what_is_no_video_is_unreadable(tmp_path, content):
    (tmp_path / "a.mp4").write_bytes(content)
    assert cut(tmp_path / "a.mp4") == ([], ["unreadable"])


def test_sound_without_picture_is_unreadable(tmp_path, voice):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(voice[None, :16000], "fltp", "mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert cut(tmp_path / "a.mp4") == ([], ["unreadable"])


def test_a_missing_file_is_unreadable(tmp_path):
    (tmp_path / "t.csv").write_text("clip\ngone.mp4\n")
    assert cut(tmp_path / "t.csv") == ([], ["unreadable"])


def test_a_talk_is_one_clip_with_its_speech(talk_path):
    (clip,), rejects = cut(talk_path)
    assert rejects == []
    assert clip["seconds"] == pytest.approx(3.0)
    assert clip["audio"] == "speech"


def test_a_silent_video_is_kept_without_speech(talk, tmp_path):
    (clip,), _ = cut(write_talk(tmp_path / "a.mp4", talk[0], None))
    assert clip["audio"] == "none"


def test_sound_that_ends_early_is_no_speech(talk, tmp_path):
    frames, pcm = talk
    (clip,), _ = cut(with_sound(tmp_path / "a.mp4", frames, pcm[: len(pcm) // 3], "mono"))
    assert clip["seconds"] == pytest.approx(3.0)
    assert clip["audio"] == "none"


def test_sound_that_is_too_long_ends_with_the_picture(talk, tmp_path):
    frames, pcm = talk
    (clip,), _ = cut(with_sound(tmp_path / "a.mp4", frames, np.tile(pcm, 2), "mono"))
    assert clip["seconds"] == pytest.approx(3.0)
    assert clip["audio"] == "speech"


def test_four_channels_are_heard(talk, tmp_path):
    frames, pcm = talk
    (clip,), _ = cut(with_sound(tmp_path / "a.mp4", frames, pcm, "quad"))
    assert clip["audio"] == "speech"


def test_sixty_frames_a_second_become_twenty_five(talk, tmp_path):
    frames, _ = talk
    shown = frames[np.arange(180) * 25 // 60]
    times = [Fraction(i, 60) for i in range(180)]
    (clip,), _ = cut(write_pictures(tmp_path / "a.mp4", shown, times, 60))
    assert clip["seconds"] == pytest.approx(3.0, abs=0.05)


def test_eight_frames_a_second_are_too_few(talk, tmp_path):
    frames, _ = talk
    times = [Fraction(i, 8) for i in range(24)]
    clips, rejects = cut(write_pictures(tmp_path / "a.mp4", frames[::3][:24], times, 8))
    assert (clips, rejects) == ([], ["frozen"])


def test_a_variable_rate_is_followed(talk, tmp_path):
    frames, _ = talk
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.025, 0.055, len(frames)))
    coarse = [Fraction(round(float(t) * 1000), 1000) for t in times]
    (clip,), _ = cut(write_pictures(tmp_path / "a.mkv", frames, coarse))
    assert clip["seconds"] == pytest.approx(times[-1] - times[0], abs=0.2)


def test_a_phone_video_is_cut_upright(talk, tmp_path):
    frames, _ = talk
    turned = np.ascontiguousarray(np.rot90(frames[:40, :, 8:232], 1, (1, 2)))
    path = write_pictures(tmp_path / "a.mp4", turned, [Fraction(i, 25) for i in range(40)])
    set_rotation(path, (0, 1, -1, 0))
    (clip,), rejects = cut(path)
    assert rejects == []
    assert abs(clip["percentiles"]["pitch"][1]) < 20


def test_a_mistake_of_the_program_is_named_and_does_not_end_the_run(talk_path, monkeypatch):
    def mistaken(frames):
        raise IndexError("out of range")

    monkeypatch.setattr(cutting, "find_stretches", mistaken)
    assert cut(talk_path) == ([], ["failed"])


def test_a_full_disk_ends_the_run_and_is_not_held_against_the_video(talk_path, monkeypatch):
    def full(self, frame):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cutting, "_copied", lambda *_: False)
    monkeypatch.setattr(VideoWriter, "write", full)
    with pytest.raises(GiocondaError, match="No space left on device; make room"):
        cut(talk_path)
