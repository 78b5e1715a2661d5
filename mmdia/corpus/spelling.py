"""One name, spelled in many ways: numbers in words, roman or in digits, letters, moved articles.

`words` gives what two spellings of one name share for certain. `loose` goes further (umlauts written
out, other alphabets, "und" for "&"), and may make one of two names: its user must ask for more evidence.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from mmdia.schema.title import Title

ARTICLES = frozenset({"the", "a", "an"})
#: Articles of further languages: they belong to a name, but lists of films sort them behind it.
_ARTICLES_OF = {
    row[:2]: frozenset(row.split()[1:])
    for row in (
        "de der die das ein eine|fr le la les l un une|es el la los las un una|it il lo la i gli le l un "
        "uno una|pt o a os as um uma|nl de het een|sv den det en ett"
    ).split("|")
}
FOREIGN = frozenset().union(*_ARTICLES_OF.values())

_MOVED = re.compile(
    rf"(?P<name>[^,(\[]+?)(?:,[ ._]*|[ ._]+\()(?P<article>{'|'.join(sorted(ARTICLES | FOREIGN, key=len))})"
    r"(?![^\W_])['’]?\)?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)

_SAID = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"
).split()
_NUMBERS = dict(zip(_SAID, [*range(20), *range(20, 100, 10)], strict=True))
_BELOW = rf"(?:(?:{'|'.join(_SAID[20:])}) (?:{'|'.join(_SAID[1:10])})|{'|'.join(_SAID)})\b"
_SPELLED = re.compile(rf"\b({_BELOW}) hundred\b(?:(?: and)? ({_BELOW}))?|\b({_BELOW})")
_THOUSANDS = re.compile(r"\b([1-9]\d{0,2}) thousand\b(?:(?: and)? (\d{1,3})\b)?")
_SAME = dict(
    pair.split("=")
    for pair in (
        "first=1st second=2nd third=3rd fourth=4th fifth=5th sixth=6th seventh=7th eighth=8th ninth=9th "
        "tenth=10th eleventh=11th twelfth=12th thirteenth=13th ii=2 iii=3 iv=4 vi=6 vii=7 viii=8 ix=9 "
        "xi=11 xii=12 xiii=13 xiv=14 xv=15 xvi=16 xvii=17 xviii=18 xix=19 volume=vol mister=mr missus=mrs "
        "doctor=dr saint=st versus=vs junior=jr senior=sr professor=prof captain=capt sergeant=sgt"
    ).split()
)
#: Numbers in further languages, without those that are words or names of their own.
_FOREIGN_NUMBERS = {
    word: str(n)
    for n, said in enumerate(
        "deux zwei dos due dois twee tva|trois drei tres tre drie|quatre vier cuatro quattro quatro|"
        "cinq funf cinco cinque vijf fem|sechs seis zes|sept sieben siete sette sete zeven sju|"
        "huit acht ocho oito atta|neuf neun nueve nove negen nio|dix zehn diez dieci dez tien tio|"
        "onze undici|douze zwolf doce dodici doze twaalf tolv".split("|"),
        2,
    )
    for word in said.split()
}
_AND = frozenset("and und et y e ed och og en".split())


def _letters(pairs: str) -> dict[int, str]:
    return {ord(pair[0]): pair[1:] for pair in pairs.split()}


#: Letters that do not decompose, as file names write them.
_PLAIN = _letters("øo æae œoe đd łl ðd þth ıi")
_UMLAUTS = _letters("äae öoe üue åaa ÄAe ÖOe ÜUe ÅAa")
_OTHER_ALPHABETS = _letters(
    "аa бb вv гg ґg дd еe жz зz иi іi кk лl мm нn оo пp рr сs тt уu фf хh цc чh шs щs ъ ыi ь эe юiu яia "
    "єe ђd јi љli њni ћc џd αa βv γg δd εe ζz ηi θt ιi κk λl μm νn ξks οo πp ρr σs ςs τt υi φf χh ψps ωo"
)
#: Letters that systems of writing another alphabet, or umlauts, in Latin letters disagree on.
_FOLDS = r"ae=a oe|ou=o ue=u s(h?ch|h)=s [kc]h=h zh=z t[sz]=c ph=f th=t w=v x=ks [jy]=i ([a-z])\1+=\1 ie=e"
#: One run of one script: "千与千寻2001" is a name and a year.
_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힯豈-﫿ᄀ-ᇿ]+|[^\W_぀-ヿ㐀-鿿가-힯豈-﫿ᄀ-ᇿ]+")
_HALF = re.compile(
    r"(?<=\d)[ ._-]+1[-/⁄]2(?!\d)|½|(?<=(?<![\d.,])\d)[.,]5(?!\d)|(?<=(?<![\d.,])\d\d)[.,]5(?!\d)"
)

_ROMAN = {"1": "I", "5": "V", "10": "X", "I": "1", "V": "5", "X": "10"}
_SEQUEL = re.compile(
    r"(.+?)[\s,:–-]+((?:part|pt\.?|vol\.?|volume|chapter|teil|partie|parte)\s+)?"
    r"(\d{1,2}|[IVX]+|one|two|three|four|five|six)(\s*[:–-]\s.*)?$",
    re.IGNORECASE,
)


def words(text: str) -> tuple[str, ...]:
    """Words in small letters without accents and apostrophes, numbers as digits, no leading article."""
    plain = unicodedata.normalize("NFKD", _HALF.sub(" half ", text)).casefold().translate(_PLAIN)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    found = _WORD.findall(re.sub(r"['’‘`´·]", "", plain).replace("&", " and "))
    if len(found) > 1 and found[0] in ARTICLES:
        found = found[1:]
    said = _SPELLED.sub(_in_digits, " ".join(_SAME.get(w, w) for w in found))
    said = _THOUSANDS.sub(lambda m: str(1000 * int(m[1]) + int(m[2] or 0)), said)
    return tuple(re.sub(r"(\b\d+) and a half\b", r"\1 half", said).split())


def _in_digits(spelled: re.Match[str]) -> str:
    hundreds, rest, alone = (sum(_NUMBERS[w] for w in part.split()) for part in spelled.groups(""))
    return str(100 * hundreds + rest + alone)


def moved_article(text: str) -> str | None:
    """The text with the article that stands behind a name put before it; None when none does."""
    m = _MOVED.match(text)
    return None if m is None else f"{m['article']} {m['name'].strip()}{m['rest']}"


def loose(found: Iterable[str]) -> str:
    """The letters of `words` without what spellings of one name may disagree on."""
    return "".join(map(_fold, found))


@lru_cache(maxsize=1 << 16)
def _fold(word: str) -> str:
    folded = "" if word in _AND else _FOREIGN_NUMBERS.get(word) or word.translate(_OTHER_ALPHABETS)
    before = None
    while folded != before:  # what one rule leaves may be the next one's
        before = folded
        for fold in _FOLDS.split():
            old, new = fold.split("=")
            folded = re.sub(old, new, folded)
    return folded


def extra_of(title: Title) -> dict[str, object]:
    """Keys of a title that the schema does not know."""
    try:
        found = json.loads(title.extra or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def own_names(title: Title, first: str | None) -> Iterator[str]:
    """The name and all others that the catalogue has, also with umlauts written out, as files have them."""
    extra = extra_of(title)
    names = [first or "", *title.aka]
    for key in ("original_name", "original_title", "aka", "alternative_names", "alternative_titles"):
        value = extra.get(key)
        names += [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]
    for name in [*names, *(moved for name in names if (moved := moved_article(name)))]:
        yield name
        yield unicodedata.normalize("NFC", name).translate(_UMLAUTS)


def names_of(title: Title) -> Iterator[tuple[str, bool]]:
    """Names of a film, with whether one is short for it (and needs the year beside it)."""
    articles = _ARTICLES_OF.get((title.audio_language or title.language or "")[:2], frozenset())
    for name in dict.fromkeys(own_names(title, title.name)):
        yield name, False
        yield from _numbered_otherwise(name)
        if (m := re.match(r"(\w+)['’ ]+(.+)", name)) and m[1].casefold() in articles:
            yield m[2], True
        for shorter in {*re.split(r"\s(?:/|aka|or)\s|\(|\)", name), re.split(r":\s|\s[-–]\s", name)[0]}:
            if shorter.strip() and shorter.strip() != name:
                # "Alien 3: X" is the only Alien 3, "Alien: X" not the only Alien.
                yield shorter, not re.search(r"\w\s+([2-9]|I[IVX]|VI*|III)\s*$", shorter)


def _numbered_otherwise(name: str) -> Iterator[tuple[str, bool]]:
    """A sequel's name with its number written otherwise: "Rocky V", "Rocky 5", "Rocky Part 5"."""
    m = _SEQUEL.fullmatch(name)
    if m is None:
        return
    base, word, number, more = m.groups(default="")
    if number in _ROMAN:
        yield f"{base} {word}{_ROMAN[number]}{more}", False
    if word:
        yield f"{base} {number}{more}", False
    else:
        yield from ((f"{base} Part {number}{tail}", True) for tail in (more, ""))
    if more:  # the name of a sequel tells it as well as its number
        yield f"{base}{more}", True
