"""The walls of the house (contract): who may import whom, found by reading the imports of every file.

A new file is judged by the room it lies in, and must be pure if it lies where all are, or if a line of its docstring
begins with that word.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import trio_pipeline

PACKAGE = Path(trio_pipeline.__file__).parent

# Each room and the rooms below it that it may use; `services` has a rule of its own besides.
BELOW = {
    "core": set(),
    "testing": {"core"},
    "diario": {"core"},
    "services": {"core", "diario"},
    "simulation": {"core", "testing", "diario", "services"},
    "report": {"core", "diario"},
    "cli": {"core", "testing", "diario", "services", "simulation", "report"},
}
WITH_EFFECTS = {"anyio", "asyncio", "duckdb", "h11", "httpcore", "httpx", "trio", "trio_parallel", "trio_util"}
MUST_BE_PURE = re.compile(
    r"trio_pipeline\.(retry|diario\.(model|identifiers|cnj|masking|catalog|settings|units|lifecycle|judgements\..*))"
)


@dataclass(frozen=True)
class Module:
    name: str
    docstring: str
    imports: frozenset[str]

    @property
    def room(self) -> str:
        parts = self.name.split(".")
        if parts[-1] == "__main__":
            return "cli"
        return parts[1] if len(parts) > 1 and parts[1] in BELOW else "core"

    @property
    def is_pure(self) -> bool:
        says_so = re.search(r"^Pure\b", self.docstring, re.MULTILINE) is not None
        return says_so or MUST_BE_PURE.fullmatch(self.name) is not None


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(tree: ast.Module, package: str, known: set[str]) -> set[str]:
    """Every module that is imported, for whatever reason and wherever in the file."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            origin = ".".join([*start, *([node.module] if node.module else [])])
            whole = {f"{origin}.{alias.name}" for alias in node.names}
            names |= whole & known
            if whole - known:
                names.add(origin)
    return names


def read_modules() -> dict[str, Module]:
    paths = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
    modules = {}
    for name, path in paths.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        imports = imported_names(tree, package, set(paths))
        modules[name] = Module(name, ast.get_docstring(tree) or "", frozenset(imports))
    return modules


MODULES = read_modules()


def ours(module: Module) -> list[Module]:
    return [MODULES[name] for name in sorted(module.imports) if name in MODULES]


def path_to_effects(module: Module, seen: set[str]) -> list[str] | None:
    """The chain of imports from a module to a library that has effects, if there is one."""
    seen.add(module.name)
    for name in sorted(module.imports):
        if name.partition(".")[0] in WITH_EFFECTS:
            return [module.name, name]
    for other in ours(module):
        if other.name not in seen and (path := path_to_effects(other, seen)):
            return [module.name, *path]
    return None


def cycle_from(module: Module, path: list[str], done: set[str]) -> list[str] | None:
    if module.name in path:
        return [*path[path.index(module.name) :], module.name]
    if module.name in done:
        return None
    for other in ours(module):
        if cycle := cycle_from(other, [*path, module.name], done):
            return cycle
    done.add(module.name)
    return None


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
class TestEveryModule:
    def test_opens_with_docstring(self, module):
        assert module.docstring.strip()

    def test_uses_lower_rooms_only(self, module):
        allowed = BELOW[module.room] | {module.room}
        assert [other.name for other in ours(module) if other.room not in allowed] == []

    def test_pure_one_reaches_no_effects(self, module):
        if module.is_pure:
            assert path_to_effects(module, set()) is None

    def test_service_knows_pure_diario_only(self, module):
        if module.room == "services":
            assert [other.name for other in ours(module) if other.room == "diario" and not other.is_pure] == []


def test_imports_form_no_cycle():
    done: set[str] = set()
    assert [cycle for module in MODULES.values() if (cycle := cycle_from(module, [], done))] == []


def test_relative_imports_are_understood():
    tree = ast.parse("from . import b\nfrom .c import d\nfrom ..e import f\nimport g.h")
    known = {"p.a.b", "p.a.c", "p.e", "p.e.f"}
    assert imported_names(tree, "p.a", known) == {"p.a.b", "p.a.c", "p.e.f", "g.h"}


def test_effects_are_found_through_others():
    seam = MODULES["trio_pipeline.world"]
    between = Module("trio_pipeline.between", "Pure.", frozenset({seam.name}))
    assert path_to_effects(between, set()) == [between.name, seam.name, "duckdb"]


def test_house_was_found():
    assert {"core", "diario", "services", "cli"} <= {module.room for module in MODULES.values()}
    assert any(module.is_pure for module in MODULES.values())
