"""What lies at a path: a file that can be read, or a place where one can be put."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from inpars.errors import InputError, OptionError, system_error

_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# In these folders a name stands for something else, which the file that takes its place would hide from all others.
_NO_FILES = ("/dev", "/proc", "/sys")
_FILE_SYSTEMS_IN_DEV = ("/dev/shm", "/dev/mqueue")


def file_kind(path: str | os.PathLike[str]) -> str:
    """What lies at `path`, links followed: "a file", "a folder", "a FIFO", "a link to nothing", "nothing there" …

    `OSError` where that cannot be found out, as for want of permission.
    """
    try:
        return _KINDS.get(stat.S_IFMT(os.stat(path).st_mode), "something that is no file")
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "a link that leads back to itself"
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            raise
    return "a link to nothing" if os.path.islink(path) else "nothing there"


def require_file(path: Path) -> None:
    """`InputError` where `path` is no file: nothing, a folder, or what can be read only once, as a FIFO."""
    try:
        found = file_kind(path)
    except OSError as error:
        raise unreadable(path, error) from None
    if found != "a file":
        once = found in ("a FIFO", "a socket", "a device")
        hint = "inputs are read more than once: write it to a file first, and name that" if once else ""
        raise InputError(path, expected="a readable file", found=found, hint=hint)


def unreadable(path: Path, error: OSError) -> InputError:
    """The error for a file that the system does not let us open."""
    told = system_error(error, path)
    return InputError(path, expected="a readable file", found=error.strerror or str(error), hint=told.hint)


def require_place(path: Path, *, folder: bool = False) -> None:
    """`OptionError` where no output can be put at `path`, a file or a `folder`; found out without writing anything.

    An output takes its name once it is whole, so that it can be no FIFO and no device.
    """
    try:
        # The longest of the names that an output's unfinished parts have.
        longest = path.parent / f".{path.name}.dropped.jsonl.{os.getpid()}.tmp"
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(longest)
        found, above = file_kind(path), path.absolute().parent
        while not os.path.lexists(above):
            above = above.parent
        lies_in = file_kind(above)
    except OSError as error:
        raise _no_output(path, error.strerror or str(error), system_error(error).hint) from None
    if found == "a folder" and not folder:
        raise OptionError(f"the output {path} is a folder", hint="name a file in it")
    if found == "a file" and folder:
        raise OptionError(f"{path} is a file", hint="--output names a folder here")
    special = "" if found in ("a file", "a folder", "nothing there", "a link to nothing") else found
    if special or _names_no_file(above):
        raise OptionError(
            f"the output {path} is {special or 'in a folder of devices'}",
            hint="an output is written as a whole: name a file, and read that",
        )
    if lies_in != "a folder":
        why = os.strerror(errno.ENOTDIR)
        raise _no_output(path, why, f"{above} is {lies_in}; a folder is needed there")
    if not os.access(above, os.W_OK | os.X_OK):
        read_only = hasattr(os, "statvfs") and os.statvfs(above).f_flag & os.ST_RDONLY
        number = errno.EROFS if read_only else errno.EACCES
        raise _no_output(path, os.strerror(number), system_error(OSError(number, "")).hint)


def _no_output(path: Path, why: str, hint: str) -> OptionError:
    return OptionError(f"the output {path} cannot be written: {why}", hint=hint)


def _names_no_file(folder: Path) -> bool:
    real = os.path.realpath(folder)
    lies = [f"{top}/" for top in _FILE_SYSTEMS_IN_DEV if f"{real}/".startswith(f"{top}/")]
    return not lies and any(f"{real}/".startswith(f"{top}/") for top in _NO_FILES)
