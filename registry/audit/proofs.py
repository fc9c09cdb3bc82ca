"""A proof as a file that can be checked anywhere (C2SP tlog-proof). Pure."""

import base64
from collections.abc import Sequence

HEAD = "c2sp.org/tlog-proof@v1"


def proof_text(index: int, path: Sequence[bytes], checkpoint: str) -> str:
    steps = "".join(f"{base64.b64encode(step).decode()}\n" for step in path)
    return f"{HEAD}\nindex {index}\n{steps}\n{checkpoint}"
