"""Everything is ready before it is asked for."""

import subprocess
import sys

from gioconda import Animator
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
    inside = shading.place, shading.light, shading.shrink, shading.between_lips, shading.lay
    loaded = {
        one: list(one.signatures)
        for one in (*drawing, *inside, kernels.fade, kernels._add, mark._add)
    }
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
