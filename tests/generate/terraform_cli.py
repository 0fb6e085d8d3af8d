"""The terraform command for the tests: where it is, without what the machine's user has configured."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest

from checker.decision import Account
from checker.generate import cloudformation, deployment, terraform
from checker.generate.deployment import Deployment
from checker.policy import loader

MIRROR = "KEYAGE_TF_PLUGIN_DIR"  # a folder that has registry.terraform.io/hashicorp/aws
REATTACH = "TF_REATTACH_PROVIDERS"
UNREACHABLE = "Failed to query available provider packages"
NINETY = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
# A template as far as the provider looks: it is YAML.
TEMPLATE = b"Resources: {}\n"


def deployed(text: str, accounts: Iterable[Account] = ()) -> Deployment:
    policy = loader.parse(text.encode(), "policies.yaml")
    return deployment.deployment(policy, {account.id: account for account in accounts})


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def write_organization(top: Path, made: Deployment, template: bytes = TEMPLATE) -> Path:
    """The organization's module with its template where it looks for it; returns the module's folder."""
    write(top / "cloudformation", {"keyage.yaml": template, "audit-role.yaml": cloudformation.audit_role().encode()})
    return write(top / "terraform" / "organization", terraform.organization_files(made, template))


class Terraform:
    """terraform in a folder; every command must succeed unless another exit code is expected."""

    def __init__(self, folder: Path, endpoint: str | None = None) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))},
            "CHECKPOINT_DISABLE": "1",
            "GOGC": "400",  # collecting garbage less often saves a third of the time, for some hundred MiB
            "TF_IN_AUTOMATION": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            # Not in a block `endpoints`: the provider checks its 400 attributes for seconds, at each step of a command.
            **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}),
        }

    def run(self, verb: str, *arguments: str, expect: int = 0, stdin: str | None = None) -> str:
        command = [_binary(), verb, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, input=stdin, capture_output=True, text=True, timeout=240
        )
        said = f"{done.stdout}\n{done.stderr}"
        if verb == "init" and UNREACHABLE in said and not _in_ci():
            pytest.skip(f"the AWS provider cannot be installed; set {MIRROR}")
        assert done.returncode == expect, f"{' '.join(command)}: {done.returncode}\n{said}"
        return done.stdout

    def init(self, *options: str) -> None:
        self.run("init", "-input=false", "-no-color", *options)


@cache
def _installed(plugins: Path) -> Path:
    """The provider that terraform finds for a module that is rendered; no other `init` has to look for it again."""
    module = Terraform(write(plugins / "module", terraform.account_files(deployed(NINETY))))
    mirror = os.environ.get(MIRROR)
    if not mirror:
        module.environment["TF_PLUGIN_CACHE_DIR"] = str(plugins)
    module.init(*([f"-plugin-dir={mirror}"] if mirror else []))
    return next(module.folder.glob(".terraform/providers/*/*/aws/*/*/terraform-provider-aws*")).resolve()


@contextmanager
def _running(provider: Path, module: Terraform) -> Iterator[str]:
    """A provider for many commands: its start costs more than most of them. It reads files where the module is."""
    # Otherwise it tells whatever it does, ten thousand lines for each command.
    environment = module.environment | {"TF_LOG_SDK": "off", "TF_LOG_PROVIDER": "off"}
    with subprocess.Popen(
        [provider, "-debug"], cwd=module.folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as made:
        try:
            told = next((line for line in made.stdout or () if f"{REATTACH}='" in line), None)
            assert told is not None, "the provider does not say how to reach it"
            yield told.partition("'")[2].rstrip("'\n")
        finally:
            made.kill()


def _in_ci() -> bool:
    return os.environ.get("CI") == "true"


def _binary() -> str:
    found = shutil.which("terraform")
    if found is None:
        reason = "there is no terraform on the PATH"
        if _in_ci():
            pytest.fail(f"{reason}, and CI must not pass without these tests")
        pytest.skip(reason)
    return found


class InFolder(Protocol):
    def __call__(self, folder: Path, endpoint: str | None = None) -> Terraform: ...


@pytest.fixture(scope="module")
def terraform_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InFolder]:
    """terraform in a folder that has been initialized.

    Without an endpoint no resource is made, so that one provider is enough for all folders.
    """
    plugins = tmp_path_factory.getbasetemp() / "plugins"
    plugins.mkdir(exist_ok=True)
    provider = _installed(plugins)
    with ExitStack() as stack:

        @cache
        def shared() -> str:
            return stack.enter_context(_running(provider, Terraform(plugins)))

        def in_folder(folder: Path, endpoint: str | None = None) -> Terraform:
            made = Terraform(folder, endpoint)
            made.environment[REATTACH] = stack.enter_context(_running(provider, made)) if endpoint else shared()
            made.init()
            return made

        yield in_folder
