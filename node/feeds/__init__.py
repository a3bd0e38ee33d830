"""Feeds for feed readers: open ones of topics and people, private ones of a ring for one device."""
