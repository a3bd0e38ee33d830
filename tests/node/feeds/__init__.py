"""Feeds that everyone on the web may read."""
