"""Run the migrations on the ledger's connection, inside its transaction."""

from alembic import context

from lib.delivery.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
