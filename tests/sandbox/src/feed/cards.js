// One function per platform, which turns a post into the head, body and tail of its card.

const FEW_OF = {
  ONE_DAY: "1 day", THREE_DAYS: "3 days", SEVEN_DAYS: "1 week", FOURTEEN_DAYS: "2 weeks",
};
function minutes(count) {
  const [unit, amount] = count % 1440 === 0 ? ["day", count / 1440] : count % 60 === 0 ? ["hour", count / 60] : ["minute", count];
  return `${amount} ${unit}${amount === 1 ? "" : "s"}`;
}

function head(post, {name = post.accountName, handle = "", second = "", shape = ""}) {
  return html`<div class="head">${avatar(post, shape)}<div class="who"><div class="line"><b class="name" dir="auto">${name}</b>${handle}</div>
    ${second && html`<div class="soft">${second}</div>`}</div>${logo(post.platform)}</div>`;
}

// X.

const REPLIES = {
  following: "Accounts the author follows can reply",
  mentionedUsers: "Only people the author mentioned can reply",
  subscribers: "Subscribers can reply",
  verified: "Verified accounts can reply",
};

function onX(post, {parent} = {}) {
  const {extra, media} = post;
  const link = /https?:\/\/[^\s<]+/.exec(post.text)?.[0].replace(/[.,;:!?)\]]+$/, "");
  let shows = "";
  if (extra.poll) shows = poll(extra.poll.options, html`0 votes · ${minutes(extra.poll.durationMinutes)} · ends ${when(extra.poll.endsAt)}`);
  else if (media.length === 1) shows = alone(media[0], 0.75, 2);
  else if (media.length) shows = grid(media, 4);
  else if (link) shows = preview(post, link);
  const reply = post.replyTo && !parent && html`<p class="soft reply">Replying to <a href="/i/status/${post.replyTo}">${post.replyTo}</a></p>`;
  return {
    head: head(post, {handle: html`<span class="soft handle">@${post.accountUsername}</span><span class="soft at">· ${permalink(post)}</span>`}),
    body: html`${reply}${words(post)}${shows}${chips([
      extra.madeWithAi && chip("spark", "Made with AI"),
      extra.paidPartnership && chip("tag", "Paid partnership"),
      extra.replySettings && chip("people", REPLIES[extra.replySettings] ?? extra.replySettings),
      extra.forSuperFollowersOnly && chip("lock", "Subscribers only"),
      extra.nullcast && chip("hidden", "Promoted only"),
      extra.communityId && chip("people", `Community ${extra.communityId}`),
      extra.shareWithFollowers && chip("people", "Shared with followers"),
      extra.placeId && chip("pin", `Place ${extra.placeId}`),
      extra.cardUri && chip("link", extra.cardUri),
      extra.directMessageDeepLink && chip("send", "Send a private message"),
    ])}${actions(["comment"], ["repost"], ["heart"], ["views"], ["bookmark"])}`,
    tail: comments(post, "Replies"),
  };
}

// Facebook.

function onFacebook(post) {
  const {extra, media} = post;
  let shows = "";
  if (post.kind === "story") shows = story(post);
  else if (post.kind === "reel" && media.length) shows = upright(media[0], overlay(post, post.accountName), {title: post.title || "Reel"});
  else if (media.length === 1) shows = alone(media[0], 0.8, 1.91, {title: post.title || "Video"});
  else if (media.length) shows = grid(media, 5);
  else if (post.link) shows = preview(post, post.link);
  const plain = !media.length && !post.link;
  const coloured = extra.textFormatPresetId;
  const said = coloured
    ? html`<div class="coloured" style="--hue:${hue(coloured)}"><p dir="auto">${rich("facebook", post.text)}</p></div>`
    : post.kind !== "reel" && words(post, plain && post.text.length <= 85 ? "large" : "");
  const title = post.title && post.kind === "video" && html`<p class="film-title"><b>${post.title}</b></p>`;
  return {
    head: head(post, {second: html`${permalink(post)} · <span class="aside">${icon("public")}Public</span>${post.kind === "story" && " · Story"}`, shape: post.kind === "story" ? "ring" : ""}),
    body: html`${said}${shows}${title}${chips([
      extra.noStory && chip("hidden", "Not in the feed"),
      extra.isAiGenerated && chip("spark", "AI info"),
      extra.place && chip("pin", `Place ${extra.place}`),
      extra.collaborators && chip("people", `With ${list(extra.collaborators).join(", ")}`),
      extra.contentCategory && chip("tag", extra.contentCategory),
      extra.customLabels && chip("tag", list(extra.customLabels).join(", ")),
      extra.embeddable === false && chip("off", "Embedding off"),
    ])}${post.kind !== "story" && actions(["thumb", "Like"], ["comment", "Comment"], ["share", "Share"])}`,
    tail: comments(post),
  };
}

/** What lies over an upright film: who, text, music, and the platform's buttons. */
function overlay(post, name, {title = post.title, music = `Original audio · ${name}`, buttons = ["heart", "comment", "send"]} = {}) {
  return html`<div class="over"><div class="said"><b>${name}</b>${title && html`<strong dir="auto">${title}</strong>`}
    ${post.text && html`<p dir="auto" tabindex="0">${rich(post.platform, post.text)}</p>`}${musicLine(music)}</div></div>
    <div class="rail" aria-hidden="true">${buttons.map(icon)}</div>`;
}

// Instagram.

function onInstagram(post) {
  const {extra, media} = post;
  const partners = list(extra.collaborators);
  const paid = extra.is_paid_partnership || list(extra.branded_content_sponsor_ids).length > 0;
  const on = value => value === true || value === "1" || value === "true";
  const tags = list(extra.user_tags).map(tag => "@" + tag.username);
  let shows = "";
  if (post.kind === "story") shows = story(post);
  else if (post.kind === "reel" && media.length) {
    const music = `${post.accountUsername} · ${extra.audio_name || "Original audio"}`;
    shows = upright(media[0], overlay(post, post.accountUsername, {music}), {poster: extra.cover, title: "Reel"});
  } else if (media.length > 1) {
    const ratio = ratioOf(media[0], 0.75, 1.91);
    shows = carousel(media.map(item => shot(item)), {ratio, label: "Carousel post"});
  } else if (media.length) shows = alone(media[0], 0.75, 1.91);
  const caption = post.text && post.kind !== "reel" && html`<div class="words"><p class="text" dir="auto"><b>${post.accountUsername}</b> ${rich("instagram", post.text)}</p>
    <button type="button" class="unfold" hidden>Show more</button></div>`;
  const second = [paid && "Paid partnership", extra.location_id && `Location ${extra.location_id}`, post.kind === "story" && "Story · 24 h"];
  return {
    head: head(post, {
      name: [post.accountUsername, ...partners].join(" and "),
      second: html`${permalink(post)}${second.filter(Boolean).map(text => " · " + text)}`,
      shape: post.kind === "story" || post.kind === "reel" ? "ring" : "",
    }),
    body: html`${shows}${post.kind !== "story" && html`<div class="split">${actions(["heart"], ["comment"], ["send"])}${actions(["bookmark"])}</div>`}${caption}${chips([
      tags.length > 0 && chip("person", tags.join(", ")),
      extra.product_tags && chip("tag", `${list(extra.product_tags).length} tagged products`),
      on(extra.is_ai_generated) && chip("spark", "AI info"),
      list(extra.branded_content_sponsor_ids).length > 0 && chip("tag", `Sponsor ${list(extra.branded_content_sponsor_ids).join(", ")}`),
      (extra.share_to_feed === false || extra.share_to_feed === "0") && chip("hidden", "Not in the feed"),
      extra.trial_params && chip("hidden", "Trial reel"),
    ])}`,
    tail: comments(post),
  };
}

// LinkedIn.

const AUDIENCE = {public: ["public", "Anyone"], connections: ["people", "Connections only"], logged_in: ["person", "LinkedIn members"], container: ["people", "Group"]};

function onLinkedin(post, {find} = {}) {
  const {extra, media} = post;
  const [symbol, audience] = AUDIENCE[extra.privacy] ?? AUDIENCE.public;
  let shows = "";
  if (extra.poll) shows = html`<div class="asked"><p dir="auto"><b>${extra.poll.question}</b></p>
    ${poll(extra.poll.options, `0 votes · open for ${FEW_OF[extra.poll.duration] ?? extra.poll.duration}`)}</div>`;
  else if (post.kind === "document" && media.length) shows = slides(post, media[0]);
  else if (media.length === 1) shows = html`${alone(media[0], 0.8, 1.91, {title: post.title || "Video"})}${post.title && html`<p class="film-title"><b>${post.title}</b></p>`}`;
  else if (media.length) shows = grid(media, 5);
  else if (post.link) shows = preview(post, post.link);
  else if (extra.reshareOf) shows = reshared(extra.reshareOf, find);
  const company = /^\d+$/.test(post.accountId);
  return {
    head: head(post, {second: html`${permalink(post)} · <span class="aside">${icon(symbol)}${audience}</span>`, shape: company ? "square" : ""}),
    body: html`${words(post)}${shows}${actions(["thumb", "Like"], ["comment", "Comment"], ["repost", "Repost"], ["send", "Send"])}`,
    tail: comments(post),
  };
}

function slides(post, media) {
  const known = documents.get(path(media.url)) ?? [];
  const seen = known.slice(0, 20);
  const page = (text, n) => html`<a class="leaf" href="${path(media.url)}#page=${n + 1}" aria-label="Page ${n + 1}">
    <span class="words-of">${text || icon("file")}</span></a>`;
  const count = known.length ? `${known.length} page${known.length === 1 ? "" : "s"}` : "PDF";
  return html`<div class="document"><p class="bar-of"><b dir="auto">${post.title}</b><span>${count}</span></p>
    ${carousel(seen.length ? seen.map(page) : [page("", 0)], {ratio: 1, label: `Document ${post.title}`})}</div>`;
}

function reshared(id, find) {
  const original = find?.(id);
  if (!original) return html`<div class="quoted soft">Shared post ${id}</div>`;
  return html`<a class="quoted" href="${path(original.url)}"><span class="line">${avatar(original, /^\d+$/.test(original.accountId) ? "square" : "")}<b>${original.accountName}</b></span>
    <span class="text" dir="auto">${original.text || original.title || "Post without text"}</span></a>`;
}

// TikTok.

const VIEWERS = {
  PUBLIC_TO_EVERYONE: ["public", "Everyone"],
  MUTUAL_FOLLOW_FRIENDS: ["people", "Friends"],
  FOLLOWER_OF_CREATOR: ["people", "Followers"],
  SELF_ONLY: ["lock", "Only me"],
};

function onTiktok(post) {
  const {extra, media} = post;
  const inbox = post.kind === "inbox" || extra.inbox === true;
  const photos = media.length > 0 && !isFilm(media[0]);
  const [symbol, viewers] = VIEWERS[extra.privacy] ?? ["inbox", "Not posted yet"];
  const music = photos && extra.autoAddMusic ? "Music added by TikTok" : `original sound – ${post.accountName}`;
  const over = overlay(post, "@" + post.accountUsername, {music, buttons: ["heart", "comment", "bookmark", "share"]});
  let shows = "";
  if (photos) {
    const pages = media.map(item => picture(item));
    shows = html`<div class="upright"><div class="frame photos">${carousel(pages, {ratio: 9 / 16, label: "Photo post"})}${over}</div></div>`;
  } else if (media.length) shows = upright(media[0], over, {title: "TikTok video"});
  return {
    head: head(post, {handle: html`<span class="soft handle">@${post.accountUsername}</span>`, second: html`${permalink(post)} · <span class="aside">${icon(symbol)}${viewers}</span>`}),
    body: html`${inbox && html`<p class="waiting">${icon("inbox")}<span><b>In the author's inbox</b><br>A draft: it appears once the author finishes it in the app.</span></p>`}
      ${shows}${chips([
        extra.brandContent && chip("tag", "Paid partnership"),
        extra.brandOrganic && chip("tag", "Promotional content"),
        extra.aigc && chip("spark", "Labelled as AI-generated"),
        extra.disableComment && chip("off", "Comments off"),
        extra.disableDuet && chip("off", "Duet off"),
        extra.disableStitch && chip("off", "Stitch off"),
        photos && extra.coverIndex > 0 && chip("stack", `Cover: photo ${extra.coverIndex + 1}`),
        extra.coverTimestampMs > 0 && chip("clock", `Cover at ${extra.coverTimestampMs / 1000} s`),
      ])}`,
    tail: comments(post),
  };
}

// YouTube.

const PRIVACY = {public: ["public", "Public"], unlisted: ["link", "Unlisted"], private: ["lock", "Private"]};

function onYoutube(post) {
  const {extra, media} = post;
  const short = post.kind === "short";
  const poster = extra.thumbnail && "/_sandbox/media/" + encodeURIComponent(extra.thumbnail);
  const title = post.title || "Untitled video";
  let shows = "";
  if (short && media.length) {
    const over = overlay(post, "@" + post.accountUsername, {title, music: `Original sound · ${post.accountName}`, buttons: ["thumb", "comment", "share"]});
    shows = upright(media[0], over, {poster, title});
  } else if (media.length) shows = html`<div class="alone" style="--ratio:${16 / 9}">${shot(media[0], {poster, title})}</div>`;
  const tags = list(extra.tags);
  const described = tags.length > 0 || post.text && !short;
  return {
    head: html`${shows}${short ? "" : html`<h2 dir="auto">${title}</h2>`}
      ${head(post, {second: html`${short ? "Short · " : ""}0 views · ${permalink(post)}`})}`,
    body: html`${chips([
      chip(...(PRIVACY[extra.privacy] ?? ["off", extra.privacy ?? "Privacy unknown"]), extra.privacy),
      extra.publishAt && chip("clock", html`Scheduled for ${when(extra.publishAt)}`, "due"),
      extra.madeForKids && chip("person", "Made for kids"),
      extra.containsSyntheticMedia && chip("spark", "Altered or synthetic content"),
      extra.hasPaidProductPlacement && chip("tag", "Includes paid promotion"),
      extra.license === "creativeCommon" && chip("file", "Creative Commons"),
      extra.embeddable === false && chip("off", "Embedding off"),
      extra.notifySubscribers === false && chip("off", "Subscribers not notified"),
      extra.uploadStatus && extra.uploadStatus !== "processed" && chip("clock", `Upload ${extra.uploadStatus}`),
      extra.defaultLanguage && chip("public", extra.defaultLanguage),
    ])}${described && html`<div class="about-film">${short ? "" : words(post)}
      ${tags.length > 0 && html`<p class="soft tags">Tags: ${tags.join(", ")}</p>`}</div>`}`,
    tail: comments(post),
  };
}

const CARDS = {x: onX, facebook: onFacebook, instagram: onInstagram, linkedin: onLinkedin, tiktok: onTiktok, youtube: onYoutube};
