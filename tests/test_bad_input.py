"""Bad input: one clear line, status 2, and no file left behind."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from gioconda.cli import main
from gioconda.media import VideoWriter


def write_wav(path, samples):
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(np.zeros(samples, np.int16).tobytes())


@pytest.fixture
def bad(tmp_path, photo_path, voice_path):
    """Inputs that cannot be used, and two good ones."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "text.jpg").write_text("this is no picture")
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    Image.new("RGB", (300, 300), "white").save(folder / "blank.png")
    (folder / "cut.jpg").write_bytes(photo_path.read_bytes()[:20000])
    write_wav(folder / "empty.wav", 0)
    write_wav(folder / "short.wav", 160)
    with VideoWriter(folder / "mute.mp4", 64, 64, None) as video:
        for _ in range(5):
            video.write(np.zeros((64, 64, 3), np.uint8))
    return {file.name: file for file in folder.iterdir()} | {
        "photo": photo_path,
        "voice": voice_path,
        "missing": folder / "missing.jpg",
    }


@pytest.mark.parametrize(
    ("photo", "audio", "says"),
    [
        ("missing", "voice", "does not exist"),
        ("photo", "missing", "does not exist"),
        ("text.jpg", "voice", "JPEG"),
        ("dot.png", "voice", "no face"),
        ("blank.png", "voice", "no face"),
        ("cut.jpg", "voice", "truncated"),
        ("photo", "empty.wav", "sound"),
        ("photo", "short.wav", "0.01"),
        ("photo", "mute.mp4", "sound"),
        ("photo", "text.jpg", "text.jpg"),
    ],
)
def test_an_input_that_cannot_be_used(bad, tmp_path, capsys, photo, audio, says):
    output = tmp_path / "out.mp4"
    status = main(["animate", str(bad[photo]), str(bad[audio]), "-o", str(output)])
    refused(capsys, status, says)
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(
    ("name", "says"), [("no/such/out.mp4", "folder"), ("out.avi", ".mp4"), ("in", "")]
)
def test_an_output_that_cannot_be_written(bad, tmp_path, capsys, name, says):
    output = str(tmp_path / name)
    status = main(["animate", str(bad["photo"]), str(bad["voice"]), "-o", output])
    refused(capsys, status, says)
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_write_protected(bad, tmp_path, capsys):
    tmp_path.chmod(0o500)
    output = str(tmp_path / "out.mp4")
    status = main(["animate", str(bad["photo"]), str(bad["voice"]), "-o", output])
    tmp_path.chmod(0o700)
    refused(capsys, status, "out.mp4")


def test_values_out_of_range(bad, tmp_path, capsys):
    line = ["animate", str(bad["photo"]), str(bad["voice"]), "-o", str(tmp_path / "out.mp4")]
    refused(capsys, main([*line, "--amplitude", "5"]), "amplitude")
    refused(capsys, main([*line, "--face", "7"]), "face")


@pytest.mark.parametrize(
    ("flag", "value", "says"),
    [
        ("--rate", "0", "0 is not a rate between 0 and 1"),
        ("--rate", "nan", "nan is not a rate"),
        ("--rate", "fast", "fast is not a rate"),
        ("--batch", "-1", "-1 is not a whole number above 0"),
        ("--pool", "2.5", "2.5 is not a whole number above 0"),
        ("--minutes", "nan", "nan is not a number of minutes"),
        ("--minutes", "-5", "-5 is not a number of minutes"),
    ],
)
def test_numbers_that_no_training_can_have(capsys, flag, value, says):
    with pytest.raises(SystemExit):
        main(["train", "renderer", "SET", "--checkpoint", "c.pt", "-o", "r.zip", f"{flag}={value}"])
    assert says in capsys.readouterr().err


def test_a_motion_file_that_is_none(bad, tmp_path, capsys):
    output = str(tmp_path / "out.mp4")
    refused(capsys, main(["render", str(bad["photo"]), str(bad["voice"]), "-o", output]), "motion")


def test_ctrl_c_in_the_middle(tmp_path, photo_path, voice_path):
    output = tmp_path / "out.mp4"
    code = "import sys; from gioconda.cli import main; sys.exit(main())"
    line = ["animate", str(photo_path), str(voice_path), "-o", str(output)]
    process = subprocess.Popen([sys.executable, "-c", code, *line], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)  # until the hidden file is there: frames are being written
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert error.decode().strip() == "gioconda: interrupted; no output was written"
    assert list(tmp_path.iterdir()) == []


def refused(capsys, status, says):
    captured = capsys.readouterr()
    lines = captured.err.strip().splitlines()
    assert status == 2
    assert len(lines) == 1
    assert lines[0].startswith("gioconda: error: ")
    assert says in lines[0]


def test_arguments_in_the_wrong_order(bad, tmp_path, capsys):
    photo, voice = str(bad["photo"]), str(bad["voice"])
    output = str(tmp_path / "out.mp4")
    for line in (["animate", voice, photo], ["animate", str(bad["mute.mp4"]), photo]):
        refused(capsys, main([*line, "-o", output]), "give the picture first, then the voice")
    np.savez(tmp_path / "in" / "m.npz", pose=np.zeros(3))
    line = ["render", str(tmp_path / "in" / "m.npz"), photo]
    refused(capsys, main([*line, "-o", output]), "give the picture first, then the motion file")


def test_an_address_in_place_of_a_file(bad, tmp_path, capsys):
    output = str(tmp_path / "out.mp4")
    for line in (
        ["https://example.org/a.jpg", str(bad["voice"])],
        [str(bad["photo"]), "http://a/b"],
    ):
        refused(capsys, main(["animate", *line, "-o", output]), "web address")


def test_an_output_that_is_an_input_stays_as_it_was(bad, tmp_path, capsys):
    own = bad["mute.mp4"]
    before = own.read_bytes()
    for line in (
        ["animate", str(bad["photo"]), str(own)],
        ["render", str(bad["photo"]), str(bad["text.jpg"]), "--audio", str(own)],
        ["track", str(own)],
        ["motion", str(own)],
        ["portrait", str(own)],
    ):
        refused(capsys, main([*line, "-o", str(own)]), "both input and output")
    assert own.read_bytes() == before


def test_names_that_begin_with_a_dash(bad, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path / "in")
    (tmp_path / "in" / "-photo.jpg").write_bytes(bad["photo"].read_bytes())
    (tmp_path / "in" / "-output.wav").write_bytes(bad["short.wav"].read_bytes())
    line = ["animate", "-photo.jpg", "-output.wav"]
    refused(capsys, main([*line, "-o", "-out.mp4"]), "-output.wav is 0.01")
    refused(capsys, main([*line, "-o-out.mp4"]), "-output.wav is 0.01")
    refused(
        capsys, main(["animate", "-no.jpg", "-no.wav", "-o", "a.mp4"]), "-no.wav does not exist"
    )


@pytest.mark.parametrize("shape", [(2, 3000, 3), (3000, 2, 3), (1, 500, 3)])
def test_a_thin_picture(bad, tmp_path, capsys, shape):
    Image.fromarray(np.full(shape, 90, np.uint8)).save(tmp_path / "in" / "thin.png")
    line = ["animate", str(tmp_path / "in" / "thin.png"), str(bad["voice"])]
    refused(capsys, main([*line, "-o", str(tmp_path / "out.mp4")]), "no face")


def test_a_motion_of_another_basis(bad, tmp_path, capsys):
    from gioconda.face.basis import released_basis
    from gioconda.motion import Motion

    for name, count in (("another", 32), (released_basis().name, 8)):
        pose, dynamics = np.zeros((3, 6), np.float32), np.zeros((3, count), np.float32)
        Motion(pose, dynamics, name).save(tmp_path / "m.npz")
        line = ["render", str(bad["photo"]), str(tmp_path / "m.npz")]
        refused(capsys, main([*line, "-o", str(tmp_path / "out.mp4")]), "basis")
