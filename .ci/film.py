"""Says what each film is, and fails unless it is what the service promises by default."""

import sys
from fractions import Fraction

import av


def check(path: str) -> list[str]:
    """What is wrong with the film."""
    with av.open(path) as film:
        picture, sound = film.streams.video[0], film.streams.audio[0]
        rate = picture.average_rate or Fraction(1)
        seconds = [float((stream.duration or 0) * (stream.time_base or 0)) for stream in (picture, sound)]
        found = (
            f"{picture.width}x{picture.height} {picture.pix_fmt} {picture.codec_context.name} {float(rate):g} fps, "
            f"{sound.codec_context.name}, {seconds[0]:.2f} s of video, {seconds[1]:.2f} s of audio"
        )
        print(f"{path}: {found}")
        wanted = {
            "1920x1080": (picture.width, picture.height) == (1920, 1080),
            "yuv420p": picture.pix_fmt == "yuv420p",
            "H.264": picture.codec_context.name == "h264",
            "AAC": sound.codec_context.name == "aac",
            "more than ten seconds": seconds[0] > 10,
            "audio and video that end within one frame of each other": abs(seconds[0] - seconds[1]) <= 1 / float(rate),
        }
        return [f"{path}: not {name}" for name, holds in wanted.items() if not holds]


if __name__ == "__main__":
    raise SystemExit("\n".join(problem for path in sys.argv[1:] for problem in check(path)) or 0)
