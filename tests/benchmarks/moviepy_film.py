"""The film of a plan (see peers.py), made as users of MoviePy make one. Runs where MoviePy is installed."""

import json
import sys
from pathlib import Path

from moviepy import AudioFileClip, ImageClip, concatenate_videoclips  # type: ignore[import-not-found]


def main(plan_file: str) -> None:
    plan = json.loads(Path(plan_file).read_text("utf-8"))
    scenes = []
    for scene in plan["scenes"]:
        seconds = scene["seconds"] / len(scene["pictures"])
        pictures = [ImageClip(picture, duration=seconds) for picture in scene["pictures"]]
        clip = concatenate_videoclips(pictures)
        scenes.append(clip.with_audio(AudioFileClip(scene["audio"])) if scene["audio"] else clip)
    concatenate_videoclips(scenes).write_videofile(plan["film"], fps=plan["frame_rate"])


if __name__ == "__main__":
    main(sys.argv[1])
