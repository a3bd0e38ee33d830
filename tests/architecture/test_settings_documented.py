"""README names every setting, with its variable, its default and what it is for."""

import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from node.settings import Settings

README = Path(__file__).parents[2] / "README.md"
FIELDS = sorted(Settings.model_fields.items())


def section() -> str:
    """The text under the heading Settings."""
    found = re.search(r"^#+ Settings$(.*?)(?=^## |\Z)", README.read_text(), re.MULTILINE | re.DOTALL)
    assert found, "README.md has no section Settings"
    return found[1]


def rows() -> dict[str, list[str]]:
    """The table's cells by the name of the setting."""
    lines = [line for line in section().splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


def default_of(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value not in ("", []) else "empty"


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_a_setting_stands_in_the_readme(name: str, field: FieldInfo) -> None:
    variable, default, meaning = rows()[name]
    assert variable == f"`LEERKRING_{name.upper()}`"
    assert default.strip("`") == default_of(field)
    assert meaning == field.description


def test_the_readme_names_no_other_setting() -> None:
    assert rows().keys() == Settings.model_fields.keys()
