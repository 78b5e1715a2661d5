"""Options of ``mmdia find`` and the conditions that they make."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmdia.release.find_query import Query
    from mmdia.release.find_rows import Order

#: Options whose words are names: a comma separates them.
_NAMES = (
    ("relationship", "NAME", "category, such as Workplace; none: those without"),
    ("interaction", "NAME", "category, such as Banter; none: those without"),
    ("emotion", "LABEL", "emotion label of a turn"),
    ("genders", "WHO", "female, male, unknown: all are; mixed; female+male: just these"),
    ("split", "NAME", "train, validation, test; none: those without"),
    ("subset", "TAG", "bench, hard, ood, task2, ..."),
    ("language", "TAG", "of subtitles or sound; en fits en-GB, too"),
    ("genre", "NAME", "genre of the title"),
    ("country", "CODE", "country of the title"),
)
#: Options whose words are text and may hold commas; give them again for "or".
_TEXTS = (
    ("text", "WORDS", "within the text of a turn, in any case"),
    ("label", "WORDS", "within a raw label of relationship or interaction"),
    ("tone", "WORDS", "within the emotional tone"),
    ("style", "WORDS", "within a description of style (dialogue, speaker, turn)"),
    ("nonverbal", "WORDS", "a kind (vocal, music, ...), words of a mark, or any"),
    ("speaker", "WORDS", "within a speaker's id or name"),
    ("title", "TITLE", "id of a title, or words of its name"),
    ("series", "WORDS", "within the name of the series"),
)
_SCORES = (("intensity", "emotion intensity"), ("volatility", "emotion volatility"))
_SIZES = (("turns", "turns"), ("seconds", "seconds"))


def add_options(p: argparse.ArgumentParser) -> None:
    """Add conditions and order to the parser."""
    what = p.add_argument_group("which dialogues", "names may be joined by commas; text is given again")
    for name, metavar, text in (*_NAMES, *_TEXTS):
        what.add_argument(f"--{name}", action="append", default=[], metavar=metavar, help=text)
    what.add_argument("--regex", action="store_true", help="text options are regular expressions")
    for name, text in (*_SCORES, *_SIZES):
        for end, word in (("min", "least"), ("max", "most")):
            what.add_argument(f"--{end}-{name}", type=float, metavar="N", help=f"{text}: at {word}")
    what.add_argument("--speakers", metavar="N", help="speakers who have a turn: 2, 2-3, 3-")
    what.add_argument("--year", metavar="Y", help="year of the title: 1960, 1960-1969")
    what.add_argument(
        "--visible", choices=("all", "some", "none"), help="turns whose speaker is seen in the keyframe"
    )
    what.add_argument("--in", dest="among", metavar="FILE", help="only identifiers of this list")
    take = p.add_argument_group("which of those that fit, and in what order")
    take.add_argument("--sample", type=int, metavar="N", help="draw so many at random")
    take.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the draw (default: 0)")
    take.add_argument(
        "--sort", metavar="KEY", help="id, title, intensity, volatility, speakers, turns, seconds, year"
    )
    take.add_argument("--desc", action="store_true", help="largest first")
    take.add_argument("--limit", type=int, metavar="N", help="take so many at most")


def query_of(args: argparse.Namespace) -> Query:
    """The conditions of the command line.

    Raises:
        UsageError: A range or the list of identifiers cannot be read.
    """
    from mmdia.release.find_query import Query, Range, parse_range
    from mmdia.release.select import read_ids

    words: dict[str, Any] = {name: _split(name, getattr(args, name)) for name, _, _ in _NAMES}
    words |= {name: tuple(getattr(args, name)) for name, _, _ in _TEXTS}
    words |= {
        name: Range(getattr(args, f"min_{name}"), getattr(args, f"max_{name}"))
        for name, _ in (*_SCORES, *_SIZES)
    }
    for name in ("speakers", "year"):
        text = getattr(args, name)
        words[name] = Range() if text is None else parse_range(text)
    ids = () if args.among is None else read_ids(args.among)
    return Query(ids=ids, regex=args.regex, visible=args.visible, **words)


def order_of(args: argparse.Namespace) -> Order:
    """Which of those that fit are taken.

    Raises:
        UsageError: A number is negative, or there is no such order.
    """
    from mmdia.release.find_rows import Order

    return Order(args.sample, args.seed, args.sort, args.desc, args.limit)


def _split(name: str, words: list[str]) -> tuple[str, ...]:
    from mmdia.errors import UsageError

    parts = tuple(part.strip() for word in words for part in word.split(","))
    if not all(parts):
        raise UsageError(f"nothing to look for in --{name}", got=repr(",".join(words)))
    return parts
