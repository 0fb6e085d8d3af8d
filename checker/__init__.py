"""keyage: access key age as policy, judged in CI and in AWS by the same code."""

__version__ = "0.1.0"
