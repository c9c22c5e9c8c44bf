"""Who comes to a review: what people's calendars answer."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "attendance",
        sa.Column("incident", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attendee", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        sa.Column("proposed", sa.BigInteger(), nullable=True),
        sa.Column("proposed_sequence", sa.Integer(), nullable=False),
        sa.Column("proposed_stamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "attendee"),
    )


def downgrade() -> None:
    op.drop_table("attendance")
