"""What sets share: titles, people, texts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.corpus.arrow import batch_of
from mmdia.corpus.leaves import Leaves
from mmdia.release.leakage import leakage
from mmdia.release.split_texts import SHINGLE, document_hashes, shingles_of, words_of
from mmdia.schema.dialogue import Dialogue
from tests.release.split_rows import dialogue, turn

LONG = "the quick brown fox jumps over the lazy dog and then it sleeps until the morning comes again"

ROSS = {"speaker_id": "a", "name": "Ross", "actor": "D. S."}


def said(name: str, text: str | None, split: str | None = "train", title: str = "t1", **more):
    return dialogue(name, title, split=split, turns=[turn("a", text)], **more)


def found(make_release, *rows, titles=({"title_id": "t1"}, {"title_id": "t2"}), **options):
    handle = make_release(titles=list(titles), dialogues=list(rows))
    return leakage(handle, **options)


def test_titles_people_and_actors(make_release):
    titles = [
        {
            "title_id": "t1",
            "series": "Show",
            "speakers": [{"speaker_id": "a", "name": "Ross", "actor": "D. S."}],
        },
        {"title_id": "t2", "series": "show", "speakers": [{"speaker_id": "x1", "name": "ROSS"}]},
        {"title_id": "t3", "speakers": [{"speaker_id": "a", "name": "Bob", "actor": "d.  s."}]},
    ]
    rows = [
        said("d1", LONG), dialogue("d2", "t2", split="test", turns=[turn("x1", "nothing of that kind")]),
        said("d3", "quite another text", "validation", "t3"),
        said("d4", "one more", None, subsets=["hard"]),
    ]  # fmt: skip
    report = found(make_release, *rows, titles=titles)
    test = report.pair("train", "test")
    assert (test.titles.count, test.speakers.count, test.actors.count) == (0, 1, 0)
    assert test.speakers.examples == ("Show: Ross",)
    assert test.series.count == 1
    validation = report.pair("train", "validation")
    assert (validation.titles.count, validation.speakers.count, validation.actors.count) == (0, 0, 1)
    hard = report.pair("train", "hard")
    assert hard.titles.examples == ("t1",)
    assert report.pair("train", "ood") is None
    assert not test.clean


@pytest.mark.parametrize(
    "speakers",
    [
        [{"speaker_id": "a", "name": "Everyone"}],
        [{"speaker_id": "a", "kind": "persona", "name": "man in a hat"}],
        [{"speaker_id": "a", "kind": "group"}],
    ],
)
def test_nobody_in_particular_links_nothing(make_release, speakers):
    titles = [{"title_id": "t1", "series": "S"}, {"title_id": "t2", "series": "S"}]
    rows = [said("d1", "x", speakers=speakers), said("d2", "y", "test", "t2", speakers=speakers)]
    assert found(make_release, *rows, titles=titles).pair("train", "test").speakers.count == 0


def test_numbers_for_names_say_nothing_outside_their_title(make_release):
    titles = [{"title_id": "t1", "series": "S"}, {"title_id": "t2", "series": "S"}]
    rows = [
        dialogue("d1", split="train", turns=[turn("spk_1")]),
        dialogue("d2", "t2", split="test", turns=[turn("spk_1")]),
    ]
    assert found(make_release, *rows, titles=titles).pair("train", "test").speakers.count == 0
    rows = [
        dialogue("d1", split="train", turns=[turn("Chandler")]),
        dialogue("d2", "t2", split="test", turns=[turn("Chandler")]),
    ]
    assert found(make_release, *rows, titles=titles).pair("train", "test").speakers.count == 1


def test_texts_the_same_and_nearly_so(make_release):
    words = LONG.split()
    edited = " ".join(["well", *words[:9], "oh", *words[9:]])
    report = found(
        make_release,
        said("a1", LONG),
        said("a2", "short", title="t1"),
        said("b1", LONG.upper().replace(" ", ", ") + "!", "test", "t2"),
        said("b2", edited, "test", "t2"),
        said("b3", "short", "test", "t2"),
        said("b4", " ".join(f"word{k}" for k in range(20)), "test", "t2"),
        said("b5", None, "test", "t2"),
    )
    pair = report.pair("train", "test")
    assert pair.same_texts.examples == ("b1", "b3")
    assert pair.near_texts.examples == ("b1", "b2")
    assert [(m.held_out, m.train) for m in report.matches] == [("b1", "a1"), ("b2", "a1")]
    assert report.matches[0].share == 1
    assert 0.5 <= report.matches[1].share < 1
    assert (report.too_short, report.withheld) == (1, 1)


def test_a_piece_of_a_text_is_near_it(make_release):
    report = found(
        make_release, said("a", LONG), said("b", " ".join(LONG.split()[2:15]), "test", "t2"), near=0.9
    )
    assert report.matches[0].share == 1


def test_withdrawn_rows_leak_nothing(make_release):
    rows = [said("a", LONG), said("c", "hm"), said("b", LONG, "test", "t2")]
    handle = make_release(
        titles=[{"title_id": "t1"}, {"title_id": "t2"}], dialogues=rows, withdrawn=[{"dialogue_id": "a"}]
    )
    assert leakage(handle).pair("train", "test").same_texts.count == 0


def test_many_copies_of_one_text_cost_little(make_release):
    rows = [said(f"a{k:03d}", LONG) for k in range(300)]
    rows += [said(f"b{k:03d}", LONG, "test", "t2") for k in range(300)]
    report = found(make_release, *rows)
    assert report.pair("train", "test").near_texts.count == 300
    assert report.common_shingles == 0


def by_hand(a: str, b: str) -> float:
    one, two = (
        {tuple(t.split()[k : k + SHINGLE]) for k in range(len(t.split()) - SHINGLE + 1)} for t in (a, b)
    )
    return len(one & two) / min(len(one), len(two))


TEXTS = st.lists(st.sampled_from("abc"), min_size=12, max_size=20).map(" ".join)


@pytest.mark.slow
@settings(max_examples=40)
@given(st.lists(TEXTS, min_size=1, max_size=4), TEXTS)
def test_shingles_are_those_by_hand(texts, other):
    rows = [said(f"d{k}", text) for k, text in enumerate([*texts, other])]
    words = words_of(Leaves(batch_of([Dialogue.from_row(r) for r in rows], Dialogue)))
    hashes, owner = shingles_of(words, words.counts > 0)
    sets = [set(hashes[owner == k].tolist()) for k in range(len(rows))]
    for k, text in enumerate(texts):
        share = len(sets[k] & sets[-1]) / min(len(sets[k]), len(sets[-1]))
        assert share == pytest.approx(by_hand(text, other))
    whole = document_hashes(words)
    for k, text in enumerate(texts):
        assert (whole[k] == whole[-1]) == (text == other)


def test_scripts_without_spaces_are_cut_into_characters():
    row = Dialogue.from_row(said("d", "你好，世界！ かな"))
    words = words_of(Leaves(batch_of([row], Dialogue)))
    assert words.counts.tolist() == [6]
