"""Previous recipients of a campaign."""
