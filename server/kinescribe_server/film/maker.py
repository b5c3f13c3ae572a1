"""Clips -> the film and what goes with it."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from kinescribe_server.artifacts.protocol import StoredFile
from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.film import transcript
from kinescribe_server.film.burnt_in import poster_with_band
from kinescribe_server.film.caption_files import srt, webvtt
from kinescribe_server.film.captions import Spoken, captions
from kinescribe_server.film.join import Film, Part, write_film
from kinescribe_server.film.languages import iso_639_2
from kinescribe_server.film.mp4 import store_mp4
from kinescribe_server.film.music import Music, measured, mixed
from kinescribe_server.film.protocol import ComposeRequest
from kinescribe_server.film.report import film_report
from kinescribe_server.film.thumbnails import height_for, sheet_name, sheets, thumbnails_vtt
from kinescribe_server.film.timing import PAUSE_SECONDS
from kinescribe_server.film.words import clip_words
from kinescribe_server.jobs.errors import MakeError


def make_film(request: ComposeRequest, bench: Bench) -> Made:
    """Files and details as in protocol.py. Raises MakeError for damaged clips and clips that do not fit together."""
    if not request.clips:
        raise MakeError("NO_CLIPS", "a film needs at least one clip and has none")
    store = bench.artifacts
    parts = [Part(store.path(clip.clip), clip.frames, clip.title) for clip in request.clips]
    poster = _poster(request, bench)
    language = iso_639_2(request.language)
    film = Film(
        parts, request.width, request.height, request.frame_rate, request.title, language, store.path(poster.sha256)
    )
    spoken = list(_spoken(request, film, bench))
    shown = [captions(clip) if request.captions else [] for clip in spoken]
    if not request.burned_in:
        parts = [replace(part, captions=of_part) for part, of_part in zip(parts, shown, strict=True)]
        film = replace(film, parts=parts)
    music, notices = _music(request, bench)
    sound = mixed(film, music) if music else None
    files = {
        "film.mp4": store_mp4(store, film.duration, lambda file: write_film(film, file, bench.report, sound)),
        "poster.png": poster,
        **_texts(request.title, film, spoken, bench),
        **_thumbnails(request, film, bench),
    }
    all_shown = list(itertools.chain.from_iterable(shown))
    if request.captions:
        files["captions.vtt"] = store.put_bytes(webvtt(all_shown).encode(), "text/vtt; charset=utf-8")
        files["captions.srt"] = store.put_bytes(srt(all_shown).encode(), "application/x-subrip; charset=utf-8")
    report, failed = film_report(store.path(files["film.mp4"].sha256), film, request, all_shown)
    files["report.json"] = store.put_bytes(report, "application/json")
    return Made(files, {"duration": film.duration}, (*notices, *failed))


def _poster(request: ComposeRequest, bench: Bench) -> StoredFile:
    if request.burned_in:
        page = poster_with_band(bench.artifacts.read(request.poster), request.width, request.height)
        return bench.artifacts.put_bytes(page, "image/png")
    return StoredFile(request.poster, bench.artifacts.path(request.poster).stat().st_size, "image/png")


def _thumbnails(request: ComposeRequest, film: Film, bench: Bench) -> dict[str, StoredFile]:
    """Sheets of a thumbnail for each clip, if every clip has one, and what tells which is where."""
    if not all(clip.thumbnail for clip in request.clips):
        return {}
    spans = pairwise(start / film.frame_rate for start in film.starts)
    vtt = thumbnails_vtt(spans, height_for(film.width, film.height))
    files = {"thumbnails.vtt": bench.artifacts.put_bytes(vtt.encode(), "text/vtt; charset=utf-8")}
    for number, sheet in enumerate(sheets(bench.artifacts.read(clip.thumbnail) for clip in request.clips)):
        files[sheet_name(number)] = bench.artifacts.put_bytes(sheet, "image/jpeg")
    return files


def _music(request: ComposeRequest, bench: Bench) -> tuple[Music | None, tuple[Notice, ...]]:
    """The music that was asked for, or why there is none: a film is not lost for its music."""
    if not request.music:
        return None, ()
    try:
        return measured(bench.artifacts.path(request.music)), ()
    except MakeError as error:
        return None, (Notice("MUSIC_LEFT_OUT", f"the film has no music: {error.message}"),)


def _spoken(request: ComposeRequest, film: Film, bench: Bench) -> Iterator[Spoken]:
    """What each clip says, timed from the film's start."""
    for clip, span in zip(request.clips, pairwise(film.starts), strict=True):
        start, end = (frame / film.frame_rate for frame in span)
        # Only words that were not measured need to know when the speech ends.
        spoken_until = end - PAUSE_SECONDS
        words = clip_words(clip.words, clip.narration, start + clip.speech_start, spoken_until, bench.artifacts)
        yield Spoken(clip.narration, words, start, end)


def _texts(title: str, film: Film, spoken: Sequence[Spoken], bench: Bench) -> dict[str, StoredFile]:
    chapters = [(start / film.frame_rate, chapter) for start, chapter in film.chapters]
    plain, markdown = transcript.plain(title, spoken), transcript.markdown(title, chapters, spoken)
    return {
        "transcript.txt": bench.artifacts.put_bytes(plain.encode(), "text/plain; charset=utf-8"),
        "transcript.md": bench.artifacts.put_bytes(markdown.encode(), "text/markdown; charset=utf-8"),
    }
