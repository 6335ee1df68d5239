"""Several videos by one command."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from gioconda.cli import main
from gioconda.media import read_video
from gioconda.provenance import read_manifest
from tests.media.samples import write_sound


@pytest.fixture
def voices(tmp_path, voice):
    files = [tmp_path / "one.wav", tmp_path / "two.wav"]
    for i, file in enumerate(files):
        part = voice[16000 * i :][:9600]
        write_sound(file, part[None], 16000, "pcm_f32le", "mono", "flt")
    return files


def frames(file):
    return np.stack(list(read_video(file)))


def test_several_voices_make_what_single_commands_make(tmp_path, photo_path, voices):
    folder = tmp_path / "videos" / "new"
    common = ["--size", "128", "--seed", "3"]
    assert main(["animate", str(photo_path), *map(str, voices), "-o", str(folder), *common]) == 0
    assert sorted(file.name for file in folder.iterdir()) == ["one.mp4", "two.mp4"]
    for voice in voices:
        single = tmp_path / f"single-{voice.stem}.mp4"
        assert main(["animate", str(photo_path), str(voice), "-o", str(single), *common]) == 0
        many = folder / f"{voice.stem}.mp4"
        np.testing.assert_array_equal(frames(many), frames(single))
        assert read_manifest(many).output["mark"] == read_manifest(single).output["mark"]


@pytest.mark.slow
def test_ray_makes_the_same_videos(tmp_path, photo_path, voices, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("GIOCONDA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    line = [sys.executable, "-c", "import sys; from gioconda.cli import main; sys.exit(main())"]
    line += ["animate", str(photo_path), *map(str, voices), "--size", "128", "-o"]
    for folder, how in (("here", []), ("ray", ["--ray", "local"])):
        subprocess.run([*line, folder, *how], cwd=tmp_path, check=True, timeout=500)
    for voice in voices:
        made = [tmp_path / folder / f"{voice.stem}.mp4" for folder in ("here", "ray")]
        np.testing.assert_array_equal(*map(frames, made))


def test_a_table_names_photos_voices_and_videos(tmp_path, photo_path, voices, capsys):
    shutil.copy(photo_path, tmp_path / "face.jpg")
    table = tmp_path / "pairs.csv"
    table.write_text("photo,voice,output\nface.jpg,one.wav,first.mp4\nface.jpg,two.wav,\n")
    folder = tmp_path / "videos"
    line = ["animate", "--pairs", str(table), "-o", str(folder), "--size", "128"]
    assert main([*line, "--workers", "2"]) == 0
    assert sorted(file.name for file in folder.iterdir()) == ["face-two.mp4", "first.mp4"]
    assert capsys.readouterr().out.startswith("2 videos, 1.2 s in ")


def test_several_videos_may_be_of_another_format(tmp_path, photo_path, voices):
    folder = tmp_path / "videos"
    line = ["animate", str(photo_path), *map(str, voices), "-o", str(folder), "--size", "64"]
    line += ["--plain-mouth", "--workers", "1", "--background", "transparent"]
    assert main([*line, "--format", "gif"]) == 0
    assert sorted(file.name for file in folder.iterdir()) == ["one.gif", "two.gif"]
    assert main([*line, "--format", "png"]) == 0
    assert len(list((folder / "two").iterdir())) == 15


def test_the_format_of_one_video_is_said_by_its_name(photo_path, voices, capsys):
    line = ["animate", str(photo_path), str(voices[0]), "-o", "a.mp4", "--format", "gif"]
    assert main(line) == 2
    assert "the name after --output sets" in capsys.readouterr().err


def test_what_is_said_does_not_mix_with_a_video_on_standard_output(photo_path, voices, capfdbinary):
    line = ["animate", str(photo_path), str(voices[0]), "-o", "-", "--size", "64"]
    assert main([*line, "--plain-mouth"]) == 0
    out, err = capfdbinary.readouterr()
    assert out[4:8] == b"ftyp"
    assert b"s of video" not in out
    assert b"no signed manifest" in err
    assert b"0.6 s of video" in err


def test_several_videos_do_not_become_a_folder_that_looks_like_one(
    tmp_path, photo_path, voices, capsys
):
    line = ["animate", str(photo_path), *map(str, voices), "-o", str(tmp_path / "all.mp4")]
    assert main(line) == 2
    assert "all.mp4 is to hold several videos" in capsys.readouterr().err
    assert not (tmp_path / "all.mp4").exists()


def test_one_bad_voice_is_told_and_the_others_are_made(tmp_path, photo_path, voices, capsys):
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    folder = tmp_path / "videos"
    line = ["animate", str(photo_path), str(bad), str(voices[0]), "-o", str(folder)]
    assert main([*line, "--size", "128", "--workers", "1"]) == 2
    assert [file.name for file in folder.iterdir()] == ["one.mp4"]
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith(f"gioconda: error: {folder / 'bad.mp4'}: {bad}")
    assert told[1] == "gioconda: error: 1 of 2 videos were not made; see above"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("", "has no pair"),
        ("photo,voice\n", "has no pair"),
        ("photo,voice\na.jpg,\n", "has no photo or no voice in line 2"),
        ("photo,sound\na.jpg,b.wav\n", "has the columns photo, sound; expected photo,voice"),
        ("photo;voice\na.jpg;b.wav\n", "has the columns photo;voice; expected photo,voice"),
        ("photo,voice\na/x.jpg,b.wav\nb/x.jpg,b.wav\n", "2 videos would be called"),
    ],
)
def test_a_table_that_is_none_is_told(tmp_path, capsys, table, told):
    file = tmp_path / "pairs.csv"
    file.write_text(table)
    assert main(["animate", "--pairs", str(file), "-o", str(tmp_path / "videos")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "videos").exists()


def test_a_table_comes_in_place_of_photo_and_voice(tmp_path, photo_path, voices, capsys):
    line = ["animate", "--pairs", "pairs.csv", str(photo_path), str(voices[0]), "-o", "videos"]
    assert main(line) == 2
    assert "give one or the other" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["animate", str(photo_path), "-o", "video.mp4"])
