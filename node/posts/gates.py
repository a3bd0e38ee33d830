"""The gate that everything to a ring passes (rule 6), as the ring's agreement sets it."""

from sqlalchemy import Connection

from node.errors import Conflict
from node.i18n import msg
from node.objects import LIVE
from node.rings.agreement_rows import document_of, heads_of
from node.rings.queries import RingRow

NO_GATE = "none"


def check_gate(db: Connection, ring: RingRow | None) -> str:
    """The state that a post starts in; a gate that this version cannot keep lets nothing through."""
    heads = heads_of(db, ring.id) if ring is not None else []
    if any(document_of(head).gate.kind != NO_GATE for head in heads):
        raise Conflict(msg("The agreement of this ring asks a check that this version does not have yet."))
    return LIVE
