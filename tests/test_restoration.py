"""The main road, with a fake model: what goes in, what comes out, and what stays."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from tests.fake_engine import FACE, DrawingEngine, FakeEngine, RedEngine, UnchangingEngine, no_face, one_face
from tfinpaint import faces
from tfinpaint.engine import FAMILIES, Auto, Borrowed, Contract, Restoration
from tfinpaint.errors import ImageFileError, InputError, NoFaceError
from tfinpaint.faces import Face, alignment_matrix, resample, widened
from tfinpaint.faces.warp import warp
from tfinpaint.images import Photo
from tfinpaint.restoration import Restored, restore_photo, restore_photos
from tfinpaint.restoration.job import Job


@pytest.fixture
def portrait(tmp_path):
    Image.fromarray(data.astronaut()).save(tmp_path / "portrait.png")
    return tmp_path / "portrait.png"


def two_faces(pixels):
    return [FACE, Face((10.0, 300.0, 60.0, 70.0), 0.9, FACE.landmarks * 0.6 + [-80, 260])]


@pytest.mark.parametrize(
    "options", [{}, {"aligned": True}, {"box": (170, 60, 100, 120)}, {"landmarks": FACE.landmarks}]
)
def test_only_painted_pixels_change(portrait, options):
    restored = restore_photo(portrait, FakeEngine(), detector=one_face, **options)
    before = data.astronaut()
    assert np.array_equal(restored.pixels[~restored.mask], before[~restored.mask])
    assert 0 < restored.mask.sum() < before.size / 3
    assert np.mean(restored.pixels[restored.mask] != before[restored.mask]) > 0.9


def test_a_plain_photo_is_cut_and_pasted_once_and_looked_at_twice(portrait, monkeypatch):
    calls = {"detections": 0, "resamplings": 0, "pastes": 0}

    def counted(what, real):
        def call(*given, **named):
            calls[what] += 1
            return real(*given, **named)

        return call

    monkeypatch.setitem(resample.__globals__, "warp", counted("resamplings", warp))
    monkeypatch.setattr("tfinpaint.faces.paste", counted("pastes", faces.paste))
    restored = restore_photo(portrait, FakeEngine(), detector=counted("detections", one_face))
    assert restored.mask.any() and calls == {"detections": 2, "resamplings": 3, "pastes": 1}


def test_a_path_an_array_and_a_photo_are_the_same(portrait):
    results = [
        restore_photo(source, FakeEngine(), detector=one_face).pixels
        for source in (portrait, str(portrait), data.astronaut(), Photo.from_array(data.astronaut()))
    ]
    assert all(np.array_equal(results[0], result) for result in results)


def test_an_unchanging_model_gives_the_photo_back(portrait, tmp_path):
    restored = restore_photo(portrait, UnchangingEngine(), detector=two_faces, faces="all")
    assert np.array_equal(restored.pixels, data.astronaut()) and not restored.mask.any()
    restored.save(tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes() == portrait.read_bytes()


def test_the_given_mask_is_what_is_painted():
    mask = np.zeros((512, 512), bool)
    mask[125:160, 195:250] = True
    mask[400:, 400:] = True  # far from the face
    restored = restore_photo(data.astronaut(), FakeEngine(), detector=two_faces, mask=mask)
    face_part = mask.copy()
    face_part[400:, 400:] = False
    assert np.array_equal(restored.mask, face_part)


def test_an_empty_mask_leaves_the_photo_unchanged():
    with pytest.warns(UserWarning, match="is empty; the photo stays"):
        restored = restore_photo(data.astronaut(), FakeEngine(), detector=one_face, mask=np.zeros((512, 512), np.uint8))
    assert np.array_equal(restored.pixels, data.astronaut()) and not restored.mask.any()


def test_a_mask_beside_the_face_is_warned_of():
    mask = np.zeros((512, 512), bool)
    mask[500:, 500:] = True
    with pytest.warns(UserWarning, match="hides nothing of the face"):
        restored = restore_photo(data.astronaut(), FakeEngine(), landmarks=FACE.landmarks, mask=mask)
    assert not restored.mask.any()


def ribbon(columns):
    """A grey photo with a red ribbon over the middle of its face (whose crop is columns 80 to 320 of 400)."""
    photo = np.full((400, 400, 3), 128, np.uint8)
    photo[190:210, columns] = 255, 0, 0
    return photo


@pytest.mark.parametrize("given", [False, True])
def test_what_goes_on_beyond_the_crop_is_taken_off_as_far_as_the_model_reaches(given):
    photo = ribbon(slice(20, 390))
    red = (photo != 128).any(-1)
    near, far = (
        restore_photo(photo, RedEngine(reach), detector=one_face, mask=red if given else None) for reach in (1.0, 2.0)
    )
    columns = np.flatnonzero(near.mask.any(0))
    assert np.abs(columns[[0, -1]] - [80, 319]).max() <= 2 and near.mask[190:210, columns].all()
    assert far.mask[red].all() and np.abs(far.pixels[red].astype(int) - 128).max() <= 5
    assert np.array_equal(far.pixels[~far.mask], photo[~far.mask])
    if given:
        assert np.array_equal(far.mask, red)


@pytest.mark.parametrize(("columns", "calls"), [(slice(120, 280), 1), (slice(20, 280), 2), (slice(0, 0), 1)])
def test_the_wider_look_is_taken_only_where_the_mask_leaves_the_crop(columns, calls):
    engine, photo = RedEngine(2.0), ribbon(columns)
    restored = restore_photo(photo, engine, detector=one_face)
    assert engine.batches == [1] * calls
    assert restored.mask[190:210, columns].all()


class RedSeer(RedEngine):
    """Sees a word where it is red."""

    def __init__(self):
        super().__init__(extras=("families",))

    def restore(self, images, masks=None, *, seed=None, batch_size=16):
        families = np.zeros((*images.shape[:3], 5), np.float32)
        families[..., 0] = 0.5
        families[..., 2:3] = self.find(images)
        return Restoration(images, self.find(images), {"families": families})


@pytest.mark.parametrize("told", [(), ("word_or_box",)])
def test_what_was_seen_goes_on_beyond_the_crop_as_far_as_the_engine_for_it_finds_it_by_itself(told):
    photo, painter = ribbon(slice(20, 390)), RedEngine(2.0)
    engine = Auto(RedSeer(), dict.fromkeys(FAMILIES[1:], "painter"), lambda name: painter, told)
    restored = restore_photo(photo, engine, detector=one_face)
    red = (photo != 128).any(-1)
    assert restored.saw == (("word_or_box",),)
    assert restored.mask[red].all() == (not told)


def test_an_aligned_picture_has_nothing_beyond_it():
    engine = RedEngine(2.0)
    restore_photo(ribbon(slice(0, 400)), engine, aligned=True)
    assert engine.batches == [1]


class AstrayDetector:
    """Sees the face `off` pixels aside as long as anything in the photo is red."""

    def __init__(self, off, then=one_face):
        self.off, self.then, self.calls = off, then, 0

    def __call__(self, pixels):
        self.calls += 1
        if (pixels[..., 0] > pixels[..., 1] + 60.0).any():
            (face,) = one_face(pixels)
            return [Face(face.box, face.score, face.landmarks + np.float32(self.off))]
        return self.then(pixels)


def test_a_face_that_lies_elsewhere_when_painted_is_painted_anew_from_the_photo():
    photo, engine = ribbon(slice(190, 210)), RedEngine(1.0)
    restored = restore_photo(photo, engine, detector=AstrayDetector(9))
    assert engine.batches == [1, 1]
    assert np.array_equal(restored.faces[0].landmarks, one_face(photo)[0].landmarks)
    assert (restored.mask >= restore_photo(photo, RedEngine(1.0), detector=one_face).mask).all()
    once = restore_photo(photo, RedEngine(1.0), detector=AstrayDetector(9), look_again=False)
    assert np.array_equal(once.faces[0].landmarks, one_face(photo)[0].landmarks + 9)


@pytest.mark.parametrize(
    ("detector", "looks"),
    [
        (AstrayDetector(0.5), [1]),  # as good as the same place
        (AstrayDetector(60), [1]),  # another face
        (AstrayDetector(9, then=no_face), [1]),
        (AstrayDetector(9, then=lambda pixels: [*one_face(pixels), FACE]), [1, 1]),
    ],
)
def test_when_a_face_is_painted_anew(detector, looks):
    engine, photo = RedEngine(1.0), ribbon(slice(190, 210))
    restored = restore_photo(photo, engine, detector=detector, faces="all")
    assert engine.batches == looks and detector.calls == 2 and len(restored.faces) == 1


@pytest.mark.parametrize("columns", [slice(75, 83), slice(75, 200)], ids=["beside", "partly beside"])
def test_what_only_the_first_look_saw_is_painted_too(columns):
    class Slipping(AstrayDetector):  # the first crop is columns 60 to 300, the second 90 to 330
        def __call__(self, pixels):
            (face,) = one_face(pixels)
            self.calls += 1
            return [Face(face.box, face.score, face.landmarks + (10 if self.calls == 2 else -20))]

    engine = RedEngine(1.0)
    restored = restore_photo(ribbon(columns), engine, detector=Slipping(0))
    assert engine.batches == [1, 1] and restored.mask[190:210, 76 : columns.stop - 1].all()


def test_a_bare_face_is_looked_for_once():
    detector = AstrayDetector(9)
    restore_photo(ribbon(slice(0, 0)), RedEngine(1.0), detector=detector)
    assert detector.calls == 1


def test_the_callers_own_points_are_not_looked_for_again(monkeypatch):
    pasted = []
    monkeypatch.setattr(Job, "pasted", lambda job, real=Job.pasted: pasted.append(job) or real(job))
    photo = ribbon(slice(190, 210))
    (face,) = one_face(photo)
    restored = restore_photo(photo, RedEngine(), landmarks=face.landmarks)
    assert len(pasted) == 1 and restored.mask[190:210, 191:209].all()


# ---- what an engine declares -----------------------------------------------------------------------------------------


def unreached(pixels):
    raise AssertionError("no face may be looked for")


@pytest.mark.parametrize("contract", [None, "finds", {"mask": "finds"}])
def test_an_engine_without_a_contract_is_refused(contract):
    class Undeclared(FakeEngine):
        def __init__(self):
            super().__init__()
            self.contract = contract

    with pytest.raises(InputError, match=r"`contract`, a `tfinpaint.engine.Contract`. Received: Undeclared with"):
        restore_photo(data.astronaut(), Undeclared(), detector=unreached)
    with pytest.raises(InputError, match="`contract`"):
        restore_photos([], Undeclared(), detector=unreached)  # at once, not with the first photo


def test_an_engine_that_needs_a_mask_says_so_before_a_face_is_looked_for():
    engine = FakeEngine(Contract(mask="needs"))
    with pytest.raises(InputError, match=r"`mask` must say what is hidden.*mask=None; give it, or borrow"):
        restore_photo(data.astronaut(), engine, detector=unreached)
    with pytest.raises(InputError, match="`mask` must say what is hidden"):
        restore_photos([], engine, detector=unreached)


def test_an_engine_that_needs_a_mask_paints_where_it_is_told():
    photo = ribbon(slice(120, 280))
    mask = (photo != 128).any(-1)
    restored = restore_photo(photo, RedEngine(mask="needs"), detector=one_face, mask=mask)
    assert np.array_equal(restored.mask, mask)
    assert np.abs(restored.pixels[mask].astype(int) - 128).max() <= 5


def test_an_engine_that_needs_a_mask_borrows_one():
    photo, painter, finder = ribbon(slice(20, 390)), RedEngine(mask="needs"), RedEngine(reach=2.0)
    borrowed = restore_photo(photo, Borrowed(painter, finder), detector=one_face)
    own = restore_photo(photo, RedEngine(reach=2.0), detector=one_face)
    assert np.array_equal(borrowed.pixels, own.pixels) and np.array_equal(borrowed.mask, own.mask)
    assert painter.batches == finder.batches == [1, 1]
    mask = np.zeros((400, 400), bool)
    mask[195:205, 150:250] = True
    told = restore_photo(photo, Borrowed(painter, finder), detector=one_face, mask=mask)
    assert np.array_equal(told.mask, mask) and finder.batches == [1, 1]


def test_only_an_engine_that_finds_masks_of_the_same_framing_can_lend():
    needs = RedEngine(mask="needs")
    with pytest.raises(InputError, match="must find masks itself"):
        Borrowed(needs, RedEngine(mask="needs"))
    with pytest.raises(InputError, match="framed 'wide', as the painter does. Received: framing='arcface'"):
        Borrowed(needs, RedEngine(framing="arcface"))


@pytest.mark.parametrize("framing", ["wide", "arcface"])
def test_crops_lie_as_the_engine_asks(framing):
    photo, engine = ribbon(slice(20, 390)), RedEngine(reach=2.0, framing=framing)
    (face,) = one_face(photo)
    found = iter([face.landmarks + 9, face.landmarks])
    restore_photo(photo, engine, detector=lambda pixels: [Face(face.box, face.score, next(found))])
    awry, right = (alignment_matrix(points, 128, framing) for points in (face.landmarks + 9, face.landmarks))
    looks = [awry, right, widened(right, 128, 2.0)]
    assert engine.batches == [1, 1, 1]
    for seen, matrix in zip(engine.seen, looks, strict=True):
        difference = seen.astype(int) - resample(photo, matrix, (128, 128))
        assert (np.abs(difference) > 2).mean() < 1e-3


@pytest.mark.parametrize("again", [False, True])
def test_a_seed_chooses_the_face_of_each_photo_whatever_stands_beside_it(again):
    photos = [ribbon(slice(100 + 20 * i, 280)) for i in range(3)]
    engine, options = DrawingEngine(), {"detector": AstrayDetector(9) if again else one_face}
    alone = [restore_photo(photo, engine, seed=5, **options) for photo in photos]
    together = [r for _, r in restore_photos(photos, engine, seed=5, batch_size=2, **options)]
    for photo, one, other in zip(photos, alone, together, strict=True):
        assert np.array_equal(one.pixels, other.pixels) and one.mask.any()
        assert np.array_equal(one.pixels[~one.mask], photo[~one.mask])
    assert set(engine.seeds) == {5}
    faces = [restore_photo(photos[0], engine, seed=seed, **options).pixels for seed in (None, 0, 1, 5)]
    assert len({picture.tobytes() for picture in faces}) == 4 and np.array_equal(faces[3], alone[0].pixels)


def test_a_seed_is_for_engines_that_draw():
    with pytest.raises(InputError, match="`seed` must be left out: .* Received: seed=3"):
        restore_photo(data.astronaut(), FakeEngine(), detector=unreached, seed=3)


def test_the_batch_size_reaches_the_engine():
    sizes = []

    class Counting(FakeEngine):
        def restore(self, images, masks=None, *, seed=None, batch_size=16):
            sizes.append(batch_size)
            return super().restore(images, masks)

    list(restore_photos([data.astronaut()] * 3, Counting(), detector=two_faces, faces="all", batch_size=4))
    assert set(sizes) == {4}


def test_all_faces_or_the_largest():
    every = restore_photo(data.astronaut(), FakeEngine(), detector=two_faces, faces="all")
    one = restore_photo(data.astronaut(), FakeEngine(), detector=two_faces)
    assert len(every.faces) == 2 and one.faces == (FACE,)
    assert (every.mask & ~one.mask).sum() > 500 and (every.mask >= one.mask).all()


def test_an_aligned_picture_of_any_shape_keeps_its_resolution():
    pixels = data.astronaut()[:300, :410]
    restored = restore_photo(pixels, FakeEngine(), aligned=True)
    rows, columns = np.flatnonzero(restored.mask.any(1)), np.flatnonzero(restored.mask.any(0))
    expected = np.array([60 / 128 * 300, 110 / 128 * 300, 35 / 128 * 410, 95 / 128 * 410])
    found = np.array([rows[0], rows[-1] + 1, columns[0], columns[-1] + 1])
    assert np.abs(found - expected).max() <= 1
    assert np.array_equal(restored.pixels[~restored.mask], pixels[~restored.mask])


def test_faces_of_several_photos_share_batches_and_photos_keep_their_order():
    photos = [np.roll(data.astronaut(), i, axis=2) // (i + 1) for i in range(7)]
    engine = FakeEngine()
    results = list(restore_photos(photos, engine, detector=one_face, batch_size=3))
    assert engine.batches == [3, 3, 1]
    for photo, (source, restored) in zip(photos, results, strict=True):
        assert source is photo
        alone = restore_photo(photo, FakeEngine(), detector=one_face)
        assert np.array_equal(restored.pixels, alone.pixels)


def test_photos_are_read_only_when_their_batch_is_due():
    read = []

    def sources():
        for i in range(10):
            read.append(i)
            yield data.astronaut()

    results = restore_photos(sources(), FakeEngine(), detector=one_face, batch_size=2)
    next(results)
    assert read == [0, 1]


def test_one_bad_photo_does_not_stop_the_others(tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"")
    sources = [data.astronaut(), tmp_path / "bad.jpg", data.astronaut()]
    results = [result for _, result in restore_photos(sources, FakeEngine(), detector=one_face)]
    assert [type(result) for result in results] == [Restored, ImageFileError, Restored]
    with pytest.raises(ImageFileError, match="0 bytes"):
        restore_photo(tmp_path / "bad.jpg", FakeEngine(), detector=one_face)


def test_bad_input_is_one_sentence(portrait):
    with pytest.raises(NoFaceError, match="portrait.png"):
        restore_photo(portrait, FakeEngine(), detector=no_face)
    with pytest.raises(InputError, match="512x512 pixels. Received: 10x20 pixels"):
        restore_photo(portrait, FakeEngine(), detector=one_face, mask=np.zeros((20, 10), bool))
    with pytest.raises(InputError, match="uint8 RGB of shape"):
        restore_photo(np.zeros((50, 50), np.float32), FakeEngine(), detector=one_face)
    with pytest.raises(InputError, match="leave out `box`"):
        restore_photo(portrait, FakeEngine(), aligned=True, box=(0, 0, 5, 5))
    with pytest.raises(InputError, match="points of the photo, 512x512 pixels"):
        restore_photo(portrait, FakeEngine(), landmarks=FACE.landmarks + 600)
    with pytest.raises(InputError, match="'largest' or 'all'"):
        restore_photo(portrait, FakeEngine(), faces="both")
