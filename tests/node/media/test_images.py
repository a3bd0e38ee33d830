"""Every picture is drawn anew: nothing of what the camera or an attacker wrote beside the pixels survives."""

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from node.media.images import MAX_BYTES, BadPicture, read_picture

ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    written = BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def photo_with_exif(orientation: int = 1) -> bytes:
    image = Image.new("RGB", (40, 20), "white")
    exif = image.getexif()
    exif[ORIENTATION], exif[MAKER] = orientation, "Geheime Camera"
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (52.0, 22.0, 1.0)
    return encoded(image, "JPEG", exif=exif, comment=b"geheim commentaar")


def test_exif_with_the_place_and_comments_are_gone() -> None:
    before = photo_with_exif()
    assert b"Geheime Camera" in before
    picture = read_picture(before)
    for data in (picture.data, picture.thumb):
        assert not opened(data).getexif()
        assert b"Geheime" not in data
        assert b"geheim" not in data
        assert b"Exif" not in data


def test_a_picture_lying_on_its_side_is_turned_upright_first() -> None:
    picture = read_picture(photo_with_exif(orientation=6))
    assert (picture.width, picture.height) == (20, 40)
    assert opened(picture.data).size == (20, 40)


def test_xmp_and_text_in_other_formats_are_gone() -> None:
    image = Image.new("RGBA", (8, 8))
    assert b"geheim" not in read_picture(encoded(image, "WEBP", xmp=b"<x>geheim</x>")).data
    from PIL.PngImagePlugin import PngInfo

    words = PngInfo()
    words.add_text("Comment", "geheim")
    assert b"geheim" not in read_picture(encoded(image, "PNG", pnginfo=words)).data


def test_colour_profiles_are_applied_and_dropped() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = read_picture(encoded(Image.new("RGB", (8, 8), "red"), "PNG", icc_profile=profile))
    assert "icc_profile" not in opened(picture.data).info
    assert opened(picture.data).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("mode", "kind", "becomes"),
    [
        ("RGB", "JPEG", "image/jpeg"),
        ("CMYK", "JPEG", "image/jpeg"),
        ("L", "JPEG", "image/jpeg"),
        ("RGBA", "PNG", "image/png"),
        ("P", "PNG", "image/png"),
        ("LA", "PNG", "image/png"),
        ("1", "PNG", "image/png"),
        ("I;16", "PNG", "image/png"),
        ("P", "GIF", "image/png"),
        ("RGBA", "WEBP", "image/webp"),
    ],
)
def test_each_kind_of_picture_is_taken(mode: str, kind: str, becomes: str) -> None:
    picture = read_picture(encoded(Image.new(mode, (30, 10)), kind))
    assert (picture.media_type, picture.width, picture.height) == (becomes, 30, 10)
    assert opened(picture.data).size == (30, 10)
    assert opened(picture.thumb).format == "WEBP"


def test_of_a_moving_gif_the_first_frame_stays() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    still = opened(read_picture(moving).data)
    assert getattr(still, "n_frames", 1) == 1
    assert still.convert("RGB").getpixel((0, 0)) == (255, 0, 0)


def test_large_pictures_are_scaled_down_and_have_a_small_thumbnail() -> None:
    picture = read_picture(encoded(Image.new("RGB", (6000, 1500)), "JPEG"))
    assert (picture.width, picture.height) == (3000, 750)
    assert max(opened(picture.thumb).size) == 640


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a hundred bytes that says it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(8000, 5001), (9000, 9000), (60_000, 60_000)])
def test_more_than_40_megapixels_are_refused_before_decoding(size: tuple[int, int]) -> None:
    with pytest.raises(BadPicture, match="40 megapixels"):
        read_picture(png_claiming(*size))


def test_more_than_10_megabytes_are_refused() -> None:
    with pytest.raises(BadPicture, match="10 MB"):
        read_picture(b"\xff\xd8" + b"\0" * MAX_BYTES)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a<script>alert(1)</script>",
        b"%PDF-1.7",
        encoded(Image.new("RGB", (8, 8)), "BMP"),
        encoded(Image.new("RGB", (8, 8)), "TIFF"),
        encoded(Image.new("RGB", (64, 64)), "JPEG")[:200],
        png_claiming(100, 100),
    ],
)
def test_what_is_no_sound_picture_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(BadPicture, match="Use JPEG, PNG, GIF or WebP"):
        read_picture(data)


@given(st.binary(max_size=400), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0"]))
def test_no_bytes_whatever_do_anything_but_be_refused(data: bytes, magic: bytes) -> None:
    with pytest.raises(BadPicture):
        read_picture(magic + data)
