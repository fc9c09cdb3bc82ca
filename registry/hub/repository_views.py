"""What a model is and what its revisions hold: model_info, tree, paths-info, refs, commits, auth-check."""

import json
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from registry.accounts.models import Person
from registry.compositions.models import SERVED, Composition, Model
from registry.compositions.queries import tags_of
from registry.compositions.rules import MAIN
from registry.hub.listings import entries_under, entry_of, folders_of
from registry.hub.notices import notice_of
from registry.hub.repositories import open_model, open_readable
from registry.hub.wire import BadRequest, as_json, hub_view

PAGE = 1000
MAX_PATHS = 1000


@hub_view("GET", "HEAD")
def model_info(
    request: HttpRequest, person: Person, *, namespace: str, name: str, revision: str = MAIN
) -> HttpResponse:
    """GET /api/models/{namespace}/{name}[/revision/{revision}]"""
    model = open_model(namespace, name, for_person=person)
    composition = open_readable(model, revision)
    with_blobs = request.GET.get("blobs", "").lower() in {"1", "true"}
    body = _info(model, composition, with_blobs=with_blobs)
    return as_json(body, commit=composition.revision, warning=notice_of(composition))


@hub_view("GET", "HEAD")
def tree(
    request: HttpRequest, person: Person, *, namespace: str, name: str, revision: str, folder: str = ""
) -> HttpResponse:
    """GET /api/models/{namespace}/{name}/tree/{revision}[/{folder}]"""
    composition = open_readable(open_model(namespace, name, for_person=person), revision)
    recursive = request.GET.get("recursive", "").lower() in {"1", "true"}
    entries = entries_under(composition, folder.removesuffix("/"), recursive=recursive)
    after = request.GET.get("cursor", "")
    rest = [entry for entry in entries if entry["path"] > after]
    limit = _limit(request)
    page = rest[:limit]
    if request.GET.get("expand", "").lower() in {"1", "true"}:
        page = [{**entry, "lastCommit": _commit(composition)} for entry in page]
    answer = as_json(page, commit=composition.revision)
    if len(rest) > limit:
        query = urlencode({**request.GET.dict(), "cursor": page[-1]["path"]})
        answer["Link"] = f'<{request.build_absolute_uri(request.path)}?{query}>; rel="next"'
    return answer


@hub_view("POST")
def paths_info(request: HttpRequest, person: Person, *, namespace: str, name: str, revision: str) -> HttpResponse:
    """POST /api/models/{namespace}/{name}/paths-info/{revision}: what is there of the paths asked for."""
    composition = open_readable(open_model(namespace, name, for_person=person), revision)
    wanted = _paths(request)
    files = list(composition.files.order_by("path"))
    entries = [entry_of(file) for file in files]
    entries += folders_of((file.path for file in files), inside="", recursive=True)
    return as_json([entry for entry in entries if entry["path"] in wanted], commit=composition.revision)


@hub_view("GET")
def refs(request: HttpRequest, person: Person, *, namespace: str, name: str) -> HttpResponse:
    """GET /api/models/{namespace}/{name}/refs"""
    model = open_model(namespace, name, for_person=person)
    branches = []
    if model.main is not None and model.main.state in SERVED:
        branches = [{"name": MAIN, "ref": f"refs/heads/{MAIN}", "targetCommit": model.main.revision}]
    tags = [
        {"name": tag.name, "ref": f"refs/tags/{tag.name}", "targetCommit": tag.composition.revision}
        for tag in tags_of(model)
    ]
    return as_json({"branches": branches, "tags": tags, "converts": [], "pullRequests": []})


@hub_view("GET")
def commits(request: HttpRequest, person: Person, *, namespace: str, name: str, revision: str) -> HttpResponse:
    """GET /api/models/{namespace}/{name}/commits/{revision}: it and the served ones before it, newest first."""
    composition = open_readable(open_model(namespace, name, for_person=person), revision)
    earlier = composition.model.compositions.filter(state__in=SERVED, published_at__lt=composition.published_at)
    return as_json([_commit(one) for one in [composition, *earlier.order_by("-published_at")[: PAGE - 1]]])


@hub_view("GET", "HEAD")
def auth_check(request: HttpRequest, person: Person, *, namespace: str, name: str) -> HttpResponse:
    """GET /api/models/{namespace}/{name}/auth-check"""
    open_model(namespace, name, for_person=person)
    return as_json({})


def _info(model: Model, composition: Composition, *, with_blobs: bool) -> dict[str, Any]:
    published = _moment(composition)
    return {
        "_id": str(model.id),
        "id": str(model),
        "modelId": str(model),
        "author": model.organisation.slug,
        "sha": composition.revision,
        "private": True,
        "gated": False,
        "disabled": False,
        "createdAt": model.created_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "lastModified": published,
        "downloads": 0,
        "likes": 0,
        "tags": ["transformers", "safetensors", "flex_olmo", "guildhall", f"purpose:{model.purpose}"],
        "pipeline_tag": "text-generation",
        "library_name": "transformers",
        "config": {"architectures": ["FlexOlmoForCausalLM"], "model_type": "flex_olmo"},
        "cardData": {"library_name": "transformers", "pipeline_tag": "text-generation"},
        "siblings": [_sibling(entry_of(file), with_blobs) for file in composition.files.order_by("path")],
    }


def _sibling(entry: dict[str, Any], with_blob: bool) -> dict[str, Any]:
    sibling: dict[str, Any] = {"rfilename": entry["path"]}
    if with_blob:
        sibling |= {"size": entry["size"], "blobId": entry["oid"]}
        if lfs := entry.get("lfs"):
            sibling["lfs"] = {"sha256": lfs["oid"], "size": lfs["size"], "pointerSize": lfs["pointerSize"]}
    return sibling


def _commit(composition: Composition) -> dict[str, Any]:
    return {
        "id": composition.revision,
        "title": f"Compose {composition.model}",
        "message": "",
        "authors": [{"user": "guildhall"}],
        "date": _moment(composition),
    }


def _moment(composition: Composition) -> str:
    return (composition.published_at or composition.created_at).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _limit(request: HttpRequest) -> int:
    text = request.GET.get("limit", "")
    return min(max(int(text), 1), PAGE) if text.isdecimal() and len(text) < 8 else PAGE


def _paths(request: HttpRequest) -> set[str]:
    """The paths of a form or of a JSON body: clients send either."""
    if request.content_type == "application/json":
        try:
            body = json.loads(request.body)
        except ValueError as fault:
            raise BadRequest("The body is not JSON.") from fault
        paths = body.get("paths", []) if isinstance(body, dict) else None
    else:
        paths = request.POST.getlist("paths")
    if isinstance(paths, str):
        paths = [paths]
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise BadRequest("`paths` is a list of paths.")
    if len(paths) > MAX_PATHS:
        raise BadRequest(f"At most {MAX_PATHS} paths are looked up at once.")
    return {path.strip("/") for path in paths}
