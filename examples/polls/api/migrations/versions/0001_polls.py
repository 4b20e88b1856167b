"""Polls, their options and votes."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE polls (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            question text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("""
        CREATE TABLE options (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            poll_id bigint NOT NULL REFERENCES polls ON DELETE CASCADE,
            text text NOT NULL
        )
    """)
    op.execute("CREATE INDEX options_by_poll ON options (poll_id)")
    op.execute("""
        CREATE TABLE votes (
            id uuid PRIMARY KEY,
            option_id bigint NOT NULL REFERENCES options ON DELETE CASCADE,
            counted_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("CREATE INDEX votes_by_option ON votes (option_id)")


def downgrade() -> None:
    op.execute("DROP TABLE votes, options, polls")
