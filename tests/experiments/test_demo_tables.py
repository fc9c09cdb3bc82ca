"""Tables in plain text: columns that line up, and figures beside what they are compared with."""

from experiments.demo.checks import Check
from experiments.demo.tables import checks_table, figures_table, table


def test_words_begin_together_and_figures_end_together() -> None:
    text = table(["name", "bytes"], [["a", "5"], ["longer", "12345"]], right=["bytes"])

    assert text.splitlines() == ["name    bytes", "------  -----", "a           5", "longer  12345"]


def test_a_figure_stands_beside_its_distance_from_the_anchor() -> None:
    measured = {"anchor": {"drama": 3.0}, "composed": {"drama": 2.4}}

    text = figures_table(measured, domains=["drama"], anchor="anchor")

    assert text.splitlines()[2:] == [
        "anchor                           3.000",
        "composed                         2.400  -20.0%",
    ]


def test_a_failed_check_cannot_be_overlooked() -> None:
    text = checks_table([Check("one", True, "fine"), Check("two", False, "3 % worse")])

    assert text.splitlines() == ["pass  one  (fine)", "FAIL  two  (3 % worse)"]
