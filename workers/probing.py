"""Read to verified: the expert is put beside its anchor and asked about public text, as it will be in a composed model.

Runs on the gpu queue, with or without a GPU. What is trouble of our own is raised, and the sweep sends the job again.
"""

import logging
from typing import TYPE_CHECKING
from uuid import UUID

from celery import shared_task
from django.conf import settings

from registry.actors import VERIFIER
from registry.errors import Invalid, WrongState
from registry.evidence.actions import verify_version_with_evidence
from registry.experts.actions import Reading
from registry.experts.models import ExpertVersion, VersionState
from registry.experts.queries import get_version
from registry.jobs import Job
from workers.fetching import fetched
from workers.findings import Findings, Remark, Unfit
from workers.scratch import scratch_folder
from workers.turns import turn
from workers.verification import reject_files

if TYPE_CHECKING:
    from workers.probe import Beside

logger = logging.getLogger(__name__)


@shared_task(name=Job.PROBE_VERSION.value)
def probe_version(version_id: str) -> None:
    """Safe to run twice: only a version that was read and has no verdict yet is asked."""
    with turn(Job.PROBE_VERSION, UUID(version_id)) as ours:
        version = get_version(UUID(version_id))
        if not ours or version.state != VersionState.SUBMITTED or not version.reading:
            return
        # A worker that died between its remark and its verdict has left the remark behind.
        findings = Findings(version.id, [check for check in version.checks if check["name"] != "probe"])
        try:
            report = version.report | {"probe": _ask(version, findings)}
            checks = findings.checks
            verify_version_with_evidence(
                version.id, Reading(**version.reading), report=report, checks=checks, by=VERIFIER
            )
        except WrongState as moved:
            logger.info("the verdict on %s came too late: %s", version, moved)
        except Invalid as fault:  # its key was revoked meanwhile
            reject_files(version, Unfit(str(fault)), findings)
        except Unfit as fault:
            reject_files(version, fault, findings)


def _ask(version: ExpertVersion, findings: Findings) -> dict[str, object]:
    # Loaded here: torch is heavy, and the workers of the default queue never need it.
    from workers.probe import probe_beside  # noqa: PLC0415

    with scratch_folder() as folder:
        anchor = fetched(version.expert.anchor.files.all(), folder / "anchor")
        found = probe_beside(anchor, fetched(version.files.all(), folder / "package"))
    if not found.finite:
        raise findings.refused(
            "probe",
            "Beside its anchor the expert gives values that are not finite on public text; train again with a smaller "
            "learning rate.",
        )
    limit = settings.PROBE_MAX_REGRESSION
    if found.regression > limit:
        raise findings.refused(
            "probe",
            f"Beside its anchor the expert needs {found.model:.3f} bits per byte on public text, the anchor alone "
            f"{found.anchor:.3f}; that is {found.regression:.0%} worse, and at most {limit:.0%} is taken. Train with "
            "public text in each batch (`flexcore train --replay`).",
        )
    findings.note("probe", Remark(in_words(found)))
    return found.as_json()


def in_words(found: "Beside") -> str:
    worse, share = found.regression, found.share
    than = f"{abs(worse):.1%} {'worse' if worse > 0 else 'better'} than the anchor alone"
    return f"Needs {found.model:.3f} bits per byte on public text, {than}; it is given {share:.0%} of the weight there."
