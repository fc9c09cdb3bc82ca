"""Judging the main job: each check passes on what must be so, and fails on what is nearly so."""

import pytest

from experiments.demo.checks import check_composed, check_fallback, check_same_figures, check_same_files

ANCHOR = {"public": 2.0, "drama": 3.0, "code": 3.0}


def passed(composed: dict[str, float]) -> list[bool]:
    checks = check_composed(composed, ANCHOR, closed=["drama", "code"], public="public")
    return [check.passed for check in checks]


@pytest.mark.parametrize(
    ("composed", "expected"),
    [
        ({"public": 2.0, "drama": 2.5, "code": 2.2}, [True, True, True]),
        ({"public": 2.05, "drama": 2.63, "code": 2.63}, [True, True, True]),
        ({"public": 2.05, "drama": 2.65, "code": 2.63}, [False, True, True]),
        ({"public": 2.05, "drama": 2.63, "code": 2.65}, [True, False, True]),
        ({"public": 2.07, "drama": 2.63, "code": 2.63}, [True, True, False]),
        ({"public": 1.5, "drama": 3.5, "code": 2.0}, [False, True, True]),
    ],
)
def test_the_composed_model_must_gain_on_both_closed_domains_and_keep_the_public_one(
    composed: dict[str, float], expected: list[bool]
) -> None:
    assert passed(composed) == expected


def test_after_a_withdrawal_one_domain_falls_back_and_the_other_stays() -> None:
    before = {"public": 2.0, "drama": 2.5, "code": 2.2}

    good = check_fallback(before, {"drama": 3.02, "code": 2.21}, ANCHOR, lost="drama", kept="code")
    nothing_fell = check_fallback(before, {"drama": 2.5, "code": 2.21}, ANCHOR, lost="drama", kept="code")
    both_fell = check_fallback(before, {"drama": 3.02, "code": 2.95}, ANCHOR, lost="drama", kept="code")

    assert [check.passed for check in good] == [True, True]
    assert [check.passed for check in nothing_fell] == [False, True]
    assert [check.passed for check in both_fell] == [True, False]


def test_figures_are_the_same_to_the_last_digit_or_not_at_all() -> None:
    figures = {"public": 2.1, "drama": 3.0}
    near = {"public": 2.1, "drama": 3.0000000000000004}

    assert check_same_figures(figures, dict(figures)).passed
    assert not check_same_figures(figures, near).passed
    assert not check_same_figures(figures, {"public": 2.1}).passed
    assert "drama" in check_same_figures(figures, near).seen


def test_files_are_the_same_when_none_is_missing_and_none_differs() -> None:
    files = {"config.json": "sha256:aa", "expert-00.safetensors": "sha256:bb"}

    assert check_same_files(files, dict(files)).passed
    assert not check_same_files(files, {**files, "expert-00.safetensors": "sha256:cc"}).passed
    assert not check_same_files(files, {**files, "expert-01.safetensors": "sha256:dd"}).passed
    assert not check_same_files({}, {}).passed
