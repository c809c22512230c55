"""The desk of a running server: one line is asked, one line is answered, whatever comes."""

import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from tocsin.domain.errors import (
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    Problem,
    StoreInUseError,
    TocsinError,
    UnavailableError,
)
from tocsin.workers import desk
from tocsin.workers.desk import ask, open_desk, result_of, told


def echo(request: dict[str, Any]) -> dict[str, Any]:
    return {"result": request}


@pytest.fixture
def sign(tmp_path: Path) -> Path:
    return tmp_path / "tocsin.db.lock"


def test_a_request_is_answered(sign: Path) -> None:
    with open_desk(sign, echo):
        assert ask(sign, {"command": "key list", "values": {"é": [1, None, "x" * 200_000]}}) == {
            "result": {"command": "key list", "values": {"é": [1, None, "x" * 200_000]}}
        }


def test_requests_of_many_are_answered_one_by_one(sign: Path) -> None:
    found: list[object] = []
    with open_desk(sign, echo):
        threads = [
            threading.Thread(target=lambda n=n: found.append(ask(sign, {"n": n})["result"]["n"])) for n in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(found) == list(range(20))  # type: ignore[type-var]  # numbers


def test_only_its_own_user_can_reach_it(sign: Path) -> None:
    with open_desk(sign, echo):
        folder = Path(sign.read_text("utf-8")).parent

        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_nobody_sits_at_a_desk_that_was_closed(sign: Path) -> None:
    with open_desk(sign, echo):
        pass

    assert sign.read_text("utf-8") == ""
    with pytest.raises(StoreInUseError, match="stop it first"):
        ask(sign, {})


def test_a_sign_that_a_killed_server_left_behind_leads_nowhere(sign: Path, tmp_path: Path) -> None:
    sign.write_text(str(tmp_path / "gone"), "utf-8")
    with pytest.raises(StoreInUseError):
        ask(sign, {})

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "left"))
    listener.close()
    sign.write_text(str(tmp_path / "left"), "utf-8")
    with pytest.raises(StoreInUseError):
        ask(sign, {})


def test_a_store_without_a_sign_has_no_desk(sign: Path) -> None:
    with pytest.raises(StoreInUseError):
        ask(sign, {})


@pytest.mark.parametrize("sent", [b"", b"{\n", b"no json\n", b"\xff\n", b'{"never": "ended'])
def test_what_is_no_request_is_dropped_and_the_next_is_answered(sign: Path, sent: bytes) -> None:
    with open_desk(sign, echo):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(sign.read_text("utf-8"))
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            assert line.recv(1) == b""

        assert ask(sign, {"n": 1}) == {"result": {"n": 1}}


def test_a_request_without_an_end_is_cut_off(sign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "LONGEST_LINE", 64)
    with open_desk(sign, echo):
        with pytest.raises(StoreInUseError):
            ask(sign, {"long": "x" * 5000})

        assert ask(sign, {"n": 1}) == {"result": {"n": 1}}


def test_an_answer_that_is_no_json_is_no_answer(sign: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "odd"))
        listener.listen()
        sign.write_text(str(tmp_path / "odd"), "utf-8")

        def answer() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(100)
                line.sendall(json.dumps({}).encode()[:1] + b"\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(StoreInUseError):
            ask(sign, {})
        thread.join()


@pytest.mark.parametrize(
    "error",
    [
        InvalidInputError([Problem(field="a: b", message="c; d"), Problem(field="e", message="f")]),
        NotFoundError("there is none"),
        ConflictError("not now"),
        ConfigurationError("set it"),
        UnavailableError("away"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_a_command_is_the_same_on_the_other_side_of_the_desk(error: TocsinError) -> None:
    with pytest.raises(type(error)) as caught:
        result_of(json.loads(json.dumps(told(error))))

    assert str(caught.value) == str(error)
    if isinstance(error, InvalidInputError):
        assert isinstance(caught.value, InvalidInputError)
        assert caught.value.problems == error.problems
