"""Rules about the shape of the code that import-linter cannot say."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("node", "federation", "schemas")
HARMLESS = {
    "Connection",
    "Engine",
    "Row",
    "IntegrityError",
    "InterfaceError",
    "OperationalError",
    "SQLAlchemyError",
}
RUNS_SQL = {"execute", "executemany", "exec_driver_sql", "scalar", "scalars"}
# Sockets are opened by federation.http; the standard library's clients would pass its address guard by.
OTHER_CLIENTS = ("ftplib", "http.client", "smtplib", "urllib.request", "xmlrpc.client")


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def speaks_only_with_people_and_apps(module: Path) -> bool:
    """Whether `module` is one without SQL; a `queries` module is where the others there get theirs."""
    parts = module.relative_to(ROOT / "node").with_suffix("").parts
    if parts[-1] == "queries":
        return False
    return parts[-1] == "pages" or "pages" in parts or parts[0] in ("api", "activitypub", "web", "workers")


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Every imported (module, name); the name is empty for a plain import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def sql_in(source: str) -> list[str]:
    """What in `source` makes or runs SQL."""
    tree = ast.parse(source)
    found = [
        f"import of {module}.{name}".rstrip(".")
        for module, name in imported(tree)
        if module.partition(".")[0] == "sqlalchemy" and name not in HARMLESS
    ]
    found += [f"table imported: {name}" for module, name in imported(tree) if module.endswith(".tables")]
    found += [
        f".{node.func.attr}() in line {node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RUNS_SQL
    ]
    return found


def clients_in(source: str) -> list[str]:
    return [
        name
        for module, member in imported(ast.parse(source))
        for name in (module, f"{module}.{member}")
        if name in OTHER_CLIENTS
    ]


def imports_inside_functions(source: str) -> list[int]:
    return [
        inner.lineno
        for outer in ast.walk(ast.parse(source))
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]


def offenders(found: dict[Path, list[str]]) -> dict[str, list[str]]:
    return {str(path.relative_to(ROOT)): faults for path, faults in found.items() if faults}


def test_pages_api_activitypub_and_workers_have_no_sql() -> None:
    speaking = [module for module in modules("node") if speaks_only_with_people_and_apps(module)]
    assert offenders({path: sql_in(path.read_text()) for path in speaking}) == {}


def test_no_client_of_the_standard_library_opens_a_socket() -> None:
    """The demo plays visitors of the nodes it started itself; it is no way out of a node."""
    ours = [path for path in modules(*OURS) if "demo" not in path.parts]
    assert offenders({path: clients_in(path.read_text()) for path in ours}) == {}


def test_nothing_is_imported_inside_a_function() -> None:
    found = {
        path: [f"line {n}" for n in imports_inside_functions(path.read_text())] for path in modules(*OURS)
    }
    assert offenders(found) == {}


def test_every_module_says_in_a_docstring_what_lives_in_it() -> None:
    silent = [
        path
        for path in modules(*OURS)
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert [str(path.relative_to(ROOT)) for path in silent] == []


def test_every_folder_with_code_is_a_package() -> None:
    # Without __init__.py a folder is in no wheel and in no import contract.
    folders = {path.parent for path in modules(*OURS, "tests") if "versions" not in path.parts}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize(
    "source",
    [
        "from sqlalchemy import select",
        "import sqlalchemy as sa",
        "from node.posts.tables import posts",
        "def page(db):\n    return db.execute(query)",
    ],
)
def test_sql_is_recognised(source: str) -> None:
    assert sql_in(source)


def test_types_and_errors_of_a_connection_are_no_sql() -> None:
    assert sql_in("from sqlalchemy import Connection, Row") == []


@pytest.mark.parametrize("source", ["from urllib import request", "import http.client"])
def test_clients_of_the_standard_library_are_recognised(source: str) -> None:
    assert clients_in(source)
