import cv2
import numpy as np
import pytest

from tfinpaint.images import contact_sheet, tinted, write_sheet


def _columns(count):
    grey = np.arange(count, dtype=np.uint8)[:, None, None, None] * 10 + np.zeros((1, 8, 8, 3), np.uint8)
    return {"first": grey, "second": 255 - grey}


def test_each_face_is_a_row_and_each_label_a_column(tmp_path):
    write_sheet(_columns(3), tmp_path / "sheet.png", side=16)
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape == (24 + 3 * 20, 2 * 20 + 4, 3)
    for row in range(3):
        middle = 24 + row * 20 + 8
        assert sheet[middle, 4 + 8, 0] == row * 10
        assert sheet[middle, 24 + 8, 0] == 255 - row * 10
    assert sheet[:20].min() < 128  # the labels


def test_many_faces_are_folded_into_blocks(tmp_path):
    write_sheet(_columns(5), tmp_path / "sheet.png", side=16, fold=2)
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape == (24 + 3 * 20, 2 * (2 * 20 + 4), 3)
    assert sheet[24 + 8, 44 + 4 + 8, 0] == 30  # the fourth face begins the second block
    assert (sheet[24 + 2 * 20 :, 44:] == 255).all()  # no sixth face


def test_nothing_is_left_where_a_sheet_cannot_be_written(tmp_path):
    with pytest.raises(OSError, match="missing"):
        write_sheet(_columns(1), tmp_path / "missing" / "sheet.png")
    assert not list(tmp_path.iterdir())


def test_pictures_keep_their_form_and_grow_only_if_asked():
    wide, mask = np.full((20, 40, 3), 7, np.uint8), np.full((20, 40), 255, np.uint8)
    sheet = contact_sheet({"a": [wide], "b": [mask]}, side=80)
    assert sheet.shape == (24 + 44, 2 * 84 + 4, 3) and (sheet[24:64, 4:84] == 7).all()
    assert contact_sheet({"a": [wide]}, side=80, enlarge=False).shape == (24 + 24, 44 + 4, 3)
    assert contact_sheet({"a": [wide]}, side=10, enlarge=False).shape == (24 + 9, 14 + 4, 3)


def test_what_is_hidden_is_red_and_the_rest_as_it_is():
    picture, mask = np.full((2, 2, 3), 100, np.uint8), np.array([[True, False], [False, False]])
    found = tinted(picture, mask)
    assert found[0, 0].tolist() == [185, 67, 67] and (found[~mask] == 100).all() and (picture == 100).all()
