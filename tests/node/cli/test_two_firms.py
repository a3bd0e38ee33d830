"""Two directors pair and agree by the command line alone, over real sockets."""

from pathlib import Path

import pytest

from tests.node.cli.command import Command, call, free_port, serving, until


@pytest.fixture
def firms(bakker: Command, tmp_path: Path) -> list[tuple[Path, str]]:
    """Homes and domains of Bakker and Smit; both have director anna."""
    ports = [free_port(), free_port()]
    smit = tmp_path / "smit"
    made = ("init", "--domain", "smit.localhost", "--name", "Smit", "--local", "--port", str(ports[1]))
    call(smit, *made)
    roles = ("--role", "admin", "--role", "director")
    call(smit, "member", "add", "sara", "--name", "Sara", *roles, "--password-stdin")
    domain = call(bakker.home, "domain", f"bakker.localhost:{ports[0]}")["domain"]
    return [(bakker.home, domain), (smit, f"smit.localhost:{ports[1]}")]


@pytest.mark.timeout(300)
def test_two_directors_make_a_ring_post_in_it_and_leave_it(firms: list[tuple[Path, str]]) -> None:
    (bakker, bakker_domain), (smit, smit_domain) = firms
    with serving(bakker), serving(smit):
        code = call(bakker, "pair", "invite", smit_domain, "--name", "Smit")["code"]
        accepted = call(smit, "pair", "accept", bakker_domain, code, "--name", "Bakker")
        until(lambda: call(smit, "pair", "list")[0]["state"], "words")
        [invited], [taken] = call(bakker, "pair", "list"), call(smit, "pair", "list")
        assert taken["id"] == accepted["id"]
        assert set(invited["words"]).isdisjoint(taken["words"])
        for home, shown, other in ((bakker, invited, taken), (smit, taken, invited)):
            read_out = [other["words"][place - 1] for place in shown["asked"]]
            call(home, "pair", "confirm", shown["id"], *read_out, "--password-stdin")
        until(lambda: call(bakker, "peer", "list")[0]["state"], "paired")
        until(lambda: call(smit, "peer", "list")[0]["state"], "paired")

        create = ("ring", "create", "warm", "--name", "Warmte", "--with", smit_domain)
        words = ("--purpose", "Leren", "--confidentiality", "Blijft hier", "--password-stdin")
        proposed = call(bakker, *create, *words)
        until(lambda: len(call(smit, "ring", "list")["proposals"]), 1)
        call(smit, "ring", "sign", proposed["hash"], "--handle", "bij_bakker", "--password-stdin")
        until(lambda: call(bakker, "ring", "show", "warm")["state"], "open")
        assert call(smit, "ring", "show", "bij_bakker")["state"] == "open"
        assert call(bakker, "ring", "agreement", "warm")["signed"] == [bakker_domain, smit_domain]

        posted = call(bakker, "post", "Hallo Smit", "--as", "anna", "--audience", "ring:warm")
        assert posted["url"].startswith(f"http://{bakker_domain}/o/")
        until(lambda: call(bakker, "departures", "verify")["ok"], True)

        rosters = call(bakker, "ring", "roster", "warm"), call(smit, "ring", "roster", "bij_bakker")
        keys = [{firm["domain"]: firm["key"] for firm in roster["firms"]} for roster in rosters]
        assert keys[0] == keys[1]
        assert [version["hash"] for version in rosters[1]["versions"]] == [proposed["hash"]]
        more = ("ring", "renew", "warm", "--hours", f"{smit_domain}=3", "--password-stdin")
        renewed = call(bakker, *more)
        until(lambda: len(call(smit, "ring", "list")["proposals"]), 1)
        call(bakker, "ring", "remind", renewed["hash"][:12], "--firm", smit_domain)
        call(smit, "ring", "sign", renewed["hash"], "--password-stdin")
        until(lambda: call(bakker, "ring", "show", "warm")["hours"], {bakker_domain: 0, smit_domain: 3})

        call(smit, "ring", "leave", "bij_bakker", "--password-stdin")
        until(lambda: call(bakker, "ring", "show", "warm")["state"], "closed")
        assert call(bakker, "doctor")["ok"]


def test_a_wrong_password_signs_nothing(bakker: Command) -> None:
    smit = ("ring", "create", "warm", "--name", "Warmte", "--with", "smit.localhost:8002")
    words = ("--purpose", "Leren", "--confidentiality", "Blijft hier", "--password-stdin")
    assert bakker(*smit, *words, stdin="een ander wachtwoord\n") == 2
    assert "wachtwoord" in bakker.err
    assert bakker.json("ring", "list") == {"rings": [], "proposals": []}
