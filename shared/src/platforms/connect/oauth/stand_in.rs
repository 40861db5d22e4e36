//! A platform for tests of logins: it gives answers from a list and keeps what it was asked.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::app::App;
use crate::clock::{Clock, Timestamp};
use crate::config::Config;

/// When everything happens: 2026-11-23T00:00:00Z.
pub(in crate::platforms) const NOW: Timestamp = Timestamp(1_795_392_000_000);

/// An answer that never comes: the platform hangs up.
pub(in crate::platforms) const HANGS_UP: &str = "";

/// A platform on a port of its own.
pub(in crate::platforms) struct StandIn {
    /// Its address.
    pub(in crate::platforms) base: Url,
    asked: Arc<Mutex<Vec<String>>>,
}

impl StandIn {
    /// Gives these answers in this order; then nobody listens any more.
    pub(in crate::platforms) async fn answering(answers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (kept, answers) = (asked.clone(), answers.into_iter().map(Into::into).collect::<Vec<String>>());
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read(&mut stream).await;
                kept.lock().unwrap().push(request);
                stream.write_all(answer.as_bytes()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        Self { base, asked }
    }

    /// All requests so far, head and body.
    pub(in crate::platforms) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// An app for which each setting that ends in `_BASE` leads here.
    pub(in crate::platforms) async fn app(&self, settings: &[(&str, &str)]) -> Arc<App> {
        let keys = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let config = Config::read(&|name| match name {
            "PRESSROOM_KEYS" => Some(keys.to_owned()),
            "DATABASE_URL" => Some("sqlite::memory:".to_owned()),
            // Nobody listens there: these tests have no use for Redis.
            "REDIS_URL" => Some("redis://127.0.0.1:1".to_owned()),
            name if name.ends_with("_BASE") => Some(self.base.to_string()),
            name => settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
        });
        App::start(config.unwrap(), Clock::manual(NOW)).await.unwrap()
    }
}

async fn read(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.unwrap();
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        let length = |head: &str| -> usize {
            let line =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
            line.map_or(0, |length| length.parse().unwrap())
        };
        match text.split_once("\r\n\r\n") {
            Some((head, body)) if body.len() >= length(head) => return text,
            _ if count == 0 => return text,
            _ => {}
        }
    }
}

/// An answer with a JSON body.
pub(in crate::platforms) fn json(status: u16, body: &Value) -> String {
    answer(status, "content-type: application/json\r\n", &body.to_string())
}

/// An answer with headers, each with its line end, and a body.
pub(in crate::platforms) fn answer(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}
