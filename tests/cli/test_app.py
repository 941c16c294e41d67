"""`tfinpaint app` as a person types it; the server itself is tested in tests/page."""

import socket
import sys

import pytest
import uvicorn

from tfinpaint import cli, zoo


@pytest.fixture
def served(monkeypatch):
    """The applications that were to be served, and where."""
    calls = []

    def note(self, sockets):
        assert self.config.log_config is None  # else uvicorn closes what others log to, as absl's stream
        calls.append((self.config.app, sockets[0]))

    monkeypatch.setattr(uvicorn.Server, "run", note)
    return calls


def test_it_says_where_the_page_is_and_offers_what_has_weights(served, capsys):
    assert cli.main(["app", "--no-browser", "--port", "0", "--model", "c2fdan", "--megabytes", "5"]) == 0
    ((app, listener),) = served
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    listener.close()
    assert f"the page is at {address}" in capsys.readouterr().err
    about = next(route for route in app.routes if route.path == "/about").endpoint()
    assert about["megabytes"] == 5
    names = [model["name"] for model in about["models"]]
    assert names[0] == "c2fdan_128_small" and "fmodr_128" in names
    assert names[-1] == "auto" and "what_hides_128" not in names
    assert all(zoo.preset(name).file for name in names[:-1]) and all(model["removes"] for model in about["models"])


def test_unless_told_otherwise_the_page_first_offers_what_sees_for_itself(served):
    assert cli.main(["app", "--no-browser", "--port", "0"]) == 0
    ((app, listener),) = served
    listener.close()
    about = next(route for route in app.routes if route.path == "/about").endpoint()
    assert [model["name"] for model in about["models"]][0] == "auto"


def test_a_browser_is_opened_unless_told_otherwise(served, monkeypatch):
    opened = []
    monkeypatch.setattr("threading.Timer.start", lambda timer: opened.append(timer.args[0]))
    assert cli.main(["app", "--port", "0"]) == 0
    served[0][1].close()
    assert opened and opened[0].startswith("http://127.0.0.1:")


def test_what_cannot_be_served_is_one_sentence(served, capsys, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["app", "--no-browser", "--port", str(port)]) == 1
    assert "choose another --port" in capsys.readouterr().err
    assert cli.main(["app", "--no-browser", "--port", "99999"]) == 1
    assert "choose another --port" in capsys.readouterr().err
    assert cli.main(["app", "--no-browser", "--model", "fmodr_256"]) == 1
    assert "`--model` must have published weights. Received: fmodr_256" in capsys.readouterr().err
    assert cli.main(["app", "--no-browser", "--megabytes", "0"]) == 1
    assert "`bytes` must be above 0" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert cli.main(["app", "--no-browser"]) == 1
    assert "pip install 'tfinpaint[app]'" in capsys.readouterr().err
    assert not served
