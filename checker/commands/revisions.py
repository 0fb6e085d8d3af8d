"""BASE and HEAD of `keyage diff`: a file, or one in a revision of the repository."""

import subprocess
from pathlib import Path

from checker.commands.loading import find_policy, in_repository
from checker.errors import UsageError
from checker.policy import loader
from checker.policy.loader import PolicyFile
from checker.policy.yaml_text import MAX_BYTES

GIT = "git:"


def load_revision(text: str, policy: Path | None) -> PolicyFile:
    """The policy that `FILE` or `git:REV[:PATH]` names; without PATH it is that of `policy`, or the one found.

    PATH is from the root of the repository. Raises UsageError, FileProblems.
    """
    if not text.startswith(GIT):
        return loader.load(Path(text))
    revision, _, path = text.removeprefix(GIT).partition(":")
    path = path or in_repository(str(policy or find_policy(Path.cwd())))
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise UsageError(f"{text}: git knows no revision {revision!r}; a shallow clone lacks most: fetch it first")
    blob = f"{commit.decode().strip()}:{path}"
    size = _git("cat-file", "-s", blob)
    if size is None:
        raise UsageError(f"{text}: there is no {path} in that revision; name another as git:{revision}:PATH")
    # What is longer is refused by the parser, which needs no more than this to see it.
    data = _git("cat-file", "blob", blob) if int(size) <= MAX_BYTES else b" " * (MAX_BYTES + 1)
    return loader.parse(data or b"", f"{revision}:{path}")


def _git(*arguments: str) -> bytes | None:
    """What git prints, or None if it fails; raises UsageError without git or a repository."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)  # noqa: S603, S607 -- the user's git
    except OSError as error:
        raise UsageError(f"git cannot be run ({error.strerror}): install it, or name two files") from None
    if b"not a git repository" in done.stderr:
        raise UsageError("git:REV needs a repository: run keyage inside one, or name two files")
    return done.stdout if done.returncode == 0 else None
