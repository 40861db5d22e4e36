"""facebook-business on Pages: Meta's own SDK, with its objects, cursors, errors and its upload in chunks."""

import io
import os
import tempfile
import time

from facebook_business import video_uploader
from facebook_business.adobjects.advideo import AdVideo
from facebook_business.adobjects.comment import Comment
from facebook_business.adobjects.page import Page
from facebook_business.adobjects.pagepost import PagePost
from facebook_business.adobjects.photo import Photo
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

import sandbox
from sandbox import APP_ID, APP_SECRET, check, equal, error, plain, plant, raises

FacebookSession.GRAPH = sandbox.URL
VERSION = "v26.0"


class UploadRequest(video_uploader.VideoUploadRequest):
    """The SDK's own knows only one host, and only ad accounts."""

    def send(self, path):
        page, _ = path
        return self._api.call("POST", (page, "videos"), params=self._params, files=self._files)


video_uploader.VideoUploadRequest = UploadRequest


def begin(account):
    return FacebookAdsApi.init(APP_ID, APP_SECRET, account["accessToken"], api_version=VERSION, crash_log=False)


def status_of(video):
    return AdVideo(video).api_get(fields=["status"])["status"]


def wait_for(video):
    def ready():
        return status_of(video)["video_status"] == "ready"

    sandbox.until(f"video {video} is ready", ready)


def posts_and_photos(page, api):
    text = page.create_feed(params={"message": "facebook-business says hello"})
    link = page.create_feed(params={"message": "look there", "link": "https://example.com/a?b=c"})
    fields = ["id", "page_story_id", "images"]
    photo = page.create_photo(
        fields=fields, params={"url": sandbox.sample_url("photo-1.jpg"), "caption": "one photo", "alt_text_custom": "a view"}
    )
    check("a photo comes back with the fields asked for", photo["page_story_id"].startswith(page["id"]), photo)
    file = api.call(
        "POST", (page["id"], "photos"), params={"published": False},
        files={"source": ("photo-2.jpg", io.BytesIO(sandbox.sample("photo-2.jpg")), "image/jpeg")},
    ).json()
    waiting = [file["id"], page.create_photo(params={"url": sandbox.sample_url("photo-3.jpg"), "published": False})["id"]]
    several = page.create_feed(params={"message": "several photos", "attached_media": [{"media_fbid": id} for id in waiting]})
    at = int(time.time()) + 3600
    later = page.create_feed(params={"message": "later", "published": False, "scheduled_publish_time": at})
    story_photo = page.create_photo(params={"url": sandbox.sample_url("story.jpg"), "published": False})
    story = page.create_photo_story(params={"photo_id": story_photo["id"]})
    # The SDK takes the word "success" out of answers, and raises where it is not true.
    check("a photo becomes a story", story["post_id"], story)
    return [text["id"], link["id"], photo["page_story_id"], several["id"], str(story["post_id"])], waiting, later["id"]


def films(page, api):
    by_address = {"file_url": sandbox.sample_url("clip.mp4"), "title": "A clip", "description": "by its address"}
    by_url = page.create_video(params=by_address)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "in-chunks.mp4")
        with open(path, "wb") as file:
            file.write(sandbox.sample("landscape.mp4"))
        video = AdVideo(api=api)
        video[AdVideo.Field.filepath] = path
        video._parent_id = page["id"]
        in_chunks = video_uploader.VideoUploader().upload(video, wait_for_encoding=True)
    equal("a video in chunks is encoded", status_of(in_chunks["id"])["publishing_phase"]["publish_status"], "published")
    chunks = [call for call in sandbox.requests(platform="facebook", path=f"*/{page['id']}/videos") if call["status"] == 200]
    check("it went in several chunks", len(chunks) >= 5, len(chunks))
    reel = in_three_steps(page.create_video_reel, {"video_state": "PUBLISHED", "description": "a reel", "title": "Reel"})
    story = in_three_steps(page.create_video_story, {})
    for video in (by_url["id"], reel, story):
        wait_for(video)
    return [by_url["id"], in_chunks["id"], reel, story]


def in_three_steps(edge, how):
    """How reels and stories are made; the SDK has no call for the step in the middle."""
    started = edge(params={"upload_phase": "start"})
    film = sandbox.sample("vertical.mp4")
    headers = {"Authorization": f"OAuth {FacebookAdsApi.get_default_api()._session.access_token}"}
    half = len(film) // 2
    first = {**headers, "offset": "0", "file_size": str(len(film)), "Content-Type": "application/octet-stream"}
    plain("POST", started["upload_url"], film[:half], first)
    arrived = status_of(started["video_id"])["uploading_phase"]["bytes_transferred"]
    equal("the half that was sent has arrived", arrived, half)
    status, _, _ = plain("POST", started["upload_url"], film[half:], {**first, "offset": str(half)})
    equal("the rest is taken", status, 200)
    edge(params={"upload_phase": "finish", "video_id": started["video_id"], **how})
    return started["video_id"]


def reads(page, sent, waiting, later, videos):
    seen = {post["id"]: post for post in sandbox.posts({"platform": "facebook", "id": page["id"]})}
    kinds = [seen[post]["kind"] for post in sent]
    equal("posts are there as what they are", kinds, ["text", "link", "image", "images", "story"])
    equal("several photos in their order", [item["id"] for item in seen[sent[3]]["media"]], waiting)
    rest = [post for id, post in seen.items() if id not in sent]
    equal("films are there as what they are", sorted(post["kind"] for post in rest), ["reel", "story", "video", "video"])
    equal("each once", sorted(post["media"][0]["id"] for post in rest), sorted(videos))
    fields = ["id", "message", "created_time", "permalink_url", "is_published", "status_type", "application", "attachments"]
    listed = list(page.get_published_posts(fields=fields, params={"limit": 2}))
    public = [id for id, post in seen.items() if post["kind"] != "story"]
    equal("the cursor walks through all pages", sorted(post["id"] for post in listed), sorted(public))
    own = next(post for post in listed if post["id"] == sent[0])
    equal("a post as it was written", (own["message"], own["application"]["id"]), ("facebook-business says hello", APP_ID))
    scheduled = list(page.get_scheduled_posts(fields=["id", "message", "scheduled_publish_time"]))
    equal("a scheduled post waits", [post["id"] for post in scheduled], [later])
    photo = Photo(waiting[0]).api_get(fields=["page_story_id", "name"])
    equal("a photo knows its post", photo["page_story_id"], sent[3])
    reels = list(page.get_video_reels(fields=["id", "description"]))
    equal("the reel is listed", [(reel["id"], reel["description"]) for reel in reels], [(videos[2], "a reel")])
    stories = {story["media_id"] for story in page.get_stories()}
    check("both stories are listed", len(stories) == 2 and videos[3] in stories, stories)
    uploaded = page.get_videos(fields=["id", "title"], params={"type": "uploaded"})
    equal("videos are listed", {video["id"] for video in uploaded}, set(videos[:3]))


def changes(page, post, later):
    comment = PagePost(post).create_comment(params={"message": "the first comment"})
    listed = list(PagePost(post).get_comments(fields=["id", "message", "from"], params={"order": "reverse_chronological"}))
    equal("a comment is read back", [(c["id"], c["message"], c["from"]["id"]) for c in listed],
          [(comment["id"], "the first comment", page["id"])])
    Comment(comment["id"]).api_update(params={"message": "another text"})
    equal("it is changed", Comment(comment["id"]).api_get(fields=["message"])["message"], "another text")
    PagePost(post).api_update(params={"message": "a new message"})
    equal("a post is changed", PagePost(post).api_get(fields=["message"])["message"], "a new message")
    PagePost(later).api_delete()
    equal("the scheduled one is called off", len(page.get_scheduled_posts()), 0)
    gone = raises(FacebookRequestError, lambda: PagePost(later).api_get())
    equal("and gone", (gone.api_error_code(), gone.api_error_subcode()), (100, 33))


def errors(page, account):
    path = f"*/{page['id']}/feed"

    def refused():
        return raises(FacebookRequestError, lambda: page.create_feed(params={"message": f"refused {time.time()}"}))

    codes = ["1", "2", "4", "10", "32", "190/463", "200", "341", "368/1390008", "506", "80001", "is_transient"]
    for code in codes:
        plant(account, path, error(code))
        seen = refused()
        wanted = [int(part) for part in code.split("/")] if code != "is_transient" else None
        if wanted:
            equal(f"error {code}", [seen.api_error_code(), seen.api_error_subcode()], [*wanted, None][:2])
        else:
            check("a transient error says so", seen.api_transient_error(), seen)
    plant(account, path, {"name": "rate_limited", "resetAfterSeconds": 1200})
    usage = refused().http_headers()["x-business-use-case-usage"]
    check("a limit tells its end in minutes", '"estimated_time_to_regain_access":20' in usage.replace(" ", ""), usage)
    empty = raises(FacebookRequestError, lambda: page.create_feed(params={}))
    seen = (empty.http_status(), empty.api_error_code(), empty.api_error_type())
    equal("an empty post is refused", seen, (400, 100, "OAuthException"))
    page.create_feed(params={"message": "twice"})
    twice = raises(FacebookRequestError, lambda: page.create_feed(params={"message": "twice"}))
    equal("a repeated post is refused", twice.api_error_code(), 506)
    forged = FacebookAdsApi.init(APP_ID, "wrong", account["accessToken"], api_version=VERSION, crash_log=False)
    bad = raises(FacebookRequestError, lambda: Page(page["id"], api=forged).create_feed(params={"message": "forged"}))
    equal("a wrong proof is refused", (bad.api_error_code(), bad.api_error_type()), (100, "GraphMethodException"))


def main():
    account = sandbox.account("facebook", name="Business SDK Page", person="Business SDK")
    api = begin(account)
    page = Page(account["id"])
    named = page.api_get(fields=["name", "access_token"])
    equal("the Page is read", (named["name"], named["access_token"]), (account["name"], account["accessToken"]))
    sent, waiting, later = posts_and_photos(page, api)
    videos = films(page, api)
    reads(page, sent, waiting, later, videos)
    changes(page, sent[0], later)
    errors(page, account)


main()
