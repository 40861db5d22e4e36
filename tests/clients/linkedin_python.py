"""linkedin-api-client for Python, LinkedIn's own: every Rest.li method that publishing needs, and its token calls."""

import time
import urllib.parse

import linkedin_api.common.constants as constants
import requests

import sandbox

# Before its clients are imported: they copy these.
constants.OAUTH_BASE_URL = f"{sandbox.URL}/oauth/v2"
constants.NON_VERSIONED_BASE_URL = f"{sandbox.URL}/v2"
constants.VERSIONED_BASE_URL = f"{sandbox.URL}/rest"

from linkedin_api.clients.auth.client import AuthClient
from linkedin_api.clients.restli.client import RestliClient
from linkedin_api.common.errors import ResponseFormattingError

from sandbox import check, equal, error, plain, plant

VERSION = "202609"


class Session(requests.Session):
    """Remembers the last answer, also when the SDK cannot read it."""

    def send(self, request, **options):
        self.last = super().send(request, **options)
        return self.last


class Author:
    """A member or an organisation, and the calls in its name."""

    def __init__(self, account, kind):
        self.account, self.urn, self.token = account, f"urn:li:{kind}:{account['id']}", account["accessToken"]
        self.client = RestliClient()
        self.client.session = Session()

    def call(self, method, path, **more):
        return getattr(self.client, method)(resource_path=path, access_token=self.token, version_string=VERSION, **more)

    def post(self, text, **more):
        entity = {
            "author": self.urn,
            "commentary": text,
            "visibility": "PUBLIC",
            "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []},
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
            **more,
        }
        return self.call("create", "/posts", entity=entity)

    def image(self, name):
        return self.single("/images", "image", name)

    def document(self, name):
        return self.single("/documents", "document", name)

    def single(self, resource, kind, name):
        """A file in one part; the SDK has no call for the bytes."""
        params = {"initializeUploadRequest": {"owner": self.urn}}
        value = self.call("action", resource, action_name="initializeUpload", action_params=params).value
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/octet-stream"}
        status, _, _ = plain("PUT", value["uploadUrl"], sandbox.sample(name), headers)
        check(f"{name} is taken", status in (200, 201), status)
        return self.available(resource, value[kind])

    def video(self, name, size):
        film = sandbox.sample(f"{name}?size={size}")
        params = {"owner": self.urn, "fileSizeBytes": size, "uploadCaptions": False, "uploadThumbnail": False}
        value = self.call(
            "action", "/videos", action_name="initializeUpload", action_params={"initializeUploadRequest": params}
        ).value
        parts = []
        for part in value["uploadInstructions"]:
            piece = film[part["firstByte"] : part["lastByte"] + 1]
            status, headers, _ = plain("PUT", part["uploadUrl"], piece, {"Content-Type": "application/octet-stream"})
            equal("a part of the video is taken", status, 200)
            parts.append(headers["ETag"])
        check("it has several parts", len(parts) > 1, parts)
        end = {"video": value["video"], "uploadToken": value["uploadToken"], "uploadedPartIds": parts}
        # The SDK reads the answer to every action as JSON, and this one has no body.
        status = self.finish({"finalizeUploadRequest": end})
        equal("the video is put together", status, 200)
        return self.available("/videos", value["video"])

    def finish(self, params):
        try:
            self.call("action", "/videos", action_name="finalizeUpload", action_params=params)
        except ResponseFormattingError:
            pass
        return self.client.session.last.status_code

    def available(self, resource, urn):
        def ready():
            status = self.call("get", f"{resource}/{{urn}}", path_keys={"urn": urn}).entity["status"]
            assert status in ("PROCESSING", "AVAILABLE"), status
            return status == "AVAILABLE"

        sandbox.until(f"{urn} is available", ready)
        return urn


def publishing(author):
    urns = []

    def done(what, answer):
        kind = (answer.entity_id or "").rpartition(":")[0]
        check(f"{what}: 201 and a URN", answer.status_code == 201 and kind in ("urn:li:share", "urn:li:ugcPost"), answer.entity)
        urns.append(answer.entity_id)

    first, second = author.image("photo-1.jpg"), author.image("photo-2.jpg")
    article = {"source": "https://example.com/article", "title": "An article", "description": "about it", "thumbnail": first}
    poll = {"question": "Which?", "options": [{"text": "this"}, {"text": "that"}], "settings": {"duration": "ONE_DAY"}}
    images = [{"id": first, "altText": "one"}, {"id": second, "altText": "two"}]
    document = {"media": {"id": author.document("slides.pdf"), "title": "Slides"}}
    video = {"media": {"id": author.video("landscape.mp4", 5_000_000), "title": "A film"}}
    done("a text", author.post("linkedin says hello \\#1 #sandbox"))
    done("a picture", author.post("a picture", content={"media": {"id": first, "altText": "a view"}}))
    done("pictures", author.post("pictures", content={"multiImage": {"images": images}}))
    done("a document", author.post("a document", content=document))
    done("a video", author.post("a video", content=video))
    done("an article", author.post("an article", content={"article": article}))
    done("a poll", author.post("a poll", content={"poll": poll}))
    seen = sandbox.posts(author.account)
    equal("everything is there once", [post["id"] for post in seen], urns)
    kinds = ["text", "image", "images", "document", "video", "link", "poll"]
    equal("as what it is", [post["kind"] for post in seen], kinds)
    equal("alternative texts are kept", [item["altText"] for item in seen[2]["media"]], ["one", "two"])
    equal("the text without its backslash", seen[0]["text"], "linkedin says hello #1 #sandbox")
    return urns


def reads(author, urns):
    query = {"author": author.urn, "count": 3, "sortBy": "CREATED"}
    listed = author.call("finder", "/posts", finder_name="author", query_params=query)
    equal("the finder, newest first", [item["id"] for item in listed.elements], list(reversed(urns))[:3])
    equal("with its paging", (listed.paging.start, listed.paging.count), (0, 3))
    one = author.call("get", "/posts/{urn}", path_keys={"urn": urns[1]}).entity
    seen = (one["id"], one["author"], one["commentary"], one["lifecycleState"])
    equal("one post", seen, (urns[1], author.urn, "a picture", "PUBLISHED"))
    check("its times are in milliseconds", abs(one["createdAt"] / 1000 - time.time()) < 120, one["createdAt"])
    change = {"commentary": "another text"}
    patch = author.call("partial_update", "/posts/{urn}", path_keys={"urn": urns[1]}, patch_set_object=change)
    equal("a change", patch.status_code, 204)
    equal("is seen", author.call("get", "/posts/{urn}", path_keys={"urn": urns[1]}).entity["commentary"], "another text")
    # A query of more than 4000 characters is sent as the form of a POST.
    query = {"author": author.urn, "count": 1, "sortBy": "CREATED", "fields": ",".join(["id"] * 1500)}
    tunnelled = author.call("finder", "/posts", finder_name="author", query_params=query)
    equal("a tunnelled query is understood", [item["id"] for item in tunnelled.elements or []], [urns[-1]])
    wanted = {"actor": author.urn, "object": urns[0], "message": {"text": "the first comment"}}
    comment = author.call("create", "/socialActions/{urn}/comments", path_keys={"urn": urns[0]}, entity=wanted)
    equal("a comment", (comment.status_code, comment.entity["message"]["text"]), (201, "the first comment"))
    equal("is there", [c["text"] for c in sandbox.posts(author.account)[0]["comments"]], ["the first comment"])
    gone = author.call("delete", "/posts/{urn}", path_keys={"urn": urns[-1]})
    equal("a deleted post", (gone.status_code, len(sandbox.posts(author.account))), (204, len(urns) - 1))
    again = author.call("delete", "/posts/{urn}", path_keys={"urn": urns[-1]})
    equal("deleting is repeatable", again.status_code, 204)


def errors(author):
    twice = author.post("linkedin says hello \\#1 #sandbox")
    equal("a repeated post", (twice.status_code, twice.entity["errorDetails"]["inputErrors"][0]["code"]), (422, "DUPLICATE_POST"))
    check("names the first one", "urn:li:share:" in twice.entity["message"], twice.entity)
    long = author.post("a" * 3001)
    equal("a text that is too long", (long.status_code, long.entity["code"]), (400, "FIELD_LENGTH_TOO_LONG"))
    codes = ["401/REVOKED_ACCESS_TOKEN", "403/ACCESS_DENIED", "409/CONFLICT", "429/TOO_MANY_REQUESTS"]
    for code in [*codes, "400/MEDIA_ASSET_WAITING_UPLOAD"]:
        plant(author.account, "/rest/posts", error(code))
        seen = author.post(f"refused with {code[4:]}".replace("_", " "))
        equal(f"error {code}", f"{seen.status_code}/{seen.entity['code']}", code)
    old = author.client.get(
        resource_path="/posts/{urn}", path_keys={"urn": "urn:li:share:1"}, access_token=author.token, version_string="202508"
    )
    equal("a version that is gone", (old.status_code, old.entity["code"]), (426, "NONEXISTENT_VERSION"))


def tokens(account):
    auth = AuthClient("sandbox-client-id", "sandbox-client-secret", "https://localhost/callback")
    url = auth.generate_member_auth_url(["openid", "profile", "w_member_social"], state="s")
    check("the address of the consent page", url.startswith(f"{sandbox.URL}/oauth/v2/authorization?"), url)
    told = urllib.parse.urlsplit(sandbox.agree(url, account)).query
    code = dict(urllib.parse.parse_qsl(told))["code"]
    first = auth.exchange_auth_code_for_access_token(code)
    equal("a code is exchanged", (first.status_code, first.expires_in), (200, 5_184_000))
    equal("once", auth.exchange_auth_code_for_access_token(code).status_code, 400)
    second = auth.exchange_refresh_token_for_access_token(first.refresh_token)
    check("a refresh keeps the refresh token", second.refresh_token == first.refresh_token and second.access_token, second)
    told = auth.introspect_access_token(second.access_token)
    equal("what a token is", (told.active, told.status, told.auth_type), (True, "active", "3L"))
    me = RestliClient().get(resource_path="/userinfo", access_token=second.access_token)
    equal("userinfo", (me.entity["sub"], me.entity["name"]), (account["id"], account["name"]))
    dead = RestliClient().get(resource_path="/userinfo", access_token=first.access_token)
    equal("the earlier token is dead", dead.status_code, 401)
    wrong = AuthClient("sandbox-client-id", "wrong", "https://localhost/callback")
    equal("a wrong secret", wrong.exchange_refresh_token_for_access_token(first.refresh_token).status_code, 401)


def main():
    member = sandbox.account("linkedin", variant="person", name="Python Client")
    organization = sandbox.account("linkedin", variant="organization", accessToken=member["accessToken"])
    company = Author(organization, "organization")
    roles = company.call(
        "finder", "/organizationAcls", finder_name="roleAssignee", query_params={"role": "ADMINISTRATOR", "state": "APPROVED"}
    )
    equal("the member's organisations", [role["organization"] for role in roles.elements], [company.urn])
    urns = publishing(company)
    reads(company, urns)
    errors(company)
    person = Author(member, "person")
    mine = person.post("from a member")
    equal("a member's post is there", [post["id"] for post in sandbox.posts(member)], [mine.entity_id])
    denied = person.call("get", "/posts/{urn}", path_keys={"urn": mine.entity_id})
    equal("a member's posts cannot be read", denied.status_code, 403)
    tokens(member)


main()
