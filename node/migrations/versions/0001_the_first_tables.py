"""The first tables."""

import sqlalchemy as sa
from alembic import op

from node.db import Id, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "actors",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("peer_id", Id, nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("inbox", sa.Text(), nullable=True),
        sa.Column("shared_inbox", sa.Text(), nullable=True),
        sa.Column("followers", sa.Text(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("multikey", sa.Text(), nullable=True),
        sa.Column("rsa_private", sa.Text(), nullable=True),
        sa.Column("ed25519_private", sa.Text(), nullable=True),
        sa.Column("approves_follows", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("face_at", UtcDateTime(), nullable=True),
        sa.Column("gone_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("fetched_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actors")),
        sa.UniqueConstraint("uri", name=op.f("uq_actors_uri")),
    )
    op.create_index(op.f("ix_actors_peer_id_handle"), "actors", ["peer_id", "handle"], unique=False)
    op.create_table(
        "departures",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ids", sa.Text(), nullable=False),
        sa.Column("receivers", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_departures")),
    )
    op.create_table(
        "handles",
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("handle", name=op.f("pk_handles")),
    )
    op.create_table(
        "node",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rsa_private", sa.Text(), nullable=False),
        sa.Column("ed25519_private", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("setup_token_hash", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ready_at", UtcDateTime(), nullable=True),
        sa.Column("tied_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node")),
    )
    op.create_table(
        "numbers",
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("audience", "epoch", name=op.f("pk_numbers")),
    )
    op.create_table(
        "peers",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("actor_uri", sa.Text(), nullable=True),
        sa.Column("inbox", sa.Text(), nullable=True),
        sa.Column("node_key", sa.Text(), nullable=True),
        sa.Column("pinned_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", UtcDateTime(), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("succeeded_at", UtcDateTime(), nullable=True),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("heard_at", UtcDateTime(), nullable=True),
        sa.Column("clock_skew", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_peers")),
        sa.UniqueConstraint("domain", name=op.f("uq_peers_domain")),
    )
    op.create_table(
        "rings",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_why", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rings")),
        sa.UniqueConstraint("handle", name=op.f("uq_rings_handle")),
        sa.UniqueConstraint("hash", name=op.f("uq_rings_hash")),
    )
    op.create_table(
        "agreements",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("ring_id", Id, nullable=False),
        sa.Column("predecessor", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_by", Id, nullable=False),
        sa.Column("deadline", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("completed_at", UtcDateTime(), nullable=True),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["ring_id"], ["rings.id"], name=op.f("fk_agreements_ring_id_rings")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_agreements")),
    )
    op.create_index(op.f("ix_agreements_ring_id"), "agreements", ["ring_id"], unique=False)
    op.create_table(
        "follows",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("follower_id", Id, nullable=False),
        sa.Column("followed_id", Id, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["followed_id"], ["actors.id"], name=op.f("fk_follows_followed_id_actors")),
        sa.ForeignKeyConstraint(["follower_id"], ["actors.id"], name=op.f("fk_follows_follower_id_actors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follows")),
        sa.UniqueConstraint("follower_id", "followed_id", name=op.f("uq_follows_follower_id_followed_id")),
    )
    op.create_index(op.f("ix_follows_followed_id_state"), "follows", ["followed_id", "state"], unique=False)
    op.create_table(
        "leavings",
        sa.Column("ring_id", Id, nullable=False),
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["ring_id"], ["rings.id"], name=op.f("fk_leavings_ring_id_rings")),
        sa.PrimaryKeyConstraint("ring_id", "peer_id", "agreement", name=op.f("pk_leavings")),
    )
    op.create_table(
        "members",
        sa.Column("actor_id", Id, autoincrement=False, nullable=False),
        sa.Column("mail", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("open_from_apps", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_members_actor_id_actors")),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_members")),
    )
    op.create_table(
        "memberships",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("peer_id", Id, nullable=True),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_memberships_actor_id_actors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
    )
    op.create_index(
        op.f("ix_memberships_audience_peer_id"), "memberships", ["audience", "peer_id"], unique=False
    )
    op.create_index(
        op.f("ix_memberships_peer_id_audience"), "memberships", ["peer_id", "audience"], unique=False
    )
    op.create_table(
        "objects",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("origin", Id, nullable=False),
        sa.Column("author_id", Id, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("published", UtcDateTime(), nullable=False),
        sa.Column("updated", UtcDateTime(), nullable=True),
        sa.Column("received", UtcDateTime(), nullable=True),
        sa.Column("deleted", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["actors.id"], name=op.f("fk_objects_author_id_actors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objects")),
        sa.UniqueConstraint("uri", name=op.f("uq_objects_uri")),
    )
    op.create_index(op.f("ix_objects_audience_id"), "objects", ["audience", "id"], unique=False)
    op.create_index(op.f("ix_objects_author_id_id"), "objects", ["author_id", "id"], unique=False)
    op.create_index(op.f("ix_objects_kind_id"), "objects", ["kind", "id"], unique=False)
    op.create_table(
        "received",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("peer_id", Id, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("by_node", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["peer_id"], ["peers.id"], name=op.f("fk_received_peer_id_peers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received")),
        sa.UniqueConstraint("uri", name=op.f("uq_received_uri")),
    )
    op.create_index(op.f("ix_received_state_id"), "received", ["state", "id"], unique=False)
    op.create_table(
        "ring_heads",
        sa.Column("ring_id", Id, nullable=False),
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contiguous", sa.Integer(), server_default="0", nullable=False),
        sa.Column("highest", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["ring_id"], ["rings.id"], name=op.f("fk_ring_heads_ring_id_rings")),
        sa.PrimaryKeyConstraint("ring_id", "peer_id", "epoch", name=op.f("pk_ring_heads")),
    )
    op.create_table(
        "ring_heard",
        sa.Column("ring_id", Id, nullable=False),
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["ring_id"], ["rings.id"], name=op.f("fk_ring_heard_ring_id_rings")),
        sa.PrimaryKeyConstraint("ring_id", "peer_id", "epoch", "n", name=op.f("pk_ring_heard")),
    )
    op.create_table(
        "ring_partners",
        sa.Column("ring_id", Id, nullable=False),
        sa.Column("peer_id", Id, nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("people_at", UtcDateTime(), nullable=True),
        sa.Column("behind", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["peer_id"], ["peers.id"], name=op.f("fk_ring_partners_peer_id_peers")),
        sa.ForeignKeyConstraint(["ring_id"], ["rings.id"], name=op.f("fk_ring_partners_ring_id_rings")),
        sa.PrimaryKeyConstraint("ring_id", "peer_id", name=op.f("pk_ring_partners")),
    )
    op.create_table(
        "ring_people",
        sa.Column("ring_id", Id, nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.Column("peer_id", Id, nullable=False),
        sa.Column("told", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_ring_people_actor_id_actors")),
        sa.ForeignKeyConstraint(["ring_id"], ["rings.id"], name=op.f("fk_ring_people_ring_id_rings")),
        sa.PrimaryKeyConstraint("ring_id", "actor_id", name=op.f("pk_ring_people")),
    )
    op.create_table(
        "activities",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("object_id", Id, nullable=True),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_activities_actor_id_actors")),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_activities_object_id_objects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
        sa.UniqueConstraint("uri", name=op.f("uq_activities_uri")),
    )
    op.create_index(op.f("ix_activities_actor_id_id"), "activities", ["actor_id", "id"], unique=False)
    op.create_index(
        op.f("ix_activities_audience_epoch_n"), "activities", ["audience", "epoch", "n"], unique=True
    )
    op.create_index(op.f("ix_activities_object_id"), "activities", ["object_id"], unique=False)
    op.create_table(
        "addressees",
        sa.Column("object_id", Id, nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_addressees_actor_id_actors")),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_addressees_object_id_objects")),
        sa.PrimaryKeyConstraint("object_id", "actor_id", name=op.f("pk_addressees")),
    )
    op.create_index(
        op.f("ix_addressees_actor_id_object_id"), "addressees", ["actor_id", "object_id"], unique=False
    )
    op.create_table(
        "files",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("object_id", Id, nullable=True),
        sa.Column("owner_id", Id, nullable=True),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("width", sa.Integer(), server_default="0", nullable=False),
        sa.Column("height", sa.Integer(), server_default="0", nullable=False),
        sa.Column("size", sa.Integer(), server_default="0", nullable=False),
        sa.Column("alt", sa.Text(), server_default="", nullable=False),
        sa.Column("remote_url", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_files_object_id_objects")),
        sa.ForeignKeyConstraint(["owner_id"], ["actors.id"], name=op.f("fk_files_owner_id_actors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    op.create_index(op.f("ix_files_object_id"), "files", ["object_id"], unique=False)
    op.create_table(
        "hashtags",
        sa.Column("object_id", Id, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_hashtags_object_id_objects")),
        sa.PrimaryKeyConstraint("object_id", "tag", name=op.f("pk_hashtags")),
    )
    op.create_index(op.f("ix_hashtags_tag_object_id"), "hashtags", ["tag", "object_id"], unique=False)
    op.create_table(
        "holders",
        sa.Column("object_id", Id, nullable=False),
        sa.Column("peer_id", Id, nullable=False),
        sa.Column("inbox", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_holders_object_id_objects")),
        sa.ForeignKeyConstraint(["peer_id"], ["peers.id"], name=op.f("fk_holders_peer_id_peers")),
        sa.PrimaryKeyConstraint("object_id", "peer_id", name=op.f("pk_holders")),
    )
    op.create_table(
        "links",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("member_id", Id, nullable=True),
        sa.Column("roles", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("made_by", Id, nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("used_by", Id, nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["members.actor_id"], name=op.f("fk_links_made_by_members")),
        sa.ForeignKeyConstraint(["member_id"], ["members.actor_id"], name=op.f("fk_links_member_id_members")),
        sa.ForeignKeyConstraint(["used_by"], ["members.actor_id"], name=op.f("fk_links_used_by_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_links_token_hash")),
    )
    op.create_table(
        "logins",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("device", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.actor_id"], name=op.f("fk_logins_member_id_members")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logins")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_logins_token_hash")),
    )
    op.create_index(op.f("ix_logins_member_id"), "logins", ["member_id"], unique=False)
    op.create_table(
        "mentions",
        sa.Column("object_id", Id, nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_mentions_actor_id_actors")),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_mentions_object_id_objects")),
        sa.PrimaryKeyConstraint("object_id", "actor_id", name=op.f("pk_mentions")),
    )
    op.create_table(
        "notices",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_id", Id, nullable=True),
        sa.Column("object_id", Id, nullable=True),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["from_id"], ["actors.id"], name=op.f("fk_notices_from_id_actors")),
        sa.ForeignKeyConstraint(["member_id"], ["actors.id"], name=op.f("fk_notices_member_id_actors")),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_notices_object_id_objects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_member_id_id"), "notices", ["member_id", "id"], unique=False)
    op.create_table(
        "pairings",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("wrong_codes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("wrong_words", sa.Integer(), server_default="0", nullable=False),
        sa.Column("made_by", Id, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("our_nonce", sa.Text(), nullable=False),
        sa.Column("our_key", sa.Text(), nullable=False),
        sa.Column("their_commitment", sa.Text(), nullable=True),
        sa.Column("their_nonce", sa.Text(), nullable=True),
        sa.Column("their_key", sa.Text(), nullable=True),
        sa.Column("their_actor", sa.Text(), nullable=True),
        sa.Column("their_inbox", sa.Text(), nullable=True),
        sa.Column("asked_places", sa.Text(), nullable=True),
        sa.Column("we_confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("they_confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("tried_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["members.actor_id"], name=op.f("fk_pairings_made_by_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairings")),
    )
    op.create_index(op.f("ix_pairings_domain_state"), "pairings", ["domain", "state"], unique=False)
    op.create_table(
        "post_versions",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("object_id", Id, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("warning", sa.Text(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_post_versions_object_id_objects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_versions")),
    )
    op.create_index(op.f("ix_post_versions_object_id"), "post_versions", ["object_id"], unique=False)
    op.create_table(
        "reactions",
        sa.Column("object_id", Id, autoincrement=False, nullable=False),
        sa.Column("target_id", Id, nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_reactions_actor_id_actors")),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_reactions_object_id_objects")),
        sa.ForeignKeyConstraint(["target_id"], ["objects.id"], name=op.f("fk_reactions_target_id_objects")),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_reactions")),
        sa.UniqueConstraint(
            "target_id", "actor_id", "type", name=op.f("uq_reactions_target_id_actor_id_type")
        ),
    )
    op.create_table(
        "signatures",
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("peer_id", Id, autoincrement=False, nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("signed_by", Id, nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement"], ["agreements.hash"], name=op.f("fk_signatures_agreement_agreements")
        ),
        sa.ForeignKeyConstraint(
            ["signed_by"], ["members.actor_id"], name=op.f("fk_signatures_signed_by_members")
        ),
        sa.PrimaryKeyConstraint("agreement", "peer_id", name=op.f("pk_signatures")),
    )
    op.create_table(
        "topics",
        sa.Column("object_id", Id, autoincrement=False, nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("archived", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_topics_actor_id_actors")),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_topics_object_id_objects")),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_topics")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("activity_id", Id, nullable=False),
        sa.Column("peer_id", Id, nullable=False),
        sa.Column("inbox", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_deliveries_activity_id_activities")
        ),
        sa.ForeignKeyConstraint(["peer_id"], ["peers.id"], name=op.f("fk_deliveries_peer_id_peers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_activity_id"), "deliveries", ["activity_id"], unique=False)
    op.create_index(
        op.f("ix_deliveries_peer_id_state_id"), "deliveries", ["peer_id", "state", "id"], unique=False
    )
    op.create_table(
        "posts",
        sa.Column("object_id", Id, autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("warning", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("parent_id", Id, nullable=True),
        sa.Column("parent_uri", sa.Text(), nullable=True),
        sa.Column("root_id", Id, nullable=False),
        sa.Column("topic_id", Id, nullable=True),
        sa.Column("edited_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_posts_object_id_objects")),
        sa.ForeignKeyConstraint(["parent_id"], ["objects.id"], name=op.f("fk_posts_parent_id_objects")),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.object_id"], name=op.f("fk_posts_topic_id_topics")),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_posts")),
    )
    op.create_index(op.f("ix_posts_parent_id"), "posts", ["parent_id"], unique=False)
    op.create_index(op.f("ix_posts_parent_uri"), "posts", ["parent_uri"], unique=False)
    op.create_index(op.f("ix_posts_root_id"), "posts", ["root_id"], unique=False)
    op.create_index(op.f("ix_posts_topic_id_object_id"), "posts", ["topic_id", "object_id"], unique=False)
