"""X's OpenAPI description, what is known to differ from it, and checks of answers and requests against it."""

import json

import contract

# Old names, which X's answers and all SDKs use, and the names in the description. See the contract sheet, sections 4 and 9.
RENAMED = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "referenced_tweets.id": "referenced_posts",
    "tweet.fields": "post.fields",
    "tweets": "posts",
}

# Fields of a post that could be asked for under the old name; under the new one they come with expansions.
OLD_FIELDS = {"author_id", "edit_history_tweet_ids", "in_reply_to_user_id", "referenced_tweets"}

# Problems that the description does not know, from section 7 of the sheet, with the fields that they may have besides the usual.
UNDESCRIBED = {
    "about:blank": set(),
    "client-forbidden": {"reason", "required_enrollment"},
    "conflict": set(),
    "credits": {"account_id"},
    "oauth1-permissions": set(),
    "rate-limit-exceeded": set(),
    "unsupported-authentication": set(),
    "usage-capped": {"period", "scope"},
}
_OLD_HOST, _HOST = "https://api.twitter.com/2/problems/", "https://api.x.com/2/problems/"


class X:
    """X's description."""

    def __init__(self):
        self.document = contract.load("x-openapi-2.167.json")
        self.schemas = self.document["components"]["schemas"]
        self.contract = contract.Contract(self.schemas)
        self.problems = self.schemas["Problem"]["discriminator"]["mapping"]
        paths = self.document["paths"].items()
        operations = [(method, path, {**found, "path": path}) for path, methods in paths for method, found in methods.items()]
        self.paths = contract.Paths(operations)
        self.differences = contract.Differences(
            old_names="answers and clients use the names from before the description's renaming",
            old_host="problem types name the host api.twitter.com",
            undescribed_problem="problems that only the guides describe",
            parameters_at_fault="invalid requests list the parameters at fault",
            processing_error="media that could not be processed say why",
        )

    def renamed(self, value):
        """A value with the names that the description has."""
        if isinstance(value, list):
            return [self.renamed(item) for item in value]
        if not isinstance(value, dict):
            return value
        if any(name in RENAMED for name in value):
            self.differences.meet("old_names")
        return {RENAMED.get(name, name): self.renamed(item) for name, item in value.items()}

    def problem(self, document):
        """How a problem document differs from its description."""
        found = dict(document)
        if found.get("type", "").startswith(_OLD_HOST):
            self.differences.meet("old_host")
            found["type"] = _HOST + found["type"][len(_OLD_HOST):]
        slug = found.get("type", "").removeprefix(_HOST)
        if slug == "invalid-request" and "errors" in found:
            self.differences.meet("parameters_at_fault")
            at_fault = found.pop("errors")
            if not all(set(item) == {"parameters", "message"} for item in at_fault):
                return [f"errors: {at_fault}"]
        if found.get("type") in self.problems:
            return self.contract.faults({"$ref": self.problems[found["type"]]}, found)
        if slug not in UNDESCRIBED:
            return [f"no problem is of the type {found.get('type')!r}"]
        self.differences.meet("undescribed_problem")
        usual = {**{name: {"type": "string"} for name in ("title", "detail", "type")}, "status": {"type": "integer"}}
        more = {name: {} for name in UNDESCRIBED[slug]}
        schema = {"type": "object", "required": ["title", "detail", "type"], "properties": {**usual, **more}}
        return self.contract.faults(schema, found)

    def answer(self, method, path, status, headers, body):
        """How an answer differs from the description."""
        operation = self.paths.find(method, path)
        if operation is None:
            return [f"{method} {path} is not described"]
        described = operation["responses"].get(str(status)) or (operation["responses"]["default"] if status >= 400 else None)
        if described is None:
            return [f"status {status} is not described"]
        kind = headers["content-type"].split(";")[0]
        if kind not in described["content"]:
            return [f"type {kind} is not described"]
        value = json.loads(body)
        if kind == "application/problem+json":
            return self.problem(value)
        faults = [fault for item in value.pop("errors", []) for fault in self.problem(item)]
        processing = (value.get("data") or {}).get("processing_info", {}) if isinstance(value.get("data"), dict) else {}
        if set(processing.pop("error", {})) == {"code", "name", "message"}:
            self.differences.meet("processing_error")
        return faults + self.contract.faults(described["content"][kind]["schema"], self.renamed(value))

    def request(self, method, path, query, body):
        """How a request differs from the description."""
        operation = self.paths.find(method, path)
        if operation is None:
            return [f"{method} {path} is not described"]
        known = {}
        for parameter in operation.get("parameters", []):
            if "$ref" in parameter:
                parameter = self.document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
            known[(parameter["in"], parameter["name"])] = parameter
        faults = [
            f"parameter {name} is missing"
            for (place, name), parameter in known.items()
            if place == "query" and parameter.get("required") and name not in query
        ]
        for name, text in query.items():
            if name == "tweet.fields":
                self.differences.meet("old_names")
                text = ",".join(field for field in text.split(",") if field not in OLD_FIELDS) or "id"
            parameter = known.get(("query", RENAMED.get(name, name)))
            faults += [f"{name}: {f}" for f in self.parameter(parameter, text)] if parameter else [f"parameter {name} is not known"]
        described = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if described and body is not None:
            faults += self.contract.faults(described["schema"], body)
        # Some clients end an upload with an empty object where no body is described.
        elif body:
            faults.append("no JSON body is described")
        return faults

    def parameter(self, parameter, text):
        """How the text of a parameter differs from its schema."""
        schema = parameter["schema"]
        if schema.get("type") == "array":
            values = [RENAMED.get(item, item) for item in text.split(",")]
            # An expansion and what it expands have become one.
            return self.contract.faults(schema, list(dict.fromkeys(values)))
        if schema.get("type") == "integer":
            return self.contract.faults(schema, int(text)) if text.lstrip("-").isdigit() else ["not a number"]
        return self.contract.faults(schema, text)
