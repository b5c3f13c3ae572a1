"""Slides of every kind and size, from text of many scripts."""

from hypothesis import strategies as st

from kinescribe_server.script.model import (
    Block,
    Bullet,
    BulletList,
    Columns,
    Image,
    Paragraph,
    Quote,
    SimpleBlock,
    Slide,
    Table,
    TableRow,
)

_WORDS = (
    "an index keeps the small promise: what you look for is near; Straße, naïve, coöperation; "
    "Ελληνικά Кириллица 日本語のテキスト。 中文文本 한국어 العربية עברית हिन्दी বাংলা தமிழ் ไทย ქართული հայերեն አማርኛ "
    "🚀 ✅ 👩‍👩‍👧 $3.00 1,234.5 #let *bold* \\input{x} <b> https://example.com/a/very/long/path?with=queries&and=more "
    "Donaudampfschifffahrtsgesellschaftskapitänsmütze W̷̢ \u202eabc a\u0301\u0301 \u2003 x"
).split(" ")

text = st.lists(st.sampled_from(_WORDS) | st.text(max_size=8), max_size=14).map(" ".join)
long_text = st.lists(st.sampled_from(_WORDS), min_size=30, max_size=160).map(" ".join)
paragraphs = st.builds(Paragraph, text | long_text)
bullets = st.builds(
    BulletList,
    st.lists(st.builds(Bullet, text, st.integers(-1, 3)), max_size=9).map(tuple),
    st.booleans(),
)
quotes = st.builds(Quote, text, text)
images = st.builds(Image, st.sampled_from(("photo", "tall", "absent")), text)


@st.composite
def _tables(draw: st.DrawFn) -> Table:
    columns, rows = draw(st.integers(0, 9)), draw(st.integers(0, 14))
    cells = st.lists(text.map(lambda given: given[:60]), min_size=max(columns - 1, 0), max_size=columns).map(tuple)
    return Table(draw(cells), tuple(TableRow(draw(cells)) for _ in range(rows)))


tables = _tables()
simple_blocks: st.SearchStrategy[SimpleBlock] = st.one_of(paragraphs, bullets, quotes, images, tables)
columns = st.builds(
    Columns,
    st.lists(simple_blocks, max_size=3).map(tuple),
    st.lists(simple_blocks, max_size=3).map(tuple),
)
blocks: st.SearchStrategy[Block] = st.one_of(simple_blocks, columns)


def _has_few_pictures(slide: Slide) -> bool:
    """A slide refuses more than six."""
    return repr(slide).count("Image(") <= 6


slides = st.builds(
    Slide,
    text,
    text,
    st.lists(blocks, max_size=4).map(tuple),
    st.sampled_from(("unspecified", "content", "title", "section", "closing")),
).filter(_has_few_pictures)
