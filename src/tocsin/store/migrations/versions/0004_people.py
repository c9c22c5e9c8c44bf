"""How people are reached: contact checks, broken ways, turns of a step, folded pages, what is asked for by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    where = sa.text("receipt IS NOT NULL")
    op.create_index("attempts_receipt", "attempts", ["receipt"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "contacts",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("proved_of", sa.Text(), nullable=True),
        sa.Column("proved_at", sa.BigInteger(), nullable=True),
        sa.Column("proved_how", sa.Text(), nullable=True),
        sa.Column("broken_of", sa.Text(), nullable=True),
        sa.Column("broken_at", sa.BigInteger(), nullable=True),
        sa.Column("broken_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("person", "via"),
    )
    op.create_table(
        "checks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("test", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("address_of", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("checks_person", "checks", ["person", "sent_at"])
    op.create_table(
        "turns",
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("step", "person"),
    )
    op.create_table(
        "folds",
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("lead", "page"),
    )
    op.create_table(
        "buckets",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    for table in ("buckets", "folds", "turns"):
        op.drop_table(table)
    op.drop_index("checks_person", "checks")
    op.drop_table("checks")
    op.drop_table("contacts")
    op.drop_index("attempts_receipt", "attempts")
