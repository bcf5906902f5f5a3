"""Single claims over HTTP: requests a second and p99 beside ``mlflow models serve``.

Ours does the whole work (nested claim in, features, probability, categories, CARCs, edits, and
keeps the score); MLflow's server is given ready-made features, and once more the same claims.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import serve_lab as lab
from benchmarks.harness import arguments, report
from benchmarks.serve_features import features_table, save
from models import registry
from models.denial.artifact import load_artifact

CONNECTIONS = (1, 8, 32)
CLAIMS = 64


def main() -> None:
    """Measure and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--home", type=Path, help="a home with a champion and a practice")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a shot")
    given = parser.parse_args()
    if not lab.wrk_is_there():
        return
    home = lab.practice(given.home)
    claims = lab.future_claims(home)[:CLAIMS]
    os.environ["FIRSTPASS_HOME"] = str(home)
    artifact = registry.load("denial", "champion")
    uri = f"models:/denial/{artifact.version.version}"
    model = load_artifact(artifact.path)
    plain = [msgspec.json.encode({"claim": x, "factors": False}) for x in claims]
    explained = [msgspec.json.encode({"claim": x, "factors": True}) for x in claims]
    nested = [lab.claims_table([x]) for x in claims]
    features = [features_table(model, [x]) for x in claims]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        save(artifact.path, Path(folder) / "features")
        firstpass = stack.enter_context(lab.ours(home))
        unkept = stack.enter_context(
            lab.ours(home, "firstpass, scores not kept", FIRSTPASS_KEEP_SCORES="false")
        )
        ready = stack.enter_context(lab.mlflow(home, f"{folder}/features", "mlflow, features"))
        whole = stack.enter_context(lab.mlflow(home, uri, "mlflow, claims"))
        with_factors = msgspec.structs.replace(firstpass, name="firstpass, factors")
        for server, body in ((firstpass, plain), (ready, features), (whole, nested)):
            lab.post(server, body[0])
        shots = lab.rounds(
            [
                (firstpass, plain),
                (with_factors, explained),
                (unkept, plain),
                (ready, features),
                (whole, nested),
            ],
            CONNECTIONS,
            given.rounds,
            given.seconds,
        )
        memory = {x.name: x.memory() for x in (firstpass, ready, whole)}
        helpers = firstpass.helpers()
        seconds = {x.name: x.ready for x in (firstpass, ready, whole)}
    figures: dict[str, Any] = {}
    baselines: dict[str, Any] = {}
    ratios: dict[str, float] = {}
    for (name, connections), shot in sorted(shots.items()):
        side = baselines if name.startswith("mlflow") else figures
        for field in ("rate", "p50", "p99", "cpu"):
            side[f"{name}, {connections} connections, {field}"] = getattr(shot, field)
        if shot.failed:
            side[f"{name}, {connections} connections, failed"] = shot.failed
    for connections in CONNECTIONS:
        ours, explains = shots["firstpass", connections], shots["firstpass, factors", connections]
        for base in ("mlflow, features", "mlflow, claims"):
            theirs = shots[base, connections]
            ratios[f"requests/s over {base}, {connections}"] = ours.rate / theirs.rate
            ratios[f"p99 over {base}, {connections}"] = ours.p99 / theirs.p99
            ratios[f"CPU time over {base}, {connections}"] = ours.cpu / theirs.cpu
            ratios[f"with factors over {base}, {connections}"] = explains.rate / theirs.rate
    figures["start to ready, s"] = seconds["firstpass"]
    figures["worker resident, MB"] = memory["firstpass"]
    figures["helper processes resident, MB"] = helpers
    for name in ("mlflow, features", "mlflow, claims"):
        baselines[f"{name}, start to ready, s"] = seconds[name]
        baselines[f"{name}, worker resident, MB"] = memory[name]
        ratios[f"start to ready over {name}"] = seconds["firstpass"] / seconds[name]
    report("serve_single", given.json, figures, baselines, ratios)


if __name__ == "__main__":
    main()
