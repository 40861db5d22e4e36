//! The way of every platform call: note it, see whether a fault fires, do the work, answer.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use poem::{Body, Response};
use serde_json::Value;

use crate::app::App;
use crate::call::{Answer, Call};
use crate::faults::{Action, Taken};
use crate::ledger::Arrival;
use crate::play::{PLAYERS, Play};
use crate::state::State;

/// One call on its way through.
#[derive(Clone)]
struct Passage {
    app: Arc<App>,
    player: &'static dyn Play,
    call: Arc<Call>,
    /// Number in the ledger.
    n: u64,
    peer: Option<SocketAddr>,
}

/// Answers a call, or makes it suffer the fault that fires on it.
pub(crate) async fn serve(app: Arc<App>, call: Call, peer: Option<SocketAddr>) -> Response {
    let latency = app.state().settings.latency_ms;
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let (player, n, taken) = receive(&mut app.state(), &call);
    let passage = Passage { app, player, call: Arc::new(call), n, peer };
    match taken {
        None => {
            let answer = passage.work(None);
            passage.finish(answer)
        }
        Some(taken) => passage.suffer(taken).await,
    }
}

fn receive(state: &mut State, call: &Call) -> (&'static dyn Play, u64, Option<Taken>) {
    let [.., last] = PLAYERS;
    let player = PLAYERS.into_iter().find(|player| player.owns(state, call)).unwrap_or(last);
    let platform = player.platform();
    let account = player.caller(state, call).cloned();
    let taken = state.faults.take(platform, call, account.as_ref());
    let fault = taken.as_ref().map(|taken| taken.action.name());
    let account_id = account.map(|account| account.id);
    let arrival = Arrival { at: state.now(), platform, account_id, fault, with_body: state.settings.record_bodies };
    (player, state.ledger.add(call, arrival), taken)
}

impl Passage {
    async fn suffer(self, Taken { id, action }: Taken) -> Response {
        match action {
            Action::Delay { ms } => self.delay(&id, ms).await,
            Action::ResetBefore {} => {
                self.fired(&id);
                self.cut().await
            }
            Action::HoldBefore {} => {
                self.fired(&id);
                self.hold(&id).await;
                let answer = self.work(None);
                self.finish(answer)
            }
            Action::AnswerLost {} => {
                self.work(None);
                self.fired(&id);
                self.cut().await
            }
            Action::HoldAfter {} => {
                let answer = self.work(None);
                self.fired(&id);
                self.hold(&id).await;
                self.finish(answer)
            }
            Action::ErrorAfter { .. }
            | Action::Truncated {}
            | Action::InvalidJson {}
            | Action::SlowBody { .. }
            | Action::Processing { .. }
            | Action::ProcessingFailed { .. } => {
                let answer = self.work(Some(&action));
                self.fired(&id);
                self.spoil(&action, answer)
            }
            _ => {
                self.fired(&id);
                let answer = self.refuse(&action);
                self.finish(answer)
            }
        }
    }

    /// Does what the platform does with the call.
    fn work(&self, action: Option<&Action>) -> Answer {
        self.player.work(&mut self.app.state(), &self.call, action)
    }

    /// Answers without any work.
    fn refuse(&self, action: &Action) -> Answer {
        match action {
            Action::Respond { status, body, headers } => respond(*status, body, headers),
            Action::UnheardOf {} => Answer::json(418, &serde_json::json!({"surprise": true})),
            _ => self.player.refuse(&mut self.app.state(), &self.call, action),
        }
    }

    /// Turns the answer to finished work into what the fault makes of it.
    fn spoil(&self, action: &Action, mut answer: Answer) -> Response {
        match action {
            Action::ErrorAfter { .. } => {
                let answer = self.refuse(action);
                self.finish(answer)
            }
            Action::InvalidJson {} => {
                answer.body = b"<html><body>Something went wrong.</body></html>".to_vec();
                answer.set("content-type", "text/html; charset=UTF-8");
                self.finish(answer)
            }
            Action::Truncated {} => {
                self.app.state().ledger.answered(self.n, answer.status);
                truncated(answer)
            }
            Action::SlowBody { ms, chunks } => {
                self.app.state().ledger.answered(self.n, answer.status);
                slow(answer, *ms, *chunks)
            }
            _ => self.finish(answer),
        }
    }

    fn finish(&self, answer: Answer) -> Response {
        let mut state = self.app.state();
        state.ledger.answered(self.n, answer.status);
        if is_throttle(&answer) {
            *state.throttled.entry(self.player.platform()).or_default() += 1;
        }
        drop(state);
        answer.into_response()
    }

    /// Works late, and does so even when the client has given up: the platform has the request.
    async fn delay(self, id: &str, ms: u64) -> Response {
        self.fired(id);
        let passage = self.clone();
        let late = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            passage.work(None)
        });
        match late.await {
            Ok(answer) => self.finish(answer),
            Err(_) => self.cut().await,
        }
    }

    /// Ends the connection without an answer. The server drops this future with the connection.
    async fn cut(&self) -> ! {
        if let Some(peer) = self.peer {
            self.app.connections.cut(peer);
        }
        pending().await
    }

    /// Waits for the release of a fault. When the fault is removed instead, the call dies with it.
    async fn hold(&self, id: &str) {
        loop {
            let mut changed = std::pin::pin!(self.app.fault_changed.notified());
            changed.as_mut().enable();
            let released = self.app.state().faults.find(id).map(|fault| fault.released);
            match released {
                Some(true) => return,
                Some(false) => changed.await,
                None => self.cut().await,
            }
        }
    }

    fn fired(&self, id: &str) {
        if let Some(fault) = self.app.state().faults.find_mut(id) {
            fault.fired += 1;
        }
        self.app.fault_changed.notify_waiters();
    }
}

/// Whether an answer says that there were too many calls, in any platform's way.
fn is_throttle(answer: &Answer) -> bool {
    if !(400..500).contains(&answer.status) {
        return false;
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = &body["error"];
    // Meta's codes; the subcode is Instagram's block of spam. Google has words instead.
    let meta = matches!(error["code"].as_i64(), Some(4 | 17 | 32 | 613 | 80_000..=80_014)) && error["error_subcode"] != 2_207_051;
    let google = error["errors"][0]["reason"].as_str();
    let google = google.is_some_and(|reason| matches!(reason, "quotaExceeded" | "rateLimitExceeded" | "userRateLimitExceeded"));
    answer.status == 429 || meta || google
}

fn respond(status: u16, body: &Value, headers: &serde_json::Map<String, Value>) -> Answer {
    let mut answer = match body {
        Value::Null => Answer::text(status, "text/plain; charset=UTF-8", ""),
        Value::String(text) => Answer::text(status, "text/plain; charset=UTF-8", text.as_str()),
        json => Answer::json(status, json),
    };
    for (name, value) in headers {
        answer.set(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    answer
}

/// Promises the whole body, sends half of it, and fails.
fn truncated(mut answer: Answer) -> Response {
    let half = Bytes::copy_from_slice(&answer.body[..answer.body.len() / 2]);
    // At least one byte must be missing, or an empty body would arrive complete.
    answer.set("content-length", answer.body.len().max(1).to_string());
    let pieces = stream::unfold(0, move |step| {
        let half = half.clone();
        async move {
            match step {
                0 => Some((Ok(half), 1)),
                // The pause lets the first half leave before the connection dies.
                1 => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Some((Err(std::io::Error::other("truncated on request")), 2))
                }
                _ => None,
            }
        }
    });
    answer.into_response_with(Body::from_bytes_stream(pieces))
}

/// Sends the right body in `chunks` pieces with a pause before each.
fn slow(mut answer: Answer, ms: u64, chunks: usize) -> Response {
    answer.set("content-length", answer.body.len().to_string());
    let size = answer.body.len().div_ceil(chunks.max(1)).max(1);
    let pieces: Vec<Bytes> = answer.body.chunks(size).map(Bytes::copy_from_slice).collect();
    let body = stream::unfold(pieces.into_iter(), move |mut pieces| async move {
        let piece = pieces.next()?;
        tokio::time::sleep(Duration::from_millis(ms)).await;
        Some((Ok::<_, std::io::Error>(piece), pieces))
    });
    answer.into_response_with(Body::from_bytes_stream(body))
}
