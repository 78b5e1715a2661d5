"""Probabilities rise with evidence, stay in range, and the fitted table is whole."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.align import calibration, calibration_table
from mmdia.align.calibration import FilmFigures, film_figures, film_probability, line_probability, ramp
from mmdia.align.source import Family
from mmdia.errors import UsageError

FAMILIES: tuple[Family, ...] = get_args(Family)
BETTER_UP = ("own_nats", "mean_nats", "edit_lines")
BETTER_DOWN = ("residual_s", "drift_s")

nats = st.floats(-30, 30)


def _zero() -> np.ndarray:
    return np.zeros(1)


@dataclass(frozen=True)
class Figures:
    own_nats: np.ndarray = field(default_factory=_zero)
    mean_nats: np.ndarray = field(default_factory=_zero)
    edit_lines: np.ndarray = field(default_factory=_zero)
    edit_s: np.ndarray = field(default_factory=_zero)
    residual_s: np.ndarray = field(default_factory=_zero)
    drift_s: np.ndarray = field(default_factory=_zero)
    family: tuple[Any, ...] = ("text",)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=25)
@given(a=nats, b=nats, other=nats)
def test_a_better_figure_never_makes_a_line_less_sure(
    family: Family, a: float, b: float, other: float
) -> None:
    low, high = sorted((a, b))
    base = Figures(family=(family,), mean_nats=np.array([other]), edit_lines=np.array([abs(other)]))
    for name in BETTER_UP + BETTER_DOWN:
        worse, better = (low, high) if name in BETTER_UP else (high, low)
        less = line_probability(replace(base, **{name: np.array([worse])}))[0]
        more = line_probability(replace(base, **{name: np.array([better])}))[0]
        assert less <= more + 1e-12


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=25)
@given(a=nats, b=nats, total=st.floats(-1e4, 1e6))
def test_more_evidence_never_makes_a_film_less_sure(
    family: Family, a: float, b: float, total: float
) -> None:
    low, high = sorted((a, b))
    assert film_probability(family, FilmFigures(low, total)) <= film_probability(
        family, FilmFigures(high, total)
    )
    assert film_probability(family, FilmFigures(a, total)) <= film_probability(
        family, FilmFigures(a, total + 5)
    )


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=25)
@given(x=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=5))
def test_probabilities_are_probabilities(family: Family, x: list[float]) -> None:
    figures = Figures(
        own_nats=np.array(x),
        mean_nats=np.array(x),
        edit_lines=np.full(len(x), np.inf),
        residual_s=np.zeros(len(x)),
        drift_s=np.zeros(len(x)),
        family=(family,) * len(x),
    )
    p = line_probability(figures)
    assert p.shape == (len(x),)
    assert ((p > 0) & (p < 1)).all()
    assert 0 < film_probability(family, FilmFigures(x[0], x[-1])) < 1


@pytest.mark.parametrize("family", FAMILIES)
def test_good_evidence_is_believed_and_none_is_not(family: Family) -> None:
    many, far = np.full(1, 20.0), np.full(1, np.inf)
    assert line_probability(Figures(many, many, far, far, family=(family,)))[0] > 0.9
    assert film_probability(family, FilmFigures(10.0, 5000.0)) > 0.95
    assert film_probability(family, FilmFigures(-1.0, -300.0)) < 0.05
    # A recap: many nats in all, but a typical line has none.
    assert film_probability(family, FilmFigures(-0.4, 300.0)) < 0.25
    # A handful of lines that fit by luck.
    assert film_probability(family, FilmFigures(1.0, 5.0)) < 0.25


def test_a_few_excellent_stretches_do_not_pay_for_a_film() -> None:
    own = np.full(300, -0.3)
    own[20:45] = 15.0
    spoken = np.ones(300, dtype=bool)
    assert film_figures(own, spoken, 1).typical == pytest.approx(-0.3)
    assert film_figures(own, spoken, 1).total == pytest.approx(25 * 15 - 275 * 0.3)


def test_every_further_piece_must_pay() -> None:
    own, spoken = np.ones(10), np.ones(10, dtype=bool)
    one, three = film_figures(own, spoken, 1), film_figures(own, spoken, 3)
    assert one.total - three.total == pytest.approx(2 * calibration.PIECE)


def test_lines_that_are_not_spoken_are_not_asked() -> None:
    own = np.array([5.0, 0.0, 0.0, 0.0])
    spoken = np.array([True, False, False, False])
    assert film_figures(own, spoken, 1).typical == 5.0
    assert film_figures(np.zeros(0), np.zeros(0, dtype=bool), 1) == FilmFigures(0.0, 0.0)


def test_lines_of_several_kinds_each_go_by_their_own_model() -> None:
    both = Figures(*[np.ones(2)] * 6, family=("text", "timing"))
    one = [line_probability(Figures(*[np.ones(1)] * 6, family=(f,)))[0] for f in ("text", "timing")]
    assert line_probability(both).tolist() == pytest.approx(one)


def test_an_unknown_kind_of_evidence_is_named() -> None:
    with pytest.raises(UsageError, match="smell") as caught:
        line_probability(Figures(family=("smell",)))
    assert "text" in str(caught.value)
    with pytest.raises(UsageError, match="smell"):
        film_probability("smell", FilmFigures(1.0, 1.0))  # type: ignore[arg-type]


def test_a_ramp_rises_or_falls_and_knows_infinity() -> None:
    x = np.array([-np.inf, 0.0, 1.0, 2.0, np.inf])
    assert ramp(x, 0.0, 2.0).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert ramp(x, 2.0, 0.0).tolist() == [1.0, 1.0, 0.5, 0.0, 0.0]


def test_the_table_is_whole() -> None:
    names = set(BETTER_UP + BETTER_DOWN)
    assert set(calibration_table.LINE) == set(FAMILIES)
    assert set(calibration_table.FILM) == set(FAMILIES)
    for bias, ramps, least, most in calibration_table.LINE.values():
        assert np.isfinite(bias)
        assert 0 < least < most < 1
        for name, low, high, weight in ramps:
            assert name in names
            assert weight > 0
            assert (low < high) == (name in BETTER_UP)
    for _, typical_slope, _, total_slope in calibration_table.FILM.values():
        assert typical_slope > 0
        assert total_slope > 0


def test_the_table_holds_data_only() -> None:
    with open(calibration_table.__file__, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    kinds = (ast.Expr, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    assert all(isinstance(node, kinds) for node in tree.body)
