"""How an English teacher says a formula: what its signs mean, and pauses where its brackets are.

The names follow ClearSpeak, the Speech Rule Engine's rules for the classroom. Where two formulas would sound alike, a
pause (a comma), "the quantity" or "all over" tells them apart.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from kinescribe_server.script.narration.formulas import words
from kinescribe_server.script.narration.formulas.brackets import is_concentration, quantity, say_group, say_table
from kinescribe_server.script.narration.formulas.letters import Letters, find_letters, is_expectation
from kinescribe_server.script.narration.formulas.nodes import (
    is_fraction,
    is_in_brackets,
    is_integral,
    is_matrix,
    is_simple,
    is_sum,
    items,
    split,
    written,
)
from kinescribe_server.script.narration.formulas.shapes import Derivative, derivative
from kinescribe_server.script.narration.formulas.signs import TIMES, UnsayableError, say_sign
from kinescribe_server.script.narration.formulas.terms import Term, behind, joined
from kinescribe_server.script.narration.formulas.tree import Node, core, name, symbol
from kinescribe_server.script.narration.phrases import listed

# The number of an equation.
_TAG = re.compile(r"\(\S{1,8}\)")


def say_tree(tree: Node, *, chemical: bool) -> str:
    """The words of a formula given as mathra's tree; elements are spelled in a `chemical` one. Raises UnsayableError
    where they would not tell what it says."""
    whole = items(tree)
    return _Speaker(find_letters(whole), chemical).say(whole, side=True)


class _Speaker:
    def __init__(self, letters: Letters, chemical: bool) -> None:
        self._letters = letters
        self._chemical = chemical

    def say(self, nodes: Sequence[Node], *, side: bool = False, inner: bool = False, bar: str = "divides") -> str:
        """Implements Say."""
        return joined(self._terms(nodes, side=side, inner=inner, bar=bar), side=side)

    def _inside(self, node: Node) -> str:
        return self.say(items(node), inner=True)

    def _terms(self, nodes: Sequence[Node], *, side: bool = False, inner: bool = False, bar: str = "") -> list[Term]:
        terms: list[Term] = []
        place = 0
        while place < len(nodes):
            node = nodes[place]
            if said := words.BEHIND.get(symbol(node)) if terms and terms[-1].kind == "operand" else None:
                terms[-1] = behind(terms[-1], said)
                taken = 1
            elif symbol(node) and symbol(node) != "∇":
                term, taken = say_sign(nodes, place, inner=inner, bar=bar, chemical=self._chemical)
                terms.append(term)
            else:
                starts = side and (not terms or terms[-1].kind == "relation")
                term, taken = self._term(nodes, place, starts=starts)
                terms.append(term)
            place += taken
        return [term for term in terms if term.text]

    def _term(self, nodes: Sequence[Node], place: int, *, starts: bool) -> tuple[Term, int]:  # noqa: PLR0911
        """The term that begins at a place, and how many nodes it takes."""
        node, base = nodes[place], core(nodes[place])
        following = nodes[place + 1] if place + 1 < len(nodes) else None
        if symbol(base) == "∇" and following:
            return self._nabla(nodes, place)
        if base["type"] == "large-operator":
            return Term(f"{words.LARGE.get(base['symbol'], 'the sum')}{self._range(node)} of", "prefix"), 1
        if base["type"] == "stacked" and symbol(base["base"]):
            return Term(words.RELATIONS.get(symbol(base["base"]), ""), "relation"), 1
        if base["type"] == "stacked" or name(node) in words.LIMITS or name(node) == "arg":
            return self._limit(nodes, place)
        if following and self._letters.applies(node, following):
            return self._application(node, following), 2
        if base["type"] in {"function", "word"} and name(node) in words.FUNCTIONS:
            return self._function(nodes, place)
        if name(node) == "d" and following and name(following) and any(map(is_integral, nodes[:place])):
            said = f"d {self._operand(following).text}"
            return (Term(said) if place and symbol(nodes[place - 1]) else Term(f", {said}", "pause")), 2
        return self._operand(node, starts=starts), 1

    def _nabla(self, nodes: Sequence[Node], place: int) -> tuple[Term, int]:
        """The gradient, the divergence, the curl, and (with a raised 2) the Laplacian of what follows."""
        node, sign = nodes[place], symbol(nodes[place + 1])
        sub, sup = (node.get("sub"), node.get("sup")) if node["type"] == "scripts" else (None, None)
        taken = 2 if sign in TIMES and place + 2 < len(nodes) else 1
        of, at = nodes[place + taken], nodes[place + taken + 1 : place + taken + 2]
        kind = ("curl" if sign == "×" else "divergence") if taken > 1 else "gradient"
        kind = "Laplacian" if written(sup) == "2" else kind
        if symbol(of):
            return Term(f"the {kind}", heavy=True), taken
        said = f"the {kind} of {self._operand(of).text}"
        said += f" with respect to {self._inside(sub)}" if sub else ""
        if name(of) and at and is_in_brackets(at[0]):
            said += f"{',' if sub else ''} at {self._arguments(at[0])}"
            taken += 1
        return Term(said, heavy=True, open=True), taken + 1

    # What is applied to something

    def _range(self, node: Node) -> str:
        """' from i equals 1 to n', ' over i in S'."""
        below = self._inside(node["sub"]) if "sub" in node else ""
        above = f" to {self._inside(node['sup'])}" if "sup" in node else ""
        if not below:
            return above
        return f" {'from' if above or ' equals ' in below else 'over'} {below}{above}"

    def _limit(self, nodes: Sequence[Node], place: int) -> tuple[Term, int]:
        """'the limit as x approaches 0 of', 'the arg max over a of'."""
        node, taken = nodes[place], 1
        key = name(node)
        if key == "arg" and name(nodes[place + 1] if place + 1 < len(nodes) else None) in {"max", "min"}:
            node, taken = nodes[place + 1], 2
            key += name(node)
        base = core(node)
        below = node.get("sub") or base.get("below")
        if base["type"] == "stacked":
            key = "".join(map(name, items(base["base"])))
        if key not in words.LIMITS:
            return Term(self._inside(base["base"] if base["type"] == "stacked" else base)), taken
        said = f"the {words.LIMITS[key]}"
        if below:
            under = self._inside(below)
            said += f" as {under.replace('goes to', 'approaches')}" if "lim" in key else f" over {under}"
        following = nodes[place + taken : place + taken + 1]
        if following and is_in_brackets(following[0]) and not is_sum(core(following[0])["items"]):
            return self._powered(f"{said} of {self._arguments(following[0])}", following[0]), taken + 1
        return Term(f"{said} of", "prefix"), taken

    def _function(self, nodes: Sequence[Node], place: int) -> tuple[Term, int]:
        """'sine squared theta', 'the natural log of x', 'log base 2 of n'."""
        node, key = nodes[place], name(nodes[place])
        head, is_short = words.FUNCTIONS[key], key in words.SHORT_FUNCTIONS
        base = f" {'base' if key in {'log', 'lg'} else 'sub'} {self._inside(node['sub'])}" if "sub" in node else ""
        if "sup" in node:
            head = f"inverse {head}" if written(node["sup"]) == "−1" else f"{head} {self._power(node['sup']).text}"
        full = f"{head}{base}" if is_short and base else f"the {head}{base}"
        arguments = nodes[place + 1 : place + 2]
        if arguments and is_in_brackets(arguments[0]) and not is_concentration(arguments[0]):
            return self._powered(f"{full} {self._of(key, arguments[0])}", arguments[0]), 2
        end = place + 1
        while (
            end < len(nodes)
            and (is_simple(nodes[end]) or is_concentration(nodes[end]))
            and name(nodes[end]) not in words.FUNCTIONS
        ):
            end += 2 if end + 1 < len(nodes) and self._letters.applies(nodes[end], nodes[end + 1]) else 1
        if end == place + 1:
            return Term(f"{full} of" if end < len(nodes) else head, "prefix" if end < len(nodes) else "operand"), 1
        said = self.say(nodes[place + 1 : end])
        if is_short and not base and end == place + 2 and not ("," in said or " of " in said):
            return Term(f"{head} {said}"), end - place
        return Term(f"{full} of {said}", heavy=True, open=True), end - place

    def _application(self, node: Node, brackets: Node) -> Term:
        """'f of x', 'P of A given B', 'the expected value, over x drawn from p, of f of x'."""
        if is_expectation(node, brackets):
            over = f", over {self._inside(node['sub'])}," if "sub" in node else ""
            return self._powered(f"the expected value{over} of {self._arguments(brackets)}", brackets)
        of = self._of(name(node), brackets)
        head = "the probability" if of.startswith("that ") else self._operand(node).text
        return self._powered(f"{head} {of}", brackets)

    def _of(self, key: str, brackets: Node) -> str:
        """'of x and y'; 'that X is at least a' for a probability."""
        stated = [symbol(one) for one in core(brackets)["items"] if symbol(one) != "∣"]
        is_statement = key in {"P", "Pr"} and any(sign in words.RELATIONS for sign in stated)
        return f"{'that' if is_statement else 'of'} {self._arguments(brackets)}"

    def _arguments(self, brackets: Node) -> str:
        """What stands in brackets, as a list."""
        parts = [self.say(part, bar="given") for part in split(core(brackets)["items"], ",;")]
        return listed(parts or ["nothing"])

    def _powered(self, said: str, brackets: Node) -> Term:
        """An application; the scripts of its brackets are its own."""
        if "sub" in brackets:
            said = f"{said}, sub {self._inside(brackets['sub'])}"
        if "sup" in brackets:
            power = self._power(brackets["sup"]).text
            whole = {"squared": "the square of", "cubed": "the cube of"}.get(power)
            said = f"{whole} {said}" if whole else f"{said}, {power}"
        return Term(said, heavy=True, open=True)

    # Operands

    def _operand(self, node: Node, *, starts: bool = False) -> Term:  # noqa: PLR0911, PLR0912 -- one for each kind
        match node["type"]:
            case "number":
                return Term(str(node["value"]))
            case "identifier" | "function" | "word":
                return Term(self._letters.said(node))
            case "unit-phrase":
                return Term(str(node["name"]), "behind")
            case "text" if "parts" in node:
                return Term(self._inside(node))
            case "text":
                text = " ".join(str(node["value"]).split())
                if _TAG.fullmatch(text):
                    return Term("")
                return Term(" ".join(text.upper())) if self._chemical else Term(text, "text")
            case "scripts":
                return self._scripts(node)
            case "fraction":
                return self._fraction(node, starts=starts)
            case "root":
                index = written(node.get("index")) or "2"
                said = f"the {words.ROOTS.get(index, f'{index}-th')} root of {self.say(items(node['radicand']))}"
                return Term(said, heavy=True, open=True)
            case "accent" if node["accent"] in words.VECTOR_ACCENTS:
                return Term(f"vector {self._inside(node['base'])}")
            case "accent":
                return Term(f"{self._inside(node['base'])} {words.ACCENTS.get(node['accent'], '')}".strip())
            case "bar":
                return Term(f"{self._inside(node['base'])} bar")
            case "brace":
                label = f", {self._inside(node['label'])}" if "label" in node else ""
                return Term(f"{self._inside(node['base'])}{label}", heavy=True, open=True)
            case "group":
                return say_group(node, self.say)
            case "table":
                return say_table(node, self.say)
            case "arrow":
                return Term("gives" if self._chemical else "goes to", "relation")
            case "operator":
                return Term(words.SIGNS.get(symbol(node), "") or words.OPERATORS.get(symbol(node), ""))
            case kind if items(node) == [node]:
                raise UnsayableError(kind)
            case _:
                return Term(self._inside(node))

    def _scripts(self, node: Node) -> Term:
        base, sub, sup = node["base"], node.get("sub"), node.get("sup")
        if not items(base):  # before its base: the numbers of an isotope
            above = [words.RAISED.get(written(sup)) or self._inside(sup)] if sup else []
            return Term(" ".join([*above, *([self._inside(sub)] if sub else [])]))
        if base["type"] == "group" and base["close"] == "|" and not base["open"]:
            return Term(f"{self.say(base['items'])}, at {self._inside(sub) if sub else ''}", heavy=True, open=True)
        if base["type"] == "group" and base["open"] in words.BRACKETS:
            norm = f"{self._inside(sub)} norm" if sub and base["open"] in "‖∥" else ""
            said = f"the {norm} of {self.say(base['items'])}" if norm else say_group(base, self.say).text
            return self._powered(said, {key: value for key, value in node.items() if not (norm and key == "sub")})
        if base.get("variant") == "double-struck":
            term = Term(str(base["name"]))
        else:
            term = quantity(base["items"], self.say) if base["type"] == "group" else self._operand(base)
        if sub:
            by_itself = self._chemical or (base.get("variant") == "upright" and written(sub).isdigit())
            term = replace(term, text=f"{term.text} {'' if by_itself else 'sub '}{self._index(sub)}")
        if sup:
            power = self._power(sup)
            if written(sup) == "−1" and (self._letters.is_applied(base) or is_matrix(base)):
                power = Term("inverse")
            elif base.get("variant") == "double-struck":
                power = Term(self._inside(sup))
            elif written(sup) == "∘" and base["type"] == "identifier":
                power = Term("naught")
            between = ", " if term.open else " "
            term = Term(f"{term.text}{between}{power.text}", heavy=term.heavy, open=power.open or term.open)
        return term

    def _index(self, sub: Node) -> str:
        """A subscript: 'i', 'i j', 't-plus-1'."""
        parts = split(items(sub))
        said = " ".join(self.say(part, inner=True) for part in parts)
        is_short = len(parts) == 1 and len(parts[0]) == 3 and symbol(parts[0][1]) in words.OPERATORS
        return said.replace(" ", "-") if is_short else said

    def _power(self, sup: Node) -> Term:
        """What is raised; it is open if what follows would seem to belong to it."""
        raised, sign = items(sup), written(sup)
        if sign in words.RAISED:
            return Term(words.RAISED[sign])
        if self._chemical and sign:
            return Term(" ".join(words.OPERATORS.get(part, part) for part in sign), open=True)
        if len(raised) == 1 and is_in_brackets(raised[0]):
            return Term(f"super {self.say(core(raised[0])['items'], inner=True)}")
        said = self.say(raised, inner=True)
        return Term(f"to the power of {said}" if is_sum(raised) else f"to the {said}", open=True)

    def _fraction(self, node: Node, *, starts: bool) -> Term:
        above, below = items(node["num"]), items(node["den"])
        if node.get("rule") is False:
            return Term(f"{self.say(above)} choose {self.say(below)}", heavy=True, open=True)
        if derived := derivative(above, below):
            return self._derivative(derived)
        if part := words.part(written(node["num"]), written(node["den"])):
            return Term(part)
        upper, lower = self._terms(above), self.say(below)
        said = joined(upper)
        if is_sum(below) or " times " in lower or any(is_fraction(one) for one in below):
            lower = f"the quantity {lower}"
        if is_sum(above):
            said = f"{said}, all over" if starts else f"the quantity {said}, over"
        else:
            said += ", over" if any(term.open for term in upper) else " over"
        return Term(f"{said} {lower}", heavy=True, open=True)

    def _derivative(self, derived: Derivative) -> Term:
        by = f"with respect to {listed([self.say(variable) for variable in derived.by])}"
        order = words.ORDERS.get(derived.order, f"{derived.order}-th ")
        said = f"the {order}{'partial ' if derived.partial else ''}derivative"
        if not derived.of:
            return Term(f"{said} {by} of", "prefix")
        return Term(f"{said} of {self.say(derived.of)} {by}", heavy=True, open=True)
