"""The house rules that a machine can check: who imports whom, what each module may need, how long things are."""

import ast
import importlib.util
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = [  # highest first; those on one line do not import each other
    ("vidpipe.cli",),
    ("vidpipe.definitions",),  # the composition root, Dagster's half and the other one
    ("vidpipe.opening",),
    ("assets", "resources"),
    ("vidpipe.export",),
    ("vidpipe.annotation", "vidpipe.corpus"),
    ("vidpipe.batch", "vidpipe.tables"),
    ("vidpipe.inputs", "vidpipe.asking", "vidpipe.reasons"),
    ("vidpipe.ports",),
    ("vidpipe.store", "vidpipe.ledger", "vidpipe.workers", "vidpipe.troubles"),
    ("vidpipe.media",),
    ("vidpipe.timeline",),
    ("vidpipe.models",),
    ("vidpipe.records", "vidpipe.keys", "vidpipe.recipe", "vidpipe.repositories"),
    ("vidpipe.errors",),
]
EVERYWHERE = {"av", "numpy", "polars", "pydantic"}
THIRD_PARTY = {  # by the longest prefix of a module's name, beside what the library may use everywhere
    "vidpipe.store.objects": {"obstore"},
    "vidpipe.ledger": {"sqlalchemy"},
    "vidpipe.workers.processes": {"pebble"},
    "vidpipe.corpus.captions": {"pysubs2"},
    "vidpipe.recipe": {"yaml"},
    "vidpipe.definitions": {"dagster"},
    "vidpipe.opening": {"dotenv"},
    "vidpipe.cli": {"click", "dagster", "rich", "yaml"},
    "vidpipe.cli.history": {"dagster", "sqlalchemy"},
    "vidpipe.cli.bench": {"benchmarks", "click", "rich"},  # the benchmarks of a checkout; no part of the wheel
    "vidpipe.cli.web": {"dagster_webserver", "starlette"},
    "assets": {"dagster", "dagster_shared"},
    "resources": {"dagster", "dagster_aws"},
    "resources.gemini_answers": {"google"},
    "resources.gemini_batches": {"google"},
    "resources.gemini_clients": {"google", "httpx2"},
    "resources.gemini_errors": {"google", "httpx2"},
    "resources.gemini_files": {"google"},
    "resources.gemini_remotes": {"google"},
    "resources.gemini_requests": {"google"},
    "resources.gemini_transport": {"httpx2"},
    "resources.hub": {"huggingface_hub"},
    "resources.hub_files": {"huggingface_hub"},
    "resources.hub_errors": {"httpx2", "huggingface_hub"},
    "resources.llm_http": {"httpx2"},
}
OURS = {"vidpipe", "assets", "resources", "vidpipe_tests"}
SHELL = ("vidpipe.cli", "vidpipe.definitions", "vidpipe.opening", "assets", "resources")
MAX_LINES, MAX_P90_LINES = 250, 35
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("vidpipe", "assets", "resources")
    for path in sorted((ROOT / package).rglob("*.py"))
}
LIBRARY = [module for module in MODULES if not f"{module}.".startswith(tuple(f"{name}." for name in SHELL))]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def every_module(rule: Callable[[str], None]) -> Callable[[], None]:
    """A test that a rule holds for every module; it tells of all that break it, and how."""

    def holds() -> None:
        assert {module: why for module in MODULES if (why := breach(rule, module))} == {}

    return holds


def breach(rule: Callable[[str], None], module: str) -> str | None:
    """How a module breaks a rule, if it does."""
    try:
        rule(module)
    except AssertionError as error:
        return str(error)
    return None


@cache
def tree_of(module: str) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imports_of(module: str) -> set[str]:
    """Every name that a module imports, in functions too."""
    names: set[str] = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def home_of(name: str) -> tuple[int, str]:
    """Depth and package of one of our names."""
    for depth, packages in enumerate(LAYERS):
        for package in packages:
            if f"{name}.".startswith(f"{package}."):
                return depth, package
    raise AssertionError(f"{name} belongs to no layer; add it to LAYERS")


def public_of(tree: ast.AST) -> Iterator[Function | ast.ClassDef]:
    """Public functions and classes, and the public methods of these."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_of(node)


def n_lines(function: Function) -> int:
    """A function's lines without its docstring."""
    first = function.body[0]
    is_doc = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    n_doc = (first.end_lineno or 0) - first.lineno + 1 if is_doc else 0
    return (function.end_lineno or 0) - function.lineno + 1 - n_doc


@every_module
def test_a_module_imports_its_own_package_and_lower_layers_only(module: str) -> None:
    if module == "vidpipe":
        assert not imports_of(module)
        return
    depth, package = home_of(module)
    for name in imports_of(module):
        if name.split(".")[0] in OURS:
            other_depth, other = home_of(name)
            assert other_depth > depth or other == package, f"{module} imports {name}"


@every_module
def test_a_module_needs_only_what_its_place_may_need(module: str) -> None:
    place = max((p for p in THIRD_PARTY if f"{module}.".startswith(f"{p}.")), key=len, default="")
    allowed = EVERYWHERE | THIRD_PARTY.get(place, set()) | {"vidpipe", "assets", "resources"} | sys.stdlib_module_names
    needed = {name.split(".")[0] for name in imports_of(module)}
    assert needed <= allowed, f"{module} needs {needed - allowed}"


@every_module
def test_a_module_opens_with_its_charter(module: str) -> None:
    charter = ast.get_docstring(tree_of(module))
    assert charter
    if MODULES[module].name == "__init__.py":
        assert len(tree_of(module).body) == 1, "an __init__ holds a docstring only: one import path per name"


@every_module
def test_a_module_is_at_most_250_lines_or_says_why(module: str) -> None:
    n = MODULES[module].read_text(encoding="utf-8").count("\n")
    assert n <= MAX_LINES or "Long because" in (ast.get_docstring(tree_of(module)) or ""), f"{n} lines"


def test_modules_and_functions_are_small() -> None:
    lines = [path.read_text().count("\n") for module, path in MODULES.items() if path.name != "__init__.py"]
    assert statistics.median(lines) <= 120
    functions = [node for module in MODULES for node in ast.walk(tree_of(module)) if isinstance(node, Function)]
    assert statistics.quantiles(map(n_lines, functions), n=10)[-1] <= MAX_P90_LINES


@every_module
def test_everything_public_is_explained(module: str) -> None:
    unexplained = [node.name for node in public_of(tree_of(module)) if not ast.get_docstring(node)]
    assert not unexplained


@every_module
def test_nothing_prints_and_nothing_is_caught_unnamed(module: str) -> None:
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"line {node.lineno}: the library returns facts"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}: name what is caught"


def test_everything_is_caught_at_the_two_borders_only() -> None:
    """The batch's boundary, and the one between processes, where errors travel as values."""
    found = {
        module
        for module in MODULES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ExceptHandler)
        and ast.unparse(node.type or node) in {"Exception", "BaseException"}
        and ast.unparse(node.body[-1]) != "raise"  # which hands it on
    }
    assert found == {"vidpipe.batch", "vidpipe.workers.processes"}


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "manager"])
def test_no_module_is_named_after_nothing(word: str) -> None:
    assert not [module for module in MODULES if word in module.split(".")]


def test_only_the_root_reads_the_environment() -> None:
    readers = {
        module
        for module in MODULES
        if not module.startswith("vidpipe.cli")
        and any(
            isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"} for node in ast.walk(tree_of(module))
        )
    }
    assert readers <= {"vidpipe.definitions", "vidpipe.opening"}


def test_the_library_imports_without_dagster() -> None:
    heavy = ("dagster", "dagster_webserver", "boto3", "rich", "click")
    code = f"import sys, {', '.join(LIBRARY)}; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("package", ["assets", "resources", "vidpipe"])
def test_no_other_package_shadows_ours(package: str) -> None:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)
