"""Which gate stands before an audience: the agreement's and the node's own, each adding to the other."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from node.errors import Conflict, Invalid
from node.gates.tables import gate_acts, gates
from node.i18n import Message, msg, nmsg
from node.ids import new_id, now
from node.memberships import rooms
from node.objects import COMPANY, PUBLIC, is_ring, is_room
from node.rings.agreement_lines import heads_of
from node.rings.agreement_rows import document_of
from node.rings.queries import ring_of_audience
from node.rings.sector.tables import sector_terms
from schemas.agreement import Agreement, Gate
from schemas.sector import Terms

SETTERS = frozenset({"admin", "editor"})
LONGEST_HOLD = 1440
LIST_VERSION = "1"  # of the fixed questions: another one asks everybody anew
ANSWER_DAYS = 30


@dataclass(frozen=True)
class Rules:
    """What is asked before something goes out. More is stricter; an editor's look takes a hold's place."""

    checklist: bool = False
    minutes: int = 0
    four_eyes: bool = False

    @property
    def are_none(self) -> bool:
        return self == Rules()

    @property
    def waits(self) -> bool:
        """Does anything wait, once the questions are answered?"""
        return self.four_eyes or self.minutes > 0

    def and_also(self, other: "Rules") -> "Rules":
        """All that either asks."""
        return Rules(
            self.checklist or other.checklist,
            max(self.minutes, other.minutes),
            self.four_eyes or other.four_eyes,
        )


def rules_of(db: Connection, audience: str) -> Rules:
    """The gate before an audience; of a room its ring's, within the company none (rule 6)."""
    gated = gated_audience(db, audience)
    if gated is None:
        return Rules()
    found = own_rules(db, gated)
    for clauses in clauses_of(db, gated):
        found = found.and_also(_rules_in(clauses.gate))
    return found


def gated_audience(db: Connection, audience: str) -> str | None:
    """The ring or "public" whose gate something passes."""
    if is_room(audience):
        within = db.scalar(select(rooms.c.within).where(rooms.c.audience == audience))
        return None if within in (None, COMPANY) else str(within)
    return audience if is_ring(audience) or audience == PUBLIC else None


def clauses_of(db: Connection, audience: str) -> list[Agreement | Terms]:
    """What holds in a ring: its agreement, in a fork each of them, or a sector ring's terms."""
    ring = ring_of_audience(db, audience)
    if ring is None:
        return []
    found: list[Agreement | Terms] = [document_of(head) for head in heads_of(db, ring.id)]
    terms = db.scalar(select(sector_terms.c.document).where(sector_terms.c.ring_id == ring.id))
    return [*found, Terms.model_validate(json.loads(terms))] if terms else found


def titles_may_leave(db: Connection, audience: str) -> bool:
    """Whether all that holds in a ring lets titles of its posts out, to mails and feeds (rule 15)."""
    clauses = clauses_of(db, audience)
    return bool(clauses) and all(one.titles_in_mail for one in clauses)


def terms_of(db: Connection, audience: str) -> str:
    """Which version of the questions holds now."""
    ring = ring_of_audience(db, audience)
    hashes = sorted(head.hash for head in heads_of(db, ring.id)) if ring is not None else []
    return ":".join([LIST_VERSION, *hashes])


def answer_days(db: Connection, audience: str) -> int:
    """How long an answer counts: what the agreement says, the shortest in a fork."""
    return min([clauses.gate.days or ANSWER_DAYS for clauses in clauses_of(db, audience)] or [ANSWER_DAYS])


def _rules_in(gate: Gate) -> Rules:
    return Rules(
        checklist=gate.kind == "checklist",
        minutes=max(gate.minutes, 1) if gate.kind == "hold" else 0,
        four_eyes=gate.kind == "four_eyes",
    )


def agreed_rules(db: Connection, audience: str) -> Rules:
    """What the firms agreed on alone."""
    found = Rules()
    for clauses in clauses_of(db, audience):
        found = found.and_also(_rules_in(clauses.gate))
    return found


def own_rules(db: Connection, audience: str) -> Rules:
    row = db.execute(select(gates).where(gates.c.audience == audience)).one_or_none()
    return Rules(row.checklist, row.minutes, row.four_eyes) if row is not None else Rules()


def set_rules(db: Connection, audience: str, rules: Rules, set_by: int | None) -> None:
    """The node's own gate for open posts or a ring; what the agreement asks stays asked."""
    if not (is_ring(audience) or audience == PUBLIC):
        raise Conflict(msg("A gate stands before a ring or before open posts."))
    if not 0 <= rules.minutes <= LONGEST_HOLD:
        raise Invalid(minutes=msg("Use 0 to %(most)s minutes.", most=LONGEST_HOLD))
    db.execute(delete(gates).where(gates.c.audience == audience))
    values = {"checklist": rules.checklist, "minutes": rules.minutes, "four_eyes": rules.four_eyes}
    db.execute(insert(gates).values(audience=audience, **values, set_by=set_by, set_at=now()))


def note_gate_act(db: Connection, object_id: int, act: str, actor_id: int | None) -> None:
    """A line of the audit; without an actor it was the clock."""
    row = {"id": new_id(), "object_id": object_id, "act": act, "actor_id": actor_id, "at": now()}
    db.execute(insert(gate_acts).values(**row))


def acts_on(db: Connection, object_id: int) -> list[Any]:
    """Everything that was done with something at the gate, oldest first."""
    query = select(gate_acts).where(gate_acts.c.object_id == object_id)
    return list(db.execute(query.order_by(gate_acts.c.id)))


def rules_words(rules: Rules) -> Message:
    """The gate in a sentence or two, before writing."""
    parts = []
    if rules.checklist:
        parts.append(msg("You first answer some questions about the text."))
    if rules.four_eyes:
        parts.append(msg("An editor reads it before it goes out."))
    elif rules.minutes:
        parts.append(_hold_words(rules.minutes))
    if not parts:
        return msg("It goes out at once.")
    return parts[0] if len(parts) == 1 else msg("%(first)s %(next)s", first=parts[0], next=parts[1])


def _hold_words(minutes: int) -> Message:
    return nmsg(
        "It waits %(count)s minute before it goes out; until then you can take it back.",
        "It waits %(count)s minutes before it goes out; until then you can take it back.",
        minutes,
    )
