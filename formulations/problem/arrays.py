"""The array types that all of the project uses."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Integers = NDArray[Any]  # exact: int64, or Python's unbounded integers in an array of dtype object
Number = Fraction | float  # a Fraction where it is exact
Values = Mapping[str, Floats]  # variable name -> value, in the variable's shape
