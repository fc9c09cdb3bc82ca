"""The command line: `python -m experiments.demo --url http://127.0.0.1:8000 --work var/demo`.

The first operator's login comes in GUILDHALL_OPERATOR_EMAIL and GUILDHALL_OPERATOR_PASSWORD. It ends with status 0
only if all that the main job must show was seen.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from client.connection import Refused
from experiments.demo.measuring import ConsumerFailed
from experiments.demo.people import MEMBERS, Logins
from experiments.demo.recipe import DEMO
from experiments.demo.running import ProgramFailed
from experiments.demo.story import Ending, tell
from experiments.demo.tables import checks_table, figures_table, log_table, table
from experiments.demo.visit import Site


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="demo", description="Run the main job against a Guildhall that is up.")
    parser.add_argument("--url", default=os.environ.get("GUILDHALL_URL"), help="the site's address (GUILDHALL_URL)")
    parser.add_argument("--work", type=Path, default=Path("var/demo"), help="folder for what is made (%(default)s)")
    given = parser.parse_args(arguments)
    email = os.environ.get("GUILDHALL_OPERATOR_EMAIL", "")
    password = os.environ.get("GUILDHALL_OPERATOR_PASSWORD", "")
    if not given.url or not email or not password:
        parser.error("the site's address and the operator's login are needed: start it with `make demo`")
    work = given.work.resolve()
    # Told to stop, end as after Ctrl-C: what was started is ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        ending = tell(Site(given.url, email, password), work, DEMO)
    except (Refused, ConsumerFailed, ProgramFailed) as fault:
        print(f"\ndemo: {fault}", file=sys.stderr)
        for reason in getattr(fault, "policies", ()):
            print(f"  {reason.policy}: {reason.reason}", file=sys.stderr)
        return 1
    _print_ending(ending, url=given.url, logins=Logins(work / "logins.json"))
    return 0 if all(check.passed for check in ending.checks) else 1


def _print_ending(ending: Ending, *, url: str, logins: Logins) -> None:
    print(f"\nWhat the log says\n\n{log_table(ending.log)}")
    print(f"\nWhat happened\n\n{figures_table(ending.figures, domains=DEMO.domains, anchor='anchor')}")
    print(f"\n{checks_table(ending.checks)}")
    people = [[member.email, logins.of(member.email).password, member.role] for member in MEMBERS]
    print(f"\nThe site: {url}\n\n{table(['sign in as', 'password', 'role'], people)}", flush=True)
