"""Prints the part of requirements.lock that a server needs: no tests, no training extras.

Usage: python .ci/runtime_lock.py > runtime.lock; pip install --require-hashes -r runtime.lock
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Optional parts that a server has; the build backend installs Firstpass itself.
EXTRAS = ("opentelemetry",)
BACKEND = ("setuptools",)


def entries(lock: str) -> dict[str, str]:
    """The lock's entries by name, each with its hashes and its `# via` comments."""
    found = {}
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", lock)[1:]:
        found[re.split(r"[=\[ ;]", block, maxsplit=1)[0]] = block
    return found


def parents(block: str) -> set[str]:
    """Names of those that wanted an entry."""
    _, _, via = block.partition("# via")
    return {word.strip("# ") for word in via.splitlines() if word.strip("# ")}


def runtime(blocks: Mapping[str, str], wanted: set[str]) -> list[str]:
    """Names of ``wanted`` and of all that they lead to, in the lock's order."""
    reached = set(wanted)
    while True:
        more = {name for name, block in blocks.items() if parents(block) & reached} - reached
        if not more:
            return [name for name in blocks if name in reached]
        reached |= more


def main() -> None:
    """Print the entries."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *BACKEND]
    for extra in EXTRAS:
        listed += project["optional-dependencies"][extra]
    wanted = {
        re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0]).lower()
        for line in listed
    }
    blocks = entries((ROOT / "requirements.lock").read_text())
    for name in runtime(blocks, wanted):
        print(blocks[name], end="")


if __name__ == "__main__":
    main()
