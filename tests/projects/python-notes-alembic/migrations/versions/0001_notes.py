import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("notes", sa.Column("text", sa.String(200)))


def downgrade():
    op.drop_table("notes")
