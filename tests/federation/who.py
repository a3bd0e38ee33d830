"""Who may know what, written by hand: the boundary's code is judged by this table and never read for it.

Every line is one field of one seeded thing: its label, the readers who may find its canary anywhere, and the
nodes on whose disk it may stand. `OUTSIDE` readers are in a line only where everyone is.
"""

# People, by where they have a log-in.
BAKKER = {"anna", "bram", "ed", "dirk", "ada"}
GUESTS = {"gast"}  # of Bakker, in the company room alone
SMIT = {"sara", "dora"}
JANSEN = {"jan"}
BRANCHE = {"hilde", "henk"}

# Nodes that sign with their own key, as the software of partners does.
NODES = {"node bakker", "node smit", "node jansen", "node branche"}

# Readers of no firm at all, or no longer, or only in name.
OUTSIDE = {
    "anonymous",
    "mia",
    "mia by rfc 9421",
    "vik",
    "blocked",
    "pretender",
    "disabled otto",
    "ended login",
    "person's key of smit",
    "rsa key of smit",
}

EVERYONE = BAKKER | GUESTS | SMIT | JANSEN | BRANCHE | NODES | OUTSIDE
NOBODY: set[str] = set()

# Groups that a ring makes. A node may have what its own people may see, and asks its partners for it.
PARTNERS = BAKKER | SMIT | {"node bakker", "node smit"}
REMAINING = BAKKER | JANSEN | {"node bakker", "node jansen"}
RING_FIRMS = BAKKER | SMIT | JANSEN | {"node bakker", "node smit", "node jansen"}

IN_HIDDEN = {"anna", "sara", "node bakker", "node smit"}

ALL_DISKS = {"bakker", "smit", "jansen", "branche"}
PARTNER_DISKS = {"bakker", "smit"}
RING_DISKS = {"bakker", "smit", "jansen"}

Line = tuple[set[str], set[str]]

WHO: dict[str, Line] = {
    # A post to the company, with everything a post can have; edited once.
    "company title": (BAKKER, {"bakker"}),
    "company text": (BAKKER, {"bakker"}),
    "company warning": (BAKKER, {"bakker"}),
    "company hashtag": (BAKKER, {"bakker"}),
    "company alt text": (BAKKER, {"bakker"}),
    "company text before the edit": (BAKKER, {"bakker"}),
    "company reply": (BAKKER, {"bakker"}),
    "company deleted": (NOBODY, {"bakker"}),
    "company topic name": (BAKKER, {"bakker"}),
    "company topic summary": (BAKKER, {"bakker"}),
    "company topic handle": (BAKKER, {"bakker"}),
    "company topic post": (BAKKER, {"bakker"}),
    "smit company": (SMIT, {"smit"}),
    "smit company alt text": (SMIT, {"smit"}),
    "branche company": (BRANCHE, {"branche"}),
    # What a member wants to remember about somebody.
    "note about bram": ({"anna"}, {"bakker"}),
    # At a gate: its author's and the editors', or its author's again.
    "held in ring": ({"anna", "ed"}, {"bakker"}),
    "held open": ({"anna", "ed"}, {"bakker"}),
    "words that wait": ({"anna", "ed"}, {"bakker"}),
    "taken back": ({"anna"}, {"bakker"}),
    "sent back": ({"anna"}, {"bakker"}),
    "reason to send back": ({"anna"}, {"bakker"}),
    # What a member keeps for their apps.
    "name of a filter": ({"anna"}, {"bakker"}),
    "word of a filter": ({"anna"}, {"bakker"}),
    "planned text": ({"anna"}, {"bakker"}),
    "planned warning": ({"anna"}, {"bakker"}),
    # The ring of Bakker and Smit.
    "ring title": (PARTNERS, PARTNER_DISKS),
    "ring text": (PARTNERS, PARTNER_DISKS),
    "ring warning": (PARTNERS, PARTNER_DISKS),
    "ring hashtag": (PARTNERS, PARTNER_DISKS),
    "ring alt text": (PARTNERS, PARTNER_DISKS),
    "ring text before the edit": (PARTNERS, PARTNER_DISKS),
    "ring reply of smit": (PARTNERS, PARTNER_DISKS),
    "ring reply of bakker": (PARTNERS, PARTNER_DISKS),
    "ring deleted": (NOBODY, PARTNER_DISKS),
    "ring topic name": (PARTNERS, PARTNER_DISKS),
    "ring topic summary": (PARTNERS, PARTNER_DISKS),
    "ring topic handle": (PARTNERS, PARTNER_DISKS),
    "ring topic post": (PARTNERS, PARTNER_DISKS),
    "ring post of smit": (PARTNERS, PARTNER_DISKS),
    "ring alt text of smit": (PARTNERS, PARTNER_DISKS),
    "ring mentions branche": (PARTNERS, PARTNER_DISKS),
    # Its agreement; what each node calls it is that node's own.
    "ring name": (PARTNERS, PARTNER_DISKS),
    "ring handle at bakker": (BAKKER, {"bakker"}),
    "ring handle at smit": (SMIT, {"smit"}),
    "ring purpose": (PARTNERS, PARTNER_DISKS),
    "ring confidentiality": (PARTNERS, PARTNER_DISKS),
    "ring goal": (PARTNERS, PARTNER_DISKS),
    "ring contact": (PARTNERS, PARTNER_DISKS),
    # The ring of Bakker, Smit and Jansen that Smit left: what was there before stays with the others.
    "left ring name": (RING_FIRMS, RING_DISKS),
    "left ring purpose": (RING_FIRMS, RING_DISKS),
    "left ring handle at bakker": (BAKKER, {"bakker"}),
    "left ring before": (REMAINING, RING_DISKS),
    "left ring alt text before": (REMAINING, RING_DISKS),
    "left ring post of smit": (REMAINING | {"sara"}, RING_DISKS),
    "left ring after": (REMAINING, {"bakker", "jansen"}),
    "left ring alt text after": (REMAINING, {"bakker", "jansen"}),
    "left ring reply of jansen": (REMAINING, {"bakker", "jansen"}),
    # A sector ring of Bakker and Jansen, whose steward is the hub; Smit signed the terms and waits.
    "sector name": (RING_FIRMS | BRANCHE, ALL_DISKS),
    "sector purpose": (RING_FIRMS | BRANCHE, ALL_DISKS),
    "sector confidentiality": (RING_FIRMS | BRANCHE, ALL_DISKS),
    "sector handle at bakker": (BAKKER, {"bakker"}),
    "sector goal": (REMAINING | BRANCHE | {"node branche"}, {"bakker", "jansen", "branche"}),
    "sector contact": (REMAINING | BRANCHE | {"node branche"}, {"bakker", "jansen", "branche"}),
    "sector goal of smit, who waits": ({"hilde", "dora"}, {"smit", "branche"}),
    "sector text": (REMAINING, {"bakker", "jansen"}),
    "sector alt text": (REMAINING, {"bakker", "jansen"}),
    "sector reply of jansen": (REMAINING, {"bakker", "jansen"}),
    # To people: Mia, elsewhere, writes to Anna, and Anna answers her.
    "personal of mia": ({"anna"}, {"bakker"}),
    "personal of anna": ({"anna", "mia", "mia by rfc 9421"}, {"bakker"}),
    "for followers of mia": ({"anna"}, {"bakker"}),
    # Rooms: in a hidden one Anna and Sara, in one of the company Anna and Ed; an admin is in none.
    "hidden room name": (IN_HIDDEN, PARTNER_DISKS),
    "hidden room purpose": (IN_HIDDEN, PARTNER_DISKS),
    "hidden room question": (IN_HIDDEN, PARTNER_DISKS),
    "hidden room text": (IN_HIDDEN, PARTNER_DISKS),
    "hidden room reply of smit": (IN_HIDDEN, PARTNER_DISKS),
    "company room name": ({"anna", "ed", "gast"}, {"bakker"}),
    "company room purpose": ({"anna", "ed", "gast"}, {"bakker"}),
    "company room question": ({"anna", "ed", "gast"}, {"bakker"}),
    "company room text": ({"anna", "ed", "gast"}, {"bakker"}),
    "listed room name": (PARTNERS, PARTNER_DISKS),
    "listed room purpose": (PARTNERS, PARTNER_DISKS),
    "listed room question": (PARTNERS, PARTNER_DISKS),
    "answer of dora": ({"anna"}, PARTNER_DISKS),
    "steering text": ({"dirk", "ed", "dora", "node bakker", "node smit"}, PARTNER_DISKS),
    # Open.
    "open title": (EVERYONE, ALL_DISKS),
    "open text": (EVERYONE, ALL_DISKS),
    "open warning": (EVERYONE, ALL_DISKS),
    "open hashtag": (EVERYONE, ALL_DISKS),
    "open alt text": (EVERYONE, ALL_DISKS),
    "open text before the edit": (EVERYONE, ALL_DISKS),
    "open reply of mia": (EVERYONE, ALL_DISKS),
    "open topic name of branche": (EVERYONE, ALL_DISKS),
    "open topic post of branche": (EVERYONE, ALL_DISKS),
    "open topic name of bakker": (EVERYONE, ALL_DISKS),
    "company reply under open": (BAKKER, {"bakker"}),
    # Servers with a rule at Bakker, and Jansen, where only servers on a list count and none is on it.
    "open post of limited lies": ({"anna"}, {"bakker", "lies"}),
    "open post of rings only rik": (NOBODY, {"rik"}),
    "open post of jansen with a list": (JANSEN | {"anonymous"} | NODES - {"node jansen"}, {"jansen"}),
    "open post after the rules": (EVERYONE, ALL_DISKS | {"lies"}),
    # People. Anna has a face; Bram does not, so only ring nodes know his handle and name.
    "name of anna": (EVERYONE, ALL_DISKS),
    "summary of anna": (EVERYONE, ALL_DISKS),
    "mail of anna": ({"anna"}, {"bakker"}),
    "handle of bram": (RING_FIRMS, RING_DISKS),
    "name of bram": (RING_FIRMS, RING_DISKS),
    "summary of bram": (BAKKER, {"bakker"}),
    "mail of bram": ({"bram"}, {"bakker"}),
    "device of bram": ({"bram"}, {"bakker"}),
    "device of a feed": ({"anna"}, {"bakker"}),
    "name of sara": (RING_FIRMS, RING_DISKS),
    "name of jan": (RING_FIRMS, RING_DISKS),
    "name of henk": (BRANCHE, {"branche"}),
    # What directors and admins fill in.
    "note on an invitation": ({"ada"}, {"bakker"}),
    "bakker's name for smit": (RING_FIRMS, RING_DISKS),
    "bakker's name for jansen": (RING_FIRMS, RING_DISKS),
    "bakker's name for branche": (BAKKER, {"bakker"}),
    "smit's name for bakker": (SMIT, {"smit"}),
    "branche's name for bakker": (BRANCHE, {"branche"}),
    "purpose of a proposal": (REMAINING, {"bakker", "jansen"}),
}

# What a reader may have and still does not meet; everything else that is theirs must really come to them.
# A node never asks a partner for what its own people wrote, and agreements come to it by delivery only.
HIDDEN_FROM_PEOPLE = BAKKER | SMIT
AWAY_FROM_BAKKER = SMIT | JANSEN | BRANCHE | {"node bakker"}
AWAY_FROM_BRANCHE = EVERYONE - BRANCHE - {"anonymous", "node bakker", "node smit", "node jansen"}

# They ask for documents and files, where a key could open something; with pages Mia and the nodes try it.
ODD_KEYS = {"vik", "blocked", "pretender", "mia by rfc 9421", "rsa key of smit", "person's key of smit"}

UNSEEN: dict[str, set[str]] = {
    "company text before the edit": EVERYONE,
    "company topic handle": {"anna", "bram"},
    "ring title": {"node bakker"},
    "ring text": {"node bakker"},
    "ring warning": {"node bakker"},
    "ring hashtag": {"node bakker"},
    "ring alt text": {"node bakker"},
    "ring text before the edit": HIDDEN_FROM_PEOPLE | {"node bakker"},
    "ring topic name": {"node bakker"},
    "ring topic summary": {"node bakker"},
    "ring topic handle": {"anna", "bram", "sara", "dora", "node bakker"},
    "ring topic post": {"node bakker"},
    "ring reply of bakker": {"node bakker"},
    "ring mentions branche": {"node bakker"},
    "ring reply of smit": {"node smit"},
    "ring post of smit": {"node smit"},
    "ring alt text of smit": {"node smit"},
    "ring name": NODES,
    "ring purpose": NODES,
    "ring confidentiality": NODES,
    "ring goal": NODES,
    "ring contact": NODES,
    "left ring name": NODES,
    "left ring purpose": NODES,
    "left ring before": {"node bakker"},
    "left ring after": {"node bakker"},
    "left ring alt text before": {"node bakker"},
    "left ring alt text after": {"node bakker"},
    "left ring post of smit": NODES,
    "left ring reply of jansen": {"node jansen"},
    "hidden room name": {"node bakker"},
    "hidden room purpose": {"node bakker"},
    "hidden room question": {"node bakker", "sara"},
    "hidden room text": {"node bakker"},
    "hidden room reply of smit": {"node smit"},
    "company room question": {"ed", "gast"},
    "listed room name": {"node bakker"},
    "listed room purpose": {"node bakker"},
    "listed room question": {"node bakker", "dora"},
    "steering text": {"node bakker"},
    "sector goal of smit, who waits": {"dora"},
    "sector text": {"node bakker"},
    "sector alt text": {"node bakker"},
    "sector reply of jansen": {"node jansen"},
    "open title": AWAY_FROM_BAKKER,
    "open text": AWAY_FROM_BAKKER,
    "open warning": AWAY_FROM_BAKKER,
    "open hashtag": AWAY_FROM_BAKKER,
    "open alt text": AWAY_FROM_BAKKER,
    "open text before the edit": EVERYONE,
    "open reply of mia": AWAY_FROM_BAKKER | ODD_KEYS,
    "open topic name of bakker": AWAY_FROM_BAKKER | {"gast"},
    "open topic name of branche": AWAY_FROM_BRANCHE,
    "open topic post of branche": AWAY_FROM_BRANCHE,
    "open post after the rules": AWAY_FROM_BAKKER,
    "name of anna": BRANCHE | {"node bakker"},
    "summary of anna": AWAY_FROM_BAKKER,
    "handle of bram": {"node bakker"},
    "name of bram": {"node bakker"},
    "name of sara": {"node smit", "node jansen"},
    "name of jan": {"node smit", "node jansen"},
    "bakker's name for smit": NODES,
    "bakker's name for jansen": NODES,
    "purpose of a proposal": NODES,
}
