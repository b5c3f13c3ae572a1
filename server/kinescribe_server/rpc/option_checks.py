"""Checks of options, and how options that were given in several places become one."""

import re
from collections.abc import Collection, Iterator, Mapping

from kinescribe.v1 import job_pb2
from kinescribe_server.jobs.errors import Violation
from kinescribe_server.jobs.model import BrandOptions, CaptionMode, MotionMode, Options
from kinescribe_server.jobs.violations import shown
from kinescribe_server.rpc.field_checks import (
    Catalog,
    duration_violations,
    language_violations,
    seconds,
    too_long,
    unknown,
)

MAX_LEXICON_ENTRIES = 1_000
MAX_ATTACHMENT_NAME = 100
FRAME_RATES = (24, 25, 30, 50, 60)
_SIDE = range(320, 3841, 2)
_MAX_PIXELS = 3840 * 2160
_DAY = 86_400.0
_SHOWN_ROLES = 5
_CAPTION_MODE = {
    job_pb2.CAPTION_MODE_SIDECAR: CaptionMode.SIDECAR,
    job_pb2.CAPTION_MODE_OFF: CaptionMode.OFF,
    job_pb2.CAPTION_MODE_BURNED_IN: CaptionMode.BURNED_IN,
}
_MOTION_MODE = {job_pb2.MOTION_MODE_NONE: MotionMode.NONE, job_pb2.MOTION_MODE_SUBTLE: MotionMode.SUBTLE}
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


def merged(*layers: job_pb2.VideoOptions) -> job_pb2.VideoOptions:
    """Options of several places as one, the strongest first. Each field comes from the strongest place that sets it;
    lexicons are joined word by word."""
    result = job_pb2.VideoOptions()
    for layer in reversed(layers):
        for field in ("brand", "retention"):  # messages are taken whole: half of one brand and half of another is none
            if layer.HasField(field):
                result.ClearField(field)
        result.MergeFrom(layer)
    return result


def options_of(message: job_pb2.VideoOptions, catalog: Catalog) -> Options:
    """Checked options with every default filled in."""
    defaults = Options(theme=catalog.default_theme)
    return Options(
        voice=message.voice,
        theme=message.theme or defaults.theme,
        language=message.language,
        width=message.width or defaults.width,
        height=message.height or defaults.height,
        frame_rate=message.frame_rate or defaults.frame_rate,
        speaking_rate=message.speaking_rate or defaults.speaking_rate,
        captions=_CAPTION_MODE.get(message.captions, defaults.captions),
        writer=message.writer or next(iter(catalog.writers)),
        lexicon=dict(message.lexicon),
        strict=message.strict,
        retention_seconds=seconds(message.retention) if message.HasField("retention") else defaults.retention_seconds,
        brand=_brand(message.brand) if message.HasField("brand") else None,
        music=message.music,
        motion=_MOTION_MODE.get(message.motion, defaults.motion),
    )


def _brand(message: job_pb2.Brand) -> BrandOptions:
    return BrandOptions(
        colors={role: color.lower() for role, color in sorted(message.colors.items())},
        fonts=dict(sorted(message.fonts.items())),
        logo_attachment=message.logo_attachment,
    )


def option_violations(at: str, message: job_pb2.VideoOptions, catalog: Catalog) -> Iterator[Violation]:
    """What is wrong with the options in the request's field `at`."""
    for field, given, known in (
        ("voice", message.voice, catalog.voices),
        ("theme", message.theme, catalog.themes),
        ("writer", message.writer, catalog.writers),
    ):
        if given and given not in known:
            yield unknown(f"{at}.{field}", given, known)
    yield from language_violations(f"{at}.language", message.language)
    yield from _picture_violations(at, message)
    if message.speaking_rate and not 0.5 <= message.speaking_rate <= 2.0:
        yield Violation(f"{at}.speaking_rate", f"{message.speaking_rate:g} is not between 0.5 and 2.0")
    if message.captions not in job_pb2.CaptionMode.values():
        yield Violation(f"{at}.captions", f"{message.captions} is not a CaptionMode")
    if message.motion not in job_pb2.MotionMode.values():
        yield Violation(f"{at}.motion", f"{message.motion} is not a MotionMode")
    yield from too_long(f"{at}.music", message.music, MAX_ATTACHMENT_NAME)
    yield from _brand_violations(f"{at}.brand", message.brand, catalog)
    yield from _lexicon_violations(f"{at}.lexicon", message.lexicon)
    yield from duration_violations(f"{at}.retention", message, "retention", 60.0, 365 * _DAY)


def size_violations(at: str, message: job_pb2.VideoOptions) -> Iterator[Violation]:
    """What is wrong with width and height together."""
    if message.width * message.height > _MAX_PIXELS:
        yield Violation(f"{at}.width", f"{message.width}x{message.height} is more than 3840x2160 pixels")


def _picture_violations(at: str, message: job_pb2.VideoOptions) -> Iterator[Violation]:
    for field, given_side in (("width", message.width), ("height", message.height)):
        if given_side and given_side not in _SIDE:
            yield Violation(f"{at}.{field}", f"{given_side} is not an even number from 320 to 3840")
    if message.frame_rate and message.frame_rate not in FRAME_RATES:
        allowed = ", ".join(map(str, FRAME_RATES))
        yield Violation(f"{at}.frame_rate", f"{message.frame_rate} is not one of {allowed}")


def _brand_violations(at: str, brand: job_pb2.Brand, catalog: Catalog) -> Iterator[Violation]:
    yield from _role_violations(f"{at}.colors", brand.colors, catalog.theme_roles)
    for role in catalog.theme_roles:
        if role in brand.colors and not _COLOR.fullmatch(brand.colors[role]):
            given = shown(brand.colors[role])
            yield Violation(f'{at}.colors["{role}"]', f'{given} is not "#rrggbb", for example "#1a73e8"')
    yield from _role_violations(f"{at}.fonts", brand.fonts, catalog.font_roles)
    for role in catalog.font_roles:
        if role in brand.fonts and brand.fonts[role] not in catalog.font_families:
            yield unknown(f'{at}.fonts["{role}"]', brand.fonts[role], catalog.font_families)
    yield from too_long(f"{at}.logo_attachment", brand.logo_attachment, MAX_ATTACHMENT_NAME)


def _role_violations(field: str, given: Collection[str], known: Collection[str]) -> Iterator[Violation]:
    """One violation for all unknown roles, since each would list those that are allowed."""
    strange = sorted(set(given) - set(known))
    if strange:
        named = ", ".join(map(shown, strange[:_SHOWN_ROLES])) + (", …" if len(strange) > _SHOWN_ROLES else "")
        yield Violation(field, f"no role has the name {named}; allowed: {', '.join(known) or 'nothing'}")


def _lexicon_violations(at: str, lexicon: Mapping[str, str]) -> Iterator[Violation]:
    if len(lexicon) > MAX_LEXICON_ENTRIES:
        yield Violation(at, f"{len(lexicon)} entries were given; at most {MAX_LEXICON_ENTRIES} are allowed")
    for word, spoken in lexicon.items():
        if not word.strip() or not spoken.strip() or len(word) > 100 or len(spoken) > 300:
            yield Violation(f"{at}[{shown(word)}]", "a word has 1 to 100 characters, how it is said 1 to 300")
