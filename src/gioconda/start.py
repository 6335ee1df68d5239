"""The start: what animating needs is loaded side by side, before it is asked for."""

import atexit
import gc
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from gioconda.machine import bound_heap, cores
from gioconda.once import once


def _load_mesh() -> None:
    from gioconda.face.networks import network

    network("face_landmark_with_attention")


def _load_detectors() -> None:
    from gioconda.face.networks import network

    network("face_detection_full_range_sparse")
    network("face_detection_short_range")
    network("selfie_segmentation")


@once
def _load_kernels() -> None:
    import gioconda.portrait  # noqa: F401, waits for what is needed first and without numba
    from gioconda.provenance.mark import load_kernels as load_mark
    from gioconda.renderer.kernels import load_kernels
    from gioconda.renderer.mouth.interior import load_kernels as load_mouth

    load_kernels()
    load_mark()
    load_mouth()
    if sys.modules.get("scipy", sys) is None:  # numba has seen that it is not there: see `lighten`
        del sys.modules["scipy"]


def _load_generator() -> None:
    from gioconda.generator.network import released_network

    released_network()


def _load_speech() -> None:
    from gioconda.generator.lips import load_lips
    from gioconda.speech.encoder import RECORDED, load_encoder

    load_encoder(None, RECORDED)
    load_lips()


def _load_calls() -> None:
    from gioconda.speech.encoder import load_encoder

    load_encoder(None, 1)


def _load_renderer() -> None:
    from gioconda.renderer.networks import load_released

    load_released()


# On a first run the kernels take as long to compile as all the networks, so they begin at once.
_ALL: Final = (
    _load_kernels,
    _load_mesh,
    _load_detectors,
    _load_generator,
    _load_speech,
    _load_renderer,
)


def lighten() -> None:
    """Makes the libraries that animating needs start and run lighter; to be called before they are
    imported.
    """
    bound_heap()
    # In matrices as small as here threads mostly wait for each other, on the cores that draw.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # What OpenCV does to a frame is too little for its second thread, which spins while it waits.
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")
    # What nothing here uses takes longer to import than the rest: OpenVINO's converter, and SciPy,
    # whose linear algebra numba offers to kernels where it is installed.
    for package in ("openvino.tools.ovc", "scipy"):
        sys.modules.setdefault(package, None)  # type: ignore[arg-type]
    # The libraries' objects stay to the end. They need not be searched for garbage over and over
    # while they come, nor when the process ends.
    gc.set_threshold(10_000)
    atexit.register(gc.freeze)


def warm_up() -> None:
    """Load and compile all that animating needs, and keep it in the user's cache.

    `animate` does this itself, beside its other work. Call it where waiting costs less than
    later: when a service starts, or once after the package was installed, so that nobody's first
    run compiles. Afterwards in this process the first frame of a portrait comes at once.

        gioconda.warm_up()

    It takes seconds the first time, and less than one when the cache is there.

    Raises:
        GiocondaError: if a model is missing, or is none.
    """
    _import_packages()
    with ThreadPoolExecutor(cores()) as pool:
        for done in [pool.submit(load) for load in (*_ALL, _load_calls)]:
            done.result()


def _import_packages() -> None:
    """Imports what imports modules of its own: before threads import these.

    Where one thread imports a package and another a module of it, Python 3.14 takes each to wait
    for the other, and gives up.
    """
    import gioconda.generator
    import gioconda.provenance
    import gioconda.renderer.mouth
    import gioconda.speech  # noqa: F401


@contextmanager
def loading(renderer: bool = True, listen: bool = False) -> Iterator[None]:
    """While the block runs, loads what it will need, in the order in which it will.

    What fails is left to whoever needs it. If the block fails, what has not begun is left.

    Args:
        renderer: whether the learned renderer is needed.
        listen: whether another voice is heard, as in a call.
    """
    loads: list[Callable[[], None]] = [
        load for load in _ALL if renderer or load is not _load_renderer
    ]
    if listen:
        loads.append(_load_calls)
    _import_packages()
    pool = ThreadPoolExecutor(cores())
    for load in loads:
        pool.submit(load)
    try:
        yield
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
