"""Puts the data of one file into another without carrying it through this process.

The kernel shares the blocks where the file system can (reflink), copies them itself where it cannot, and a whole file
that stays as it is becomes a second name for the same bytes (hard link).
"""

import errno
import fcntl
import os
import struct
from pathlib import Path

from flexcore.untrusted import Malformed

FICLONERANGE = 0x4020940D
NOT_HERE = frozenset(
    {errno.EXDEV, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENOTTY, errno.EPERM, errno.EMLINK, errno.EACCES}
)


def link_or_copy(source: Path, target: Path, *, size: int) -> None:
    """The whole file under another name; copied where the file system gives no second name."""
    if source.stat(follow_symlinks=False).st_size != size:
        raise Malformed(f"{source.name} no longer has the {size} bytes it was checked with; fetch it again.")
    try:
        target.hardlink_to(source)
    except OSError as fault:
        if fault.errno not in NOT_HERE:
            raise
        join(b"", source, target, offset=0, size=size)


def join(header: bytes, source: Path, target: Path, *, offset: int, size: int) -> None:
    """`header`, and behind it `size` bytes of the source from `offset` to its end; on disk when this returns."""
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        if os.fstat(reading).st_size != offset + size:
            raise Malformed(f"{source.name} is not {offset + size} bytes long as it was checked; fetch it again.")
        with target.open("xb") as file:
            file.write(header)
            file.flush()
            if not _share(reading, file.fileno(), offset, len(header)):
                _copy(reading, file.fileno(), offset, len(header), size)
            os.fsync(file.fileno())
    finally:
        os.close(reading)


def _share(reading: int, writing: int, offset: int, behind: int) -> bool:
    """Share the blocks from `offset` to the end of the file; False where they cannot be shared."""
    request = struct.pack("qQQQ", reading, offset, 0, behind)  # a length of 0 says: to the end
    try:
        fcntl.ioctl(writing, FICLONERANGE, request)
    except OSError as fault:
        if fault.errno not in NOT_HERE:
            raise
        return False
    return True


def _copy(reading: int, writing: int, offset: int, behind: int, size: int) -> None:
    """Let the kernel copy: copy_file_range, and sendfile between file systems that do not know each other."""
    done = 0
    by_range = True
    os.lseek(writing, behind, os.SEEK_SET)
    while done < size:
        try:
            if by_range:
                moved = os.copy_file_range(reading, writing, size - done, offset + done, behind + done)
            else:
                os.lseek(writing, behind + done, os.SEEK_SET)
                moved = os.sendfile(writing, reading, offset + done, size - done)
        except OSError as fault:
            if not by_range or fault.errno not in NOT_HERE:
                raise
            by_range = False
            continue
        if moved == 0:
            raise Malformed(f"A source ended {size - done} bytes too early while it was copied; compose again.")
        done += moved
