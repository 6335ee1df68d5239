import pytest

from gioconda.data.videos.licences import check_release, is_free
from gioconda.errors import GiocondaError


@pytest.mark.parametrize(
    "licence",
    ["MIT", "Apache-2.0", "CC-BY-4.0 (the corpus)", "CC BY 4.0", "cc-by-sa-3.0", "CC0-1.0"],
)
def test_free_licences(licence):
    assert is_free(licence)


@pytest.mark.parametrize(
    "licence",
    [
        "",
        "unknown",
        "CC-BY-NC-4.0",
        "CC BY-ND 4.0",
        "CC-BY-NC-SA-4.0",
        "MIT, research only",
        "MIT, for research use only",
        "CC-BY-4.0, non commercial",
        "CC-BY-SA-4.0, not for commercial use",
        "GPL?",
    ],
)
def test_others_are_not(licence):
    assert not is_free(licence)


def test_a_release_names_what_stands_in_its_way():
    with pytest.raises(GiocondaError, match=r"'CC-BY-NC-4.0' of 2 videos \(b is one\)"):
        check_release([("a", "MIT"), ("b", "CC-BY-NC-4.0"), ("c", "CC-BY-NC-4.0")], ())


def test_what_is_allowed_by_name_may_be_released():
    check_release([("b", "CC-BY-NC-4.0")], ["CC-BY-NC-4.0"])
