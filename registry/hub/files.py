"""resolve/: the bytes of one file. Small ones come from here, large ones straight from the object store.

Each GET is granted anew: the policies are asked, and the download is recorded. HEAD only describes.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from registry import storage
from registry.accounts.models import Person
from registry.actors import person as actor
from registry.compositions.models import Composition, RepositoryFile
from registry.compositions.queries import content_of
from registry.errors import Denied
from registry.hub.listings import entity_tag
from registry.hub.notices import notice_of
from registry.hub.ranges import OutOfRange, span_of
from registry.hub.repositories import denied, open_file, open_model, open_readable, open_revision
from registry.hub.wire import header_text, hub_view
from registry.usage.grants import grant_download

INLINE_BYTES = 2**20
CONTENT_TYPES = {".json": "application/json", ".md": "text/plain; charset=utf-8", "": "text/plain; charset=utf-8"}


@hub_view("GET", "HEAD")
def resolve(
    request: HttpRequest, person: Person, *, namespace: str, name: str, revision: str, path: str
) -> HttpResponse:
    """GET, HEAD /{namespace}/{name}/resolve/{revision}/{path}"""
    model = open_model(namespace, name, for_person=person, to_read=request.method == "GET")
    if request.method == "HEAD":
        # No Location: a client would follow it past us, and no download would be granted, or recorded.
        composition = open_readable(model, revision)
        file = open_file(composition, path)
        return _described(HttpResponse(content_type=_content_type(file)), composition, file)
    composition = open_revision(model, revision)
    file = open_file(composition, path)
    _grant(composition, file, person)
    if file.key and file.size > INLINE_BYTES:
        url = storage.sign_get(file.key, filename=file.path.rpartition("/")[2])
        answer: HttpResponse = HttpResponseRedirect(url)
        del answer["Content-Type"]
    else:
        answer = _inline(file, request.headers.get("Range"))
    return _described(answer, composition, file)


def _grant(composition: Composition, file: RepositoryFile, person: Person) -> None:
    try:
        grant_download(composition, file, by=actor(person.id))
    except Denied as denial:
        raise denied(composition.model, denial) from denial


def _inline(file: RepositoryFile, header: str | None) -> HttpResponse:
    try:
        span = span_of(header, size=file.size)
    except OutOfRange:
        answer = HttpResponse(status=416)
        answer["Content-Range"] = f"bytes */{file.size}"
        return answer
    data = content_of(file)
    if span is None:
        return HttpResponse(data, content_type=_content_type(file))
    answer = HttpResponse(data[span.start : span.end], status=206, content_type=_content_type(file))
    answer["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{file.size}"
    return answer


def _described(answer: HttpResponse, composition: Composition, file: RepositoryFile) -> HttpResponse:
    tag = f'"{entity_tag(file)}"'
    answer["X-Repo-Commit"] = composition.revision
    answer["ETag"] = answer["X-Linked-Etag"] = tag
    answer["X-Linked-Size"] = str(file.size)
    answer["Accept-Ranges"] = "bytes"
    answer["Cache-Control"] = "private, no-cache"
    # What an owner or an anchor brought is shown to nobody as a page of ours.
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if answer.status_code == 200:
        answer["Content-Length"] = str(file.size)
    if notice := notice_of(composition):
        answer["X-HF-Warning"] = header_text(notice)
    return answer


def _content_type(file: RepositoryFile) -> str:
    _, dot, ending = file.path.rpartition("/")[2].rpartition(".")
    return CONTENT_TYPES.get(dot + ending if dot else "", "application/octet-stream")
