"""Technical notation as it is said: versions, addresses, sizes, paths, identifiers, complexities, status codes.

Each rule writes out one kind of token and leaves the rest of the text alone. They run in order, the more special one
before the more general one. Numbers stay in digits wherever the engine reads those as they are meant.
"""

import re
from collections.abc import Callable

from kinescribe_server.speech.marks import MARKS

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

# What stands before a number with one dot that is a version: "Python 3.11" is not "three point one one".
_VERSIONED = (
    "version|release|python|ubuntu|fedora|java|kotlin|swift|rust|ruby|php|perl|scala|node|deno|django|kubernetes|"
    "postgres|postgresql|mysql|redis|valkey|kernel|linux|android|ios|macos|windows|gcc|clang|cmake|numpy|pytorch|"
    "tensorflow|cuda|opengl|vulkan|terraform|ansible|docker|git|grpc|protobuf|openssl|tls|http|bluetooth|usb|pcie"
)
_EXTENSIONS = {
    "py": "P Y", "js": "J S", "ts": "T S", "tsx": "T S X", "jsx": "J S X", "rs": "R S", "md": "M D", "rb": "R B",
    "sh": "S H", "cs": "C S", "kt": "K T", "cpp": "C P P", "gz": "G Z", "txt": "text", "jpg": "jay peg", "tf": "T F",
    "jpeg": "jay peg", "db": "D B", "so": "S O", "mp4": "M P 4", "mp3": "M P 3", "htm": "H T M", "ps1": "P S 1",
}  # fmt: skip
_PATH_PARTS = {
    "etc": "E T C",
    "usr": "user",
    "src": "source",
    "lib": "lib",
    "tmp": "temp",
    "proc": "proc",
    "~": "tilde",
}
_UNITS = {
    "ns": "nanosecond", "µs": "microsecond", "us": "microsecond", "KiB": "kibibyte", "MiB": "mebibyte",
    "GiB": "gibibyte", "TiB": "tebibyte", "PB": "petabyte", "kbit": "kilobit", "Mbit": "megabit", "Gbit": "gigabit",
    "Tbit": "terabit", "req": "request", "px": "pixel", "dB": "decibel", "QPS": "query per second", "V": "volt",
    "W": "watt",
}  # fmt: skip
_LENGTHS = {"mm": "millimeters", "cm": "centimeters", "m": "meters", "km": "kilometers", "ft": "feet", "mi": "miles"}
_ABBREVIATED = {
    "vs": "versus", "eq": "equation", "eqs": "equations", "sec": "section", "ch": "chapter", "vol": "volume",
    "p": "page",
}  # fmt: skip
_DAYS = dict(
    zip(
        "Mon Tue Wed Thu Fri Sat Sun".split(),
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
        strict=True,
    )
)
_PER = {"s": "second", "sec": "second", "ms": "millisecond", "min": "minute", "h": "hour", "day": "day"}
_NAMED_BITS = {"kbps": "kilobits per second", "Tbps": "terabits per second", "rpm": "revolutions per minute"}
_LARGE = {"k": "thousand", "M": "million", "B": "billion"}
_DAY = "|".join(_DAYS)
_COMPARED = {"<": "less", ">": "greater"}
_POWERS = {"2": "squared", "3": "cubed"}

_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_STATUS_BEFORE = r"(?:HTTP|HTTPS|status|status code|code|error|errors)"
_STATUS_AFTER = (
    r"(?:error|errors|response|responses|status|OK|Created|Accepted|No Content|Moved|Found|Not Modified|Bad Request|"
    r"Unauthorized|Forbidden|Not Found|Conflict|Gone|Too Many|Internal Server|Bad Gateway|Service Un|Gateway)"
)


def _digits(text: str) -> str:
    return " ".join(text.upper())


def _three_digits(text: str) -> str:
    """A number of three digits as codes are read: 404 is "four oh four", 429 "four twenty nine", 500 five hundred."""
    if len(text) != 3 or text[1:] == "00" or text[0] == "0":
        return text
    return f"{text[0]} oh {text[2]}" if text[1] == "0" else f"{text[0]} {text[1:]}"


def _version(text: str) -> str:
    """The parts of a version as whole numbers: 3.11 is "three point eleven", 24.04 "twenty four oh four"."""
    first, *rest = text.split(".")
    said = [f"oh {part[1:]}" if len(part) == 2 and part[0] == "0" else f"point {int(part)}" for part in rest]
    return " ".join([first, *said])


def _address(match: re.Match[str]) -> str:
    said = " dot ".join(map(_three_digits, match["address"].split(".")))
    if match["port"]:
        said += f" port {_three_digits(match['port'])}"
    return said + (f" slash {match['prefix']}" if match["prefix"] else "")


def _power(match: re.Match[str]) -> str:
    exponent = match["exponent"].strip("{}()")
    if exponent in _POWERS and not match["base"].isdigit():
        return f"{match['base']} {_POWERS[exponent]}"
    return f"{match['base']} to the {exponent.replace('-', 'minus ').replace('−', 'minus ')}"


def _scientific(match: re.Match[str]) -> str:
    return f"{match[1]} times 10 to the {'minus ' if match[2] == '-' else ''}{match[3]}"


def _european_date(match: re.Match[str]) -> str:
    return f"{match[3]}-{match[2]:0>2}-{match[1]:0>2}"


def _counted(number: str, noun: str) -> str:
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"


def _hours(match: re.Match[str]) -> str:
    hours = _counted(match[1], "hour")
    return f"{hours} {_counted(match[2], 'minute')}" if match[2] else hours


def _seconds(match: re.Match[str]) -> str:
    return _counted(match[1], "second")


def _area(match: re.Match[str]) -> str:
    return f" {'square' if match[2] in {'²', '^2'} else 'cubic'} {_LENGTHS[match[1]]}"


def _abbreviated(match: re.Match[str]) -> str:
    return _ABBREVIATED[(match[1] or match[2]).lower()]


def _unit(match: re.Match[str]) -> str:
    unit = _UNITS[match["unit"]]
    head, _, tail = unit.partition(" ")
    plural = "queries" if head == "query" else f"{head}s"
    return f"{match['number']} {head if match['number'] == '1' else plural} {tail}".rstrip()


def _complexity(match: re.Match[str]) -> str:
    return f"{match[1]} of {match[2].replace('·', ' times ').replace('*', ' times ')}"


def _path(match: re.Match[str]) -> str:
    parts = [_PATH_PARTS.get(part, part) for part in match.group().rstrip("/").split("/")]
    return " slash ".join(parts).replace("slash .", "slash dot ")


def _web_address(match: re.Match[str]) -> str:
    """The host and the path: nobody listens to a query."""
    return re.split(r"[?#]", match["rest"])[0].rstrip("/.,").replace("/", " slash ")


def _constant(match: re.Match[str]) -> str:
    words = match.group().split("_")
    return " ".join(word.lower() if len(word) > 3 and set(word) & set("AEIOUY") else word for word in words)


_RULES: tuple[Rule, ...] = (
    # Web addresses, paths and files
    (re.compile(r"\bhttps?://(?:www\.)?(?P<rest>[^\s<>\"']+)"), _web_address),
    (re.compile(r"(?<![\w.])www\.(?=\w)"), ""),
    (re.compile(rf"(?<![\w/{MARKS}.])(?:~|\.{{1,2}})?(?:/[\w.\-{MARKS}]*[\w{MARKS}])+/?"), _path),
    (re.compile(r"(?<![\w/.])[A-Za-z_][\w\-]*(?:/[\w\-]+)+(?=\.[a-z]{1,4}\b)"), _path),
    (
        re.compile(rf"(?<![.)])\.({'|'.join(_EXTENSIONS)})(?![\w{MARKS}]|\.\w)"),
        lambda match: f" dot {_EXTENSIONS[match[1]]}",
    ),
    (re.compile(rf"(?<![\w.){MARKS}])\.(?=[a-z{MARKS}][a-z])|(?<![\w.){MARKS}])\.(?=[{MARKS}])"), " dot "),
    # Dates and times
    (re.compile(r"(?<![\d./])(\d{4})/(\d\d)/(\d\d)(?![\d/])"), r"\1-\2-\3"),
    (re.compile(r"(?<![\d.])(\d{1,2})\.(0?[1-9]|1[0-2])\.((?:19|20)\d\d)(?![\d]|\.\d)"), _european_date),
    (re.compile(rf"\b({_DAY})\s?[-–]\s?({_DAY})\b"), lambda match: f"{_DAYS[match[1]]} to {_DAYS[match[2]]}"),
    (re.compile(r"(?<=[ap]\.m\.)\s?[-–]\s?(?=\d)"), " to "),
    (re.compile(r"(?<![\w.$])(\d+(?:\.\d+)?)h\b(?: (\d+)m\b)?"), _hours),
    # "the 90s" and "100s of users" are no seconds, and "1s and 0s" are digits.
    (re.compile(r"(?<![\w.$'])(\d+\.\d+|\d{0,3}[1-9])s\b(?!'| (?:and|or) \d+s\b)"), _seconds),
    (
        re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(Z?)"),
        lambda match: f"{match[1]} {match[2]}{' UTC' if match[3] else ''}",
    ),
    (re.compile(r"(?<![\d:.])(\d{1,2}):(\d)(?![\d:])"), r"\1 to \2"),
    # Addresses and ports
    (
        re.compile(
            r"(?<![\d.])(?P<address>\d{1,3}(?:\.\d{1,3}){3})(?::(?P<port>\d{1,5}))?(?:/(?P<prefix>\d{1,2}))?(?![\d.]*\d)"
        ),
        _address,
    ),
    (re.compile(rf"(?:(?<=[{MARKS}]):(?=\d{{2,5}}\b(?!:))|(?<=[A-Za-z]):(?=\d{{4,5}}\b(?![:-])))"), " port "),
    (re.compile(r"(?i)(?<=\bport )(\d{3})\b"), lambda match: _three_digits(match[1])),
    # Numbers of other bases
    (re.compile(r"\b0[xX]([0-9A-Fa-f]+)\b"), lambda match: f"hex {_digits(match[1])}"),
    (re.compile(r"\b0[bB]([01]+)\b"), lambda match: f"binary {_digits(match[1])}"),
    (re.compile(r"(?<!\w)#(?=\d*[A-Fa-f])([0-9A-Fa-f]{6})\b"), lambda match: f"hex {_digits(match[1])}"),
    # Status codes
    (re.compile(rf"(\b{_STATUS_BEFORE} )([1-5]\d\d)\b(?!\.\d)"), lambda match: match[1] + _three_digits(match[2])),
    (re.compile(rf"(?<![\w.,$])([1-5]\d\d)(?= {_STATUS_AFTER})"), lambda match: _three_digits(match[1])),
    # Versions
    (re.compile(r"\b[vV](\d+(?:\.\d+)*)(?![\w])"), lambda match: f"version {_version(match[1])}"),
    (re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}(?![\d.]*\d)"), lambda match: _version(match.group())),
    (
        re.compile(rf"(?i)(\b(?:{_VERSIONED}|[{MARKS}]) )(\d{{1,2}}\.\d\d)\b(?!\.|%| ?(?:percent|times|seconds?|ms))"),
        lambda match: match[1] + _version(match[2]),
    ),
    (re.compile(r"\b(HTTPS?)/(\d\.\d)\b"), lambda match: f"{match[1]} {_version(match[2])}"),
    # Abbreviations whose stop would end a sentence
    (re.compile(r"\b(vs)\.(?=\s)|\b(Eqs?|eqs?|Sec|sec|Ch|ch|Vol|vol|p)\.(?=\s?\(?\d)"), _abbreviated),
    (re.compile(r"\b(etc|al)\.(?=\s+[a-z(])"), r"\1"),
    (re.compile(r"(?<=\d)-rc\.?(?=\d)"), " RC "),
    (re.compile(r"\bES(?=\d)"), "E S "),
    # Complexities, powers, sizes
    (re.compile(rf"(?<=\d)\s?({'|'.join(_LENGTHS)})([²³]|\^[23]\b)"), _area),
    (re.compile(r"(?<=\d)\s?m/s(?:²|\^2\b)"), " meters per second squared"),
    (re.compile(r"(?<![\w.])(\d)['′](\d{1,2})[\"″]"), r"\1 foot \2"),
    (re.compile(r"(?<=\d) (?=[1-9]/[2-9]\b)|(?<=\d)(?=[½¼¾])"), " and "),
    (re.compile(r"(?<![\w<>=-])([<>])\s?(?=[$£€]?\d)"), lambda match: f"{_COMPARED[match[1]]} than "),
    (re.compile(r"\b(O|theta|omega)\s?\(([^()]{1,40})\)"), _complexity),
    (re.compile(r"(?P<base>\w+)\^(?P<exponent>[-−]?\w+|\{[-−]?\w+\}|\([-−]?\w+\))"), _power),
    (re.compile(r"\b(\d+(?:\.\d+)?)[eE]([+-]?)(\d+)\b"), _scientific),
    (re.compile(r"(?<=\d)\s?([x×])(?![\w×])(?!\s*\d)"), " times"),
    (re.compile(r"(?<!\w)~\s?(?=[$£€]?\d)"), "about "),
    (re.compile(r"(?<![\w.$£€])(\d+(?:\.\d+)?)(k|M|B)\b(?!/)"), lambda match: f"{match[1]} {_LARGE[match[2]]}"),
    (re.compile(rf"(?<=\d)(\s?[A-Za-zµ]+)/({'|'.join(_PER)})\b"), lambda match: f"{match[1]} per {_PER[match[2]]}"),
    (re.compile(rf"(?<![\w.])(?P<number>{_NUMBER})\s?(?P<unit>{'|'.join(_UNITS)})(?!\w)"), _unit),
    (re.compile(rf"(?<=\d)\s?({'|'.join(_NAMED_BITS)})\b"), lambda match: f" {_NAMED_BITS[match[1]]}"),
    # Ranges
    (re.compile(r"([$£€])(\d[\d.,]*)\s?[-–]\s?(?=\d)"), r"\2 to \1"),
    (re.compile(r"(?<=[\d%])\s?–\s?(?=[$£€]?\d)"), " to "),
    (re.compile(r"(?<![\w.-])(\d+(?:\.\d+)?)-(?=\d+(?:\.\d+)?\s?%)"), r"\1 to "),
    # Identifiers
    (re.compile(r"\b__(\w+?)__\b"), r"dunder \1"),
    (re.compile(r"\bstd::"), "standard "),
    (re.compile(r"::"), " "),
    (re.compile(r"(?<=\w)\(\)"), ""),
    (re.compile(r"\$(?=[A-Z_]{2})"), "dollar "),
    (re.compile(r"(?<![\w-])--(?=[a-z])"), "dash dash "),
    (re.compile(r"(?<![\w-])-(?=[A-Za-z]\b)"), "dash "),
    (re.compile(r"\b[A-Z0-9]+(?:_[A-Z0-9]+)+\b"), _constant),
    (re.compile(r"(?:_id|(?<=[a-z])Id)(?=s?\b|[A-Z_])"), " ID"),
    (re.compile(r"(?<=[a-z]{2})(?<!\bMc)(?<!\bMac)(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})"), " "),
    (re.compile(r"(?<=[A-Za-z0-9])_+(?=[A-Za-z0-9])"), " "),
)


def technical(text: str) -> str:
    """The text with its technical notation written out."""
    for pattern, said in _RULES:
        text = pattern.sub(said, text)
    return text
