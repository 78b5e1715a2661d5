"""Speaker labels at the start of a line: ``NAME:``, ``Name:``, ``(Name):``, ``[NAME]``, ``[NAME:]``.

A colon makes a label only when white space or the end of the line follows it, so ``12:30``, ``http://`` and
``re:start`` never do. What stands before it must be a name by one of these forms:

* CAPITALS: one to five words, all capitals (``MAN ON TV:``, ``DR. SMITH:``, ``GUARD #2:``), none of them a
  word that names do not hold (``I``, ``YOU``, ``IS``, ``THIS``...);
* Capitalised: one to three words, each with a capital, small ones such as "of" and "the" between them
  allowed (``Emo:``, ``Mrs. Hall:``, ``Guard 2:``);
* scripts without capitals: in brackets, or up to eight Chinese, Japanese or Korean characters.

Words that open a sentence or a notice (``Note:``, ``Warning:``, ``Question:``, ``Chapter 3:``) are no
names. Lower-case words before a colon never are (``he said: no``). A square-bracketed name without a colon
counts when its words have capitals, speech follows on the same line and the mark table knows none of them.
"""

from __future__ import annotations

import re

from mmdia.subtitles.marks import MARK_SIGN, NAME_SIGN, kind_of, normal_label

#: Dashes that open a line of dialogue, and the chevrons of American captions.
_DASH = re.compile(
    rf"[ \t\u00a0{MARK_SIGN}]*"
    r"(?:[-\u2010-\u2015\u2212\ufe63\uff0d](?![-\u2010-\u2015\d])|>{2,3})[ \t\u00a0]*"
)
_RTL_DASH = re.compile(r"[ \t\u00a0][-\u2010-\u2015][ \t]*$")
_RTL = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc]")
_LABEL = re.compile(
    rf"(?P<before>[\s{MARK_SIGN}]*)"
    rf"(?P<name>[^\W_][^:\uff1a\n{MARK_SIGN}{NAME_SIGN}\"\u201c\u201d!?\u2026;]{{0,39}}?)"
    rf"(?P<after>[\s{MARK_SIGN}]*)(?P<colon>:(?=\s|$)|\uff1a)[ \t\u00a0]*"
)
_BRACKETED = re.compile(rf"(?P<before>[\s{MARK_SIGN}]*){NAME_SIGN}[ \t]*[:\uff1a]?[ \t]*")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u30fb]{1,8}")
_CONNECTORS = frozenset(
    "of the de del della di da du la le von van der den and & y e et und on in at with".split()
)
_NOT_IN_NAMES = frozenset(
    "i me my you your he she it we us they them is are was were be this that these those what why how "
    "when where who which not no yes now here there then if but so because only just please let let's "
    "don't can't won't i'm you're it's that's there's".split()
)
_NO_NAMES = frozenset(
    "note notes warning caution attention notice danger example question answer q a ps p.s re fw "
    "subject date time place location title author source result results summary conclusion total "
    "translation translated translator subtitles subtitle sync synced captions correction resync "
    "edited ripped encoded by directed written produced from to tip hint fact remember listen look "
    "wait right okay ok well first second third finally also plus today tonight tomorrow yesterday "
    "later earlier meanwhile previously important breaking news update reminder rule rules lesson "
    "chapter verse part act scene episode season volume page step day night week month year number "
    "option plan item point phase stage level round exhibit section article psalm genesis http https "
    "www email phone tel fax address url website menu ingredients achtung hinweis frage antwort nota "
    "pregunta respuesta atención attenzione domanda risposta réponse remarque внимание вопрос ответ "
    "примечание 注意 注 例如 问题 問題 回答 警告 주의".split()
)


def split_dash(line: str, *, alone: bool) -> tuple[str, bool]:
    """A line without its dialogue dash, and whether it had one.

    A dash before a digit is a minus sign; a double dash goes on with a sentence. In right-to-left text the
    dash may stand at the end of the line, where it shows as if before it; alone in a cue it may as well be
    an interruption, so there it is left.
    """
    found = _DASH.match(line)
    if found:
        kept = MARK_SIGN * found[0].count(MARK_SIGN)
        return kept + line[found.end() :], True
    if not alone and _RTL.search(line):
        shortened = _RTL_DASH.sub("", line)
        return shortened, shortened != line
    return line, False


def split_label(line: str, names: list[str]) -> tuple[str, str | None]:
    """A line without its speaker label, and the speaker; `names` holds the bracketed ones still to come."""
    if ":" not in line and "\uff1a" not in line and NAME_SIGN not in line:
        return line, None
    bracketed = _BRACKETED.match(line)
    if bracketed:
        return bracketed["before"] + line[bracketed.end() :], names.pop(0)
    found = _LABEL.match(line)
    if found is None or not is_name(found["name"].rstrip()):
        return line, None
    marks = MARK_SIGN * (found["before"] + found["after"]).count(MARK_SIGN)
    rest = line[found.end() :]
    return (f"{marks} {rest}" if marks else rest), found["name"].rstrip()


def is_name(name: str) -> bool:
    """Whether what stands before a colon has the form of a speaker's name."""
    words = name.split()
    if not words or len(words) > 5:
        return False
    plain = [word.strip(".,'\u2019()#").lower() for word in words]
    if plain[0] in _NO_NAMES or name.lower() in _NO_NAMES or "," in name:
        return False
    if _CJK.fullmatch(name):
        return True
    if not any(char.isupper() for char in name):
        return False
    if name == name.upper():
        return sum(char.isalpha() for char in name) > 1 and not _NOT_IN_NAMES.intersection(plain)
    if len([word for word in words if word.lower() not in _CONNECTORS]) > 3 or plain[0] in _NOT_IN_NAMES:
        return False
    inner = words[1:-1]
    return all(_has_capital(word) or (word in _CONNECTORS and word in inner) for word in words)


def bracket_speaker(found: re.Match[str]) -> str | None:
    """The speaker named by a bracketed text at the start of a line, or None when it is no name."""
    inner = found["square"] if found["square"] is not None else found["round"]
    text = found.string
    line_end = text.find("\n", found.end())
    after = text[found.end() : len(text) if line_end < 0 else line_end].lstrip()
    before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
    if before.strip(" \t\u00a0-\u2013\u2014>") or "\n" in inner:
        return None
    name = inner.strip()
    has_colon = after.startswith((":", "\uff1a"))
    if name.endswith((":", "\uff1a")):
        name, has_colon = name[:-1].rstrip(), True
    if not name or len(name) > 40 or len(name.split()) > 5 or name.lower() in _NO_NAMES:
        return None
    kind = kind_of(normal_label(name))
    if has_colon:
        # "(laughing): Hi" is a way of speaking; "[MAN ON TV]: Hi" is a speaker.
        has_form = is_name(name) if kind else any(char.isalpha() for char in name)
        return name if has_form and kind not in ("vocal", "tone", "music") else None
    if kind is not None:
        return None
    is_square = found["square"] is not None
    return name if is_square and after and any(map(str.isalnum, after)) and is_name(name) else None


def _has_capital(word: str) -> bool:
    core = word.lstrip("#'\u2019\"(")
    if "." in word[:-1] or (word.endswith(".") and len(word) > 5):
        return len(word) <= 5 and word[:1].isupper()  # initials and titles: J.R., Mrs., Prof.
    return core[:1].isupper() or core.isdecimal()
