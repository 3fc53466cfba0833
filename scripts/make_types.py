"""Make docs/api.d.ts, TypeScript's types of requests, answers and events, from our OpenAPI."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeAlias

from rag_api.app import create_app
from rag_api.routes.documentation import describe_api

Schema: TypeAlias = Mapping[str, Any]

TARGET = Path(__file__).parent.parent / "docs" / "api.d.ts"
HEAD = "// Made by `make types` from the OpenAPI document: what requests and answers hold.\n"
PLAIN = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}

# A schema of nothing else lets any value pass.
ANNOTATIONS = {"title", "description", "default", "examples"}


def read_schemas() -> Mapping[str, Schema]:
    """The components of our OpenAPI document; nothing is opened for it."""
    return describe_api(create_app(nullcontext))["components"]["schemas"]


def render(schemas: Mapping[str, Schema]) -> str:
    """All types, by their names."""
    return "\n".join([HEAD, *(declare(name, schemas[name]) for name in sorted(schemas))])


def declare(name: str, schema: Schema) -> str:
    """One exported type: an interface for an object, else an alias."""
    comment = comment_on(schema, indent="")
    if "properties" not in schema:
        return f"{comment}export type {name} = {type_of(schema)};\n"
    return f"{comment}export interface {name} {{\n{''.join(list_members(schema))}}}\n"


def list_members(schema: Schema) -> Iterator[str]:
    """A line for each property, after its description."""
    required = schema.get("required", ())
    for name, member in schema["properties"].items():
        mark = "" if name in required else "?"
        yield f"{comment_on(member, indent='  ')}  {name}{mark}: {type_of(member)};\n"


def type_of(schema: Schema) -> str:
    """The type of the values that fit the schema."""
    match schema:
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case {"const": value}:
            return json.dumps(value)
        case {"enum": values}:
            return join_types([json.dumps(value) for value in values])
        case {"anyOf": options} | {"oneOf": options}:
            return join_types([type_of(option) for option in options])
        case {"type": str(kind)}:
            return type_of_kind(kind, schema)
    if schema.keys() - ANNOTATIONS:
        raise ValueError(f"this script must learn what {dict(schema)!r} means")
    return "unknown"


def type_of_kind(kind: str, schema: Schema) -> str:
    """The type of what the schema names a kind of."""
    if kind in PLAIN:
        return PLAIN[kind]
    if kind == "array" and "prefixItems" in schema:
        return f"[{', '.join(type_of(item) for item in schema['prefixItems'])}]"
    if kind == "array":
        return f"Array<{type_of(schema['items'])}>"
    return f"Record<string, {type_of(schema.get('additionalProperties', {}))}>"


def join_types(types: Sequence[str]) -> str:
    """Any of the types, each named once."""
    return " | ".join(dict.fromkeys(types))


def comment_on(schema: Schema, *, indent: str) -> str:
    """The schema's description as a comment before what it describes."""
    description = schema.get("description")
    if description is None:
        return ""
    lines = description.replace("*/", "* /").split("\n")
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    return "".join(
        [f"{indent}/**\n", *(f"{indent} * {line}\n" for line in lines), f"{indent} */\n"]
    )


def main() -> int:
    """Write the file anew."""
    TARGET.write_text(render(read_schemas()))
    print(f"types: {TARGET.name} has {TARGET.read_text().count('export ')} types")
    return 0


if __name__ == "__main__":
    sys.exit(main())
