"""google-api-python-client on YouTube: its resumable uploads, its refresh, and its errors."""

import io
import json
import os
import pathlib
import time

from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials
from googleapiclient import discovery_cache
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

import sandbox
from sandbox import check, equal, error, plant, raises

os.environ.setdefault("NO_PROXY", "127.0.0.1")

CHUNK = 256 * 1024


def service(account, refresh_token=None):
    """The API as its description says, moved to the sandbox. Without a token, so that the first call fetches one."""
    text = pathlib.Path(discovery_cache.__file__).with_name("documents").joinpath("youtube.v3.json").read_text()
    document = json.loads(text)
    document["rootUrl"] = document["baseUrl"] = f"{sandbox.URL}/"
    credentials = Credentials(
        token=None,
        refresh_token=refresh_token or account["refreshToken"],
        token_uri=f"{sandbox.URL}/token",
        client_id="sandbox-client-id",
        client_secret="sandbox-client-secret",
    )
    return build_from_document(document, credentials=credentials)


def film(name, size):
    """A film that is padded to a size, so that no two are the same."""
    return sandbox.sample(f"{name}?size={size}")


def insert(youtube, title, data, **status):
    body = {
        "snippet": {"title": title, "description": f"about {title}", "tags": ["one", "two words"], "categoryId": "22"},
        "status": {"privacyStatus": "public", "selfDeclaredMadeForKids": False, **status},
    }
    media = MediaIoBaseUpload(io.BytesIO(data), mimetype="video/mp4", chunksize=CHUNK, resumable=True)
    return youtube.videos().insert(part="snippet,status", body=body, media_body=media)


def send(request):
    """All chunks of an upload, and how far each came. After an error the client asks by itself how far it is."""
    response, progress = None, []
    while response is None:
        try:
            status, response = request.next_chunk()
        except HttpError as refused:
            if refused.resp.status < 500 or "broken" in progress:
                raise
            progress.append("broken")
            continue
        if status:
            progress.append(status.resumable_progress)
    return response, progress


def processed(youtube, video):
    def ready():
        items = youtube.videos().list(part="status,processingDetails", id=video).execute()["items"]
        return items and items[0]["status"]["uploadStatus"] == "processed" and items[0]

    return sandbox.until(f"video {video} is processed", ready)


def uploads(youtube, account):
    data = film("landscape.mp4", 3 * CHUNK + 1000)
    whole, progress = send(insert(youtube, "In chunks", data))
    equal("a video in chunks", progress, [CHUNK, 2 * CHUNK, 3 * CHUNK])
    seen = processed(youtube, whole["id"])
    equal("is processed", seen["processingDetails"]["processingStatus"], "succeeded")

    # The second chunk is refused.
    request = insert(youtube, "Interrupted", film("landscape.mp4", 3 * CHUNK + 2000))
    request.next_chunk()
    plant(account, "/upload/youtube/v3/videos", {"name": "server_error", "status": 503}, method="PUT")
    broken, progress = send(request)
    equal("an interrupted upload goes on where it was", progress, ["broken", 2 * CHUNK, 3 * CHUNK])

    # The answer to the last chunk is lost: asking for the progress tells the video, and there is only one.
    request = insert(youtube, "Lost answer", film("landscape.mp4", 4000 + len(sandbox.sample("landscape.mp4"))))
    plant(account, "/upload/youtube/v3/videos", {"name": "error_after", "status": 503}, method="PUT")
    lost, progress = send(request)
    equal("a lost answer is asked for", progress, ["broken"])

    short, _ = send(insert(youtube, "A short #shorts", film("vertical.mp4", 170_000), privacyStatus="unlisted"))
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400))
    later, _ = send(insert(youtube, "Later", film("clip.mp4", 60_000), privacyStatus="private", publishAt=at))
    return [whole["id"], broken["id"], lost["id"], short["id"], later["id"]]


def reads(youtube, account, videos):
    channel = youtube.channels().list(part="snippet,contentDetails", mine=True).execute()["items"][0]
    equal("the channel", (channel["id"], channel["snippet"]["title"]), (account["id"], account["name"]))
    playlist = channel["contentDetails"]["relatedPlaylists"]["uploads"]
    items = youtube.playlistItems()
    request, listed = items.list(part="snippet,contentDetails,status", playlistId=playlist, maxResults=2), []
    pages = 0
    while request is not None:
        answer = request.execute()
        listed += [item["contentDetails"]["videoId"] for item in answer["items"]]
        request = items.list_next(request, answer)
        pages += 1
    equal("the uploads, newest first, in pages", (listed, pages), (list(reversed(videos)), 3))
    answer = youtube.videos().list(part="snippet,status,contentDetails", id=",".join(videos)).execute()
    titles = {item["snippet"]["title"] for item in answer["items"]}
    equal("their titles", titles, {"In chunks", "Interrupted", "Lost answer", "A short #shorts", "Later"})
    seen = {post["id"]: post for post in sandbox.posts(account)}
    equal("each video is there once", sorted(seen), sorted(videos))
    equal("with what was said of it", (seen[videos[0]]["title"], seen[videos[0]]["text"]), ("In chunks", "about In chunks"))
    equal("the short is one", seen[videos[3]]["kind"], "short")


def changes(youtube, account, video):
    image = MediaIoBaseUpload(io.BytesIO(sandbox.sample("thumbnail.jpg")), mimetype="image/jpeg")
    thumbnail = youtube.thumbnails().set(videoId=video, media_body=image).execute()
    check("a thumbnail", thumbnail["items"][0]["default"]["url"], thumbnail)
    body = {"id": video, "snippet": {"title": "Another title", "description": "changed", "categoryId": "22"}}
    changed = youtube.videos().update(part="snippet", body=body).execute()
    equal("a changed title", changed["snippet"]["title"], "Another title")
    text = {"snippet": {"textOriginal": "the first comment"}}
    thread = {"snippet": {"videoId": video, "topLevelComment": text}}
    made = youtube.commentThreads().insert(part="snippet", body=thread).execute()
    threads = youtube.commentThreads().list(part="snippet", videoId=video).execute()["items"]
    seen = [(item["id"], item["snippet"]["topLevelComment"]["snippet"]["textOriginal"]) for item in threads]
    equal("a comment", seen, [(made["id"], "the first comment")])
    categories = youtube.videoCategories().list(part="snippet", regionCode="US").execute()["items"]
    check("categories", any(item["id"] == "22" for item in categories), categories)


def errors(youtube, account):
    def reason(call):
        refused = raises(HttpError, call)
        return refused.resp.status, json.loads(refused.content)["error"]["errors"][0]["reason"]

    data = film("clip.mp4", 61_000)
    equal("a title with <", reason(lambda: send(insert(youtube, "a < b", data))), (400, "invalidTitle"))
    equal("no such video", reason(lambda: youtube.videos().delete(id="AAAAAAAAAAA").execute()), (404, "videoNotFound"))
    path = "/youtube/v3/videos"
    for code in ["403/quotaExceeded", "403/insufficientPermissions", "400/failedPrecondition", "500/backendError"]:
        plant(account, path, error(code))
        status, name = code.split("/")
        seen = reason(lambda: youtube.videos().list(part="id", id="AAAAAAAAAAA").execute())
        equal(f"error {code}", seen, (int(status), name))
    plant(account, path, error("403/insufficientPermissions"))
    refused = raises(HttpError, lambda: youtube.videos().list(part="id", id="AAAAAAAAAAA").execute())
    equal("details of a missing scope", refused.error_details[0]["reason"], "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    plant(account, "/upload/youtube/v3/videos", error("400/uploadLimitExceeded"), method="POST")
    limit = reason(lambda: send(insert(youtube, "One too many", data)))
    equal("the limit of uploads", limit, (400, "uploadLimitExceeded"))
    bad = service(account, refresh_token="1//unknown")
    dead = raises(RefreshError, lambda: bad.channels().list(part="id", mine=True).execute())
    equal("a dead refresh token", dead.args[1]["error"], "invalid_grant")
    # The client refreshes by itself when a token is refused.
    plant(account, path, {"name": "token_expired"})
    youtube.videos().list(part="id", id="AAAAAAAAAAA").execute()
    check("a refused token is refreshed", True)


def main():
    account = sandbox.account("youtube", name="Python client's channel")
    youtube = service(account)
    videos = uploads(youtube, account)
    reads(youtube, account, videos)
    changes(youtube, account, videos[0])
    errors(youtube, account)
    youtube.videos().delete(id=videos[-1]).execute()
    equal("only the deleted one is gone", sorted(post["id"] for post in sandbox.posts(account)), sorted(videos[:-1]))


main()
