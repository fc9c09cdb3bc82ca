"""What may be brought for a version or an anchor: which files, how large, in how many parts. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flexcore.package import ANCHOR_NAMES, EXPERT_NAMES, MAX_ROUTER, MAX_TOKENIZER, SIGNATURE, TOKENIZER_NAMES
from registry.errors import Invalid

MIB = 2**20
MAX_PARTS = 10_000  # S3's
MAX_CARD = MIB
PACKAGE_FILES = (*EXPERT_NAMES, SIGNATURE)
ANCHOR_FILES = ANCHOR_NAMES
SMALL: Mapping[str, int] = {
    "router.safetensors": MAX_ROUTER,
    "expert.json": MAX_CARD,
    "data-card.json": MAX_CARD,
    "anchor.json": MAX_CARD,
    "config.json": MAX_CARD,
    SIGNATURE: MAX_CARD,
} | dict.fromkeys(TOKENIZER_NAMES, MAX_TOKENIZER)
EXECUTABLE = (".py", ".sh", ".so", ".exe", ".dll", ".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".js", ".jar")
DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
PART_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Parts:
    """How a file is cut: every part has `size` bytes, the last what is left."""

    size: int
    count: int

    def size_of(self, number: int, *, file_size: int) -> int:
        return self.size if number < self.count else file_size - self.size * (self.count - 1)


def parts_for(file_size: int, part_size: int) -> Parts:
    return Parts(part_size, max(1, -(-file_size // part_size)))


def part_size_for(file_size: int, *, wanted: int) -> int:
    """The wanted size of a part, or as many whole MiB more as it takes to stay within S3's number of parts."""
    least = -(-file_size // MAX_PARTS)
    return wanted if least <= wanted else -(-least // MIB) * MIB


def check_file(path: str, *, size: int, sha256: str, allowed: tuple[str, ...], limit: int) -> None:
    """Refuse a file that does not belong into this package, by name, by size, or for want of a digest."""
    if path not in allowed:
        shown = path[:80]
        kind = "An executable or pickled file" if path.lower().endswith(EXECUTABLE) else "This file"
        raise Invalid(f'{kind} does not belong into a package: "{shown}"; a package holds only {", ".join(allowed)}.')
    if size < 1:
        raise Invalid(f"{path} is empty; bring the file as it was written.")
    limit = min(limit, SMALL.get(path, limit))
    if size > limit:
        raise Invalid(f"{path} has {size} bytes; at most {limit} are taken.")
    if not DIGEST.fullmatch(sha256):
        raise Invalid(f'The digest of {path} must be "sha256:" and 64 hexadecimal digits in lower case.')


def check_part(number: int, sha256: str, *, count: int) -> None:
    if not 1 <= number <= count:
        raise Invalid(f"The file has the parts 1 to {count}; there is no part {number}.")
    if not PART_DIGEST.fullmatch(sha256):
        raise Invalid(f"The digest of part {number} must be 64 hexadecimal digits in lower case.")


def check_domain(domain: str) -> None:
    if not DOMAIN.fullmatch(domain):
        raise Invalid("The domain must be one word of up to 40 of the signs a-z, 0-9 and -, such as drama.")


def missing_files(present: set[str], *, allowed: tuple[str, ...]) -> list[str]:
    return [name for name in allowed if name not in present]
