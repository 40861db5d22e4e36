// Polls, and puts the cards in their places. Cards stay as they are while their post does, so that films play on.

const feed = document.getElementById("feed");
const notice = document.getElementById("status");
const filters = document.getElementById("filters");
const LANE = 384, GAP = 16;

const plain = address => { try { return decodeURIComponent(address).replace(/\/+$/, ""); } catch { return address; } };
const single = plain(location.pathname) || null;
let platform = location.hash.slice(1) in PLATFORMS ? location.hash.slice(1) : "", latest = null, cards = new Map(), lanes = [];

/** The post whose permalink this page is. */
function named(posts) {
  const end = new URLSearchParams(location.search).get("v") ?? single.split("/").pop();
  const ends = post => [post.id, post.id.split("_").pop(), plain(path(post.url)).split("/").pop(), ...post.media.map(media => media.id)];
  return posts.find(post => plain(path(post.url)) === single) ?? posts.find(post => ends(post).includes(end));
}

/** Posts with what replies to them: the author's own thread in a row, everybody else's a step further in. */
function thread(root, children) {
  const rows = [];
  const add = (post, depth, parent, within) => {
    const replies = children.get(post.platform + post.id) ?? [];
    const next = replies.find(reply => reply.accountId === post.accountId);
    rows.push({post, depth, parent, line: Boolean(next), within});
    replies.filter(reply => reply !== next).forEach(reply => add(reply, depth + 1, post, within || Boolean(next)));
    if (next) add(next, depth, post, within);
  };
  add(root, 0, null, false);
  return rows;
}

function threads(posts) {
  const known = new Set(posts.map(post => post.platform + post.id));
  const isReply = post => post.replyTo && known.has(post.platform + post.replyTo);
  const children = Map.groupBy(posts.filter(isReply), post => post.platform + post.replyTo);
  const wanted = single && named(posts);
  const roots = single ? [wanted].filter(Boolean) : posts.filter(post => !isReply(post) && (!platform || post.platform === platform));
  return roots.reverse().map(root => thread(root, children));
}

function article({post, depth, parent, line, within}, find) {
  const {head, body, tail} = CARDS[post.platform](post, {parent, find});
  const shape = [`is-${post.kind}`, line && "chained", within && "within", depth && `answer answer-${Math.min(depth, 3)}`].filter(Boolean).join(" ");
  const foot = html`<footer class="foot"><span>${post.replyTo ? "reply" : post.kind}</span><a href="${path(post.url)}" title="Permalink">${post.id}</a></footer>`;
  return {key: post.platform + post.id, shape, label: `${PLATFORMS[post.platform]} post by ${post.accountName}`, parts: [head, body, html`${tail}${foot}`].map(shown)};
}

/** Draws a card, or only the parts of it that are new. */
function card(rows, find) {
  const root = rows[0].post, key = root.platform + root.id;
  const known = cards.get(key) ?? {node: document.createElement("section"), articles: new Map()};
  known.node.className = `card ${root.platform}`;
  const articles = new Map();
  for (const {key, shape, label, parts} of rows.map(row => article(row, find))) {
    const old = known.articles.get(key) ?? {node: document.createElement("article"), parts: []};
    old.node.className = shape;
    old.node.setAttribute("aria-label", label);
    parts.forEach((part, n) => {
      if (old.parts[n] === part) return;
      const fresh = document.createElement("div");
      fresh.className = `part-${n}`;
      fresh.innerHTML = part;
      if (old.node.children[n]) old.node.children[n].replaceWith(fresh); else old.node.append(fresh);
    });
    articles.set(key, {node: old.node, parts});
  }
  const order = [...articles.values()].map(({node}) => node);
  if (order.length !== known.node.children.length || order.some((node, n) => node !== known.node.children[n])) known.node.replaceChildren(...order);
  return [key, {node: known.node, articles}];
}

const laneCount = () => single ? 1 : Math.max(1, Math.min(4, Math.floor((feed.clientWidth + GAP) / (LANE + GAP))));

/** Puts cards into lanes; a card that has a place keeps it, new ones come on top of the shortest lane. */
function place(anew) {
  const nodes = [...cards.values()].map(({node}) => node);
  feed.querySelectorAll(":scope > .empty").forEach(node => node.remove());
  anew ||= lanes.length !== laneCount();
  if (anew) {
    lanes = Array.from({length: laneCount()}, () => Object.assign(document.createElement("div"), {className: "lane"}));
    feed.replaceChildren(...lanes);
  }
  const kept = new Set(nodes);
  lanes.forEach(lane => [...lane.children].filter(node => !kept.has(node)).forEach(node => node.remove()));
  const homeless = nodes.filter(node => !node.isConnected);
  for (const node of anew ? homeless : homeless.reverse()) {
    const lane = lanes.reduce((least, lane) => lane.offsetHeight < least.offsetHeight ? lane : least);
    if (anew) lane.append(node);
    else if (lanes.length === 1) lane.insertBefore(node, nodes.slice(nodes.indexOf(node) + 1).find(other => other.parentNode === lane) ?? null);
    else lane.prepend(node);
    fold(node);
  }
  if (!nodes.length) feed.replaceChildren(Object.assign(document.createElement("p"), {className: "empty", textContent: single ? "This post does not exist." : "No posts yet."}));
  if (!nodes.length) lanes = [];
}

/** Shows the button below texts that do not fit. */
function fold(node) {
  for (const text of node.querySelectorAll(".words .text:not(.whole)")) {
    text.nextElementSibling.hidden = text.scrollHeight <= text.clientHeight + 4;
  }
}

function count(posts) {
  const wanted = ["", ...Object.keys(PLATFORMS)];
  if (!filters.children.length) {
    filters.innerHTML = shown(wanted.map(each => html`<button type="button" class="${each}" data-platform="${each}">
      ${each && icon(each)}<span class="label">${PLATFORMS[each] ?? "All"}</span><span class="count"></span></button>`));
  }
  for (const button of filters.children) {
    const each = button.dataset.platform, number = posts.filter(post => !each || post.platform === each).length;
    button.setAttribute("aria-pressed", each === platform);
    button.setAttribute("aria-label", `${PLATFORMS[each] ?? "All"}, ${number} posts`);
    button.querySelector(".count").textContent = number;
  }
}

function draw(anew) {
  const {posts} = latest, find = id => posts.find(post => post.id === id);
  if (!single) count(posts);
  cards = new Map(threads(posts).map(rows => card(rows, find)));
  place(anew);
  cards.forEach(({node}) => fold(node));
  feed.querySelectorAll("video").forEach(video => near.observe(video));
  if (single && named(posts)) document.title = `${named(posts).accountName} on ${PLATFORMS[named(posts).platform]} – Sandbox feed`;
}

/** Films load when they come near, and let go of their decoders when they are far; browsers play only so many at once. */
const near = new IntersectionObserver(entries => {
  for (const {target, isIntersecting} of entries) {
    if (isIntersecting && !target.hasAttribute("src")) target.src = target.dataset.src;
    else if (!isIntersecting && target.hasAttribute("src") && target.paused && !target.currentTime) target.removeAttribute("src"), target.load();
  }
}, {rootMargin: "800px"});

/** Reads the posts and everything whose size decides about the size of its card. */
async function load(text) {
  const {posts} = JSON.parse(text);
  const sized = ({platform, kind, media}) => media.length > 0 && ["x", "facebook", "instagram", "linkedin"].includes(platform)
    && (media.length === 1 || kind === "carousel") && !["story", "reel", "document"].includes(kind);
  posts.forEach(post => post.extra ??= {});
  await Promise.all([
    ...posts.filter(sized).map(({media}) => measure(media[0])),
    ...posts.filter(({kind, media}) => kind === "document" && media.length > 0).map(({media}) => leaf(media[0])),
  ]);
  return {text, posts};
}

async function refresh() {
  try {
    const text = await (await fetch("/_sandbox/posts", {cache: "no-store"})).text();
    if (text !== latest?.text) {
      const first = !latest;
      latest = await load(text);
      draw(first);
    }
    notice.textContent = "";
  } catch (error) {
    console.error(error);
    notice.textContent = "sandbox not reachable";
  }
  setTimeout(refresh, 1000);
}

filters.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!button || !latest) return;
  platform = button.dataset.platform;
  history.replaceState(null, "", "#" + platform);
  scrollTo(0, 0);
  draw(true);
});
feed.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (button?.matches(".unfold")) {
    button.previousElementSibling.classList.add("whole");
    button.remove();
  } else if (button?.matches(".turn")) {
    const track = button.closest(".carousel").querySelector(".track");
    track.scrollBy({left: button.matches(".on") ? track.clientWidth : -track.clientWidth, behavior: "smooth"});
  }
});
feed.addEventListener("scroll", event => {
  const track = event.target, box = track.closest?.(".carousel");
  if (!box || !track.matches(".track")) return;
  const pages = track.children.length, at = Math.round(track.scrollLeft / track.clientWidth);
  box.querySelectorAll(".dots i").forEach((dot, n) => dot.classList.toggle("on", n === at));
  const [back, on] = box.querySelectorAll(".turn"), place = box.querySelector(".place");
  if (on) back.hidden = at === 0, on.hidden = at === pages - 1;
  if (place) place.textContent = `${at + 1}/${pages}`;
}, true);
feed.addEventListener("error", ({target}) => {
  if (target.matches?.("img, video[src]")) target.outerHTML = shown(broken());
}, true);
addEventListener("resize", () => latest && (lanes.length === laneCount() ? cards.forEach(({node}) => fold(node)) : place(true)));
if (single) filters.hidden = true, document.getElementById("back").hidden = false, document.body.classList.add("single");
refresh();
