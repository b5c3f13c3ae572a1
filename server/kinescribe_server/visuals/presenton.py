"""Slides by Presenton: all slides of a job are ordered as one deck, and each takes its page of it."""

import hashlib
import json
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Slide
from kinescribe_server.visuals.layout import hand_over
from kinescribe_server.visuals.page import Drawn, canvas_of
from kinescribe_server.visuals.presenton_deck import Deck, Pace
from kinescribe_server.visuals.presenton_markdown import has_pictures, slide_markdown
from kinescribe_server.visuals.presenton_pages import PageSize
from kinescribe_server.visuals.presenton_record import DeckRecords
from kinescribe_server.visuals.presenton_service import DeckOrder, PresentonService
from kinescribe_server.visuals.protocol import VisualRequest

_PACE = Pace()


def make_slide_with_presenton(
    request: VisualRequest,
    bench: Bench,
    *,
    base_url: str,
    api: str = "self-hosted",
    template: str = "general",
    auth: str = "none",
    pace: Pace = _PACE,
) -> Made:
    """Draws `request.visual`, a Slide, as its page of the deck of all slides of the job.

    `api` is "self-hosted" (v1) or "cloud" (v3), `auth` "none", "basic" or "bearer"; credentials are read from
    PRESENTON_USERNAME, PRESENTON_PASSWORD and PRESENTON_API_KEY. The details have what was asked for: "usage"
    {"provider", "pages"}.

    Raises MakeError: SETTING_INVALID, PICTURES_NOT_SENT for a slide with uploaded pictures, DECK_FAILED, DECK_MISMATCH
    if the deck has another number of pages, DECK_UNREADABLE, and the reasons of RemoteClient. None is retryable: a
    deck that failed is remembered for the other slides of the job.
    """
    slides, number = _sent(request)
    canvas = canvas_of(request, bench)
    wanted = (base_url, api, template, request.language, slides)
    name = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()
    order = DeckOrder(slides, request.language, template, f"Kinescribe deck {name[:20]}")
    records = DeckRecords(bench.artifacts.scratch(), name)
    deck = Deck(order, records, partial(PresentonService, base_url, api, auth), bench, pace)
    page = deck.page(number, PageSize(canvas.width, canvas.height, canvas.theme.colors["page"]))
    picture = bench.artifacts.read(page.sha256)
    made = hand_over(Drawn((picture,), ("",), (None,), (), {}), canvas, bench)
    return replace(made, details={**made.details, "usage": {"provider": urlsplit(base_url).netloc, "pages": 1}})


def _sent(request: VisualRequest) -> tuple[tuple[str, ...], int]:
    """The slides that are ordered, and which of them is wanted. Slides with uploaded pictures stay here."""
    slide, deck = request.visual, request.deck or (request.visual,)
    page = request.page if request.deck else 0
    if not isinstance(slide, Slide):
        raise MakeError("VISUAL_MISMATCH", f"a slide was expected, found {type(slide).__name__}")
    if not 0 <= page < len(deck) or deck[page] != slide:
        raise MakeError("VISUAL_MISMATCH", f"page {page} of the deck is not the slide that was asked for")
    if has_pictures(slide):
        raise MakeError("PICTURES_NOT_SENT", "the slide has uploaded pictures, and Presenton is not sent any")
    sent = {number: other for number, other in enumerate(deck) if isinstance(other, Slide) and not has_pictures(other)}
    return tuple(map(slide_markdown, sent.values())), list(sent).index(page)
