"""What an optional part of keyage needs, told by the names of published packages: keyage itself is on no index."""

import shlex


def how_to_install(extra: str) -> str:
    """The command that adds what an extra of keyage needs to the environment it runs in."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        listed = [requirement.partition(";") for requirement in requires("keyage") or []]
    except PackageNotFoundError:  # run from the sources, which nobody installed
        return f"install the packages that pyproject.toml lists for the extra {extra!r}"
    needed = [name.strip() for name, _semicolon, marker in listed if f'"{extra}"' in marker.replace("'", '"')]
    return f"pip install {shlex.join(needed)}"
