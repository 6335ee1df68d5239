"""gioconda verify, as a user meets it."""

import json

import numpy as np
import pytest

from gioconda.cli import main
from gioconda.media import VideoWriter, write_image
from gioconda.provenance import Mark, Output


@pytest.fixture
def video(tmp_path, photo, photo_path):
    path = tmp_path / "talk.mp4"
    made = Output({"portrait": photo_path}, {}, consent="Ada said yes")
    with VideoWriter(path, 512, 512, None, made.sign) as writer:
        for _ in range(3):
            writer.write(made.mark(photo[:512, :512]))
    return path


def verify(capsys, *arguments):
    status = main(["verify", *map(str, arguments)])
    return status, capsys.readouterr().out


def test_a_signed_video(video, capsys):
    status, said = verify(capsys, video)
    assert status == 0
    assert said.startswith("talk.mp4 was made by Gioconda ")
    assert "Ada said yes" in said
    assert "local key" in said
    assert "invisible mark is in its pictures" in said
    assert said.count("\n") == 1


def test_a_changed_video(video, capsys):
    content = bytearray(video.read_bytes())
    content[-9] ^= 1
    video.write_bytes(content)
    status, said = verify(capsys, video, "--json")
    answer = json.loads(said)
    assert status == 3
    assert answer["answer"] == answer["manifest"]["state"] == "tampered"
    assert answer["mark"]["found"]


def test_a_folder_of_marked_pictures(tmp_path, photo, capsys):
    mark = Mark(0xABCDEF)
    for i in range(2):
        write_image(tmp_path / f"{i}.png", mark(photo[:512, :512]))
    status, said = verify(capsys, tmp_path, "--json")
    answer = json.loads(said)
    assert status == 0
    assert answer["answer"] == "marked"
    assert answer["mark"]["id"] == "00abcdef"
    assert answer["false_positive_rate"] <= 1e-5


def test_several_files_have_an_answer_each_and_the_highest_status(video, tmp_path, capsys):
    grey = tmp_path / "grey.png"
    write_image(grey, np.full((96, 96, 3), 127, np.uint8))
    status, said = verify(capsys, video, grey)
    assert status == 1
    assert [line.split()[0] for line in said.splitlines()] == ["talk.mp4", "grey.png"]

    gone = tmp_path / "gone.mp4"
    status, said = verify(capsys, grey, gone, video, "--json")
    assert status == 2
    found = [(one["file"], one["answer"]) for one in json.loads(said)]
    assert found == [(str(grey), "not found"), (str(video), "signed")]


def test_something_else(tmp_path, capsys):
    write_image(tmp_path / "grey.png", np.full((96, 96, 3), 127, np.uint8))
    status, said = verify(capsys, tmp_path / "grey.png")
    assert status == 1
    assert "not known" in said


def test_what_cannot_be_read(tmp_path, capsys):
    assert main(["verify", str(tmp_path / "none.mp4")]) == 2
    assert main(["verify", str(tmp_path)]) == 2
    (tmp_path / "text.mp4").write_text("words")
    assert main(["verify", str(tmp_path / "text.mp4")]) == 2
    assert capsys.readouterr().err.count("gioconda: error") == 3
