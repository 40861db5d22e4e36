"""Every answer that the sandbox gives for X, against X's own description."""

import base64
import json

import sandbox
from sandbox import check, equal, error, plain, plant, sample
from x_contract import X

x = X()


class Caller:
    """Calls with an account's token; each answer is checked."""

    def __init__(self, account):
        self.account = account

    def call(self, method, path, body=None, query=""):
        headers = {"Authorization": f"Bearer {self.account['accessToken']}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        status, answered, text = plain(method, f"{sandbox.URL}{path}{query}", data, headers)
        return status, answered, text

    def checked(self, what, method, path, body=None, query="", wanted=None):
        status, headers, text = self.call(method, path, body, query)
        faults = x.answer(method, path, status, headers, text)
        check(what, not faults and (wanted is None or status == wanted), (status, text[:500], faults))
        return json.loads(text)


def names(parameter):
    """All names that a parameter of the description takes."""
    return ",".join(x.document["components"]["parameters"][parameter]["schema"]["items"]["enum"])


def everything():
    """A query that asks for all fields and expansions."""
    parameters = x.document["components"]["parameters"]
    kinds = ["PostFields", "PostExpansions", "UserFields", "MediaFields", "PollFields", "PlaceFields"]
    return "&".join(f"{parameters[kind + 'Parameter']['name']}={names(kind + 'Parameter')}" for kind in kinds)


def upload(caller, name, kind, category):
    film = sample(name)
    wanted = {"media_type": kind, "total_bytes": len(film), "media_category": category}
    started = caller.checked(f"{name}: initialize", "POST", "/2/media/upload/initialize", wanted)["data"]
    path = f"/2/media/upload/{started['id']}"
    media = base64.b64encode(film).decode()
    caller.checked(f"{name}: append", "POST", f"{path}/append", {"media": media, "segment_index": 0})
    caller.checked(f"{name}: finalize", "POST", f"{path}/finalize")
    return started["id"]


def status(caller, what, media):
    query = f"?command=STATUS&media_id={media}"
    return caller.checked(f"status of {what}", "GET", "/2/media/upload", query=query)["data"].get("processing_info", {})


def media(caller):
    photo = base64.b64encode(sample("photo-1.jpg")).decode()
    one_shot = caller.checked("upload", "POST", "/2/media/upload", {"media": photo, "media_category": "tweet_image"})["data"]
    metadata = {"id": one_shot["id"], "metadata": {"alt_text": {"text": "a view"}}}
    caller.checked("metadata", "POST", "/2/media/metadata", metadata)
    ids = {"photo": one_shot["id"], "video": upload(caller, "landscape.mp4", "video/mp4", "tweet_video")}
    ids["gif"] = upload(caller, "animated.gif", "image/gif", "tweet_gif")
    for what in ("video", "gif"):
        states = []

        def ready():
            states.append(status(caller, f"a {what} that is worked on", ids[what]).get("state"))
            return states[-1] == "succeeded"

        sandbox.until(f"{what} is ready", ready)
    plant(caller.account, "/2/media/upload/*/finalize", {"name": "processing_failed", "checks": 1, "code": "InvalidMedia"})
    broken = upload(caller, "clip.mp4", "video/mp4", "tweet_video")
    failed = sandbox.until("it fails", lambda: status(caller, "a video that fails", broken).get("state") == "failed")
    check("a failed video", failed)
    return ids


def posts(caller, ids):
    def post(what, **body):
        return caller.checked(f"create: {what}", "POST", "/2/tweets", body, wanted=201)["data"]["id"]

    first = post("a text", text="spec says hello https://example.com #tag @nobody $CASH & more")
    sent = [first, post("a reply", text="and more", reply={"in_reply_to_tweet_id": first})]
    sent.append(post("a poll", text="which?", poll={"options": ["a", "b"], "duration_minutes": 60}))
    for what, media in ids.items():
        sent.append(post(what, text=what, media={"media_ids": [media]}))
    query = everything()
    for one in sent:
        caller.checked("read one with everything", "GET", f"/2/tweets/{one}", query=f"?{query}", wanted=200)
    listed = caller.checked("read many with everything", "GET", "/2/tweets", query=f"?ids={','.join(sent)}&{query}")
    equal("all are there", len(listed["data"]), len(sent))
    caller.checked("read many, some missing", "GET", "/2/tweets", query=f"?ids={first},1,2")
    caller.checked("read one that is missing", "GET", "/2/tweets/1")
    path = f"/2/users/{caller.account['id']}/tweets"
    page = caller.checked("a timeline with everything", "GET", path, query=f"?max_results=5&{query}")
    token = page["meta"]["next_token"]
    caller.checked("its next page", "GET", path, query=f"?max_results=5&pagination_token={token}")
    caller.checked("an empty timeline", "GET", path, query="?start_time=2100-01-01T00:00:00Z")
    caller.checked("a timeline of nobody", "GET", "/2/users/1/tweets")
    # The names of before the renaming have to give the same fields.
    old = "?tweet.fields=edit_history_tweet_ids,referenced_tweets,created_at&expansions=author_id"
    caller.checked("read one by the old names", "GET", f"/2/tweets/{sent[1]}", query=old)
    caller.checked("delete", "DELETE", f"/2/tweets/{sent[0]}", wanted=200)
    caller.checked("me", "GET", "/2/users/me")
    fields = names("UserFieldsParameter")
    caller.checked("me with everything", "GET", "/2/users/me", query=f"?user.fields={fields}", wanted=200)


def refusals(caller):
    cases = [
        ("an empty post", "POST", "/2/tweets", {"text": ""}, 400),
        ("an unknown field", "POST", "/2/tweets", {"text": "a", "colour": "red"}, 400),
        ("a long text", "POST", "/2/tweets", {"text": "a" * 281}, 403),
        ("foreign media", "POST", "/2/tweets", {"text": "a", "media": {"media_ids": ["1"]}}, 400),
        ("an unknown upload", "POST", "/2/media/upload/1/finalize", None, None),
        ("a large file", "POST", "/2/media/upload/initialize", {"media_type": "image/png", "total_bytes": 9_000_000}, 400),
    ]
    for what, method, path, body, wanted in cases:
        caller.checked(f"refused: {what}", method, path, body, wanted=wanted)
    stranger = Caller({**caller.account, "accessToken": "nobody"})
    stranger.checked("refused: an unknown token", "GET", "/2/users/me", wanted=401)
    codes = [code for code in sandbox.control("GET", "errors")["x"] if "oauth-" not in code and not code.startswith("v1/")]
    for code in codes:
        plant(caller.account, "/2/tweets", error(code))
        caller.checked(f"error {code}", "POST", "/2/tweets", {"text": f"error {code}"}, wanted=int(code.split("/")[0]))


def eyesight():
    """A check that sees nothing would pass always."""
    kind = {"content-type": "application/json"}
    wrong = {"data": {"id": 1, "colour": "red"}}
    faults = " ".join(x.answer("POST", "/2/tweets", 201, kind, json.dumps(wrong)))
    seen = ["not of type" in faults, "'text' is a required property" in faults, "colour" in faults]
    equal("wrong types, missing and unknown fields are noticed", seen, [True, True, True])
    unknown = {"title": "t", "detail": "d", "type": "https://api.x.com/2/problems/unheard-of"}
    check("so are unknown problems", x.problem(unknown))
    check("and wrong requests", len(x.request("POST", "/2/tweets", {"colour": "red"}, {"text": 1})) == 2)


def main():
    eyesight()
    caller = Caller(sandbox.account("x"))
    posts(caller, media(caller))
    refusals(caller)
    equal("every known difference still exists", x.differences.unmet(), [])


main()
