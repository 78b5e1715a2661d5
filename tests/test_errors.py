from __future__ import annotations

import pickle

import pytest

import mmdia.errors as errors
from mmdia.errors import MmdiaError

TREE = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, MmdiaError)]


@pytest.mark.parametrize("kind", TREE)
def test_errors_say_what_where_and_what_to_do_and_survive_pickling(kind: type[MmdiaError]) -> None:
    error = kind("it broke", path="here", expected="1", got="2", hint="Mend it.")
    text = str(error)
    assert text == "here: it broke; expected 1; got 2. Mend it."
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == text
    assert again.hint == "Mend it."
    assert kind.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.UsageError, ValueError),
        (errors.ReleaseNotFound, FileNotFoundError),
        (errors.MediaNotFound, FileNotFoundError),
        (errors.StoreError, OSError),
        (errors.MissingExtra, ImportError),
        (errors.MissingTool, FileNotFoundError),
        (errors.WorkerError, RuntimeError),
    ],
)
def test_errors_are_the_builtins_a_caller_expects(kind: type[MmdiaError], builtin: type[Exception]) -> None:
    with pytest.raises(builtin):
        raise kind("x")


def test_exit_statuses() -> None:
    assert errors.UsageError("x").exit_code == 2
    assert errors.MissingExtra.of("torch", "train").exit_code == 3
    assert "pip install 'mmdia[train]'" in str(errors.MissingExtra.of("torch", "train"))


def test_the_code_of_an_error_travels_and_stays_out_of_its_text() -> None:
    error = errors.MediaUnreadable("it broke", path="incomplete/film.mp4", code="encrypted")
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, str(again)) == ("encrypted", "incomplete/film.mp4: it broke")
    assert errors.MediaUnreadable("it broke").code is None
    assert errors.MediaNotFound("gone").code == "missing_media"


def test_codes_of_kinds_of_errors_are_in_the_registry() -> None:
    from mmdia.schema.reasons import REASONS

    assert {kind.code for kind in TREE} - {None} <= REASONS.keys()
