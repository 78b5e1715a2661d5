"""The head of a dataset card: what the Hub and `datasets` read of it.

``dataset_info`` spells out the columns, so that nobody has to guess them from rows and categories load
as numbers with names. It is derived from the field table, like every other schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmdia.corpus.labels import vocabulary_or_default
from mmdia.corpus.layout import UNSPLIT
from mmdia.release.publish_tables import DIALOGUES, TITLES_FILE, Table, Written
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.fields import FieldInfo, field_table, walk
from mmdia.schema.release import Release
from mmdia.schema.title import Title
from mmdia.schema.vocab import Vocabulary

#: Fields that the Hub asks for before it gives access to a gated release.
GATE_FIELDS = {
    "Name": "text",
    "Affiliation": "text",
    "Intended use": "text",
    "I will use the annotations for research only where the licence says so": "checkbox",
    "I will not try to identify people, nor clone a voice or likeness without consent": "checkbox",
    "I will honour withdrawals and delete rows that are taken back": "checkbox",
}
_SCALARS = {"string": "string", "int": "int64", "float": "float64", "bool": "bool"}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
#: Licences that the Hub knows by their SPDX name in lower case.
_LICENCES = frozenset(
    "apache-2.0 mit bsd-3-clause bsd-2-clause cc0-1.0 cc-by-2.0 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 "
    "cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 "
    "cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 gpl-3.0 odbl odc-by pddl unlicense".split()
)


def configurations(tables: Sequence[Table], *, titles: bool) -> dict[str, list[Table]]:
    """Configurations with their splits: default, unsplit, one a tag; ``titles`` apart.

    Where no row has a split, the rows without one are the default.
    """
    splits = [t for t in tables if t.folder == DIALOGUES and t.split != UNSPLIT]
    rest = [t for t in tables if t.folder == DIALOGUES and t.split == UNSPLIT]
    found: dict[str, list[Table]] = {}
    if splits:
        found["default"] = splits
    if rest:
        found["unsplit" if splits else "default"] = rest
    for table in tables:
        if table.folder != DIALOGUES:
            found.setdefault(table.folder, []).append(table)
    if titles:
        found["titles"] = []
    return found


def card_metadata(
    head: Release,
    written: Written,
    languages: Sequence[str],
    *,
    gated: bool = False,
    sized: bool = True,
) -> dict[str, Any]:
    """The metadata of a card, ready for YAML.

    Args:
        head: The release.
        written: Its tables.
        languages: Languages of its titles, BCP-47.
        gated: Add the terms that people accept before they get access.
        sized: Say how many rows and bytes there are (they are published).
    """
    found = configurations(written.tables, titles=written.titles > 0)
    short = sorted({tag.split("-")[0].lower() for tag in languages if tag})
    # In one line: a name must not be able to end the head of the card.
    data: dict[str, Any] = {"pretty_name": " ".join(head.name.split()), **_licence(head)}
    if short:
        data["language"] = short
    data |= {
        "task_categories": _tasks(written),
        "size_categories": [next((name for most, name in _SIZES if written.dialogues < most), "1M<n<10M")],
        "tags": ["dialogue", "film", "speech", "annotations-only", "mmdia"],
    }
    if gated:
        data["extra_gated_prompt"] = GATE_PROMPT
        data["extra_gated_fields"] = dict(GATE_FIELDS)
    data["configs"] = [_config(name, tables) for name, tables in found.items()]
    data["dataset_info"] = [_info(name, tables, head, written, sized) for name, tables in found.items()]
    return data


def _tasks(written: Written) -> list[str]:
    """What people can do with these very rows, in the Hub's words."""
    texts = written.turns > written.gaps.no_text
    labels = written.gaps.labels > 0 or any(written.words.values())
    tasks = {
        "text-to-speech": texts,
        "text-generation": texts,
        "text-classification": texts and labels,
        "audio-classification": labels and written.gaps.no_times < written.turns,
        "text-to-video": any(table.folder == "task3" for table in written.tables),
    }
    return [name for name, fits in tasks.items() if fits]


GATE_PROMPT = (
    "This release holds annotations of films: times, speakers, text and labels; no sound and no picture. "
    "The films stay with their owners, and you need a lawful copy of your own. By asking for access you "
    "agree to the terms below."
)


def _licence(head: Release) -> dict[str, str]:
    name = (head.license or "").strip()
    if not name:
        return {}
    if name.lower() in _LICENCES:
        return {"license": name.lower()}
    return {"license": "other", "license_name": "-".join(name.lower().split()), "license_link": "LICENSE"}


def _config(name: str, tables: Sequence[Table]) -> dict[str, Any]:
    if name == "titles":
        files = [{"split": "titles", "path": TITLES_FILE}]
    else:
        files = [{"split": t.split, "path": f"{t.folder}/{t.split}-*.parquet"} for t in tables]
    default = {"default": True} if name == "default" else {}
    return {"config_name": name, **default, "data_files": files}


def _info(
    name: str, tables: Sequence[Table], head: Release, written: Written, sized: bool
) -> dict[str, Any]:
    columns = features(Title if name == "titles" else Dialogue, head.vocab, written.words)
    info: dict[str, Any] = {"config_name": name, "features": columns}
    if sized:
        sizes = [(t.split, t.bytes, t.rows) for t in tables]
        if name == "titles":
            sizes = [("titles", written.titles_bytes, written.titles)]
        info["splits"] = [{"name": s, "num_bytes": b, "num_examples": n} for s, b, n in sizes]
        info["dataset_size"] = sum(size for _, size, _ in sizes)
    return info


def features(
    model: type[Dialogue] | type[Title], vocab: str | None, words: Mapping[str, set[str]]
) -> list[dict[str, Any]]:
    """Columns of a record in the notation of ``dataset_info``.

    A category is a class label where every word that occurs is one of the vocabulary; with a word
    outside it the column stays text, so that no word is lost.

    Args:
        model: The record.
        vocab: Name of the vocabulary.
        words: Words that occur, by path of the field.
    """
    table = vocabulary_or_default(vocab)
    closed = {
        path
        for path, info in walk(field_table(model))
        if info.axis and words.get(path, set()) <= set(table.names(info.axis))
    }
    return [_feature(field, field.name, table, closed) for field in field_table(model)]


def _feature(field: FieldInfo, path: str, words: Vocabulary, closed: set[str]) -> dict[str, Any]:
    return {"name": field.name, **_kind(field, path, words, closed)}


def _kind(field: FieldInfo, path: str, words: Vocabulary, closed: set[str]) -> dict[str, Any]:
    if field.axis is not None and path in closed:
        names = {str(i): name for i, name in enumerate(words.names(field.axis))}
        return {"dtype": {"class_label": {"names": names}}}
    if field.kind == "struct":
        return {"struct": [_feature(c, f"{path}.{c.name}", words, closed) for c in field.children]}
    if field.kind == "list":
        inner = _kind(field.children[0], f"{path}[]", words, closed)
        if "struct" in inner:
            return {"list": inner["struct"]}
        return {"list": inner["dtype"]} if "dtype" in inner else {"list": inner}
    return {"dtype": _SCALARS[field.kind]}
