"""What the auditor looks at, and what made a worker raise."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("incidents", sa.Column("step_due", sa.BigInteger(), nullable=True))
    where = sa.text("step_due IS NOT NULL")
    op.create_index("incidents_paging", "incidents", ["number"], sqlite_where=where, postgresql_where=where)
    # What pages at this moment is looked at again at once; its next save writes the exact instant.
    op.execute(
        "UPDATE incidents SET step_due = wake_at, wake_at = 0 WHERE wake_at IS NOT NULL AND status <> 'resolved' "
        r"""AND state NOT LIKE '%"answered"\:true%' AND state LIKE '%"urgency"\:"%' AND state LIKE '%"walk"\:{%'"""
    )
    op.create_table(
        "faults",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("set_aside_at", sa.BigInteger(), nullable=True),
        sa.Column("steps", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )


def downgrade() -> None:
    op.drop_table("faults")
    op.drop_index("incidents_paging", "incidents")
    op.drop_column("incidents", "step_due")
