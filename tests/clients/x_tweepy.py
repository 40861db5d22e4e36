"""tweepy: posts of every kind through version 2, uploads through version 1.1, with both sorts of login."""

import io
import time
import urllib.parse

import requests
import tweepy

import sandbox
from sandbox import check, equal, error, plant, raises

TEXT = "tweepy says hello"


class ToSandbox(requests.adapters.HTTPAdapter):
    """Sends what tweepy addresses to X to the sandbox; tweepy's hosts cannot be set."""

    def send(self, request, **options):
        parts = requests.utils.urlparse(request.url)
        request.url = sandbox.URL + parts._replace(scheme="", netloc="").geturl()
        return super().send(request, **{**options, "proxies": {}})


def redirected(session):
    session.mount("https://", ToSandbox())
    return session


def clients(account):
    """Version 2 with a bearer token and with signatures, and version 1.1 with signatures."""
    bearer = tweepy.Client(bearer_token=account["accessToken"])
    keys = (account["consumerKey"], account["consumerSecret"], account["token"], account["tokenSecret"])
    signing = tweepy.Client(consumer_key=keys[0], consumer_secret=keys[1], access_token=keys[2], access_token_secret=keys[3])
    legacy = tweepy.API(tweepy.OAuth1UserHandler(*keys))
    for client in (bearer, signing, legacy):
        redirected(client.session)
    return bearer, signing, legacy


def texts_and_threads(account, bearer, signing):
    first = bearer.create_tweet(text=TEXT, user_auth=False)
    second = signing.create_tweet(text="the second of a thread", in_reply_to_tweet_id=first.data["id"])
    poll = bearer.create_tweet(
        text="which one?", poll_options=["this", "that"], poll_duration_minutes=60, reply_settings="following", user_auth=False
    )
    seen = sandbox.posts(account)
    equal("a text, a reply and a poll are there", [post["id"] for post in seen], [t.data["id"] for t in (first, second, poll)])
    equal("their kinds", [post["kind"] for post in seen], ["text", "text", "poll"])
    equal("the reply is a reply", seen[1]["replyTo"], first.data["id"])
    equal("the poll has its options", seen[2]["extra"]["poll"]["options"], ["this", "that"])
    return first.data["id"], second.data["id"], poll.data["id"]


def media(account, signing, legacy):
    photo = legacy.media_upload("photo-1.jpg", file=io.BytesIO(sandbox.sample("photo-1.jpg")))
    check("a photo is uploaded in one call", photo.media_id_string.isdigit() and photo.size > 0, photo)
    more = [legacy.media_upload(f"photo-{n}.jpg", file=io.BytesIO(sandbox.sample(f"photo-{n}.jpg"))) for n in (2, 3, 4)]
    ids = [item.media_id_string for item in (photo, *more)]
    signing.create_tweet(text="four photos", media_ids=ids)
    film = sandbox.sample("landscape.mp4")
    video = legacy.media_upload("landscape.mp4", file=io.BytesIO(film), media_category="tweet_video", chunk_size=40_000)
    equal("a video in segments was waited for", video.processing_info["state"], "succeeded")
    signing.create_tweet(text="a film", media_ids=[video.media_id])
    gif = legacy.media_upload(
        "animated.gif", file=io.BytesIO(sandbox.sample("animated.gif")), chunked=True, media_category="tweet_gif"
    )
    signing.create_tweet(media_ids=[gif.media_id])
    seen = sandbox.posts(account)[-3:]
    equal("photos, video and GIF are there", [post["kind"] for post in seen], ["images", "video", "gif"])
    equal("the photos in their order", [item["id"] for item in seen[0]["media"]], ids)
    equal("the video in its whole length", seen[1]["media"][0]["sizeBytes"], len(film))


def reads(account, bearer, ids):
    me = bearer.get_me(user_auth=False, user_fields=["verified", "profile_image_url"]).data
    equal("get_me", (str(me.id), me.username, me.name), (account["id"], account["username"], account["name"]))
    answer = bearer.get_tweet(ids[1], tweet_fields=["created_at", "author_id", "referenced_tweets", "conversation_id"])
    tweet = answer.data
    equal("a tweet is read", (str(tweet.id), tweet.text, str(tweet.author_id)), (ids[1], "the second of a thread", account["id"]))
    check("with its time", abs(tweet.created_at.timestamp() - time.time()) < 120, tweet.created_at)
    equal("and what it answers", [(r.type, str(r.id)) for r in tweet.referenced_tweets], [("replied_to", ids[0])])
    many = bearer.get_tweets([ids[2], "1"], expansions=["attachments.poll_ids", "author_id"], poll_fields=["duration_minutes"])
    equal("many tweets, one missing", ([str(t.id) for t in many.data], len(many.errors)), ([ids[2]], 1))
    equal("the poll is included", [option["label"] for option in many.includes["polls"][0].options], ["this", "that"])
    pages = list(tweepy.Paginator(bearer.get_users_tweets, account["id"], max_results=5, tweet_fields=["created_at"]))
    seen = [str(tweet.id) for page in pages for tweet in page.data or []]
    equal("the timeline in pages, newest first", seen, [post["id"] for post in reversed(sandbox.posts(account))])
    check("there was more than one page", len(pages) > 1, len(pages))
    with_media = bearer.get_users_tweets(
        account["id"], max_results=5, expansions=["attachments.media_keys"], media_fields=["type", "url", "width", "alt_text"]
    )
    equal("media are included", {item.type for item in with_media.includes["media"]}, {"photo", "video", "animated_gif"})


def errors(account, bearer, signing, legacy):
    duplicate = raises(tweepy.Forbidden, lambda: bearer.create_tweet(text=TEXT, user_auth=False))
    equal("a repeated text", duplicate.api_messages, ["You are not allowed to create a Tweet with duplicate content."])
    long = raises(tweepy.Forbidden, lambda: signing.create_tweet(text="a" * 281))
    equal("a text that is too long", long.response.status_code, 403)
    bad = raises(tweepy.BadRequest, lambda: signing.create_tweet(text="no such media", media_ids=["123"]))
    equal("foreign media", bad.api_messages, ["Your media IDs are invalid."])
    plant(account, "/2/tweets", {"name": "rate_limited", "resetAfterSeconds": 300})
    limit = raises(tweepy.TooManyRequests, lambda: bearer.create_tweet(text="limit", user_auth=False))
    check("a limit tells its end", 290 < limit.reset_time - time.time() < 310, limit.reset_time)
    plant(account, "/2/tweets", {"name": "server_error", "status": 503})
    raises(tweepy.TwitterServerError, lambda: bearer.create_tweet(text="down", user_auth=False))
    plant(account, "/2/tweets", error("401/unauthorized"))
    raises(tweepy.Unauthorized, lambda: bearer.create_tweet(text="who", user_auth=False))
    plant(account, "/2/tweets", error("402/credits"))
    broke = raises(tweepy.HTTPException, lambda: bearer.create_tweet(text="broke", user_auth=False))
    equal("no credits", broke.response.status_code, 402)
    plant(account, "/1.1/media/upload.json", error("v1/324"))
    photo = io.BytesIO(sandbox.sample("photo-1.jpg"))
    old = raises(tweepy.HTTPException, lambda: legacy.media_upload("photo-1.jpg", file=photo))
    equal("version 1.1 gives codes", old.api_codes, [324])
    wrong = tweepy.Client(
        consumer_key=account["consumerKey"], consumer_secret="wrong", access_token=account["token"],
        access_token_secret=account["tokenSecret"],
    )
    redirected(wrong.session)
    raises(tweepy.Unauthorized, lambda: wrong.create_tweet(text="forged"))
    check("a forged signature is refused", True)


def waiting(account):
    patient = tweepy.Client(bearer_token=account["accessToken"], wait_on_rate_limit=True)
    redirected(patient.session)
    plant(account, "/2/tweets", {"name": "rate_limited", "resetAfterSeconds": 1})
    began = time.monotonic()
    waited = patient.create_tweet(text="after the limit", user_auth=False)
    check("tweepy waits for the end of a limit", 1 <= time.monotonic() - began < 5 and waited.data["id"], waited)
    return waited.data["id"]


def tokens(account):
    scope = ["tweet.read", "tweet.write", "users.read", "media.write", "offline.access"]
    handler = tweepy.OAuth2UserHandler(
        client_id="sandbox-client-id", client_secret="sandbox-client-secret", redirect_uri="https://localhost/callback", scope=scope
    )
    redirected(handler)
    address = "https://api.twitter.com/2/oauth2/token"
    token = handler.refresh_token(address, refresh_token=account["refreshToken"], auth=handler.auth)
    equal("a refreshed token has the scopes that were asked for", sorted(token["scope"]), sorted(scope))
    client = tweepy.Client(bearer_token=token["access_token"])
    redirected(client.session)
    equal("it works", str(client.get_me(user_auth=False).data.id), account["id"])
    used = raises(Exception, lambda: handler.refresh_token(address, refresh_token=account["refreshToken"], auth=handler.auth))
    equal("the old refresh token is dead", getattr(used, "error", used), "invalid_request")


class Redirected(tweepy.auth.OAuth1Session):
    """The session that tweepy makes for itself at the end of a login."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        redirected(self)


def logins():
    account = sandbox.account("x", name="tweepy's person")
    scope = ["tweet.read", "tweet.write", "users.read", "media.write", "offline.access"]
    handler = tweepy.OAuth2UserHandler(
        client_id="sandbox-client-id", client_secret="sandbox-client-secret", redirect_uri="https://localhost/callback", scope=scope
    )
    redirected(handler)
    back = sandbox.agree(handler.get_authorization_url(), account)
    token = handler.fetch_token(back)
    client = tweepy.Client(bearer_token=token["access_token"])
    redirected(client.session)
    equal("a login by OAuth 2", str(client.get_me(user_auth=False).data.id), account["id"])
    used = raises(Exception, lambda: handler.fetch_token(back))
    equal("a code works once", getattr(used, "error", used), "invalid_request")

    tweepy.auth.OAuth1Session = Redirected
    keys = ("sandbox-consumer-key", "sandbox-consumer-secret")
    signed = tweepy.OAuth1UserHandler(*keys, callback="https://localhost/callback?kept=1")
    back = sandbox.agree(signed.get_authorization_url(), account)
    told = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))
    check("the app's own query is kept", told["kept"] == "1", back)
    access = signed.get_access_token(told["oauth_verifier"])
    client = tweepy.Client(
        consumer_key=keys[0], consumer_secret=keys[1], access_token=access[0], access_token_secret=access[1]
    )
    redirected(client.session)
    equal("a login by OAuth 1.0a", str(client.get_me().data.id), account["id"])


def main():
    account = sandbox.account("x", oauth1=True)
    bearer, signing, legacy = clients(account)
    ids = texts_and_threads(account, bearer, signing)
    media(account, signing, legacy)
    reads(account, bearer, ids)
    errors(account, bearer, signing, legacy)
    last = waiting(account)
    count = len(sandbox.posts(account))
    check("delete_tweet", bearer.delete_tweet(last, user_auth=False).data["deleted"])
    equal("nothing but what was sent is left", (count, len(sandbox.posts(account))), (7, 6))
    tokens(account)
    logins()


main()
