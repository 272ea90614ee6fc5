"""The parts of the pages Broadcasts and Unconfirmed rows."""
