"""The other spellings of a surface that readers take for the same word.

Regular plurals, joined compounds (`t-shirt`, `tshirt`), dropped accents and apostrophes, spaces where two
scripts meet (`T恤`, `T 恤`). Irregular forms belong
into the lexicon itself.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["variants"]

_VOWELS = frozenset("aeiou")
_MIN_JOINED = 7
_PLURAL_ONLY = re.compile(r"(?:pants|shorts|trousers|jeans|leggings|tights)$")
_HAN = "\u4e00-\u9fff"
_SEAM = re.compile(f"(?<=[a-z0-9])(?=[{_HAN}])|(?<=[{_HAN}])(?=[a-z0-9])")
_LAST_CASED = "\u0530"
_JOINING = frozenset({"en", "zh", "ja", "ko"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def variants(surface: str, lang: str, *, plural: bool = True) -> frozenset[str]:
    """Get the regular other spellings of a surface, the surface itself not among them.

    Args:
        surface: a word or a phrase in lower case.
        lang: its language code; languages without regular plurals get spelling variants only.
        plural: whether plurals are wanted.

    >>> sorted(variants("t-shirt", "en"))
    ['t-shirts', 'tshirt', 'tshirts']
    """
    if not _is_alphabetic(surface):
        return frozenset({_SEAM.sub(" ", surface)} - {surface})
    forms = {surface, *_plurals(surface, lang)} if plural else {surface}
    # a plural has an apostrophe, a joint or an accent only where its singular has: most have none
    if "'" in surface:
        forms |= {form.replace("'", "") for form in forms}
    if " " in surface or "-" in surface:
        forms |= {joined for form in forms if (joined := _joined(form, lang))}
    if not surface.isascii():
        forms |= {_without_accents(form, lang) for form in forms}
    return frozenset(forms - {surface, ""})


def _is_alphabetic(surface: str) -> bool:
    return surface[-1:].isalpha() and max(surface) < _LAST_CASED


def _joined(form: str, lang: str) -> str:
    """Get a compound as one word: hyphenated ones, in English also two words that stay readable (`croptop`)."""
    words = form.replace("-", " ").split()
    joined = "".join(words)
    if "-" in form:
        return joined if len(joined) > 3 else ""
    return joined if lang in _JOINING and len(words) == 2 and len(joined) >= _MIN_JOINED else ""


def _without_accents(form: str, lang: str) -> str:
    if form.isascii():
        return form
    if lang == "de":
        return form.translate(_UMLAUTS)
    decomposed = unicodedata.normalize("NFD", form)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _plurals(surface: str, lang: str) -> set[str]:
    """Get the regular plurals: of the last word, in Romance languages also of the first (`robe longue`)."""
    plural = _PLURALS.get(lang)
    if plural is None or surface[-1:] in "0123456789" or len(surface) < 3:
        return set()
    words = surface.split(" ")
    lasts = {" ".join([*words[:-1], last]) for last in plural(words[-1])}
    if lang == "en" and len(words) > 1 and _PLURAL_ONLY.search(surface):
        lasts.add(surface[:-1])
    if lang not in _HEAD_FIRST or len(words) == 1 or len(words[0]) < 3:
        return lasts
    firsts = {" ".join([first, *words[1:]]) for first in plural(words[0])}
    if len(words) > 2:
        return firsts
    both = {f"{first} {last}" for first in plural(words[0]) for last in plural(words[1])}
    return firsts | lasts | both


def _english(word: str) -> set[str]:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return {word + "es"}
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return {word[:-1] + "ies"}
    return {word + "s"}


def _german(word: str) -> set[str]:
    if word.endswith(("e", "el", "er")):
        return {word + "n", word + "s"} if word.endswith("e") else {word + "n"}
    if word.endswith(("s", "ß", "z", "sch")):
        return {word + "e", word + "en"}
    return {word + "e", word + "en", word + "s"}


def _french(word: str) -> set[str]:
    if word.endswith(("s", "x", "z")):
        return set()
    if word.endswith(("eau", "eu")):
        return {word + "x"}
    if word.endswith("al"):
        return {word[:-2] + "aux", word + "s"}
    return {word + "s"}


def _spanish(word: str) -> set[str]:
    if word.endswith("z"):
        return {word[:-1] + "ces"}
    if word.endswith("s"):
        return set()
    if word[-1] in "aeiouáéó":
        return {word + "s"}
    if word.endswith(("ón", "án", "én", "ín")):
        return {_without_accents(word[-2:], "es").join([word[:-2], "es"]), word + "es"}
    return {word + "es", word + "s"}


def _italian(word: str) -> set[str]:
    if word.endswith(("ca", "ga")):
        return {word[:-1] + "he"}
    if word.endswith(("co", "go")):
        return {word[:-1] + "hi", word[:-1] + "i"}
    if word.endswith("io"):
        return {word[:-1]}
    if word.endswith("a"):
        return {word[:-1] + "e"}
    if word.endswith(("o", "e")):
        return {word[:-1] + "i"}
    return set()


def _portuguese(word: str) -> set[str]:
    if word.endswith("ão"):
        return {word[:-2] + "ões"}
    if word.endswith("m"):
        return {word[:-1] + "ns"}
    if word.endswith(("al", "el", "ol", "ul")):
        return {word[:-1] + "is"}
    if word.endswith(("r", "z")):
        return {word + "es"}
    if word.endswith("s"):
        return set()
    return {word + "s"}


_PLURALS = {
    "en": _english, "de": _german, "fr": _french, "es": _spanish, "it": _italian, "pt": _portuguese,
}  # fmt: skip
_HEAD_FIRST = frozenset({"fr", "es", "it", "pt"})
