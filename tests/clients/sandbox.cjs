// The sandbox's control API, and checks that print what they checked. Every JavaScript program here uses both.
"use strict";

const assert = require("node:assert/strict");

const URL = process.env.SANDBOX_URL.replace(/\/+$/, "");

async function control(method, path, body) {
  const answer = await fetch(`${URL}/_sandbox/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** A new account of our own, so that programs can run side by side. */
const account = (platform, wanted = {}) => control("POST", "accounts", { platform, ...wanted });

/** The bytes of one of the sandbox's sample files. */
async function sample(name) {
  const answer = await fetch(`${URL}/_sandbox/samples/${name}`);
  assert.ok(answer.ok, `${name}: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** What people see of an account, oldest first. */
const posts = async ({ platform, id }) => (await control("GET", `posts?platform=${platform}&accountId=${id}`)).posts;

/** Lets one call of this account suffer a fault. */
const plant = ({ platform, id }, path, action, more = {}) =>
  control("POST", "faults", { platform, account: id, path, action, ...more });

/** What a person does on a consent page: the address that the browser is sent to. */
const agree = async (authorizeUrl, ...accounts) =>
  (await control("POST", "consent", { authorizeUrl, decision: "allow", accounts: accounts.map(({ id }) => id) })).redirectUrl;

/** Prints what was checked; ends the program when it does not hold. */
function check(what, holds, seen) {
  assert.ok(holds, `${what}: ${JSON.stringify(seen)}`);
  console.log(`ok  ${what}`);
}

/** Checks that two things are the same. */
function equal(what, seen, wanted) {
  assert.deepEqual(seen, wanted, `${what}: ${JSON.stringify(seen)} is not ${JSON.stringify(wanted)}`);
  console.log(`ok  ${what}`);
}

/** The error that a call must raise. */
async function raises(call) {
  let answer;
  try {
    answer = await call();
  } catch (error) {
    return error;
  }
  return assert.fail(`no error but ${JSON.stringify(answer)}`);
}

/** Repeats a question until its answer is something. */
async function until(what, ready, seconds = 15) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const answer = await ready();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return assert.fail(`${what}: not within ${seconds} s`);
}

/** Runs a program to its end; an error makes it fail, and so does an answer that never comes. */
function run(main) {
  setTimeout(() => process.exit(1), 120_000).unref();
  main().then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}

module.exports = { URL, account, agree, check, equal, plant, posts, raises, run, sample, until };
