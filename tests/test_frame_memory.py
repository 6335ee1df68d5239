import tracemalloc

from gioconda import example
from gioconda.generator import Generator
from gioconda.media.pixels import coder
from gioconda.portrait import make_portrait
from gioconda.provenance import Mark
from gioconda.renderer import Renderer

SIDE = 1080
WARM = 6  # frames after which all memory that is kept is there


def test_no_step_of_a_large_frame_takes_half_as_much_memory_as_the_frame():
    portrait = make_portrait(example.photo(), SIDE)
    renderer, mark = Renderer(portrait), Mark(0)
    code = coder("yuv420p", (SIDE, SIDE, 3), 3)
    motion = Generator().append(example.voice(1))
    moves = list(zip(motion.pose + portrait.pose, motion.dynamics, strict=True))

    def steps(index):
        pose, dynamics = moves[index]
        warped = renderer.warp(pose, dynamics, index % 3)
        yield "warp"
        drawn = renderer.draw(warped)
        yield "draw"
        marked = mark(drawn, renderer.changed)
        yield "mark"
        code(marked, mark.changed)
        yield "code"

    for index in range(WARM):
        list(steps(index))
    peaks = {}
    tracemalloc.start()
    try:
        for index in range(WARM, len(moves)):
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            for step in steps(index):
                peaks[step] = max(peaks.get(step, 0), tracemalloc.get_traced_memory()[1] - before)
                before, _ = tracemalloc.get_traced_memory()
                tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()
    assert len(moves) > WARM
    assert all(peak < SIDE * SIDE * 3 / 2 for peak in peaks.values()), peaks
