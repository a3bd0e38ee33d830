"""A sector ring by the command line: its steward writes terms, signs them itself, decides who is in."""

from tests.node.cli.command import Command

CREATE = ("ring", "sector", "create", "pompen", "--name", "Pompen", "--purpose", "Leren")
WORDS = ("--confidentiality", "Blijft hier", "--password-stdin")
SIGN = (
    "ring",
    "sector",
    "apply",
    "pompen",
    "--goal",
    "Beter worden",
    "--contact",
    "Dirk",
    "--password-stdin",
)


def test_a_steward_makes_a_ring_and_lets_its_own_firm_in_and_out(bakker: Command) -> None:
    made = bakker.json(*CREATE, *WORDS)
    assert (made["standing"], made["roster"]) == ("", 0)
    [known] = bakker.json("ring", "sector", "terms")
    assert known["hash"] == made["hash"]
    [ring] = bakker.json("ring", "list")["rings"]
    assert (ring["handle"], ring["kind"], ring["state"]) == ("pompen", "sector", "proposed")
    signed = bakker.json(*SIGN)
    assert [one["domain"] for one in signed["waiting"]] == [made["steward"]]
    admitted = bakker.json("ring", "sector", "admit", "pompen", made["steward"], "--password-stdin")
    assert (admitted["standing"], admitted["roster"]) == ("admitted", 1)
    removed = bakker.json("ring", "sector", "remove", made["hash"][:8], made["steward"], "--password-stdin")
    assert (removed["standing"], removed["roster"], removed["firms"]) == ("ended", 2, [])


def test_a_firm_is_refused_by_name_and_a_signature_taken_back(bakker: Command) -> None:
    made = bakker.json(*CREATE, *WORDS)
    bakker.json(*SIGN)
    assert bakker.json("ring", "sector", "withdraw", "pompen", "--password-stdin")["waiting"] == []
    bakker.json(*SIGN)
    refuse = ("ring", "sector", "refuse", "pompen", made["steward"], "--why", "Nog niet", "--password-stdin")
    assert bakker.json(*refuse)["standing"] == "refused"
    assert bakker(*refuse) == 2
    assert "wacht niet" in bakker.err


def test_nobody_signs_or_decides_with_a_wrong_password(bakker: Command) -> None:
    assert bakker(*CREATE, *WORDS, stdin="iets anders\n") == 2
    assert bakker.json("ring", "sector", "terms") == []
    assert bakker("ring", "sector", "show", "pompen") == 2
    assert "leerkring ring sector terms" in bakker.err
