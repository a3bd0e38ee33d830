"""The check of the catalogues goes red on what is missing, stale, still English or broken."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from node.web.messages import complaints, extract


def catalog(**texts: str) -> Catalog:
    made = Catalog(locale="nl")
    for english, dutch in texts.items():
        made.add(english, dutch)
    return made


def test_a_complete_catalogue_gives_no_complaint() -> None:
    assert complaints({"Yes"}, catalog(Yes="Ja"), set()) == []


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        ({}, "not in the catalogue: Yes"),
        ({"Yes": ""}, "no Dutch: Yes"),
        ({"Yes": "Ja", "No": "Nee"}, "no longer used: No"),
        ({"Yes": "Yes"}, "Dutch equals English (if right: add it to same.txt): Yes"),
        ({"Yes": "Ja %(name)s"}, "a %(place)s that the English does not have: Yes"),
    ],
)
def test_each_fault_is_named(texts: dict[str, str], complaint: str) -> None:
    assert complaints({"Yes"}, catalog(**texts), set()) == [complaint]


def test_a_guess_by_a_program_is_not_a_translation() -> None:
    made = catalog()
    made.add("Yes", "Misschien", flags=("fuzzy",))
    assert complaints({"Yes"}, made, set()) == ["only a guess (fuzzy): Yes"]


def test_equal_words_in_the_list_are_fine() -> None:
    assert complaints({"Ring"}, catalog(Ring="Ring"), {"Ring"}) == []


def test_sentences_are_found_in_code_and_templates(tmp_path: Path) -> None:
    templates = tmp_path / "web" / "templates"
    templates.mkdir(parents=True)
    (templates / "a.html").write_text('{{ _("One") }}{% trans %}Two{% endtrans %}')
    (tmp_path / "b.py").write_text(
        'msg("Three %(n)s", n=1)\nnmsg("one", "many", 2)\nraise Forbidden("Four")\n'
    )
    assert extract(tmp_path) == {"One", "Two", "Three %(n)s", ("one", "many"), "Four"}
