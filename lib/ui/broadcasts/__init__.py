"""The pieces of the Broadcasts and Unconfirmed rows pages."""
