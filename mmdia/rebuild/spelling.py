"""One name, spelled in many ways: numbers in words, roman or in digits, letters, moved articles.

`words` gives what two spellings of one name share for certain. `loose` goes further (umlauts written
out, other alphabets, "und" for "&"), and may make one of two names: its user must ask for more evidence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

ARTICLES = frozenset({"the", "a", "an"})
#: Articles of further languages: they belong to a name, but lists of films sort them behind it.
ARTICLES_OF = {
    "de": frozenset("der die das ein eine".split()),
    "fr": frozenset("le la les l un une".split()),
    "es": frozenset("el la los las un una".split()),
    "it": frozenset("il lo la i gli le l un uno una".split()),
    "pt": frozenset("o a os as um uma".split()),
    "nl": frozenset("de het een".split()),
    "sv": frozenset("den det en ett".split()),
}
FOREIGN = frozenset().union(*ARTICLES_OF.values())

_MOVED = re.compile(
    rf"(?P<name>[^,(\[]+?)(?:,[ ._]*|[ ._]+\()(?P<article>{'|'.join(sorted(ARTICLES | FOREIGN, key=len))})"
    r"(?![^\W_])['’]?\)?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen " \
    "sixteen seventeen eighteen nineteen"  # fmt: skip
_NUMBERS = {word: n for n, word in enumerate(_SMALL.split())}
_NUMBERS |= {
    w: 10 * n for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
_ROMAN = "ii iii iv . vi vii viii ix . xi xii xiii xiv xv xvi xvii xviii xix".split()
_SAME = {
    **{w: f"{n}{({1: 'st', 2: 'nd', 3: 'rd'}).get(n, 'th')}" for n, w in enumerate(_ORDINALS.split(), 1)},
    **{w: str(n) for n, w in enumerate(_ROMAN, 2)},
    **dict(w.split("=") for w in "volume=vol mister=mr missus=mrs doctor=dr saint=st versus=vs junior=jr "
           "senior=sr professor=prof captain=capt sergeant=sgt lieutenant=lt mount=mt".split()),
}  # fmt: skip
#: Numbers in further languages, without those that are words or names of their own.
_FOREIGN_NUMBERS = {
    word: str(n)
    for n, said in enumerate(
        "deux zwei dos due dois twee två|trois drei tres tre três drie|quatre vier cuatro quattro quatro|"
        "cinq fünf cinco cinque vijf fem|sechs seis zes|sept sieben siete sette sete zeven sju|"
        "huit acht ocho oito åtta|neuf neun nueve nove negen nio|dix zehn diez dieci dez tien tio|"
        "onze undici|douze zwölf doce dodici doze twaalf tolv".split("|"),
        2,
    )
    for word in said.split()
}
_AND = frozenset("and und et y e ed och og en".split())

#: Letters that do not decompose, as file names write them.
_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ł": "l", "ð": "d", "þ": "th", "ı": "i"}
)
_OTHER_ALPHABETS = {
    ord(pair[0]): pair[1:]
    for pair in "аa бb вv гg ґg дd еe жz зz иi іi кk лl мm нn оo пp рr сs тt уu фf хh цc чh шs щs ъ ыi ь "
    "эe юiu яia єe ђd јi љli њni ћc џd αa βv γg δd εe ζz ηi θt ιi κk λl μm νn ξks οo πp ρr σs ςs τt υi φf "
    "χh ψps ωo".split()
}
#: Letters that systems of writing another alphabet, or umlauts, in Latin letters disagree on.
_FOLDS = [
    (re.compile(old), new)
    for old, new in (fold.split("=") for fold in (
        "ae=a", "oe|ou=o", "ue=u", "shch|sch|sh=s", "kh|ch=h", "zh=z", "t[sz]=c", "ph=f", "th=t", "w=v",
        "x=ks", "[jy]=i", r"([a-z])\1+=\1", "ie=e",
    ))
]  # fmt: skip
#: One run of one script: "千与千寻2001" is a name and a year.
_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힯豈-﫿ᄀ-ᇿ]+|[^\W_぀-ヿ㐀-鿿가-힯豈-﫿ᄀ-ᇿ]+")
_HALF = re.compile(
    r"(?<=\d)[ ._-]+1[-/⁄]2(?!\d)|½|(?<=(?<![\d.,])\d)[.,]5(?!\d)|(?<=(?<![\d.,])\d\d)[.,]5(?!\d)"
)


def words(text: str) -> tuple[str, ...]:
    """Words in small letters without accents and apostrophes, numbers as digits, no leading article.

    >>> words("The Seven Hundred Doors, Part II")
    ('700', 'doors', 'part', '2')
    >>> words("Ocean's Nine and a Half") == words("Oceans 9½")
    True
    """
    plain = unicodedata.normalize("NFKD", _HALF.sub(" half ", text)).casefold().translate(_LETTERS)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    found = _WORD.findall(re.sub(r"['’‘`´·]", "", plain).replace("&", " and "))
    if len(found) > 1 and found[0] in ARTICLES:
        found = found[1:]
    return tuple(_in_digits([_SAME.get(w, w) for w in found]))


def _in_digits(found: Sequence[str]) -> Iterable[str]:
    """The words with each number that is spelled out in digits."""
    k = 0
    while k < len(found):
        number, taken = _number(found[k:])
        yield found[k] if number is None else str(number)
        k += max(1, taken)
        counted = number is not None or found[k - 1].isdecimal()
        if counted and tuple(found[k : k + 3]) == ("and", "a", "half"):
            yield "half"
            k += 3


def _number(found: Sequence[str]) -> tuple[int | None, int]:
    """The number that words begin with, and of how many words it is; "nineteen eighty" are two."""
    thousands, now, taken = 0, -1, 0
    for k, word in enumerate(found):
        value = _NUMBERS.get(word)
        joined = k > 0 and found[k - 1] in ("hundred", "thousand", "and")
        if value is not None and (
            now < 0 or (joined and now % 100 == 0) or (0 < value < 10 and now % 100 in range(20, 100, 10))
        ):
            now = max(0, now) + value
        elif word == "hundred" and 0 < now < 100:
            now *= 100
        elif word == "thousand" and not thousands and now > 0:
            thousands, now = now * 1000, 0
        elif word == "and" and joined and k + 1 < len(found) and found[k + 1] in _NUMBERS:
            continue
        else:
            break
        taken = k + 1
    return (None, 0) if now < 0 else (thousands + now, taken)


def moved_article(text: str) -> str | None:
    """The text with the article that stands behind a name put before it; None when none does.

    >>> moved_article("Godfather, The - Part II")
    'The Godfather - Part II'
    """
    m = _MOVED.match(text)
    return None if m is None else f"{m['article']} {m['name'].strip()}{m['rest']}"


def loose(found: Iterable[str]) -> str:
    """The letters of `words` without what spellings of one name may disagree on.

    >>> loose(words("Вокзал на троих")) == loose(words("Vokzal na troikh"))
    True
    """
    return "".join(map(_fold, found))


@lru_cache(maxsize=1 << 16)
def _fold(word: str) -> str:
    if word in _AND:
        return ""
    folded = _PLAIN_NUMBERS.get(word) or word.translate(_OTHER_ALPHABETS)
    before = ""
    while folded != before:  # what one rule leaves may be the next one's
        before = folded
        for old, new in _FOLDS:
            folded = old.sub(new, folded)
    return folded


_PLAIN_NUMBERS = {words(word)[0]: digits for word, digits in _FOREIGN_NUMBERS.items()}
