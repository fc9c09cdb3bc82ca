"""requirements.lock serves every machine: all that is asked for, pinned, and nothing that only one machine has."""

import re

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from registry.embedded.processes import REPOSITORY


def requirements(name: str) -> list[Requirement]:
    lines = (REPOSITORY / name).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_all_that_is_asked_for_is_in_it() -> None:
    locked = {canonicalize_name(one.name): one.specifier for one in requirements("requirements.lock")}

    asked = requirements("requirements.in")

    lacking = [str(one) for one in asked if canonicalize_name(one.name) not in locked]
    changed = [str(one) for one in asked if one.specifier and locked.get(canonicalize_name(one.name)) != one.specifier]
    assert (lacking, changed) == ([], []), "run make lock"


def test_every_line_is_one_exact_version() -> None:
    loose = [str(one) for one in requirements("requirements.lock") if not re.fullmatch(r"==[^*,]+", str(one.specifier))]

    assert loose == []


def test_no_local_build_no_graphics_driver_and_no_address_is_in_it() -> None:
    lines = (REPOSITORY / "requirements.lock").read_text().splitlines()

    foreign = [line for line in lines if re.search(r"\+cpu|^nvidia|^cuda|^triton|://|^-", line)]

    assert foreign == []
