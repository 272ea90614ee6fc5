"""Who has received a campaign before."""
