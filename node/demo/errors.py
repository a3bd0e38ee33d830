"""What ends the demo before its time."""


class DemoFailed(Exception):
    """The demo cannot go on; says why in words."""
