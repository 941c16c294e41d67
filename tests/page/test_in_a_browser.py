"""The page as people use it, in headless Chromium; the model and the detector are fakes."""

import io
import shutil
import socket
import threading
import time

import numpy as np
import pytest
import uvicorn
from PIL import Image
from skimage import data

from tests.fake_engine import FakeEngine, RedEngine, one_face
from tfinpaint.engine import Contract
from tfinpaint.faces import find
from tfinpaint.page import create_app

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PORTRAIT = data.astronaut()[:240, 100:340]
MODELS = {"masks": "worn masks", "red": "what is red", "told": "anything"}

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no browser here: apt install chromium, or Google Chrome")


@pytest.fixture(scope="module")
def address():
    """A server of the page that runs meanwhile."""
    engines = {"masks": FakeEngine(), "red": RedEngine(), "told": FakeEngine(Contract(mask="needs"))}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(find, "default_detector", lambda: one_face)
        server = uvicorn.Server(uvicorn.Config(create_app(engines.__getitem__, MODELS), log_config=None))
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def browser():
    sync = pytest.importorskip("playwright.sync_api")
    flags = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with sync.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address):
    """The page, opened; afterwards it must have asked nobody else and met no error."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(10_000)
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.wait_for_selector("#model option", state="attached")
    yield page
    assert not errors
    assert all(url.startswith((address, "blob:", "data:")) for url in asked)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "me.png"
    Image.fromarray(PORTRAIT).save(path)
    return path


def restored(page):
    page.wait_for_selector("#download:visible")
    page.wait_for_selector("#busy", state="hidden")
    return page.inner_text("#said")


def download(page, link):
    with page.expect_download() as got:
        page.click(link)
    return got.value.suggested_filename, np.asarray(Image.open(io.BytesIO(got.value.path().read_bytes())))


def test_a_photo_is_chosen_restored_drawn_on_painted_again_and_fetched(page, photo):
    page.set_input_files("#file", photo)
    assert "One face; " in restored(page)
    name, first = download(page, "#download")
    assert name == "me_restored.png"
    _, mask = download(page, "#download-mask")
    np.testing.assert_array_equal(first[mask == 0], PORTRAIT[mask == 0])
    assert (first[mask > 0] != PORTRAIT[mask > 0]).any()

    page.get_by_role("radio", name="What is hidden").check()
    box = page.locator("#mask").bounding_box()
    at = lambda x, y: (box["x"] + x * box["width"], box["y"] + y * box["height"])  # noqa: E731
    page.mouse.move(*at(0.3, 0.3))
    page.mouse.down()
    page.mouse.move(*at(0.7, 0.3), steps=4)
    page.mouse.up()
    page.click("#again")
    page.wait_for_selector("#slider:visible")
    _, wider = download(page, "#download-mask")
    assert (wider > 0).sum() > 1.1 * (mask > 0).sum() and wider[72, 80:160].all()
    _, second = download(page, "#download")
    np.testing.assert_array_equal(second[wider == 0], PORTRAIT[wider == 0])

    page.get_by_role("radio", name="What is hidden").check()
    page.click("#undo")
    page.click("#again")
    page.wait_for_selector("#slider:visible")
    _, undone = download(page, "#download-mask")
    assert abs(int((undone > 0).sum()) - int((mask > 0).sum())) < 0.02 * (mask > 0).sum()


def test_the_line_between_before_and_after_follows_the_slider(page, photo):
    page.set_input_files("#file", photo)
    restored(page)
    page.focus("#slider")
    page.keyboard.press("Home")
    assert page.evaluate("getComputedStyle(document.getElementById('after')).clipPath") == "inset(0px 0px 0px 0%)"
    page.keyboard.press("End")
    assert "100%" in page.evaluate("getComputedStyle(document.getElementById('after')).clipPath")


def test_the_keyboard_alone_draws_and_paints(page, photo):
    page.set_input_files("#file", photo)
    restored(page)
    page.get_by_role("radio", name="What is hidden").focus()
    page.keyboard.press("Space")
    page.focus("#clear")
    page.keyboard.press("Enter")
    page.focus("#mask")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    page.focus("#again")
    page.keyboard.press("Enter")
    page.wait_for_selector("#slider:visible")
    _, mask = download(page, "#download-mask")
    rows, columns = np.nonzero(mask)
    assert 110 < rows.mean() < 130 and 100 < columns.mean() < 115  # left of the middle by five hundredths


def test_a_model_that_must_be_told_lets_people_draw_first(page, photo):
    page.select_option("#model", "told")
    page.set_input_files("#file", photo)
    page.wait_for_selector("#wrong:visible")
    assert "draw over what hides the face" in page.inner_text("#wrong")
    page.click("#mask")
    page.click("#again")
    page.wait_for_selector("#slider:visible")
    assert page.is_hidden("#wrong")


def test_what_is_no_photo_is_said_in_one_sentence(page, tmp_path):
    (tmp_path / "me.png").write_bytes(b"no picture")
    page.set_input_files("#file", tmp_path / "me.png")
    page.wait_for_selector("#wrong:visible")
    assert page.inner_text("#wrong").startswith("me.png must be a picture")
    assert page.is_visible("#choose")


def test_the_camera_takes_a_photo(page):
    page.click("#camera")
    while not page.evaluate("document.getElementById('video').videoWidth"):
        page.wait_for_timeout(50)
    page.click("#take")
    restored(page)
    assert download(page, "#download")[0] == "camera_restored.png"


def test_two_people_at_once_get_each_their_own(browser, address, tmp_path):
    pages, names = [], []
    for colour in (40, 200):
        path = tmp_path / f"grey{colour}.png"
        Image.fromarray(np.full((200, 200, 3), colour, np.uint8)).save(path)
        page = browser.new_context().new_page()
        page.goto(address)
        page.wait_for_selector("#model option", state="attached")
        page.set_input_files("#file", path)
        pages.append((page, colour))
    for page, colour in pages:
        restored(page)
        name, picture = download(page, "#download")
        names.append(name)
        assert (picture[:5] == colour).all()
        page.context.close()
    assert names == ["grey40_restored.png", "grey200_restored.png"]
