"""What the command line shows, as plain lines, one a thing; and the bars while files are on their way."""

from collections.abc import Iterable, Iterator
from typing import Any, Self

from tqdm import tqdm

from client import shapes
from client.api import Guildhall
from client.connection import Refused


class Bars:
    """A bar for each file on its way."""

    def __init__(self) -> None:
        self._bars: dict[str, tqdm[Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        for bar in self._bars.values():
            bar.close()

    def show(self, path: str, there: int, size: int) -> None:
        if path not in self._bars:
            self._bars[path] = tqdm(total=size, desc=path, unit="B", unit_scale=True, disable=None)
        self._bars[path].update(there - self._bars[path].n)


def of_preview(name: str, facts: shapes.WithdrawalPreview) -> Iterator[str]:
    yield f"Withdrawing {name} blocks {len(facts['models'])} revision(s); {facts['downloads']} downloads so far."
    if facts["versions"] != [name]:
        yield f"  versions: {', '.join(facts['versions']) or 'none is in use'}"
    for model in facts["models"]:
        yield f"  {model['model']} {model['revision'][:12]}{' (main)' if model['main'] else ''}"
    if facts["notice"]:
        yield facts["notice"]


def of_denial(facts: shapes.Withdrawal) -> Iterator[str]:
    """What the click itself has done."""
    yield f"{facts['version']} is withdrawn since {facts['requested_at']}: nothing that holds it is served."
    if facts["destruction_confirmed_at"] is None:
        yield f"  Its bytes are kept until you confirm: `guildhall withdrawal {facts['version']} --destroy`."
    else:
        yield f"  Its bytes are destroyed after {facts['destroy_after']}."
    yield f"  The rest follows by itself; `guildhall withdrawal {facts['version']}` shows how far it is."


def of_withdrawal(facts: shapes.Withdrawal) -> Iterator[str]:
    yield f"Every model that held {facts['version']} has been seen to at {facts['propagated_at']}."
    yield from _affected(facts)


def of_checklist(facts: shapes.WholeWithdrawal) -> Iterator[str]:
    """Each step with its state, and what no step reaches."""
    yield f"{facts['version']} was withdrawn at {facts['requested_at']}."
    for step in facts["steps"]:
        when = f" {step['at'][:19]}" if step["at"] else ""
        yield f"  {step['state']:<8} {step['name']:<10}{when} {step['sentence']}".rstrip()
    if facts["models"]:
        yield "What held it:"
        yield from _affected(facts)
    left = facts["residuals"]
    yield "What a withdrawal cannot reach:"
    for recipient in left["recipients"]:
        answered = f"{recipient['acknowledged']} of {recipient['deliveries']} messages acknowledged"
        yield f"  {recipient['organisation']} may have copies of {len(recipient['revisions'])} revision(s); {answered}"
    for revision in left["pinned_revisions"]:
        yield f"  revision {revision}, where a client pinned it"
    if left["licence_irrevocable"]:
        yield f"  {left['licence']} cannot be taken back: whoever has a copy may keep using it"
    for sentence in left["says"]:
        yield f"  {sentence}"


def _affected(facts: shapes.Withdrawal) -> Iterator[str]:
    for model in facts["models"]:
        now = model["recomposed_revision"]
        name = " ".join(part for part in (model["model"], model["revision"][:12], model["state"]) if part)
        yield f"  {name}" + (f" -> {now[:12]}" if now else "")


def of_everything(guildhall: Guildhall) -> Iterator[str]:
    """Who the caller is, and what their organisations have."""
    person = guildhall.get_session()
    if person is None:
        raise Refused("The token is not valid any more; `guildhall login` makes a new one.", status=401, code="token")
    roles = ", ".join(f"{held['role']} of {held['organisation']}" for held in person["roles"]) or "no role"
    yield f"{person['name']} <{person['email']}>: {roles}"
    for organisation in sorted({held["organisation"] for held in person["roles"]}):
        for expert in guildhall.list_experts(organisation=organisation):
            latest = expert["latest"]
            yield f"expert {expert['full_name']} " + (f"@{latest['number']} {latest['state']}" if latest else "(empty)")
        for model in guildhall.list_models(organisation=organisation):
            yield _model_line(model)


def of_one(guildhall: Guildhall, name: str) -> Iterator[str]:
    """An expert ("org/name"), one of its versions ("org/name@3"), or else the model of that name."""
    if "@" in name:
        yield from _version(guildhall.get_version(guildhall.find_version(name)["id"]))
        return
    try:
        expert = guildhall.get_expert(name)
    except Refused as refusal:
        if refusal.status != 404:
            raise
        yield from _model(guildhall, name)
        return
    yield f"expert {expert['full_name']} for {expert['anchor']}: {expert['title']}"
    for version in expert["versions"]:
        yield f"  @{version['number']} {version['state']} {version['licence']}"


def of_log(entries: Iterable[shapes.LogEntry]) -> Iterator[str]:
    for entry in entries:
        who = entry["actor_name"] or entry["actor"]
        place = "…" if entry["index"] is None else entry["index"]
        yield f"{place:>6} {entry['at'][:19]} {entry['event']:<24} {entry['about']} by {who}"


def _version(version: shapes.Version) -> Iterator[str]:
    yield f"{version['expert']}@{version['number']} is {version['state']}"
    for check in version["checks"]:
        yield f"  {'ok  ' if check['ok'] else 'FAIL'} {check['name']}: {check['detail']}"
    if version["failure"]:
        yield f"  {version['failure']}"


def _model(guildhall: Guildhall, name: str) -> Iterator[str]:
    try:
        model = guildhall.get_model(name)
    except Refused as refusal:
        if refusal.status != 404:
            raise
        message = f"There is no expert and no model {name} that you may see."
        raise Refused(message, status=404, code="not-found") from refusal
    yield _model_line(model)
    for composition in model["compositions"]:
        yield f"  {composition['created_at']} {composition['state']} {composition['revision'][:12]}".rstrip()


def _model_line(model: shapes.Model) -> str:
    main = model["main"]["revision"] if model["main"] else "none"
    chosen = ", ".join(model["experts"]) if model["selector"] is None else of_selector(model["selector"])
    return f"model {model['full_name']} for {model['purpose']}: {chosen}; main {main}"


def of_selector(selector: shapes.Selector) -> str:
    named = [("in", selector["domains"]), ("of", selector["organisations"])]
    return " ".join(["all experts", *(f"{word} {' or '.join(names)}" for word, names in named if names)])


def of_revisions(revisions: Iterable[shapes.Revision]) -> Iterator[str]:
    for revision in revisions:
        experts = ", ".join(f"{one['expert']}@{one['version']}" for one in revision["experts"])
        names = [*(["main"] if revision["main"] else []), *revision["tags"]]
        told = f" ({', '.join(names)})" if names else ""
        yield f"{revision['revision']} {revision['published_at'][:19]} {revision['state']}{told}: {experts}"


def of_difference(facts: shapes.Difference) -> Iterator[str]:
    yield f"{facts['before']['revision'][:12]} -> {facts['after']['revision'][:12]}"
    experts = facts["experts"]
    for sign, held in (("+", experts["added"]), ("-", experts["removed"])):
        for one in held:
            yield f"  {sign} {one['expert']}@{one['version']} in slot {one['slot']}"
    for one in experts["changed"]:
        yield f"  ~ {one['expert']}: version {one['before']} -> {one['after']}"
    for one in experts["moved"]:
        yield f"  ~ {one['expert']}: slot {one['before']} -> {one['after']}"
    files = facts["files"]
    counts = ", ".join(f"{len(files[kind])} {kind}" for kind in ("added", "removed", "changed"))
    yield f"  files: {counts}; {facts['bytes_to_fetch']} bytes to fetch"


def of_dry_run(name: str, facts: shapes.DryRun) -> Iterator[str]:
    for one in facts["explain"]:
        yield f"  {'yes' if one['allowed'] else 'no '} {one['expert']}@{one['version']}"
        for reason in one["reasons"]:
            yield f"        {reason['policy']}: {reason['reason']}"
    if not facts["allowed"]:
        yield f"{name} would be refused."
    else:
        known = f" It was built before, as {facts['revision']}." if facts["revision"] else ""
        yield f"{name} would be built from what is marked yes.{known}"


def of_progress(composition: shapes.Composition) -> str:
    """One line of how far a build is: the step, how much of it is done, and how long it may take."""
    progress = composition["progress"]
    step = str(progress.get("step") or composition["state"])
    if not progress.get("total"):
        return step
    left = progress.get("seconds_left")
    return f"{step} {progress['done']} of {progress['total']}" + (f", about {left} s left" if left is not None else "")
