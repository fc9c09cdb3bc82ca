"""The commands that take an expert back: withdraw, follow it to its certificate, pause and resume, hold and lift.

Denial comes with the click; destruction is confirmed with a password, which is never an argument.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from client import lines, shapes
from client.api import Guildhall
from client.connection import Refused
from client.terminal import here, password_for, show
from client.waiting import wait_for_certificate, wait_for_withdrawal

BASES = ("consent-withdrawn", "objection", "erasure", "licence-ended", "never-held", "other")
VERSION = "ORGANISATION/NAME@NUMBER"
Add = Callable[[str, Callable[[argparse.Namespace], None], str], argparse.ArgumentParser]


def withdraw(chosen: argparse.Namespace) -> None:
    name = chosen.version or chosen.expert or chosen.organisation
    with here() as guildhall:
        show(lines.of_preview(name, _preview(guildhall, chosen)))
        if not chosen.yes and input(f"This cannot be undone. Type {name} to go on: ") != name:
            raise Refused("Nothing was withdrawn.", status=0, code="not-confirmed")
        password = password_for("Your password, to have the stored bytes destroyed") if chosen.destroy else ""
        withdrawals = _click(guildhall, chosen, password=password)
        for withdrawal in withdrawals:
            show(lines.of_denial(withdrawal))
        if chosen.wait:
            for withdrawal in withdrawals:
                version = guildhall.find_version(withdrawal["version"])["id"]
                show(lines.of_withdrawal(wait_for_withdrawal(guildhall, version)))
    if chosen.destroy and any(withdrawal["destruction_confirmed_at"] is None for withdrawal in withdrawals):
        message = f"{name} is withdrawn, but the password is not yours: nothing is destroyed. Run it again with yours."
        raise Refused(message, status=0, code="not-confirmed")


def _preview(guildhall: Guildhall, chosen: argparse.Namespace) -> shapes.WithdrawalPreview:
    if chosen.organisation:
        return guildhall.preview_organisation_withdrawal(chosen.organisation)
    if chosen.expert:
        return guildhall.preview_expert_withdrawal(chosen.expert)
    return guildhall.preview_withdrawal(guildhall.find_version(chosen.version)["id"])


def _click(guildhall: Guildhall, chosen: argparse.Namespace, *, password: str) -> Sequence[shapes.Withdrawal]:
    reason, basis = chosen.reason, chosen.legal_basis
    if chosen.organisation:
        return guildhall.withdraw_organisation(chosen.organisation, reason=reason, legal_basis=basis, password=password)
    if chosen.expert:
        return guildhall.withdraw_expert(chosen.expert, reason=reason, legal_basis=basis, password=password)
    version = guildhall.find_version(chosen.version)["id"]
    return [guildhall.withdraw_version(version, reason=reason, legal_basis=basis, password=password)]


def withdrawal(chosen: argparse.Namespace) -> None:
    with here() as guildhall:
        version = guildhall.find_version(chosen.version)["id"]
        withdrawal_id = guildhall.get_withdrawal_of_version(version)["id"]
        if chosen.destroy:
            password = password_for("Your password, to have the stored bytes destroyed")
            guildhall.confirm_destruction(withdrawal_id, password=password)
        certificate = None
        if chosen.wait:
            certificate = wait_for_certificate(guildhall, withdrawal_id)
        elif chosen.certificate:
            certificate = guildhall.get_certificate(withdrawal_id)
        show(lines.of_checklist(guildhall.get_withdrawal(withdrawal_id)))
    if certificate and chosen.certificate:
        chosen.certificate.write_text(json.dumps(certificate, indent=1) + "\n", encoding="utf-8")
        show(
            [f"{chosen.certificate} is the certificate; `guildhall verify certificate {chosen.certificate}` checks it."]
        )


def pause(chosen: argparse.Namespace) -> None:
    with here() as guildhall:
        version = guildhall.pause_version(guildhall.find_version(chosen.version)["id"], reason=chosen.reason)
    show([f"{chosen.version} is {version['state']}: denied until `guildhall resume {chosen.version}`."])


def resume(chosen: argparse.Namespace) -> None:
    with here() as guildhall:
        version = guildhall.resume_version(guildhall.find_version(chosen.version)["id"])
    show([f"{chosen.version} is {version['state']}."])


def hold(chosen: argparse.Namespace) -> None:
    with here() as guildhall:
        placed = guildhall.place_hold(guildhall.find_version(chosen.version)["id"], reason=chosen.reason)
    show(
        [f"{chosen.version} is under a legal hold since {placed['placed_at']}; its bytes are kept, whatever is denied."]
    )


def lift(chosen: argparse.Namespace) -> None:
    with here() as guildhall:
        lifted = guildhall.lift_hold(guildhall.find_version(chosen.version)["id"])
    show([f"The hold on {chosen.version} is lifted since {lifted['lifted_at']}."])


def add_commands(add: Add) -> None:
    one = add("withdraw", withdraw, "Take a version, an expert, or all that an organisation has out of use, for good.")
    what = one.add_mutually_exclusive_group(required=True)
    what.add_argument("version", nargs="?", metavar=VERSION)
    what.add_argument("--expert", metavar="ORGANISATION/NAME", help="every version of it")
    what.add_argument("--organisation", metavar="ORGANISATION", help="every version of all of its experts")
    one.add_argument("--reason", required=True)
    one.add_argument("--legal-basis", choices=BASES, default="")
    one.add_argument(
        "--destroy",
        action="store_true",
        help="confirm that the stored bytes be destroyed too, with your password (asked, or GUILDHALL_PASSWORD)",
    )
    one.add_argument("--yes", action="store_true", help="do not ask")
    one.add_argument("--wait", action="store_true", help="wait until every affected model is seen to")

    one = add("withdrawal", withdrawal, "How far a withdrawal is, what it cannot reach, and its certificate.")
    one.add_argument("version", metavar=VERSION)
    one.add_argument("--certificate", type=Path, metavar="FILE", help="save the certificate there")
    one.add_argument("--wait", action="store_true", help="wait until it is certified")
    one.add_argument(
        "--destroy",
        action="store_true",
        help="confirm the destruction with your password (asked, or GUILDHALL_PASSWORD)",
    )

    for name, run, does, needs_reason in (
        ("pause", pause, "Deny a version until it is resumed; nothing is blocked or destroyed.", True),
        ("resume", resume, "Let a paused version be used again.", False),
        ("hold", hold, "Keep the bytes of a version, whatever is withdrawn (compliance, operators).", True),
        ("lift", lift, "Lift a legal hold (compliance, operators).", False),
    ):
        one = add(name, run, does)
        one.add_argument("version", metavar=VERSION)
        if needs_reason:
            one.add_argument("--reason", required=True)
