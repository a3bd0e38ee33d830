"""Sector rings: a steward's terms, who signed them, and the numbered roster that every firm checks."""
