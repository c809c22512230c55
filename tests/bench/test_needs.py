"""What the benchmarks say that they need."""

from pathlib import Path

import pytest

from bench import needs


def test_what_is_missing_is_named_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "_FOLDERS", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")

    said, complete = needs.lines("c")

    assert not complete
    assert said[1] == ("bench: MISSING smtp-sink, redis-server; install with: apt-get install postfix redis-server")


def test_only_what_the_chosen_letters_need_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "_FOLDERS", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")

    assert needs.lines("d") == (
        ["bench: needs no more than its locked packages; PostgreSQL comes with its locked packages"],
        True,
    )


def test_what_stands_where_a_plain_user_does_not_look_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "smtp-sink"
    program.touch(mode=0o755)
    monkeypatch.setattr(needs, "_FOLDERS", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")

    assert needs.path_of("smtp-sink") == str(program)
