"""Holds the JSON that a command printed against its schema in docs/schemas.

Usage: schema.py SCHEMAS OUT WORDS...: what OUT holds was printed by the command of these words.
       schema.py SCHEMAS --commands: the commands that have a schema.
The schemas use a part of JSON Schema; what is not known here is an error.
"""
import json
import pathlib
import sys

TYPES = {
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool) or isinstance(v, float) and v.is_integer(),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "string": lambda v: isinstance(v, str),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
}
KNOWN = {"$schema", "title", "x-commands", "description", "type", "properties", "required", "additionalProperties",
         "items", "enum", "const", "minimum", "anyOf"}


def errors(value, schema, where="$"):
    """What is wrong with the value, a line each."""
    if unknown := schema.keys() - KNOWN:
        yield f"{where}: the schema uses {', '.join(sorted(unknown))}"
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(TYPES[one](value) for one in types):
        yield f"{where}: {json.dumps(value)[:80]} is no {' or '.join(types)}"
        return
    if "enum" in schema and value not in schema["enum"] or "const" in schema and value != schema["const"]:
        yield f"{where}: {json.dumps(value)[:80]} is none of {json.dumps(schema.get('enum', schema.get('const')))}"
    if "minimum" in schema and TYPES["number"](value) and value < schema["minimum"]:
        yield f"{where}: {value} is below {schema['minimum']}"
    if "anyOf" in schema:
        tries = [list(errors(value, one, where)) for one in schema["anyOf"]]
        if all(tries):
            yield min(tries, key=len)[0]
    if isinstance(value, list):
        for i, one in enumerate(value):
            yield from errors(one, schema.get("items", {}), f"{where}[{i}]")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield f"{where}: \"{name}\" is missing"
        for name, one in value.items():
            others = schema.get("additionalProperties", {})
            if name in known:
                yield from errors(one, known[name], f"{where}.{name}")
            elif others is False:
                yield f"{where}: \"{name}\" is not in the schema"
            else:
                yield from errors(one, others, f"{where}.{name}")


def read_schemas(folder):
    """{command: schema}"""
    schemas = [json.loads(path.read_text()) for path in sorted(pathlib.Path(folder).glob("*.json"))]
    return {command: schema for schema in schemas for command in schema["x-commands"]}


def documents(text):
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]


def main():
    schemas = read_schemas(sys.argv[1])
    if sys.argv[2] == "--commands":
        print("\n".join(sorted(schemas)))
        return
    words = [word for word in sys.argv[3:] if not word.startswith("-")]
    # Before a subcommand there can be the options of the whole program, which take no values.
    command = next((name for name in (" ".join(words[:count]) for count in (3, 2, 1)) if name in schemas), None)
    if command is None:
        sys.exit(f"'{' '.join(sys.argv[3:])}' printed JSON and has no schema")
    for document in documents(pathlib.Path(sys.argv[2]).read_text()):
        for error in errors(document, schemas[command]):
            sys.exit(f"what vpr {command} printed is not as its schema says: {error}")


if __name__ == "__main__":
    main()
