from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.errors import UsageError
from mmdia.schema.names import original_name, safe_name, safe_names

identifiers = st.text(min_size=1, max_size=60)


@given(identifiers)
def test_names_are_safe_and_come_back(identifier: str) -> None:
    name = safe_name(identifier)
    assert re.fullmatch(r"[A-Za-z0-9_~-]+", name)
    assert len(name.encode()) <= 150
    if "~~" not in name:
        assert original_name(name) == identifier


@given(st.sets(identifiers, max_size=20))
def test_names_in_one_folder_never_meet(ids: set[str]) -> None:
    names = safe_names(ids)
    assert len({n.lower() for n in names.values()}) == len(ids)


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("tt0059742_clip_130", "tt0059742_clip_130"),
        ("tv_04_LBLMLMS S01E21", "tv_04_LBLMLMS~20S01E21"),
        ("a/b", "a~2Fb"),
        ("..", "~2E~2E"),
        ("Amélie", "Am~C3~A9lie"),
        ("con", "~63on"),
        ("NUL", "~4EUL"),
        ("com1", "~63om1"),
    ],
)
def test_names_follow_the_contract(identifier: str, name: str) -> None:
    assert safe_name(identifier) == name
    assert original_name(name) == identifier


def test_long_names_are_cut_with_a_hash() -> None:
    one, two = safe_name("x" * 400), safe_name("x" * 401)
    assert len(one) == 150
    assert one != two
    assert original_name(one) is None


def test_names_that_differ_in_case_get_a_hash() -> None:
    names = safe_names(["Film", "film", "other"])
    assert "~~" in names["Film"]
    assert "~~" in names["film"]
    assert names["other"] == "other"


def test_empty_identifiers_are_refused() -> None:
    with pytest.raises(UsageError):
        safe_name("")
