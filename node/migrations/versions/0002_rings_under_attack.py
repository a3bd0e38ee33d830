"""Rooms and guests, what of open posts goes to a peer, proofs of pinned keys."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from node.db import Id, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _agreements()
    _sector()
    _numbers()
    _rooms()
    _guests()
    _gate()
    _trust()
    _peers()


def _agreements() -> None:
    op.drop_column("agreements", "reminded_at")
    op.add_column("agreements", sa.Column("ending_told", sa.Integer(), nullable=True))
    op.add_column("rings", sa.Column("forked_at", UtcDateTime(), nullable=True))
    op.add_column(
        "signatures", sa.Column("says_late", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_table(
        "reminders",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement"], ["agreements.hash"], name=op.f("fk_reminders_agreement_agreements")
        ),
        sa.ForeignKeyConstraint(["peer_id"], ["peers.id"], name=op.f("fk_reminders_peer_id_peers")),
        sa.PrimaryKeyConstraint("agreement", "peer_id", name=op.f("pk_reminders")),
    )
    op.create_table(
        "version_asks",
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("wanted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["peer_id"], ["peers.id"], name=op.f("fk_version_asks_peer_id_peers")),
        sa.PrimaryKeyConstraint("peer_id", name=op.f("pk_version_asks")),
    )


def _sector() -> None:
    op.add_column("peers", sa.Column("pinned_by", sa.Text(), nullable=True))
    op.create_table(
        "sector_terms",
        sa.Column("ring_id", Id, autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("steward", Id, nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("application", sa.Text(), nullable=True),
        sa.Column("refused_at", UtcDateTime(), nullable=True),
        sa.Column("refused_why", sa.Text(), server_default="", nullable=False),
        sa.Column("is_behind", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("restored_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["ring_id"], ["rings.id"], name=op.f("fk_sector_terms_ring_id_rings")),
        sa.PrimaryKeyConstraint("ring_id", name=op.f("pk_sector_terms")),
    )
    op.create_table(
        "sector_applications",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("ring_id", Id, nullable=False),
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", Id, nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["members.actor_id"], name=op.f("fk_sector_applications_decided_by_members")
        ),
        sa.ForeignKeyConstraint(["ring_id"], ["rings.id"], name=op.f("fk_sector_applications_ring_id_rings")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sector_applications")),
    )
    op.create_index(op.f("ix_sector_applications_ring_id_state"), "sector_applications", ["ring_id", "state"])
    op.create_table(
        "sector_rosters",
        sa.Column("ring_id", Id, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("is_contrary", sa.Boolean(), nullable=False),
        sa.Column("shown_by", Id, nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["ring_id"], ["rings.id"], name=op.f("fk_sector_rosters_ring_id_rings")),
        sa.PrimaryKeyConstraint("ring_id", "number", "hash", name=op.f("pk_sector_rosters")),
    )
    op.create_table(
        "sector_firms",
        sa.Column("ring_id", Id, autoincrement=False, nullable=False),
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column("out_by", sa.Integer(), nullable=True),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ring_id"], ["rings.id"], name=op.f("fk_sector_firms_ring_id_rings")),
        sa.PrimaryKeyConstraint("ring_id", "peer_id", name=op.f("pk_sector_firms")),
    )
    op.create_table(
        "sector_checks",
        sa.Column("ring_id", Id, autoincrement=False, nullable=False),
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("is_due", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["peer_id"], ["peers.id"], name=op.f("fk_sector_checks_peer_id_peers")),
        sa.ForeignKeyConstraint(["ring_id"], ["rings.id"], name=op.f("fk_sector_checks_ring_id_rings")),
        sa.PrimaryKeyConstraint("ring_id", "peer_id", name=op.f("pk_sector_checks")),
    )


def _numbers() -> None:
    """Catching up by audience, for rooms as for rings."""
    op.create_table(
        "sources",
        *_source_key(),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("people_at", UtcDateTime(), nullable=True),
        sa.Column("behind", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["peer_id"], ["peers.id"], name=op.f("fk_sources_peer_id_peers")),
        sa.PrimaryKeyConstraint("audience", "peer_id", name=op.f("pk_sources")),
    )
    op.create_table(
        "heads",
        *_source_key(),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contiguous", sa.Integer(), server_default="0", nullable=False),
        sa.Column("highest", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("audience", "peer_id", "epoch", name=op.f("pk_heads")),
    )
    op.create_table(
        "heard",
        *_source_key(),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("audience", "peer_id", "epoch", "n", name=op.f("pk_heard")),
    )
    op.execute(
        "INSERT INTO sources (audience, peer_id, asked_at, tried_at, people_at, behind)"
        " SELECT 'ring:' || hash, peer_id, asked_at, tried_at, people_at, behind"
        " FROM ring_partners JOIN rings ON rings.id = ring_id"
    )
    op.execute(
        "INSERT INTO heads (audience, peer_id, epoch, contiguous, highest)"
        " SELECT 'ring:' || hash, peer_id, epoch, contiguous, highest"
        " FROM ring_heads JOIN rings ON rings.id = ring_id"
    )
    op.execute(
        "INSERT INTO heard (audience, peer_id, epoch, n)"
        " SELECT 'ring:' || hash, peer_id, epoch, n FROM ring_heard JOIN rings ON rings.id = ring_id"
    )
    op.drop_table("ring_heads")
    op.drop_table("ring_heard")
    with op.batch_alter_table("ring_partners") as table:
        for name in ("asked_at", "tried_at", "people_at", "behind"):
            table.drop_column(name)


def _source_key() -> list[sa.Column[Any]]:
    return [
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
    ]


def _rooms() -> None:
    op.create_table(
        "rooms",
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("within", sa.Text(), nullable=False),
        sa.Column("confined", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=True),
        sa.Column("home_id", Id, nullable=True),
        sa.Column("rests_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("audience", name=op.f("pk_rooms")),
    )
    op.create_table(
        "room_details",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("object_id", Id, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("founding", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), server_default="", nullable=False),
        sa.Column("question", sa.Text(), server_default="", nullable=False),
        sa.Column("begins_at", UtcDateTime(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("listed", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("told_people", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["audience"], ["rooms.audience"], name=op.f("fk_room_details_audience_rooms")
        ),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_room_details_object_id_objects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_details")),
        sa.UniqueConstraint("audience", name=op.f("uq_room_details_audience")),
    )
    op.create_index(op.f("ix_room_details_state"), "room_details", ["state"])
    op.create_table(
        "room_places",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.Column("peer_id", Id, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("host", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("object_id", Id, nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_room_places_actor_id_actors")),
        sa.ForeignKeyConstraint(["audience"], ["rooms.audience"], name=op.f("fk_room_places_audience_rooms")),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_room_places_object_id_objects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_places")),
        sa.UniqueConstraint("audience", "actor_id", name=op.f("uq_room_places_audience_actor_id")),
    )
    op.create_index(op.f("ix_room_places_actor_id"), "room_places", ["actor_id"])
    op.create_table(
        "room_lines",
        sa.Column("object_id", Id, autoincrement=False, nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_room_lines_actor_id_actors")),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_room_lines_object_id_objects")),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_room_lines")),
    )
    op.create_table(
        "room_resets",
        sa.Column("link_id", Id, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_room_resets_link_id_links")),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_room_resets")),
    )


def _guests() -> None:
    op.create_table(
        "guests",
        sa.Column("actor_id", Id, autoincrement=False, nullable=False),
        sa.Column("host_id", Id, nullable=True),
        sa.Column("room", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_guests_actor_id_actors")),
        sa.ForeignKeyConstraint(["host_id"], ["actors.id"], name=op.f("fk_guests_host_id_actors")),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_guests")),
    )
    op.add_column("actors", sa.Column("guest_until", UtcDateTime(), nullable=True))
    op.add_column("members", sa.Column("end_told", sa.Text(), server_default="", nullable=False))
    op.add_column("links", sa.Column("mail", sa.Text(), nullable=True))
    op.add_column("links", sa.Column("room", sa.Text(), nullable=True))
    op.add_column("links", sa.Column("ends_at", UtcDateTime(), nullable=True))


def _gate() -> None:
    """Checklists and their answers, holds, who decided what waits."""
    _gates_and_answers()
    _waits()
    op.create_table(
        "gate_acts",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("object_id", Id, nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_gate_acts_object_id_objects")),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_gate_acts_actor_id_actors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_acts")),
    )
    op.create_index(op.f("ix_gate_acts_object_id"), "gate_acts", ["object_id"])
    op.create_index(op.f("ix_gate_acts_act_id"), "gate_acts", ["act", "id"])
    op.create_table(
        "shares",
        sa.Column("to_id", Id, autoincrement=False, nullable=False),
        sa.Column("from_id", Id, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["to_id"], ["objects.id"], name=op.f("fk_shares_to_id_objects")),
        sa.ForeignKeyConstraint(["from_id"], ["objects.id"], name=op.f("fk_shares_from_id_objects")),
        sa.PrimaryKeyConstraint("to_id", name=op.f("pk_shares")),
    )
    op.create_index(op.f("ix_shares_from_id"), "shares", ["from_id"])


def _gates_and_answers() -> None:
    op.create_table(
        "gates",
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("checklist", sa.Boolean(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("four_eyes", sa.Boolean(), nullable=False),
        sa.Column("set_by", Id, nullable=True),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["set_by"], ["actors.id"], name=op.f("fk_gates_set_by_actors")),
        sa.PrimaryKeyConstraint("audience", name=op.f("pk_gates")),
    )
    op.create_table(
        "gate_answers",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=False),
        sa.Column("valid_until", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["actors.id"], name=op.f("fk_gate_answers_member_id_actors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_answers")),
    )
    op.create_index(op.f("ix_gate_answers_member_id_audience"), "gate_answers", ["member_id", "audience"])


def _waits() -> None:
    words = [
        sa.Column(name, sa.Text(), server_default="", nullable=False)
        for name in ("title", "source", "warning", "language", "terms", "stuck", "doubts", "reason")
    ]
    op.create_table(
        "waits",
        sa.Column("object_id", Id, autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_edit", sa.Boolean(), nullable=False),
        *words,
        sa.Column("needs_eyes", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=True),
        sa.Column("returned_by", Id, nullable=True),
        sa.Column("since_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_waits_object_id_objects")),
        sa.ForeignKeyConstraint(["returned_by"], ["actors.id"], name=op.f("fk_waits_returned_by_actors")),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_waits")),
    )
    op.create_index(op.f("ix_waits_state_until_at"), "waits", ["state", "until_at"])


def _trust() -> None:
    op.add_column("peers", sa.Column("proved_at", UtcDateTime(), nullable=True))
    op.add_column("peers", sa.Column("compared_at", UtcDateTime(), nullable=True))
    op.add_column("peers", sa.Column("told_key", sa.Text(), nullable=True))
    op.add_column("peers", sa.Column("told_head_at", UtcDateTime(), nullable=True))
    op.create_table(
        "former_keys",
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("peer_id", "key", name=op.f("pk_former_keys")),
    )
    op.create_table(
        "start_numbers",
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("audience", "epoch", name=op.f("pk_start_numbers")),
    )
    op.create_table(
        "witnessed_heads",
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("peer_id", "epoch", "seq", "hash", name=op.f("pk_witnessed_heads")),
    )
    op.create_table(
        "comparisons",
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("heads", sa.Integer(), nullable=False),
        sa.Column("differs_at", sa.Integer(), nullable=True),
        sa.Column("is_restored", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("peer_id", name=op.f("pk_comparisons")),
    )
    op.create_table(
        "restores",
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since_at", UtcDateTime(), nullable=False),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("passed_at", UtcDateTime(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("lost", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["peer_id"], ["peers.id"], name=op.f("fk_restores_peer_id_peers")),
        sa.PrimaryKeyConstraint("peer_id", name=op.f("pk_restores")),
    )


def _peers() -> None:
    op.add_column("peers", sa.Column("policy", sa.Text(), server_default="", nullable=False))
    op.add_column("peers", sa.Column("ruled_by", sa.Text(), nullable=True))
    op.add_column("peers", sa.Column("ruled_at", UtcDateTime(), nullable=True))
    op.add_column("peers", sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.add_column("peers", sa.Column("comment", sa.Text(), server_default="", nullable=False))
    op.add_column("peers", sa.Column("forgotten_at", UtcDateTime(), nullable=True))
    op.add_column("node", sa.Column("federation", sa.Text(), server_default="open", nullable=False))
