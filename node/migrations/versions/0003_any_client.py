"""Any client: apps with their codes and tokens, and what the Mastodon API keeps for a member."""

import sqlalchemy as sa
from alembic import op

from node.db import Id, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _oauth()
    _posts()
    _markers()
    _feeds()
    _filters()
    _streams()
    _social()
    _planned()
    _conversations()


def _oauth() -> None:
    op.create_table(
        "apps",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apps")),
        sa.UniqueConstraint("client_id", name=op.f("uq_apps_client_id")),
    )
    op.create_table(
        "app_codes",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("app_id", Id, nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name=op.f("fk_app_codes_app_id_apps")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.actor_id"], name=op.f("fk_app_codes_member_id_members")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_app_codes_code_hash")),
    )
    op.create_index(op.f("ix_app_codes_member_id"), "app_codes", ["member_id"])
    op.create_table(
        "app_tokens",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("refresh_hash", sa.Text(), nullable=True),
        sa.Column("spent_refresh_hash", sa.Text(), nullable=True),
        sa.Column("code_id", Id, nullable=True),
        sa.Column("app_id", Id, nullable=False),
        sa.Column("member_id", Id, nullable=True),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["code_id"], ["app_codes.id"], name=op.f("fk_app_tokens_code_id_app_codes")),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name=op.f("fk_app_tokens_app_id_apps")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.actor_id"], name=op.f("fk_app_tokens_member_id_members")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_app_tokens_token_hash")),
        sa.UniqueConstraint("refresh_hash", name=op.f("uq_app_tokens_refresh_hash")),
        sa.UniqueConstraint("spent_refresh_hash", name=op.f("uq_app_tokens_spent_refresh_hash")),
    )
    op.create_index(op.f("ix_app_tokens_member_id"), "app_tokens", ["member_id"])
    op.create_index(op.f("ix_app_tokens_code_id"), "app_tokens", ["code_id"])


def _posts() -> None:
    op.create_table(
        "app_repeats",
        sa.Column("member_id", Id, autoincrement=False, nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("object_id", Id, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.actor_id"], name=op.f("fk_app_repeats_member_id_members")
        ),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_app_repeats_object_id_objects")),
        sa.PrimaryKeyConstraint("member_id", "key_hash", name=op.f("pk_app_repeats")),
    )


def _markers() -> None:
    op.create_table(
        "markers",
        sa.Column("member_id", Id, autoincrement=False, nullable=False),
        sa.Column("timeline", sa.Text(), nullable=False),
        sa.Column("last_read_id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.actor_id"], name=op.f("fk_markers_member_id_members")
        ),
        sa.PrimaryKeyConstraint("member_id", "timeline", name=op.f("pk_markers")),
    )


def _feeds() -> None:
    op.create_table(
        "feeds",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("hour_at", UtcDateTime(), nullable=True),
        sa.Column("hour_reads", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.actor_id"], name=op.f("fk_feeds_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_feeds_token_hash")),
    )
    op.create_index(op.f("ix_feeds_member_id"), "feeds", ["member_id"])


def _filters() -> None:
    op.create_table(
        "filters",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("places", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.actor_id"], name=op.f("fk_filters_member_id_members")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filters")),
    )
    op.create_index(op.f("ix_filters_member_id"), "filters", ["member_id"])
    op.create_table(
        "filter_keywords",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("filter_id", Id, nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("whole_word", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["filter_id"], ["filters.id"], name=op.f("fk_filter_keywords_filter_id_filters")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filter_keywords")),
    )
    op.create_index(op.f("ix_filter_keywords_filter_id"), "filter_keywords", ["filter_id"])
    op.create_table(
        "filter_statuses",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("filter_id", Id, nullable=False),
        sa.Column("object_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["filter_id"], ["filters.id"], name=op.f("fk_filter_statuses_filter_id_filters")
        ),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_filter_statuses_object_id_objects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filter_statuses")),
        sa.UniqueConstraint("filter_id", "object_id", name=op.f("uq_filter_statuses_filter_id_object_id")),
    )


def _streams() -> None:
    op.create_table(
        "changes",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", Id, nullable=True),
        sa.Column("member_id", Id, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )


def _social() -> None:
    """What members want to see and to keep, each for themselves."""
    op.add_column("follows", sa.Column("boosts", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("follows", sa.Column("notify", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "silences",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("notices", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["actors.id"], name=op.f("fk_silences_member_id_actors")),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_silences_actor_id_actors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
        sa.UniqueConstraint(
            "member_id", "actor_id", "kind", name=op.f("uq_silences_member_id_actor_id_kind")
        ),
    )
    op.create_table(
        "silenced_servers",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["actors.id"], name=op.f("fk_silenced_servers_member_id_actors")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silenced_servers")),
        sa.UniqueConstraint("member_id", "domain", name=op.f("uq_silenced_servers_member_id_domain")),
    )
    op.create_table(
        "person_notes",
        sa.Column("member_id", Id, nullable=False),
        sa.Column("actor_id", Id, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["actors.id"], name=op.f("fk_person_notes_member_id_actors")),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_person_notes_actor_id_actors")),
        sa.PrimaryKeyConstraint("member_id", "actor_id", name=op.f("pk_person_notes")),
    )
    op.create_table(
        "bookmarks",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("object_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["actors.id"], name=op.f("fk_bookmarks_member_id_actors")),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_bookmarks_object_id_objects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bookmarks")),
        sa.UniqueConstraint("member_id", "object_id", name=op.f("uq_bookmarks_member_id_object_id")),
    )
    op.create_table(
        "pins",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("object_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["actors.id"], name=op.f("fk_pins_member_id_actors")),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_pins_object_id_objects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pins")),
        sa.UniqueConstraint("member_id", "object_id", name=op.f("uq_pins_member_id_object_id")),
    )
    op.create_table(
        "muted_threads",
        sa.Column("member_id", Id, nullable=False),
        sa.Column("root_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["actors.id"], name=op.f("fk_muted_threads_member_id_actors")),
        sa.ForeignKeyConstraint(["root_id"], ["objects.id"], name=op.f("fk_muted_threads_root_id_objects")),
        sa.PrimaryKeyConstraint("member_id", "root_id", name=op.f("pk_muted_threads")),
    )
    op.create_table(
        "followed_tags",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["actors.id"], name=op.f("fk_followed_tags_member_id_actors")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followed_tags")),
        sa.UniqueConstraint("member_id", "tag", name=op.f("uq_followed_tags_member_id_tag")),
    )


def _planned() -> None:
    op.create_table(
        "planned_posts",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("member_id", Id, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("parent_id", Id, nullable=True),
        sa.Column("warning", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("uploads", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("stuck", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.actor_id"], name=op.f("fk_planned_posts_member_id_members")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["objects.id"], name=op.f("fk_planned_posts_parent_id_objects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_posts")),
    )
    op.create_index(op.f("ix_planned_posts_member_id"), "planned_posts", ["member_id"])
    op.create_index(op.f("ix_planned_posts_at"), "planned_posts", ["at"])


def _conversations() -> None:
    op.create_table(
        "conversation_marks",
        sa.Column("member_id", Id, nullable=False),
        sa.Column("root_id", Id, autoincrement=False, nullable=False),
        sa.Column("read_id", Id, nullable=False),
        sa.Column("hidden_id", Id, nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.actor_id"], name=op.f("fk_conversation_marks_member_id_members")
        ),
        sa.PrimaryKeyConstraint("member_id", "root_id", name=op.f("pk_conversation_marks")),
    )
