"""Programs that others wrote, against a node over real sockets; see `matrix.py`."""
