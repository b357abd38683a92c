"""How far each message to a responder has come, and a channel's own address."""
import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('conversations') as batch:
        batch.add_column(sa.Column('sent_seq', sa.Integer(), nullable=False, server_default='0'))
        batch.add_column(sa.Column('delivered_seq', sa.Integer(), nullable=False, server_default='0'))
    with op.batch_alter_table('api_tokens') as batch:
        batch.add_column(sa.Column('webhook_url', sa.String(length=400), nullable=True))
        batch.add_column(sa.Column('webhook_salt', sa.String(length=32), nullable=True))
    op.create_table(
        'deliveries',
        sa.Column('id', sa.String(length=36), primary_key=True),
        sa.Column('message_id', sa.String(length=36), sa.ForeignKey('messages.id'), nullable=False, unique=True),
        sa.Column('conversation_id', sa.String(length=36), sa.ForeignKey('conversations.id'), nullable=False),
        sa.Column('token_id', sa.String(length=36), sa.ForeignKey('api_tokens.id'), nullable=False),
        sa.Column('state', sa.String(length=8), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('error', sa.String(length=40), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index('ix_deliveries_conversation_id', 'deliveries', ['conversation_id'])
    op.create_index('deliveries_due', 'deliveries', ['state', 'due_at'])


def downgrade() -> None:
    op.drop_table('deliveries')
    for table, columns in (('api_tokens', ('webhook_salt', 'webhook_url')),
                           ('conversations', ('delivered_seq', 'sent_seq'))):
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
