"""Bringing a whole package, an expert version or an anchor: from the folder to "submitted", and on from a break."""

from collections.abc import Sequence
from pathlib import Path

from client import shapes
from client.api import Guildhall
from client.connection import Refused
from client.uploads import LocalFile, Progress, local_files, send_files


def push_version(
    guildhall: Guildhall,
    folder: Path,
    *,
    expert: str,
    evidence: shapes.Evidence,
    documents: Sequence[tuple[str, Path]] = (),
    notes: str = "",
    progress: Progress | None = None,
) -> shapes.Version:
    """Draft a version of an expert, bring its files, submit it. A draft that these files began is continued.

    `documents` lie beside it from the beginning: what each speaks for, and the file.
    """
    files = local_files(folder)
    version = _unfinished(guildhall, expert, evidence, files) or guildhall.draft_version(expert, evidence, notes=notes)
    send_files(
        guildhall,
        files,
        declare=lambda file: guildhall.add_file(version["id"], path=file.path, size=file.size, sha256=file.sha256),
        progress=progress,
    )
    for kind, document in documents:
        guildhall.add_evidence(version["id"], document, kind=kind)
    return guildhall.submit_version(version["id"])


def push_anchor(
    guildhall: Guildhall,
    folder: Path,
    *,
    slug: str,
    name: str,
    licence: str,
    description: str = "",
    progress: Progress | None = None,
) -> shapes.Anchor:
    """Create an anchor, bring its files, submit it. One that is there already is continued, or left as it is."""
    files = local_files(folder)
    anchor = _anchor(guildhall, slug) or guildhall.create_anchor(slug, name, licence=licence, description=description)
    if anchor["state"] != "draft":
        return anchor
    send_files(
        guildhall,
        files,
        declare=lambda file: guildhall.add_anchor_file(slug, path=file.path, size=file.size, sha256=file.sha256),
        progress=progress,
    )
    return guildhall.submit_anchor(slug)


def _anchor(guildhall: Guildhall, slug: str) -> shapes.Anchor | None:
    try:
        return guildhall.get_anchor(slug)
    except Refused as refusal:
        if refusal.status == 404:
            return None
        raise


def _unfinished(
    guildhall: Guildhall, expert: str, evidence: shapes.Evidence, files: list[LocalFile]
) -> shapes.Version | None:
    """The newest draft, if it was begun with these files and this evidence; another one is left to its owner."""
    drafts = [v for v in guildhall.get_expert(expert)["versions"] if v["state"] == "draft"]
    if not drafts:
        return None
    version = guildhall.get_version(max(drafts, key=lambda v: v["number"])["id"])
    ours = {(local.path, local.size, local.sha256) for local in files}
    begun = {(file["path"], file["size"], file["sha256"]) for file in version["files"]}
    same_evidence = (
        version["licence"]["declared"] == evidence["licence"].get("declared")
        and version["consent"]["purposes"] == evidence["consent"].get("purposes")
        and version["provenance"]["statement"] == evidence["provenance"].get("statement")
    )
    return version if begun and begun <= ours and same_evidence else None
