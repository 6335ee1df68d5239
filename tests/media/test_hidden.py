"""What killed runs leave beside videos, and how it goes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from gioconda.cache import UNUSED
from gioconda.machine import HAS_LOCKS
from gioconda.media import VideoWriter
from gioconda.media.hidden import HiddenFolder, sweep

pytestmark = pytest.mark.skipif(not HAS_LOCKS, reason="without locks nothing is removed")
KEY = "0123456789abcdef" * 2
KILLED = """
import os, signal, sys
import numpy as np
from gioconda.media import VideoWriter

with VideoWriter(sys.argv[1], 16, 16, None) as video:
    video.write(np.zeros((16, 16, 3), np.uint8))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def write(path):
    with VideoWriter(path, 16, 16, None) as video:
        video.write(np.zeros((16, 16, 3), np.uint8))


@pytest.mark.parametrize("name", ["killed.mp4", "killed/"])
def test_the_next_video_removes_what_a_killed_one_left(tmp_path, name):
    done = subprocess.run([sys.executable, "-c", KILLED, f"{tmp_path}/{name}"], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".gioconda-*"))) == 1
    write(tmp_path / "next.mp4")
    assert os.listdir(tmp_path) == ["next.mp4"]


def test_what_another_run_is_making_stays(tmp_path):
    with VideoWriter(tmp_path / "first.mp4", 16, 16, None) as first:
        first.write(np.zeros((16, 16, 3), np.uint8))
        write(tmp_path / "second.mp4")
    assert sorted(os.listdir(tmp_path)) == ["first.mp4", "second.mp4"]


def test_what_can_be_gone_on_with_stays_as_long_as_its_state_is_kept(tmp_path):
    kept = HiddenFolder(tmp_path / "v.mp4", KEY)
    with pytest.raises(BlockingIOError):
        HiddenFolder(tmp_path / "v.mp4", KEY)
    kept._lock.close()
    sweep(tmp_path)
    assert kept.path.is_dir()
    month_ago = time.time() - UNUSED - 10
    os.utime(kept.path, (month_ago, month_ago))
    sweep(tmp_path)
    assert not kept.path.exists()


def test_nothing_of_others_is_removed(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (tmp_path / f".gioconda-{KEY[:16]}").symlink_to(theirs)
    (tmp_path / ".gioconda-notes").mkdir()
    (tmp_path / f".gioconda-{KEY[:15]}0.mp4").touch()
    before = sorted(os.listdir(tmp_path))
    sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("plant", [Path.symlink_to, lambda lock, file: os.mkfifo(lock)])
def test_a_lock_that_somebody_has_planted_harms_nothing(tmp_path, plant):
    file = tmp_path / "file"
    file.write_text("whole")
    folder = tmp_path / f".gioconda-{KEY}"
    folder.mkdir()
    plant(folder / ".lock", file)
    month_ago = time.time() - UNUSED - 10
    os.utime(folder, (month_ago, month_ago))
    sweep(tmp_path)
    assert file.read_text() == "whole"


def test_folders_of_other_users_are_left_alone(tmp_path, monkeypatch):
    theirs = tmp_path / f".gioconda-{KEY[:16]}"
    theirs.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    sweep(tmp_path)
    assert not os.listdir(theirs)
    monkeypatch.undo()
    sweep(tmp_path)
    assert not theirs.exists()


def test_a_folder_is_held_until_it_has_gone(tmp_path, monkeypatch):
    folder = HiddenFolder(tmp_path / "v.mp4", KEY)
    remove = shutil.rmtree

    def removing(path, **options):
        with pytest.raises(BlockingIOError):
            HiddenFolder(tmp_path / "v.mp4", KEY)
        remove(path, **options)

    monkeypatch.setattr(shutil, "rmtree", removing)
    folder.remove()
    assert not folder.path.exists()


def test_a_name_that_no_file_can_have_is_passed_over():
    sweep(Path("no\0name"))


def test_runs_that_begin_while_another_sweeps_keep_their_folder(tmp_path):
    def begin(number):
        sweep(tmp_path)
        folder = HiddenFolder(tmp_path / f"{number}.mp4")
        (folder.path / "whole").touch()
        sweep(tmp_path)
        assert (folder.path / "whole").exists()
        folder.remove()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(begin, range(300)))
    assert not os.listdir(tmp_path)
