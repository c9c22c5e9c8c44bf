"""How each war room in a chat is, as far as Tocsin has brought it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "rooms",
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("incident"),
    )


def downgrade() -> None:
    op.drop_table("rooms")
