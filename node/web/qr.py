"""A link as a QR code, drawn into the page itself: for people without a mail address."""

import segno
from markupsafe import Markup


def qr_svg(text: str) -> Markup:
    """An inline SVG, black on white whatever the colour scheme, so that every phone reads it."""
    code = segno.make(text, error="m")
    return Markup(code.svg_inline(scale=5, border=3, light="#fff", dark="#000", svgclass="qr"))  # noqa: S704
