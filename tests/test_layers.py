"""Arrows run one way: problems -> solvers -> formulations."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from places import ROOT

FOLDERS = ("formulations", "solvers", "problems")
MODELS = {"formulations", "numpy", "scipy"}
WORDS = {"formulations.problem", "formulations.arithmetic", "formulations.ambiguity"}  # that all else is written in
ENGINES = {"highspy", "ortools", "scipy.optimize", "clarabel", "scs", "osqp", "pyscipopt", "gurobipy"}


def sources(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, f"nothing in {folder}"
    return found


def imported(file: Path) -> Iterator[str]:
    """All modules that a file names in an import, wherever it stands, relative ones made absolute."""
    package = file.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def name(file: Path) -> str:
    """The module in a file; a package's own name for its __init__."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def within(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def arrows() -> dict[str, set[str]]:
    """Module -> the modules of the project that it names in imports, also inside functions."""
    modules = {name(file): file for folder in FOLDERS for file in sources(folder)}
    found: dict[str, set[str]] = {}
    for module, file in modules.items():
        named = {part for part in imported(file) if part in modules}
        # "from package import thing" names the package and, perhaps, a module of it: then that alone counts.
        found[module] = {part for part in named if not any(other.startswith(f"{part}.") for other in named)} - {module}
    return found


def folder_of(module: str) -> str:
    """Files at the top level of a folder stand for themselves, all others for the folder that they are in."""
    parts = module.split(".")
    below = (ROOT / parts[0] / parts[1]).is_dir() if len(parts) > 1 else False
    return ".".join(parts[:2]) if below or len(parts) == 2 else module


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The nodes of one circle, if there is one: each points to the next."""
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return [str(node) for node in reversed(error.args[1])]
    return []


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert len(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == 4


def test_no_module_is_in_a_circle() -> None:
    found = arrows()
    assert len(found) > 100
    assert "solvers.proof.certificate" in found["solvers.proof.search"]
    assert circle(found) == []


def test_no_folder_is_in_a_circle() -> None:
    folders: dict[str, set[str]] = {}
    for module, named in arrows().items():
        folder = folder_of(module)
        folders.setdefault(folder, set()).update({folder_of(part) for part in named} - {folder})
    assert "solvers.proof" in folders["solvers.linear"]
    assert circle(folders) == []


# formulations/ has one file a page, problems/ one a recipe, and some twenty are named in the design; machinery goes
# into their folders.
@pytest.mark.parametrize(("folder", "most"), [("formulations", 43), ("solvers", 9), ("problems", 28)])
def test_the_top_level_is_a_table_of_contents(folder: str, most: int) -> None:
    assert len(list((ROOT / folder).glob("*.py"))) <= most


@pytest.mark.parametrize("file", sources("formulations"), ids=name)
def test_a_formulation_knows_neither_solvers_nor_problems(file: Path) -> None:
    assert not [module for module in imported(file) if within(module, {"solvers", "problems", *ENGINES})]


@pytest.mark.parametrize("file", sources("solvers"), ids=name)
def test_a_solver_knows_no_problems(file: Path) -> None:
    assert not [module for module in imported(file) if within(module, {"problems"})]


@pytest.mark.parametrize("file", sources("solvers"), ids=name)
def test_a_solver_knows_only_the_words_of_formulations_and_no_single_one(file: Path) -> None:
    known = {module for module in imported(file) if within(module, {"formulations"})}
    assert not [module for module in known if not within(module, WORDS)]


def test_the_certificate_imports_no_solver() -> None:
    own = MODELS | {"solvers.proof.form"} | set(sys.stdlib_module_names)
    modules = list(imported(ROOT / "solvers" / "proof" / "certificate.py"))
    assert modules
    assert not [module for module in modules if not within(module, own)]
    assert not [module for module in modules if within(module, ENGINES)]


def test_the_form_imports_no_solver() -> None:
    modules = list(imported(ROOT / "solvers" / "proof" / "form.py"))
    assert not [module for module in modules if within(module, {"solvers", *ENGINES})]


HEAVY = ("cvxpy", "torch", "matplotlib", "ortools", "highspy", "networkx", "scipy.optimize")


def loaded_by(statement: str) -> list[str]:
    """Which of the heavy packages a fresh interpreter has after the statement."""
    program = f"{statement}\nimport sys\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.split()


def recipes() -> list[str]:
    return [f.stem for f in sorted((ROOT / "problems").glob("*.py")) if "__main__" in f.read_text(encoding="utf-8")]


def test_there_is_a_recipe_for_the_spanning_tree() -> None:
    assert "mst" in recipes()


@pytest.mark.parametrize("recipe", recipes())
def test_importing_a_recipe_loads_nothing_heavy(recipe: str) -> None:
    assert loaded_by(f"import problems.{recipe}") == []


def test_importing_the_solvers_loads_nothing_heavy() -> None:
    assert loaded_by("from solvers import solve") == []


def test_solving_a_spanning_tree_loads_neither_torch_nor_matplotlib() -> None:
    statement = (
        "import numpy as np\n"
        "from formulations.graphs import Network\n"
        "from formulations.mst import minimum_spanning_tree\n"
        "from solvers import solve\n"
        "ends = np.array([0, 1, 0]), np.array([1, 2, 2])\n"
        "assert solve(minimum_spanning_tree(Network(range(3), *ends, np.ones(3)))).value == 2"
    )
    assert not {"torch", "matplotlib"} & set(loaded_by(statement))
