"""python-facebook-api: tokens of Pages and of Instagram's own login, usage headers, errors, and models of what is read."""

import os

from pyfacebook import BasicDisplayAPI, FacebookApi, FacebookError, GraphAPI, IGBusinessApi

import sandbox
from sandbox import APP_ID, APP_SECRET, check, control, equal, error, plant, raises, sample_url

VERSION = "v26.0"
HOSTS = {"base_url": f"{sandbox.URL}/", "access_token_url": f"{sandbox.URL}/oauth/access_token"}
COMMON = {"app_id": APP_ID, "app_secret": APP_SECRET, "version": VERSION, "sleep_on_rate_limit": False, **HOSTS}


def tokens(page):
    person = sandbox.account("facebook", variant="user", person="pyfacebook")
    graph = GraphAPI(access_token=person["accessToken"], **COMMON)
    long = graph.exchange_long_lived_user_access_token()
    check("a person's token gets 60 days", long["expires_in"] > 59 * 86_400 and long["token_type"] == "bearer", long)
    graph = GraphAPI(access_token=long["access_token"], **COMMON)
    pages = graph.exchange_long_lived_page_access_token("me", access_token=long["access_token"])["data"]
    own = next(item for item in pages if item["id"] == page["id"])
    equal("the list of Pages has their tokens", own["access_token"], page["accessToken"])
    equal("so has a Page by itself", graph.exchange_page_access_token(page["id"]), page["accessToken"])
    app = GraphAPI(application_only_auth=True, **COMMON)
    equal("the app's own token", app.access_token, f"{APP_ID}|{APP_SECRET}")
    of_page = app.debug_token(page["accessToken"])["data"]
    seen = (of_page["is_valid"], of_page["type"], of_page["profile_id"], of_page["expires_at"])
    equal("debug_token on a Page's token", seen, (True, "PAGE", page["id"], 0))
    of_person = app.debug_token(long["access_token"])["data"]
    check("and on a person's", of_person["type"] == "USER" and of_person["expires_at"] > of_person["issued_at"], of_person)
    equal("and on nonsense", app.debug_token("nonsense")["data"]["is_valid"], False)
    granted = {item["permission"] for item in graph.get_connection("me", "permissions")["data"]}
    check("scopes are granted", {"pages_manage_posts", "pages_show_list"} <= granted, granted)
    wrong = GraphAPI(access_token="x", **{**COMMON, "app_secret": "wrong"})
    bad = raises(FacebookError, lambda: wrong.exchange_long_lived_user_access_token(long["access_token"]))
    equal("a wrong secret is refused", bad.code, 1)
    check("revoke", graph.delete_object("me", "permissions")["success"])
    dead = raises(FacebookError, lambda: graph.get_object("me"))
    equal("a revoked token is dead", (dead.code, dead.error_subcode), (190, 458))


def logins():
    """Both logins from the consent page on. Its OAuth layer insists on TLS otherwise."""
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    os.environ["OAUTHLIB_RELAX_TOKEN_SCOPE"] = "1"
    back = "https://localhost/callback"
    page = sandbox.account("facebook", name="Given Page", person="pyfacebook's person")
    # It names the app in a header alone, which is not Facebook's documented way.
    urls = {
        "authorization_url": f"{sandbox.URL}/{VERSION}/dialog/oauth",
        "access_token_url": f"{sandbox.URL}/oauth/access_token?client_id={APP_ID}&client_secret={APP_SECRET}",
    }
    graph = GraphAPI(oauth_flow=True, **{**COMMON, **urls})
    scope = ["pages_show_list", "pages_read_engagement"]
    url, state = graph.get_authorization_url(redirect_uri=back, scope=scope)
    token = graph.exchange_user_access_token(sandbox.agree(url, page), redirect_uri=back, scope=scope, state=state)
    check("Facebook's login gives a short token", 0 < token["expires_in"] <= 7200, token)
    given = GraphAPI(access_token=token["access_token"], **COMMON).get_connection("me", "accounts")["data"]
    equal("for the Page that was given", [item["id"] for item in given], [page["id"]])

    account = sandbox.account("instagram", variant="instagram")
    login = BasicDisplayAPI(
        app_id="2000000000000002", app_secret=APP_SECRET, oauth_flow=True, version=VERSION, sleep_on_rate_limit=False,
        base_url=f"{sandbox.URL}/instagram/", authorization_url=f"{sandbox.URL}/oauth/authorize",
        access_token_url=f"{sandbox.URL}/instagram/oauth/access_token?client_id=2000000000000002&client_secret={APP_SECRET}",
    )
    scope = ["instagram_business_basic"]
    control("POST", "settings", {"instagram": {"dataWrapped": False}})
    url, state = login.get_authorization_url(redirect_uri=back, scope=scope)
    told = sandbox.agree(url, account).removesuffix("#_")
    token = login.exchange_user_access_token(told, redirect_uri=back, scope=scope, state=state)
    control("POST", "settings", {"instagram": {"dataWrapped": True}})
    shown = login.get_object("me", fields="user_id,username") if login.access_token else token
    equal("Instagram's login is that of the account", shown["user_id"], account["id"])


def pages(page):
    api = FacebookApi(access_token=page["accessToken"], **COMMON)
    post = api.post_object(page["id"], "feed", data={"message": "pyfacebook says hello"})
    photo = api.post_object(
        page["id"], "photos", data={"caption": "a file"}, files={"source": ("photo-4.jpg", sandbox.sample("photo-4.jpg"))}
    )
    video = api.post_object(
        page["id"], "videos", data={"title": "A film", "description": "in one part"},
        files={"source": ("clip.mp4", sandbox.sample("clip.mp4"), "video/mp4")},
    )

    def ready():
        return api.get_object(video["id"], fields="status")["status"]["video_status"] == "ready"

    sandbox.until("the video is ready", ready)
    seen = sandbox.posts(page)
    equal("text, photo and video are there", sorted(item["kind"] for item in seen), ["image", "text", "video"])
    equal("the photo under its post", photo["post_id"], next(item["id"] for item in seen if item["kind"] == "image"))
    fields = "id,message,created_time,permalink_url,attachments,status_type,is_published,from"
    listed = api.page.get_published_posts(page["id"], fields=fields, limit=2).data
    equal("posts as models", {item.id for item in listed}, {item["id"] for item in seen})
    text = api.post.get_info(post["id"], fields="id,message,created_time,from")
    equal("one post as a model", (text.message, text._from["id"]), ("pyfacebook says hello", page["id"]))
    comment = api.post_object(post["id"], "comments", data={"message": "a comment"})
    comments = api.post.get_comments(post["id"], fields="id,message,created_time,from").data
    equal("comments as models", [(item.id, item.message) for item in comments], [(comment["id"], "a comment")])
    limit = api.rate_limit.get_limit(page["id"], "pages")
    check("usage headers are read", limit.type == "pages" and limit.call_count < 100, limit)
    plant(page, f"*/{page['id']}/feed", {"name": "rate_limited", "resetAfterSeconds": 600})
    full = raises(FacebookError, lambda: api.post_object(page["id"], "feed", data={"message": "limit"}))
    limit = api.rate_limit.get_limit(page["id"], "pages")
    equal("a limit and its end", (full.code, limit.call_count, limit.estimated_time_to_regain_access), (4, 100, 10))
    for code in ("190/463", "368/1390008", "200"):
        plant(page, f"*/{page['id']}/feed", error(code))
        refused = raises(FacebookError, lambda: api.post_object(page["id"], "feed", data={"message": code}))
        wanted = [int(part) for part in code.split("/")]
        equal(f"error {code}", [refused.code, getattr(refused, "error_subcode", None)], [*wanted, None][:2])
    check("delete", api.delete_object(post["id"])["success"])
    equal("only that one is gone", len(sandbox.posts(page)), 2)


def instagram():
    account = sandbox.account("instagram", variant="instagram", username="pyfacebook")
    hosts = {"base_url": f"{sandbox.URL}/instagram/", "access_token_url": f"{sandbox.URL}/instagram/oauth/access_token"}
    login = BasicDisplayAPI(
        app_id=APP_ID, app_secret=APP_SECRET, access_token=account["accessToken"], version=VERSION,
        sleep_on_rate_limit=False, **hosts,
    )
    long = login.exchange_long_lived_user_access_token()
    check("a short token of Instagram's login gets 60 days", long["expires_in"] > 59 * 86_400, long)
    young = raises(FacebookError, lambda: login.refresh_access_token(long["access_token"]))
    equal("it is too young to be refreshed", young.code, 100)
    api = IGBusinessApi(
        app_id=APP_ID, app_secret=APP_SECRET, access_token=long["access_token"], version=VERSION,
        sleep_on_rate_limit=False, instagram_business_id=account["id"], **hosts,
    )
    me = api.get_object("me", fields="user_id,username,account_type")
    equal("me", (me["user_id"], me["username"]), (account["id"], "pyfacebook"))
    made = api.post_object("me", "media", data={"image_url": sample_url("photo-2.jpg"), "caption": "by pyfacebook"})

    def ready():
        return api.container.get_info(made["id"], fields="id,status,status_code").status_code == "FINISHED"

    sandbox.until("the container is finished", ready)
    media = api.post_object("me", "media_publish", data={"creation_id": made["id"]})
    equal("the photo is there", [post["id"] for post in sandbox.posts(account)], [media["id"]])
    shown = api.media.get_info(media["id"], fields="id,caption,media_type,media_product_type,permalink,timestamp,username")
    equal("as a model", (shown.caption, shown.media_type, shown.media_product_type), ("by pyfacebook", "IMAGE", "FEED"))
    listed = api.user.get_media(fields="id,caption,timestamp").data
    equal("in the list", [item.id for item in listed], [media["id"]])
    comment = api.post_object(media["id"], "comments", data={"message": "a comment"})
    comments = api.media.get_comments(media["id"], fields="id,text,timestamp").data
    equal("a comment as a model", [(item.id, item.text) for item in comments], [(comment["id"], "a comment")])
    quota = api.get_connection("me", "content_publishing_limit", fields="quota_usage,config")["data"][0]
    equal("the quota", quota["quota_usage"], 1)
    limit = api.rate_limit.get_limit(account["id"], "instagram")
    equal("usage headers are read", limit.type, "instagram")
    other = GraphAPI(access_token=long["access_token"], **COMMON)
    foreign = raises(FacebookError, lambda: other.get_object(account["id"], fields="username"))
    equal("the other login's host refuses the token", foreign.code, 190)
    refreshable = sandbox.account("instagram", variant="instagram")
    fresh = login.refresh_access_token(refreshable["accessToken"])
    check("an older token is refreshed", fresh["access_token"] != refreshable["accessToken"] and fresh["permissions"], fresh)


def main():
    page = sandbox.account("facebook", name="pyfacebook's Page", person="pyfacebook")
    pages(page)
    instagram()
    # At its end the person removes the app, and the Page's token dies with it.
    tokens(page)
    logins()


main()
