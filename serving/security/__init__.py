"""Who may do what: API keys, roles and scopes. Nothing here knows HTTP or the database."""

from serving.security.keys import (
    ApiKey,
    NewKey,
    PermissionRefusedError,
    Principal,
    UnknownKeyError,
    create_key,
)
from serving.security.roles import load_roles
from serving.security.verifier import KeyVerifier

__all__ = [
    "ApiKey",
    "KeyVerifier",
    "NewKey",
    "PermissionRefusedError",
    "Principal",
    "UnknownKeyError",
    "create_key",
    "load_roles",
]
