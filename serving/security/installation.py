"""The key of this installation: 32 random bytes from which other secrets are derived.

It is made on first use in the state folder (readable by its owner only), or given as
``FIRSTPASS_INSTALLATION_KEY`` where several machines serve one store. Whoever has it can derive
the AWS-style secrets of API keys, so it is kept like a private key; the database never sees it.
"""

import os
import secrets
from functools import lru_cache
from pathlib import Path

from models.errors import InputError

FILE = "installation.key"
BYTES = 32


def installation_key(state: Path, given: str = "") -> bytes:
    """The key, made where there is none.

    Raises:
        InputError: it is not 64 hexadecimal digits.
    """
    return _key(given, "FIRSTPASS_INSTALLATION_KEY") if given else _kept(state)


@lru_cache(maxsize=16)
def _kept(state: Path) -> bytes:
    path = state / FILE
    try:
        return _key(path.read_text(encoding="ascii").strip(), str(path))
    except FileNotFoundError:
        pass
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = state / f"{FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(secrets.token_hex(BYTES))
    try:
        os.link(draft, path)  # of several that begin at once, the first one's key holds
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return _key(path.read_text(encoding="ascii").strip(), str(path))


def _key(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != BYTES:
        raise InputError(f"{where} must be {2 * BYTES} hexadecimal digits")
    return key
