"""`python -m tests.serving.web.real_run`: the real server, with small models."""

from typing import Any

from serving.run import main
from serving.settings import read_settings
from tests.serving.coding.fakes import load_small
from tests.serving.fakes import load_fake


def application() -> Any:
    from serving.app import create_app

    return create_app(read_settings(), load=load_fake, load_notes=load_small)


if __name__ == "__main__":
    main("tests.serving.web.real_run:application")
