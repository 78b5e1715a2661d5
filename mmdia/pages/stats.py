"""The page of a release's statistics: Table 3, Figure 3, links, and every distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmdia.pages.charts import CHART_STYLE, count
from mmdia.pages.html import (
    Child,
    Markup,
    badge,
    definitions,
    el,
    figure,
    fold,
    page,
    paragraph,
    section,
    table,
    words,
)
from mmdia.pages.stats_figures import cloud, figures, kind_number
from mmdia.pages.words import DASH, number
from mmdia.schema.dialogue import NONVERBAL_KINDS

#: Groups beside the first that get figures of their own.
_MOST_GROUPS = 12
#: Words that a table of counts shows; the rest is one line.
_MOST_WORDS = 12

#: Fewer expected than this, and a lift says little.
_FEW = 5

_TONES = {"holds": "good", "does not hold": "bad", "not significant": "warn"}


def stats_page(document: Mapping[str, Any]) -> str:
    """A self-contained page.

    Args:
        document: ``mmdia.stats/1``, as `statistics_document` gives it.

    Returns:
        A whole HTML document.
    """
    groups = document["groups"]
    key, first = next(iter(groups.items()))
    drawn = figures(first)
    body = [
        _head(document, key, first),
        _table3(document),
        _table1(document),
        _triplet(first, drawn),
        _links(first, drawn),
        _expressive(drawn),
        _sizes(drawn),
        _sounds(first, drawn),
        _labels(first),
        _people(first),
        _others(groups, key),
        _notes(document, first),
    ]
    title = f"{document['name']} {document['version']}: statistics"
    return page(title, body, style=CHART_STYLE)


def group_name(key: str) -> str:
    """A group's key in words: "all", "train", "bench"."""
    return key.partition(":")[2] or key


def value(given: float | str | None, digits: int) -> str:
    """A value of Table 3 in print."""
    if given is None:
        return DASH
    return given if isinstance(given, str) else f"{given:,.{digits}f}"


def _head(document: Mapping[str, Any], key: str, first: Mapping[str, Any]) -> Markup:
    hours = first["table3"]["total_duration_h"]
    facts: list[tuple[Child, Child]] = [
        ("Dialogues", count(first["dialogues"])),
        ("Turns", count(first["turns"])),
        ("Hours", DASH if hours is None else value(hours, 2)),
        ("Titles", count(first["titles"])),
        ("Speakers / dialogue", value(first["table3"]["speakers_per_dialogue"], 2)),
    ]
    of = None if key == "all" else paragraph(f"Figures are of the group {key}.", class_="note")
    head = el("h1", words(str(document["name"])), " ", words(str(document["version"])))
    return el("header", head, of, el("div", definitions(facts), class_="tiles"))


def _table3(document: Mapping[str, Any]) -> Markup:
    groups, others = document["groups"], document["others"]
    heads: list[Child] = ["Statistic", *map(group_name, groups), *others]

    def cells(row: Mapping[str, Any]) -> list[Child]:
        own = [value(g["table3"][row["key"]], row["digits"]) for g in groups.values()]
        printed = [row["printed"][name] or DASH for name in others]
        name = el("span", row["name"], title=row["definition"], class_="stat")
        return [name, *own, *[el("span", cell, class_="note") for cell in printed]]

    right = range(1, len(heads))
    main = [cells(row) for row in document["rows"] if row["in_table3"]]
    more = [cells(row) for row in document["rows"] if not row["in_table3"]]
    caption = "Beside this release: what the paper prints, and MELD as measured over its files"
    return section(
        "Table 3",
        table(heads, main, caption=caption, right=right),
        fold("Other readings of these rows", table(heads, more, caption="The same data", right=right)),
        note="The paper gives no definitions; ours are at the end of this page, and in the rows' tooltips.",
    )


def _table1(document: Mapping[str, Any]) -> Markup:
    columns = document["table1_definitions"]
    heads = ["", *[el("span", name, title=meaning) for name, meaning in columns.items()]]
    rows: list[list[Child]] = [
        [group_name(key), *g["table1"].values()] for key, g in document["groups"].items()
    ]
    rows += [[name, *cells.values()] for name, cells in document["table1_printed"].items()]
    caption = "T text, V vision, A audio, S-ID speakers, N-V non-verbal, S-V visibility, OS open"
    return section("Table 1 row", table(heads, rows, caption=caption, right=(1, 2, 3)))


def _triplet(first: Mapping[str, Any], drawn: Mapping[str, Markup]) -> Markup | None:
    parts: dict[str, Child] = {}
    if "gender_pairs" in drawn:
        ring = el("figure", drawn["gender_pairs"])
        parts["gender_pairs"] = el("div", el("h3", "Genders of two speakers"), ring)
    for axis in ("relationship", "interaction"):
        if axis in drawn:
            without = first["counts"]["uncategorised"][axis]
            caption = f"{count(without)} more have a label, but no category." if without else None
            shown = figure(drawn[axis], caption) if caption else el("figure", drawn[axis])
            parts[axis] = el("div", el("h3", axis.capitalize()), shown)
    if not parts:
        return None
    left = el("div", parts.get("gender_pairs"), parts.get("relationship"))
    columns = el("div", left, parts.get("interaction"), class_="pair")
    note = "The paper's Figure 3: (a) genders where two speak, (b) relationships, (c) interaction types."
    return section("Figure 3", columns, note=note)


def _links(first: Mapping[str, Any], drawn: Mapping[str, Markup]) -> Markup | None:
    lift = first["lift"]
    if "sunburst" not in drawn:
        return None
    strength = lift["cramers_v"]
    said = f"{count(lift['n'])} dialogues have both labels."
    if strength is not None:
        said += f" Cramér's V is {strength:.2f} (0: unrelated, 1: one decides the other)."
    caption = "Inside: relationships. Outside: interactions within each, the most frequent first."
    return section(
        "Relationship and interaction",
        figure(drawn["sunburst"], caption),
        _stated(first),
        _grid(lift),
        note=said,
    )


def _stated(first: Mapping[str, Any]) -> Markup:
    heads = ["The paper says (3.5)", "n", "Expected", "Lift", "Rank", "p", "Here"]
    rows: list[list[Child]] = []
    for link in first["links"]:
        a, b, cell = link["relationship"], link["interaction"], link["cell"]
        said = f"{b} is most common in {a}" if link["sense"] == "most" else f"{b} is likelier in {a}"
        figures_: list[Child] = [DASH] * 5
        if cell is not None:
            figures_ = [
                count(cell["n"]), number(cell["expected"], 1), number(cell["lift"], 2),
                str(cell["rank"]), _p(cell["p"]),
            ]  # fmt: skip
        rows.append([said, *figures_, badge(link["verdict"], _TONES.get(link["verdict"], "plain"))])
    caption = "Rank: place of the relationship among all, by dialogues of that interaction"
    return table(heads, rows, caption=caption, right=(1, 2, 3, 4, 5))


def _p(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _grid(lift: Mapping[str, Any]) -> Markup:
    """Lift of every pair, coloured where chance hardly gives it."""
    rows = list(dict.fromkeys(c["relationship"] for c in lift["cells"]))
    columns = list(dict.fromkeys(c["interaction"] for c in lift["cells"]))
    by_pair = {(c["relationship"], c["interaction"]): c for c in lift["cells"]}
    head = el("tr", el("th", ""), [el("th", el("span", words(name)), scope="col") for name in columns])
    body = [
        el("tr", el("th", words(a), scope="row", class_="row"), [_cell(by_pair[a, b]) for b in columns])
        for a in rows
    ]
    label = "Lift of each pair: observed over expected"
    whole = el("table", el("caption", label), el("thead", head), el("tbody", body), class_="grid")
    note = paragraph(
        "1.0: as often as chance. Blue: more often, orange: less often, both where p < 0.05 after Holm's "
        "correction for the number of cells. Pale figures: fewer than 5 expected. Tooltips have counts.",
        class_="note",
    )
    return el("div", el("div", whole, class_="scroll", role="region", tabindex=0, aria_label=label), note)


def _cell(cell: Mapping[str, Any]) -> Markup:
    lift = cell["lift"]
    tone = "faint" if cell["expected"] < _FEW else ""
    if cell["significant"]:
        strength = 3 if lift >= 2 or lift <= 0.5 else 2 if lift >= 1.5 or lift <= 0.67 else 1
        tone = f"{'u' if lift > 1 else 'o'}{strength}"
    tip = (
        f"{cell['relationship']} · {cell['interaction']}: {count(cell['n'])} of "
        f"{number(cell['expected'], 1)} expected, adjusted p {_p(cell['p_adjusted'])}"
    )
    return el("td", number(lift, 1), class_=tone or None, title=tip)


def _expressive(drawn: Mapping[str, Markup]) -> Markup | None:
    names = {"intensity": "Emotion intensity", "volatility": "Emotion volatility"}
    return _pair("Expressiveness", names, drawn, "Scores by the annotating model, rounded; 1 to 10.")


def _sizes(drawn: Mapping[str, Markup]) -> Markup | None:
    names = {
        "durations": "Duration of dialogues",
        "turn_lengths": "Length of turns",
        "turns": "Turns per dialogue",
        "speakers": "Speakers per dialogue",
    }
    return _pair(
        "Sizes", names, drawn, "Dialogues: from the start of the first line to the end of the last."
    )


def _pair(title: str, names: Mapping[str, str], drawn: Mapping[str, Markup], note: str) -> Markup | None:
    parts = [
        el("div", el("h3", heading), el("figure", drawn[name]))
        for name, heading in names.items()
        if name in drawn
    ]
    return section(title, el("div", parts, class_="pair"), note=note) if parts else None


def _sounds(first: Mapping[str, Any], drawn: Mapping[str, Markup]) -> Markup | None:
    if "nonverbal" not in drawn:
        return None
    kinds = {m["kind"] for m in first["nonverbal"]}
    shown = [k for k in NONVERBAL_KINDS if k in kinds]
    legend = [el("li", name.replace("_", " "), class_=f"s1 k{kind_number(name)}") for name in shown]
    legend += [el("li", "no kind", class_="s1 k6")] if kinds - set(NONVERBAL_KINDS) else []
    strays = sum(m["n"] for m in first["nonverbal"] if not m["known"])
    note = "Labels by the shipped table; the larger a word, the more frequent."
    note += f" {count(strays)} listed events are not in it, and stand as they are." if strays else ""
    return section(
        "Non-verbal sounds", cloud(first["nonverbal"]), el("ul", legend, class_="cloud"),
        el("figure", drawn["nonverbal"]), note=note,
    )  # fmt: skip


def _labels(first: Mapping[str, Any]) -> Markup | None:
    captions = {"emotions": "Turns by emotion", "sentiments": "Turns by sentiment"}
    tables = _tables(first["counts"], captions)
    return section("Labels of turns", el("div", tables, class_="pair")) if tables else None


def _tables(counts: Mapping[str, Any], captions: Mapping[str, str]) -> list[Markup]:
    """A table of the most frequent words of each count that knows any."""
    tables = []
    for name, caption in captions.items():
        if set(counts[name]) - {"unknown"}:
            rows = [[words(word), count(n)] for word, n in list(counts[name].items())[:_MOST_WORDS]]
            rest = list(counts[name].values())[_MOST_WORDS:]
            rows += [[f"and {count(len(rest))} more", count(sum(rest))]] if rest else []
            tables.append(table(["", "n"], rows, caption=caption, right=(1,)))
    return tables


def _people(first: Mapping[str, Any]) -> Markup | None:
    counts = first["counts"]
    people = {"genders": "Speakers by gender", "ages": "Speakers by age group"}
    origins = {
        "languages": "Dialogues by language", "countries": "Dialogues by country",
        "decades": "Dialogues by decade", "genres": "Dialogues by genre",
    }  # fmt: skip
    who, whence = _tables(counts, people), _tables(counts, origins)
    if not who and not whence:
        return None
    note = (
        "Genders and ages as perceived by the annotators; a speaker counts once a dialogue."
        if who
        else None
    )
    return section("Who and from where", el("div", [*who, *whence], class_="pair"), note=note)


def _others(groups: Mapping[str, Any], key: str) -> Markup | None:
    """Figures of the other groups, folded."""
    rest = [(name, group) for name, group in groups.items() if name != key][:_MOST_GROUPS]
    if not rest:
        return None
    names = ("gender_pairs", "relationship", "interaction", "intensity", "volatility", "durations")
    folds = []
    for name, group in rest:
        drawn = figures(group)
        parts: list[Child] = []
        for chart in names:
            if chart in drawn:
                heading = el("h3", chart.replace("_", " ").capitalize())
                parts.append(el("div", heading, el("figure", drawn[chart])))
        said = f"{name}: {count(group['dialogues'])} dialogues, {count(group['turns'])} turns"
        folds.append(fold(said, el("div", parts, class_="pair")))
    return section("Splits and subsets", folds)


def _notes(document: Mapping[str, Any], first: Mapping[str, Any]) -> Markup:
    left = [[reason.replace("_", " "), count(n)] for reason, n in first["left_out"].items()]
    terms: list[tuple[Child, Child]] = [(row["name"], row["definition"]) for row in document["rows"]]
    terms += [(f"Table 1, {name}", meaning) for name, meaning in document["table1_definitions"].items()]
    listed = [[term, meaning] for term, meaning in terms]
    return section(
        "Definitions",
        table(["Left out", "n"], left, caption="What no figure could use", right=(1,)) if left else None,
        fold("What every figure means", table(["Figure", "Meaning"], listed, caption="Definitions")),
    )
