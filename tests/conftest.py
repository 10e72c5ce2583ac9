"""For all tests: the same examples on every run, no deadline, and no threads that spin on a shared machine."""

import os

from hypothesis import HealthCheck, Phase, settings

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # numpy and torch are loaded later
    os.environ.setdefault(threads, "1")

settings.register_profile(
    "fixed",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# --hypothesis-profile=unshrunk reports the first failing example as it was drawn: much faster to come back.
settings.register_profile("unshrunk", settings.get_profile("fixed"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("fixed")
