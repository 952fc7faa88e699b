"""What a project's Python code says of the cache: read, not run."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import DEFAULT_CACHE_ALIAS


def snake(name: str) -> str:
    """As the policy's names are."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    name = re.sub(r"\W+", "_", name).strip("_").lower()
    return name if name and not name[0].isdigit() else f"level_{name}"


@dataclass
class Use:
    """A value that is kept."""

    name: str
    key: str | None
    seconds: float | None
    backend: str
    where: str
    params: list[str]
    reads: set[str]
    function: str
    is_dear: bool


@dataclass
class Removes:
    """What a receiver takes out of caches."""

    keys: set[str] = field(default_factory=set)
    is_all: bool = False
    is_after_commit: bool = False


class Project:
    """All functions of some packages, by their names."""

    def __init__(self, packages: list[str], models: set[str]) -> None:
        self.models = models
        self.functions: dict[str, tuple[ast.AST, str]] = {}
        self.constants: dict[str, Any] = {}
        self.caches: dict[str, str] = {"cache": DEFAULT_CACHE_ALIAS}
        self.notes: list[str] = []
        for package in packages:
            for module in _modules(package):
                self._read(module)

    def _read(self, module: Any) -> None:
        try:
            tree = ast.parse(inspect.getsource(module))
        except (OSError, TypeError, SyntaxError):
            return
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.functions.setdefault(node.name, (node, module.__name__))
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target = node.targets[0]
                if isinstance(target, ast.Name):
                    self._assigned(target.id, node.value)

    def _assigned(self, name: str, value: ast.AST) -> None:
        number = _constant(value, {})
        if number is not None:
            self.constants[name] = number
        # authors = caches["authors"]
        if (
            isinstance(value, ast.Subscript)
            and isinstance(value.value, ast.Name)
            and value.value.id == "caches"
            and isinstance(value.slice, ast.Constant)
        ):
            self.caches[name] = str(value.slice.value)

    def uses(self) -> list[Use]:
        """`get_or_set` and `set` of caches, with the keys that they say."""
        found: dict[str, Use] = {}
        for name, (node, module) in self.functions.items():
            if isinstance(node, ast.ClassDef):
                continue
            for call in _calls(node):
                use = self._use(call, name, node, module)
                if use is not None:
                    found.setdefault(use.name, use)
        return list(found.values())

    def _use(self, call: ast.Call, name: str, node: ast.AST, module: str) -> Use | None:
        method = self._method(call)
        if method is None or method[1] not in ("get_or_set", "set", "add"):
            return None
        key, params = self._key(call.args[0] if call.args else _keyword(call, "key"))
        where = f"{method[1]} in {module}.{name}"
        if key is None:
            self.notes.append(f"{where} has a key that is made elsewhere")
            return None
        seconds: Any = _constant(
            call.args[2] if len(call.args) > 2 else _keyword(call, "timeout"), self.constants
        )
        has_said = len(call.args) > 2 or _keyword(call, "timeout") is not None
        if not isinstance(seconds, (int, float)):
            seconds = None if has_said and seconds is None else 300
        work = [node]
        computed = call.args[1] if len(call.args) > 1 else None
        for inner in ast.walk(computed) if computed is not None else ():
            if isinstance(inner, ast.Name) and inner.id in self.functions:
                work.append(self.functions[inner.id][0])
        reads = set().union(*map(self.models_of_node, work))
        is_dear = any(map(_aggregates, work))
        level = snake(re.sub(r"\{.*?\}", "", key))
        level = re.sub(r"_+v?\d+$", "", level).strip("_") or level
        return Use(level, key, seconds, method[0], where, params, reads, name, is_dear)

    def _method(self, call: ast.Call) -> tuple[str, str] | None:
        """The cache, and what is asked of it."""
        function = call.func
        if not isinstance(function, ast.Attribute):
            return None
        of = function.value
        if isinstance(of, ast.Name) and of.id in self.caches:
            return self.caches[of.id], function.attr
        if (
            isinstance(of, ast.Subscript)
            and isinstance(of.value, ast.Name)
            and of.value.id == "caches"
            and isinstance(of.slice, ast.Constant)
        ):
            return str(of.slice.value), function.attr
        return None

    def _key(self, node: ast.AST | None) -> tuple[str | None, list[str]]:
        """A key as the policy writes it, and its parameters."""
        constant = _constant(node, self.constants)
        if isinstance(constant, str):
            return constant, []
        if not isinstance(node, ast.JoinedStr):
            return None, []
        text, params = "", []
        for part in node.values:
            if isinstance(part, ast.Constant):
                text += str(part.value)
            elif isinstance(part, ast.FormattedValue):
                name = snake(ast.unparse(part.value).replace(".", "_"))
                params.append(name)
                text += f"{{{name}}}"
        return text, params

    def reached(self, view: Any) -> list[str]:
        """The values that a view uses, itself or through functions of the project that it calls."""
        by_function: dict[str, list[str]] = {}
        for use in self.uses():
            by_function.setdefault(use.function, []).append(use.name)
        found: list[str] = []
        for name in self._called(getattr(view, "__name__", "")):
            found += [each for each in by_function.get(name, []) if each not in found]
        return found

    def _called(self, name: str) -> list[str]:
        seen: list[str] = []
        todo = [name]
        while todo:
            at = todo.pop()
            if at in seen or at not in self.functions:
                continue
            seen.append(at)
            node = self.functions[at][0]
            todo += [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
        return seen

    def strings(self, view: Any) -> set[str]:
        """Every string in a view, and in what it calls."""
        found: set[str] = set()
        for name in self._called(getattr(view, "__name__", "")):
            for node in ast.walk(self.functions[name][0]):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
        return found

    def models_of(self, view: Any) -> set[str]:
        """The models that a view names itself."""
        known = self.functions.get(getattr(view, "__name__", ""))
        return self.models_of_node(known[0]) if known else set()

    def models_of_node(self, node: ast.AST) -> set[str]:
        """The models that a piece of code names, and those that its queries go through."""
        found = set()
        lower = {name.lower(): name for name in self.models}
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and each.id in self.models:
                found.add(each.id)
            text = None
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                text = each.value
            elif isinstance(each, ast.keyword) and each.arg:
                text = each.arg
            for part in (text or "").split("__") if text and re.fullmatch(r"-?\w+", text) else ():
                if part.lstrip("-") in lower and "__" in str(text) or text in lower:
                    found.add(lower[part.lstrip("-") if part.lstrip("-") in lower else str(text)])
        return found

    def removes(self, receiver: Any) -> Removes:
        """What a receiver takes out, itself or through functions that it calls."""
        found = Removes()
        nodes = [self.functions[name][0] for name in self._called(receiver.__name__)]
        if not nodes:
            try:
                nodes = [ast.parse(textwrap.dedent(inspect.getsource(receiver)))]
            except (OSError, TypeError, SyntaxError):
                return found
        for node in nodes:
            for call in _calls(node):
                function = call.func
                if isinstance(function, (ast.Attribute, ast.Name)):
                    last = function.attr if isinstance(function, ast.Attribute) else function.id
                    found.is_after_commit = found.is_after_commit or last == "on_commit"
                method = self._method(call)
                if method is None:
                    continue
                if method[1] == "clear":
                    found.is_all = True
                if method[1] in ("delete", "delete_many", "set", "touch"):
                    found.keys |= self._keys(call)
        return found

    def _keys(self, call: ast.Call) -> set[str]:
        keys = set()
        for argument in call.args[:1]:
            inner = argument.elts if isinstance(argument, (ast.List, ast.Tuple)) else [argument]
            for each in inner:
                key, _ = self._key(each)
                if key is not None:
                    keys.add(key)
        return keys


def _modules(package: str) -> list[Any]:
    """A package and the modules in it that are loaded, or can be without doing anything."""
    try:
        root = importlib.import_module(package)
    except ImportError:
        return []
    modules = [root]
    for info in pkgutil.walk_packages(getattr(root, "__path__", []), f"{package}."):
        if any(part in info.name.split(".") for part in ("migrations", "tests", "management")):
            continue
        try:
            modules.append(importlib.import_module(info.name))
        except Exception:  # noqa: BLE001 — a module that cannot be loaded is not read
            continue
    return modules


def _calls(node: ast.AST) -> list[ast.Call]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Call)]


#: Queries that look at many rows.
_AGGREGATES = {"aggregate", "annotate", "raw", "Avg", "Count", "Max", "Min", "Sum"}


def _aggregates(node: ast.AST) -> bool:
    names = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
    names |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return bool(names & _AGGREGATES)


def _keyword(call: ast.Call, name: str) -> ast.AST | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def _constant(node: ast.AST | None, known: dict[str, Any]) -> Any:
    """A number or a string: written there, or `60 * 15`, or by its name."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str)):
        return node.value
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        left, right = _constant(node.left, known), _constant(node.right, known)
        if isinstance(left, (int, float)) and isinstance(right, (int, float)):
            return left * right
    return None
