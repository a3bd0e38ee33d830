"""Pictures made harmless: checked, turned upright, drawn anew without what the camera wrote beside them."""

import struct
import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageCms, ImageOps

from node.errors import NodeError
from node.i18n import msg

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
LONGEST_SIDE, THUMB_SIDE = 3000, 640
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
THUMB_TYPE = "image/webp"

_READ = ("JPEG", "PNG", "GIF", "WEBP")
# What a format becomes: of a moving picture only the first frame stays.
_WRITTEN = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "WEBP": "image/webp"}
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error)

# Pillow compares with these before it decodes anything.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


class BadPicture(NodeError):
    """Not a picture that we take; the text says why in words."""

    status = 422


@dataclass(frozen=True)
class Picture:
    """Ready to store and serve; `media_type` is one of EXTENSIONS, the thumbnail always THUMB_TYPE."""

    data: bytes
    thumb: bytes
    media_type: str
    width: int
    height: int


def read_picture(data: bytes) -> Picture:
    """Draw a picture anew; raises BadPicture. What it calls itself is not believed."""
    if len(data) > MAX_BYTES:
        raise BadPicture(msg("A picture may be at most 10 MB."))
    try:
        with Image.open(BytesIO(data), formats=_READ) as opened:
            return _redraw(opened)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise _too_many_pixels() from error
    except _BROKEN as error:
        raise _unreadable() from error


def _unreadable() -> BadPicture:
    return BadPicture(msg("This is not a picture that we can read. Use JPEG, PNG, GIF or WebP."))


def _too_many_pixels() -> BadPicture:
    return BadPicture(msg("A picture may have at most 40 megapixels."))


def _redraw(opened: Image.Image) -> Picture:
    if opened.width * opened.height > MAX_PIXELS:
        raise _too_many_pixels()
    media_type = _WRITTEN.get(opened.format or "", "image/png")
    opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # JPEG only: decodes large photos smaller
    upright = ImageOps.exif_transpose(opened)
    plain = _plain(upright)
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return Picture(
        data=_encode(plain, media_type),
        thumb=_thumb(plain),
        media_type=media_type,
        width=plain.width,
        height=plain.height,
    )


def make_thumb(data: bytes) -> bytes:
    """The thumbnail of a picture that we drew ourselves."""
    with Image.open(BytesIO(data), formats=_READ) as opened:
        return _thumb(opened)


def _thumb(image: Image.Image) -> bytes:
    small = image.copy()
    small.thumbnail((THUMB_SIDE, THUMB_SIDE))
    return _encode(small, THUMB_TYPE)


def _plain(image: Image.Image) -> Image.Image:
    """Eight bits, RGB or RGBA, in sRGB, with nothing beside the pixels."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        image = image.point(lambda value: value / 256).convert("L")
    clear = "A" in image.mode or "transparency" in image.info
    plain = image.convert("RGBA" if clear else "RGB") if image.mode != "CMYK" else image
    plain = _in_srgb(plain, profile)
    plain.info.clear()  # some writers would take comments and XMP along from here
    return plain


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as they were meant; without a sound profile as they stand."""
    wanted = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile:
        try:
            theirs = ImageCms.ImageCmsProfile(BytesIO(profile))
            ours = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, theirs, ours, outputMode=wanted)
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None
        if converted is not None:
            return converted
    return image.convert(wanted)


def _encode(image: Image.Image, media_type: str) -> bytes:
    written = BytesIO()
    if media_type == "image/jpeg":
        image.convert("RGB").save(written, "JPEG", quality=85, optimize=True, progressive=True)
    elif media_type == "image/webp":
        image.save(written, "WEBP", quality=82, method=4)
    else:
        image.save(written, "PNG", optimize=True)
    return written.getvalue()
