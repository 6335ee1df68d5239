"""Many videos on many processor cores, of one machine or of a Ray cluster.

A task writes its own result into a file, whole or not at all. A worker may be killed at any
time: its task is done again.
"""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from typing import Any, Final, TypeVar

import cv2

from gioconda.errors import GiocondaError

Result = TypeVar("Result")
_TRIES: Final = 10  # of a task whose worker dies
_TOGETHER: Final = 2  # of these with other tasks, which may be the ones that kill it
_WAITING: Final = 2  # tasks for each worker that are handed out ahead


def run_here(
    task: Callable[..., Result], arguments: Sequence[tuple[Any, ...]], processes: int
) -> Iterator[tuple[int, Result | None]]:
    """Run a task for each of many arguments, in processes of this machine.

    Yields the index of each as it ends, and its result: None if its worker died again and again.
    """
    waiting = list(range(len(arguments)))[::-1]
    deaths = [0] * len(arguments)

    def most(running: Collection[int]) -> int:
        """Tasks to be handed out at a time: one if it may be that which kills the workers."""
        alone = any(deaths[index] >= _TOGETHER for index in (waiting[-1], *running))
        return 1 if alone else processes * _WAITING

    while waiting:
        pool = ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn"), _begin, (os.getpid(),)
        )
        running: dict[Future[Result], int] = {}
        try:
            while waiting or running:
                while waiting and len(running) < most(running.values()):
                    index = waiting.pop()
                    running[pool.submit(task, *arguments[index])] = index
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    result = future.result()
                    yield running.pop(future), result
        except BrokenProcessPool:
            for index in sorted(running.values(), reverse=True):
                deaths[index] += 1
                if deaths[index] < _TRIES:
                    waiting.append(index)
                else:
                    yield index, None
        finally:
            workers = list((pool._processes or {}).values())  # which shutdown forgets
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in workers:
                worker.terminate()


def _begin(parent: int) -> None:
    """Prepare a worker: one thread, and an end when its parent has gone."""
    cv2.setNumThreads(1)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def run_ray(
    task: Callable[..., Result], arguments: Sequence[tuple[Any, ...]], address: str
) -> Iterator[tuple[int, Result | None]]:
    """As `run_here`, on a Ray cluster; see https://docs.ray.io.

    All machines must see the same files under the same names, and have this package. Workers have
    the variables GIOCONDA_* of this process.

    Args:
        address: of the cluster, as `ray.init` takes it; "local" starts one on this machine.

    Raises:
        GiocondaError: if Ray is not installed or the cluster cannot be reached.
    """
    try:
        ray: Any = import_module("ray")
    except ModuleNotFoundError as error:
        raise GiocondaError(
            "--ray needs the package ray; pip install 'gioconda-portrait[ray]'"
        ) from error
    try:
        own = {name: v for name, v in os.environ.items() if name.startswith("GIOCONDA_")}
        environment = {"env_vars": own} if own else None
        ray.init(address=address, log_to_driver=False, runtime_env=environment)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise GiocondaError(f"no Ray cluster answers at '{address}' ({error})") from error
    try:
        killed = (
            ray.exceptions.WorkerCrashedError,
            ray.exceptions.OutOfMemoryError,
            ray.exceptions.NodeDiedError,
        )
        remote = ray.remote(num_cpus=1, max_retries=_TRIES)(task)
        waiting = list(range(len(arguments)))[::-1]
        running: dict[Any, int] = {}
        while waiting or running:
            cores = int(ray.cluster_resources().get("CPU", 1))
            while waiting and len(running) < cores * _WAITING:
                index = waiting.pop()
                running[remote.remote(*arguments[index])] = index
            done, _ = ray.wait(list(running))
            for reference in done:
                index = running.pop(reference)
                try:
                    result = ray.get(reference)
                except killed:
                    result = None
                yield index, result
    finally:
        ray.shutdown()
