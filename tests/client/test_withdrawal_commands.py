"""Taking an expert back on the command line: denied at once, followed step by step, destroyed with a password."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from client.api import Guildhall
from client.connection import Refused
from client.waiting import TookTooLong, wait_for_certificate
from registry.experts.models import VersionState
from registry.withdrawals.models import LegalBasis, LegalHold, Withdrawal
from tests.client.scripted import Answer, scripted
from tests.client.typing_commands import Typed, by
from tests.factories import ADA, BEN, CY, PASSWORD, make_expert, make_version, row_of
from tests.repositories import make_model, publish

__all__ = ["by"]

pytestmark = pytest.mark.django_db(transaction=True)
REASON = ("--reason", "The plays were not ours to give.")
OTHERS = ("--reason", "A court asked us to keep the bytes.")


@pytest.fixture
def password(by: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ada has a password, and it is in her environment."""
    ada = row_of(ADA)
    ada.set_password(PASSWORD)
    ada.save()
    monkeypatch.setenv("GUILDHALL_PASSWORD", PASSWORD)


def test_an_owner_withdraws_and_sees_what_it_meant(by: Typed) -> None:
    version = make_version()
    model = make_model()
    model.experts.add(version.expert)
    publish(model, versions=[version])

    told = by(ADA, "withdraw", str(version), "--reason", "The plays were not ours to give.", "--yes")

    assert f"Withdrawing {version} blocks 1 revision(s)" in told
    assert "library/stage" in told
    assert f"{version} is withdrawn since" in told
    assert f"`guildhall withdrawal {version} --destroy`" in told
    version.refresh_from_db()
    assert version.state == VersionState.WITHDRAWN


def test_a_withdrawal_that_is_not_confirmed_does_not_happen(by: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    version = make_version()
    monkeypatch.setattr("builtins.input", lambda _: "yes")

    told = by(ADA, "withdraw", str(version), "--reason", "The plays were not ours to give.", status=1)

    assert "Nothing was withdrawn" in told
    version.refresh_from_db()
    assert version.state == VersionState.APPROVED


def test_all_of_an_expert_goes_with_one_click(by: Typed) -> None:
    expert = make_expert("drama")
    versions = [make_version(expert, number=number) for number in (1, 2)]
    other = make_version(make_expert("poetry"))

    told = by(ADA, "withdraw", "--expert", str(expert), *REASON, "--legal-basis", "never-held", "--yes")

    found = Withdrawal.objects.all()
    assert f"versions: {versions[0]}, {versions[1]}" in told
    assert {row.version_id for row in found} == {version.id for version in versions}
    assert {row.legal_basis for row in found} == {LegalBasis.NEVER_HELD}
    assert len({row.batch for row in found}) == 1
    other.refresh_from_db()
    assert other.state == VersionState.APPROVED


def test_all_of_an_organisation_goes_with_one_click(by: Typed) -> None:
    versions = [make_version(make_expert(name)) for name in ("drama", "poetry")]
    other = make_version(make_expert("code", organisation="codeworks"))

    told = by(ADA, "withdraw", "--organisation", "playhouse", *REASON, "--yes")

    assert all(f"{version} is withdrawn since" in told for version in versions)
    assert not Withdrawal.objects.filter(version=other).exists()


@pytest.mark.parametrize("words", [[], ["playhouse/drama@1", "--expert", "playhouse/drama"]])
def test_one_thing_is_withdrawn_at_a_time(by: Typed, words: list[str]) -> None:
    make_version(make_expert("drama"))

    with pytest.raises(SystemExit) as ended:
        by(ADA, "withdraw", *words, *REASON, "--yes")

    assert ended.value.code == 2
    assert not Withdrawal.objects.exists()


@pytest.mark.usefixtures("password")
def test_destruction_is_confirmed_with_a_password_that_is_no_argument(by: Typed) -> None:
    version = make_version()

    told = by(ADA, "withdraw", str(version), *REASON, "--destroy", "--yes")

    assert "Its bytes are destroyed after" in told
    assert Withdrawal.objects.get(version=version).destruction_confirmed_at is not None


@pytest.mark.usefixtures("password")
def test_a_wrong_password_denies_and_destroys_nothing(by: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    version = make_version()
    monkeypatch.setenv("GUILDHALL_PASSWORD", "somebody else's")

    told = by(ADA, "withdraw", str(version), *REASON, "--destroy", "--yes", status=1)

    withdrawal = Withdrawal.objects.get(version=version)
    assert f"{version} is withdrawn, but the password is not yours: nothing is destroyed" in told
    assert withdrawal.destruction_confirmed_at is None


@pytest.mark.usefixtures("password")
def test_destruction_may_be_confirmed_later(by: Typed) -> None:
    version = make_version()
    by(ADA, "withdraw", str(version), *REASON, "--yes")

    before = by(ADA, "withdrawal", str(version))
    after = by(ADA, "withdrawal", str(version), "--destroy")

    assert "An owner has to confirm the destruction" in before
    assert "The bytes are kept until" in after


def test_the_checklist_says_what_is_done_and_what_is_out_of_reach(by: Typed) -> None:
    version = make_version()
    model = make_model()
    model.experts.add(version.expert)
    composition = publish(model, versions=[version])
    by(ADA, "withdraw", str(version), *REASON, "--yes")

    told = by(ADA, "withdrawal", str(version))

    assert told.startswith(f"{version} was withdrawn at ")
    for state, step in (("done", "deny"), ("running", "block"), ("waiting", "check"), ("waiting", "certify")):
        assert f"  {state:<8} {step}" in told
    assert "Copies on the recipients' own disks are out of our reach" in told
    assert composition.revision[:12] not in told  # not blocked yet: nobody has carried on


def test_a_certificate_that_is_not_there_yet_is_not_written(by: Typed, tmp_path: Path) -> None:
    version = make_version()
    by(ADA, "withdraw", str(version), *REASON, "--yes")

    told = by(ADA, "withdrawal", str(version), "--certificate", str(tmp_path / "c.json"), status=1)
    waited = by(ADA, "withdrawal", str(version), "--wait", "--certificate", str(tmp_path / "c.json"), status=1)

    assert "is not certified yet" in told
    assert waited == "guildhall: An owner has to confirm the destruction with their password.\n"
    assert not (tmp_path / "c.json").exists()


def test_a_withdrawal_is_not_told_to_strangers(by: Typed) -> None:
    version = make_version()
    by(ADA, "withdraw", str(version), *REASON, "--yes")

    assert "There is no such withdrawal" in by(CY, "withdrawal", str(version), status=1)


def test_a_version_is_paused_and_resumed(by: Typed) -> None:
    version = make_version()

    paused = by(ADA, "pause", str(version), *REASON)
    version.refresh_from_db()
    state = version.state
    resumed = by(ADA, "resume", str(version))

    assert state == VersionState.PAUSED
    assert paused == f"{version} is paused: denied until `guildhall resume {version}`.\n"
    assert resumed == f"{version} is approved.\n"


def test_compliance_holds_the_bytes_and_lets_them_go(by: Typed) -> None:
    version = make_version()

    refused = by(ADA, "hold", str(version), *OTHERS, status=1)
    held = by(BEN, "hold", str(version), *OTHERS)
    lifted = by(BEN, "lift", str(version))
    again = by(BEN, "lift", str(version), status=1)

    assert "compliance" in refused
    assert f"{version} is under a legal hold since" in held
    assert f"The hold on {version} is lifted since" in lifted
    assert "is under no hold" in again
    assert LegalHold.objects.get().lifted_at is not None


@dataclass(frozen=True, slots=True)
class Told:
    """What the service says of a withdrawal at one time."""

    step: str = "running"
    sentence: str = ""
    confirmed: str | None = "2026-11-23T00:00:00Z"
    ended: str | None = None
    kept_until: str = "2026-11-23T00:00:00Z"

    def answer(self) -> Answer:
        step = {"name": "destroy", "state": self.step, "at": None, "sentence": self.sentence}
        body = {
            "destruction_confirmed_at": self.confirmed,
            "destroy_after": self.kept_until,
            "ended_at": self.ended,
            "steps": [step],
        }
        return Answer(200, body, "application/json")


BUNDLE = Answer(200, {"envelope": {}, "leaf": "", "proof": "", "key": {}}, "application/json")


def test_waiting_ends_with_the_certificate_once_the_log_has_it() -> None:
    done = Told(step="done", ended="2026-11-23T00:00:01Z").answer()
    answers = [Told().answer(), done, Answer(404, {"detail": "On its way."}), done, BUNDLE]

    with scripted(answers) as script, Guildhall(script.url) as guildhall:
        certificate = wait_for_certificate(guildhall, "7")

    assert certificate == BUNDLE.body
    assert [path for _, path in script.requests][-2:] == ["/api/v1/withdrawals/7", "/api/v1/withdrawals/7/certificate"]


@pytest.mark.parametrize(
    "told",
    [
        Told("waiting", "Confirm it.", confirmed=None),
        Told("waiting", "Kept for years.", kept_until="2999-01-01T00:00:00Z"),
        Told("held", "Kept."),
    ],
)
def test_nobody_waits_for_a_person_or_for_years(told: Told) -> None:
    with (
        scripted([told.answer()]) as script,
        Guildhall(script.url) as guildhall,
        pytest.raises(Refused, match=told.sentence),
    ):
        wait_for_certificate(guildhall, "7")

    assert len(script.requests) == 1


def test_waiting_ends_in_time_and_says_what_it_waited_for() -> None:
    told = Told(step="waiting", sentence="The bytes are kept until tomorrow.")

    with (
        scripted([told.answer()]) as script,
        Guildhall(script.url) as guildhall,
        pytest.raises(TookTooLong, match=r"The bytes are kept until tomorrow\. The withdrawal was not certified"),
    ):
        wait_for_certificate(guildhall, "7", seconds=0.3)


def test_a_service_that_fails_is_not_taken_for_one_that_has_none() -> None:
    done = Told(step="done", ended="2026-11-23T00:00:01Z").answer()

    with (
        scripted([done, Answer(403, {"detail": "Not yours."})]) as script,
        Guildhall(script.url) as guildhall,
        pytest.raises(Refused, match="Not yours"),
    ):
        wait_for_certificate(guildhall, "7")
