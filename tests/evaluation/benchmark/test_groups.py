"""Who belongs to which group, by hand."""

import numpy as np

from tfinpaint.evaluation.benchmark import DrawnFaces, groups
from tfinpaint.framing import template_points

SIDE = 40


def _drawn(masks):
    masks = np.asarray(masks, np.float32)
    count = len(masks)
    blank = np.zeros((count, SIDE, SIDE, 3), np.uint8)
    points = np.repeat(template_points(SIDE)[None], count, axis=0)
    return DrawnFaces(blank, blank, masks[..., None], np.ones((count, SIDE, SIDE, 1), np.float32), points)


def test_the_hidden_area_is_a_share_of_what_is_valid():
    masks = np.zeros((3, SIDE, SIDE))
    masks[0, :1] = 1  # 2.5 %
    masks[1, :10] = 1  # 25 %
    masks[2, :20] = 1  # 50 %
    drawn = _drawn(masks)
    assert groups.hidden_area(drawn).tolist() == ["under 5 %", "20-30 %", "30 % or more"]
    drawn.valid[1, 20:] = 0
    assert groups.hidden_area(drawn)[1] == "30 % or more"


def test_what_is_hidden_is_read_off_the_landmarks():
    masks = np.zeros((4, SIDE, SIDE))
    points = np.rint(template_points(SIDE)).astype(int)
    masks[1][points[0, 1], points[0, 0]] = 1
    masks[2][points[2, 1] :] = 1
    masks[3] = 1
    words = groups.hides(_drawn(masks)).tolist()
    assert words == ["none of them", "eyes", "nose and mouth", "eyes and nose and mouth"]


def test_a_face_seen_from_the_front_is_not_turned():
    straight = template_points(SIDE)
    turned = straight.copy()
    turned[2, 0] += 6
    turned[[0, 1], 0] += [3, -3]
    words = groups.head(np.stack([straight, turned, np.full((5, 2), 3.0)]))
    assert words[0] == "under 15 degrees" and words[1] != words[0] and words[2] == "unknown"


def test_people_are_read_beside_the_landmarks(tmp_path):
    names = np.array(["a.jpg", "b.jpg", "c.jpg"])
    about = {"age": np.array([9, 35, 71]), "gender": np.array([0, 1, 1]), "race": np.array([4, 0, 2])}
    np.savez(tmp_path / "some.npz", name=names, landmarks=np.zeros((3, 5, 2)), **about)
    found = groups.people(tmp_path / "some.npz", ("c.jpg", "a.jpg"))
    assert {k: v.tolist() for k, v in found.items()} == {
        "age": ["60 years or more", "under 10 years"],
        "gender": ["female", "male"],
        "race": ["Asian", "other"],
    }
    assert groups.people(tmp_path / "some.npz", ("z.jpg",)) == {}
    np.savez(tmp_path / "bare.npz", name=names, landmarks=np.zeros((3, 5, 2)))
    assert groups.people(tmp_path / "bare.npz", ("a.jpg",)) == {}
    assert groups.people(tmp_path / "some.csv", ("a.jpg",)) == {}


def test_small_groups_are_left_out_and_bins_stand_in_order():
    words = ["30 % or more"] * 5 + ["under 5 %"] * 6 + ["5-10 %"] * 5 + ["10-20 %"] * 4
    found = groups.members({"hidden area": np.array(words)})["hidden area"]
    assert list(found) == ["under 5 %", "5-10 %", "30 % or more"]
    assert [int(chosen.sum()) for chosen in found.values()] == [6, 5, 5]
