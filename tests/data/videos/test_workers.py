import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gioconda.data.videos import workers
from gioconda.data.videos.workers import run_here, run_ray
from gioconda.errors import GiocondaError


def square(number: int, deadly: bool, folder: Path) -> int:
    """The square of a number; the worker dies at a deadly one, but only if it is the first time."""
    tried = folder / f"tried-{number}"
    if deadly and not tried.exists():
        tried.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def kill_yourself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def work_or_die(seconds: float) -> float:
    """Work for some seconds; none at all is deadly, whenever it is tried."""
    if not seconds:
        time.sleep(0.1)
        kill_yourself()
    time.sleep(seconds)
    return seconds


def test_every_task_gives_its_result(tmp_path):
    tasks = [(i, False, tmp_path) for i in range(7)]
    assert dict(run_here(square, tasks, 2)) == {i: i * i for i in range(7)}


def test_a_task_whose_worker_dies_is_done_again(tmp_path):
    tasks = [(i, i == 3, tmp_path) for i in range(7)]
    assert dict(run_here(square, tasks, 2)) == {i: i * i for i in range(7)}


def test_a_task_that_always_kills_its_worker_is_given_up(monkeypatch):
    monkeypatch.setattr(workers, "_TRIES", 3)
    assert list(run_here(kill_yourself, [()], 1)) == [(0, None)]


def test_tasks_beside_one_that_always_kills_are_not_given_up(monkeypatch):
    monkeypatch.setattr(workers, "_TRIES", 3)
    assert dict(run_here(work_or_die, [(0,), (1,), (0.5,)], 2)) == {0: None, 1: 1, 2: 0.5}


def test_workers_end_when_nobody_waits_for_them():
    ended = run_here(time.sleep, [(0,), (60,)], 2)
    next(ended)
    ended.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 20
    while multiprocessing.active_children():
        assert time.monotonic() < deadline, "a worker lives on"
        time.sleep(0.1)


def test_a_mistake_in_a_task_is_not_hidden(tmp_path):
    with pytest.raises(TypeError):
        list(run_here(square, [("x", False, tmp_path)], 1))


def test_workers_end_when_their_parent_is_killed(tmp_path):
    code = (
        "import time; from gioconda.data.videos.workers import run_here\n"
        "if __name__ == '__main__': list(run_here(time.sleep, [(60,)], 1))"
    )
    script = tmp_path / "run.py"
    script.write_text(code)
    process = subprocess.Popen([sys.executable, script])
    workers = []
    while not workers and process.poll() is None:
        time.sleep(0.1)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        workers = [int(pid) for pid in children if b"spawn_main" in command(int(pid))]
    time.sleep(1)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while any(b"spawn_main" in command(pid) for pid in workers):
        assert time.monotonic() < deadline, "a worker lives on"
        time.sleep(0.2)


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_cluster_does_a_task_again_when_its_worker_dies(tmp_path):
    # In a process of its own: Ray leaves threads and warnings behind.
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from pathlib import Path
from gioconda.data.videos.workers import run_ray
from tests.data.videos.test_workers import square
tasks = [(i, i == 3, Path({str(tmp_path)!r})) for i in range(7)]
print(sorted(run_ray(square, tasks, "local")))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        env={
            **os.environ,
            "RAY_USAGE_STATS_ENABLED": "0",
            "PYTHONPATH": str(Path(__file__).parents[3]),
        },
    )
    assert done.stdout.splitlines()[-1:] == [str([(i, i * i) for i in range(7)])], done.stderr


def test_a_cluster_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(GiocondaError, match="pip install 'gioconda-portrait\\[ray\\]'"):
        list(run_ray(square, [], "127.0.0.1:1"))
