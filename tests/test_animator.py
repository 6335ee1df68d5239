import av
import numpy as np
import pytest

from gioconda import Animator, animate
from gioconda.errors import GiocondaError
from gioconda.media import read_image, read_video, write_image
from gioconda.provenance import find_mark, read_manifest
from tests.media.samples import write_sound


@pytest.fixture
def short(tmp_path, voice):
    """0.6 s of the voice."""
    part = voice[16000 : 16000 + 9600]
    return write_sound(tmp_path / "short.wav", part[None], 16000, "pcm_f32le", "mono", "flt")


def frames(portrait, voice, hop, seed=0):
    animator = Animator(portrait, seed=seed)
    made = [
        frame.copy()
        for begin in range(0, len(voice), hop)
        for frame in animator.append(voice[begin : begin + hop])
    ]
    return np.stack(made + [frame.copy() for frame in animator.finish()])


def test_pieces_of_sound_give_the_same_frames_as_all_at_once(portrait, voice):
    second = voice[:16000]
    whole = frames(portrait, second, len(second))
    assert len(whole) == 25
    np.testing.assert_array_equal(whole, frames(portrait, second, 777))


def test_one_seed_repeats_and_another_differs(portrait, voice):
    second = voice[:16000]
    first = frames(portrait, second, 16000, seed=1)
    np.testing.assert_array_equal(first, frames(portrait, second, 16000, seed=1))
    assert (first != frames(portrait, second, 16000, seed=2)).any()


def test_what_an_animator_gives_out_is_marked(portrait, voice):
    frame = next(iter(Animator(portrait).append(voice[:16000])))
    assert find_mark([frame]).id is not None


def test_a_plain_mouth_is_another(tmp_path, photo_path, voice_path):
    videos, marks = [], set()
    for plain in (False, True):
        file = tmp_path / f"{plain}.mp4"
        marks.add(animate(photo_path, voice_path, file, size=128, plain_mouth=plain).mark)
        videos.append(np.stack(list(read_video(file))[:50]).astype(int))
    changed = np.abs(videos[0] - videos[1]).mean((0, 3))
    assert changed.max() > 8
    assert np.median(changed) < 3  # their marks differ
    assert len(marks) == 2


@pytest.mark.parametrize("full", [False, True])
def test_animate_writes_a_video_as_long_as_the_voice(tmp_path, photo_path, voice_path, voice, full):
    output = tmp_path / "out.mp4"
    made = animate(photo_path, voice_path, output, size=128, full=full)
    assert made.frames == -(-len(voice) // 640)
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]
    manifest = read_manifest(output)
    assert manifest.state == "valid"
    assert manifest.output["mark"] == f"{made.mark:08x}"
    with av.open(output) as video:
        picture, sound = video.streams.video[0], video.streams.audio[0]
        seconds = float(picture.duration * picture.time_base)
        assert seconds == pytest.approx(len(voice) / 16000, abs=0.04)
        assert float(sound.duration * sound.time_base) == pytest.approx(seconds, abs=0.04)
        assert (picture.width, picture.height) == ((512, 512) if full else (128, 128))


@pytest.mark.parametrize("name", ["out.webm", "out/"])
def test_a_cut_out_says_what_it_does_not_hold_and_is_marked(tmp_path, photo_path, short, name):
    output = f"{tmp_path}/{name}"
    made = animate(
        photo_path,
        short,
        output,
        size=256,
        plain_mouth=True,
        background="transparent",
        badge=True,
    )
    file = tmp_path / name
    told = "no signed manifest" if name == "out.webm" else "no sound"
    assert told in (made.note or "")
    assert made.frames == 15
    if file.is_dir():
        found = [read_image(picture) for picture in sorted(file.iterdir())]
        assert read_manifest(file / "000001.png").output["mark"] == f"{made.mark:08x}"
    else:
        found = list(read_video(file))
    assert find_mark(found).id == made.mark


def test_a_picture_behind_is_told_by_its_hash(tmp_path, photo_path, short):
    behind = tmp_path / "beach.png"
    write_image(behind, np.full((90, 160, 3), (20, 90, 200), np.uint8))
    output = tmp_path / "out.mp4"
    animate(photo_path, short, output, size=128, plain_mouth=True, background=behind)
    frame = next(read_video(output))
    assert np.abs(frame[:8, :8].reshape(-1, 3).mean(0) - (20, 90, 200)).max() < 6
    said = read_manifest(output).output
    assert said["settings"]["background"] == "picture"
    assert set(said["hashes"]) >= {"background", "portrait", "voice"}
    same = behind.rename(tmp_path / "beach.webp")
    with pytest.raises(GiocondaError, match="both input and output"):
        animate(photo_path, short, same, background=same)


@pytest.mark.parametrize(
    ("name", "background", "told"),
    [
        ("out.mp4", "transparent", "mp4 cannot be transparent; expected .webm"),
        ("-", "transparent", "standard output cannot be transparent"),
        ("out.avi", None, "expected .mp4, .webm"),
        ("out.mp4", "beech", "is not a background"),
    ],
)
def test_what_cannot_be_made_is_told_before_the_work(photo_path, tmp_path, name, background, told):
    with pytest.raises(GiocondaError, match=told):
        animate(photo_path, tmp_path / "no.wav", name, background=background)
