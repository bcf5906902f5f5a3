"""The three profiles: how hard a simulated practice is to learn."""

from dataclasses import dataclass, replace
from typing import Any

from models.errors import InputError
from training.simulate.tables import profile_table


@dataclass(frozen=True, slots=True)
class Profile:
    """Difficulty of a practice; the meaning of each field is in ``tables/profiles.toml``.

    ``rates`` overrides the base rate of a payer type (``{"medicaid": 0.18}``), and
    ``categories`` the share of a denial category before it is scaled per payer type.
    """

    name: str
    payers: tuple[int, int]
    specialties: tuple[int, int]
    noise: float
    strength: tuple[float, float]
    rules: tuple[int, int]
    codes_per_rule: tuple[int, int]
    common: float
    changing: float
    late_changes: float
    rate_spread: float
    family_spread: float
    hidden: float
    rates: tuple[tuple[str, float], ...] = ()
    categories: tuple[tuple[str, float], ...] = ()

    def with_rates(self, **rates: float) -> "Profile":
        """The same profile with other base rates: share of claims denied per payer type."""
        return replace(self, rates=tuple(sorted(rates.items())))

    def with_categories(self, **shares: float) -> "Profile":
        """The same profile with other category shares (relative to each other)."""
        return replace(self, categories=tuple(sorted(shares.items())))


def load_profile(name: str) -> Profile:
    """The profile of that name.

    Raises:
        InputError: no such profile; the text lists those that there are.
    """
    table = profile_table()
    if name not in table:
        raise InputError(f"profile={name!r}; allowed: {', '.join(table)}")
    entry: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in table[name].items()
    }
    return Profile(name=name, **entry)
