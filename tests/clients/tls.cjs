// A way to the sandbox for clients that speak nothing but TLS, with a certificate that lives as long as the program.
"use strict";

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const os = require("node:os");
const path = require("node:path");
const tls = require("node:tls");

const sandbox = require("./sandbox.cjs");

/** Key and certificate for some names, good for a day. */
function certificate(names) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pressroom-clients-"));
  try {
    const settings = ["[req]", "distinguished_name = dn", "x509_extensions = ext", "prompt = no", "[dn]", `CN = ${names[0]}`];
    // OpenSSL and LibreSSL both read this from a file; not all of their versions take it as an argument.
    settings.push("[ext]", `subjectAltName = ${names.map((name) => `DNS:${name}`).join(",")}`, "");
    const [config, key, cert] = ["config", "key", "cert"].map((name) => path.join(folder, name));
    fs.writeFileSync(config, settings.join("\n"));
    const kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"];
    execFileSync("openssl", ["req", ...kind, "-config", config, "-keyout", key, "-out", cert], { stdio: "pipe" });
    return { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** An agent that takes every connection to one of these hosts to the sandbox. */
async function agent(names) {
  const { key, cert } = certificate(names);
  const target = new globalThis.URL(sandbox.URL);
  const proxy = https.createServer({ key, cert }, (request, response) => {
    const { method, url, headers } = request;
    const onward = http.request({ host: target.hostname, port: target.port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address();
  const own = new https.Agent();
  own.createConnection = ({ servername, host }) =>
    tls.connect({ host: "127.0.0.1", port, ca: cert, servername: servername ?? host });
  return own;
}

module.exports = { agent };
