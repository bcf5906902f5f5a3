import msgspec
import numpy as np
import pandas as pd
import pytest

from models.errors import InputError, RegistryError
from models.revenue.denials import Attempt
from models.revenue.outcome_model import Columns, OutcomeModel
from models.revenue.recovery import (
    RecoveryFacts,
    RecoveryModel,
    count_rates,
    load_artifact,
    save_artifact,
)
from models.revenue.recovery_pyfunc import INPUT_COLUMN, OUTPUT_COLUMN, RecoveryPyfunc

FACTS = RecoveryFacts("resubmitted", "coding_bundling", "4", charge=100.0)
COLUMNS = Columns({"attempt": ["", "resubmitted"], "carc": ["", "16", "4"]}, {"charge": (4.0, 1.0)})


def test_a_logistic_model_is_levels_and_weights():
    model = OutcomeModel(COLUMNS, "logistic", 0.5, [0.0, 1.0, 2.0, 0.0])
    (known, unseen) = model.predict([
        {"attempt": "resubmitted", "carc": "4", "charge": 4.0},
        {"attempt": "resubmitted", "carc": "B7", "charge": 4.0},
    ])  # fmt: skip
    assert known == pytest.approx(1 / (1 + np.exp(-2.5)))
    assert unseen == pytest.approx(1 / (1 + np.exp(-0.5)))
    assert model.predict([]).shape == (0,)


def test_the_model_speaks_only_for_attempts_that_it_learnt():
    learnt = OutcomeModel(COLUMNS, "logistic", 9.0, [0.0, 0.0, 0.0, 0.0])
    model = RecoveryModel({}, ["resubmitted"], learnt)
    appeal = msgspec.structs.replace(FACTS, attempt="appealed")
    assert model.estimate([FACTS, appeal]) == [pytest.approx(1.0, abs=1e-3), pytest.approx(0.35)]
    assert model.source(Attempt.RESUBMITTED) == "model"
    assert model.source(Attempt.APPEALED) == "assumption"


def test_a_practice_that_does_badly_lowers_what_is_assumed_elsewhere():
    other = msgspec.structs.replace(FACTS, category="missing_information")
    poor = RecoveryModel(count_rates([(FACTS, False)] * 40))
    good = RecoveryModel(count_rates([(FACTS, True)] * 40))
    assert poor.estimate([other])[0] < 0.7 < good.estimate([other])[0] <= 0.95


def test_an_artifact_is_read_as_it_was_written(tmp_path):
    model = RecoveryModel(
        count_rates([(FACTS, True), (FACTS, False)]),
        ["resubmitted"],
        OutcomeModel(COLUMNS, "logistic", 0.5, [0.0, 1.0, 2.0, 0.0]),
    )
    save_artifact(model, tmp_path)
    again = load_artifact(tmp_path, model_version="3")
    assert again.estimate([FACTS]) == model.estimate([FACTS])
    assert again.model_version == "3"
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(RegistryError, match="damaged"):
        load_artifact(tmp_path)


def test_mlflow_gets_a_probability_a_row():
    served = RecoveryPyfunc(RecoveryModel({}))
    table = pd.DataFrame({INPUT_COLUMN: [msgspec.json.encode(FACTS).decode()]})
    assert served.predict(table)[OUTPUT_COLUMN].tolist() == [0.6]
    with pytest.raises(InputError, match="column"):
        served.predict(pd.DataFrame({"claim": ["{}"]}))
    with pytest.raises(InputError, match="row 1"):
        served.predict(pd.DataFrame({INPUT_COLUMN: ['{"attempt": 3}']}))
