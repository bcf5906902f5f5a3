"""Settings come from the environment, are checked as a whole, and are those of the page."""

import re

import pytest

from models.errors import InputError
from serving.settings import Settings, read_settings, settings_table
from tests.serving.server import ROOT


def test_the_table_of_the_page_is_the_settings() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    found = re.findall(r"<!-- settings: .*? -->\n(.*?)<!-- end of settings -->", page, re.DOTALL)
    assert [x.strip() for x in found] == [settings_table().strip()], (
        "docs/operations.md: put what 'python -m serving.settings' prints between its marks"
    )


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTPASS_PORT", "eighty")
    monkeypatch.setenv("FIRSTPASS_LOG_LEVEL", "loud")
    with pytest.raises(InputError) as refused:
        read_settings()
    assert "FIRSTPASS_PORT" in str(refused.value) and "FIRSTPASS_LOG_LEVEL" in str(refused.value)


def test_an_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTPASS_PORT", "8100")
    assert read_settings().port == 8100
    assert read_settings(port=8200, host=None).port == 8200


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)],
)
def test_loopback_is_known(host: str, loopback: bool) -> None:
    assert Settings(host=host).loopback is loopback
