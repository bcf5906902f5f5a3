"""What a version was made from: which code, which data."""

import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path

from models.registry import firstpass_version

ROOT = Path(__file__).resolve().parents[2]


def code_version(root: Path = ROOT) -> str:
    """``0.1.0+git.SHA``, with ``.dirty`` where files differ from the commit; else ``0.1.0``."""
    version = firstpass_version()
    # Installed inside somebody else's checkout, git would answer for the wrong project.
    if _git(root, "rev-parse", "--show-toplevel") != str(root):
        return version
    sha = _git(root, "rev-parse", "--short=12", "HEAD")
    if not sha:
        return version
    dirty = ".dirty" if _git(root, "status", "--porcelain", "--untracked-files=no") else ""
    return f"{version}+git.{sha}{dirty}"


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def combined_fingerprint(digests: Iterable[str]) -> str:
    """One fingerprint of many files: the same whatever their names, order and repetitions.

    Says whether two versions saw the same data without saying anything of what is in it.

    >>> combined_fingerprint(["b", "a", "b"]) == combined_fingerprint(["a", "b"])
    True
    """
    return hashlib.sha256("\n".join(sorted(set(digests))).encode()).hexdigest()[:32]
