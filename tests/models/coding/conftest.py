from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Other people's files to measure against; they are no part of the repository."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared/data beside the tree")
    return SHARED
