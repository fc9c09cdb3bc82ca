"""The `guildhall` command line. GUILDHALL_URL and GUILDHALL_TOKEN say where and who.

A refusal is one sentence on stderr and exit status 1.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from client import lines
from client.connection import Refused
from client.consuming import add_commands as add_consuming
from client.evidence import evidence_for, read_evidence
from client.packages import push_anchor, push_version
from client.signing import NotSigned, make_key, sign_package
from client.terminal import here, password_for, show
from client.verify.cli import add_commands as add_verify
from client.verify.strict import NotVerified
from client.waiting import wait_for_anchor, wait_for_version
from client.withdrawals import add_commands as add_withdrawals

KINDS = ("consent", "licence", "privacy", "provenance", "other")


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except Refused as refusal:
        return _fail(str(refusal), [f"  {item.policy}: {item.reason}" for item in refusal.policies])
    except (NotSigned, NotVerified) as fault:
        return _fail(str(fault), [])
    except OSError as fault:
        return _fail(f"{fault.strerror or fault}: {fault.filename}", [])
    except KeyboardInterrupt:
        return _fail("Stopped. Run the same command again to go on from here.", [], status=130)
    return 0


def _fail(sentence: str, more: Sequence[str], *, status: int = 1) -> int:
    print(f"guildhall: {sentence}", *more, sep="\n", file=sys.stderr)
    return status


def login(chosen: argparse.Namespace) -> None:
    password = password_for(f"Password of {chosen.email}")
    with here(signed_in=False) as guildhall:
        guildhall.sign_in(chosen.email, password)
        token = guildhall.create_token(chosen.name, days=chosen.days)
        guildhall.sign_out()
    print(f"export GUILDHALL_URL={guildhall.url}\nexport GUILDHALL_TOKEN={token['token']}")


def keygen(chosen: argparse.Namespace) -> None:
    pair = make_key(chosen.folder, name=chosen.name)
    print(f"{pair.private} signs; keep it to yourself.\n{pair.public} is for the service and for whoever checks.")
    if chosen.register:
        with here() as guildhall:
            key = guildhall.register_key(chosen.register, name=chosen.name, public_key=pair.public_pem)
        print(f"Registered for {chosen.register} as {key['fingerprint']}.")


def sign(chosen: argparse.Namespace) -> None:
    print(f"{sign_package(chosen.folder, private_key=chosen.key)} signs {chosen.folder}.")


def evidence(chosen: argparse.Namespace) -> None:
    print(json.dumps(evidence_for(chosen.folder), indent=2))


def push(chosen: argparse.Namespace) -> None:
    stated = read_evidence(chosen.evidence)
    with here() as guildhall, lines.Bars() as bars:
        version = push_version(
            guildhall,
            chosen.folder,
            expert=chosen.expert,
            evidence=stated,
            documents=chosen.document,
            notes=chosen.notes,
            progress=bars.show,
        )
        if chosen.wait:
            version = wait_for_version(guildhall, version["id"])
    print(f"{version['expert']}@{version['number']} is {version['state']}.")


def receipt(chosen: argparse.Namespace) -> None:
    with here() as guildhall:
        found = guildhall.list_receipts(guildhall.find_version(chosen.version)["id"])
    wanted = [one for one in found if chosen.state in {"", one["state"]}]
    if not wanted:
        raise Refused(f"There is no such receipt of {chosen.version}.", status=404, code="not-found")
    chosen.file.write_text(json.dumps(wanted[0], indent=1) + "\n", encoding="utf-8")
    print(f"{chosen.file} says that the consent was {wanted[0]['state']}; `guildhall verify receipt` checks it.")


def attach(chosen: argparse.Namespace) -> None:
    with here() as guildhall:
        version = guildhall.find_version(chosen.version)["id"]
        for file in chosen.files:
            added = guildhall.add_evidence(version, file, kind=chosen.kind)
            print(f"{file} is beside {chosen.version} as {added['kind']}, {added['media_type']}, {added['sha256']}.")


def create(chosen: argparse.Namespace) -> None:
    with here() as guildhall:
        expert = guildhall.create_expert(
            chosen.expert,
            anchor=chosen.anchor,
            title=chosen.title,
            domain=chosen.domain,
            description=chosen.description,
        )
    print(f"{expert['full_name']} is there; push a version to it.")


def push_the_anchor(chosen: argparse.Namespace) -> None:
    with here() as guildhall, lines.Bars() as bars:
        push_anchor(
            guildhall, chosen.folder, slug=chosen.slug, name=chosen.name, licence=chosen.licence, progress=bars.show
        )
        anchor = wait_for_anchor(guildhall, chosen.slug)
    print(f"{anchor['slug']} is {anchor['state']}: {anchor['digest']}")


def review(chosen: argparse.Namespace) -> None:
    with here() as guildhall:
        brief = guildhall.find_version(chosen.version)
        version = guildhall.review_version(
            brief["id"],
            verdict=chosen.verdict,
            reason=chosen.reason,
            seen=chosen.seen or guildhall.etag_of_version(brief["id"]),
            answers=json.loads(chosen.answers.read_text(encoding="utf-8")) if chosen.answers else (),
            concluded_licence=chosen.concluded_licence,
        )
    print(f"{chosen.version} is {version['state']}.")


def checklist(chosen: argparse.Namespace) -> None:
    """As a file to be filled in: each answer is yes, no or not-applicable, and what does not apply has a note."""
    with here() as guildhall:
        items = guildhall.get_checklist()["items"]
    print(json.dumps([{"item": item["id"], "answer": "", "note": item["text"]} for item in items], indent=2))


def status(chosen: argparse.Namespace) -> None:
    with here() as guildhall:
        show(lines.of_one(guildhall, chosen.name) if chosen.name else lines.of_everything(guildhall))


def log(chosen: argparse.Namespace) -> None:
    filters = {"about": chosen.about, "event": chosen.event}
    with here() as guildhall:
        show(lines.of_log(guildhall.list_log(**{name: value for name, value in filters.items() if value})))


class _Commands:
    """Commands of one parser, each with what it runs."""

    def __init__(self) -> None:
        self.parser = argparse.ArgumentParser(prog="guildhall", description=__doc__)
        self._all = self.parser.add_subparsers(required=True, metavar="COMMAND")

    def add(self, name: str, run: Callable[[argparse.Namespace], None], does: str) -> argparse.ArgumentParser:
        made = self._all.add_parser(name, help=does, description=does)
        made.set_defaults(run=run)
        return made

    def group(self, name: str, does: str) -> argparse.ArgumentParser:
        """A parser that has commands of its own."""
        return self._all.add_parser(name, help=does, description=does)


def _parser() -> argparse.ArgumentParser:
    commands = _Commands()
    _for_everyone(commands)
    _for_owners(commands)
    add_consuming(commands.add)
    add_withdrawals(commands.add)
    _for_others(commands)
    return commands.parser


def _for_everyone(commands: _Commands) -> None:
    one = commands.add("login", login, "Make a token from your e-mail address and password.")
    one.add_argument("email")
    one.add_argument("--name", default="guildhall command line")
    one.add_argument("--days", type=int, default=90)

    add_verify(
        commands.add(
            "verify", status, "Check the log, a model, a usage statement, a certificate, a receipt, a package."
        )
    )

    one = commands.add("status", status, "Who you are and what is yours, or one expert, version or model.")
    one.add_argument("name", nargs="?", metavar="NAME")

    one = commands.add("log", log, "Print the log.")
    one.add_argument("--about")
    one.add_argument("--event")


def _for_owners(commands: _Commands) -> None:
    one = commands.add("keygen", keygen, "Make a key pair to sign packages with.")
    one.add_argument("name")
    one.add_argument("--folder", type=Path, default=Path())
    one.add_argument("--register", metavar="ORGANISATION", help="register the public key for this organisation")

    one = commands.add("sign", sign, "Sign a package folder: writes model.sig.")
    one.add_argument("folder", type=Path)
    one.add_argument("--key", type=Path, required=True, help="the private key (NAME.pem)")

    one = commands.add("evidence", evidence, "Print evidence for a package, to be completed and given to push.")
    one.add_argument("folder", type=Path)

    one = commands.add("attach", attach, "Lay documents beside a version: PDF, PNG, JPEG or plain text.")
    one.add_argument("version", metavar="ORGANISATION/NAME@NUMBER")
    one.add_argument("files", type=Path, nargs="+", metavar="FILE")
    one.add_argument("--kind", required=True, choices=KINDS)

    one = commands.add("receipt", receipt, "Save the receipt of a version's consent.")
    one.add_argument("version", metavar="ORGANISATION/NAME@NUMBER")
    one.add_argument("file", type=Path)
    one.add_argument("--state", default="", help="given, or how it ended; without it the newest")

    one = commands.add("create", create, "Create an expert: a name that versions are pushed to.")
    one.add_argument("expert", metavar="ORGANISATION/NAME")
    one.add_argument("--anchor", required=True)
    one.add_argument("--title", required=True)
    one.add_argument("--domain", required=True)
    one.add_argument("--description", default="")

    one = commands.add("push", push, "Bring a package as a new version of an expert and submit it.")
    one.add_argument("folder", type=Path)
    one.add_argument("--expert", required=True, metavar="ORGANISATION/NAME")
    one.add_argument("--evidence", type=Path, required=True, help="licence, consent and provenance (see `evidence`)")
    one.add_argument(
        "--document", type=_document, action="append", default=[], metavar="KIND=FILE", help="such as consent=form.pdf"
    )
    one.add_argument("--notes", default="")
    one.add_argument("--no-wait", dest="wait", action="store_false", help="do not wait for the check of the files")


def _document(text: str) -> tuple[str, Path]:
    kind, _, file = text.partition("=")
    if kind not in KINDS or not file:
        raise argparse.ArgumentTypeError(f"{text!r} is no document: write KIND=FILE; kinds are {', '.join(KINDS)}")
    return kind, Path(file)


def _for_others(commands: _Commands) -> None:
    one = commands.add("push-anchor", push_the_anchor, "Bring an anchor (operators).")
    one.add_argument("folder", type=Path)
    one.add_argument("--slug", required=True)
    one.add_argument("--name", required=True)
    one.add_argument("--licence", required=True)

    for verdict in ("approve", "reject"):
        one = commands.add(verdict, review, f"{verdict.capitalize()} a version (compliance).")
        one.set_defaults(verdict=verdict)
        one.add_argument("version", metavar="ORGANISATION/NAME@NUMBER")
        one.add_argument("--reason", required=True)
        one.add_argument("--concluded-licence", default="")
        one.add_argument("--answers", type=Path, help="the checklist, as `guildhall checklist` prints it, filled in")
        one.add_argument("--seen", default="", help="the ETag of what you read; without it, the version as it is now")
    commands.add("checklist", checklist, "What an approval has to answer, to be filled in (compliance).")


if __name__ == "__main__":
    sys.exit(main())
