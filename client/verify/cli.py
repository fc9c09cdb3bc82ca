"""`guildhall verify`: each command asks one question, prints what was found, and fails with one sentence.

Keys to trust come from --key, else GUILDHALL_LOG_KEY, else from `known_logs` (the first key met is kept, and told).
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

from client.api import Guildhall
from client.signing import verify_package
from client.verify import lines
from client.verify.certificates import RECEIPT, read_certificate
from client.verify.history import read_history
from client.verify.models import files_in, read_model
from client.verify.notes import Checkpoint, Key
from client.verify.owners import MAX_STATEMENT, MONTH, Statement, Usage, compare, read_statement
from client.verify.seen import keep_seen, read_seen
from client.verify.signatures import ModelKey, check_signature
from client.verify.statuses import MAX_TOKEN, StatusList, check_inclusions, read_status_list, seconds
from client.verify.strict import NotVerified, read_file, shown
from client.verify.tiles import Folder, Remote, Source
from client.verify.trust import Retirements, Trust, believed_head, known_logs, model_keys, statement_keys

LOCAL = "http://127.0.0.1:8000"
LOG = "/log"


def log(chosen: argparse.Namespace) -> None:
    trust = _trust(chosen)
    with _source(chosen.where or chosen.log or _service()) as source:
        head, signers = believed_head(source, trust)
        before = read_seen(chosen.state)
        retired = Retirements()
        read_history(source, head, visits=(retired.visit,), before=before)
        retired.check(signers)
        keep_seen(chosen.state, head)
    _show(lines.of_log(head, before, signers, trust.witnesses))


def model(chosen: argparse.Namespace) -> None:
    trust = _trust(chosen)
    included, proof = read_model(chosen.folder)
    asks = chosen.max_age is not None and not (chosen.status and chosen.statement_key)
    where = chosen.log or (_service() if asks else None)
    with _source(where) if where else nullcontext() as source:
        trust.believe(proof.checkpoint, source)
        signer = _signer(chosen.folder, trust, source) if source and included.signed else None
        statuses = _statuses(chosen, trust, source, proof.checkpoint) if chosen.max_age is not None else None
    if statuses is not None:
        check_inclusions(statuses, included.inclusions)
    _show(lines.of_model(included, proof, signer=signer, statuses=statuses))


def owner(chosen: argparse.Namespace) -> None:
    trust = _trust(chosen)
    statement = _statement(chosen)
    with _source(chosen.log or _service()) as source:
        head, signers = believed_head(source, trust)
        if statement is not None and statement.size > head.size:
            raise NotVerified(f"The statement is of {statement.size} entries, and the log has only {head.size}.")
        usage = Usage(chosen.organisation, month=chosen.month, until=statement.size if statement else None)
        retired = Retirements()
        visits = (usage.visit, retired.visit)
        read_history(source, head, visits=visits, tiles=False, before=read_seen(chosen.state))
        retired.check(signers)
        keep_seen(chosen.state, head)
    found = usage.lines()
    if statement is not None:
        compare(found, statement.lines)
    _show(lines.of_owner(chosen.organisation, chosen.month, found, head, agrees=statement is not None))


def certificate(chosen: argparse.Namespace) -> None:
    trust = _trust(chosen)
    with _source(chosen.log) if chosen.log else nullcontext() as source:
        found = read_certificate(chosen.file, believe=lambda head: trust.believe(head, source))
    _show(lines.of_certificate(found))


def receipt(chosen: argparse.Namespace) -> None:
    trust = _trust(chosen)
    with _source(chosen.log) if chosen.log else nullcontext() as source:
        found = read_certificate(chosen.file, believe=lambda head: trust.believe(head, source), kind=RECEIPT)
    _show(lines.of_receipt(found))


def package(chosen: argparse.Namespace) -> None:
    verify_package(chosen.folder, public_key=chosen.key)
    print(f"{chosen.folder} is as it was signed.")


def _signer(folder: Path, trust: Trust, source: Source) -> ModelKey:
    """Whose model.sig is, by the log's own word."""
    head, _ = believed_head(source, trust)
    return check_signature(folder, files_in(folder), model_keys(source, head))


def _statuses(chosen: argparse.Namespace, trust: Trust, source: Source | None, under: Checkpoint) -> StatusList:
    keys = [Key.read(vkey) for vkey in chosen.statement_key]
    if not keys and source is not None:
        head, _ = believed_head(source, trust)
        if head.origin != under.origin:
            raise NotVerified(f"The model is of the log {shown(under.origin)}, but {shown(head.origin)} was asked.")
        keys = statement_keys(source, head)
    if chosen.status:
        token = read_file(chosen.status, limit=MAX_TOKEN)
        return read_status_list(token, keys, max_age=chosen.max_age)
    service = _service() if chosen.log is None or not _is_address(chosen.log) else chosen.log
    service = service.rstrip("/").removesuffix(LOG)
    with closing(Remote(service)) as remote:
        found = read_status_list(remote.read("status", limit=MAX_TOKEN), keys, max_age=chosen.max_age)
    if found.subject != f"{service}/status":
        raise NotVerified(f"The status list is that of {shown(found.subject)}, not of {service}.")
    return found


def _statement(chosen: argparse.Namespace) -> Statement | None:
    """From the file, else from the service if somebody is signed in there; None to add up only."""
    token = os.environ.get("GUILDHALL_TOKEN")
    if chosen.statement:
        data = read_file(chosen.statement, limit=MAX_STATEMENT)
    elif token and not (chosen.log and not _is_address(chosen.log)):
        with Guildhall(_service(), token=token) as guildhall:
            data = guildhall.get_usage(chosen.organisation, month=chosen.month)
    else:
        return None
    found = read_statement(data)
    if (found.organisation, found.month) != (chosen.organisation, chosen.month):
        raise NotVerified(f"The statement is of {shown(found.organisation)}, {shown(found.month)}; name these.")
    return found


def _service() -> str:
    return os.environ.get("GUILDHALL_URL", LOCAL)


def _is_address(where: str) -> bool:
    return urlsplit(where).scheme in {"http", "https"}


def _source(where: str) -> AbstractContextManager[Source]:
    """A folder with a copy of the log, or the service's address."""
    if _is_address(where):
        return closing(Remote(where.rstrip("/").removesuffix(LOG) + LOG))
    if not Path(where).is_dir():
        raise NotVerified(f"{shown(where)} is neither an address (http:// or https://) nor a folder.")
    return nullcontext(Folder(Path(where)))


def _trust(chosen: argparse.Namespace) -> Trust:
    given = chosen.key or os.environ.get("GUILDHALL_LOG_KEY", "").split()
    return Trust(
        [Key.read(vkey) for vkey in given],
        [Key.read(vkey) for vkey in chosen.witness],
        kept=known_logs(),
        tell=lambda sentence: print(f"guildhall: {sentence}", file=sys.stderr),
    )


def _show(told: Iterable[str]) -> None:
    for line in told:
        print(line)


def add_commands(parser: argparse.ArgumentParser) -> None:
    """The commands below `guildhall verify`."""
    commands = parser.add_subparsers(required=True, metavar="WHAT")

    def add(name: str, run: Callable[[argparse.Namespace], None], does: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=does, description=does)
        one.set_defaults(run=run)
        return one

    one = add("log", log, "Check a whole log: every entry, every tile, the signed root.")
    one.add_argument("where", nargs="?", metavar="URL|FOLDER", help="the service, or a folder with a copy of its log")
    one.add_argument("--state", type=Path, metavar="FILE", help="the last head verified: notices a fork or a shrink")
    _add_trust(one)

    one = add("model", model, "Check a composed model on disk: its files, its proof, and whether it is still allowed.")
    one.add_argument("folder", type=Path)
    one.add_argument(
        "--max-age", type=_age, metavar="AGE", help="refuse what is withdrawn; a list this old at most: 15m"
    )
    one.add_argument("--status", type=Path, metavar="FILE", help="the status list, fetched before (/status)")
    one.add_argument("--statement-key", action="append", default=[], metavar="VKEY", help="the key that signs the list")
    _add_trust(one)

    one = add("owner", owner, "Add up from the log how an organisation's experts were used, and compare a statement.")
    one.add_argument("organisation")
    one.add_argument("--month", type=_month, metavar="YYYY-MM", help="of this month alone")
    one.add_argument("--statement", type=Path, metavar="FILE", help="the service's statement to compare")
    one.add_argument("--state", type=Path, metavar="FILE", help="the last head verified: notices a fork or a shrink")
    _add_trust(one)

    one = add("certificate", certificate, "Check the certificate of a withdrawal, asking nobody.")
    one.add_argument("file", type=Path)
    _add_trust(one)

    one = add("receipt", receipt, "Check the receipt of a consent, asking nobody.")
    one.add_argument("file", type=Path)
    _add_trust(one)

    one = add("package", package, "Check a package folder against its model.sig.")
    one.add_argument("folder", type=Path)
    one.add_argument("--key", type=Path, required=True, help="the public key (NAME.pub)")


def _add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key", action="append", default=[], metavar="VKEY", help="a key of the log that you trust")
    parser.add_argument(
        "--witness", action="append", default=[], metavar="VKEY", help="a witness that must have cosigned"
    )
    parser.add_argument("--log", metavar="URL|FOLDER", help="the service, or a folder with a copy of its log")


def _month(text: str) -> str:
    if not MONTH.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no month; write one such as 2026-11")
    return text


def _age(text: str) -> int:
    try:
        return seconds(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from fault
