// A real browser goes through every login: our API, the platform's consent page, our callback, and home to the front end,
// which this program plays. It needs API_URL, API_KEY and FRONT_PORT beside the sandbox, and Chromium.
"use strict";

const http = require("node:http");

const puppeteer = require("puppeteer-core");

const sandbox = require("./sandbox.cjs");
const { check, equal } = sandbox;

const { API_URL, API_KEY, FRONT_PORT, CHROMIUM } = process.env;
const HOME = `http://127.0.0.1:${FRONT_PORT}/`;
const PERSON = "ada@front";

/** Every login: the platform, the login's name, the sort of account that it brings. */
const LOGINS = [
  ["x", "", ""],
  ["x", "oauth1", ""],
  ["facebook", "", ""],
  ["instagram", "instagram", "instagram"],
  ["instagram", "facebook", "facebook"],
  ["linkedin", "", ""],
  ["tiktok", "", ""],
  ["youtube", "", ""],
];

async function call(method, path, body) {
  const headers = { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" };
  const answer = await fetch(`${API_URL}/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** The front end's page, whatever is asked for. */
function serveHome() {
  const server = http.createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>Front end</title><p id=home>home");
  });
  return new Promise((resolve) => server.listen(Number(FRONT_PORT), "127.0.0.1", () => resolve(server)));
}

/** Goes from our API to the consent page, decides there as `who`, and gives the address at which the browser ends up. */
async function decide(browser, [platform, variant], who, button) {
  const wanted = variant ? { person: PERSON, variant } : { person: PERSON };
  const { redirectUrl } = await call("POST", `auth/oauth/${platform}/initiate`, wanted);
  const page = await browser.newPage();
  await page.goto(redirectUrl, { waitUntil: "load" });
  // The other programs' accounts stand on the page too, and are left alone.
  await page.evaluate((name) => {
    const card = [...document.querySelectorAll(".person")].find(({ textContent }) => textContent.includes(name));
    card.querySelector("input[name=person]").click();
  }, who.name);
  await Promise.all([page.waitForSelector("#home", { timeout: 20_000 }), page.click(`#${button}`)]);
  const address = new URL(page.url());
  await page.close();
  return address;
}

async function comesHome(browser, login, who) {
  const [platform, variant] = login;
  const name = [platform, variant].filter(Boolean).join(" by ");
  const address = await decide(browser, login, who, "allow");
  check(`${name}: the browser comes home`, address.href.startsWith(HOME), address.href);
  equal(`${name}: with its own query kept`, address.searchParams.get("tab"), "accounts");
  equal(`${name}: and the platform named`, address.searchParams.get("oauth_success"), platform);
  const connectionId = address.searchParams.get("connection");
  check(`${name}: no code or state comes along`, !address.searchParams.has("code") && !address.searchParams.has("state"), address.href);
  const { candidates } = await call("GET", `accounts/candidates?${new URLSearchParams({ connectionId, person: PERSON })}`);
  const externalIds = candidates.filter(({ unusable }) => !unusable).map(({ externalId }) => externalId);
  check(`${name}: who consented can be chosen`, externalIds.length === 1 && externalIds[0].endsWith(who.id), candidates);
  const { accounts } = await call("POST", "accounts", { connectionId, person: PERSON, externalIds });
  const { data } = await call("GET", `accounts?platform=${platform}&limit=100`);
  const listed = accounts.map(({ id }) => data.find((account) => account.id === id)?.state);
  equal(`${name}: what was chosen is listed`, listed, externalIds.map(() => "connected"));
}

async function main() {
  const home = await serveHome();
  const options = process.getuid() === 0 ? ["--no-sandbox"] : [];
  const browser = await puppeteer.launch({ executablePath: CHROMIUM, args: [...options, "--no-proxy-server"] });
  try {
    for (const login of LOGINS) {
      const name = `Browser of ${login[0]} ${login[1]}`.trim();
      const who = await sandbox.account(login[0], { name, person: name, variant: login[2] });
      await comesHome(browser, login, who);
      const refused = await decide(browser, login, who, "deny");
      equal(`${name}: a no`, refused.searchParams.get("oauth_error"), "user_denied");
    }
  } finally {
    await browser.close();
    home.close();
  }
}

sandbox.run(main);
