"""A dialogue without what was said: for annotations of films whose text may not be given away."""

from __future__ import annotations

import json
from typing import Any

from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.text import count_words
from mmdia.schema.dialogue import Dialogue, Turn

#: Texts that are shorter occur anywhere; a copy of one gives nothing away.
_SHORTEST = 12
#: Keys of the parts of a line (words, phones, translations) that hold what is said.
_SPOKEN = frozenset({"char", "mark", "phone", "symbol", "text", "word"})


def withheld(dialogue: Dialogue, ledger: Ledger) -> Dialogue:
    """The dialogue with texts left out and words counted.

    Extra keys that repeat a line, of any turn, are left out too. What annotators wrote themselves
    (styles, descriptions, labels) stays.
    """
    lines = {_folded(line) for turn in dialogue.turns for line in (turn.text, turn.raw_text) if line}
    secrets = frozenset(line for line in lines if len(line) >= _SHORTEST)
    turns = []
    for turn in dialogue.turns:
        if turn.text is not None or turn.raw_text is not None:
            ledger.note("text_withheld")
        turns.append(_without_text(turn, secrets))
    return dialogue.model_copy(update={"turns": tuple(turns), "extra": _scrubbed(dialogue.extra, secrets)})


def _without_text(turn: Turn, secrets: frozenset[str]) -> Turn:
    words = turn.n_words
    if words is None and turn.text is not None:
        words = count_words(turn.text)
    own = frozenset(_folded(line) for line in (turn.text, turn.raw_text) if line)
    extra = _scrubbed(turn.extra, secrets, own)
    return turn.model_copy(update={"text": None, "raw_text": None, "n_words": words, "extra": extra})


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _scrubbed(extra: str | None, secrets: frozenset[str], own: frozenset[str] = frozenset()) -> str | None:
    if extra is None:
        return None
    clean = _clean(json.loads(extra), secrets, own)
    return json.dumps(clean, ensure_ascii=False, sort_keys=True) if clean else None


def _clean(value: Any, secrets: frozenset[str], own: frozenset[str], *, listed: bool = False) -> Any:
    """The value without texts that are one of `own` or hold one of `secrets`, nor those of parts."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if not (listed and k in _SPOKEN)}
        return {k: v for k, item in kept.items() if (v := _clean(item, secrets, own)) is not None}
    if isinstance(value, list):
        return [v for item in value if (v := _clean(item, secrets, own, listed=True)) is not None]
    if isinstance(value, str):
        folded = _folded(value)
        return None if folded in own or any(secret in folded for secret in secrets) else value
    return value
