"""What tells one legacy code page from another: the letters beyond a-z of each language.

Wrongly decoded text is full of letters that no single language uses together, and of signs inside words.
So a (language, code page) pair is scored by the share of non-ASCII characters that belong to that language.
Letters are from the languages' own alphabets, with those of common names and loan words left out.
"""

from __future__ import annotations

#: Language -> (code pages, likeliest first; lower-case letters beyond a-z).
ALPHABETS: dict[str, tuple[tuple[str, ...], str]] = {
    "en": (("cp1252",), "éèêïñç"),
    "fr": (("cp1252",), "àâæçéèêëîïôœùûüÿ"),
    "de": (("cp1252",), "äöüß"),
    "es": (("cp1252",), "áéíñóúü"),
    "pt": (("cp1252",), "áàâãçéêíóôõú"),
    "it": (("cp1252",), "àèéìîòóù"),
    "nl": (("cp1252",), "éëïóöèü"),
    "sv": (("cp1252",), "åäöé"),
    "da": (("cp1252",), "åæøé"),
    "no": (("cp1252",), "åæøéòô"),
    "fi": (("cp1252",), "äöå"),
    "is": (("cp1252",), "áðéíóúýþæö"),
    "ca": (("cp1252",), "àçèéíïòóúü·"),
    "pl": (("cp1250", "iso8859-2"), "ąćęłńóśźż"),
    "cs": (("cp1250", "iso8859-2"), "áčďéěíňóřšťúůýž"),
    "sk": (("cp1250", "iso8859-2"), "áäčďéíĺľňóôŕšťúýž"),
    "hu": (("cp1250", "iso8859-2"), "áéíóöőúüű"),
    "ro": (("cp1250", "iso8859-2"), "âăîşţ"),
    "hr": (("cp1250", "iso8859-2"), "čćđšž"),
    "sl": (("cp1250", "iso8859-2"), "čšž"),
    "tr": (("cp1254",), "âçğıîöşüû"),
    "lt": (("cp1257",), "ąčęėįšųūž"),
    "lv": (("cp1257",), "āčēģīķļņšūž"),
    "et": (("cp1257",), "äõöüšž"),
    "ru": (("cp1251", "koi8-r", "cp866", "iso8859-5"), "абвгдежзийклмнопрстуфхцчшщъыьэюяё"),
    "uk": (("cp1251", "koi8-u"), "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"),
    "bg": (("cp1251",), "абвгдежзийклмнопрстуфхцчшщъьюя"),
    "sr": (("cp1251",), "абвгдђежзијклљмнњопрстћуфхцчџш"),
    "mk": (("cp1251",), "абвгдѓежзѕијклљмнњопрстќуфхцчџш"),
    "el": (("cp1253", "iso8859-7"), "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"),
    "he": (("cp1255",), "אבגדהוזחטיךכלםמןנסעףפץצקרשת"),
    "ar": (("cp1256",), "ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأؤإئىةًٌٍَُِّْـ"),
    "fa": (("cp1256",), "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیيكئآأ"),
    "th": (("cp874",), "".join(map(chr, (*range(0x0E01, 0x0E3B), *range(0x0E40, 0x0E4F))))),
    "vi": (("cp1258",), "ăâđêôơưàáèéìíòóùúý\u0300\u0301\u0303\u0309\u0323"),
}

#: The letters most in use, where one language has several code pages with the same letters.
FREQUENT: dict[str, str] = {"ru": "оеаинтсрл", "uk": "оаинетрсі"}

#: Punctuation that any language may use beyond ASCII.
SHARED_SIGNS = frozenset("…–—‘’“”„«»°¿¡♪§©®€£•\u00a0‹›¶´½·№،؛؟")

#: Double-byte code pages: name -> lead bytes of the characters in daily use.
DOUBLE_BYTE: dict[str, tuple[str, range]] = {
    "gb18030": ("zh", range(0xB0, 0xD8)),
    "big5": ("zh", range(0xA4, 0xC7)),
    "cp949": ("ko", range(0xB0, 0xC9)),
    "cp932": ("ja", range(0x82, 0x98)),
    "euc_jp": ("ja", range(0xA4, 0xD0)),
}
