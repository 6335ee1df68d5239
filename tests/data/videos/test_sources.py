import tarfile

import pytest

from gioconda.data.videos.sources import read_sources
from gioconda.errors import GiocondaError


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def table(path, text):
    path.write_text(text)
    return path


def test_a_folders_folders_are_persons(tmp_path):
    for name in ("ann/1.mp4", "ann/2.mov", "bob/1.mp4", ".hidden/3.mp4", "notes.txt"):
        touch(tmp_path / name)
    videos = read_sources([tmp_path])
    assert [(v.name, v.person) for v in videos] == [
        ("ann-1", "ann"),
        ("ann-2", "ann"),
        ("bob-1", "bob"),
    ]


def test_videos_without_folders_are_persons_of_their_own(tmp_path):
    for name in ("a b.mp4", "c.d.mp4"):
        touch(tmp_path / name)
    assert [(v.name, v.person) for v in read_sources([tmp_path])] == [
        ("a_b", "a_b"),
        ("c_d", "c_d"),
    ]


def test_a_person_is_in_one_split_however_many_there_are(tmp_path):
    for i in range(200):
        touch(tmp_path / f"p{i}/1.mp4")
        touch(tmp_path / f"p{i}/2.mp4")
    splits = {}
    for video in read_sources([tmp_path], val=0.2):
        splits.setdefault(video.person, set()).add(video.split)
    assert all(len(found) == 1 for found in splits.values())
    assert 20 < sum(found == {"val"} for found in splits.values()) < 60
    some = read_sources([tmp_path / "p7"], val=0.2)
    assert {v.split for v in some if v.person == "p7"} <= splits["p7"]


def test_a_table_tells_what_is_known(tmp_path):
    touch(tmp_path / "sub/one.mp4")
    path = table(
        tmp_path / "t.csv",
        "clip,person,split,licence,audio,repo,path,commit\n"
        "sub/one.mp4,ann,val,MIT,none,them/that,x/y.mp4,abc\n",
    )
    (video,) = read_sources([path])
    assert (video.name, video.person, video.split, video.licence) == (
        "sub-one",
        "ann",
        "val",
        "MIT",
    )
    assert (video.source, video.address) == ("them/that", "them/that/x/y.mp4@abc")
    assert not video.speech


def test_a_tables_clips_may_lie_in_a_shard_beside_it(tmp_path):
    inner = touch(tmp_path / "in/one.mp4")
    with tarfile.open(tmp_path / "train-0.tar", "w") as tar:
        tar.add(inner, "one.mp4")
    (video,) = read_sources([table(tmp_path / "t.csv", "clip\none\n")])
    with video.file() as path:
        assert path.read_bytes() == b"x"


def test_a_clip_in_a_shard_may_be_named_as_the_file_that_it_is(tmp_path):
    inner = touch(tmp_path / "in/one.mp4")
    with tarfile.open(tmp_path / "train-0.tar", "w") as tar:
        tar.add(inner, "one.mp4")
    (video,) = read_sources([table(tmp_path / "t.csv", "clip\none.mp4\n")])
    assert (video.name, video.member) == ("one", "one.mp4")


def test_a_hidden_folder_serves_if_it_is_the_one_that_was_named(tmp_path):
    touch(tmp_path / ".cache/videos/a.mp4")
    assert [v.name for v in read_sources([tmp_path / ".cache/videos"])] == ["a"]


def test_names_that_are_not_english_stay_apart(tmp_path):
    for name in ("李/1.mp4", "王/1.mp4", "Zoë/1.mp4"):
        touch(tmp_path / name)
    videos = read_sources([tmp_path])
    assert len({v.person for v in videos}) == len({v.name for v in videos}) == 3
    assert all(v.name.isascii() and "." not in v.name for v in videos)


def test_folders_of_a_list_are_persons_as_those_of_a_folder(tmp_path):
    lines = ["ann/1.mp4", "ann/2.mp4", f"{tmp_path}/ann/3.mp4", "../elsewhere/4.mp4"]
    videos = read_sources([table(tmp_path / "list.txt", "\n".join(lines))])
    assert [(v.name, v.person) for v in videos] == [
        ("4", "4"),
        ("ann-1", "ann"),
        ("ann-2", "ann"),
        ("ann-3", "ann"),
    ]


def test_a_list_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"caf\xe9.mp4")
    with pytest.raises(GiocondaError, match="not a list in UTF-8"):
        read_sources([tmp_path / "list.txt"])


def test_a_list_names_files_from_its_own_folder(tmp_path):
    touch(tmp_path / "sub/one.mp4")
    (video,) = read_sources([table(tmp_path / "list.txt", "sub/one.mp4\n\n")])
    assert video.path.read_bytes() == b"x"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\none\n", "expected at least 'clip'"),
        ("clip\none.mp4\none.mp4\n", "names occur twice, such as one"),
        ("clip\none.mp4\none-001.mp4\n", "another video's clips would get, such as one-001"),
        ("clip,person,split\na.mp4,ann,train\nb.mp4,ann,val\n", "more than one split, such as ann"),
        ("clip,person,split\na.mp4,ann,trian\n", "a.mp4 is in the split 'trian', expected one of"),
        ("clip,license\na.mp4,MIT\n", "column 'license'; is 'licence' meant"),
        ("clip;person\na.mp4;ann\n", "with commas between them"),
    ],
)
def test_a_table_that_does_not_serve_is_refused(tmp_path, text, message):
    with pytest.raises(GiocondaError, match=message):
        read_sources([table(tmp_path / "t.csv", text)])


def test_a_source_without_videos_is_refused(tmp_path):
    with pytest.raises(GiocondaError, match="has no video"):
        read_sources([tmp_path])
    with pytest.raises(GiocondaError, match="does not exist"):
        read_sources([tmp_path / "missing"])


def test_a_split_that_is_given_once_holds_for_the_person(tmp_path):
    text = "clip,person,split\na.mp4,ann,val\nb.mp4,ann,\n"
    assert {v.split for v in read_sources([table(tmp_path / "t.csv", text)], val=0)} == {"val"}
