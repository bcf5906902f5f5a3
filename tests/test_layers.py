"""The import contracts hold, and they bite."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]

# One forbidden import per way of breaking the house; each names the contract that must notice.
BREACHES = {
    "models/claims/a.py": "import models.history.a",
    "models/history/b.py": "import models.denial.a",
    "models/codes/b.py": "import training.denial.a",
    "serving/a.py": "import training.denial.a",
    "training/simulate/b.py": "import models.denial.a",
    "training/simulate/c.py": "import models.edits.a",
    "training/denial/b.py": "import training.simulate.a",
    "training/denial/c.py": "import mlflow",
}


def lint(folder: Path) -> str:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache", "--no-logo"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout + done.stderr


def house(folder: Path) -> Path:
    """A house with the packages that the contracts speak of, and one innocent module in each."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    packages = ["models", "training", "serving"]
    packages += [f"models/{name}" for name in ("denial", "edits", "history", "claims", "codes")]
    packages += [f"models/{name}" for name in ("measure", "registry")]
    packages += [f"training/{name}" for name in ("simulate", "denial", "tracking")]
    for package in packages:
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
        (folder / package / "a.py").touch()
    (folder / "models" / "a.py").unlink()
    (folder / "models" / "errors.py").touch()
    (folder / "models" / "registry" / "a.py").write_text("import mlflow\n")
    (folder / "models" / "denial" / "a.py").write_text("import models.history.a\n")
    return folder


def test_imports_of_this_checkout_point_one_way():
    out = lint(ROOT)
    assert " 0 broken" in out, out


def test_an_innocent_house_passes(tmp_path):
    out = lint(house(tmp_path))
    assert f"{len(CONTRACTS)} kept, 0 broken" in out, out


def test_each_contract_notices_what_it_forbids(tmp_path):
    house(tmp_path)
    for path, line in BREACHES.items():
        (tmp_path / path).write_text(f"{line}\n")
    out = lint(tmp_path)
    assert f"0 kept, {len(CONTRACTS)} broken" in out, out
    for path in BREACHES:
        assert path.removesuffix(".py").replace("/", ".") in out, f"{path} went unnoticed:\n{out}"
