"""A result in JSON becomes a table again, with the labels and formats of its fields."""

from gioconda.evaluation.articulation import Articulation, Compared
from gioconda.evaluation.head_voice import HeadVoice, Share
from gioconda.evaluation.performance import Performance, PerformanceResult
from gioconda.evaluation.results import to_json
from gioconda.evaluation.tables import table_of


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
    table = table_of("evaluate performance SET", to_json(result))
    rows = {row[0]: row[1:] for row in table.rows}
    assert table.heads == ["", "real", "released"]
    assert rows["people"] == ["4", ""]
    assert rows["articulation: others: mouth width, spread, %"] == ["2.00", "1.00 (x 1.00)"]
    assert rows["head voice: own: own moment"] == ["", "62 [49, 77]"]


def test_portraits_have_a_row_each_and_what_is_not_known_a_row_for_each_number():
    table = table_of("evaluate rest", {"a.jpg": {"largest": 0.0, "mean": 0.1234, "sharp": None}})
    assert table.rows == [["a.jpg", "0", "0.123", "none", "none", "none"]]
    assert table_of("evaluate gaze", {"a": {"b": 0.51234}}).rows == [["a: b", "0.512"]]
    counts = {"happy": {"happy": 2, "sad": 0}, "sad": {"happy": 1, "sad": 1}}
    assert table_of("evaluate emotion", counts).rows == [["happy", "2", "0"], ["sad", "1", "1"]]
