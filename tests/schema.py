"""The tables of the whole node, made in an empty database."""

from importlib import import_module
from pkgutil import iter_modules

import node
from node.db import metadata, open_engine


def create_schema(url: str) -> None:
    _import_all_tables()
    engine = open_engine(url)
    with engine.begin() as db:
        metadata.create_all(db)
    engine.dispose()


def _import_all_tables() -> None:
    """Tables live in node's own modules and in each subject's `tables`."""
    for module in iter_modules(node.__path__, "node."):
        if not module.ispkg:
            if not module.name.endswith("__main__"):
                import_module(module.name)
        elif "tables" in {inner.name for inner in iter_modules(import_module(module.name).__path__)}:
            import_module(f"{module.name}.tables")
