"""Signs of Unicode that a formula may have in it, and how TeX calls them."""

_GREEK = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi o pi rho varsigma sigma tau upsilon "
    "varphi chi psi omega"
)
_CAPITALS = {
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon",
    "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega", "ϕ": "phi", "ϵ": "epsilon", "ϑ": "vartheta", "ϱ": "varrho",
}  # fmt: skip
_SIGNS = {
    "×": "times", "÷": "div", "·": "cdot", "⋅": "cdot", "±": "pm", "∓": "mp", "−": "relax-", "∗": "ast", "∘": "circ",
    "≤": "leq", "≥": "geq", "≠": "neq", "≈": "approx", "≡": "equiv", "∼": "sim", "≪": "ll", "≫": "gg", "∝": "propto",
    "→": "to", "←": "leftarrow", "↔": "leftrightarrow", "⇒": "Rightarrow", "⇐": "Leftarrow", "⇔": "Leftrightarrow",
    "↦": "mapsto", "∞": "infty", "∂": "partial", "∇": "nabla", "∑": "sum", "∏": "prod", "∫": "int", "√": "surd",
    "∈": "in", "∉": "notin", "⊂": "subset", "⊆": "subseteq", "∪": "cup", "∩": "cap", "∅": "emptyset", "∀": "forall",
    "∃": "exists", "¬": "neg", "∧": "wedge", "∨": "vee", "⊕": "oplus", "⊗": "otimes", "⊤": "top", "⊥": "perp",
    "ℝ": "mathbb{R}", "ℕ": "mathbb{N}", "ℤ": "mathbb{Z}", "ℚ": "mathbb{Q}", "ℂ": "mathbb{C}", "ℏ": "hbar", "ℓ": "ell",
    "…": "dots", "⋯": "cdots", "⟨": "langle", "⟩": "rangle", "′": "prime", "°": "relax{}^{\\circ}", "²": "relax{}^2",
    "³": "relax{}^3", "¹": "relax{}^1",
}  # fmt: skip
_LETTERS = {chr(ord("α") + place): name for place, name in enumerate(_GREEK.split())} | _CAPITALS | _SIGNS


def declared_letters(latex: str) -> str:
    """The declarations of the signs that occur in a formula."""
    used = [sign for sign in _LETTERS if sign in latex]
    return (
        "".join(rf"\DeclareUnicodeCharacter{{{ord(sign):04X}}}{{\ensuremath{{\{_LETTERS[sign]}}}}}" for sign in used)
        + "\n"
    )
