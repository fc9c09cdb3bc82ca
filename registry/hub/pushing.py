"""Bringing an expert with a stock client: create, preupload, the bytes of large files straight to S3, commit.

A repository that is written to is an expert, one that is read is a model: nothing can be both, so a name that both have
is no clash. What arrives goes into the expert's newest draft; nothing but its owner submits it.
"""

from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from registry.accounts.models import Person, Role
from registry.accounts.queries import demand_role
from registry.actors import person as actor
from registry.digests import digest_of
from registry.errors import NotFound, Refusal
from registry.experts import incoming
from registry.experts.incoming import Named, change_draft, complete_object, newest_draft, open_object, part_urls
from registry.experts.models import Expert, ExpertVersion, IncomingObject
from registry.experts.queries import files_of, get_visible_expert
from registry.experts.rules import PACKAGE_FILES, check_file, missing_files
from registry.hub.commits import MAX_COMMIT_BYTES, ByDigest, Commit, digest_of_oid, parse_object, read_commit, text_of
from registry.hub.wire import BadRequest, Forbidden, RepoNotFound, RevisionNotFound, as_json, header_text, hub_view
from registry.xet.storing import spend_xorbs

MAIN = "main"
MAX_BODY = 2 * 2**20
MAX_FILES = 256  # what clients ask for at once
LINK = "registry.hub.pushing.complete"
ANY_DIGEST = "sha256:" + "0" * 64


def by_link(request: HttpRequest) -> Person:
    """Clients send no token when they say that all parts are there; the link that we gave them speaks for them."""
    row = _object_of(request)
    return row.brought_by


@hub_view("POST")
def create(request: HttpRequest, person: Person) -> HttpResponse:
    """POST /api/repos/create: an expert is made on our pages, with its anchor; here one learns that it is there."""
    body = _body(request)
    if body.get("type") not in {None, "model"}:
        raise BadRequest("An expert is a repository of the type model; leave --repo-type out.")
    name, organisation = text_of(body, "name", "the request"), body.get("organization")
    if not isinstance(organisation, str):
        raise BadRequest("An expert belongs to an organisation; name it as organisation/expert.")
    try:
        expert = writable_expert(organisation, name, person)
    except RepoNotFound as fault:
        raise BadRequest(str(fault)) from fault  # of a missing repository a client would say that it lacks a token
    answer = as_json({"error": f"You have {expert} already.", "url": _address(request, expert)})
    answer.status_code = 409  # what a client that was told `exist_ok` takes for yes
    answer["X-Error-Message"] = header_text(f"You have {expert} already; upload into it.")
    return answer


@hub_view("POST")
def preupload(request: HttpRequest, person: Person, *, namespace: str, name: str, revision: str) -> HttpResponse:
    """POST /api/models/{namespace}/{name}/preupload/{revision}: which files come by digest, and which in the commit."""
    expert = writable_expert(namespace, name, person)
    demand_main(request, revision)
    demand_draft(expert)
    files = _body(request).get("files")
    if not isinstance(files, list) or len(files) > MAX_FILES:
        raise BadRequest(f"`files` is a list of at most {MAX_FILES} files.")
    return as_json({"files": [_mode(file) for file in files]})


@hub_view("POST")
def objects_batch(request: HttpRequest, person: Person, *, namespace: str, name: str) -> HttpResponse:
    """POST /{namespace}/{name}.git/info/lfs/objects/batch: where the parts of large files are put."""
    expert = writable_expert(namespace, name, person)
    demand_draft(expert)
    body = _body(request)
    wanted, transfers = body.get("objects"), body.get("transfers")
    if body.get("operation") != "upload" or body.get("hash_algo", "sha256") != "sha256":
        raise BadRequest("Only uploads by SHA-256 are taken here; what a model holds is downloaded by its files.")
    if not isinstance(transfers, list) or "multipart" not in transfers:
        raise BadRequest("Files are taken in parts; use a client of the hub, such as `hf upload`.")
    if not isinstance(wanted, list) or len(wanted) > MAX_FILES:
        raise BadRequest(f"`objects` is a list of at most {MAX_FILES} objects.")
    objects = [_object(request, expert, one, person) for one in wanted]
    return as_json({"transfer": "multipart", "objects": objects, "hash_algo": "sha256"})


@hub_view("POST", caller=by_link)
def complete(request: HttpRequest, person: Person) -> HttpResponse:
    """POST /api/lfs/complete?link=…: all parts of a file are there."""
    complete_object(_object_of(request).id, by=actor(person.id))
    return as_json({"success": True})


@hub_view("POST")
def commit(request: HttpRequest, person: Person, *, namespace: str, name: str, revision: str) -> HttpResponse:
    """POST /api/models/{namespace}/{name}/commit/{revision}: the names of what was brought, and the small files."""
    expert = writable_expert(namespace, name, person)
    demand_main(request, revision)
    told = read_commit(request.read(MAX_COMMIT_BYTES + 1))
    draft = demand_draft(expert)
    if not told.files and not told.removed:
        raise BadRequest("The commit changes nothing.")
    version = change_draft(draft.id, _named(told), without=_removed(told), by=actor(person.id))
    spend_xorbs(expert, by=actor(person.id))
    present = {file.path: file.sha256 for file in files_of(version)}
    oid = digest_of({"version": str(version.id), "files": present}).removeprefix("sha256:")[:40]
    return as_json(
        {
            "success": True,
            "commitOid": oid,
            "commitUrl": f"{_address(request, expert)}/commit/{oid}",
            "pullRequestUrl": None,
            "hookOutput": "",
        },
        warning=f"guildhall-{oid[:12]}; {_next_step(version, set(present))}",
    )


@require_safe
def show_commit(request: HttpRequest, *, namespace: str, name: str, revision: str) -> HttpResponse:
    """GET /{namespace}/{name}/commit/{revision}, which clients print: the page of the expert, with its drafts."""
    return HttpResponseRedirect(f"/experts/{quote(namespace)}/{quote(name)}")


def writable_expert(namespace: str, name: str, person: Person) -> Expert:
    """The expert, for an owner in its organisation."""
    try:
        expert = get_visible_expert(f"{namespace}/{name}", actor=actor(person.id))
    except NotFound as fault:
        raise RepoNotFound(
            f"There is no expert {namespace[:40]}/{name[:40]} that you may upload to; make it on "
            f"{settings.GUILDHALL_URL}/upload, with its anchor, then upload again."
        ) from fault
    try:
        demand_role(actor(person.id), Role.OWNER, expert.organisation)
    except Refusal as fault:
        raise Forbidden(fault.detail) from fault
    return expert


def demand_main(request: HttpRequest, revision: str) -> None:
    if request.GET.get("create_pr"):
        raise BadRequest("There are no pull requests here; upload without --create-pr, and submit the draft.")
    if revision != MAIN:
        raise RevisionNotFound(f"An expert takes uploads on {MAIN} only; they go into its newest draft.")


def demand_draft(expert: Expert) -> ExpertVersion:
    draft = newest_draft(expert)
    if draft is None:
        raise BadRequest(
            f"{expert} has no draft that takes files; state licence, consent and provenance of a new version on "
            f"{settings.GUILDHALL_URL}/upload, then upload again."
        )
    return draft


def _body(request: HttpRequest) -> dict[str, Any]:
    data = request.read(MAX_BODY + 1)
    if len(data) > MAX_BODY:
        raise BadRequest(f"The body has more than {MAX_BODY} bytes.")
    return parse_object(data, "The body")


def _mode(file: object) -> dict[str, Any]:
    """Refused here, before any byte is sent, is what would be refused later."""
    if not isinstance(file, dict) or type(file.get("size")) is not int:
        raise BadRequest("Each file has a `path` and a `size`.")
    path = text_of(file, "path", "a file")
    check_file(path, size=file["size"], sha256=ANY_DIGEST, allowed=PACKAGE_FILES, limit=settings.MAX_FILE_BYTES)
    mode = "lfs" if path.endswith(".safetensors") else "regular"
    return {"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": None}


def _object(request: HttpRequest, expert: Expert, one: object, person: Person) -> dict[str, Any]:
    if not isinstance(one, dict):
        raise BadRequest("Each object has an `oid` and a `size`.")
    wanted = digest_of_oid(one, "an object")
    answer: dict[str, Any] = {"oid": wanted.sha256.removeprefix("sha256:"), "size": wanted.size, "authenticated": True}
    if incoming.is_here(expert, sha256=wanted.sha256, size=wanted.size):
        return answer  # without actions nothing is sent
    try:
        row = open_object(expert, sha256=wanted.sha256, size=wanted.size, by=actor(person.id))
    except Refusal as refusal:
        return answer | {"error": {"code": refusal.status, "message": refusal.detail}}
    if row.completed_at is not None:
        return answer
    link = signing.dumps(str(row.id), salt=LINK)
    header = {f"{number:05}": url for number, url in enumerate(part_urls(row), start=1)}
    upload = {
        "href": f"{request.build_absolute_uri('/api/lfs/complete')}?link={link}",
        "header": {"chunk_size": str(row.part_size), **header},
    }
    return answer | {"actions": {"upload": upload}}


def _object_of(request: HttpRequest) -> IncomingObject:
    try:
        named = signing.loads(request.GET.get("link", ""), salt=LINK, max_age=settings.HUB_UPLOAD_SECONDS)
    except signing.BadSignature:
        raise Forbidden("This link is not ours, or has expired; upload the file again.") from None
    row = IncomingObject.objects.select_related("brought_by").filter(id=named, brought_by__is_active=True).first()
    if row is None:
        raise Forbidden("This upload is over, or was swept; upload the file again.")
    return row


def _named(told: Commit) -> list[Named]:
    return [
        Named(path, said.sha256, said.size) if isinstance(said, ByDigest) else Named.of_bytes(path, said)
        for path, said in told.files.items()
    ]


def _removed(told: Commit) -> frozenset[str]:
    """A package has no folders but its root."""
    return frozenset(PACKAGE_FILES) if told.removed & {"/", "./"} else frozenset(told.removed)


def _next_step(version: ExpertVersion, present: set[str]) -> str:
    page = f"{settings.GUILDHALL_URL}/versions/{version.id}"
    if missing := missing_files(present, allowed=PACKAGE_FILES):
        return f"{version} is a draft, and {', '.join(missing)} is still missing; see {page}"
    return f"{version} is a draft with all its files; submit it on {page}"


def _address(request: HttpRequest, expert: Expert) -> str:
    return request.build_absolute_uri(f"/{expert}")
