"""Requests that the sandbox accepted, against the platforms' own descriptions.

Without an argument these are all of the running sandbox, which the other programs have filled; with one it is a file that holds
an answer of `GET /_sandbox/requests`. Bodies are checked where they were recorded, see the setting `recordBodies`.
"""

import json
import sys

import sandbox
from sandbox import check
from x_contract import X
from youtube_contract import Youtube


def entries():
    if len(sys.argv) > 1:
        with open(sys.argv[1]) as file:
            return json.load(file)["requests"]
    return sandbox.requests()


def described(entry):
    """Whether a description says anything of a call."""
    path = entry["path"]
    if entry["platform"] == "x":
        return path.startswith("/2/") and not path.startswith("/2/oauth2/")
    return entry["platform"] == "youtube" and "youtube/v3/" in path


def accepted(entry):
    """Programs send wrong things on purpose; the sandbox has to refuse them all. Faults answer for it."""
    return (entry["status"] or 500) < 400 and entry["fault"] is None


def main():
    contracts = {"x": X(), "youtube": Youtube()}
    checked = {}
    for entry in filter(accepted, filter(described, entries())):
        contract = contracts[entry["platform"]]
        # What the ledger leaves out of a query are credentials.
        faults = contract.request(entry["method"], entry["path"], entry["query"], entry.get("body"))
        assert not faults, (entry, faults)
        key = (entry["platform"], entry["method"], "with body" if "body" in entry else "without body")
        checked[key] = checked.get(key, 0) + 1
    for key, count in sorted(checked.items()):
        check(f"{count} requests: {' '.join(key)}", True)
    check("there were any", checked)


main()
