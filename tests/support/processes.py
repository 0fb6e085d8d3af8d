"""The keyage command as a real process."""

import os
import subprocess
import sys
from pathlib import Path

KEYAGE = [sys.executable, "-m", "checker"]
NOW = "2026-11-23T12:00:00Z"
POLICY = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
ACCOUNT = '{"id":"000000000001","name":"web","users":[%s]}\n'
KEY = '{"id":"AKIA%s","status":"Active","created":"%s"}'
OLD = '{"name":"old","path":"/","tags":{},"keys":[' + KEY % ("OLD", "2026-01-01T00:00:00Z") + "]}"
YOUNG = '{"name":"young","path":"/","tags":{},"keys":[' + KEY % ("YOUNG", "2026-11-01T00:00:00Z") + "]}"


def environment(**extra: str) -> dict[str, str]:
    """This process's, less whatever would reach an AWS or change keyage."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KEYAGE_"))}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return kept | nowhere | {"AWS_EC2_METADATA_DISABLED": "true"} | extra


def keyage(folder: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run `keyage` in the folder to its end."""
    return subprocess.run(
        [*KEYAGE, *arguments], cwd=folder, env=environment(**extra), capture_output=True, text=True, timeout=60
    )


def policy_folder(folder: Path, policy: str = POLICY, users: str = YOUNG) -> Path:
    """A folder with a policy and a snapshot of one account."""
    (folder / "policies.yaml").write_text(policy)
    (folder / "s.jsonl").write_text(ACCOUNT % users)
    return folder
