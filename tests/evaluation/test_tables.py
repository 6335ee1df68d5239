"""A result in JSON becomes a table again, with the labels and formats of its fields."""

from gioconda.evaluation.articulation import Articulation, Compared
from gioconda.evaluation.head_voice import HeadVoice, Share
from gioconda.evaluation.performance import Performance, PerformanceResult
from gioconda.evaluation.results import to_json
from gioconda.evaluation.tables import tables_of


def test_columns_stand_side_by_side_with_ratios_and_intervals():
    far, near = (Articulation(*[value] * 8) for value in (2.0, 1.0))
    voice = HeadVoice(3, 0.5, float("nan"), 1.0, Share(61.7, 49.2, 77.3, 5))
    result = PerformanceResult(
        people=4,
        families={"others": 2},
        long_people=3,
        head_interval=None,
        columns={
            "real": Performance({"others": Compared(far)}),
            "released": Performance({"others": Compared(near, near)}, head_voice={"own": voice}),
        },
    )
    facts, families, lips, voice_table = tables_of("evaluate performance SET", to_json(result))
    assert (facts.heads, facts.rows[0]) == ([], ["people", "4"])
    assert families.rows == [["others", "2"]]
    assert lips.title == "How far lips and brows move, % of the eye distance: real / released"
    assert lips.heads == ["", "others"]
    assert lips.rows[0] == ["mouth width, spread", "2.00 / 1.00 (x\u00a01.00)"]
    assert voice_table.title.endswith(": released")
    assert ["head judge prefers own moment, %", "62 [49, 77]"] in voice_table.rows


def test_portraits_have_a_row_each_and_what_is_not_known_a_row_for_each_number():
    found = {"a.jpg": {"largest": 0.0, "mean": 0.1234, "sharp": None}}
    assert tables_of("evaluate rest", found)[0].rows == [
        ["a.jpg", "0", "0.123", "none", "none", "none"]
    ]
    (gaze,) = tables_of("evaluate gaze", {"a": {"b": 0.51234}})
    assert (gaze.heads, gaze.rows) == (["", "b"], [["a", "0.512"]])
    counts = {"happy": {"happy": 2, "sad": 0}, "sad": {"happy": 1, "sad": 1}}
    assert tables_of("evaluate emotion", counts)[0].rows == [["happy", "2", "0"], ["sad", "1", "1"]]


def test_things_stand_beside_their_figures():
    stage = {"median_ms": 7.5, "p95_ms": 8.0, "fps": 133.0}
    stages = [{"stage": name, **stage} for name in ("motion", "mark", "warp")]
    facts, times = tables_of("bench", {"width": 512, "stages": stages})
    assert facts.rows == [["width", "512"]]
    assert times.heads == ["", "ms a frame, median", "95th percentile", "frames a second"]
    assert times.rows[1] == ["mark", "7.50", "8.00", "133"]
