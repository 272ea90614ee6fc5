"""The ledger: all SQL for runs."""
