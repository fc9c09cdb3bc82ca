"""`make fuzz`: every reader in turn, guided by which of its lines were reached.

What reached something new is kept in the corpus, and so is what broke a reader: mend it, and `test_corpus.py` beside it
reads that input at each run of the tests.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from tests.fuzz.corpus import pack, unpack

LIMITS = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=16384"]


def fuzz(reader: str, folder: Path, *, seconds: int) -> None:
    """Never returns: the fuzzer ends the process."""
    import atheris  # what is fuzzed has to be loaded under its eyes, so nothing is before

    with atheris.instrument_imports(include=["flexcore", "registry", "model_signing"]):
        import model_signing.verifying  # noqa: F401

        from tests.fuzz.readers import READERS, honest
    (folder / "honest").write_bytes(honest(reader))
    options = [*LIMITS, f"-max_total_time={seconds}", f"-artifact_prefix={folder}/", str(folder)]
    atheris.Setup([sys.argv[0], *options], READERS[reader])
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=3600, help="for all readers together")
    parser.add_argument("--folder", type=Path, default=Path("var/fuzz"))
    parser.add_argument("--reader", help="one of them, in this process")
    chosen = parser.parse_args()
    if chosen.reader:
        fuzz(chosen.reader, chosen.folder, seconds=chosen.seconds)
    from tests.fuzz.readers import READERS  # not in a process that fuzzes

    for reader in READERS:
        folder, share = chosen.folder / reader, str(chosen.seconds // len(READERS))
        unpack(reader, folder)
        command = [sys.executable, "-m", "tests.fuzz", "--reader", reader, "--folder", folder, "--seconds", share]
        ended = subprocess.run(command, check=False)
        pack(reader, folder)
        if ended.returncode:
            raise SystemExit(
                f"{reader} has a finding: the input named above. It is in the corpus now; mend the reader."
            )


if __name__ == "__main__":
    main()
