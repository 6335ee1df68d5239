"""Measures of what Gioconda makes; `gioconda evaluate` and `gioconda bench` print them.

generator.py    motion: lips.py, naturalness.py, silence.py, judge.py, on trials.py
performance.py  how far motion goes: articulation.py, shapes.py, head_movement.py; and whether
                the head listens: head_voice.py, head_judge.py
renderer.py     drawn frames against real ones; identity.py, reenactment.py
dials.py, provenance.py, attacks.py                is what was asked for there, and does it hold
speed.py, live.py, viewer.py                       how fast, and how soon
basis.py, speech.py, alignment.py, sync.py         the basis, the baseline, and prepared sets
results.py      start here: how results are named and written
"""
