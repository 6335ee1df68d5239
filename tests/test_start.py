"""Everything is ready before it is asked for."""

import subprocess
import sys
import time

import pytest

from gioconda import Animator
from gioconda.once import ahead
from gioconda.provenance import mark
from gioconda.renderer import kernels
from gioconda.renderer.mouth import interior, shading

_LOADED = """
import gioconda
gioconda.warm_up()
from gioconda import cache, example, inference
def late(*_): raise AssertionError("a network was loaded late")
inference.compiled = cache.load = late
portrait = gioconda.make_portrait(example.photo(), 128)
print(len(list(gioconda.Animator(portrait).speak(example.voice(0.5)))))
"""


def test_after_a_warm_up_nothing_is_compiled():
    done = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, check=False
    )
    assert done.stdout == "13\n", done.stderr


def test_kernels_are_loaded_for_the_arrays_that_frames_are_drawn_in(portrait, voice):
    kernels.load_kernels()
    mark.load_kernels()
    interior.load_kernels()
    drawing = kernels.rasterise, kernels.rasterise_values, kernels.compose, kernels.soften
    moving = kernels.cover, kernels.clear
    inside = shading.place, shading.light, shading.shrink, shading.between_lips, shading.lay
    loaded = {one: list(one.signatures) for one in (*moving, *drawing, *inside, mark._add)}
    list(Animator(portrait).speak(voice[:3200]))
    for kernel, signatures in loaded.items():
        assert kernel.signatures == signatures


def test_help_imports_nothing_heavy():
    code = (
        "import sys, gioconda.cli as cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'openvino', 'cv2', 'numba', 'av', 'rich', 'yaml'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_things_are_made_ahead_in_their_order_and_not_too_many():
    made = []

    def things():
        for number in range(10):
            made.append(number)
            yield number

    numbers = ahead(things(), 2)
    assert next(numbers) == 0
    time.sleep(0.1)
    assert made == [0, 1, 2]
    assert list(numbers) == list(range(1, 10))


def test_an_error_ahead_comes_where_the_thing_would():
    def things():
        yield 1
        raise ValueError("no more")

    numbers = ahead(things(), 3)
    assert next(numbers) == 1
    with pytest.raises(ValueError, match="no more"):
        next(numbers)


_PACKAGES = """
import sys
from pathlib import Path
from gioconda.start import _import_packages

def packages():
    found = {n for n, m in sys.modules.items() if n.startswith("gioconda.") and m and m.__spec__}
    return {n for n in found if sys.modules[n].__spec__.submodule_search_locations}

def imports(name):
    return "import " in Path(sys.modules[name].__file__).read_text()

_import_packages()
before = packages()
import gioconda.animator
print(*(name for name in packages() - before if imports(name)))
"""


def test_packages_are_imported_before_threads_import_their_modules():
    """Else Python 3.14 ends in a deadlock of the two imports."""
    done = subprocess.run(
        [sys.executable, "-c", _PACKAGES], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
