"""Each function of each client does what the published table says."""

from collections.abc import Iterator

import mastodon
import pytest

from tests.clients import mastodon_py, mastojs_calls, toot_commands
from tests.clients.matrix import CHECKS, TABLE, Check, complaint, perform, published, render
from tests.clients.world import World, open_world

MODULES = (mastodon_py, mastojs_calls, toot_commands)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(tmp_path_factory.mktemp("clients")) as opened:
        yield opened


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("one", CHECKS, ids=lambda one: f"{one.client} {one.names[0]}")
def test_a_client_does_what_the_table_says(world: World, one: Check) -> None:
    said = {published()[one.client, name] for name in one.names}
    if said == {True}:
        perform(world, one)
    else:
        assert said == {False}
        assert complaint(world, one), "it works now: `make clients` writes the table anew"


def test_the_table_is_made_of_the_checks() -> None:
    assert render(published()) == TABLE.read_text("utf-8")


def test_every_method_of_mastodon_py_is_checked_or_does_not_apply() -> None:
    methods = {
        name
        for name in dir(mastodon.Mastodon)
        if not name.startswith("_") and callable(getattr(mastodon.Mastodon, name))
    }
    checked = {name for one in CHECKS if one.client == mastodon_py.CLIENT for name in one.names}
    assert checked <= methods
    left = {name for name in methods - checked if not name.startswith(mastodon_py.NOT_FOR_US)}
    assert left == set(mastodon_py.NO_CALLS)
