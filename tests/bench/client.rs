//! A client that costs little: prepared bytes out, head and counted body in, one request at a time per connection.
//!
//! A full client would take a good part of the cores that the server under test needs.

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A kept-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// The largest answer that is read.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

impl Connection {
    /// Connects to `host:port`.
    pub(crate) async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to `{address}`"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(4096) })
    }

    /// Sends a request and waits for its whole answer: status and body.
    pub(crate) async fn send(&mut self, request: &[u8]) -> anyhow::Result<(u16, &[u8])> {
        self.received.clear();
        self.stream.write_all(request).await?;
        let mut answer = None;
        loop {
            ensure!(self.stream.read_buf(&mut self.received).await? > 0, "the server closed the connection");
            ensure!(self.received.len() < ANSWER_MAX, "the answer is too long");
            if answer.is_none() {
                answer = read_head(&self.received)?;
            }
            if let Some((status, start, length)) = answer
                && self.received.len() >= start + length
            {
                return Ok((status, &self.received[start..start + length]));
            }
        }
    }
}

/// Status, place and length of the body, once the head is complete.
fn read_head(received: &[u8]) -> anyhow::Result<Option<(u16, usize, usize)>> {
    let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&received[..end]).context("reading a head")?;
    let status = head.get(9..12).and_then(|digits| digits.parse().ok()).context("reading a status")?;
    for line in head.lines().skip(1) {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            return Ok(Some((status, end + 4, value.trim().parse().context("reading a length")?)));
        }
    }
    bail!("the answer tells no length");
}

/// The bytes of a GET request.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n").into_bytes()
}

/// The bytes of a POST request with a JSON body; `headers` are whole lines.
pub(crate) fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\n{headers}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
