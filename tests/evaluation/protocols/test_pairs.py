import numpy as np
import pytest

from tfinpaint.errors import InputError
from tfinpaint.evaluation.protocols import read_pairs
from tfinpaint.evaluation.protocols.pairs import person

TWO_FOLDS = "2\t1\nAnn_Lee\t1\t4\nAnn_Lee\t1\tBob\t12\nCy\t2\t1\nCy\t2\tDee\t3\n"


@pytest.fixture
def listed(tmp_path):
    def write(text):
        (tmp_path / "pairs.txt").write_text(text)
        return tmp_path / "pairs.txt"

    return write


def test_a_list_is_read_as_it_stands(listed):
    pairs = read_pairs(listed(TWO_FOLDS))
    names = [(pairs.names[a], pairs.names[b]) for a, b in zip(pairs.first, pairs.second, strict=True)]
    assert names == [
        ("Ann_Lee_0001.jpg", "Ann_Lee_0004.jpg"),
        ("Ann_Lee_0001.jpg", "Bob_0012.jpg"),
        ("Cy_0002.jpg", "Cy_0001.jpg"),
        ("Cy_0002.jpg", "Dee_0003.jpg"),
    ]
    assert pairs.same.tolist() == [True, False, True, False]
    assert pairs.fold.tolist() == [0, 0, 1, 1]
    assert (len(pairs), pairs.folds, len(pairs.names)) == (4, 2, 6)
    assert person("Ann_Lee_0001.jpg") == "Ann_Lee"


def test_one_number_is_one_fold(listed):
    pairs = read_pairs(listed("1\nA\t1\t2\nA\t1\tB\t1\n\n"))
    assert pairs.folds == 1 and pairs.same.tolist() == [True, False]


def test_some_pairs_need_only_their_pictures(listed):
    pairs = read_pairs(listed(TWO_FOLDS))
    some = pairs.take(pairs.fold == 1)
    assert some.names == ("Cy_0002.jpg", "Cy_0001.jpg", "Dee_0003.jpg")
    assert some.first.tolist() == [0, 0] and some.second.tolist() == [1, 2]
    again = pairs.take(np.arange(4))
    assert again.names == pairs.names and (again.second == pairs.second).all()
    assert len(pairs.take([])) == 0 and pairs.take([]).names == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("0\t300\n", "none"),
        ("two\t1\n", "Line 1 .* folds"),
        ("2\t1\nA\t1\t2\n", "2 folds of 1 . 1 pairs.*Received: 1 pairs"),
        ("1\t1\nA\t1\n\nA\t1\tB\t1\n", "Received: 3 pairs"),
        ("1\t1\nA\t1\nA\t1\tB\t1\n", "Line 2 .* malformed.*'A"),
        ("1\t1\nA\t1\t2\nA\t1\tB\tx\n", "Line 3 .* malformed"),
        ("1\t1\nA\t1\t2\t3\t4\nA\t1\tB\t1\n", "Line 2 .* malformed"),
        ("1\t1\nA\t1\t1\nA\t1\tB\t1\n", "Line 2 .* itself"),
        ("1\t1\nA\t1\t2\nB\t1\t2\n", "Line 3 .* two people"),
        ("1\t1\nA\t1\tB\t2\nB\t1\t2\n", "Line 2 .* one person"),
    ],
)
def test_a_malformed_list_is_refused_by_its_line(listed, text, message):
    with pytest.raises(InputError, match=message):
        read_pairs(listed(text))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "pairs.txt").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(InputError, match="LFW's format"):
        read_pairs(tmp_path / "pairs.txt")
    with pytest.raises(InputError, match="FileNotFoundError"):
        read_pairs(tmp_path / "missing.txt")


def test_missing_pictures_are_counted_and_named(listed):
    pairs = read_pairs(listed(TWO_FOLDS))
    pairs.check_names(pairs.names, "here")
    with pytest.raises(InputError, match=r"in 'faces.zip'.*5 of 6.*Ann_Lee_0001.jpg, Ann_Lee_0004.jpg, Bob.*\.\.\."):
        pairs.check_names({"Cy_0001.jpg"}, "'faces.zip'")


@pytest.mark.shared
def test_the_list_of_the_kit_is_seven_folds_of_the_official_one(shared):
    pairs = read_pairs(shared / "lfw" / "pairs.txt")
    assert (len(pairs), pairs.folds, len(pairs.names)) == (4200, 7, 5367)
    assert [pairs.same[pairs.fold == fold].sum() for fold in range(7)] == [300] * 7
    people = [{person(pairs.names[i]) for i in pairs.first[pairs.fold == fold]} for fold in range(7)]
    assert not any(people[a] & people[b] for a in range(7) for b in range(a))
