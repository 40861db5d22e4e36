"""The sandbox's control API, and checks that print what they checked. Every Python program here uses both."""

import json
import os
import signal
import time
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ["SANDBOX_URL"].rstrip("/")

# A client that waits for an answer for ever ends here, and its program fails.
signal.alarm(120)

# As `settings.json` sets it: proofs and exchanges are checked against these.
APP_ID = "1000000000000001"
APP_SECRET = "sandbox-app-secret"

# The machine's proxy is no way to an own address.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def plain(method, url, body=None, headers=None):
    """One HTTP call without any SDK: status, headers and body, whatever the status is."""
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    try:
        with _direct.open(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers, refusal.read()


def control(method, path, body=None):
    """A call to the control API, which must succeed."""
    data = None if body is None else json.dumps(body).encode()
    status, _, answer = plain(method, f"{URL}/_sandbox/{path}", data)
    assert status < 300, f"{method} {path}: {status} {answer[:500]!r}"
    return json.loads(answer)


def account(platform, **wanted):
    """A new account of our own, so that programs can run side by side."""
    return control("POST", "accounts", {"platform": platform, **wanted})


def sample(name):
    """The bytes of one of the sandbox's sample files."""
    status, _, body = plain("GET", sample_url(name))
    assert status == 200, f"{name}: {status}"
    return body


def sample_url(name):
    """The address of a sample, for platforms that fetch media themselves."""
    return f"{URL}/_sandbox/samples/{name}"


def posts(account):
    """What people see of an account, oldest first."""
    query = urllib.parse.urlencode({"platform": account["platform"], "accountId": account["id"]})
    return control("GET", f"posts?{query}")["posts"]


def requests(**wanted):
    """The platform calls that arrived, oldest first."""
    return control("GET", f"requests?{urllib.parse.urlencode(wanted)}")["requests"]


def plant(account, path, action, **more):
    """Lets one call of this account suffer a fault."""
    rule = {"platform": account["platform"], "account": account["id"], "path": path, "action": action, **more}
    return control("POST", "faults", rule)["id"]


def agree(url, *accounts, **more):
    """What a person does on a consent page: the address that the browser is sent to."""
    chosen = {"accounts": [account["id"] for account in accounts], **more}
    return control("POST", "consent", {"authorizeUrl": url, "decision": "allow", **chosen})["redirectUrl"]


def error(code):
    """The fault that answers with a documented error."""
    return {"name": "error", "code": code}


def check(what, holds, seen=None):
    """Prints what was checked; ends the program when it does not hold."""
    assert holds, f"{what}: {seen!r}"
    print(f"ok  {what}", flush=True)


def equal(what, seen, wanted):
    """Checks that two things are the same."""
    check(what, seen == wanted, f"{seen!r} is not {wanted!r}")


def raises(kind, call):
    """The error that a call must raise."""
    try:
        answer = call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} but {answer!r}")


def until(what, ready, seconds=15):
    """Repeats a question until its answer is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ready()
        if answer:
            return answer
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {seconds} s")
