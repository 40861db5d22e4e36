"""facebook-business on Instagram, for accounts that came through Facebook's login."""

import time

from facebook_business.adobjects.igcomment import IGComment
from facebook_business.adobjects.igmedia import IGMedia
from facebook_business.adobjects.iguser import IGUser
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

import sandbox
from sandbox import APP_ID, APP_SECRET, check, equal, error, plain, plant, raises, sample_url

FacebookSession.GRAPH = sandbox.URL


def poll(api, container):
    """The SDK has no class for containers, so they are read by their path."""
    fields = {"fields": "status_code,status,id"}
    return api.call("GET", (container,), params=fields).json()


def finished(api, container):
    def ready():
        status = poll(api, container)
        assert status["status_code"] in ("IN_PROGRESS", "FINISHED"), status
        return status["status_code"] == "FINISHED"

    sandbox.until(f"container {container} is finished", ready)
    return container


def create(user, **params):
    return user.create_media(params=params)["id"]


def publish(user, api, **params):
    container = finished(api, create(user, **params))
    return user.create_media_publish(params={"creation_id": container})["id"]


def resumable(user, api, token):
    """A reel whose bytes are sent; the SDK has no call for that."""
    film = sandbox.sample("vertical.mp4")
    started = api.call(
        "POST", (user["id"], "media"), params={"media_type": "REELS", "upload_type": "resumable", "caption": "sent in bytes"}
    ).json()
    headers = {"Authorization": f"OAuth {token}", "offset": "0", "file_size": str(len(film))}
    status, _, body = plain("POST", started["uri"], film, {**headers, "Content-Type": "application/octet-stream"})
    equal("the bytes of a reel are taken", status, 200)
    container = finished(api, started["id"])
    return user.create_media_publish(params={"creation_id": container})["id"]


def publishing(user, api, account):
    photo = publish(user, api, image_url=sample_url("photo-1.jpg"), caption="one photo #sandbox", alt_text="a view")
    children = [
        create(user, image_url=sample_url("photo-2.jpg"), is_carousel_item=True, alt_text="second"),
        create(user, media_type="VIDEO", video_url=sample_url("vertical.mp4"), is_carousel_item=True),
        create(user, image_url=sample_url("photo-3.jpg"), is_carousel_item=True),
    ]
    for child in children:
        finished(api, child)
    carousel = publish(user, api, media_type="CAROUSEL", children=children, caption="three in a row")
    reel = publish(
        user, api, media_type="REELS", video_url=sample_url("vertical.mp4") + "?size=200000", caption="a reel",
        share_to_feed=True, thumb_offset=100,
    )
    story = publish(user, api, media_type="STORIES", image_url=sample_url("story.jpg"))
    in_bytes = resumable(user, api, account["accessToken"])
    sent = [photo, carousel, reel, story, in_bytes]
    seen = sandbox.posts(account)
    equal("everything is there once", [post["id"] for post in seen], sent)
    equal("as what it is", [post["kind"] for post in seen], ["image", "carousel", "reel", "story", "reel"])
    equal("a carousel in its order", [item["contentType"] for item in seen[1]["media"]], ["image/jpeg", "video/mp4", "image/jpeg"])
    equal("alternative texts are kept", [seen[0]["media"][0]["altText"], seen[1]["media"][0]["altText"]], ["a view", "second"])
    return sent


def reads(user, sent):
    fields = ["id", "caption", "media_type", "media_product_type", "permalink", "shortcode", "timestamp", "children"]
    listed = list(user.get_media(fields=fields, params={"limit": 2}))
    equal("media in pages, newest first, no stories", [m["id"] for m in listed], [sent[4], sent[2], sent[1], sent[0]])
    kinds = [(m["media_type"], m["media_product_type"]) for m in listed]
    equal("their types", kinds, [("VIDEO", "REELS"), ("VIDEO", "REELS"), ("CAROUSEL_ALBUM", "FEED"), ("IMAGE", "FEED")])
    stories = [m["id"] for m in user.get_stories(fields=["id", "media_product_type"])]
    equal("the story is listed apart", stories, [sent[3]])
    one = IGMedia(sent[0]).api_get(fields=["caption", "permalink", "alt_text", "owner"])
    check("one photo is read", one["caption"] == "one photo #sandbox" and one["permalink"].startswith("http"), one)
    equal("a carousel has its children", len(list(IGMedia(sent[1]).get_children(fields=["id", "media_type"]))), 3)
    limit = user.get_content_publishing_limit(fields=["quota_usage", "config"])[0]
    equal("the quota is counted", (limit["quota_usage"], limit["config"]["quota_total"]), (5, 50))


def comments(media):
    comment = IGMedia(media).create_comment(params={"message": "the first comment"})
    listed = list(IGMedia(media).get_comments(fields=["id", "text", "username"]))
    equal("a comment is read back", [(c["id"], c["text"]) for c in listed], [(comment["id"], "the first comment")])
    reply = IGComment(comment["id"]).create_reply(params={"message": "an answer"})
    replies = list(IGComment(comment["id"]).get_replies(fields=["id", "text"]))
    equal("so is an answer", [(r["id"], r["text"]) for r in replies], [(reply["id"], "an answer")])
    IGComment(comment["id"]).api_delete()
    equal("it is deleted", len(IGMedia(media).get_comments()), 0)


def errors(user, api, account):
    def refused(**params):
        return raises(FacebookRequestError, lambda: user.create_media(params=params))

    image = sample_url("photo-1.jpg")
    cases = [
        ("a carousel of one", {"media_type": "CAROUSEL", "children": ["1"]}, 100, 2207028),
        ("an unknown type", {"media_type": "POEM", "image_url": image}, 100, 2207023),
        ("a caption that is too long", {"image_url": image, "caption": "a" * 2201}, 36004, 2207010),
        ("an address without a file", {"image_url": sandbox.URL + "/_sandbox/samples/none.jpg"}, 9004, 2207052),
        ("a PNG", {"image_url": sample_url("photo-1.png")}, 36001, 2207005),
    ]
    for what, params, code, subcode in cases:
        seen = refused(**params)
        equal(f"{what} is refused", (seen.api_error_code(), seen.api_error_subcode()), (code, subcode))
    reel = create(user, media_type="REELS", video_url=sample_url("vertical.mp4") + "?size=210000")
    early = raises(FacebookRequestError, lambda: user.create_media_publish(params={"creation_id": reel}))
    equal("too early", (early.api_error_code(), early.api_error_subcode()), (9007, 2207027))
    path = f"*/{user['id']}/media_publish"
    for code in ["4/2207051", "9/2207042", "25/2207050", "-1/2207001", "190/460", "80002"]:
        plant(account, path, error(code))
        seen = raises(FacebookRequestError, lambda: user.create_media_publish(params={"creation_id": "1"}))
        wanted = [int(part) for part in code.split("/")]
        equal(f"error {code}", [seen.api_error_code(), seen.api_error_subcode()], [*wanted, None][:2])
    plant(account, f"*/{user['id']}/media", {"name": "processing_failed", "checks": 1, "code": "2207082"})
    broken = create(user, media_type="REELS", video_url=sample_url("vertical.mp4") + "?size=220000")

    def failed():
        status = poll(api, broken)
        return status if status["status_code"] == "ERROR" else None

    status = sandbox.until("processing fails", failed)
    check("a failed container says why", "2207082" in status["status"], status)


def main():
    account = sandbox.account("instagram", variant="facebook", username="business_sdk", person="Business SDK")
    api = FacebookAdsApi.init(APP_ID, APP_SECRET, account["accessToken"], api_version="v26.0", crash_log=False)
    user = IGUser(account["id"])
    named = user.api_get(fields=["username", "name", "profile_picture_url"])
    equal("the account is read", named["username"], "business_sdk")
    began = int(time.time()) - 60
    sent = publishing(user, api, account)
    reads(user, sent)
    recent = user.get_media(fields=["id"], params={"since": began})
    equal("media since a moment, as after a lost answer", len(list(recent)), 4)
    comments(sent[0])
    errors(user, api, account)
    equal("nothing refused has appeared", [post["id"] for post in sandbox.posts(account)], sent)


main()
