"""Names as people see them: made comparable, made safe to show; never the text of posts."""

import re
import unicodedata

# Joiners, bidi marks, variation selectors, tags, blanks that draw nothing: gone from every name.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
EMOJI = re.compile(
    "[\u20d0-\u20ff\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff\U0001fb00-\U0001fbff]|:[a-zA-Z0-9_]{2,}:"
)
UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn")
LONGEST_NAME = 100
LATIN_LOOKALIKES = str.maketrans(
    # Cyrillic
    "асԁеһіјӏкмнорԛѕтгиухԝьвѵү"
    # Greek
    "αβεγηικνορτυωχ"
    # Latin letters without a decomposition, and letter-like digits
    "ıłøđħŧɑɡɩʟʀɴ01|ǀ",
    "acdehijlkmhopqstruyxwbbvyabeynikvoptuwxilodhtaglirnolll"[: 25 + 14 + 16],
)
SCRIPTS_TOGETHER = ({"HIRAGANA", "KATAKANA", "CJK", "KATAKANA-HIRAGANA"}, {"HANGUL", "CJK"})
