"""Every answer that the sandbox gives for YouTube, against YouTube's own description."""

import json

import sandbox
from sandbox import check, equal, plain, sample
from youtube_contract import Youtube

youtube = Youtube()
DATA, UPLOAD = "/youtube/v3", "/upload/youtube/v3"


class Caller:
    """Calls with an account's token; each answer is checked."""

    def __init__(self, account):
        self.account = account

    def call(self, method, path, query, body=None, kind="application/json", more=None):
        headers = {"Authorization": f"Bearer {self.account['accessToken']}", **(more or {})}
        if body is not None:
            headers["Content-Type"] = kind
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        return plain(method, f"{sandbox.URL}{path}?{query}", data, headers)

    def checked(self, what, method, path, query, body=None, kind="application/json"):
        status, _, text = self.call(method, path, query, body, kind)
        faults = youtube.answer(method, path, status, text)
        check(what, status < 300 and not faults, (status, text[:800], faults))
        return json.loads(text) if text else None

    def upload(self, title, name, **status):
        """A video in one piece, after the start that tells where to."""
        body = {
            "snippet": {"title": title, "description": "described", "tags": ["a"], "categoryId": "22", "defaultLanguage": "en"},
            "status": {"privacyStatus": "public", "selfDeclaredMadeForKids": False, "license": "youtube", **status},
            "recordingDetails": {"recordingDate": "2026-01-01T00:00:00Z"},
        }
        film = sample(name)
        more = {"X-Upload-Content-Type": "video/mp4", "X-Upload-Content-Length": str(len(film))}
        query = "uploadType=resumable&part=snippet,status,recordingDetails"
        code, headers, text = self.call("POST", f"{UPLOAD}/videos", query, body, more=more)
        equal(f"{title}: begun", (code, text), (200, b""))
        code, _, text = plain("PUT", headers["Location"], film, {"Content-Type": "video/mp4"})
        faults = youtube.answer("POST", f"{UPLOAD}/videos", code, text)
        check(f"{title}: uploaded", code in (200, 201) and not faults, (code, text[:800], faults))
        return json.loads(text)["id"]


def videos(caller):
    video = caller.upload("A film", "landscape.mp4?size=99000")
    private = caller.upload("A private short", "vertical.mp4", privacyStatus="private", publishAt="2099-01-01T00:00:00Z")
    parts = ["snippet", "status", "processingDetails", "contentDetails", "statistics", "recordingDetails", "player", "id"]
    query = f"id={video},{private},AAAAAAAAAAA"
    seen = []

    def ready():
        several = "part=status,processingDetails,snippet,contentDetails"
        found = caller.checked("videos.list", "GET", f"{DATA}/videos", f"{several}&{query}")
        seen[:] = found["items"]
        return seen and all(item["status"]["uploadStatus"] == "processed" for item in seen)

    sandbox.until("both are processed", ready)
    equal("both are listed", {item["id"] for item in seen}, {video, private})
    for part in parts:
        caller.checked(f"videos.list with {part}", "GET", f"{DATA}/videos", f"part={part}&{query}")
    body = {"id": video, "snippet": {"title": "Changed", "categoryId": "22"}, "status": {"privacyStatus": "unlisted"}}
    caller.checked("videos.update", "PUT", f"{DATA}/videos", "part=snippet,status", body)
    image = sample("thumbnail.jpg")
    caller.checked("thumbnails.set", "POST", f"{UPLOAD}/thumbnails/set", f"videoId={video}&uploadType=media", image, "image/jpeg")
    return video, private


def around(caller, video):
    found = caller.checked("channels.list", "GET", f"{DATA}/channels", "part=snippet,contentDetails,statistics,status&mine=true")
    uploads = found["items"][0]["contentDetails"]["relatedPlaylists"]["uploads"]
    query = f"part=snippet,contentDetails,status&playlistId={uploads}&maxResults=1"
    page = caller.checked("playlistItems.list", "GET", f"{DATA}/playlistItems", query)
    caller.checked("its next page", "GET", f"{DATA}/playlistItems", f"{query}&pageToken={page['nextPageToken']}")
    thread = {"snippet": {"videoId": video, "topLevelComment": {"snippet": {"textOriginal": "a comment"}}}}
    caller.checked("commentThreads.insert", "POST", f"{DATA}/commentThreads", "part=snippet", thread)
    caller.checked("commentThreads.list", "GET", f"{DATA}/commentThreads", f"part=snippet&videoId={video}")
    caller.checked("videoCategories.list", "GET", f"{DATA}/videoCategories", "part=snippet&regionCode=US")
    equal("videos.delete", caller.checked("videos.delete answers nothing", "DELETE", f"{DATA}/videos", f"id={video}"), None)


def eyesight():
    """A check that sees nothing would pass always."""
    wrong = {"kind": "youtube#video", "colour": "red", "snippet": {"title": 1}, "status": {"privacyStatus": "secret"}}
    faults = " ".join(youtube.answer("PUT", f"{DATA}/videos", 200, json.dumps(wrong).encode()))
    seen = ["colour" in faults, "not of type" in faults, "secret" in faults]
    equal("wrong types, values and unknown fields are noticed", seen, [True, True, True])
    check("and wrong requests", len(youtube.request("GET", f"{DATA}/videos", {"maxResults": "900", "colour": "red"}, None)) == 3)


def main():
    eyesight()
    caller = Caller(sandbox.account("youtube"))
    video, _ = videos(caller)
    around(caller, video)


main()
