from logging.config import fileConfig

from alembic import context
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from app.config import settings

fileConfig(context.config.config_file_name)


def migrate() -> None:
    # Hosts hand out postgres:// and postgresql://; SQLAlchemy wants its driver named.
    url = make_url(settings.database_url.replace("postgres://", "postgresql://", 1))
    engine = create_engine(url.set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        # Two migrations at once would both see the same version.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('polls.migrations'))"))
        context.configure(connection=connection)
        context.run_migrations()


migrate()
