"""What the candidates of a note come from."""

import msgspec

from models.coding.attention import LabelAttention
from models.coding.dense import DenseIndex, Projection
from models.coding.encoder import TextEncoder
from models.coding.habits import NO_HABITS, Habits
from models.coding.history import StringHistory
from models.coding.mentions import TermFinder


class Dense(msgspec.Struct):
    """Vectors of terms; of strings that coders marked, and attention (absent on day one)."""

    encoder: TextEncoder
    projection: Projection
    terms: DenseIndex
    strings: DenseIndex | None = None
    attention: LabelAttention | None = None


class Sources(msgspec.Struct):
    """What candidates come from: terms, and what labelled notes taught (both may be empty).

    ``habits``: what the practice bills; it makes no candidates, it helps to rank them. Without
    ``dense`` (no encoder was exported) words are compared by their letters only.
    """

    terms: TermFinder
    history: StringHistory
    alike: TermFinder
    dense: Dense | None = None
    habits: Habits = NO_HABITS
