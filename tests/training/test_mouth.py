"""States of mouths: what was drawn is found again, and learned."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gioconda import GiocondaError  # noqa: E402
from gioconda.data.clips import read_clips  # noqa: E402
from gioconda.data.heads.clips import PARTS  # noqa: E402
from gioconda.renderer.mouth import MouthInterior  # noqa: E402
from gioconda.renderer.mouth.geometric import GeometricMouth, face_of, skin_colour  # noqa: E402
from gioconda.renderer.mouth.interior import neutral_face  # noqa: E402
from gioconda.renderer.mouth.predictor import (  # noqa: E402
    frame_features,
    load_model,
    teeth_size,
    tones_in,
)
from gioconda.renderer.mouth.state import Mouth, MouthPose, Tones  # noqa: E402
from gioconda.renderer.mouth.trial import DROPS, JAWS, NAMED, Trial  # noqa: E402
from gioconda.renderer.warper import Warper  # noqa: E402
from gioconda.training.mouth_state.fitting import USUAL, Fitted, solve, try_parts  # noqa: E402
from gioconda.training.mouth_state.recipe import Recipe, learn, train_mouth  # noqa: E402
from tests.prepared import write_set  # noqa: E402

DROP = 3
OPENINGS = {0.12: 1, 0.2: 3, 0.3: 4, 0.4: 6}  # and which of the jaws goes with each


@pytest.fixture(scope="module")
def tried(portrait):
    """Frames whose mouths are drawn in a state that is known."""
    size = teeth_size(neutral_face(portrait))
    tones = tones_in(skin_colour(portrait), USUAL).astype(np.float32)
    drawn = MouthInterior(neutral_face(portrait), Mouth(float(DROPS[DROP]), size, Tones(*tones)))
    drawn.lighting = drawn.lighting._replace(lower_row=1.0)  # as real ones are lit
    named = MouthInterior(neutral_face(portrait), Mouth(0.0, size, NAMED))
    lower, found = portrait.basis.lower, []
    slope = portrait.basis.dynamics[lower][:, [14, 13], 1] @ [1, -1]
    for much, jaw in OPENINGS.items():
        dynamics = np.zeros(len(portrait.basis.dynamics), np.float32)
        dynamics[lower] = much * slope / (slope @ slope)
        frame = Warper(portrait).warp(portrait.pose, dynamics)
        frame = replace(frame, picture=frame.picture.copy())
        drawn.draw(frame, MouthPose(float(JAWS[jaw]), 0.0))
        found.append(Trial.of(frame, frame.picture, named))
    return found


def test_the_state_that_was_drawn_is_found_again(portrait, tried):
    usual = tones_in(skin_colour(portrait), USUAL)
    drop, tones, poses = solve(tried, usual)
    assert drop == DROP
    assert [jaw for jaw, _ in poses] == list(OPENINGS.values())
    np.testing.assert_allclose(tones, usual, atol=12)


def test_it_can_be_learned_from_these_frames_and_drawn(portrait, tried):
    skin = skin_colour(portrait)
    drop, tones, poses = solve(tried, tones_in(skin, USUAL))
    frames = [one.frame for one in tried]
    errors = [np.stack([one.errors(tones, i) for i in range(len(DROPS))]) for one in tried]
    fitted = Fitted(
        person=("a set", "somebody"),
        neutral=neutral_face(portrait),
        skin=skin,
        drop=float(DROPS[drop]),
        tones=tones,
        dynamics=np.stack([f.dynamics[portrait.basis.lower] for f in frames]),
        faces=np.stack([face_of(f) for f in frames]),
        turns=np.array([[f.head.yaw, f.head.pitch] for f in frames]),
        errors=np.stack(errors).astype(np.float32),
        flat=float(np.mean([one.real.var(0).mean() for one in tried])),
    )
    model, left = learn([fitted] * 3, Recipe(steps=300))
    assert left < 0.5
    features = frame_features(fitted.dynamics, fitted.faces, fitted.neutral, fitted.turns)
    jaws = [pose.jaw for pose in model.poses(features)]
    assert np.corrcoef(jaws, [JAWS[jaw] for jaw, _ in poses])[0, 1] > 0.9
    before = frames[2].picture.copy()
    GeometricMouth(portrait, model)(frames[2])
    assert (before != frames[2].picture).any()


def test_known_parts_tell_the_state_that_was_drawn(portrait, tried):
    size = teeth_size(neutral_face(portrait))
    drawn, interior = (
        MouthInterior(neutral_face(portrait), Mouth(drop, size, NAMED)) for drop in (DROPS[DROP], 0)
    )
    left = []
    for one, jaw in zip(tried, OPENINGS.values(), strict=True):
        frame, crop = one.frame, one.frame.picture.shape[:2]
        maps = drawn.maps(frame.mesh, frame.head, MouthPose(float(JAWS[jaw])), crop)
        known = np.ascontiguousarray(maps[: len(PARTS)].transpose(1, 2, 0))
        found = try_parts(frame, known, interior)
        left.append(np.stack([found.errors(np.eye(len(PARTS)), i) for i in range(len(DROPS))]))
    assert int(np.argmin(sum(each.min((1, 2)) for each in left))) == DROP
    assert [int(each[DROP].min(1).argmin()) for each in left] == list(OPENINGS.values())


def test_a_set_gives_a_model_and_one_of_small_faces_none(tmp_path, portrait, voice):
    clips = read_clips(write_set(tmp_path, portrait, voice), "train", tmp_path / "cache")
    file = tmp_path / "mouth-state.safetensors"
    facts = train_mouth(clips, Recipe(eyes=20, steps=10), file)
    assert facts["frames"] >= 3
    assert load_model(file).pose.shape[1] == 2
    with pytest.raises(GiocondaError, match="shows enough of a mouth"):
        train_mouth(clips, Recipe(eyes=1000), file)
