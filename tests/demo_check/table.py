"""Who sees what in the demo, written by hand from the rules of the boundary; it imports nothing.

A reader stands as `who@node that is asked`: who must see it, and who may (open things travel, and turn up on
pages of other nodes). Whoever stands in neither must never see a word of it.
"""

BAKKER = {"daan@bakker", "fatima@bakker", "ingrid@bakker", "henk@bakker"}
SMIT = {"emily@smit", "bram@smit", "marieke@smit"}
HUB = {"roos@branche", "nel@branche"}
GUEST = {"guest@bakker"}

OUTSIDE_BAKKER = {
    "anonymous@bakker",
    "stranger@bakker",
    "hub actor@bakker",
    "hub node@bakker",
    "smit node@bakker",
    "smit person@bakker",
}
OUTSIDE_SMIT = {
    "anonymous@smit",
    "stranger@smit",
    "hub actor@smit",
    "hub node@smit",
    "bakker node@smit",
    "bakker person@smit",
}
OUTSIDE_HUB = {"anonymous@branche", "stranger@branche", "bakker node@branche", "smit node@branche"}
OUTSIDE = OUTSIDE_BAKKER | OUTSIDE_SMIT | OUTSIDE_HUB
MEMBERS = BAKKER | SMIT | HUB
READERS = sorted(OUTSIDE_BAKKER) + sorted(BAKKER | GUEST) + sorted(OUTSIDE_SMIT) + sorted(SMIT)
READERS += sorted(OUTSIDE_HUB) + sorted(HUB)

NOBODY: set[str] = set()

# kind of thing → (must see, may see)
TABLE: dict[str, tuple[set[str], set[str]]] = {
    # A company's own posts and pictures: its members, logged in at their own node.
    "company, at bakker": (BAKKER, NOBODY),
    "company, at smit": (SMIT, NOBODY),
    "company, at branche": (HUB, NOBODY),
    # A ring: members of both firms, each on their own node's pages; and the partner's node under its own key,
    # which asks the node of the author. Not with a person's key, and nobody through the partner's copy.
    "ring:installatiekring, at bakker": (BAKKER | SMIT | {"smit node@bakker"}, NOBODY),
    "ring:installatiekring, at smit": (BAKKER | SMIT | {"bakker node@smit"}, NOBODY),
    # The ring that Smit left. It had two firms, so it closed for both: nobody but each author reads on.
    "ring:materieelkring, at bakker": (NOBODY, {"fatima@bakker"}),  # one is hers
    "ring:materieelkring, at smit": (NOBODY, NOBODY),
    # Open: everyone at the author's node, and the members of the nodes it travelled to.
    "public, at bakker": (OUTSIDE_BAKKER | MEMBERS, OUTSIDE | GUEST),
    "public, at smit": (OUTSIDE_SMIT | MEMBERS, OUTSIDE | GUEST),
    "public, at branche": (OUTSIDE_HUB | MEMBERS, OUTSIDE | GUEST),
    # A ring with a gate: what was let go is as in any ring. What waits is its author's and the editors'.
    "ring:veiligheidskring, at bakker": (BAKKER | SMIT | {"smit node@bakker"}, NOBODY),
    "ring:veiligheidskring, at smit": (BAKKER | SMIT | {"bakker node@smit"}, NOBODY),
    "waiting for an editor, at bakker": ({"daan@bakker", "fatima@bakker"}, NOBODY),
    # A room: who is in it, on either node, and the nodes of those people. No admin, no director.
    "room:leermaatjes, at bakker": (
        {"daan@bakker", "fatima@bakker", "emily@smit", "smit node@bakker"},
        NOBODY,
    ),
    "room:leermaatjes, at smit": ({"daan@bakker", "fatima@bakker", "emily@smit", "bakker node@smit"}, NOBODY),
    "room:leermeesters, at bakker": ({"fatima@bakker"} | GUEST, NOBODY),
    # What a room is for: the ring may know, so that people can ask; of a hidden one only who is in it.
    "card of a room of a ring": (BAKKER | SMIT, {"smit node@bakker"}),
    "card of a hidden room": ({"fatima@bakker"} | GUEST, NOBODY),
    # Why somebody wants to come in is for the host, to whose node it was sent.
    "question of a room, answered": ({"fatima@bakker"}, {"bakker node@smit"}),
    # A guest is known in their room, and to the admin as one of the accounts.
    "name of a guest": ({"fatima@bakker", "ingrid@bakker"} | GUEST, NOBODY),
    # Taken back: not a word is left anywhere. The text before a change is
    # nobody's outside the ring; the partner's node, which had it, finds it among the numbered activities.
    "deleted": (NOBODY, NOBODY),
    "earlier text of a ring post": (NOBODY, BAKKER | SMIT | {"smit node@bakker"}),
    # What the firms signed, and that there is a ring at all, is the firms' own.
    "agreement of the installatiekring": (BAKKER | SMIT, NOBODY),
    "agreement of the veiligheidskring": (BAKKER | SMIT, NOBODY),
    "agreement of the materieelkring": (NOBODY, BAKKER | SMIT),
    "names of the rings": (BAKKER | SMIT, NOBODY),
    # What Bakker calls its partner is for its members; elsewhere the name is Smit's own and no secret.
    "name of a partner": (BAKKER | SMIT, OUTSIDE_SMIT | OUTSIDE_HUB | HUB),
    # Topics say what they are about to those who may read them.
    "topic of a company": (BAKKER, NOBODY),
    "topic of a ring": (BAKKER | SMIT, {"smit node@bakker"}),
    "topic that is open": (OUTSIDE_HUB | MEMBERS, OUTSIDE | GUEST),
    # Members who did not choose to be visible outside are known to their own firm and its rings.
    "hidden member, at bakker": (BAKKER | SMIT | {"smit node@bakker"}, NOBODY),
    # (Emily is in a room that Bakker keeps: it tells her own node so.)
    "hidden member, at smit": (BAKKER | SMIT | {"bakker node@smit"}, {"smit node@bakker"}),
    "hidden member, at branche": (HUB, NOBODY),
}


def expectation(kind: str, reader: str) -> str:
    """`+` must see, `-` must not, `.` either."""
    must, may = TABLE[kind]
    return "+" if reader in must else "." if reader in may else "-"
