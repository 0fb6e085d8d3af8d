"""Examples for mutation testing: pytest -p tests.support.unshrunk. A mutant that fails need not fail in a small way."""

from hypothesis import Phase, settings

settings.register_profile(
    "unshrunk", derandomize=True, deadline=None, database=None, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("unshrunk")
