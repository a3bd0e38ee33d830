"""Rooms and guests, what of open posts goes to a peer, proofs of pinned keys."""

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
    """Agreements of many firms."""


def _sector() -> None:
    """Sector rings: terms, admissions, signed rosters."""


def _numbers() -> None:
    """Catching up by audience, for rooms as for rings."""


def _rooms() -> None:
    op.create_table(
        "rooms",
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("within", sa.Text(), nullable=False),
        sa.Column("confined", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("audience", name=op.f("pk_rooms")),
    )


def _guests() -> None:
    op.create_table(
        "guests",
        sa.Column("actor_id", Id, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actors.id"], name=op.f("fk_guests_actor_id_actors")),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_guests")),
    )


def _gate() -> None:
    """Checklists and their answers, holds, who decided what waits."""


def _trust() -> None:
    op.add_column("peers", sa.Column("proved_at", UtcDateTime(), nullable=True))


def _peers() -> None:
    op.add_column("peers", sa.Column("policy", sa.Text(), server_default="", nullable=False))
    op.add_column("node", sa.Column("federation", sa.Text(), server_default="open", nullable=False))
