# alembic's
