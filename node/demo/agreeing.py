"""The two firms get to trust each other's nodes, agree on their rings, and one of them leaves one again."""

from typing import Any

from node.demo.canaries import AGREEMENT_CANARIES
from node.demo.commands import as_director, leerkring
from node.demo.firms import RINGS, VEILIGHEID, Place, Ring
from node.demo.waiting import wait_for

KEEP_TO_OURSELVES = "Wat we hier bespreken blijft bij onze twee bedrijven. Klanten noemen we niet bij naam."


def pair(inviter: Place, invited: Place) -> None:
    """Invitation, code, and each director types two words that the other reads out."""
    made = leerkring(inviter.home, "pair", "invite", invited.domain, "--name", invited.firm.name)
    taken = leerkring(
        invited.home, "pair", "accept", inviter.domain, made["code"], "--name", inviter.firm.name
    )
    sides = ((inviter, made["id"]), (invited, taken["id"]))
    screens = [wait_for("the words of the pairing", _screen, *side) for side in sides]
    for (place, pairing_id), own, other in zip(sides, screens, reversed(screens), strict=True):
        heard = [other["words"][number - 1] for number in own["asked"]]
        as_director(place, "pair", "confirm", pairing_id, *heard)
    for side in sides:
        wait_for("the pairing", _is_paired, *side)


def _screen(place: Place, pairing_id: str) -> dict[str, Any] | None:
    shown = next(row for row in leerkring(place.home, "pair", "list") if row["id"] == pairing_id)
    return shown if shown["words"] else None


def _is_paired(place: Place, pairing_id: str) -> bool:
    rows = leerkring(place.home, "pair", "list")
    return any(row["id"] == pairing_id and row["state"] == "paired" for row in rows)


def make_rings(founder: Place, partner: Place) -> None:
    """All rings, proposed by the one and signed by the other."""
    for ring in RINGS:
        _propose(founder, partner, ring)
        proposal = wait_for(f"the agreement of {ring.name}", _proposal, partner, ring)
        as_director(partner, "ring", "sign", proposal, "--handle", ring.handle)
    for ring in RINGS:
        for place in (founder, partner):
            wait_for(f"the ring {ring.name}", _is, place, ring, "open")


def ask_an_editor(place: Place) -> None:
    """This firm asks more than the agreement does: an editor reads what its own people write."""
    leerkring(place.home, "gate", "set", f"ring:{VEILIGHEID.handle}", "--four-eyes")


def _propose(founder: Place, partner: Place, ring: Ring) -> None:
    words = ["--name", ring.name, "--with", partner.domain, "--confidentiality", KEEP_TO_OURSELVES]
    words += ["--gate", ring.gate]
    words += ["--purpose", f"{ring.purpose} Kenmerk: {AGREEMENT_CANARIES[ring.handle]}"]
    for place, goal in zip((founder, partner), ring.goals, strict=True):
        words += ["--goal", f"{place.domain}={goal}", "--hours", f"{place.domain}={ring.hours}"]
        words += ["--contact", f"{place.domain}={place.firm.first_with('director').name}"]
    as_director(founder, "ring", "create", ring.handle, *words)


def _proposal(place: Place, ring: Ring) -> str | None:
    found = [one for one in leerkring(place.home, "ring", "list")["proposals"] if one["name"] == ring.name]
    return str(found[0]["hash"]) if found else None


def _is(place: Place, ring: Ring, state: str) -> bool:
    rings = leerkring(place.home, "ring", "list")["rings"]
    return any(one["handle"] == ring.handle and one["state"] == state for one in rings)


def leave(leaver: Place, other: Place, ring: Ring) -> None:
    """One firm leaves; wait until the other knows."""
    as_director(leaver, "ring", "leave", ring.handle)
    wait_for(f"word that {leaver.firm.name} left {ring.name}", _is, other, ring, "closed")
