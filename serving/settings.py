"""Settings of the service: environment variables ``FIRSTPASS_*``, all with a default.

The table in docs/operations.md is made from the fields here, and a test holds the two equal.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.errors import InputError

MEBIBYTE = 1 << 20


class Settings(BaseSettings):
    """What an operator may set. Sizes are bytes, times are seconds."""

    model_config = SettingsConfigDict(env_prefix="FIRSTPASS_", extra="ignore", frozen=True)

    home: Annotated[Path, Field(description="folder that holds mlruns and state")] = Path()
    host: Annotated[str, Field(description="address to bind")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="port to bind; 0: any free one")] = 8000
    workers: Annotated[int, Field(ge=1, le=256, description="worker processes")] = 1
    database_url: Annotated[str, Field(description="store; empty: SQLite in the state folder")] = ""
    model: Annotated[str, Field(description="registered model that scores")] = "denial"
    coding_model: Annotated[str, Field(description="registered model that codes notes")] = "coding"
    alias: Annotated[str, Field(description="alias that is followed")] = "champion"
    shadow_alias: Annotated[
        str,
        Field(description="alias whose version scores in shadow, stored and seen by nobody"),
    ] = "challenger"
    poll_seconds: Annotated[float, Field(gt=0, description="how often the alias is looked up")] = (
        2.0
    )
    helpers: Annotated[
        Literal["own", "shared"],
        Field(description="own: start the processes beside the workers; shared: they run already"),
    ] = "own"
    installation_key: Annotated[
        str,
        Field(
            description="64 hexadecimal digits from which AWS-style secrets are derived, where "
            "several machines serve; empty: made in the state folder"
        ),
    ] = ""
    keep_scores: Annotated[
        bool, Field(description="whether answered scores are kept in the store")
    ] = True
    journal_bytes: Annotated[
        int, Field(ge=MEBIBYTE, description="most that scores on their way to the store may take")
    ] = 2048 * MEBIBYTE
    max_json_bytes: Annotated[int, Field(ge=1024, description="largest JSON body")] = 64 * MEBIBYTE
    max_file_bytes: Annotated[int, Field(ge=1024, description="largest X12 body")] = 4096 * MEBIBYTE
    max_claims: Annotated[int, Field(ge=1, description="claims in one JSON body")] = 10_000
    body_seconds: Annotated[
        float, Field(gt=0, description="time within which a JSON body must have arrived")
    ] = 30.0
    idle_seconds: Annotated[
        float, Field(gt=0, description="longest pause within a streamed body")
    ] = 20.0
    min_bytes_per_second: Annotated[
        int, Field(ge=0, description="slowest average of a streamed body, after idle_seconds")
    ] = 512
    requests_per_minute: Annotated[
        float, Field(ge=0, description="requests a minute and key, over all workers; 0: no limit")
    ] = 0.0
    claims_per_minute: Annotated[
        float,
        Field(ge=0, description="claims or notes a minute and key, over all workers; 0: none"),
    ] = 0.0
    concurrent_requests: Annotated[
        int, Field(ge=1, description="requests of one key that a worker holds at once")
    ] = 64
    concurrent_files: Annotated[
        int, Field(ge=1, description="large bodies of one key that a worker holds at once")
    ] = 4
    public_url: Annotated[
        str, Field(description="address that browsers use; https:// makes cookies secure")
    ] = ""
    session_seconds: Annotated[
        float, Field(gt=0, description="after so long without a page a user signs in anew")
    ] = 1800.0
    oidc_issuer: Annotated[
        str, Field(description="OpenID Connect provider that users sign in with; empty: none")
    ] = ""
    oidc_client_id: Annotated[str, Field(description="our name at that provider")] = ""
    oidc_client_secret: Annotated[str, Field(description="our secret at that provider")] = ""
    start_seconds: Annotated[
        float, Field(ge=0, description="longest wait for a first model before requests are taken")
    ] = 20.0
    lease_seconds: Annotated[
        float, Field(gt=1, description="after so long without a sign a worker has lost its batch")
    ] = 20.0
    result_days: Annotated[
        float, Field(ge=0, description="days after which results of batches are deleted; 0: never")
    ] = 30.0
    drain_seconds: Annotated[
        float, Field(gt=0, description="time that running requests get after SIGTERM")
    ] = 30.0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="least level logged")
    ] = "info"

    @property
    def state(self) -> Path:
        """Folder of the store, the spool, batches and the last resolved model."""
        return self.home.expanduser().resolve() / "state"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach ``host``."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def share(self, rate: float) -> float:
        """One worker's part of a limit that holds over all workers."""
        return rate / self.workers


def settings_table() -> str:
    """All settings as the table of docs/operations.md; ``python -m serving.settings`` prints it."""
    rows = ["| variable | default | what |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = f"{default:g}" if isinstance(default, float) else str(default)
        shown = shown.lower() if isinstance(default, bool) else shown
        kind = str(field.annotation)
        choices = get_args(field.annotation) if "Literal" in kind else ()
        allowed = f" ({', '.join(choices)})" if choices else ""
        told = f"`{shown}`" if shown else "empty"
        rows.append(f"| `FIRSTPASS_{name.upper()}` | {told} | {field.description}{allowed} |")
    return "\n".join(rows) + "\n"


def read_settings(**overrides: object) -> Settings:
    """Settings from the environment; ``overrides`` (command-line options) win where not None.

    Raises:
        InputError: A variable has a value that is not allowed; the text names all of them.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [
            f"FIRSTPASS_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()
        ]
        raise InputError("settings are not usable:\n" + "\n".join(lines)) from None


if __name__ == "__main__":
    print(settings_table(), end="")
