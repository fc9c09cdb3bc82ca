"""From a name and a revision to the composition behind them, for one person; or the refusal that says why not."""

from django.conf import settings

from registry.accounts.models import Person, Role
from registry.accounts.queries import has_role
from registry.actors import person as actor
from registry.compositions import queries
from registry.compositions.models import Composition, Model, RepositoryFile
from registry.compositions.queries import get_revision, versions_in
from registry.errors import Denied
from registry.hub.wire import EntryNotFound, RepoNotFound, RevisionNotFound
from registry.policy.queries import DOWNLOAD, judge_all


def open_model(namespace: str, name: str, *, for_person: Person, to_read: bool = False) -> Model:
    """The model, for somebody who consumes it; for everybody else it is not there.

    Auditors may see what is there and what is not; they read no file of it.
    """
    model = (
        Model.objects.select_related("organisation", "anchor", "main")
        .filter(organisation__slug=namespace, name=name)
        .first()
    )
    may = model is not None and has_role(actor(for_person.id), Role.CONSUMER, model.organisation)
    if model is None or not (may or (not to_read and has_role(actor(for_person.id), Role.AUDITOR))):
        raise RepoNotFound(
            f"There is no model {namespace[:40]}/{name[:40]} that you may read; reading one takes the role consumer "
            "in its organisation."
        )
    return model


def open_revision(model: Model, revision: str) -> Composition:
    """The composition that a revision names, if it is served.

    What is not is RevisionNotFound: on any other answer a client with the model in its cache goes on using it.
    """
    try:
        return get_revision(model, revision)
    except queries.RevisionNotFound as gone:
        raise RevisionNotFound(f"{gone.detail} See {page_of(model)}") from gone


def open_readable(model: Model, revision: str) -> Composition:
    """The same, if the policies would also let its files be read at this moment. Nothing is granted, or recorded."""
    composition = open_revision(model, revision)
    versions = [version for _, version in versions_in(composition)]
    verdicts = judge_all(versions, consumer=model.organisation, action=DOWNLOAD, purpose=model.purpose)
    refusals = [reason for verdict in verdicts if not verdict.allowed for reason in verdict.reasons]
    if refusals:
        raise denied(model, Denied(f"Revision {composition.revision[:12]} may not be read now.", policies=refusals))
    return composition


def open_file(composition: Composition, path: str) -> RepositoryFile:
    file = composition.files.filter(path=path).first()
    if file is None:
        raise EntryNotFound(f"There is no file {path[:120]} in this revision.", commit=composition.revision)
    return file


def denied(model: Model, denial: Denied) -> RevisionNotFound:
    reasons = [f"{item.reason} ({item.policy})" for item in denial.policies]
    return RevisionNotFound(" ".join([denial.detail, *reasons, f"See {page_of(model)}"]))


def page_of(model: Model) -> str:
    return f"{settings.GUILDHALL_URL}/models/{model}"
