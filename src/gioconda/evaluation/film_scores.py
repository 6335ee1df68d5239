"""The figures of one finished video, each by a judge that needs nothing but video and voice.

docs/evaluation.md defines them. A figure that cannot be told of a video is NaN.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from gioconda.data.samples.prosody import prosody
from gioconda.errors import GiocondaError
from gioconda.evaluation import film_pictures
from gioconda.evaluation.articulation import articulation, in_blinks
from gioconda.evaluation.blendshape_reader import NAMES, BlendshapeReader
from gioconda.evaluation.film_pictures import PictureScores
from gioconda.evaluation.films import Film
from gioconda.evaluation.head_judge import LEAST, HeadJudge, released_head_judge
from gioconda.evaluation.head_movement import head_movement
from gioconda.evaluation.identity import Recogniser
from gioconda.evaluation.judge import SyncJudge, released_judge
from gioconda.evaluation.lips import best_lag, lag_curve
from gioconda.evaluation.naturalness import PersonMotion, measure_movement
from gioconda.evaluation.picture_features import PictureFeatures
from gioconda.evaluation.results import EYES, measure
from gioconda.evaluation.speech import correlation
from gioconda.evaluation.windows import WINDOW, windows
from gioconda.face import measure as face
from gioconda.face import topology
from gioconda.face.basis import released_basis
from gioconda.media import FPS
from gioconda.motion import Motion
from gioconda.speech import listen

_SHIFTED: Final = 4  # frames by which the sound is moved for the margin
_QUIET: Final = 2  # frames of silence before and after one that counts as silent
_LOW: Final = 0.8  # of the usual opening of the lids
_SWAY: Final = FPS  # frames whose mean is the head's place
_ASKED: Final = 5  # one frame in so many is shown to the blendshapes

_FAR: Final = ("opening", "median", "width", "advance", "brows")  # of `Articulation`

_T = TypeVar("_T")


@dataclass(frozen=True)
class Judges:
    """Who judges; those that are not installed are None."""

    sync: SyncJudge | None = None
    head: HeadJudge | None = None
    recogniser: Recogniser | None = None
    features: PictureFeatures | None = None
    blendshapes: BlendshapeReader | None = None
    missing: list[str] = field(default_factory=list)  # why

    @staticmethod
    def installed(sync: Path | None = None, landmarker: Path | None = None) -> "Judges":
        """All that are there.

        Args:
            sync: the sync judge's file, where this runs from no checkout.
            landmarker: MediaPipe's `face_landmarker.task`, for the blendshapes.
        """
        missing: list[str] = []

        def there(make: Callable[[], _T]) -> _T | None:
            try:
                return make()
            except GiocondaError as error:
                missing.append(str(error))
                return None

        head = released_head_judge()
        if head is None:
            missing.append("the head judge is in the checkout's assets only")
        return Judges(
            sync=there(lambda: SyncJudge(released_judge(sync))),
            head=HeadJudge(head) if head else None,
            recogniser=there(Recogniser),
            features=there(PictureFeatures),
            blendshapes=BlendshapeReader(landmarker) if landmarker else None,
            missing=missing,
        )


@dataclass(frozen=True)
class FilmScores(PictureScores):
    """All figures of a video; means over its frames unless they say otherwise."""

    sync: float = measure("sync judge, score", form=".3f", default=nan)
    sync_margin: float = measure("  over sound moved by 4 frames", form=".3f", default=nan)
    met: float = measure("lips meet in p, b, m", "%", ".0f", default=nan)
    met_shut: float = measure("  where the portrait's lips meet", "%", ".0f", default=nan)
    met_open: float = measure("  where they are apart", "%", ".0f", default=nan)
    vowels_met: float = measure("lips meet in vowels", "%", ".0f", default=nan)
    portrait: float = measure("mouth opening of the portrait", EYES, default=nan)
    r_opening: float = measure("mouth opening, r with the real one", default=nan)
    r_width: float = measure("mouth width, r with the real one", default=nan)
    lag: float = measure("lips come late by", "frames", "+.2f", default=nan)
    opening: float = measure("mouth opening, spread", EYES, default=nan)
    median: float = measure("mouth opening, median", EYES, default=nan)
    width: float = measure("mouth width, spread", EYES, default=nan)
    advance: float = measure("lip advance, spread", EYES, default=nan)
    lip_jerk: float = measure("lip jerk", "eye distances/s³", ".3g", default=nan)
    tremble: float = measure("lips tremble in silence", f"{EYES} a frame", ".3f", default=nan)
    lip_pop: float = measure("lips pop, farthest out of place", EYES, default=nan)
    brows: float = measure("brow height, spread", EYES, default=nan)
    low_lids: float = measure("lids under 80 % outside blinks", "% of frames", ".1f", default=nan)
    blinks: float = measure("blinks", "a minute", ".1f", default=nan)
    gaze_shifts: float = measure("gaze shifts", "a minute", ".1f", default=nan)
    yaw: float = measure("head yaw, spread in 3 s", "degrees", default=nan)
    pitch: float = measure("head pitch, spread in 3 s", "degrees", default=nan)
    roll: float = measure("head roll, spread in 3 s", "degrees", default=nan)
    head_speed: float = measure("head speed", "degrees a frame", ".3f", default=nan)
    head_jerk: float = measure("head jerk", "degrees/s³", ".0f", default=nan)
    pose_change: float = measure("dP, change of the pose's angles", "degrees a frame", ".3f", nan)
    sway: float = measure("sway, spread of the head's mean over a second", "degrees", ".2f", nan)
    head_voice: float = measure("head judge, score in videos of 8 s", form=".3f", default=nan)
    jaw_seen: float = measure("jaw open by blendshapes, spread", form=".3f", default=nan)
    eyes_seen: float = measure("eyes shut by blendshapes, mean", form=".3f", default=nan)
    gaze_seen: float = measure("gaze by blendshapes, spread", form=".3f", default=nan)


def score_film(seen: Film, judges: Judges, real: Film | None = None) -> FilmScores:
    """The figures of a video, but for those of phones, which need all real videos.

    Args:
        seen: the video.
        judges: who judges.
        real: the real video of the same voice, where there is one; not for the real one itself.
            Its first frame is the portrait.
    """
    reference = real or seen
    return FilmScores(
        **lip_figures(seen.motion, seen.faces, seen.pcm, judges.sync),
        **_against(seen, real),
        **_face_figures(seen),
        portrait=100 * float(face.mouth_opening(reference.faces[:1])[0]),
        **head_figures(seen.motion, seen.pcm, judges.head),
        **_seen_figures(seen, judges.blendshapes),
        **vars(film_pictures.picture_scores(seen, reference, judges.recogniser)),
    )


def lip_figures(
    motion: Motion,
    faces: NDArray[np.floating],
    pcm: NDArray[np.float32],
    judge: SyncJudge | None,
) -> dict[str, float]:
    """What the lips do with the sound."""
    found = {}
    if judge:
        scores = judge.scores(pcm, motion.dynamics[:, released_basis().lower])
        found = {"sync": float(scores[0]), "sync_margin": float(scores[0] - scores[_SHIFTED])}
    lips = faces[:, topology.LIPS, :2].astype(np.float64)
    quiet = silent_frames(pcm)
    bend = np.linalg.norm(lips[1:-1] - (lips[:-2] + lips[2:]) / 2, axis=-1).mean(1)
    if quiet[1:-1].any():
        found["tremble"] = 100 * float(bend[quiet[1:-1]].mean())
    return found | {"lip_pop": 100 * float(out_of_place(lips).max())}


def out_of_place(lips: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the lips are from where the two frames before and after put them, (T - 4,).

    That is on the cubic through them; less half the way between its neighbours, for quick lips bend
    as well. Of what was tried on people of the training split it notices most frames out of place.

    Args:
        lips: (T, N, 2) points, T at least 5.
    """
    cubic = (-lips[:-4] + 4 * lips[1:-3] + 4 * lips[3:-1] - lips[4:]) / 6
    off, way = lips[2:-2] - cubic, lips[3:-1] - lips[1:-3]
    return np.asarray(
        np.linalg.norm(off, axis=-1).mean(1) - np.linalg.norm(way, axis=-1).mean(1) / 2
    )


def silent_frames(pcm: NDArray[np.float32]) -> NDArray[np.bool_]:
    """In which frames (T,) no voice sounds, nor in two before and after."""
    voice = listen(pcm).voice.astype(bool)
    reach = np.ones(2 * _QUIET + 1)
    return np.asarray(np.convolve(voice, reach, "same") == 0)


def head_figures(
    motion: Motion, pcm: NDArray[np.float32], judge: HeadJudge | None
) -> dict[str, float]:
    """How the head moves, and whether with the voice."""
    turns = np.degrees(motion.pose[:, :3].astype(np.float64))
    found = {"pose_change": float(np.abs(np.diff(turns, axis=0)).mean())}
    if len(motion) < WINDOW:
        return found
    means = np.stack([np.convolve(one, np.ones(_SWAY) / _SWAY, "valid") for one in turns.T], 1)
    moved = head_movement([PersonMotion("", motion, np.empty(0, np.float32))])
    found |= {"sway": float(np.sqrt((means.std(0) ** 2).sum()))}
    found |= {name: getattr(moved, name) for name in ("yaw", "pitch", "roll")}
    found |= {"head_speed": moved.speed, "head_jerk": moved.jerk}
    if judge and len(motion) >= LEAST:
        sound = prosody(pcm)[: len(motion)]
        cuts = windows(len(motion))
        heads, sounds = (np.stack([rows[cut] for cut in cuts]) for rows in (motion.pose, sound))
        found["head_voice"] = float(np.diag(judge.scores(heads, sounds)).mean())
    return found


def _face_figures(seen: Film) -> dict[str, float]:
    """Brows, lids, and how far and how smoothly the lips go."""
    far = articulation(seen.motion, seen.neutral, seen.basis)
    moved = measure_movement([PersonMotion("", seen.motion, seen.neutral)], seen.basis)
    lids = face.lid_opening(seen.faces)
    apart, both = ~in_blinks(lids), lids.mean(1)
    found = {name: getattr(far, name) for name in _FAR}
    found |= {name: getattr(moved, name) for name in ("lip_jerk", "blinks", "gaze_shifts")}
    if apart.any():
        low = both[apart] < _LOW * np.median(both[apart])
        found["low_lids"] = 100 * float(low.mean())
    return found


def _against(seen: Film, real: Film | None) -> dict[str, float]:
    """The lips against those of the real video, frame by frame."""
    if real is None:
        return {}
    count = min(len(seen), len(real))
    made, true = ((face.mouth_opening(one.faces)[:count]) for one in (seen, real))
    wide, wanted = (face.lip_shape(one.faces)[:count, 0] for one in (seen, real))
    return {
        "r_opening": correlation(made, true),
        "r_width": correlation(wide, wanted),
        "lag": best_lag([lag_curve(made, true)]),
    }


def _seen_figures(seen: Film, reader: BlendshapeReader | None) -> dict[str, float]:
    """What another network than the tracker sees."""
    if reader is None:
        return {}
    rows = np.array(
        [reader.read(seen.frames[i], seen.tracked.points[i]) for i in range(0, len(seen), _ASKED)]
    )
    at = {name: rows[:, NAMES.index(name)] for name in NAMES}
    across = (at["eyeLookOutLeft"] - at["eyeLookInLeft"]) - (
        at["eyeLookOutRight"] - at["eyeLookInRight"]
    )
    return {
        "jaw_seen": float(at["jawOpen"].std()),
        "eyes_seen": float((at["eyeBlinkLeft"] + at["eyeBlinkRight"]).mean() / 2),
        "gaze_seen": float(across.std() / 2),
    }
