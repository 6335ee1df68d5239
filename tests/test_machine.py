"""What Linux alone has is not needed: another system is imitated by taking it away."""

import os
import subprocess
import sys

import pytest

from gioconda import machine
from gioconda.machine import lock

_ELSEWHERE = """
import asyncio, os, sys
for name in ("fcntl", "resource", "grp", "termios"):
    sys.modules[name] = None
for name in ("sched_getaffinity", "geteuid", "getuid", "O_NOFOLLOW", "O_DIRECTORY"):
    delattr(os, name)
os.process_cpu_count = os.cpu_count  # as Python has it there
"""
_ANIMATE = """
import wave
from pathlib import Path
import gioconda
from gioconda import example, provenance
from gioconda.cache import cache_folder
assert cache_folder()
with wave.open("voice.wav", "wb") as file:
    file.setparams((1, 2, 16000, 0, "NONE", ""))
    file.writeframes((example.voice(0.5) * 32767).astype("int16").tobytes())
gioconda.animate(example.PHOTO, "voice.wav", "out.mp4", size=64)
provenance.audit.log_output(Path("log"), 1, "", "")
assert Path("log").read_text().endswith('"client": ""}\\n')
"""
_SERVE = """
from gioconda.live.app import make_app
from gioconda.live.folders import OwnFolder
folder = OwnFolder()
assert folder.path.is_dir()
folder.close()
assert not folder.path.exists()
"""


_THREADS = """
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from gioconda import Animator, example, make_portrait
from gioconda.machine import bound_heap

bound_heap()
portrait = make_portrait(example.photo(), 512)

def memory():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

def make(times):
    for _ in range(times):
        with ThreadPoolExecutor(1) as thread:
            thread.submit(Animator, portrait).result()

make(2)
before = memory()
make(8)
print(memory() - before)
"""


_FREED = """
from pathlib import Path
from gioconda.machine import give_back

def memory():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

pieces = [bytes(100_000) for _ in range(2000)]  # 190 MiB, too small each to be mapped alone
last = bytes(100_000)  # on top of the heap, which cannot shrink
del pieces
before = memory()
give_back()
print(before - memory())
"""


def run(code, folder):
    return subprocess.run(
        [sys.executable, "-c", _ELSEWHERE + code],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder), "XDG_DATA_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_video_is_made_without_what_linux_alone_has(tmp_path):
    done = run(_ANIMATE, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out.mp4").stat().st_size > 1000


def test_a_server_needs_nothing_that_linux_alone_has(tmp_path):
    pytest.importorskip("fastapi", reason="the extra live is not installed")
    done = run(_SERVE, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_is_held_by_one(tmp_path):
    if not machine.HAS_LOCKS:
        pytest.skip("this system has no locks")
    with open(tmp_path / "held", "w") as first, open(tmp_path / "held", "w") as second:
        lock(first.fileno())
        with pytest.raises(BlockingIOError):
            lock(second.fileno())


def test_there_are_cores():
    assert 1 <= machine.cores() <= (os.cpu_count() or 1)


def test_nothing_is_sent_to_anybody(tmp_path):
    """OpenVINO reports to its maker that it was imported, and keeps a number for this user."""
    elsewhere = {
        name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD")
    }
    code = (
        "import gioconda.inference, openvino.tools.ovc.telemetry_utils as u; print(u.tm.__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**elsewhere, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "openvino.tools.ovc.telemetry_stub\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_threads_that_come_and_go_keep_no_memory():
    done = subprocess.run([sys.executable, "-c", _THREADS], capture_output=True, check=True)
    assert float(done.stdout) < 60  # MiB; 230 with arenas of their own


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_freed_memory_is_given_back():
    done = subprocess.run([sys.executable, "-c", _FREED], capture_output=True, check=True)
    assert float(done.stdout) > 100  # MiB
