"""Rows of gates: what the node itself asks, what members answered, what waits, and who let what go when."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, false

from node.db import Id, UtcDateTime, metadata

# The node's own gate for open posts and, beside the agreement's, for a ring.
gates = Table(
    "gates",
    metadata,
    Column("audience", Text, primary_key=True),
    Column("checklist", Boolean, nullable=False),
    Column("minutes", Integer, nullable=False),  # of a hold; 0 for none
    Column("four_eyes", Boolean, nullable=False),
    Column("set_by", Id, ForeignKey("actors.id")),  # null: on the command line
    Column("set_at", UtcDateTime, nullable=False),
)

# "No" to every question, once for each time that somebody answered.
gate_answers = Table(
    "gate_answers",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("member_id", Id, ForeignKey("actors.id"), nullable=False),
    Column("audience", Text, nullable=False),
    Column("terms", Text, nullable=False),  # which questions, by version: another version asks anew
    Column("answered_at", UtcDateTime, nullable=False),
    Column("valid_until", UtcDateTime, nullable=False),
    Index(None, "member_id", "audience"),
)

# A post that did not go out yet, or the new words of one that did.
waits = Table(
    "waits",
    metadata,
    Column("object_id", Id, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),  # draft, waiting
    Column("version", Integer, nullable=False),  # one more at each change: who lets it go saw these words
    Column("is_edit", Boolean, nullable=False),
    Column("title", Text, nullable=False, server_default=""),  # the words of an edit
    Column("source", Text, nullable=False, server_default=""),
    Column("warning", Text, nullable=False, server_default=""),
    Column("language", Text, nullable=False, server_default=""),
    Column("terms", Text, nullable=False, server_default=""),
    Column("needs_eyes", Boolean, nullable=False, server_default=false()),
    Column("until_at", UtcDateTime),
    Column("stuck", Text, nullable=False, server_default=""),  # why it could not go when its time came
    Column("doubts", Text, nullable=False, server_default=""),  # questions its author said no "no" to
    Column("reason", Text, nullable=False, server_default=""),  # the editor's, who sent it back
    Column("returned_by", Id, ForeignKey("actors.id")),
    Column("since_at", UtcDateTime, nullable=False),
    Index(None, "state", "until_at"),
)

# Who did what at the gate: ids, no words.
gate_acts = Table(
    "gate_acts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("object_id", Id, ForeignKey("objects.id"), nullable=False),
    Column("act", Text, nullable=False),  # offered, let_go, sent_back, taken_back, gone_out, shared, …
    Column("actor_id", Id, ForeignKey("actors.id")),  # null: the clock
    Column("at", UtcDateTime, nullable=False),
    Index(None, "object_id"),
    Index(None, "act", "id"),
)

# A post placed again for others: known to its author alone.
shares = Table(
    "shares",
    metadata,
    Column("to_id", Id, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("from_id", Id, ForeignKey("objects.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "from_id"),
)
