"""Modules that are imported when a setting asks for them, and not before."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from rag_core.errors import MissingPackageError


def import_needed(module: str, *, needed_for: str) -> ModuleType:
    """Import a module whose package, or a package that it stands on, may not be installed.

    Raises:
        MissingPackageError: it is not; `needed_for` begins the sentence that says so.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise MissingPackageError(package, needed_for=needed_for) from error
