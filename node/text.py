"""Names as people see them: made comparable, made safe to show; never the text of posts."""

import re
import unicodedata
from collections.abc import Iterator, Set

# Joiners, bidi marks, variation selectors, tags and blanks that draw nothing.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
# Pictures, and the `:shortcode:` that other servers replace by one.
EMOJI = re.compile(
    "[\u20d0-\u20ff\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001fbff]|:[a-zA-Z0-9_]{2,}:"
)
MARKS = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\ufe20-\ufe2f]"
STACKED = re.compile(f"({MARKS}{{2}}){MARKS}+")
UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn")
LONGEST_NAME = 100
# What casefold and NFKC leave apart: a Latin letter (or its small shape) and what looks like it.
LOOKALIKES = {
    "a": "аαɑա", "b": "вьβƅ", "c": "с", "d": "ԁđ", "e": "еεə", "f": "ƒ", "g": "гɡց", "h": "һнħհ", "j": "ј",
    "k": "кκ", "l": "iіιıɩӏłʟǀ|1", "m": "м", "n": "пηɴո", "o": "оοσøօ0", "p": "рρþ", "q": "ԛզ", "r": "ʀ",
    "s": "ѕ", "t": "тτŧ", "u": "υս", "v": "ѵν", "w": "ԝω", "x": "хχ", "y": "уүγ", "ae": "æ", "oe": "œ",
}  # fmt: skip
LOOKS_LIKE = str.maketrans({sign: latin for latin, signs in LOOKALIKES.items() for sign in signs})
# People do write these together in one name.
WRITTEN_TOGETHER = (
    {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "CJK"},
    {"HANGUL", "CJK"},
    {"BOPOMOFO", "CJK"},
)


def clean_name(name: str) -> str:
    """The name for showing: no emoji, bidi marks, invisible or control characters; single spaces."""
    plain = EMOJI.sub(" ", INVISIBLE.sub("", unicodedata.normalize("NFC", name)))
    spaced = "".join(" " if sign.isspace() else sign for sign in plain)
    kept = "".join(sign for sign in spaced if unicodedata.category(sign) not in UNPRINTABLE)
    # At most two marks on a letter, so that no name draws over the lines around it.
    calm = STACKED.sub(r"\1", unicodedata.normalize("NFC", kept))
    return " ".join(calm.split())[:LONGEST_NAME].strip()


def fold_name(name: str) -> str:
    """The form in which two names are compared: equal when people could take one for the other."""
    folded = unicodedata.normalize("NFKC", clean_name(unicodedata.normalize("NFKC", name))).casefold()
    bare = "".join(sign for sign in unicodedata.normalize("NFD", folded) if not unicodedata.combining(sign))
    return "".join(sign for sign in bare.translate(LOOKS_LIKE) if sign.isalnum())


def mixes_scripts(name: str) -> bool:
    """Are there letters of scripts in it that nobody writes together?"""
    scripts = set(_scripts(name))
    return len(scripts) > 1 and not any(scripts <= together for together in WRITTEN_TOGETHER)


def display_name(name: str, domain: str, taken: Set[str]) -> str:
    """A name from elsewhere, with its domain inside when it could pass for one of ours (`taken`: folded)."""
    shown = clean_name(name)
    if not shown:
        return domain
    if fold_name(name) in taken or mixes_scripts(shown):
        return f"{shown} ({domain})"
    return shown


def _scripts(name: str) -> Iterator[str]:
    for sign in unicodedata.normalize("NFKC", name):
        if sign.isalpha():
            yield unicodedata.name(sign, "UNKNOWN").split()[0]
