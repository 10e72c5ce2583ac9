"""problems.check of answers about rows of tables: true ones are proven again, lies about them are caught."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import ROOT, SHARED

from formulations.arithmetic.partition_bounds import Leaf, tree_bound
from formulations.kmeans import kmeans
from problems import clustering, embedding, location, pca, robust_regression
from problems import kmeans as kmeans_recipe
from problems.check import main
from problems.checks.verdict import EXAMPLE, UNBOUNDED, UNPROVEN
from problems.recipe import Recipe, run
from problems.studies.estimators import CONVEX

FOUND: dict[Any, str] = {}
Lie = Callable[[dict[str, Any]], Any]
MAPS = [method for method in embedding.METHODS if method not in ("mds", *UNPROVEN, *UNBOUNDED)]
RULES = ("single", "complete", "average", "centroid", "ward")
EXAMPLES = {
    "pca": (pca.RECIPE, ["-k", "2"]),
    "raw": (pca.RECIPE, ["--raw", "--explain", ".9"]),
    "sparse": (pca.RECIPE, ["--sparse", "2"]),
    "kmeans": (kmeans_recipe.RECIPE, ["-k", "3"]),
    "demands": (
        kmeans_recipe.RECIPE,
        ["--together", "1", "2", "--apart", "1", "15", "--at-least", "4", "--standardise"],
    ),
    **{rule: (clustering.RECIPE, ["--linkage", rule, "-k", "3"]) for rule in RULES},
    "height": (clustering.RECIPE, ["--height", "3"]),
    **{method: (embedding.RECIPE, ["--method", method, "--neighbours", "8"]) for method in MAPS},
    "mds": (embedding.RECIPE, ["--method", "mds", "-k", "3"]),
    **{
        against: (robust_regression.RECIPE, ["--target", "d", "--loss", "huber", "--against", against])
        for against in ("perturbation", "wasserstein", "chi-squared", "kl", "cvar")
    },
    "location": (location.RECIPE, ["--estimators", ",".join([*CONVEX, "mcd"])]),
    "lad": (robust_regression.RECIPE, ["--loss", "absolute", "--norm", "inf", "--radius", ".05", "--standardise"]),
}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three groups of ten rows each, with names and a column of text that is not asked for."""
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.normal(0, 6, (3, 4)), 10, axis=0) + rng.normal(0, 1, (30, 4)) * [1, 2, 3, 4]
    lines = [f"r{i};{';'.join(map(str, row))};word" for i, row in enumerate(rows.tolist())]
    path = tmp_path_factory.mktemp("table") / "rows.csv"
    path.write_text("\n".join(["name;a;b;c;d;e", *lines]))
    return str(path)


def answered(capsys: Any, recipe: Recipe, table: str, *arguments: str) -> dict[str, Any]:
    """The answer of a recipe, found once."""
    asked = (recipe.name, table, arguments)
    if asked not in FOUND:
        run(recipe, ["--data", table, "--columns", "a,b,c,d", "--quiet", "--json", *arguments])
        FOUND[asked] = capsys.readouterr().out
    return dict(json.loads(FOUND[asked]))


def checked(capsys: Any, answer: Any, *arguments: str, path: Path) -> tuple[int, str]:
    path.write_text(json.dumps(answer))
    code = main([str(path), *arguments])
    out, err = capsys.readouterr()
    return code, str(out + err)


@pytest.mark.parametrize("name", EXAMPLES)
def test_true_answers_are_proven_again(capsys: Any, table: str, tmp_path: Path, name: str) -> None:
    recipe, arguments = EXAMPLES[name]
    answer = answered(capsys, recipe, table, *arguments)
    code, told = checked(capsys, answer, "--data", table, path=tmp_path / "answer.json")
    assert code == 0, told
    assert "rows.csv" in told.splitlines()[0]


def changed(answer: dict[str, Any], lie: Lie) -> dict[str, Any]:
    copied = copy.deepcopy(answer)
    lie(copied)
    return copied


def swapped_label(answer: dict[str, Any]) -> None:
    labels = answer["answer"]["labels"]
    labels[5] = (labels[5] + 1) % (max(labels) + 1)


def scaled(answer: dict[str, Any], *way: Any, by: float = 1 + 1e-6) -> None:
    """Multiply the number there, or the first of the numbers there."""
    *path, last = way
    node: Any = answer
    for key in path:
        node = node[key]
    node[last] *= by


def claimed_better(answer: dict[str, Any]) -> None:
    """A bound that is better than what is proven, so that the answer looks optimal."""
    answer["bound"], answer["status"] = answer["value"], "optimal"


def flipped_row(answer: dict[str, Any]) -> None:
    answer["answer"]["loadings"][1] = [-number for number in answer["answer"]["loadings"][1]]


def turned(answer: dict[str, Any]) -> None:
    """The same plane by other directions: it explains as much, and yet these are no components."""
    L = np.array(answer["answer"]["loadings"])
    answer["answer"]["loadings"] = (L @ np.array([[0.6, -0.8], [0.8, 0.6]])).tolist()


def merged_otherwise(answer: dict[str, Any]) -> None:
    merges = answer["answer"]["merges"]
    merges[3][0], merges[4][0] = merges[4][0], merges[3][0]


def of_rules(*more: Lie) -> list[Lie]:
    return [
        lambda a: scaled(a, "value", by=1 - 1e-4),
        lambda a: scaled(a, "bound", by=1 + 1e-4),
        lambda a: scaled(a, "answer", "coefficients", 0, by=1.1),
        lambda a: scaled(a, "answer", "intercept", by=1.1),
        lambda a: scaled(a, "asked", "radius", by=1.1),
        lambda a: a["certificate"].update(subgradients=[0.0] * 30),
        lambda a: a["answer"]["columns"].reverse(),
        *more,
    ]


def of_part(name: str, **changed: Any) -> Lie:
    """Other claims about one estimate, and the sums over all estimates as they are then."""

    def lie(answer: dict[str, Any]) -> None:
        parts = answer["parts"]
        parts[name].update(changed)
        for key in ("value", "bound"):
            whole = [part[key] for part in parts.values()]
            answer[key] = None if None in whole else sum(whole)

    return lie


LIES: dict[str, list[Lie]] = {
    "location": [
        *(lambda a, name=name: scaled(a, "answer", name, 0, by=1.5) for name in (*CONVEX, "mcd")),
        *(lambda a, name=name: scaled(a, "parts", name, "value", by=1 - 1e-6) for name in (*CONVEX, "mcd")),
        *(lambda a, name=name: scaled(a, "parts", name, "bound", by=1 + 1e-6) for name in CONVEX[:-1]),
        lambda a: scaled(a, "value"),
        lambda a: scaled(a, "bound", by=1 - 1e-6) if a["bound"] else a.update(bound=1.0),
        lambda a: a["certificate"]["huber"].update(forces=[[0.0] * 4] * 30),
        lambda a: a["certificate"]["geometric_median"]["forces"].reverse(),
        lambda a: a["certificate"]["mcd"]["rows"].pop(),
        lambda a: a["certificate"]["mcd"]["rows"].reverse() or a["certificate"]["mcd"].update(rows=[*range(17)]),
        of_part("mcd", bound=-1e9),
        lambda a: a["answer"].update(median=[0.0] * 4),
        lambda a: a["asked"]["estimators"].remove("mean"),
    ],
    "kl": of_rules(lambda a: a["certificate"].pop("weights"), lambda a: a["asked"].update(loss="absolute")),
    "perturbation": of_rules(lambda a: a["asked"].update(against="wasserstein")),
    "cvar": of_rules(lambda a: a["certificate"].update(weights=[1.0] + [0.0] * 29)),
    "wasserstein": of_rules(lambda a: scaled(a, "asked", "threshold", by=1.5)),
    "pca": [
        flipped_row,
        turned,
        lambda a: scaled(a, "value"),
        lambda a: scaled(a, "bound", by=1 - 1e-6),
        lambda a: scaled(a, "answer", "variances", 3),
        lambda a: scaled(a, "answer", "loadings", 0, 0),
        lambda a: scaled(a, "answer", "explained"),
        lambda a: a["answer"]["columns"].reverse(),
    ],
    "sparse": [
        lambda a: scaled(a, "value"),
        lambda a: scaled(a, "bound", by=0.99),
        lambda a: a["certificate"]["tree"].update(entry=[0], inside=[0], outside=[0]),
        lambda a: a["answer"]["loadings"].insert(0, a["answer"]["loadings"].pop()),
    ],
    "kmeans": [
        swapped_label,
        lambda a: scaled(a, "value"),
        lambda a: scaled(a, "bound", by=1.01),
        lambda a: scaled(a, "answer", "centers", 1, 1),
        lambda a: a["certificate"].pop("cases"),
        lambda a: a["answer"].update(labels=[2 - label for label in a["answer"]["labels"]]),
    ],
    "demands": [
        swapped_label,
        lambda a: a["asked"].update(together=[["1", "30"]]),
        lambda a: a["asked"].update(apart=[["1", "3"]]),
    ],
    "single": [
        lambda a: scaled(a, "answer", "merges", 4, 2),
        lambda a: scaled(a, "answer", "merges", 4, 2, by=1 - 1e-6),
        lambda a: scaled(a, "bound", by=1 - 1e-6),
        merged_otherwise,
        swapped_label,
        lambda a: a["answer"]["order"].insert(15, a["answer"]["order"].pop(0)),
    ],
    "average": [
        lambda a: scaled(a, "answer", "merges", 4, 2),
        lambda a: scaled(a, "value", by=1 - 1e-6),
        merged_otherwise,
        claimed_better,
        lambda a: a["asked"].update(linkage="complete"),
    ],
    "isomap": [
        lambda a: scaled(a, "answer", "coordinates", 0, 0, by=1.01),
        lambda a: scaled(a, "answer", "eigenvalues", 0),
        lambda a: scaled(a, "value"),
        lambda a: scaled(a, "bound", by=1 - 1e-6),
        lambda a: a["asked"].update(method="mds"),
        lambda a: a["answer"]["names"].reverse(),
    ],
    "sdp": [
        lambda a: scaled(a, "answer", "coordinates", 0, 0, by=1.01),
        lambda a: scaled(a, "answer", "eigenvalues", 0),
        lambda a: scaled(a, "value"),
        lambda a: scaled(a, "bound", by=1 - 1e-6),
        lambda a: scaled(a, "certificate", "weights", 3, by=1.5),
        lambda a: a["answer"].pop("further_coordinates"),
        lambda a: [row.reverse() for row in a["answer"]["coordinates"]],
        lambda a: a["asked"].update(neighbours=9),
        lambda a: a["answer"]["names"].reverse(),
    ],
    "laplacian": [
        lambda a: scaled(a, "answer", "coordinates", 0, 0, by=1.01),
        lambda a: scaled(a, "value", by=0.9),
        lambda a: a["asked"].update(neighbours=9),
    ],
}


@pytest.mark.parametrize("name", LIES)
def test_lies_are_caught(capsys: Any, table: str, tmp_path: Path, name: str) -> None:
    recipe, arguments = EXAMPLES[name]
    answer, file = answered(capsys, recipe, table, *arguments), tmp_path / "answer.json"
    for lie in LIES[name]:
        code, told = checked(capsys, changed(answer, lie), "--data", table, path=file)
        assert code == 1, told
        assert "FAILS" in told


def test_second_best_components_are_not_proven(capsys: Any, table: str, tmp_path: Path) -> None:
    """The frame of the second and third components, consistent in all that it says but for what it claims."""
    file = tmp_path / "answer.json"
    three, two = (answered(capsys, pca.RECIPE, table, "-k", k) for k in "32")
    two["answer"]["loadings"] = [row[1:] for row in three["answer"]["loadings"]]
    two["value"] = two["bound"] = sum(three["answer"]["variances"][1:3])
    two["answer"]["explained"] = two["value"] / sum(three["answer"]["variances"])
    code, told = checked(capsys, two, "--data", table, path=file)
    assert code == 1
    assert "FAILS: the bound is proven again" in told


def test_a_map_that_is_not_the_best_is_not_proven(capsys: Any, table: str, tmp_path: Path) -> None:
    three, two = (answered(capsys, embedding.RECIPE, table, "--method", "lle", "-k", k) for k in "32")
    two["answer"]["coordinates"] = [row[1:] for row in three["answer"]["coordinates"]]
    two["answer"]["eigenvalues"] = three["answer"]["eigenvalues"][1:]
    two["value"] = two["bound"] = sum(two["answer"]["eigenvalues"])
    code, told = checked(capsys, two, "--data", table, path=tmp_path / "answer.json")
    assert code == 1
    assert "FAILS: the bound is proven again" in told


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (lambda a: a["answer"].pop("labels"), "labels"),
        (lambda a: a.update(value="much"), "not a number"),
        (lambda a: a["asked"].pop("standardised"), "standardised"),
        (lambda a: a["asked"].update(groups=31), "31"),
        (lambda a: a["asked"].update(weight="w"), "weight"),
        (lambda a: a["asked"].update(reading={"data": "/etc/passwd"}), "cannot be read"),
        (lambda a: a["certificate"].update(cases={"pair": [0]}), "cannot be read"),
        (lambda a: a["certificate"].update(cases={"triangles": [], "count": 10**15}), "multipliers"),
        (lambda a: a["stats"].update(rows=31), "31 rows"),
    ],
)
def test_what_is_no_answer_is_one_line(capsys: Any, table: str, tmp_path: Path, lie: Lie, said: str) -> None:
    answer = answered(capsys, *EXAMPLES["kmeans"][:1], table)
    code, told = checked(capsys, changed(answer, lie), "--data", table, "--quiet", path=tmp_path / "answer.json")
    assert (code, len(told.splitlines())) == (2, 1), told
    assert said in told


def test_files_that_do_not_go_with_an_answer_are_refused(capsys: Any, table: str, tmp_path: Path) -> None:
    answer, file = answered(capsys, kmeans_recipe.RECIPE, table), tmp_path / "answer.json"
    for arguments in (["--graph", table], ["--data", table, "--matrix", table], [], ["--data", table, "--weight", "w"]):
        code, told = checked(capsys, answer, *arguments, path=file)
        assert (code, len(told.splitlines())) == (2, 1), told


def test_a_table_with_one_other_number_is_caught(capsys: Any, table: str, tmp_path: Path) -> None:
    other = tmp_path / "rows.csv"
    lines = Path(table).read_text().splitlines()
    name, a, *rest = lines[3].split(";")
    lines[3] = ";".join([name, str(float(a) + 0.01), *rest])
    other.write_text("\n".join(lines))
    unchanged = {"sparse", "laplacian", "cvar"}  # two columns, neighbours, and rows that lose most are as they were
    for name in EXAMPLES.keys() - unchanged:
        answer = answered(capsys, EXAMPLES[name][0], table, *EXAMPLES[name][1])
        code, told = checked(capsys, answer, "--data", str(other), path=tmp_path / "answer.json")
        assert code == 1, told


def test_distances_and_wide_tables(capsys: Any, tmp_path: Path) -> None:
    rng, file = np.random.default_rng(1), tmp_path / "answer.json"
    X = rng.normal(size=(12, 40))
    wide, distances = tmp_path / "wide.npy", tmp_path / "distances.csv"
    np.save(wide, X)
    D = np.linalg.norm(X[:, None] - X, axis=2)
    distances.write_text("\n".join(",".join(map(str, row)) for row in ((D + D.T) / 2).tolist()))
    for recipe, *arguments in (
        (pca.RECIPE, "--data", str(wide), "-k", "4"),
        (clustering.RECIPE, "--matrix", str(distances), "--linkage", "single"),
        (embedding.RECIPE, "--matrix", str(distances), "--method", "mds"),
        (embedding.RECIPE, "--matrix", str(distances), "--method", "laplacian", "--neighbours", "4"),
    ):
        run(recipe, [*arguments, "--quiet", "--json"])
        answer = json.loads(capsys.readouterr().out)
        assert checked(capsys, answer, *arguments[:2], path=file)[0] == 0


def test_the_bundled_example_and_parts_that_are_not_written(capsys: Any, tmp_path: Path) -> None:
    for recipe, arguments, code, said in (
        (pca.RECIPE, ["-k", "1"], 0, "usarrests.csv"),
        (pca.RECIPE, ["--robust"], 2, "--robust"),
        (embedding.RECIPE, ["--method", "smacof"], 2, "smacof"),
        (embedding.RECIPE, ["--method", "tsne"], 2, "there is no bound"),
    ):
        given = ["--data", EXAMPLE] if recipe is embedding.RECIPE else []  # not the swiss roll, which is large
        run(recipe, [*arguments, *given, "--quiet", "--json"])
        answer = json.loads(capsys.readouterr().out)
        assert (found := checked(capsys, answer, path=tmp_path / "answer.json"))[0] == code, found
        assert said in found[1]


def test_depths_are_proven_again_in_two_columns_and_in_more(capsys: Any, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    for columns in ("2", "3"):
        arguments = ["--rows", "24", "--dimensions", columns, "--seed", "3", "--estimators", "mean,tukey_median"]
        run(location.RECIPE, [*arguments, "--quiet", "--json"])
        answer = json.loads(capsys.readouterr().out)
        code, told = checked(capsys, answer, path=file)
        assert code == 0, told
        assert "nothing is better than mean, tukey_median" in told
        best = answer["parts"]["tukey_median"]["value"]
        lies = [
            of_part("tukey_median", value=best - 1, bound=best - 1),
            of_part("tukey_median", value=best + 1, bound=best + 1),
            lambda a: a["certificate"]["tukey_median"].update(weights=[], directions=[]),
            lambda a: a["certificate"]["tukey_median"].update(tree=[0, 0, 0]),
            lambda a: a["answer"].update(tukey_median=[9.0] * len(a["answer"]["mean"])),
            lambda a: scaled(a, "asked", "made", "contamination", by=0.5),
            lambda a: a["run"].update(seed=4),
        ]
        for lie in lies:
            code, told = checked(capsys, changed(answer, lie), path=file)
            assert code == 1, told
    for lie, said in (
        (lambda a: a["certificate"]["tukey_median"]["tree"].append(1), "cannot be read"),
        (lambda a: a["certificate"]["tukey_median"].update(tree=[10**9, 0, 0]), "cannot be read"),
        (lambda a: a["asked"]["made"].update(rows=10**9), "made rows"),
    ):
        code, told = checked(capsys, changed(answer, lie), path=file)
        assert (code, len(told.splitlines())) == (2, 1), told
        assert said in told
    code, told = checked(capsys, changed(answer, lambda a: a["certificate"].pop("tukey_median")), path=file)
    assert code == 0
    assert "nothing is said of tukey_median" in told
    assert checked(capsys, answer, "--data", str(file), path=file)[0] == 2


def test_estimates_of_numbers_far_from_0_are_proven_again(capsys: Any, tmp_path: Path) -> None:
    """A point at which there are rows, and one that is known to few digits."""
    far = tmp_path / "far.csv"
    rows = 1e8 + np.random.default_rng(0).normal(size=(40, 2))
    rows[:30] = rows[30]
    for several in (rows, rows[10:]):
        far.write_text("\n".join(["x,y", *(",".join(map(str, row)) for row in several.tolist())]))
        run(location.RECIPE, ["--data", str(far), "--estimators", ",".join(CONVEX), "--quiet", "--json"])
        answer = json.loads(capsys.readouterr().out)
        code, told = checked(capsys, answer, "--data", str(far), path=tmp_path / "answer.json")
        assert code == 0, told
        assert answer["status"] == "optimal"


def test_games_alone_have_nothing_to_check(capsys: Any, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    run(location.RECIPE, ["--rows", "50", "--estimators", "js_gan", "--iterations", "2", "--quiet", "--json"])
    code, told = checked(capsys, json.loads(capsys.readouterr().out), path=tmp_path / "answer.json")
    assert (code, len(told.splitlines())) == (2, 1), told
    assert "nothing to check" in told


def test_triangles_of_items_that_there_are_not_prove_nothing() -> None:
    form: Any = kmeans(np.random.default_rng(0).normal(size=(6, 3)), 2).objective
    fair = Leaf(np.array([[0, 1, 2]]), np.zeros(15 + 36 + 1))
    assert tree_bound(form, fair) > 0
    for lie in ([0, -1, 12], [6, 1, 2], [0, 1, 40]):
        assert tree_bound(form, Leaf(np.array([lie]), fair.y)) == 0


def test_no_solver_is_imported(capsys: Any, table: str, tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    for name in ("pca", "kmeans", "single", "isomap", "location"):
        recipe, arguments = EXAMPLES[name]
        path.write_text(json.dumps(answered(capsys, recipe, table, *arguments)))
        program = (
            "import sys; from problems.check import main\n"
            f"assert main([{str(path)!r}, '--quiet', '--data', {table!r}]) == 0\n"
            "print(*(name for name in ('cvxpy', 'highspy', 'ortools', 'torch', 'solvers', 'sklearn')"
            " if name in sys.modules), file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
        assert done.stderr.split() == []


@pytest.mark.skipif(not SHARED.exists(), reason="the tables are not there")
def test_the_distances_of_european_cities(capsys: Any, tmp_path: Path) -> None:
    given = ["--matrix", str(SHARED / "data" / "tables" / "eurodist.csv")]
    run(embedding.RECIPE, [*given, "--quiet", "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert checked(capsys, answer, *given, path=tmp_path / "answer.json")[0] == 0


def test_groups_far_from_each_other_are_proven_again(capsys: Any, tmp_path: Path) -> None:
    rows = np.repeat(50 * np.eye(3), 200, axis=0) + np.random.default_rng(0).normal(size=(600, 3))
    path = tmp_path / "far.csv"
    path.write_text("\n".join(["x,y,z", *(",".join(map(str, row)) for row in rows.tolist())]))
    run(kmeans_recipe.RECIPE, ["--data", str(path), "-k", "3", "--quiet", "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["status"] == "optimal"
    assert len(answer["certificate"]["separated"]) == 600
    code, told = checked(capsys, answer, "--data", str(path), path=tmp_path / "answer.json")
    assert code == 0, told
    lie = copy.deepcopy(answer)
    lie["certificate"]["separated"][0] = (lie["certificate"]["separated"][0] + 1) % 3
    code, told = checked(capsys, lie, "--data", str(path), path=tmp_path / "answer.json")
    assert code == 1
    assert "FAILS" in told


def test_a_column_named_like_a_template_is_no_template(capsys: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,{x}\n1.5,2\n2.5,5\n3,5\n")
    run(robust_regression.RECIPE, ["--data", str(path), "--quiet", "--json"])
    answer = json.loads(capsys.readouterr().out)
    code, told = checked(capsys, answer, "--data", str(path), path=tmp_path / "answer.json")
    assert code == 0, told
    assert "the rule for {x} of rows.csv" in told
