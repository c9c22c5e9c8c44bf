"""What is counted of each incident, and the words by which it is found. A look fills both for what is there already."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "figures",
        sa.Column("incident", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("declared_at", sa.BigInteger(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("check", sa.Text(), nullable=True),
        sa.Column("drill", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("merged", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("to_acknowledge", sa.Float(), nullable=True),
        sa.Column("to_resolve", sa.Float(), nullable=True),
        sa.Column("to_update", sa.Float(), nullable=True),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("worked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("review_at", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("incident"),
    )
    op.create_index("figures_at", "figures", ["declared_at"])
    op.create_index("figures_service", "figures", ["service", "incident"])
    op.create_index("pages_at", "pages", ["requested_at", "person", "incident"])
    op.create_table(
        "searched",
        sa.Column("incident", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident"),
    )
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE searched_words USING fts5(words, content='searched', content_rowid='incident', "
            "tokenize='ascii', detail='none', columnsize=0)"
        )
        op.execute(
            "CREATE TRIGGER searched_words_new AFTER INSERT ON searched BEGIN "
            "INSERT INTO searched_words (rowid, words) VALUES (new.incident, new.words); END"
        )
        op.execute(
            "CREATE TRIGGER searched_words_gone AFTER DELETE ON searched BEGIN "
            "INSERT INTO searched_words (searched_words, rowid, words) VALUES ('delete', old.incident, old.words); END"
        )
        op.execute(
            "CREATE TRIGGER searched_words_changed AFTER UPDATE ON searched BEGIN "
            "INSERT INTO searched_words (searched_words, rowid, words) VALUES ('delete', old.incident, old.words); "
            "INSERT INTO searched_words (rowid, words) VALUES (new.incident, new.words); END"
        )
    else:
        op.execute("CREATE INDEX searched_words ON searched USING gin (array_to_tsvector(string_to_array(words, ' ')))")
    op.execute("INSERT INTO looks (name, due, at, data) VALUES ('recount', 0, 0, '{}')")


def downgrade() -> None:
    op.execute("DELETE FROM looks WHERE name = 'recount'")
    op.drop_table("searched")
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TABLE searched_words")
    op.drop_index("pages_at", "pages")
    op.drop_index("figures_service", "figures")
    op.drop_index("figures_at", "figures")
    op.drop_table("figures")
