"""Models: versions and what they were measured at, outcomes since, promotion and rollback."""

from collections.abc import Sequence

import msgspec
from markupsafe import Markup
from starlette.responses import FileResponse, Response

from models.denial.drift import MonitorReport, read_monitor
from models.errors import InputError, RegistryError
from models.history.rules.counts import wilson
from serving.problems import ServiceError
from serving.registry_desk import DescribedModel, DescribedMove, DescribedVersion
from serving.store.scorecard import ReliabilityBin, ScorecardRow
from serving.web.door import Door, Visit
from serving.web.plots import Dot, Point, line, reliability
from serving.web.registry import RegistryPages
from serving.web.render import Key

TITLE = "Models"
KEYS = (Key("j / k", "next, previous version"), Key("Enter", "compare it"))
#: Parameters that say nothing about what a version is.
_DULL = ("code_version", "firstpass", "feature_schema")
CARD = "card.json"


class VersionRow(msgspec.Struct, frozen=True):
    """A version in the list."""

    version: int
    created: str
    aliases: tuple[str, ...]
    figures: tuple[tuple[str, float], ...]
    serving: bool


class Compared(msgspec.Struct, frozen=True):
    """A figure or parameter of two versions; ``other`` is empty where one is shown alone."""

    name: str
    this: str
    other: str
    differs: bool


class PlotPair(msgspec.Struct, frozen=True):
    """The same plot of one or two versions, as addresses."""

    name: str
    this: str
    other: str


class CardField(msgspec.Struct, frozen=True):
    """One field of a model card; ``value`` is empty where its owner has not answered."""

    group: str
    question: str
    value: str = ""


class CardGroup(msgspec.Struct, frozen=True):
    """Performance of one group of patients, payers or providers on months not learnt from."""

    attribute: str
    group: str
    claims: int
    denied: int
    predicted: float
    observed: float
    auc: float | None = None
    calibration_error: float | None = None


class CardNotes(msgspec.Struct, frozen=True):
    """Performance of a coding model on one group of the notes that it was judged on."""

    system: str
    attribute: str
    group: str
    notes: int
    codes: int
    map: float
    micro_f1: float


class CardView(msgspec.Struct, frozen=True):
    """A version's model card, as training left it with its run."""

    attributes: tuple[CardField, ...] = ()
    subgroups: tuple[CardGroup, ...] = ()
    note_groups: tuple[CardNotes, ...] = ()

    @property
    def missing(self) -> int:
        """Fields that nobody has answered."""
        return sum(not x.value for x in self.attributes)


class ModelsPage(msgspec.Struct, frozen=True):
    """A registered model."""

    names: tuple[str, ...]
    name: str
    read: bool
    rows: tuple[VersionRow, ...]
    this: int
    other: int
    this_aliases: tuple[str, ...]
    champion: int
    figures: tuple[Compared, ...]
    params: tuple[Compared, ...]
    plots: tuple[PlotPair, ...]
    card: CardView
    drift: MonitorReport | None
    moves: tuple[DescribedMove, ...]
    outcome_this: Markup
    outcome_other: Markup
    outcome_version: int
    outcome_claims: int
    by_month: Markup
    months: tuple[ScorecardRow, ...]
    by_payer: tuple[ScorecardRow, ...]
    stale: bool
    may_promote: bool
    problem: str


def add_models(door: Door, pages: RegistryPages) -> None:
    """Registers the pages of models."""

    def look(visit: Visit, problem: str = "") -> Response:
        page = models_page(visit, pages, problem)
        return visit.page("models.html", page, TITLE, KEYS)

    @door.get("/models", "models")
    def models(visit: Visit) -> Response:
        return look(visit)

    @door.get("/models/{name}", "models")
    def model(visit: Visit) -> Response:
        return look(visit)

    @door.get("/models/{name}/{version}/{file}", "models")
    def plot(visit: Visit) -> Response:
        asked = visit.request.path_params
        known = next(
            (
                x
                for model in pages.description().models
                if model.name == asked["name"]
                for x in model.versions
                if str(x.version) == asked["version"] and asked["file"] in x.plots
            ),
            None,
        )
        if known is None:
            raise ServiceError(404, "not-found", "there is no such plot")
        path = pages.folder / str(asked["name"]) / str(known.version) / str(asked["file"])
        return FileResponse(path)

    @door.post("/models/{name}/promote", "promote")
    def promote(visit: Visit) -> Response:
        name = str(visit.request.path_params["name"])
        version = visit.form.get("version", "")
        try:
            reason = _reason(visit)
            if not version.isdecimal():
                raise InputError("choose a version")
            words = pages.promote(name, int(version), f"{visit.caller.name}: {reason}")
        except (InputError, RegistryError) as error:
            return look(visit, str(error))
        visit.audit("model.promote", f"model:{name}", version=version, reason=reason)
        return visit.redirect(f"/models/{name}", words)

    @door.post("/models/{name}/rollback", "promote")
    def rollback(visit: Visit) -> Response:
        name = str(visit.request.path_params["name"])
        try:
            reason = _reason(visit)
            words = pages.rollback(name, f"{visit.caller.name}: {reason}")
        except (InputError, RegistryError) as error:
            return look(visit, str(error))
        visit.audit("model.rollback", f"model:{name}", reason=reason)
        return visit.redirect(f"/models/{name}", words)


def models_page(visit: Visit, pages: RegistryPages, problem: str = "") -> ModelsPage:
    """The page's context."""
    described = pages.description()
    names = tuple(x.name for x in described.models)
    wanted = str(visit.request.path_params.get("name", ""))
    if wanted and names and wanted not in names:
        raise ServiceError(404, "not-found", "no model of this name is registered")
    name = wanted or ("denial" if "denial" in names else next(iter(names), ""))
    model = next((x for x in described.models if x.name == name), DescribedModel(name, (), ()))
    champion = next((x for x in model.versions if "champion" in x.aliases), None)
    newest = next(iter(model.versions), None)
    this = _version(model.versions, visit.query("this")) or champion or newest
    other = _version(model.versions, visit.query("other"))
    if other is None and not visit.query("this"):
        other = next((x for x in model.versions if "challenger" in x.aliases), None)
        if other is None and model.moves:
            other = _version(model.versions, str(model.moves[0].previous))
    if this is not None and other is not None and other.version == this.version:
        other = None
    served = visit.service.follower.current
    serving = served.version if served is not None and served.name == name else 0
    cards = visit.store.scorecards
    bins: list[ReliabilityBin] = []
    months: list[ScorecardRow] = []
    payers: list[ScorecardRow] = []
    measured = 0
    if name == visit.service.settings.model and this is not None:
        bins = cards.reliability(visit.practices)
        # A new champion has no outcome yet: then those of the version beside it are shown.
        for version in (this, other) if other is not None else (this,):
            measured = version.version
            months = cards.rows(visit.practices, group_by=("month",), model_version=str(measured))
            if any(x.claims for x in months):
                break
        payers = cards.rows(visit.practices, group_by=("payer",), model_version=str(measured))
    outcomes = visit.store.outcomes
    seen = outcomes.practices() if visit.practices is None else visit.practices
    return ModelsPage(
        names=names,
        name=name,
        read=bool(described.models),
        rows=tuple(
            VersionRow(
                x.version,
                x.created[:16].replace("T", " "),
                x.aliases,
                tuple(sorted(x.headline.items())),
                x.version == serving,
            )
            for x in model.versions
        ),
        this=this.version if this else 0,
        other=other.version if other else 0,
        this_aliases=this.aliases if this else (),
        champion=champion.version if champion else 0,
        figures=_figures(this, other),
        params=_params(this, other),
        plots=_plots(name, this, other),
        card=_card(this),
        drift=_drift(visit, name),
        moves=model.moves[:20],
        outcome_this=_reliability(bins, this),
        outcome_other=_reliability(bins, other) if other else Markup(""),
        outcome_version=measured,
        outcome_claims=sum(x.claims for x in months if not x.shadow),
        by_month=_monthly([x for x in months if not x.shadow]),
        months=tuple(months),
        by_payer=tuple(payers[:60]),
        stale=any(outcomes.state(x).stale for x in seen),
        may_promote=visit.may("promote"),
        problem=problem,
    )


def _reason(visit: Visit) -> str:
    reason = visit.form.get("reason", "").strip()[:300]
    if not reason:
        raise InputError("say why, in a few words: it is kept with the move")
    return reason


def _version(versions: Sequence[DescribedVersion], number: str) -> DescribedVersion | None:
    return next((x for x in versions if str(x.version) == number), None)


def _figures(this: DescribedVersion | None, other: DescribedVersion | None) -> tuple[Compared, ...]:
    mine = {**this.metrics, **this.headline} if this else {}
    theirs = {**other.metrics, **other.headline} if other else {}
    return tuple(
        Compared(
            name,
            _figure(mine.get(name)),
            _figure(theirs.get(name)),
            other is not None and mine.get(name) != theirs.get(name),
        )
        for name in sorted({*mine, *theirs})
    )


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 10 else f"{value:.4g}"


def _params(this: DescribedVersion | None, other: DescribedVersion | None) -> tuple[Compared, ...]:
    mine = this.params if this else {}
    theirs = other.params if other else {}
    return tuple(
        Compared(
            name,
            mine.get(name, "")[:200],
            theirs.get(name, "")[:200],
            other is not None and mine.get(name) != theirs.get(name),
        )
        for name in sorted({*mine, *theirs})
        if name not in _DULL
    )


def _plots(
    name: str, this: DescribedVersion | None, other: DescribedVersion | None
) -> tuple[PlotPair, ...]:
    mine = set(this.plots) if this else set()
    theirs = set(other.plots) if other else set()
    return tuple(
        PlotPair(
            plot.rpartition(".")[0].replace("_", " "),
            f"/models/{name}/{this.version}/{plot}" if this and plot in mine else "",
            f"/models/{name}/{other.version}/{plot}" if other and plot in theirs else "",
        )
        for plot in sorted({*mine, *theirs})
    )


def _card(this: DescribedVersion | None) -> CardView:
    """The version's model card; empty where none was made, or it is of another form."""
    try:
        report = this.reports[CARD] if this is not None else "{}"
        return msgspec.json.decode(report, type=CardView)
    except (KeyError, msgspec.MsgspecError):
        return CardView()


def _drift(visit: Visit, name: str) -> MonitorReport | None:
    try:
        return read_monitor(visit.service.settings.home, name)
    except InputError:
        return None


def _reliability(bins: Sequence[ReliabilityBin], this: DescribedVersion | None) -> Markup:
    if this is None:
        return Markup("")
    own = [x for x in bins if x.model_version == str(this.version)]
    dots = [Dot(x.mean_probability, x.denial_rate, x.claims) for x in own]
    return (
        reliability(dots, f"said against came true, version {this.version}") if dots else Markup("")
    )


def _monthly(rows: Sequence[ScorecardRow]) -> Markup:
    points = [
        Point(
            x.month,
            x.denial_rate or 0.0,
            *_band(x),
            f"{x.month}: {x.denied} of {x.claims} denied, {x.mean_probability or 0:.2f} foretold",
        )
        for x in rows
        if x.claims
    ]
    return line(points, "share denied by month of submission") if points else Markup("")


def _band(row: ScorecardRow) -> tuple[float, float]:
    return wilson(row.denied, row.claims)


TEMPLATES_OF = {"models.html": ModelsPage}
