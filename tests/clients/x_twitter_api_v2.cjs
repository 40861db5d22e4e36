// twitter-api-v2: posts, threads, uploads by both versions, limits and errors. It speaks TLS only and signs for X's own hosts.
"use strict";

const { ApiResponseError, TwitterApi } = require("twitter-api-v2");

const sandbox = require("./sandbox.cjs");
const { check, equal, plant, raises } = sandbox;
const { agent } = require("./tls.cjs");

async function publishing(bearer, signing, account) {
  const thread = await bearer.v2.tweetThread(["a thread begins", "goes on", "and ends"]);
  const ids = thread.map(({ data }) => data.id);
  const reply = await signing.v2.reply("signed and delivered", ids[2]);
  const poll = await bearer.v2.tweet("which?", { poll: { options: ["one", "two"], duration_minutes: 60 } });
  const photo = await sandbox.sample("photo-1.jpg");
  const byV2 = await bearer.v2.uploadMedia(photo, { media_type: "image/jpeg", media_category: "tweet_image" }, 50_000);
  await bearer.v2.createMediaMetadata(byV2, { alt_text: { text: "a view" } });
  const byV1 = await signing.v1.uploadMedia(await sandbox.sample("photo-2.jpg"), { mimeType: "image/jpeg", target: "tweet" });
  const images = await bearer.v2.tweet("two pictures", { media: { media_ids: [byV2, byV1] } });
  const film = await sandbox.sample("landscape.mp4");
  const filmByV2 = await bearer.v2.uploadMedia(film, { media_type: "video/mp4", media_category: "tweet_video" }, 40_000);
  const first = await bearer.v2.tweet("a film", { media: { media_ids: [filmByV2] } });
  const settings = { mimeType: "video/mp4", target: "tweet", chunkLength: 40_000, maxConcurrentUploads: 2 };
  const filmByV1 = await signing.v1.uploadMedia(film, settings);
  const second = await signing.v2.tweet("the same film by version 1.1", { media: { media_ids: [filmByV1] } });
  const sent = [...ids, ...[reply, poll, images, first, second].map(({ data }) => data.id)];
  const seen = await sandbox.posts(account);
  equal("everything is there once", seen.map(({ id }) => id), sent);
  equal("as what it is", seen.map(({ kind }) => kind), ["text", "text", "text", "text", "poll", "images", "video", "video"]);
  equal("a thread hangs together", seen.slice(0, 4).map(({ replyTo }) => replyTo), [null, ids[0], ids[1], ids[2]]);
  equal("the alternative text is kept", seen[5].media.map(({ altText }) => altText), ["a view", null]);
  equal("films in their whole length", seen.slice(6).map(({ media }) => media[0].sizeBytes), [film.length, film.length]);
  return sent;
}

async function reads(bearer, account, sent) {
  const me = await bearer.v2.me({ "user.fields": ["verified", "profile_image_url"] });
  equal("me", [me.data.id, me.data.username], [account.id, account.username]);
  const one = await bearer.v2.singleTweet(sent[1], { "tweet.fields": ["created_at", "referenced_tweets", "author_id"] });
  equal("one post", [one.data.text, one.data.referenced_tweets], ["goes on", [{ type: "replied_to", id: sent[0] }]]);
  const poll = { expansions: ["attachments.poll_ids"], "poll.fields": ["duration_minutes"] };
  const many = await bearer.v2.tweets([sent[4], "1"], poll);
  equal("many, one missing", [many.data.length, many.errors.length, many.includes.polls[0].duration_minutes], [1, 1, 60]);
  const timeline = await bearer.v2.userTimeline(account.id, { max_results: 5, "tweet.fields": ["created_at"] });
  const listed = [];
  for await (const tweet of timeline) listed.push(tweet.id);
  equal("the timeline through its pages", listed, [...sent].reverse());
  const { limit, remaining } = timeline.rateLimit;
  check("the limit is read from headers", limit === 900 && remaining < 900, timeline.rateLimit);
}

async function errors(bearer, signing, account) {
  const refused = async (call) => {
    const error = await raises(call);
    check("an error of its own type", error instanceof ApiResponseError, String(error));
    return error;
  };
  const repeated = await refused(() => bearer.v2.tweet("a thread begins"));
  equal("a repeated text", [repeated.code, repeated.data.detail], [403, "You are not allowed to create a Tweet with duplicate content."]);
  const foreign = await refused(() => bearer.v2.tweet("foreign media", { media: { media_ids: ["123"] } }));
  equal("foreign media", [foreign.code, foreign.errors[0].message], [400, "Your media IDs are invalid."]);
  await plant(account, "/2/tweets", { name: "rate_limited", resetAfterSeconds: 300 });
  const limit = await refused(() => bearer.v2.tweet("limit"));
  const left = limit.rateLimit.reset - Date.now() / 1000;
  check("a limit and its end", limit.rateLimitError && limit.rateLimit.remaining === 0 && left > 290 && left < 310, limit.rateLimit);
  await plant(account, "/2/tweets", { name: "error", code: "429/user-24hour" });
  const day = await refused(() => bearer.v2.tweet("the limit of a day"));
  equal("the limit of a day", [day.code, day.rateLimit.userDay?.remaining ?? day.rateLimit.day?.remaining], [429, 0]);
  await plant(account, "/2/tweets", { name: "error", code: "401/unauthorized" });
  check("a refused token", (await refused(() => bearer.v2.tweet("who"))).isAuthError);
  await plant(account, "/1.1/media/upload.json", { name: "error", code: "v1/324" });
  const old = await refused(async () => signing.v1.uploadMedia(await sandbox.sample("photo-3.jpg"), { mimeType: "image/jpeg" }));
  check("version 1.1 gives codes", old.hasErrorCode(324), old.errors);
  await plant(account, "/2/tweets", { name: "answer_lost" });
  const lost = await raises(() => bearer.v2.tweet("a lost answer"));
  equal("a lost answer", lost.type, "request");
  equal("was posted all the same", (await sandbox.posts(account)).at(-1).text, "a lost answer");
}

async function tokens(options, account) {
  const app = new TwitterApi({ clientId: "sandbox-client-id", clientSecret: "sandbox-client-secret" }, options);
  const body = { grant_type: "refresh_token", refresh_token: account.refreshToken, client_id: "sandbox-client-id" };
  // Its own `refreshOAuth2Token` looks for the path in the wrong part of the URL and so sends JSON, not a form.
  const refresh = () => app.post("https://api.x.com/2/oauth2/token", body, { forceBodyMode: "url" });
  const pair = await refresh();
  const renewed = new TwitterApi(pair.access_token, options);
  equal("a refresh", [pair.expires_in, (await renewed.v2.me()).data.id], [7200, account.id]);
  const used = await raises(refresh);
  equal("a used refresh token", [used.code, used.data.error], [400, "invalid_request"]);
  const dead = await raises(() => new TwitterApi(account.accessToken, options).v2.me());
  check("the old token is dead", dead.isAuthError, dead.code);
}

async function logins(options) {
  const account = await sandbox.account("x", { name: "twitter-api-v2's person" });
  const keys = { appKey: "sandbox-consumer-key", appSecret: "sandbox-consumer-secret" };
  const link = await new TwitterApi(keys, options).generateAuthLink("https://localhost/callback", { linkMode: "authorize" });
  const told = new URL(await sandbox.agree(link.url, account));
  const begun = { ...keys, accessToken: link.oauth_token, accessSecret: link.oauth_token_secret };
  const { client, userId } = await new TwitterApi(begun, options).login(told.searchParams.get("oauth_verifier"));
  equal("a login by OAuth 1.0a", [userId, (await client.v2.me()).data.id], [account.id, account.id]);
}

async function main() {
  const account = await sandbox.account("x", { oauth1: true });
  const options = { httpAgent: await agent(["api.x.com", "upload.x.com"]) };
  const { consumerKey: appKey, consumerSecret: appSecret, token: accessToken, tokenSecret: accessSecret } = account;
  const bearer = new TwitterApi(account.accessToken, options);
  const signing = new TwitterApi({ appKey, appSecret, accessToken, accessSecret }, options);
  const sent = await publishing(bearer, signing, account);
  await reads(bearer, account, sent);
  await errors(bearer, signing, account);
  const last = (await sandbox.posts(account)).at(-1).id;
  check("a deletion", (await signing.v2.deleteTweet(last)).data.deleted);
  equal("only that one is gone", (await sandbox.posts(account)).map(({ id }) => id), sent);
  await tokens(options, account);
  await logins(options);
}

sandbox.run(main);
