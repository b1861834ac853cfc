"""What is said: names of countries, languages and months, which CLDR has in all languages.

Unicode's Common Locale Data Repository is under the Unicode licence; Babel ships it.
"""

from __future__ import annotations

from babel import Locale, UnknownLocaleError

FEWEST = 150
"""Names that a language must have of its own to take part."""


def names(language: str) -> list[str]:
    """Names in a language, sorted; none where CLDR has too few of its own.

    Args:
        language: Its code, as "de" or "pt-br".
    """
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return []
    found = _all(locale)
    if locale.language != "en":
        found -= _all(Locale("en"))
    return sorted(found) if len(found) >= FEWEST else []


def _all(locale: Locale) -> set[str]:
    months = {
        str(name) for widths in locale.months.values() for name in widths.get("wide", {}).values()
    }
    words = {*locale.territories.values(), *locale.languages.values(), *months}
    return {word for word in map(str, words) if len(word) > 2 and not any(map(str.isdigit, word))}
