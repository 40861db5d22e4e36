//! Load: a number of connections that each send a request as soon as the last one is answered.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::task::LocalSet;

use crate::client::Connection;

/// What to send, how widely and for how long.
pub(crate) struct Load<'a> {
    /// Where the server listens.
    pub(crate) address: &'a str,
    /// Connections at once.
    pub(crate) connections: usize,
    /// How long requests are begun.
    pub(crate) duration: Duration,
    /// The status that every answer must have.
    pub(crate) status: u16,
}

/// What a load saw.
pub(crate) struct Seen {
    /// Answers per second.
    pub(crate) rps: f64,
    /// Each request's time, in milliseconds.
    pub(crate) took_ms: Vec<f64>,
}

impl Load<'_> {
    /// Runs the load with the requests that `next` makes.
    pub(crate) async fn run(&self, next: impl Fn() -> Vec<u8> + 'static) -> anyhow::Result<Seen> {
        let (next, took_ms) = (Rc::new(next), Rc::new(RefCell::new(Vec::new())));
        let mut connections = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            connections.push(Connection::open(self.address).await?);
        }
        let begun = Instant::now();
        let (end, status) = (begun + self.duration, self.status);
        let local = LocalSet::new();
        let mut tasks = Vec::new();
        for mut connection in connections {
            let (next, took_ms) = (Rc::clone(&next), Rc::clone(&took_ms));
            tasks.push(local.spawn_local(async move {
                while Instant::now() < end {
                    let request = next();
                    let sent = Instant::now();
                    let (answered, body) = connection.send(&request).await?;
                    ensure!(answered == status, "answered {answered}: {}", String::from_utf8_lossy(body));
                    took_ms.borrow_mut().push(sent.elapsed().as_secs_f64() * 1000.0);
                }
                Ok(())
            }));
        }
        let all = async {
            for task in tasks {
                task.await??;
            }
            anyhow::Ok(())
        };
        local.run_until(tokio::time::timeout(self.duration + GRACE, all)).await??;
        let seconds = begun.elapsed().as_secs_f64();
        let took_ms = took_ms.take();
        Ok(Seen { rps: took_ms.len() as f64 / seconds, took_ms })
    }
}

/// How long the last answers may take.
const GRACE: Duration = Duration::from_secs(20);

/// Counts up, so that no two posts are alike.
#[derive(Default, Clone)]
pub(crate) struct Counter(Rc<Cell<u64>>);

impl Counter {
    /// The next number.
    pub(crate) fn next(&self) -> u64 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }
}
