"""What hides a face is told apart, and the engine for it paints."""

import numpy as np
import pytest

from tfinpaint.engine import FAMILIES, Auto, Contract, Restoration, in_words, seen
from tfinpaint.errors import InputError

SIDE = 64
# Family -> rows of a face that it hides in these tests.
ROWS = {"worn_mask": slice(32, 56), "thing": slice(8, 16), "strokes": slice(60, 62)}
CHOSEN = {"worn_mask": "masks", "word_or_box": "told", "thing": "told", "strokes": "told"}


def face(*families):
    picture = np.full((SIDE, SIDE, 3), 100, np.uint8)
    for family in families:
        picture[ROWS[family]] = FAMILIES.index(family)
    return picture


class Seer:
    """Sees a family where a pixel is as dark as its number."""

    image_size, contract = SIDE, Contract(extras=("families",))

    def restore(self, images, masks=None, *, seed=None, batch_size=16):
        families = np.stack([images[..., 0] == i for i in range(len(FAMILIES))], -1).astype(np.float32)
        families[..., 0] = 0.5
        return Restoration(images, families[..., 1:].max(-1, keepdims=True), {"families": families})


class Paints:
    """Paints one grey where it is told, or what is a worn mask."""

    def __init__(self, grey, **contract):
        self.grey, self.contract, self.calls = grey, Contract(**contract), []

    image_size = SIDE

    def restore(self, images, masks=None, *, seed=None, batch_size=16):
        self.calls.append((len(images), masks is not None))
        masks = (images[..., :1] == 1).astype(np.float32) if masks is None else masks
        return Restoration(np.where(masks > 0, np.uint8(self.grey), images), masks)


def auto(**contract):
    engines = {"masks": Paints(200), "told": Paints(220, mask="needs", **contract)}
    return Auto(Seer(), CHOSEN, engines.__getitem__), engines


def test_each_face_is_painted_by_the_engine_for_what_hides_it_and_a_bare_one_stays():
    engine, engines = auto()
    faces = np.stack([face("worn_mask"), face(), face("thing")])
    result = engine.restore(faces)
    assert engines["masks"].calls == [(1, False)] and engines["told"].calls == [(1, True)]
    assert (result.images[0][ROWS["worn_mask"]] == 200).all() and (result.images[2][ROWS["thing"]] == 220).all()
    np.testing.assert_array_equal(result.images[1], faces[1])
    assert not result.masks[1].any()
    kept = np.broadcast_to(result.masks == 0, faces.shape)
    np.testing.assert_array_equal(result.images[kept], faces[kept])


def test_an_engine_is_told_what_it_would_not_find_by_itself():
    engines = {"masks": Paints(200), "told": Paints(220, mask="needs")}
    engine = Auto(Seer(), {**CHOSEN, "thing": "masks"}, engines.__getitem__, told=["thing"])
    result = engine.restore(face("thing", "worn_mask")[None])
    assert (result.images[0][ROWS["thing"]] == 200).all()
    assert engines["masks"].calls == [(1, False), (1, True)]


class Blinking(Paints):
    """Overlooks worn masks in some columns of the picture, unless it is told."""

    def __init__(self, columns):
        super().__init__(200)
        self.columns = columns

    def restore(self, images, masks=None, *, seed=None, batch_size=16):
        seen = np.array(images)
        seen[:, :, self.columns] += 50 * np.uint8(masks is None)
        result = super().restore(seen, masks)
        return Restoration(np.where(result.masks > 0, result.images, images), result.masks)


@pytest.mark.parametrize(("columns", "calls"), [(slice(20, 22), 2), (slice(20, 21), 1)], ids=["a spot", "a rim"])
def test_an_engine_is_told_what_it_overlooks_where_that_is_no_rim(columns, calls):
    blinking = Blinking(columns)
    engines = {"masks": blinking, "told": Paints(220, mask="needs")}
    faces = np.stack([face("worn_mask"), face("worn_mask", "thing"), face()])
    faces[1, ROWS["worn_mask"], columns] = 100  # of this one nothing is overlooked, for nothing is there
    result = Auto(Seer(), CHOSEN, engines.__getitem__).restore(faces)
    assert blinking.calls == [(2, False), (1, True)][:calls]
    overlooked = result.images[0, ROWS["worn_mask"], columns]
    assert (overlooked == (200 if calls == 2 else 1)).all()
    assert (result.images[1, ROWS["worn_mask"], columns] == 100).all()
    kept = np.broadcast_to(result.masks == 0, faces.shape)
    np.testing.assert_array_equal(result.images[kept], faces[kept])


def test_what_one_engine_has_painted_the_next_does_not_overlook():
    class Blind(Paints):
        def restore(self, images, masks=None, **options):
            return super().restore(images, 0 * images[..., :1] if masks is None else masks)

    class Both(Seer):  # the lowest rows of the worn mask are taken for a thing
        def restore(self, images, masks=None, **options):
            families = super().restore(images).extras["families"]
            families[..., 3] = 0.9 * (images[..., 0] == 1)
            families[:, 50:, :, 1] *= 0.8
            return Restoration(images, families[..., 1:2], {"families": families})

    blind = Blind(150)
    engine = Auto(Both(), {**CHOSEN, "thing": "blind"}, {"masks": Paints(200), "blind": blind}.__getitem__)
    result = engine.restore(face("worn_mask")[None])
    assert blind.calls == [(1, True)]
    assert (result.images[0][ROWS["worn_mask"]] == 200).all()


def test_a_mask_that_is_lent_grows_by_a_rim():
    result = auto()[0].restore(face("thing")[None])
    hidden = np.nonzero(result.masks[0, :, 0, 0])[0]
    assert (hidden.min(), hidden.max()) == (7, 16)


def test_several_things_before_one_face_are_painted_the_largest_first():
    engine, engines = auto()
    result = engine.restore(face("thing", "worn_mask")[None])
    assert seen(result.extras["families"][0]) == ("worn_mask", "thing")
    assert (result.images[0][ROWS["worn_mask"]] == 200).all() and (result.images[0][ROWS["thing"]] == 220).all()
    assert result.masks[0][ROWS["thing"]].all() and result.masks[0][ROWS["worn_mask"]].all()


def test_a_speck_is_nothing():
    families = np.zeros((SIDE, SIDE, 5))
    families[..., 0] = 0.5
    families[0, :20, 3] = 1  # 20 of 4096 pixels are less than 0.5 %
    assert seen(families) == ()
    families[0, :21, 3] = 0.84  # and what is not sure counts for nothing
    assert seen(families) == ()
    families[0, :21, 3] = 0.86
    assert seen(families) == ("thing",)


def test_what_was_seen_in_words():
    assert in_words([]) == ""
    assert in_words([()]) == "Nothing hides the face."
    assert in_words([("worn_mask", "thing")]) == "The face is hidden by a worn mask and a thing."
    saw = [("thing",), (), ("thing",), ("strokes",)]
    assert in_words(saw) == "Of 4 faces, hidden are 2 by a thing, 1 by nothing, 1 by strokes."


@pytest.mark.parametrize(("families", "name"), [(("worn_mask",), "masks"), ((), "told")], ids=["worn mask", "bare"])
def test_a_callers_mask_is_painted_by_the_engine_for_what_lies_there(families, name):
    engine, engines = auto()
    mask = np.zeros((1, SIDE, SIDE, 1), np.float32)
    mask[:, 30:50] = 1
    result = engine.restore(face(*families)[None], mask)
    assert [each for each, painter in engines.items() if painter.calls] == [name]
    np.testing.assert_array_equal(result.masks, mask)
    empty = engine.restore(face(*families)[None], 0 * mask)
    np.testing.assert_array_equal(empty.images[0], face(*families))


def test_engines_are_loaded_when_they_are_needed_and_once():
    loaded = []
    engines = auto()[1]
    engine = Auto(Seer(), CHOSEN, lambda name: loaded.append(name) or engines[name])
    engine.restore(face()[None])
    assert loaded == []
    for _ in range(2):
        engine.restore(face("worn_mask")[None])
    assert loaded == ["masks"]


def test_pictures_larger_than_the_finder_sees_are_painted_at_their_own_size():
    class Small(Seer):
        def restore(self, images, masks=None, **options):
            found = super().restore(images, masks)
            return Restoration(found.images, found.masks, {"families": found.extras["families"][:, ::2, ::2]})

    engines = {"masks": Paints(200), "told": Paints(220, mask="needs")}
    result = Auto(Small(), CHOSEN, engines.__getitem__).restore(face("thing")[None])
    assert (result.images[0][ROWS["thing"]] == 220).all() and result.images.shape == (1, SIDE, SIDE, 3)


def test_a_finder_without_families_an_engine_too_few_and_another_framing_are_refused():
    with pytest.raises(InputError, match="by an extra `families`. Received: one with the extras none"):
        Auto(Paints(0), CHOSEN, dict.get)
    with pytest.raises(InputError, match="an engine for each family. Received: none for thing, strokes"):
        Auto(Seer(), {"worn_mask": "a", "word_or_box": "b"}, dict.get)
    with pytest.raises(InputError, match="'told' must see faces framed 'wide'"):
        auto(framing="arcface")[0].restore(face("thing")[None])


def test_what_goes_on_beyond_a_face_is_left_to_an_engine_that_finds_it_by_itself():
    far = Paints(200, reach=2.0)
    engines = {"masks": far, "told": Paints(220, mask="needs", reach=2.0)}
    assert Auto(Seer(), CHOSEN, engines.__getitem__).beyond(("thing", "worn_mask")) is far
    assert Auto(Seer(), CHOSEN, engines.__getitem__).beyond(("thing",)) is None
    assert Auto(Seer(), CHOSEN, engines.__getitem__).beyond(()) is None
    assert Auto(Seer(), CHOSEN, engines.__getitem__, told=["worn_mask"]).beyond(("worn_mask",)) is None


def test_spots_that_are_nowhere_sure_are_not_painted():
    class Unsure(Seer):
        def restore(self, images, masks=None, **options):
            families = super().restore(images).extras["families"]
            families[:, ROWS["thing"], : SIDE // 4, 3] = 0.7  # joined to what is sure
            families[:, 40:44, :, 3] = 0.8
            return Restoration(images, families[..., 3:4], {"families": families})

    engines = {"masks": Paints(200), "told": Paints(220, mask="needs")}
    result = Auto(Unsure(), CHOSEN, engines.__getitem__).restore(face("thing")[None])
    assert result.masks[0][ROWS["thing"]].all() and not result.masks[0][38:46].any()
