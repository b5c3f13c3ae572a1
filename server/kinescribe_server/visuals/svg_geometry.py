"""Where the parts of a drawing are: transforms and boxes of SVG elements (SVG 2, chapters 8 to 10)."""

import math
import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

from kinescribe_server.visuals.svg_styles import SVG

# x' = a x + c y + e, y' = b x + d y + f
Matrix = tuple[float, float, float, float, float, float]
# left, top, right, bottom
Box = tuple[float, float, float, float]
Point = tuple[float, float]

IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TRANSFORM = re.compile(r"(\w+)\s*\(([^)]*)\)")
_COMMAND = re.compile(r"([MLHVCSQTAZmlhvcsqtaz])([^MLHVCSQTAZmlhvcsqtaz]*)")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7}


def numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


def number(element: ET.Element, name: str) -> float:
    found = numbers(element.get(name, ""))
    return found[0] if found else 0.0


def joined(outer: Matrix, inner: Matrix) -> Matrix:
    a, b, c, d, e, f = outer
    g, h, i, j, k, m = inner
    return (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * m + e, b * k + d * m + f)


def moved(matrix: Matrix, point: Point) -> Point:
    a, b, c, d, e, f = matrix
    x, y = point
    return (a * x + c * y + e, b * x + d * y + f)


def own_matrix(element: ET.Element) -> Matrix:
    """What the element's `transform` does; for a nested <svg>, where it is placed."""
    matrix = IDENTITY
    for name, arguments in _TRANSFORM.findall(element.get("transform", "")):
        matrix = joined(matrix, _transform(name, numbers(arguments)))
    if element.tag == f"{SVG}svg":
        matrix = joined(matrix, (1, 0, 0, 1, number(element, "x"), number(element, "y")))
    return matrix


def _transform(name: str, given: list[float]) -> Matrix:
    matrix = IDENTITY
    match name, given:
        case "translate", [x, *rest]:
            matrix = (1, 0, 0, 1, x, rest[0] if rest else 0)
        case "scale", [x, *rest]:
            matrix = (x, 0, 0, rest[0] if rest else x, 0, 0)
        case "rotate", [degrees, *centre]:
            cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
            x, y = centre if len(centre) == 2 else (0, 0)
            matrix = joined(joined((1, 0, 0, 1, x, y), (cos, sin, -sin, cos, 0, 0)), (1, 0, 0, 1, -x, -y))
        case "matrix", [a, b, c, d, e, f]:
            matrix = (a, b, c, d, e, f)
    return matrix


def around(points: list[Point]) -> Box | None:
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return (min(xs), min(ys), max(xs), max(ys))


def distance(box: Box, point: Point) -> float:
    """How far a point is from a box; 0 within it."""
    x, y = point
    return math.hypot(max(box[0] - x, 0, x - box[2]), max(box[1] - y, 0, y - box[3]))


def contains(box: Box, other: Box) -> bool:
    """Whether the middle of the other box lies in the box."""
    return distance(box, ((other[0] + other[2]) / 2, (other[1] + other[3]) / 2)) == 0


def shape_points(element: ET.Element, matrix: Matrix) -> list[Point]:
    """The corners, ends and control points of one shape."""
    name = element.tag.removeprefix(SVG)
    if name == "path":
        return [moved(matrix, point) for point in path_points(element.get("d", ""))]
    if name in {"polygon", "polyline"}:
        flat = numbers(element.get("points", ""))
        return [moved(matrix, point) for point in zip(flat[::2], flat[1::2], strict=False)]
    given = {key: number(element, key) for key in ("x", "y", "width", "height", "cx", "cy", "r", "rx", "ry")}
    match name:
        case "rect":
            corners = _corners(given["x"], given["y"], given["width"], given["height"])
        case "circle":
            corners = _round(given, given["r"], given["r"])
        case "ellipse":
            corners = _round(given, given["rx"], given["ry"])
        case "line":
            corners = [(number(element, "x1"), number(element, "y1")), (number(element, "x2"), number(element, "y2"))]
        case _:
            corners = []
    return [moved(matrix, corner) for corner in corners]


def _corners(x: float, y: float, width: float, height: float) -> list[Point]:
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def _round(given: Mapping[str, float], rx: float, ry: float) -> list[Point]:
    return _corners(given["cx"] - rx, given["cy"] - ry, 2 * rx, 2 * ry)


def path_points(d: str) -> list[Point]:
    """The points of a path in order, control points too; of an arc its ends."""
    points: list[Point] = []
    here: Point = (0, 0)
    start: Point = (0, 0)
    for command, text in _COMMAND.findall(d):
        if command in "Zz":
            here = start
            continue
        for group in _groups(numbers(text), _ARGUMENTS[command.upper()]):
            new = _absolute(command, group, here)
            points.extend(new)
            here = new[-1]
            if command in "Mm":
                start = here
    return points


def _groups(given: list[float], size: int) -> Iterator[list[float]]:
    for index in range(0, len(given) - size + 1, size):
        yield given[index : index + size]


def _absolute(command: str, given: list[float], here: Point) -> list[Point]:
    x, y = here if command.islower() else (0.0, 0.0)
    match command.upper():
        case "H":
            return [(x + given[0], here[1])]
        case "V":
            return [(here[0], y + given[0])]
        case "A":
            return [(x + given[5], y + given[6])]
        case _:
            return [(x + given[index], y + given[index + 1]) for index in range(0, len(given), 2)]
