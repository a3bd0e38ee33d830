"""Requests that nobody thought of, against every endpoint of the client API; see `campaign.py`."""
