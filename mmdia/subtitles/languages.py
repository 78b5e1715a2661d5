"""Language codes and names that subtitle files are called by, as BCP-47 tags."""

from __future__ import annotations

# One line per language: tag, ISO 639-2 codes, then names in English and in the language itself.
_TABLE = """
ar ara | arabic العربية
bg bul | bulgarian български
bn ben | bengali bangla
bs bos | bosnian
ca cat | catalan català
cs cze ces | czech čeština
da dan | danish dansk
de ger deu | german deutsch
el gre ell | greek ελληνικά
en eng | english
es spa | spanish español castellano espanol
et est | estonian eesti
eu eus baq | basque euskara
fa per fas | persian farsi فارسی
fi fin | finnish suomi
fil fil | filipino tagalog
fr fre fra | french français francais
gl glg | galician galego
he heb | hebrew עברית
hi hin | hindi हिन्दी
hr hrv scr | croatian hrvatski
hu hun | hungarian magyar
id ind | indonesian
is ice isl | icelandic íslenska
it ita | italian italiano
ja jpn | japanese 日本語
ka geo kat | georgian
kk kaz | kazakh
kn kan | kannada
ko kor | korean 한국어
lt lit | lithuanian lietuvių
lv lav | latvian latviešu
mk mac mkd | macedonian македонски
ml mal | malayalam
mr mar | marathi
ms may msa | malay
nb nob | bokmål bokmal
nl dut nld | dutch nederlands
nn nno | nynorsk
no nor | norwegian norsk
pl pol | polish polski
pt por | portuguese português portugues
ro rum ron | romanian română
ru rus | russian русский
sk slo slk | slovak slovenčina
sl slv | slovenian slovenščina
sq alb sqi | albanian shqip
sr srp scc | serbian српски
sv swe | swedish svenska
ta tam | tamil
te tel | telugu
th tha | thai ไทย
tr tur | turkish türkçe turkce
uk ukr | ukrainian українська
ur urd | urdu
vi vie | vietnamese
zh chi zho | chinese mandarin 中文
yue yue | cantonese
"""


def _codes() -> dict[str, str]:
    codes: dict[str, str] = {}
    for line in _TABLE.strip().splitlines():
        left = line.split("|")[0].split()
        codes.update(dict.fromkeys(left, left[0]))
    return codes


def _names() -> dict[str, str]:
    names: dict[str, str] = {}
    for line in _TABLE.strip().splitlines():
        left, right = line.split("|")
        names.update(dict.fromkeys(right.split(), left.split()[0]))
    names.update(
        {"brazilian": "pt-BR", "pob": "pt-BR", "chs": "zh-Hans", "cht": "zh-Hant", "latino": "es-419"}
        | {"简体": "zh-Hans", "繁體": "zh-Hant", "simplified": "zh-Hans", "traditional": "zh-Hant"}
    )
    return names


#: Code (two or three letters) -> BCP-47 language.
CODES: dict[str, str] = _codes()

#: Name in small letters -> BCP-47 tag.
NAMES: dict[str, str] = _names()

_COUNTRIES = (
    "US GB AU CA IE NZ IN BR PT ES MX AR CO FR BE CH DE AT IT NL SE NO DK FI CN TW HK SG JP KR RU UA"
)
#: Region or script in small letters -> as BCP-47 writes it.
REGIONS: dict[str, str] = {country.lower(): country for country in _COUNTRIES.split()} | {
    "419": "419",
    "hans": "Hans",
    "hant": "Hant",
    "latn": "Latn",
    "cyrl": "Cyrl",
}
