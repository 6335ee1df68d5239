"""What is kept between runs: whole, private, and given up without a word where it cannot be."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from gioconda import cache
from gioconda.inference import compiled, kept_compiled, read_network, weights_file
from gioconda.once import once


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GIOCONDA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "networks"


def test_what_was_saved_is_loaded_again(folder):
    assert cache.load("a.blob") is None
    cache.save("a.blob", b"content")
    assert cache.load("a.blob") == b"content"
    assert [file.name for file in folder.iterdir()] == ["a.blob"]


def test_only_the_owner_can_read_the_cache(folder):
    cache.save("a.blob", b"content")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "a.blob").stat().st_mode & 0o777 == 0o600


def test_what_others_may_write_to_is_not_used(folder):
    cache.save("a.blob", b"content")
    folder.chmod(0o770)
    assert cache.load("a.blob") is None


@pytest.mark.parametrize("damage", [b"", b"\0" * 40])
def test_a_damaged_file_counts_as_none(folder, damage):
    cache.save("a.blob", b"content")
    (folder / "a.blob").write_bytes(damage)
    assert cache.load("a.blob") is None


def test_nothing_is_kept_where_it_is_switched_off(folder, monkeypatch):
    monkeypatch.setenv("GIOCONDA_CACHE", "off")
    cache.save("a.blob", b"content")
    assert cache.load("a.blob") is None
    assert not folder.exists()


def test_nothing_is_kept_where_nothing_can_be_written(folder):
    folder.parent.write_text("a file where a folder should be")
    cache.save("a.blob", b"content")
    assert cache.load("a.blob") is None


def test_what_was_not_used_for_a_month_goes(folder):
    for name in ("old.blob", "used.blob"):
        cache.save(name, b"content")
        then = time.time() - 31 * 24 * 3600
        os.utime(folder / name, (then, then))
    assert cache.load("used.blob") == b"content"
    cache.save("new.blob", b"content")
    assert {file.name for file in folder.iterdir()} == {"used.blob", "new.blob"}


def test_processes_that_save_at_once_leave_one_whole_file(folder):
    code = "from gioconda.cache import save\nfor _ in range(200): save('a.blob', b'content' * 9999)"
    writers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    while any(writer.poll() is None for writer in writers):
        assert cache.load("a.blob") in (None, b"content" * 9999)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert [file.name for file in folder.iterdir()] == ["a.blob"]


def test_a_kept_network_answers_as_one_that_was_compiled(folder):
    file = weights_file("lips.onnx")
    reads = []

    def read():
        reads.append(file)
        return read_network(file, "a network of lips")

    speech = np.linspace(-1, 1, 7 * 258, dtype=np.float32).reshape(1, 7, 258)
    asked = [speech, np.ones((1, 7), np.float32), np.zeros(2, np.float32)]
    fresh = compiled(file, "a network of lips")
    asked.append(np.zeros(fresh.input("state").shape, np.float32))
    wanted = fresh(asked)[0]
    for _ in range(3):
        network = kept_compiled(file, "", "a network of lips", read)
        np.testing.assert_array_equal(network(asked)[0], wanted)
    assert len(reads) == 1
    (blob,) = folder.iterdir()
    blob.write_bytes(blob.read_bytes()[:-1])
    kept_compiled(file, "", "a network of lips", read)
    assert len(reads) == 2


def test_networks_of_other_files_are_not_kept(folder, tmp_path):
    file = tmp_path / "lips.onnx"
    file.write_bytes(weights_file("lips.onnx").read_bytes())
    kept_compiled(file, "", "a network of lips", lambda: read_network(file, "a network of lips"))
    assert not folder.exists()


def test_one_thread_makes_what_several_ask_for_at_once():
    made = []

    @once
    def make(name):
        made.append(name)
        time.sleep(0.05)
        return [name]

    found = []
    threads = [threading.Thread(target=lambda: found.append(make("a"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["a"]
    assert all(one is found[0] for one in found)


def test_what_failed_is_tried_again():
    tries = []

    @once
    def make():
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("not yet")
        return 7

    with pytest.raises(ValueError, match="not yet"):
        make()
    assert [make(), make()] == [7, 7]
    assert len(tries) == 2
