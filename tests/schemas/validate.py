"""Validates documents of heapglass against the schemas that stand beside this file.

    heapglass histogram PID --json | python3 validate.py
    heapglass export PID --format ndjson | python3 validate.py

The schema is found by the document's own "schema". Needs Debian's python3-jsonschema.
"""

import json
import pathlib
import sys

import jsonschema

HERE = pathlib.Path(__file__).parent
OBJECTS_CHECKED = 2000  # of an export; each further line is only parsed


def validator(name):
    schemas = {p.name: json.loads(p.read_text()) for p in HERE.glob("*.json")}
    schema = schemas[name + ".json"]
    resolver = jsonschema.RefResolver(schema["$id"], schema, store=schemas)
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


def validate(document):
    """Raises jsonschema.ValidationError, or KeyError where there is no such schema."""
    name, version = document["schema"].removeprefix("heapglass.").split("/")
    assert version == "1", document["schema"]
    validator(name).validate(document)


def validate_text(text):
    """A document, an NDJSON export, or a watch. Returns how many lines of objects there were."""
    first, _, rest = text.partition("\n")
    if first == "{":
        validate(json.loads(text))
        return 0
    validate(json.loads(first))
    if json.loads(first)["schema"] == "heapglass.watch/1":
        for line in rest.splitlines():
            validate(json.loads(line))
        return 0
    check = validator("graph_object")
    lines = rest.splitlines()
    for number, line in enumerate(lines):
        graph_object = json.loads(line)
        if number < OBJECTS_CHECKED:
            check.validate(graph_object)
    return len(lines)


if __name__ == "__main__":
    print("valid,", validate_text(sys.stdin.read()), "lines of objects")
