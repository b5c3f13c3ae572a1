import importlib
import subprocess
import sys
from importlib.metadata import version

import pytest

from kinescribe_server.visuals.catalog import PLACEHOLDER, VISUAL_MAKERS

ENTRIES = [entry[:3] for makers in (*VISUAL_MAKERS.values(), (PLACEHOLDER,)) for entry in makers]


@pytest.mark.parametrize(("name", "target", "distributions"), ENTRIES, ids=[entry[0] for entry in ENTRIES])
def test_a_maker_is_where_the_catalog_says(name: str, target: str, distributions: tuple[str, ...]) -> None:
    module, _, function = target.partition(":")

    assert callable(getattr(importlib.import_module(module), function))
    assert all(version(distribution) for distribution in distributions)


def test_the_catalog_and_the_themes_import_no_renderer() -> None:
    check = (
        "import sys, kinescribe_server.visuals.catalog, kinescribe_server.visuals.themes;"
        "print({'typst', 'mmdr', 'mermaid_render', 'mathra', 'PIL', 'numpy'} & set(sys.modules))"
    )

    answer = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "set()"
