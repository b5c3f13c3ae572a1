"""Clips -> the film and what goes with it."""

from collections.abc import Iterator
from itertools import pairwise

from kinescribe_server.artifacts.protocol import StoredFile
from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.film.captions import Spoken, captions, webvtt
from kinescribe_server.film.join import Film, Part, write_film
from kinescribe_server.film.languages import iso_639_2
from kinescribe_server.film.mp4 import store_mp4
from kinescribe_server.film.protocol import ComposeRequest
from kinescribe_server.film.timing import PAUSE_SECONDS
from kinescribe_server.film.words import clip_words
from kinescribe_server.jobs.errors import MakeError


def make_film(request: ComposeRequest, bench: Bench) -> Made:
    """Files {"film.mp4", "captions.vtt" (if captions), "transcript.txt", "poster.png"}, details {"duration"}.

    Raises MakeError for damaged clips and for clips that do not fit together.
    """
    if not request.clips:
        raise MakeError("NO_CLIPS", "a film needs at least one clip and has none")
    store = bench.artifacts
    parts = [Part(store.path(clip.clip), clip.frames, clip.title) for clip in request.clips]
    poster = store.path(request.poster)
    language = iso_639_2(request.language)
    film = Film(parts, request.width, request.height, request.frame_rate, request.title, language, poster)
    files = {
        "film.mp4": store_mp4(store, film.duration, lambda file: write_film(film, file, bench.report)),
        "transcript.txt": store.put_bytes(_transcript(request).encode(), "text/plain; charset=utf-8"),
        "poster.png": StoredFile(request.poster, poster.stat().st_size, "image/png"),
    }
    if request.captions:
        shown = captions(list(_spoken(request, film, bench)), film.duration)
        files["captions.vtt"] = store.put_bytes(webvtt(shown).encode(), "text/vtt; charset=utf-8")
    return Made(files, {"duration": film.duration})


def _spoken(request: ComposeRequest, film: Film, bench: Bench) -> Iterator[Spoken]:
    """What each clip says, timed from the film's start."""
    for clip, span in zip(request.clips, pairwise(film.starts), strict=True):
        start, end = (frame / film.frame_rate for frame in span)
        # Only words that were not measured need to know when the speech ends.
        spoken_until = end - PAUSE_SECONDS
        words = clip_words(clip.words, clip.narration, start + clip.speech_start, spoken_until, bench.artifacts)
        yield Spoken(clip.narration, words, end)


def _transcript(request: ComposeRequest) -> str:
    """The title, then the narration of each scene, a line for each paragraph and an empty line between them."""
    scenes = (paragraph for clip in request.clips for paragraph in clip.narration.splitlines())
    paragraphs = (" ".join(text.split()) for text in [request.title, *scenes])
    return "\n\n".join(filter(None, paragraphs)) + "\n"
