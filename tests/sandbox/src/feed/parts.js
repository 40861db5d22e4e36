// Pieces that all platforms share. `html` escapes every value that is not made by `html` itself.

class Html {
  constructor(text) { this.text = text; }
}
const ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"};
function shown(value) {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(shown).join("");
  return String(value).replace(/[&<>"']/g, c => ESCAPES[c]);
}
const html = (strings, ...values) => new Html(strings.map((part, n) => part + (n < values.length ? shown(values[n]) : "")).join(""));

const PLATFORMS = {x: "X", facebook: "Facebook", instagram: "Instagram", linkedin: "LinkedIn", tiktok: "TikTok", youtube: "YouTube"};
const icon = name => html`<svg class="icon" aria-hidden="true"><use href="#${name}"/></svg>`;
/** An address without its host, so that it works wherever the page was loaded from. */
const path = address => { try { return new URL(address).pathname; } catch { return String(address ?? ""); } };
const host = address => { try { return new URL(address).host.replace(/^www\./, ""); } catch { return address; } };
const web = address => /^https?:\/\//i.test(address) ? address : "#";
const hue = text => [...String(text)].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) % 360, 7);
const isFilm = media => media.contentType.startsWith("video/");
const list = value => Array.isArray(value) ? value : value ? [value] : [];

function when(iso) {
  const at = new Date(iso);
  const year = at.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  const day = at.toLocaleDateString(undefined, {year, day: "numeric", month: "short"});
  const clock = at.toLocaleTimeString(undefined, {hour: "2-digit", minute: "2-digit", hourCycle: "h23"});
  return html`<time datetime="${iso}" title="${at.toLocaleString(undefined, {dateStyle: "full", timeStyle: "medium"})}">${day}<span class="clock">, ${clock}</span></time>`;
}
const permalink = post => html`<a class="time" href="${path(post.url)}">${when(post.createdAt)}</a>`;

function avatar(post, shape = "") {
  const name = post.accountName || "?";
  const colour = hue((post.accountId ?? "") + name);
  return html`<span class="avatar ${shape}" style="--hue:${colour}" aria-hidden="true">${[...name][0].toUpperCase()}</span>`;
}
const logo = platform => html`<span class="logo" title="${PLATFORMS[platform]}">${icon(platform)}</span>`;

// Text.

const URLS = String.raw`https?:\/\/[^\s<]+`;
const HASHTAG = String.raw`(?<![\p{L}\p{N}_&\/])[#＃][\p{L}\p{N}_]*\p{L}[\p{L}\p{N}_]*`;
const mention = name => String.raw`(?<![\p{L}\p{N}_@\/.])@${name}`;
const TOKENS = {
  x: [URLS, HASHTAG, mention(String.raw`\w{1,15}(?![\w@])`), String.raw`(?<![\p{L}\p{N}_$])\$[A-Za-z]{1,6}(?![\p{L}\p{N}_])`],
  facebook: [URLS, HASHTAG],
  instagram: [HASHTAG, mention(String.raw`\w(?:[\w.]*\w)?`)],
  linkedin: [URLS, HASHTAG],
  tiktok: [HASHTAG, mention(String.raw`\w(?:[\w.]*\w)?`)],
  youtube: [URLS, HASHTAG, mention(String.raw`[\p{L}\p{N}](?:[\p{L}\p{N}_.\-]*[\p{L}\p{N}_])?`)],
};

function shortened(platform, link) {
  if (platform !== "x") return link;
  const bare = link.replace(/^https?:\/\/(www\.)?/i, "");
  return bare.length > 30 ? bare.slice(0, 29) + "…" : bare;
}

/** A text with what the platform makes links of. */
function rich(platform, text, names = []) {
  const quoted = names.map(name => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp([...TOKENS[platform], ...quoted].join("|"), "gu");
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const found = match[0].startsWith("http") ? match[0].replace(/[.,;:!?)\]'"»]+$/, "") : match[0];
    pieces.push(text.slice(end, match.index));
    pieces.push(found.startsWith("http")
      ? html`<a href="${found}" rel="noreferrer">${shortened(platform, found)}</a>`
      : html`<span class="token">${found}</span>`);
    end = match.index + found.length;
  }
  return [...pieces, text.slice(end)];
}

/** A text that is folded when it is long. */
function words(post, shape = "") {
  if (!post.text) return "";
  return html`<div class="words ${shape}"><p class="text" dir="auto">${rich(post.platform, post.text, post.extra.mentions)}</p>
    <button type="button" class="unfold" hidden>Show more</button></div>`;
}

// Media. `ratios` knows the width by the height of what was measured, as a number or still to come.

const UNKNOWN = 3 / 2;
const ratios = new Map();
const queues = Array(4).fill(Promise.resolve());
function measure(media) {
  const address = path(media.url);
  if (ratios.has(address)) return ratios.get(address);
  const film = isFilm(media);
  const probed = () => new Promise(resolve => {
    const probe = document.createElement(film ? "video" : "img");
    const done = ratio => {
      if (film) probe.removeAttribute("src"), probe.load();
      resolve(ratio);
    };
    const known = (width, height) => done(width > 0 && height > 0 ? width / height : UNKNOWN);
    probe.onload = () => known(probe.naturalWidth, probe.naturalHeight);
    probe.onloadedmetadata = () => known(probe.videoWidth, probe.videoHeight);
    probe.onerror = () => probe.hasAttribute("src") && done(UNKNOWN);
    probe.muted = true;
    probe.preload = "metadata";
    probe.src = address;
    setTimeout(done, 3000, UNKNOWN);
  }).then(ratio => ratios.set(address, ratio));
  if (!film) ratios.set(address, probed());
  else {
    // A few at a time: browsers have only so many players.
    queues.push(queues.shift().then(probed));
    ratios.set(address, queues.at(-1));
  }
  return ratios.get(address);
}
function ratioOf(media, least, most) {
  const ratio = ratios.get(path(media.url));
  return Math.min(most, Math.max(least, typeof ratio === "number" ? ratio : UNKNOWN)).toFixed(4);
}
/** What stands for a file that the browser cannot show. */
const broken = () => html`<span class="broken">${icon("file")}This file cannot be shown here</span>`;
const alt = media => media.altText && html`<details class="alt"><summary title="Alternative text">ALT</summary><p>${media.altText}</p></details>`;

function picture(media, more = "") {
  return html`<div class="shot"><a href="${path(media.url)}"><img src="${path(media.url)}" alt="${media.altText || "Image without alternative text"}"></a>
    ${media.contentType === "image/gif" && html`<span class="gif">GIF</span>`}${alt(media)}${more}</div>`;
}
function film(media, {poster = "", title = "Video", loop = false} = {}) {
  const cover = poster && html` poster="${path(poster)}"`;
  return html`<video data-src="${path(media.url)}"${cover} controls muted playsinline preload="metadata"${loop && html` loop`}
    controlslist="nodownload noremoteplayback" disablepictureinpicture aria-label="${media.altText || title}"></video>`;
}
const shot = (media, options) => isFilm(media) ? html`<div class="shot">${film(media, options)}${alt(media)}</div>` : picture(media);

/** Pictures side by side; `most` is how many before the rest is only counted. */
function grid(media, most) {
  const seen = media.slice(0, most), more = media.length - seen.length;
  const cells = seen.map((item, n) => picture(item, more > 0 && n === most - 1 && html`<span class="more" title="${more} more">+${more}</span>`));
  return html`<div class="grid n${seen.length}">${cells}</div>`;
}
/** One picture or film in its own proportions, cut when it is too high or too wide for the platform. */
const alone = (media, least, most, options) => html`<div class="alone" style="--ratio:${ratioOf(media, least, most)}">${shot(media, options)}</div>`;

/** Pages to swipe through. */
function carousel(pages, {ratio, label, count = true}) {
  const dots = pages.length <= 12 ? pages.map((_, n) => html`<i class="${n ? "" : "on"}"></i>`) : "";
  return html`<div class="carousel" style="--ratio:${ratio}" role="group" aria-roledescription="carousel">
    <div class="track" tabindex="0" role="group" aria-label="${label}, ${pages.length} pages">${pages.map((page, n) => html`<div class="page" role="group" aria-label="${n + 1} of ${pages.length}">${page}</div>`)}</div>
    ${pages.length > 1 && html`<button type="button" class="turn back" aria-label="Previous" hidden>${icon("left")}</button>
    <button type="button" class="turn on" aria-label="Next">${icon("right")}</button>
    ${count && html`<span class="place" aria-hidden="true">1/${pages.length}</span>`}<span class="dots" aria-hidden="true">${dots}</span>`}
  </div>`;
}

/** An upright film or picture with what the platform lays over it. */
const upright = (media, over, options) => html`<div class="upright"><div class="frame">
  ${isFilm(media) ? film(media, {loop: true, ...options}) : picture(media)}${over}</div></div>`;
const musicLine = text => html`<span class="music">${icon("music")}<span>${text}</span></span>`;

function story(post) {
  const media = post.media[0];
  const over = html`<div class="bars" aria-hidden="true"><i></i></div>
    <div class="teller">${avatar(post, "ring")}<b>${post.platform === "instagram" ? post.accountUsername : post.accountName}</b><span>24 h</span></div>`;
  return html`<div class="story">${media ? upright(media, over, {title: "Story"}) : ""}</div>`;
}

/** What a link shows of its target, as far as it is known. */
function preview(post, link) {
  const picture = post.extra.thumbnail;
  const title = post.title || link.replace(/^https?:\/\/(www\.)?/i, "").replace(/\/$/, "");
  return html`<a class="preview ${picture ? "pictured" : ""}" href="${web(link)}" rel="noreferrer">
    <span class="cover">${picture ? html`<img src="${path(picture)}" alt="">` : icon("link")}</span>
    <span class="about"><span class="host">${host(link)}</span><b>${title}</b>${post.extra.description && html`<span class="description">${post.extra.description}</span>`}</span></a>`;
}

function poll(options, details) {
  return html`<div class="poll" role="group" aria-label="Poll"><ul>${options.map(option => html`<li dir="auto">${option}</li>`)}</ul>
    <p class="soft">${details}</p></div>`;
}

// What is known besides.

const chip = (name, text, tone = "") => html`<li class="chip ${tone}">${icon(name)}${text}</li>`;
const chips = all => { const known = all.filter(Boolean); return known.length ? html`<ul class="chips" aria-label="Details">${known}</ul>` : ""; };
const actions = (...all) => html`<div class="actions" aria-hidden="true">${all.map(([name, text]) => html`<span>${icon(name)}${text}</span>`)}</div>`;

function comments(post, heading = "Comments") {
  if (!post.comments.length) return "";
  const each = post.comments.map((comment, n) => {
    const own = comment.accountName === post.accountName;
    const writer = {accountName: comment.accountName, accountId: own ? post.accountId : ""};
    const name = own && post.platform === "instagram" ? post.accountUsername : comment.accountName;
    return html`<li>${avatar(writer)}<div class="bubble"><b>${name}</b>${own && html` <span class="tag">${n ? "Author" : "First comment"}</span>`}
      <p dir="auto">${rich(post.platform, comment.text)}</p></div></li>`;
  });
  return html`<section class="comments" aria-label="${heading}"><h3>${heading} · ${post.comments.length}</h3><ul>${each}</ul></section>`;
}

/** The pages of a PDF: how many there are, and their words where they are not packed. */
const documents = new Map();
async function leaf(media) {
  const address = path(media.url);
  if (documents.has(address)) return;
  documents.set(address, []);
  if (media.sizeBytes > 10_000_000) return;
  try {
    const file = new TextDecoder("latin1").decode(await (await fetch(address)).arrayBuffer());
    const objects = new Map([...file.matchAll(/(?:^|\s)(\d+) \d+ obj\b([\s\S]*?)endobj/g)].map(match => [match[1], match[2]]));
    const pages = [...objects.values()].filter(object => /\/Type\s*\/Page\b(?!s)/.test(object));
    const said = page => [...(objects.get(/\/Contents\s+(\d+)/.exec(page)?.[1]) ?? "").matchAll(/\(((?:\\.|[^\\)])*)\)\s*Tj/g)];
    documents.set(address, pages.map(page => said(page).map(match => match[1].replace(/\\(.)/g, "$1")).join(" ")));
  } catch { /* Shown without pages. */ }
}
