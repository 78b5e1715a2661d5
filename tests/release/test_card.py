"""Cards are filled from the release, and nothing that a release says can break out of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from mmdia.corpus.locate import ReleaseHandle, demo_release, open_release
from mmdia.corpus.read import iter_dialogues
from mmdia.errors import MissingExtra
from mmdia.release.card import Cards, make_cards, write_cards
from mmdia.release.card_text import fence, grid, md, number, variable
from mmdia.release.card_yaml import features
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.title import Title

Make = Callable[..., ReleaseHandle]
HEAD = {"schema": "mmdia.release/1", "name": "small", "version": "1.0"}


@pytest.fixture(scope="module")
def demo() -> Cards:
    return make_cards(open_release(demo_release()), repo="lab/demo", gated=True)


def metadata(card: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return found


@pytest.mark.slow
def test_the_head_names_every_configuration_with_its_files(demo: Cards) -> None:
    told = metadata(demo.dataset)
    assert told["license"] == "cc0-1.0"
    assert told["language"] == ["en"]
    assert told["size_categories"] == ["n<1K"]
    assert "text-to-speech" in told["task_categories"]
    assert "extra_gated_prompt" in told
    assert told["extra_gated_fields"]["Name"] == "text"
    names = [c["config_name"] for c in told["configs"]]
    assert names == ["default", "unsplit", "bench", "hard", "ood", "task2", "task3", "titles"]
    assert [c.get("default") for c in told["configs"]] == [True, *[None] * 7]
    assert told["configs"][0]["data_files"] == [
        {"split": split, "path": f"dialogues/{split}-*.parquet"}
        for split in ("train", "validation", "test")
    ]
    assert [i["config_name"] for i in told["dataset_info"]] == names


@pytest.mark.parametrize("model", [Dialogue, Title])
def test_columns_are_those_of_the_builder(model: type[Any]) -> None:
    import datasets

    from mmdia.builder import features as of_builder
    from mmdia.corpus.arrow import arrow_schema

    told = datasets.Features._from_yaml_list(features(model, "paper-15", {}))
    assert told == of_builder("dialogues" if model is Dialogue else "titles", vocab="paper-15")
    stray = {"relationship.category": {"Penfriends"}, "interaction.category": {"Banter?"}}
    words = datasets.Features._from_yaml_list(features(model, "paper-15", stray))
    assert words.arrow_schema == arrow_schema(model)


def test_a_stray_word_keeps_its_column_text(make_release: Make) -> None:
    rows = [
        {"dialogue_id": "d", "turns": [{"speakers": ["a"]}], "relationship": {"category": "Penfriends"}},
    ]
    told = metadata(make_cards(make_release(titles=[], dialogues=rows)).dataset)
    columns = {c["name"]: c for c in told["dataset_info"][0]["features"]}
    kinds = {
        axis: next(c["dtype"] for c in columns[axis]["struct"] if c["name"] == "category")
        for axis in ("relationship", "interaction")
    }
    assert kinds["relationship"] == "string"
    assert "class_label" in kinds["interaction"]


def test_ethics_and_balance_are_told(demo: Cards) -> None:
    for words in (
        "No media is redistributed", "clone the voice or likeness", "Minors", "No face or voice embedding",
        "Withdrawal", "Gender by relationship", "Age group by interaction", "Dialogues by language",
        "Dialogues by country", "Dialogues by decade", "Contact",
    ):  # fmt: skip
        assert words in demo.dataset, words
    assert "| Workplace | 1 | 1 | 2 |" in demo.dataset  # female, male, unknown


def test_counts_come_from_the_rows_and_withdrawn_ones_are_gone(make_release: Make) -> None:
    turn = {"speakers": ["kid"], "text": "Hi.", "start_ms": 0, "end_ms": 500}
    titles = [
        {"title_id": "t", "year": 1959, "country": "FR", "language": "fr",
         "speakers": [{"speaker_id": "kid", "age_group": "Teenager", "gender": "male", "actor": "J. Doe"}]},
        {"title_id": "u", "year": 2020, "language": "de"},
    ]  # fmt: skip
    rows = [
        {"dialogue_id": f"d{i}", "title_id": "u" if i == 9 else "t", "turns": [turn], "split": "train",
         "sensitive": ["violence"],
         "provenance": [{"group": "triplet", "tool": "a|b", "human_checked": i > 7}]}
        for i in range(10)
    ]  # fmt: skip
    head = {**HEAD, "contact": "lab@example.org", "license": "My Terms 2"}
    source = make_release(head, titles=titles, dialogues=rows, withdrawn=[{"title_id": "u"}])
    cards = make_cards(source)
    assert "9 dialogues, 9 turns, 1 title" in cards.dataset
    assert "Years of the films | 1959" in cards.dataset
    assert "Teenager (" in cards.dataset
    assert "violence (9)" in cards.dataset
    assert "lab@example.org" in cards.dataset
    assert metadata(cards.dataset)["language"] == ["fr"]
    told = metadata(cards.dataset)
    assert (told["license"], told["license_name"]) == ("other", "my-terms-2")
    assert "Withdrawn so far: 0 dialogues and 1 title." in cards.datasheet
    assert r"| triplet | a\|b | 9 | 1 |" in cards.datasheet
    assert cards.bench is None
    assert "The actor is named for 1 character." in cards.datasheet


def test_the_bench_card_tells_each_test_set(demo: Cards) -> None:
    assert demo.bench is not None
    rows = list(iter_dialogues(open_release(demo_release())))
    for tag in ("bench", "hard", "ood", "task2", "task3"):
        count = sum(tag in d.subsets for d in rows)
        assert f"| `{tag}` | {count} |" in demo.bench
        assert f'{tag} = load_dataset("lab/demo", "{tag}", split="test")' in demo.bench


def test_what_a_release_says_stays_text(make_release: Make) -> None:
    evil = "</td><script>alert(1)</script> | x\n---\nlicense: evil\n{{ 7*7 }} `a` ![i](http://a.b/c.png)"
    head = {
        **HEAD, "name": evil, "description": evil, "contact": evil, "citation": f"```\n# {evil}",
        "license": "CC-BY-4.0", "sources": [{"name": evil, "url": "javascript:alert(1)"}],
        "history": [{"step": "im`port", "tool": evil, "options": '{"a": "`b`"}'}],
    }  # fmt: skip
    rows = [{"dialogue_id": "d", "turns": [{"speakers": [evil]}], "subsets": ["bench", "../x", "A B"]}]
    cards = make_cards(make_release(head, titles=[{"title_id": "t", "country": evil}], dialogues=rows))
    told = metadata(cards.dataset)
    assert told["license"] == "cc-by-4.0"
    assert told["pretty_name"] == " ".join(evil.split())
    assert [c["config_name"] for c in told["configs"]] == ["default", "bench", "titles"]
    body = cards.dataset.split("---\n", 2)[2]
    prose = "".join(part for i, part in enumerate(body.split("```")) if i % 2 == 0)
    assert cards.bench is not None
    for text in (prose, cards.datasheet, cards.bench):
        assert "<script" not in text
        assert "![i](" not in text
        assert "49" not in text
    assert body.count("```") % 2 == 0


@pytest.mark.slow
def test_figures_are_whole_pictures_by_themselves(demo: Cards, tmp_path: Path) -> None:
    assert {"relationship", "interaction"} <= set(demo.figures)
    for name, text in demo.figures.items():
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg", name
        assert "http://" not in text.replace("http://www.w3.org/", ""), name
    files = write_cards(open_release(demo_release()), tmp_path / "out")
    assert all(path.is_file() for path in files)
    card = (tmp_path / "out" / "README.md").read_text()
    named = [line.split("(")[1].rstrip(")") for line in card.splitlines() if line.startswith("![")]
    assert named
    assert all((tmp_path / "out" / name).is_file() for name in named)


def test_an_empty_release_has_cards_too(make_release: Make) -> None:
    cards = make_cards(make_release(titles=[], dialogues=[]))
    assert "0 dialogues" in cards.dataset
    assert metadata(cards.dataset)["configs"] in ([], None)


def test_without_jinja2_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtra, match=r"mmdia\[publish\]"):
        make_cards(open_release(demo_release()))


def test_pieces() -> None:
    assert md("https://a.b/c_d") == "<https://a.b/c_d>"
    assert md("a_b*c") == r"a\_b\*c"
    assert number(1234567) == "1,234,567"
    assert fence("```x") == "'''x"
    assert variable("2-b c") == "_2_b_c"
    assert grid({"f": {"x": 1}, "m": {"y": 2}}).splitlines()[2:] == ["| x | 1 | 0 |", "| y | 0 | 2 |"]


@pytest.mark.slow
def test_the_command_prints_and_writes(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mmdia", "release", "card", str(demo_release()), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert run().stdout.startswith("---\n")
    assert run("--kind", "datasheet").stdout.splitlines()[2].startswith("# Datasheet")
    done = run("--out", str(tmp_path / "cards"), "--json")
    assert done.returncode == 0
    assert '"schema": "mmdia.card/1"' in done.stdout
    assert run("--repo", "nonsense").returncode == 2
