"""The process that reads a deck's PDF: bytes from standard input, pictures to standard output.

It is started by `presenton_pages`, lives for one deck, and takes no more of the machine than it was given.
"""

import io
import json
import resource
import sys
from collections.abc import Mapping

import pypdfium2
from PIL import Image

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.visuals.presenton_pages import LENGTH_BYTES, PageSize

# 40 pages of 3840 x 2160 take 0.2 GB, and the address space some more.
_MEMORY_BYTES = 1 << 30
# Points. Nobody makes slides smaller than a stamp, or five metres wide.
_SMALLEST_SIDE, _LARGEST_SIDE = 36.0, 14_400.0
# Pages of almost the film's shape fill it: a browser's 960 x 540 points are seldom exact.
_SAME_SHAPE = 0.005


def main(cpu_seconds: int, count: int, size: PageSize) -> None:
    """Writes a line of JSON, `{}` or what is wrong, and then each picture behind its length."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    told: Mapping[str, str] = {}
    pictures: list[bytes] = []
    try:
        pictures = _pictures(sys.stdin.buffer.read(), count, size)
    except pypdfium2.PdfiumError as error:
        told = {"reason": "DECK_UNREADABLE", "message": f"the deck's PDF cannot be read: {error}"}
    except MakeError as error:
        told = {"reason": error.reason, "message": error.message}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
    for picture in pictures:
        sys.stdout.buffer.write(len(picture).to_bytes(LENGTH_BYTES) + picture)


def _pictures(pdf: bytes, count: int, size: PageSize) -> list[bytes]:
    document = pypdfium2.PdfDocument(pdf)
    if len(document) != count:
        raise MakeError("DECK_MISMATCH", f"Presenton made {len(document)} pages of {count} slides")
    return [_picture(document[number], number + 1, size) for number in range(count)]


def _picture(page: pypdfium2.PdfPage, number: int, size: PageSize) -> bytes:
    """The page as large as fits, in the middle of the ground."""
    width, height = page.get_size()
    if min(width, height) < _SMALLEST_SIDE or max(width, height) > _LARGEST_SIDE:
        raise MakeError("DECK_UNREADABLE", f"page {number} of the deck is {width:.0f} x {height:.0f} points large")
    across, down = size.width / width, size.height / height
    fills = abs(across / down - 1) <= _SAME_SHAPE
    drawn = page.render(scale=max(across, down) if fills else min(across, down)).to_pil().convert("RGB")
    picture = Image.new("RGB", (size.width, size.height), size.ground)
    picture.paste(drawn, ((size.width - drawn.width) // 2, (size.height - drawn.height) // 2))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), PageSize(int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))
