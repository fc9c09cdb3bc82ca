"""Is this a PNG or a JPEG and nothing besides? Walked piece by piece to its very end, and opened once. Pure."""

import struct
import warnings
import zlib
from io import BytesIO

from registry.errors import Invalid

MAX_PIXELS = 80_000_000  # A3 at 600 dots an inch, in one colour, or A4 in all
AGAIN = "save it anew and send that"
# Markers of a JPEG that stand alone, without a length.
ALONE = {0x01, *range(0xD0, 0xD8)}


def check_png(data: bytes) -> None:
    """Chunks with right sums from the header to the end, and not a byte after it."""
    at, kinds = 8, []
    while at < len(data):
        if len(data) - at < 12:
            raise Invalid(f"The PNG image breaks off in the middle; {AGAIN}.")
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        end = at + 12 + length
        if end > len(data):
            raise Invalid(f"The PNG image breaks off in the middle; {AGAIN}.")
        if zlib.crc32(data[at + 4 : end - 4]) != struct.unpack(">I", data[end - 4 : end])[0]:
            raise Invalid(f"The PNG image is damaged; {AGAIN}.")
        kinds.append(kind)
        at = end
        if kind == b"IEND":
            break
    if not kinds or kinds[0] != b"IHDR" or kinds[-1] != b"IEND" or b"IDAT" not in kinds:
        raise Invalid(f"The PNG image is not whole; {AGAIN}.")
    if at != len(data):
        raise Invalid(f"After the end of the PNG image follow {len(data) - at} more bytes; {AGAIN}.")
    _open(data, "PNG")


def check_jpeg(data: bytes) -> None:
    """Segments from the start to the end of the image, and not a byte after it."""
    end = _end_of_jpeg(data)
    if end != len(data):
        raise Invalid(f"After the end of the JPEG image follow {len(data) - end} more bytes; {AGAIN}.")
    _open(data, "JPEG")


def _end_of_jpeg(data: bytes) -> int:
    at = 2
    while at + 2 <= len(data):
        if data[at] != 0xFF:
            raise Invalid(f"The JPEG image is damaged; {AGAIN}.")
        marker = data[at + 1]
        if marker == 0xFF:  # a filling byte
            at += 1
        elif marker == 0xD9:
            return at + 2
        elif marker in ALONE:
            at += 2
        else:
            if at + 4 > len(data):
                break
            at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
            if marker == 0xDA:
                at = _after_scan(data, at)
    raise Invalid(f"The JPEG image breaks off in the middle; {AGAIN}.")


def _after_scan(data: bytes, at: int) -> int:
    """Where the picture's own bytes end: at the next marker that is neither escaped nor a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise Invalid(f"The JPEG image breaks off in the middle; {AGAIN}.")
        if data[at + 1] != 0x00 and data[at + 1] not in ALONE and data[at + 1] != 0xFF:
            return at
        at += 1 if data[at + 1] == 0xFF else 2


def _open(data: bytes, kind: str) -> None:
    from PIL import Image  # noqa: PLC0415  only the program that looks at files needs it

    Image.MAX_IMAGE_PIXELS = None  # the bound is ours, with our sentence
    try:
        with warnings.catch_warnings(), Image.open(BytesIO(data), formats=[kind]) as image:
            warnings.simplefilter("ignore")
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise Invalid(
                    f"The image has {width} x {height} points; send one of at most {MAX_PIXELS // 10**6} million."
                )
            image.load()
    except Invalid:
        raise
    except Exception as fault:  # hostile input: whatever the library says, it is no image to it
        raise Invalid(f"The {kind} image cannot be opened; {AGAIN}.") from fault
