"""Hypothesis for all tests: the same examples on every run, and no deadline on a shared machine."""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "fixed",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# --hypothesis-profile=unshrunk reports the first failing example as it was drawn: much faster to come back.
settings.register_profile("unshrunk", settings.get_profile("fixed"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("fixed")
