"""Prints pip constraints: each dependency of the base install at the oldest version that pyproject.toml admits."""

import re
import tomllib
from pathlib import Path


def main() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    for requirement in project["dependencies"]:
        floor = re.fullmatch(r"([A-Za-z0-9._-]+)>=([0-9.]+)(,<[0-9.]+)?", requirement)
        if floor is None:
            raise SystemExit(f"{requirement}: a dependency of the base install says name>=oldest,<next")
        print(f"{floor[1]}=={floor[2]}")


if __name__ == "__main__":
    main()
