"""Machine-readable descriptions of APIs, and how a value differs from them: types, required fields, fields nobody knows."""

import datetime
import json
import os
import pathlib
import re
import sys
import urllib.parse

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

# What both dialects say in the same words as JSON Schema.
_SAME = (
    "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "uniqueItems", "format",
)
_CHOICES = ("allOf", "oneOf", "anyOf")
_URI = "urn:contract"

_formats = FormatChecker(())


@_formats.checks("date-time", raises=ValueError)
def _date_time(value):
    return not isinstance(value, str) or bool(datetime.datetime.fromisoformat(value.replace("Z", "+00:00")))


@_formats.checks("uri")
def _uri(value):
    return not isinstance(value, str) or bool(urllib.parse.urlsplit(value).scheme)


# Google writes numbers that JavaScript cannot hold as text.
@_formats.checks("int64")
def _int64(value):
    return not isinstance(value, str) or bool(re.fullmatch(r"-?\d+", value))


@_formats.checks("uint64")
def _uint64(value):
    return not isinstance(value, str) or value.isdigit()


def load(name):
    """A description from the folder of them; ends the program well when that folder is not here."""
    root = pathlib.Path(__file__).resolve().parents[2]
    folder = pathlib.Path(os.environ.get("PLATFORM_SPECS") or root / ".." / "shared" / "platforms" / "specs")
    if not (folder / name).is_file():
        print("specs absent: not checked")
        sys.exit(0)
    return json.loads((folder / name).read_text())


class Contract:
    """The schemas of an OpenAPI 3.0 document, or of a Google discovery document."""

    def __init__(self, schemas):
        definitions = {}
        for name, schema in schemas.items():
            definitions[f"closed-{name}"] = self._translate(schema, True)
            definitions[f"open-{name}"] = self._translate(schema, False)
        resource = Resource.from_contents({"$defs": definitions}, default_specification=DRAFT202012)
        self._registry = Registry().with_resource(_URI, resource)

    def faults(self, schema, value):
        """How a value differs from a schema, one line for each place."""
        validator = Draft202012Validator(self._translate(schema, True), registry=self._registry, format_checker=_formats)
        return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]

    def _translate(self, schema, closed):
        """A schema as JSON Schema. A closed one refuses fields that it does not name.

        The parts of a choice have to stay open, since each names only some of the fields; the whole is closed around them.
        """
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return {"$ref": f"{_URI}#/$defs/{'closed' if closed else 'open'}-{name}"}
        result = {word: schema[word] for word in _SAME if word in schema}
        # Google marks parameters as required with a boolean.
        if isinstance(schema.get("required"), list):
            result["required"] = schema["required"]
        if schema.get("type", "any") != "any":
            result["type"] = [schema["type"], "null"] if schema.get("nullable") else schema["type"]
        if "properties" in schema:
            result["properties"] = {name: self._translate(below, True) for name, below in schema["properties"].items()}
        if "items" in schema:
            result["items"] = self._translate(schema["items"], True)
        more = schema.get("additionalProperties")
        if more is not None:
            result["additionalProperties"] = more if isinstance(more, bool) else self._translate(more, True)
        for word in _CHOICES:
            if word in schema:
                result[word] = [self._translate(part, False) for part in schema[word]]
        names_fields = "properties" in schema or any(word in schema for word in _CHOICES)
        if closed and names_fields and more is None:
            result["unevaluatedProperties"] = False
        return result


class Paths:
    """Operations by method and path, where paths have places such as `{id}`."""

    def __init__(self, operations):
        self._operations = [(method.upper(), self._pattern(path), operation) for method, path, operation in operations]

    @staticmethod
    def _pattern(path):
        return re.compile("[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", path)))

    def find(self, method, path):
        """The operation, or nothing. Paths without places come first."""
        fitting = [(len(p.pattern.split("[^/]+")), o) for m, p, o in self._operations if m == method and p.fullmatch(path)]
        return min(fitting, key=lambda found: found[0])[1] if fitting else None


class Differences:
    """The known differences between a description and a platform, each with its reason. One that is never met is out of date."""

    def __init__(self, **reasons):
        self._reasons, self._met = reasons, set()

    def meet(self, name):
        """Notes that a difference was met, and returns its name."""
        assert name in self._reasons, name
        self._met.add(name)
        return name

    def unmet(self):
        """The differences that were not met."""
        return sorted(set(self._reasons) - self._met)
