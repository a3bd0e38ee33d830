"""Names: what looks the same folds the same, and nothing invisible is shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.text import LONGEST_NAME, clean_name, display_name, fold_name, mixes_scripts

TAKEN = frozenset({fold_name("Anna de Boer"), fold_name("Bakker Installaties")})


@pytest.mark.parametrize(
    "lookalike",
    [
        "anna de boer",
        "ANNA  DE BOER",
        "Аnnа de Boer",
        "Ànná dé Bøer",
        "Anna\u200b de\u2060 Boer",
        "𝐀𝐧𝐧𝐚 𝐝𝐞 𝐁𝐨𝐞𝐫",
        "Ａｎｎａ　ｄｅ　Ｂｏｅｒ",
        "Anna 🔧 de Boer",
        "Anna.de-Boer",
        "Anna de B0er",
        "\u202eAnna de Boer",
        "Anna :verified: de Boer",
    ],
)
def test_a_name_that_looks_like_ours_carries_its_domain(lookalike: str) -> None:
    assert fold_name(lookalike) == fold_name("Anna de Boer")
    assert display_name(lookalike, "elders.example", TAKEN).endswith("(elders.example)")


def test_capital_i_and_small_l_fold_the_same() -> None:
    assert fold_name("BakkerInstaIIaties") in TAKEN


@pytest.mark.parametrize("name", ["Zoë van 't Hoff", "Łukasz Żak", "José Ñúñez", "Jan-Peter O’Neill"])
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert display_name(name, "elders.example", TAKEN) == name


def test_a_name_without_anything_to_show_becomes_its_domain() -> None:
    assert display_name("🎉\u200b", "elders.example", TAKEN) == "elders.example"


@pytest.mark.parametrize("name", ["pаypal", "Αlpha Beta", "Иван Petrоv"])
def test_scripts_nobody_writes_together_are_seen(name: str) -> None:
    assert mixes_scripts(name)


@pytest.mark.parametrize("name", ["Иван Петров", "東京タワーさくら", "김 美", "Jan 2", ""])
def test_one_script_or_a_usual_pair_is_no_mix(name: str) -> None:
    assert not mixes_scripts(name)


def test_towers_of_marks_are_cut() -> None:
    assert clean_name("Z" + "\u0336" * 40 + "oe") == "Z\u0336\u0336oe"


@given(st.text())
def test_a_clean_name_is_one_printable_line(name: str) -> None:
    shown = clean_name(name)
    assert shown == " ".join(shown.split())
    assert len(shown) <= LONGEST_NAME
    assert all(
        sign == " " or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn") for sign in shown
    )


@given(st.text(), st.sampled_from(["\u200b", "\u202e", "\u200d", "\ufe0f", "\u2066"]))
def test_invisible_signs_change_neither_the_name_nor_its_fold(name: str, sign: str) -> None:
    assert clean_name(sign + name + sign) == clean_name(name)
    assert fold_name(name + sign) == fold_name(name)


@given(st.text())
def test_folding_twice_changes_nothing(name: str) -> None:
    assert fold_name(fold_name(name)) == fold_name(name)


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_case_never_tells_names_apart(name: str) -> None:
    assert fold_name(name.upper()) == fold_name(name.lower())
