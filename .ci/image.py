"""The file system of the Dockerfile, built with its own steps where there is no container engine, and used like it.

`image.py TREE` takes a Debian with Python in the place of the base image, whose Python is of the same minor version but
is not Debian's. Needs root. Ends with 1 and the step that failed; nothing of TREE is changed.
"""

import json
import os
import re
import shlex
import shutil
import string
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).parent.parent
SECONDS = 600  # for any one step, beside other work
OWNER = 4242  # of the mounted folder: nobody in the image
# With the root, what is mounted, the folder it is mounted on and worked in, and the user: then the command.
IN_ROOT = """
set -e
root=$1 mounted=$2 folder=$3 user=$4
shift 4
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
[ -z "$mounted" ] || mount --bind "$mounted" "$root$folder"
exec chroot --userspec="$user" --groups= "$root" /bin/sh -c 'cd "$0" && exec "$@"' "$folder" "$@"
"""
PASSED = re.compile(r"PIP_|.*_proxy$", re.IGNORECASE)  # what reaches the package indexes from here


@dataclass
class Image:
    """A stage while it is built, and what is run in it."""

    root: Path
    variables: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})
    folder: str = "/"
    user: str = "0"
    entry: list[str] = field(default_factory=list)

    def run(self, *command: str, user: str | None = None, mounted: Path | None = None) -> str:
        """What a command prints; SystemExit if it fails."""
        variables = {name: value for name, value in os.environ.items() if PASSED.match(name)} | self.variables
        who = user or self.user
        known = [str(self.root), str(mounted or ""), self.folder, who if ":" in who else f"{who}:{who}"]
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", IN_ROOT, "sh", *known, *command],
            check=False,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
        )
        if done.returncode:
            sys.exit(f"{shlex.join(command)} ends with {done.returncode} as {who}:\n{done.stdout[-3000:]}")
        return done.stdout


def steps(text: str) -> list[tuple[str, str]]:
    """The instructions and what follows each, lines joined."""
    joined = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [(name, rest) for name, _space, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def build(tree: Path, scratch: Path) -> Image:
    """The last stage; raises SystemExit at an instruction that fails or is not known here."""
    stages: dict[str, Image] = {}
    image = Image(tree)
    for name, rest in steps((TOP / "Dockerfile").read_text("utf-8")):
        sys.stdout.write(f"  {name} {rest[:100]}\n")
        sys.stdout.flush()
        if name == "FROM":
            base, _as, called = rest.partition(" AS ")
            image = stages[called or base] = Image(fresh(tree, scratch / str(len(stages))))
        elif name == "RUN":
            image.run("/bin/sh", "-c", rest)
        elif name == "COPY":
            copy(rest, image, stages, scratch)
        elif name == "ENV":
            values = dict(value.split("=", 1) for value in shlex.split(rest))
            image.variables |= {key: string.Template(text).substitute(image.variables) for key, text in values.items()}
        elif name == "WORKDIR":
            image.folder = rest
            (image.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif name == "USER":
            image.user = rest
        elif name == "ENTRYPOINT":
            image.entry = json.loads(rest)
        elif name != "CMD":
            sys.exit(f"Dockerfile: {name} is not known to .ci/image.py: teach it")
    return image


def fresh(tree: Path, root: Path) -> Path:
    """A copy of the tree in which `python` is there, as in the base image."""
    subprocess.run(["cp", "--archive", "--reflink=auto", tree, root], check=True)
    root.chmod(0o755)
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    return root


def copy(rest: str, image: Image, stages: dict[str, Image], scratch: Path) -> None:
    source, target = [word for word in rest.split() if not word.startswith("--")]
    stage = re.search(r"--from=(\S+)", rest)
    top = stages[stage[1]].root if stage else context(scratch / "context")
    there = image.root / image.folder.lstrip("/") / target if target[0] != "/" else image.root / target.lstrip("/")
    here = top / source.lstrip("/")
    there.parent.mkdir(parents=True, exist_ok=True)
    if here.is_dir():
        shutil.copytree(here, there, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(here, there)


def context(folder: Path) -> Path:
    """The files that are sent to the engine: those that .dockerignore excepts from its `*`."""
    kept = [line[1:] for line in (TOP / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    if not folder.exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--", *kept], cwd=TOP, check=True, capture_output=True, text=True
        )
        for name in listed.stdout.rstrip("\0").split("\0"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, folder / name)
    return folder


def project(folder: Path) -> Path:
    """A repository with a policy, of an owner whom the image does not know."""
    folder.mkdir()
    (folder / "policies.yaml").write_text("version: 1\ndefault: {maxAccessKeyAge: 90}\n")
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for command in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "--message", "one"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, OWNER, OWNER)
    return folder


def use(image: Image, mounted: Path) -> None:
    """What README's line for containers promises, each as `docker run` would do it."""
    keyage, owner = image.entry, f"{OWNER}:{OWNER}"
    sys.stdout.write(image.run(*keyage, "--version"))
    for user in (None, owner):
        image.run(*keyage, "validate", user=user, mounted=mounted)
        image.run(*keyage, "diff", "git:HEAD", "policies.yaml", user=user, mounted=mounted)
        image.run("/bin/sh", "-c", 'mkdir -p "$HOME/.aws/sso/cache" && touch "$HOME/.aws/sso/cache/$$"', user=user)
        shutil.rmtree(image.root / image.variables["HOME"].lstrip("/") / ".aws")
    image.run(*keyage, "render", "--output", "build", user=owner, mounted=mounted)
    if (mounted / "build" / "manifest.json").stat().st_uid != OWNER:
        sys.exit("what --user wrote into the mounted folder is another's")
    readme = (TOP / "README.md").read_text("utf-8")
    for part in (f'-v "$PWD:{image.folder}"', f"{image.variables['HOME']}/.aws", '--user "$(id -u):$(id -g)"'):
        if part not in readme:
            sys.exit(f"README's line for containers lacks {part}")


def main(tree: Path) -> str | None:
    """Builds and uses the image; gives what took too long."""
    with tempfile.TemporaryDirectory(prefix="keyage-image-") as made:
        try:
            use(build(tree, Path(made)), project(Path(made) / "project"))
        except subprocess.TimeoutExpired:
            return f"the last step did not end within {SECONDS} s"
    sys.stdout.write("the image does what README says\n")
    return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
