"""Silences, what they hold back, what flaps; incidents merged into others; planned work that comes again."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
OPEN = sa.text("over_at IS NULL")
MERGED = sa.text("merged_into IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "silences",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("matchers", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("repeat", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("work", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "held",
        sa.Column("alert", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("was", sa.Integer(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("over_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("alert"),
    )
    op.create_index("held_until", "held", ["until"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("held_by", "held", ["by"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "flaps",
        sa.Column("dedup", sa.Text(), nullable=False),
        sa.Column("again", sa.Text(), nullable=False),
        sa.Column("paused_until", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dedup"),
    )
    op.add_column("incidents", sa.Column("merged_into", sa.Integer(), nullable=True))
    op.create_index("incidents_merged", "incidents", ["merged_into"], sqlite_where=MERGED, postgresql_where=MERGED)
    op.add_column("alerts", sa.Column("home", sa.Integer(), nullable=True))
    op.add_column("maintenances", sa.Column("repeat", sa.Text(), nullable=True))
    op.add_column("maintenances", sa.Column("zone", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("maintenances", "zone")
    op.drop_column("maintenances", "repeat")
    op.drop_column("alerts", "home")
    op.drop_index("incidents_merged", "incidents")
    op.drop_column("incidents", "merged_into")
    op.drop_table("flaps")
    op.drop_index("held_by", "held")
    op.drop_index("held_until", "held")
    op.drop_table("held")
    op.drop_table("silences")
