"""Lift, its significance, and the links that the paper states."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.release.stat_lift import holm, lift_table, p_value, stated_links

cells = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), st.integers(1, 40), min_size=1
)


@given(cells)
def test_marginals_hold(counts: dict[tuple[str, str], int]) -> None:
    lift = lift_table(counts)
    assert lift.n == sum(counts.values()) == sum(c.n for c in lift.cells)
    assert sum(c.expected for c in lift.cells) == pytest.approx(lift.n)
    for cell in lift.cells:
        assert cell.lift == pytest.approx(cell.n / cell.expected)
        assert 0 <= cell.p <= cell.p_adjusted <= 1
    if lift.cramers_v is not None:
        assert 0 <= lift.cramers_v <= 1 + 1e-9


def test_a_table_by_hand() -> None:
    lift = lift_table({("a", "x"): 30, ("a", "y"): 10, ("b", "x"): 20, ("b", "y"): 40})
    cell = lift.cell("a", "x")
    assert cell is not None
    assert cell.expected == pytest.approx(20)
    assert cell.lift == pytest.approx(1.5)
    assert cell.rank == 1
    assert lift.chi2 == pytest.approx(16.6667, abs=1e-3)
    assert lift.dof == 1
    assert lift.cramers_v == pytest.approx(math.sqrt(16.6667 / 100), abs=1e-4)


@given(st.integers(0, 30), st.integers(1, 30), st.integers(1, 30), st.integers(0, 40))
def test_p_values_are_the_sum_of_a_tail(n: int, row: int, column: int, more: int) -> None:
    total = max(row, column) + more
    low, high = max(0, row + column - total), min(row, column)
    n = min(max(n, low), high)
    tail = range(n, high + 1) if n * total >= row * column else range(low, n + 1)
    ways = sum(math.comb(column, k) * math.comb(total - column, row - k) for k in tail)
    assert p_value(n, row, column, total) == pytest.approx(min(1, 2 * ways / math.comb(total, row)))


def test_p_values_of_large_tables() -> None:
    ways = sum(math.comb(1000, k) * math.comb(9000, 300 - k) for k in range(45, 301))
    assert p_value(45, 300, 1000, 10_000) == pytest.approx(2 * ways / math.comb(10_000, 300))
    assert p_value(0, 20_000, 20_000, 54_700) < 1e-300
    assert p_value(7313, 20_000, 20_000, 54_700) == pytest.approx(1, abs=0.02)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_order_and_never_lowers(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(a >= p for a, p in zip(adjusted, values, strict=True))
    order = sorted(range(len(values)), key=lambda k: values[k])
    assert [adjusted[k] for k in order] == sorted(adjusted)


def test_links_hold_or_do_not() -> None:
    held = {
        ("Workplace", "Commands"): 80, ("Workplace", "Questioning"): 90, ("Workplace", "Banter"): 10,
        ("Intimate", "Banter"): 60, ("Intimate", "Emotion Release"): 60, ("Intimate", "Commands"): 5,
        ("Friends", "Banter"): 30, ("Friends", "Questioning"): 40, ("Friends", "Emotion Release"): 10,
    }  # fmt: skip
    assert {link.verdict for link in stated_links(lift_table(held))} == {"holds"}
    turned = {(("Friends" if a == "Workplace" else a), b): n for (a, b), n in held.items()}
    turned["Workplace", "Commands"] = 2
    verdicts = {(v.relationship, v.interaction): v.verdict for v in stated_links(lift_table(turned))}
    assert verdicts["Workplace", "Commands"] == "does not hold"
    assert verdicts["Workplace", "Questioning"] == "does not hold"
    few = lift_table({("Intimate", "Banter"): 2, ("Friends", "Banter"): 1, ("Friends", "Conflict"): 1})
    weak = {(v.relationship, v.interaction): v.verdict for v in stated_links(few)}
    assert weak["Intimate", "Banter"] == "not significant"
    assert weak["Workplace", "Commands"] == "no data"
