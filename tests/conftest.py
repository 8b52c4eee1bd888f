"""What every test shares: how many examples Hypothesis invents."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "quick", derandomize=True, max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("soak", max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("DULY_TEST_PROFILE", "quick"))
