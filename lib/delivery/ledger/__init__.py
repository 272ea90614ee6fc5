"""The ledger: tables and SQL of runs."""
