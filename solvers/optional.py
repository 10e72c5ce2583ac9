"""Packages that may be missing.

They are torch, which searches by gradients and batched searches compute with, scikit-learn, and Dask's distributed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

PACKAGES = {"torch": "torch", "sklearn": "scikit-learn", "distributed": "distributed"}  # module -> what pip calls it
EXTRAS = {"torch": "learn", "scikit-learn": "learn", "distributed": "sweep"}  # package -> the extra that brings it


class Missing(ModuleNotFoundError):
    """A package that is needed and not installed: one sentence that says by what, and how to install it."""


def missing(error: ModuleNotFoundError, by: str) -> Missing | None:
    """The same error in a sentence, `by` being what needs the package; None if no optional package is missing.

    >>> print(missing(ModuleNotFoundError(name="torch.nn"), by="descent-ascent"))
    descent-ascent needs torch, which is not installed; install the extra learn, or python -m pip install torch
    """
    if isinstance(error, Missing):
        return error
    module = (error.name or "").partition(".")[0]
    package = PACKAGES.get(module)
    if package is None:
        return None
    return Missing(f"{by} needs {package}, which is not installed; {remedy(package)}", name=module)


def remedy(package: str = "torch") -> str:
    """How a package that is missing comes to be there, as the end of a sentence.

    >>> remedy()
    'install the extra learn, or python -m pip install torch'
    """
    return f"install the extra {EXTRAS[package]}, or python -m pip install {package}"


def has_torch() -> bool:
    """Whether torch is installed; if so it is loaded, which takes a second or two."""
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Small operations gain nothing from several threads, and lose much where the cores are busy."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
