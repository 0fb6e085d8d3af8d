"""BASE and HEAD of `keyage diff`: a file, or one in a revision of the repository."""

import os
import subprocess
from pathlib import Path

from checker.errors import FileProblems, UsageError
from checker.policy import loader
from checker.policy.loader import NoPolicy, PolicyFile
from checker.policy.nearest import meant
from checker.policy.yaml.parse import MAX_BYTES
from checker.shell.loading import find_policy, in_repository

GIT = "git:"
CAUSES = {
    "detected dubious ownership": "if you trust the folder, run: git config --global --add safe.directory FOLDER",
    "not a git repository": "git:REV needs a repository: run keyage inside one, or name a file",
}
OTHER_CAUSE = "mend that, or name a file"


def names_no_path(text: str) -> bool:
    """Whether BASE or HEAD is a revision without PATH, so that another option tells which policy is meant."""
    return text.startswith(GIT) and ":" not in text.removeprefix(GIT)


def load_revision(text: str, policy: Path | None) -> PolicyFile:
    """The policy that `FILE` or `git:REV[:PATH]` names; without PATH it is that of `policy`, or the one found.

    PATH is from the root of the repository. Raises UsageError, FileProblems.
    """
    if not text.startswith(GIT):
        return _file(text)
    revision, path = _place(text, policy)
    found = _parsed(text, revision, path)
    if found is None:
        raise _lacks(text, revision, path)
    return found


def load_base(text: str, head: str, policy: Path | None) -> PolicyFile | NoPolicy:
    """The same of BASE, which may have no policy yet: then everything in HEAD is new.

    A PATH that BASE lacks must be that of HEAD, or it is a mistake; and a policy that moved is not a new one.
    Raises UsageError, FileProblems.
    """
    if not text.startswith(GIT):
        return _file(text)
    revision, path = _place(text, policy or _policy_of(head))
    found = _parsed(text, revision, path)
    if found is not None:
        return found
    known = in_repository(head) if not head.startswith(GIT) else _place(head, policy)[1]
    if text.partition(":")[2] != revision and path != known:
        raise _lacks(text, revision, path)
    moved = _gone(revision, head, Path(path).name)
    if moved:
        raise UsageError(
            f"{text}: there is no {path} in that revision, but {', '.join(moved)}, which is not there any more:"
            f" if it was moved, write git:{revision}:{moved[0]}"
        )
    return NoPolicy(f"{revision}:{path}")


def _file(text: str) -> PolicyFile:
    """The policy in a file; raises UsageError, with what may be meant if git knows this as a revision."""
    try:
        return loader.load(Path(text))
    except UsageError as error:
        if not _is_revision(text.partition(":")[0]):
            raise
        raise UsageError(f"{error}: {meant(GIT + text)}") from None


def _is_revision(name: str) -> bool:
    try:
        return _object(f"{name}^{{commit}}") is not None
    except UsageError:  # no git, or no repository
        return False


def _policy_of(head: str) -> Path | None:
    """HEAD itself, where it is a file and no other policy is found."""
    try:
        find_policy(Path.cwd())
    except UsageError:
        return None if head.startswith(GIT) else Path(head)
    return None


def _lacks(text: str, revision: str, path: str) -> UsageError:
    return UsageError(f"{text}: there is no {path} in that revision; name another as git:{revision}:PATH")


def _gone(revision: str, head: str, name: str) -> list[str]:
    """The files of this name, and the policies of any, that the revision has, and HEAD not any more."""
    before = [path for path in _files(revision) if Path(path).name == name or path.endswith((".yaml", ".yml"))]
    if head.startswith(GIT):
        after = set(_files(head.removeprefix(GIT).partition(":")[0]))
        gone = [path for path in before if path not in after]
    else:
        top = Path(os.fsdecode(_git("rev-parse", "--show-toplevel").rstrip(b"\n")))
        gone = [path for path in before if not (top / path).exists()]
    return [path for path in gone if Path(path).name == name or _is_policy(revision, path)]


def _is_policy(revision: str, path: str) -> bool:
    try:
        return _parsed(f"{GIT}{revision}", revision, path) is not None
    except FileProblems:
        return False


def _files(revision: str) -> list[str]:
    listed = _git("ls-tree", "-r", "-z", "--name-only", "--full-tree", revision)
    return [os.fsdecode(path) for path in listed.split(b"\0") if path]


def _place(text: str, policy: Path | None) -> tuple[str, str]:
    """The revision, and the path from the root of the repository."""
    revision, _, path = text.removeprefix(GIT).partition(":")
    return revision, path or in_repository(str(policy or find_policy(Path.cwd())))


def _parsed(text: str, revision: str, path: str) -> PolicyFile | None:
    """None where the revision has no such file."""
    commit = _object(f"{revision}^{{commit}}")
    if commit is None:
        raise UsageError(f"{text}: git knows no revision {revision!r}; a shallow clone lacks most: fetch it first")
    blob = _object(f"{commit}:{path}")
    if blob is None:
        return None
    # What is longer is refused by the parser, which needs no more than this to see it.
    size = int(_git("cat-file", "-s", blob))
    data = _git("cat-file", "blob", blob) if size <= MAX_BYTES else b" " * (MAX_BYTES + 1)
    return loader.parse(data, f"{revision}:{path}")


def _object(name: str) -> str | None:
    """The id of what git knows by this name, if there is such a thing."""
    return _git("rev-parse", "--verify", "--quiet", "--end-of-options", name, absent=b"").decode().strip() or None


def _git(*arguments: str, absent: bytes | None = None) -> bytes:
    """What git prints, or `absent` if it knows no such thing; raises UsageError with its own cause."""
    english = os.environ | {"LC_ALL": "C", "LANGUAGE": ""}
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False, env=english)  # noqa: S603, S607 -- the user's git
    except OSError as error:
        raise UsageError(f"git cannot be run ({error.strerror}): install it, or name a file") from None
    if done.returncode == 0:
        return done.stdout
    if done.returncode == 1 and absent is not None:  # other causes, such as no repository, are 128
        return absent
    said = done.stderr.decode("utf-8", "replace").strip()
    raise UsageError(_told(said) or f"git {arguments[0]} failed with exit code {done.returncode}: {OTHER_CAUSE}")


def _told(said: str) -> str:
    """Git's own cause, which is its first line, and what to do about it."""
    cause = said.partition("\n")[0].removeprefix("fatal: ").removeprefix("error: ")
    if not cause:
        return ""
    advice = next((advice for words, advice in CAUSES.items() if words in cause), OTHER_CAUSE)
    advice = advice.replace("FOLDER", cause.rpartition(" at ")[2])
    return f"git says: {cause}: {advice}"
