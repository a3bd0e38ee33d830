"""Looking after a node: backup, restore, health, domain, the log of departures; never anybody's content."""
