import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("FIRSTPASS_HOME", str(tmp_path))
    return Settings(home=tmp_path, helpers="shared", poll_seconds=0.1, log_level="error")


@pytest.fixture
def loop_runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner
