"""What the page's server answers, and what it refuses; the model and the detector are fakes."""

import asyncio
import io
import struct
import threading
import zlib

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from skimage import data

from tests.fake_engine import FakeEngine, RedEngine, no_face, one_face
from tfinpaint.engine import Contract
from tfinpaint.errors import InputError
from tfinpaint.faces import find
from tfinpaint.page import Limits, create_app
from tfinpaint.page.workbench import Busy, Workbench

PORTRAIT = data.astronaut()[:240, 100:340]
MODELS = {"masks": "worn masks", "red": "what is red", "told": "anything"}
LOCAL = "http://localhost"


class BrokenEngine(FakeEngine):
    """Fails in a way that nobody has foreseen."""

    def restore(self, *_, **__):
        raise RuntimeError("secret of the house")


@pytest.fixture
def engines(monkeypatch):
    monkeypatch.setattr(find, "default_detector", lambda: one_face)
    return {"masks": FakeEngine(), "red": RedEngine(), "told": FakeEngine(Contract(mask="needs"))}


def client_of(engines, limits=None, **options):
    return TestClient(
        create_app(engines.__getitem__, MODELS, limits=limits), base_url=LOCAL, raise_server_exceptions=False, **options
    )


@pytest.fixture
def client(engines):
    with client_of(engines) as client:
        yield client


def encoded(pixels=PORTRAIT, kind="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def bomb(side):
    """A small PNG whose header promises a picture of that side."""
    small = encoded(np.zeros((1, 1, 3), np.uint8))
    header = b"IHDR" + struct.pack(">II", side, side) + small[24:29]
    return small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]


def post(client, photo=None, name="photo.png", model="masks", mask=None, headers=None, **form):
    files = {"photo": (name, encoded() if photo is None else photo)}
    files |= {} if mask is None else {"mask": ("mask.png", mask)}
    return client.post("/restore", files=files, data={"model": model, **form}, headers=headers)


def picture(client, answer, which):
    return np.asarray(Image.open(io.BytesIO(client.get("/" + answer["at"] + answer[which]).content)))


def refused(response, status, words):
    assert response.status_code == status
    assert list(response.json()) == ["error"]
    assert words in response.json()["error"]


def test_a_photo_comes_back_painted_where_the_mask_says_and_nowhere_else(client):
    answer = post(client).json()
    mask, restored = picture(client, answer, "mask") > 0, picture(client, answer, "picture")
    assert answer["painted"] == pytest.approx(mask.mean()) and 0.02 < mask.mean() < 0.5
    np.testing.assert_array_equal(restored[~mask], PORTRAIT[~mask])
    assert (restored[mask] != PORTRAIT[mask]).any(-1).mean() > 0.9
    assert (answer["name"], answer["width"], answer["height"]) == ("photo_restored.png", 240, 240)
    assert answer["faces"] == [pytest.approx([48, 48, 144, 144])]
    overlay = picture(client, answer, "overlay")
    np.testing.assert_array_equal(overlay[..., 3] == 255, mask)


def test_what_is_drawn_counts_at_any_size(client, engines):
    drawn = np.zeros((120, 120, 4), np.uint8)
    drawn[50:70, 40:80] = (255, 0, 0, 255)
    answer = post(client, model="told", mask=encoded(drawn)).json()
    mask = picture(client, answer, "mask") > 0
    assert not mask[:95].any() and not mask[:, :75].any()
    assert mask[104:136, 84:156].all()
    nothing = post(client, model="told", mask=encoded(np.zeros((240, 240, 4), np.uint8))).json()
    assert nothing["painted"] == 0
    np.testing.assert_array_equal(picture(client, nothing, "picture"), PORTRAIT)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_the_kind_stays_and_what_browsers_do_not_show_is_shown_as_png(client, kind):
    answer = post(client, encoded(kind=kind), f"a photo.{kind.lower()}").json()
    file = client.get("/" + answer["at"] + answer["picture"])
    assert Image.open(io.BytesIO(file.content)).format == kind
    assert answer["name"] == f"a photo_restored.{kind.lower()}"
    if kind == "TIFF":
        np.testing.assert_array_equal(picture(client, answer, "before"), PORTRAIT)
        assert picture(client, answer, "shown").shape == PORTRAIT.shape
    else:
        assert answer["before"] is None and answer["shown"] == answer["picture"]


def test_the_page_and_what_it_needs_come_from_here_and_ask_nobody_else(client):
    page = client.get("/")
    assert "<title>tfinpaint" in page.text
    for name in ("page.js", "mask.js", "page.css", "icon.svg"):
        assert name in page.text
        file = client.get("/" + name)
        assert file.status_code == 200
        assert "http" not in file.text.replace("http://www.w3.org/2000/svg", "")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert client.get("/about").json()["models"][0] == {"name": "masks", "removes": "worn masks"}


def test_bad_photos_are_one_sentence_each(client, engines, monkeypatch):
    refused(post(client, b"no picture", "a.png"), 422, "a.png must be a picture")
    refused(post(client, b"", "a.png"), 422, "the file is empty")
    refused(post(client, encoded()[:2000], "../../etc/a.png"), 422, "a.png cannot be read as a picture")
    assert "etc" not in post(client, encoded()[:2000], "../../etc/a.png").json()["error"]
    refused(post(client, model="other"), 422, "`model` must be one of masks, red, told")
    refused(post(client, faces="both"), 422, "`faces` must be")
    refused(post(client, model="told"), 422, "draw over what hides the face")
    refused(post(client, mask=b"none"), 422, "`mask` must be a picture with alpha")
    refused(post(client, mask=encoded(np.zeros((50, 240, 4), np.uint8))), 422, "`mask` must have the photo's shape")
    refused(client.post("/restore"), 422, "must have `photo`")
    monkeypatch.setattr(find, "default_detector", lambda: no_face)
    refused(post(client), 422, "No face was found")


def test_an_error_of_our_own_shows_nothing_of_the_inside(engines, caplog):
    with client_of({**engines, "masks": BrokenEngine()}) as client:
        refused(post(client), 500, "the terminal in which it runs says more")
        assert "secret" not in post(client).text
        assert "secret of the house" in caplog.text
        assert post(client, model="red").status_code == 200  # and the next photo is painted


def test_bytes_and_pixels_are_bounded(engines):
    with client_of(engines, Limits(bytes=20_000, pixels=10_000)) as client:
        refused(post(client, encoded(PORTRAIT[:110, :110])), 413, "at most 0 MB")  # by what it says of itself
        large = b"x" * 30_000
        form = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n' + large + b"\r\n--b--\r\n"
        pieces = (form[i : i + 1000] for i in range(0, len(form), 1000))  # says nothing of its size
        headers = {"content-type": "multipart/form-data; boundary=b"}
        refused(client.post("/restore", content=pieces, headers=headers), 413, "at most 0 MB")
        small = encoded(np.zeros((101, 100, 3), np.uint8))
        refused(post(client, small), 422, "at most 0 million pixels")
        refused(post(client, bomb(65536)), 422, "million pixels")
    with pytest.raises(InputError, match="`pixels` must be above 0"):
        Limits(pixels=0)


def test_other_sites_and_names_are_refused(client, engines):
    refused(post(client, headers={"origin": "https://elsewhere.example"}), 403, "Only the page itself")
    refused(post(client, headers={"origin": "null"}), 403, "Only the page itself")
    assert post(client, headers={"origin": LOCAL}).status_code == 200
    assert client.get("/", headers={"host": "elsewhere.example"}).status_code == 400
    with TestClient(create_app(engines.__getitem__, MODELS, hosts=("*",)), base_url="http://10.0.0.1") as open_to_all:
        assert open_to_all.get("/about").status_code == 200


def test_results_are_kept_for_a_while_under_names_that_nobody_guesses(engines):
    with client_of(engines, Limits(kept=2)) as client:
        answers = [post(client).json() for _ in range(3)]
        assert len({answer["at"] for answer in answers}) == 3
        refused(client.get("/" + answers[0]["at"] + "mask.png"), 404, "no longer kept")
        assert client.get("/" + answers[2]["at"] + "mask.png").status_code == 200
        for name in ("%2e%2e", "..%2fmask.png", "other.png"):
            assert client.get("/" + answers[2]["at"] + name).status_code == 404


def test_nothing_is_left_behind(engines, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with client_of(engines) as client:
        post(client)
        assert len(list(tmp_path.rglob("photo_restored.png"))) == 1
    assert list(tmp_path.iterdir()) == []


def test_photos_are_painted_one_after_the_other_and_too_many_are_told_so():
    inside, most, go = [], [], threading.Event()

    def work():
        inside.append(1)
        most.append(len(inside))
        go.wait(5)
        inside.pop()
        return "done"

    async def three():
        bench = Workbench(dict, Limits(waiting=1))
        tasks = [asyncio.create_task(bench.run(work)) for _ in range(3)]
        await asyncio.sleep(0.05)
        go.set()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        bench.close()
        return done

    first, second, third = asyncio.run(three())
    assert (first, second, max(most)) == ("done", "done", 1)
    assert isinstance(third, Busy)


def test_a_photo_that_takes_too_long_is_given_up_and_the_next_one_waits_for_its_end():
    go = threading.Event()

    async def two():
        bench = Workbench(dict, Limits(seconds=0.05))
        with pytest.raises(Busy, match="longer than 0.05 seconds"):
            await bench.run(lambda: go.wait(5))
        task = asyncio.create_task(bench.run(lambda: go.is_set()))
        await asyncio.sleep(0.05)
        assert not task.done()
        go.set()
        assert await task
        bench.close()

    asyncio.run(two())
