"""`make demo-check`: the demo, read over HTTP by every kind of reader and compared with a table."""
