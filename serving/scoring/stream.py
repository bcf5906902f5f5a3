"""Claims read from X12 (or any source of items), scored in slices, as NDJSON lines.

The streamed request, batches and `firstpass watch` run the same code.
"""

from collections.abc import Callable, Iterable

import msgspec

from models.claims.claim import Claim
from models.claims.common import Source
from models.claims.remittance import Payment
from models.claims.x12.context import Item, SkippedTransaction
from models.errors import Place, Problem
from serving.problems import FieldError
from serving.scoring.answers import (
    EndLine,
    ProblemLine,
    ScoredLine,
    SkippedLine,
    StreamLine,
    Threshold,
)
from serving.scoring.checks import claim_errors
from serving.scoring.requests import OTHER_PRACTICE
from serving.scoring.scorer import ClaimStream, Scored
from serving.telemetry.logs import logger

#: Claims scored at once: long enough to be fast, short enough that others get their turn.
SLICE = 256


class StreamRun:
    """One stream on its way: what is pending, and what was counted.

    ``practices`` are those that may be asked about (``None``: any). ``write`` takes finished
    NDJSON, ``admit`` is asked before so many claims are scored (and may wait), ``keep`` takes
    what is to be stored, ``between`` is called after every slice, ``damaged`` is told the code of
    every problem.
    """

    def __init__(
        self,
        stream: ClaimStream,
        request_id: str,
        *,
        write: Callable[[bytes], None],
        practices: frozenset[str] | None = None,
        admit: Callable[[int], None] = lambda _: None,
        keep: Callable[[Scored], None] = lambda _: None,
        between: Callable[[], None] = lambda: None,
        damaged: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.claims = 0
        self.problems = 0
        self.skipped = 0
        self.threshold: Threshold = stream.threshold(None)
        self._stream = stream
        self._request_id = request_id
        self._write = write
        self._practices = practices
        self._admit = admit
        self._keep = keep
        self._between = between
        self._damaged = damaged
        self._pending: list[Claim | StreamLine] = []  # in the order of the source

    def run(self, items: Iterable[Item]) -> None:
        """Score everything; problems and foreign transactions become lines of their own."""
        for item in items:
            self._pending.append(self._entry(item))
            if len(self._pending) >= SLICE:
                self.flush()
                self._between()
        self.flush()

    def flush(self) -> None:
        """Score what is pending and write it, in the order in which it was read."""
        pending, self._pending = self._pending, []
        claims = [x for x in pending if isinstance(x, Claim)]
        scored = iter(self._scored(claims) if claims else ())
        lines = [next(scored) if isinstance(x, Claim) else x for x in pending]
        if lines:
            self._write(_ENCODER.encode_lines(lines))

    def end(self, reason: str = "") -> bytes:
        """The last line; ``reason`` says why the stream is incomplete."""
        scorer = self._stream.served.scorer
        line = EndLine(
            self._request_id,
            not reason,
            self.claims,
            self.problems,
            self.skipped,
            scorer.model_version,
            scorer.history_version,
            self.threshold,
            reason,
        )
        return _ENCODER.encode_lines([line])

    def _entry(self, item: Item) -> Claim | StreamLine:
        match item:
            case Claim():
                errors = claim_errors(item, "")
                if errors:
                    return self._unusable(item, errors[0])
                if self._practices is not None and item.practice not in self._practices:
                    where = msgspec.structs.replace(place(item.source), field="billing")
                    return self._problem(
                        Problem(where, "claim.other_practice", OTHER_PRACTICE, "this claim")
                    )
                return item
            case Problem():
                return self._problem(item)
            case SkippedTransaction():
                line = SkippedLine(item.place, item.kind, item.reason)
            case _:
                kind = "835" if isinstance(item, Payment) else "277CA"
                line = SkippedLine(place(item.source), kind, "only claims are scored here")
        self.skipped += 1
        return line

    def _unusable(self, claim: Claim, fault: FieldError) -> ProblemLine:
        field = (fault.pointer or "").lstrip("/").replace("/", ".")
        where = msgspec.structs.replace(place(claim.source), field=field)
        return self._problem(Problem(where, "claim.unusable", fault.detail, "this claim"))

    def _problem(self, problem: Problem) -> ProblemLine:
        self.problems += 1
        self._damaged(problem.code)
        return ProblemLine(problem)

    def _scored(self, claims: list[Claim]) -> list[StreamLine]:
        self._admit(len(claims))
        try:
            risks, found = self._stream.risks(claims)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # A claim that the checks let pass and the model cannot take must not end the stream.
            logger().error("score.failed", claims=len(claims), error=error)
            text = "the model could not score the claims around this one"
            return [
                self._problem(Problem(place(x.source), "claim.not_scored", text, "its score"))
                for x in claims
            ]
        scored = self._stream.finish(claims, risks, found, self.threshold)
        self._keep(scored)
        self.claims += len(claims)
        return [ScoredLine(place(c.source), s) for c, s in zip(claims, scored.scores, strict=True)]


def place(source: Source) -> Place:
    """Where a record stood, as problems say it."""
    return Place(source.file, source.segment_number or None)


_ENCODER = msgspec.json.Encoder()
