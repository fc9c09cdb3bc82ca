"""`python -m witness --folder DIR --port N --log VKEY`: serves until it is stopped.

The first start makes the key; `--make-key` does only that, so that a log can be told of its witness beforehand.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from witness.judging import Witness
from witness.ledger import Ledger, Unusable, open_key
from witness.notes import LogKey, Malformed
from witness.server import Server


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        logs = [LogKey.read(text) for text in chosen.log]
        ledger = Ledger.open(chosen.folder)
        key = open_key(chosen.folder, name=chosen.name)
        if chosen.make_key:
            print(key.vkey)
            return 0
        if not logs:
            raise Unusable("No log to watch was given; name each with --log VKEY.")
        with Server((chosen.host, chosen.port), Witness(key, logs, ledger)) as server:
            print(f"{key.vkey} on port {server.server_address[1]}", flush=True)
            server.serve_forever()
    except (Malformed, Unusable, OSError) as fault:
        print(f"witness: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m witness", description="Cosigns logs that only grow.")
    parser.add_argument("--folder", type=Path, required=True, help="its key and its state; one process at a time")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--log", action="append", default=[], metavar="VKEY", help="a log's public key; once for each")
    parser.add_argument("--name", help="the name of the key, given at the first start: host/path, no scheme")
    parser.add_argument("--make-key", action="store_true", help="make and print the key, and stop")
    return parser
