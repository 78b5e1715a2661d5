"""Plans of films against brute force; aims; the catalogue of a release."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.corpus.locate import open_release
from mmdia.errors import UsageError
from mmdia.rebuild.catalogue import Aim, Entry, known_parts, plan_films, read_catalogue
from mmdia.schema.title import Title
from tests.rebuild.conftest import MakeRelease, row


def entry(i: str, n: int, span_ms: int = 0, runtime: int | None = None, **parts: int) -> Entry:
    return Entry(Title(title_id=i, duration_ms=runtime), parts, n, span_ms)


films = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 5), st.integers(0, 9), st.none() | st.integers(0, 3)),
    max_size=7,
).map(lambda rows: [entry(f"t{k}", n, span, run, bench=b) for k, (n, b, span, run) in enumerate(rows)])
aims = st.one_of(
    st.integers(0, 30).map(lambda n: Aim(None, "dialogues", Fraction(n), False)),
    st.integers(0, 30).map(lambda n: Aim(None, "span_ms", Fraction(n), False)),
    st.integers(0, 10).map(lambda n: Aim(None, "dialogues", Fraction(n, 10), True)),
    st.integers(0, 10).map(lambda n: Aim("bench", "dialogues", Fraction(n, 10), True)),
)


@given(films, aims, st.sets(st.sampled_from([f"t{k}" for k in range(7)])))
def test_no_smaller_set_reaches_the_aim(entries: list[Entry], aim: Aim, have: set[str]) -> None:
    plan = plan_films(entries, aim, have=have)
    rest = [e for e in entries if e.title_id not in have]
    base = sum(aim.gain(e) for e in entries if e.title_id in have)
    assert plan.total == sum(map(aim.gain, entries))
    assert plan.reached == base + sum(map(aim.gain, plan.films))
    assert not {e.title_id for e in plan.films} & have
    assert plan.target == -(-(plan.total * aim.amount if aim.is_share else aim.amount) // 1)
    if not plan.reachable:
        assert plan.reached == plan.total < plan.target
        return
    sets = {k: [base + sum(map(aim.gain, c)) for c in combinations(rest, k)] for k in range(len(rest) + 1)}
    least = next(k for k, sums in sets.items() if max(sums) >= plan.target)
    assert len(plan.films) == least
    assert plan.reached == max(sets[least])  # of the smallest sets the one that brings most


@given(films, aims)
def test_among_equals_the_shortest_films_are_taken(entries: list[Entry], aim: Aim) -> None:
    known = [
        entry(e.title_id, e.dialogues, e.span_ms, e.title.duration_ms or 0, **e.parts) for e in entries
    ]
    plan = plan_films(known, aim)
    best = min(
        (
            sum(e.title.duration_ms or 0 for e in c)
            for c in combinations(known, len(plan.films))
            if sum(map(aim.gain, c)) == plan.reached
        ),
        default=0,
    )
    assert sum(e.title.duration_ms or 0 for e in plan.films) == best


def test_a_film_of_unknown_length_comes_after_its_equals() -> None:
    entries = [entry("a", 5), entry("b", 5, runtime=9_000_000)]
    assert [e.title_id for e in plan_films(entries, Aim.parse("dialogues=5")).films] == ["b"]


@pytest.mark.parametrize(
    ("text", "aim"),
    [
        ("bench", Aim("bench", "dialogues", Fraction(1), True)),
        ("HARD=.5", Aim("hard", "dialogues", Fraction(1, 2), True)),
        ("hours=1.5", Aim(None, "span_ms", Fraction(5_400_000), False)),
        ("dialogues=10", Aim(None, "dialogues", Fraction(10), False)),
        ("share=0.9", Aim(None, "dialogues", Fraction(9, 10), True)),
    ],
)
def test_aims(text: str, aim: Aim) -> None:
    assert Aim.parse(text) == aim


@pytest.mark.parametrize(
    "text", ["", "hours", "hours=-1", "hours=x", "bench=1.1", "share=2", "be nch", "=3"]
)
def test_what_is_no_aim(text: str) -> None:
    with pytest.raises(UsageError):
        Aim.parse(text)


def test_a_share_is_exact_where_floats_are_not() -> None:
    entries = [entry(f"t{k}", 1) for k in range(10)]
    assert plan_films(entries, Aim.parse("share=.7")).target == 7


def test_the_catalogue_of_a_release(make_release: MakeRelease, tmp_path: Path) -> None:
    script: dict[str, Any] = {"dialogue_id": "s", "turns": [{"speakers": ["a"]}]}
    tagged = {**row("b", 5000, 9000), "split": "test", "subsets": ["bench", "test"]}
    release = make_release(
        [{"title_id": "t", "name": "T", "duration_ms": 60_000}, {"title_id": "empty"}],
        [row("a", 1000, 2500), tagged, {**tagged}, row("c", 0, 1000, "unlisted"), script],
    )
    found = {e.title_id: e for e in read_catalogue(open_release(release))}
    assert list(found) == ["t", "empty", "unlisted"]
    assert (found["t"].dialogues, found["t"].span_ms) == (2, 5500)  # the second "b" does not count
    assert found["t"].parts == {"test": 1, "bench": 1}
    assert (found["empty"].dialogues, found["unlisted"].dialogues) == (0, 1)
    assert known_parts(list(found.values())) == ["test", "bench"]
    assert found["t"].to_row()["dialogue_hours"] == pytest.approx(5.5 / 3600, abs=1e-4)


def test_withdrawn_dialogues_bring_nothing(make_release: MakeRelease) -> None:
    release = make_release([{"title_id": "t"}], [row("a", 0, 1000), row("b", 2000, 3000)])
    (release / "withdrawn.jsonl").write_text('{"dialogue_id": "a"}\n')
    assert read_catalogue(open_release(release))[0].dialogues == 1
