"""The command line of what changes access keys, and of what says beforehand what that would be."""

from pathlib import Path
from typing import Any

import click

from checker.arguments import (
    COLOR,
    EXTERNAL_ID,
    FILE,
    FROM,
    ROLE_NAME,
    common_of,
    formats_of,
    on_aws,
    on_policy,
    option,
    terminal_width,
    wants_color,
)


@click.group(short_help="Deactivate and delete access keys, by a plan.")
def remediate() -> None:
    """Say what would be done with which access key. Nothing is changed by a plan."""


@remediate.command(short_help="What would be done with which access key.")
@on_policy
@FROM
@formats_of("remediate plan")
@option("-o", "--output", type=FILE, help="Write the plan here too, as JSON.")
@option(
    "--stage",
    type=click.Choice(["deactivate", "delete", "all"]),
    default="all",
    show_default=True,
    help="Only what this stage does.",
)
@option("--organization", is_flag=True, help="Every active account of the organization, or of the --inventory named.")
@ROLE_NAME
@EXTERNAL_ID
@option("--account", multiple=True, metavar="ID|NAME|ou=OU", help="Only these accounts; patterns; repeatable.")
@COLOR
@on_aws
def plan(
    *, color: str, saved: Path | None, formats: tuple[str, ...], stage: str, output: Path | None, **settings: Any
) -> int:
    """Say for every access key what is to be done with it now, why, and what comes next; changes nothing.

    A plan takes a key that the policy does not remediate by itself too: a person asks for it. Exits with 1 if there is
    something to do.
    """
    from checker.commands import remediate as verb
    from checker.scan.check_options import Options

    common = common_of(settings)
    reading = Options(
        common, saved=saved, formats=formats, color=wants_color(color), width=terminal_width(), **settings
    )
    return verb.plan(verb.Options(reading, stage, output))
