// @googleapis/youtube: Google's client for JavaScript, which sends metadata and film in one body of two parts.
"use strict";

const { Readable } = require("node:stream");

const { OAuth2Client } = require("google-auth-library");
const { youtube } = require("@googleapis/youtube");

const sandbox = require("./sandbox.cjs");
const { check, equal, plant, raises } = sandbox;

async function main() {
  const account = await sandbox.account("youtube", { name: "JavaScript client's channel" });
  const auth = new OAuth2Client({
    clientId: "sandbox-client-id",
    clientSecret: "sandbox-client-secret",
    endpoints: {
      oauth2TokenUrl: `${sandbox.URL}/token`,
      oauth2RevokeUrl: `${sandbox.URL}/revoke`,
      tokenInfoUrl: `${sandbox.URL}/tokeninfo`,
    },
  });
  auth.setCredentials({ refresh_token: account.refreshToken });
  // Calls with media forget where the API is, unless they are told again.
  const here = { rootUrl: `${sandbox.URL}/` };
  const api = youtube({ version: "v3", auth, ...here });
  const film = await sandbox.sample("landscape.mp4");
  const insert = (title) => {
    const requestBody = {
      snippet: { title, description: "from JavaScript", tags: ["one", "two"], categoryId: "22" },
      status: { privacyStatus: "public", selfDeclaredMadeForKids: false },
    };
    const media = { mimeType: "video/mp4", body: Readable.from(film) };
    return api.videos.insert({ part: ["snippet", "status"], requestBody, media }, here);
  };

  const { data: video } = await insert("In two parts");
  equal("a video is uploaded", [video.kind, video.snippet.title], ["youtube#video", "In two parts"]);
  const ready = async () => {
    const { data } = await api.videos.list({ part: ["status"], id: [video.id] });
    return data.items[0]?.status.uploadStatus === "processed";
  };
  await sandbox.until("the video is processed", ready);
  const [seen] = await sandbox.posts(account);
  equal("it is there in its whole length", [seen.id, seen.title, seen.media[0].sizeBytes], [video.id, "In two parts", film.length]);

  const image = { mimeType: "image/jpeg", body: Readable.from(await sandbox.sample("thumbnail.jpg")) };
  const thumbnail = await api.thumbnails.set({ videoId: video.id, media: image }, here);
  check("a thumbnail", thumbnail.data.items[0].default.url, thumbnail.data);
  const channel = (await api.channels.list({ part: ["snippet", "contentDetails"], mine: true })).data.items[0];
  equal("the channel", [channel.id, channel.snippet.title], [account.id, account.name]);
  const playlistId = channel.contentDetails.relatedPlaylists.uploads;
  const { data: uploads } = await api.playlistItems.list({ part: ["contentDetails"], playlistId, maxResults: 50 });
  equal("its uploads", uploads.items.map(({ contentDetails }) => contentDetails.videoId), [video.id]);

  const invalid = await raises(() => insert("a < b"));
  equal("a bad title", [invalid.status, invalid.response.data.error.errors[0].reason], [400, "invalidTitle"]);
  await plant(account, "/youtube/v3/videos", { name: "error", code: "403/quotaExceeded" });
  const quota = await raises(() => api.videos.list({ part: ["id"], id: ["AAAAAAAAAAA"] }, { retry: false }));
  equal("the quota", quota.response.data.error.errors[0].reason, "quotaExceeded");

  const asked = { access_type: "offline", prompt: "consent", redirect_uri: "https://localhost/callback", state: "s" };
  const { codeVerifier, codeChallenge } = await auth.generateCodeVerifierAsync();
  const proof = { code_challenge: codeChallenge, code_challenge_method: "S256" };
  const scope = ["https://www.googleapis.com/auth/youtube.upload", "https://www.googleapis.com/auth/youtube"];
  const consent = new URL(auth.generateAuthUrl({ ...asked, ...proof, scope }));
  const told = new URL(await sandbox.agree(`${sandbox.URL}${consent.pathname}${consent.search}`, account));
  const trade = { code: told.searchParams.get("code"), codeVerifier, redirect_uri: asked.redirect_uri };
  const { tokens } = await auth.getToken(trade);
  equal("a login", [tokens.refresh_token.startsWith("1//"), tokens.scope], [true, scope.join(" ")]);
  const twice = await raises(() => auth.getToken(trade));
  equal("a code works once", twice.response.data.error, "invalid_grant");
  auth.setCredentials(tokens);

  const token = (await auth.getAccessToken()).token;
  check("tokeninfo knows the scopes", (await auth.getTokenInfo(token)).scopes.some((scope) => scope.endsWith("youtube.upload")));
  equal("a deletion", [(await api.videos.delete({ id: video.id })).status, (await sandbox.posts(account)).length], [204, 0]);
  await auth.revokeToken(token);
  const revoked = await raises(() => auth.getTokenInfo(token));
  equal("a revoked token", revoked.response.status, 400);
}

sandbox.run(main);
