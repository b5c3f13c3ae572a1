"""Slides of every kind, easy ones and hard ones, and what they are built from."""

from kinescribe_server.script.model import (
    Bullet,
    BulletList,
    Columns,
    Image,
    Paragraph,
    Quote,
    Slide,
    Table,
    TableRow,
)

WORDS = "the index keeps a small promise: what you look for is near what you said, and evaluation shows how often"


def bullets(*texts: str | Bullet, ordered: bool = False) -> BulletList:
    return BulletList(tuple(text if isinstance(text, Bullet) else Bullet(text) for text in texts), ordered)


def table(header: str, *rows: str) -> Table:
    return Table(tuple(header.split("|")), tuple(TableRow(tuple(row.split("|"))) for row in rows))


def sentence(words: int, start: int = 0) -> str:
    vocabulary = WORDS.split()
    return " ".join(vocabulary[(start + index * 7) % len(vocabulary)] for index in range(words))


COSTS = table("Model|Input|Latency", "Small|$0.10|180 ms", "Medium|$0.80|420 ms", "Large|$3.00|1.1 s")
COLUMNS = Columns(
    (Paragraph("Up"), bullets("A larger machine", "One place")), (Paragraph("Out"), bullets("More machines"))
)
SLIDES: dict[str, Slide] = {
    "section card": Slide("Part two: the write path", "What happens before the index answers", (), "section"),
    "closing card": Slide("Thanks for watching", "", (Paragraph("Next time: how it forgets"),), "closing"),
    "columns": Slide("Two ways to scale", "", (COLUMNS,)),
    "a picture that is missing": Slide(
        "A bridge", "", (Paragraph(sentence(12)), Image("bridge", "The bridge at dusk"))
    ),
    "long picture text": Slide("Missing", "", (Image("bridge", sentence(300)), COLUMNS)),
    "title card": Slide("How a vector index finds what you mean", "Approximate nearest neighbours in five minutes"),
    "title only": Slide("Questions?"),
    "three bullets": Slide(
        "Why retrieval beats memory", "", (bullets("Models forget", sentence(18), "Small is enough"),)
    ),
    "numbers": Slide("Three steps", "From commit to production", (bullets("Build", "Test", "Roll out", ordered=True),)),
    "nested": Slide("Stores", "", (bullets("Events", Bullet("One stream", 1), Bullet("Chained", 2), "Artifacts"),)),
    "table": Slide("Cost per million tokens", "", (COSTS,)),
    "quote": Slide("", "", (Quote("Simplicity is prerequisite for reliability.", "Edsger W. Dijkstra"),)),
    "paragraph": Slide("In one sentence", "", (Paragraph(sentence(20)),)),
    "everything": Slide(
        "Mixed", "All kinds", (Paragraph(sentence(9)), bullets("One", "Two"), COSTS, Quote("So.", "Me"))
    ),
    "too much": Slide(
        "Far too much",
        "",
        (Paragraph(sentence(60)), bullets(*(sentence(5 + n, n) for n in range(20))), Quote(sentence(40))),
    ),
    "giant paragraph": Slide("Giant", "", (Paragraph(sentence(600)),)),
    "giant words": Slide(
        "W" * 90, "", (bullets("https://example.com/" + "path-" * 60), table("Key|Value", f"k|{'v' * 300}"))
    ),
    "many rows": Slide(
        "Rows", "", (table("A|B|C", *(f"{sentence(2, n)}|{n}|{sentence(n % 9, n)}" for n in range(30))),)
    ),
    "many columns": Slide("Columns", "", (table("|".join(f"Column {n}" for n in range(14)), "|".join(["x y"] * 14)),)),
    "long title": Slide(sentence(60), sentence(60), (bullets("One"),)),
    "nothing": Slide(),
    "empty blocks": Slide("", "", (Table(), BulletList(()), Paragraph("  "), Quote(""))),
    "many scripts": Slide(
        "日本語 · 中文 · العربية",
        "Многоязычный",
        (
            bullets(
                "日本語のテキスト。",
                "中文文本也可以换行。",
                "한국어",
                "العربية (RTL)",
                "हिन्दी क्षत्रिय",
                "עברית",
                "ไทย",
                "🚀 ✅",
            ),
        ),
    ),
    "right to left": Slide(
        "لماذا تنسى النماذج؟", "جولة", (bullets("الحقائق تتغير", "النماذج الأصغر (8B) تكفي", ordered=True),)
    ),
    "odd characters": Slide(
        "a\x00b\ud83dc", "\u202e\x1b[31m", (Paragraph("Z" + "\u0335" * 400 + "\u2028\ufffe"), bullets("", "]x#"))
    ),
}
