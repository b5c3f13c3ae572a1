"""Whether a text has to be translated, and what is said where it cannot be. Imports nothing of the model's."""

from kinescribe_server.engine.protocol import Notice

# Both written forms of Norwegian, whose texts are recognised as just that.
_NORWEGIAN = frozenset({"nb", "nn"})


def language_of(tag: str) -> str:
    """The language of a BCP 47 tag, without script and region."""
    language = tag.split("-", maxsplit=1)[0].lower()
    return "no" if language in _NORWEGIAN else language


def differs(found: str, wanted: str) -> bool:
    """Whether a text in one language has to be translated for another; what is not known is left as it is."""
    return bool(found and wanted) and language_of(found) != language_of(wanted)


def untranslated(found: str, wanted: str) -> tuple[Notice, ...]:
    """What the user should know of a text that nothing here translates: nothing where it need not be."""
    if not differs(found, wanted):
        return ()
    message = (
        f'the text is in the language "{found}" and "{wanted}" was asked for; nothing here could translate it '
        "(LLM_BASE_URL and LLM_MODEL name a language model), so its words stay as they are"
    )
    return (Notice("TRANSLATION_UNAVAILABLE", message),)
