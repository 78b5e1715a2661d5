"""Gender and age group of those who speak: from the dialogue, else from the title's bank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mmdia.corpus.leaves import Leaves
from mmdia.release.stat_rows import Pairs
from mmdia.schema.title import Title

#: Gender and age group of a speaker; None where unknown.
Person = tuple[str | None, str | None]

#: Banks of titles: title -> speaker -> person.
Banks = Mapping[str, Mapping[str, Person]]

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class People:
    """Gender and age group of each row of `Pairs`."""

    genders: list[str]
    ages: list[str]


def banks_of(titles: Mapping[str, Title]) -> dict[str, dict[str, Person]]:
    """What statistics need of the titles' banks: people with a gender or an age group."""
    out: dict[str, dict[str, Person]] = {}
    for name, title in titles.items():
        bank = {
            c.speaker_id: (c.gender, c.age_group)
            for c in title.speakers
            if c.gender is not None or c.age_group is not None
        }
        if bank:
            out[name] = bank
    return out


def people_of(leaves: Leaves, pairs: Pairs, banks: Banks) -> People:
    """Gender and age group of everybody who speaks."""
    listed = leaves.at("speakers[].speaker_id")
    ids = listed.values.to_pylist()
    genders = leaves.at("speakers[].gender").values.to_pylist()
    ages = leaves.at("speakers[].age_group").values.to_pylist()
    local: dict[tuple[int, str], Person] = {}
    for row, name, gender, age in zip(listed.rows.tolist(), ids, genders, ages, strict=True):
        local.setdefault((row, name), (gender, age))
    titles = leaves.batch.column("title_id").to_pylist()
    found_genders, found_ages = [], []
    nobody: Person = (None, None)
    for row, code in zip(pairs.rows.tolist(), pairs.codes.tolist(), strict=True):
        name = pairs.names[code]
        gender, age = local.get((row, name), nobody)
        if gender is None or age is None:
            in_bank = banks.get(titles[row], {}).get(name, nobody)
            gender, age = gender or in_bank[0], age or in_bank[1]
        found_genders.append(gender or UNKNOWN)
        found_ages.append(age or UNKNOWN)
    return People(found_genders, found_ages)


def pair_name(first: str, second: str) -> str:
    """The genders of two speakers as one name, in an order that does not depend on who begins.

    >>> pair_name("male", "female"), pair_name("unknown", "female")
    ('female + male', 'female + unknown')
    """
    order = {"female": 0, "male": 1, UNKNOWN: 3}
    return " + ".join(sorted((first, second), key=lambda word: (order.get(word, 2), word)))
