// linkedin-api-client for JavaScript, LinkedIn's own: it writes its Rest.li methods in lower case and sends types on GET.
"use strict";

const sandbox = require("./sandbox.cjs");
const { check, equal, plant, raises } = sandbox;

// Before its clients are loaded: they copy these.
const constants = require("linkedin-api-client/dist/lib/utils/constants.js");
constants.OAUTH_BASE_URL = `${sandbox.URL}/oauth/v2`;
constants.NON_VERSIONED_BASE_URL = `${sandbox.URL}/v2`;
constants.VERSIONED_BASE_URL = `${sandbox.URL}/rest`;
const { AuthClient, RestliClient } = require("linkedin-api-client");

const VERSION = "202609";

async function upload(client, owner, common, name) {
  const request = { initializeUploadRequest: { owner } };
  const started = await client.action({ ...common, resourcePath: "/images", actionName: "initializeUpload", data: request });
  const { uploadUrl, image } = started.data.value;
  const headers = { Authorization: `Bearer ${common.accessToken}`, "Content-Type": "application/octet-stream" };
  const put = await fetch(uploadUrl, { method: "PUT", headers, body: await sandbox.sample(name) });
  check(`${name} is taken`, put.ok, put.status);
  const path = { resourcePath: "/images/{urn}", pathKeys: { urn: image } };
  await sandbox.until(`${name} is available`, async () => (await client.get({ ...common, ...path })).data.status === "AVAILABLE");
  return image;
}

async function main() {
  const account = await sandbox.account("linkedin", { variant: "organization" });
  const author = `urn:li:organization:${account.id}`;
  const client = new RestliClient();
  const common = { accessToken: account.accessToken, versionString: VERSION };
  const distribution = { feedDistribution: "MAIN_FEED", targetEntities: [], thirdPartyDistributionChannels: [] };
  const shared = { author, visibility: "PUBLIC", distribution, lifecycleState: "PUBLISHED", isReshareDisabledByAuthor: false };
  const post = (commentary, content) =>
    client.create({ ...common, resourcePath: "/posts", entity: { ...shared, commentary, ...(content && { content }) } });

  const image = await upload(client, author, common, "photo-3.jpg");
  const first = await post("from JavaScript");
  const second = await post("with a picture", { media: { id: image, altText: "a view" } });
  const urns = [first.createdEntityId, second.createdEntityId];
  check("posts have URNs", urns.every((urn) => /^urn:li:share:\d+$/.test(decodeURIComponent(urn))), urns);
  const seen = await sandbox.posts(account);
  equal("both are there once", seen.map(({ id, kind, text }) => [id, kind, text]), [
    [decodeURIComponent(urns[0]), "text", "from JavaScript"],
    [decodeURIComponent(urns[1]), "image", "with a picture"],
  ]);

  const byUrn = { ...common, resourcePath: "/posts/{urn}", pathKeys: { urn: seen[0].id } };
  equal("a post is read", (await client.get(byUrn)).data.commentary, "from JavaScript");
  const queryParams = { author, count: 10, sortBy: "CREATED" };
  const listed = await client.finder({ ...common, resourcePath: "/posts", finderName: "author", queryParams });
  equal("the finder", listed.data.elements.map(({ id }) => id), [seen[1].id, seen[0].id]);
  const patched = await client.partialUpdate({ ...byUrn, patchSetObject: { commentary: "changed" } });
  equal("a change", [patched.status, (await client.get(byUrn)).data.commentary], [204, "changed"]);
  equal("a deletion", [(await client.delete(byUrn)).status, (await sandbox.posts(account)).length], [204, 1]);

  const repeated = await raises(() => post("with a picture", { media: { id: image, altText: "a view" } }));
  const { status, data } = repeated.response;
  equal("a repeated post", [status, data.errorDetails.inputErrors[0].code], [422, "DUPLICATE_POST"]);
  await plant(account, "/rest/posts", { name: "error", code: "429/TOO_MANY_REQUESTS" });
  equal("the day's limit", (await raises(() => post("too many"))).response.data.code, "TOO_MANY_REQUESTS");

  const settings = { clientId: "sandbox-client-id", clientSecret: "sandbox-client-secret", redirectUrl: "https://localhost/callback" };
  const auth = new AuthClient(settings);
  const consent = new URL(auth.generateMemberAuthorizationUrl(["openid", "w_organization_social"], "s"));
  const told = new URL(await sandbox.agree(`${sandbox.URL}${consent.pathname}${consent.search}`, account));
  const code = told.searchParams.get("code");
  const exchanged = await auth.exchangeAuthCodeForAccessToken(code);
  equal("a code is exchanged", exchanged.expires_in, 5_184_000);
  const refreshed = await auth.exchangeRefreshTokenForAccessToken(exchanged.refresh_token);
  check("a refresh", refreshed.access_token !== exchanged.access_token, refreshed);
  equal("introspection", (await auth.introspectAccessToken(refreshed.access_token)).data.active, true);
}

sandbox.run(main);
