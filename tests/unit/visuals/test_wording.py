import pytest

from kinescribe_server.visuals.wording import drawable, font_families, missing_glyphs

SCRIPTS = (
    "Grüße Ελλάδα Москва 日本語 中文 한국어 العربية עברית हिन्दी বাংলা தமிழ் తెలుగు ไทย ລາວ ខ្មែរ မြန်မာ ქართული հայ አማርኛ සිංහල"
)


@pytest.mark.parametrize(
    "text", ["plain", SCRIPTS, "🚀 👩‍👩‍👧 ✅️", "a\u200bb\u202ec\u2066\ufe0f\xad", "∑ → ≤ € ½ “”…", ""]
)
def test_what_the_fonts_have_needs_no_notice(text: str) -> None:
    assert missing_glyphs(text) is None
    assert drawable(text) == text


def test_characters_that_no_font_has_are_named_by_code_point() -> None:
    notice = missing_glyphs("runes ᚠ and 𒀀 and again 𒀀")

    assert notice is not None
    assert notice.reason == "GLYPH_MISSING"
    assert "U+16A0, U+12000" in notice.message
    assert drawable("ᚠ x 𒀀") == "\ufffd x \ufffd"


def test_a_notice_names_some_and_counts_the_rest() -> None:
    notice = missing_glyphs("".join(map(chr, range(0x12000, 0x12020))))

    assert notice is not None
    assert "and 20 more" in notice.message


def test_a_text_is_given_the_families_that_it_needs_and_no_more() -> None:
    assert font_families("plain text, naïve", "en") == []
    assert font_families("हिन्दी", "hi") == ["Noto Sans Devanagari"]
    assert font_families("直す", "") == ["Noto Sans CJK JP"]
    assert font_families("直", "zh-Hant-TW") == ["Noto Sans CJK TC"]
    assert font_families("🚀", "en") == ["Noto Emoji"]
