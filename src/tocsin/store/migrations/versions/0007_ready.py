"""Why each page came; shift changes and who confirmed them; the daily look; what is told once."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("pages", sa.Column("because", sa.Text(), nullable=True))
    op.create_table(
        "looks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("looks_due", "looks", ["due"])
    # Whatever starts next plans the looks at the schedules of the runbook that is in force already.
    op.execute("INSERT INTO looks (name, due, at, data) VALUES ('plan', 0, 0, '{}')")
    op.create_table(
        "handoffs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("schedules", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("confirm_by", sa.BigInteger(), nullable=True),
        sa.Column("reminders", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("missed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    where = sa.text("due IS NOT NULL")
    op.create_index("handoffs_due", "handoffs", ["due"], sqlite_where=where, postgresql_where=where)
    op.create_index("handoffs_at", "handoffs", ["at"])
    op.create_table(
        "announced",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )


def downgrade() -> None:
    op.drop_table("announced")
    op.drop_index("handoffs_at", "handoffs")
    op.drop_index("handoffs_due", "handoffs")
    op.drop_table("handoffs")
    op.drop_index("looks_due", "looks")
    op.drop_table("looks")
    op.drop_column("pages", "because")
