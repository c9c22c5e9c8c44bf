"""The tickets of incidents, so that they can be listed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("incidents", sa.Column("ticket", sa.Text(), nullable=True))
    op.add_column("incidents", sa.Column("ticket_state", sa.Text(), nullable=True))
    where = sa.text("ticket_state IS NOT NULL")
    op.create_index(
        "incidents_ticket", "incidents", ["ticket_state", "number"], sqlite_where=where, postgresql_where=where
    )
    # Every ticket so far has the name of its incident, and none could be closed.
    op.execute(
        "UPDATE incidents SET ticket = 'INC-' || number, ticket_state = 'open' WHERE state LIKE '%\"ticket\":\"INC-%'"
    )


def downgrade() -> None:
    op.drop_index("incidents_ticket", "incidents")
    op.drop_column("incidents", "ticket_state")
    op.drop_column("incidents", "ticket")
