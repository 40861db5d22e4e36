"""YouTube's discovery document, and checks of answers and requests against it. No difference to it is known."""

import json

import contract


class Youtube:
    """YouTube's description."""

    def __init__(self):
        self.document = contract.load("youtube.v3.discovery.json")
        self.contract = contract.Contract(self.document["schemas"])
        self.paths = contract.Paths(self._operations())

    def _operations(self):
        for resource in self.document["resources"].values():
            for method in resource.get("methods", {}).values():
                yield method["httpMethod"], f"/{method['path']}", method
                for upload in method.get("mediaUpload", {}).get("protocols", {}).values():
                    yield method["httpMethod"], upload["path"], method

    def answer(self, method, path, status, text):
        """How an answer differs from the description."""
        operation = self.paths.find(method, path)
        if operation is None:
            return [f"{method} {path} is not described"]
        if "response" not in operation:
            return [] if (status, text) == (204, b"") else [f"an answer where none is described: {status} {text[:200]!r}"]
        return self.contract.faults(operation["response"], json.loads(text))

    def request(self, method, path, query, body):
        """How a request differs from the description."""
        # The bytes of an upload go where its start was, by another method.
        if "upload_id" in query:
            return []
        operation = self.paths.find(method, path)
        if operation is None:
            return [f"{method} {path} is not described"]
        known = {**self.document["parameters"], **operation["parameters"]}
        faults = [f"parameter {name} is missing" for name, found in known.items() if found.get("required") and name not in query]
        for name, text in query.items():
            if name not in known:
                faults.append(f"parameter {name} is not known")
                continue
            values = text.split(",") if known[name].get("repeated") else [text]
            faults += [f"{name}: {fault}" for value in values for fault in self.parameter(known[name], value)]
        if body is not None:
            faults += self.contract.faults(operation["request"], body) if "request" in operation else ["no JSON body is described"]
        return faults

    def parameter(self, parameter, text):
        """How the text of a parameter differs from its schema."""
        try:
            value = json.loads(text) if parameter["type"] in ("integer", "boolean", "number") else text
        except ValueError:
            return [f"{text!r} is no {parameter['type']}"]
        bounds = {name: int(parameter[name]) for name in ("minimum", "maximum") if name in parameter}
        schema = {name: parameter[name] for name in ("type", "enum", "format") if name in parameter}
        return self.contract.faults({**schema, **bounds}, value)
