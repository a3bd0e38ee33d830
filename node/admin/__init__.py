"""Looking after a node: backup and restore, its health, its domain, the log of departures; never anybody's content."""
