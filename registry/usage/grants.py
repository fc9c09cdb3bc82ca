"""The gate in front of every byte of a composed model."""

from registry.actors import Actor
from registry.audit.guard import demand_whole_log
from registry.compositions.models import Composition, RepositoryFile
from registry.errors import Denied
from registry.usage.actions import answer_download


def grant_download(composition: Composition, file: RepositoryFile, *, by: Actor) -> None:
    """Let one file be read now, or raise Denied with the policies that refuse. Either answer is on record first."""
    demand_whole_log()
    reasons = answer_download(composition, file, by=by)
    if reasons:
        raise Denied(f"Revision {composition.revision[:12]} may not be downloaded now.", policies=reasons)
