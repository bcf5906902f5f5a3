"""What can go wrong with the store, by what a caller should do about it."""

from models.errors import FirstpassError


class StoreError(FirstpassError):
    """Root: something about the store, its schema or what was asked of it."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached or written now; the same call may succeed later."""


class SpoolFullError(StoreUnavailableError):
    """The store is away and the disk took no more spooled records: nothing was kept."""


class ConflictError(StoreError):
    """What was asked contradicts what is stored, for instance a reused idempotency key."""


class NotFoundError(StoreError):
    """No such record, or not one that the caller may see."""
