"""One way of writing languages, whoever wrote them: a container, a file name, a release, a user."""

from __future__ import annotations

from mmdia.subtitles.identify import language_tag

#: Codes of ISO 639-2 that name no language.
_NONE = frozenset({"und", "mis", "mul", "zxx"})

#: Written forms that files tag by either name.
_SAME = {"nb": "no", "cmn": "zh", "yue": "zh"}


def plain_tag(language: str | None) -> str | None:
    """A language tag that begins with a two-letter code wherever there is one, or None.

    Containers write ``eng`` or ``ger``, releases ``en`` or ``de-AT``. What is no language at all
    (``und``) is None; what nobody knows is handed back in small letters.

    >>> plain_tag("eng"), plain_tag("ger"), plain_tag("deu"), plain_tag("pt_BR"), plain_tag("und")
    ('en', 'de', 'de', 'pt-BR', None)
    """
    first, _, rest = (language or "").strip().replace("_", "-").partition("-")
    first = first.lower()
    if not first or first in _NONE:
        return None
    code = language_tag(first) or first
    code = _SAME.get(code, code)
    return f"{code}-{rest}" if rest else code


def same_language(one: str | None, other: str | None) -> bool:
    """Whether two tags name one language; unknown ones do not. Regions and scripts do not count."""
    a, b = plain_tag(one), plain_tag(other)
    return a is not None and b is not None and a.split("-")[0] == b.split("-")[0]
