"""The week after an incident: its plan, its evidence, the versions of its document."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("postmortems", sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")))
    op.add_column("postmortems", sa.Column("state", sa.Text(), nullable=False, server_default="draft"))
    op.add_column("postmortems", sa.Column("changed_by", sa.Text(), nullable=False, server_default="tocsin"))
    op.add_column("postmortems", sa.Column("on_disk", sa.Text(), nullable=False, server_default=""))
    op.add_column("postmortems", sa.Column("published_version", sa.Integer(), nullable=True))
    op.add_column("postmortems", sa.Column("published_at", sa.BigInteger(), nullable=True))
    op.add_column("postmortems", sa.Column("published_by", sa.Text(), nullable=True))
    op.add_column("postmortems", sa.Column("found", sa.Text(), nullable=True))
    op.add_column("postmortems", sa.Column("found_at", sa.BigInteger(), nullable=True))
    op.add_column("postmortems", sa.Column("found_in", sa.Text(), nullable=True))
    op.create_table(
        "postmortem_versions",
        sa.Column("incident", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "version"),
    )
    op.create_table(
        "reviews",
        sa.Column("incident", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident"),
    )
    op.create_index("reviews_due", "reviews", ["due"])
    op.create_table(
        "evidence",
        sa.Column("incident", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("incident"),
    )


def downgrade() -> None:
    op.drop_table("evidence")
    op.drop_index("reviews_due", "reviews")
    op.drop_table("reviews")
    op.drop_table("postmortem_versions")
    op.drop_column("postmortems", "found_in")
    op.drop_column("postmortems", "found_at")
    op.drop_column("postmortems", "found")
    op.drop_column("postmortems", "published_by")
    op.drop_column("postmortems", "published_at")
    op.drop_column("postmortems", "published_version")
    op.drop_column("postmortems", "on_disk")
    op.drop_column("postmortems", "changed_by")
    op.drop_column("postmortems", "state")
    op.drop_column("postmortems", "version")
