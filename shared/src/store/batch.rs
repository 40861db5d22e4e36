//! Group commit: what many tasks want to write at the same moment goes into one transaction.
//!
//! A commit that survives a power loss costs a disk flush whatever it holds. Tasks hand their item in and wait;
//! whatever has gathered while the last batch was written makes up the next one, so an idle system adds no delay.

use std::future::Future;

use sea_orm::DbErr;
use tokio::sync::{mpsc, oneshot};

type Waiting<I, O> = (I, oneshot::Sender<Result<O, DbErr>>);

/// A queue of items written together.
pub struct Batcher<I, O> {
    queue: mpsc::Sender<Waiting<I, O>>,
}

impl<I, O> Clone for Batcher<I, O> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

/// Items in one transaction at most, so that nobody waits long for a large one.
const BATCH_MAX: usize = 256;

impl<I, O> Batcher<I, O>
where
    I: Clone + Send + 'static,
    O: Send + 'static,
{
    /// Starts the task that writes batches with `write`, which answers one output per item, in order.
    ///
    /// A batch that fails is tried again item by item, so that one bad item spoils nobody else's.
    pub fn spawn<W, F>(write: W) -> Self
    where
        W: Fn(Vec<I>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<O>, DbErr>> + Send,
    {
        let (queue, mut inbox) = mpsc::channel::<Waiting<I, O>>(BATCH_MAX * 4);
        tokio::spawn(async move {
            let mut waiting = Vec::with_capacity(BATCH_MAX);
            while inbox.recv_many(&mut waiting, BATCH_MAX).await > 0 {
                flush(&write, &mut waiting).await;
            }
        });
        Self { queue }
    }

    /// Hands an item in and waits until it is durable.
    pub async fn submit(&self, item: I) -> Result<O, DbErr> {
        let (answer, outcome) = oneshot::channel();
        let gone = || DbErr::Custom("the batch writer has ended".to_owned());
        self.queue.send((item, answer)).await.map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }
}

async fn flush<I, O, W, F>(write: &W, waiting: &mut Vec<Waiting<I, O>>)
where
    I: Clone,
    W: Fn(Vec<I>) -> F,
    F: Future<Output = Result<Vec<O>, DbErr>>,
{
    let items = waiting.iter().map(|(item, _)| item.clone()).collect();
    let written = write(items).await;
    match written {
        Ok(outputs) => {
            for ((_, answer), output) in waiting.drain(..).zip(outputs) {
                // A task that no longer waits has been dropped; its write stands all the same.
                let _ = answer.send(Ok(output));
            }
        }
        Err(error) if waiting.len() == 1 => {
            for (_, answer) in waiting.drain(..) {
                let _ = answer.send(Err(error.clone()));
            }
        }
        Err(_) => {
            for (item, answer) in waiting.drain(..) {
                let single = write(vec![item]).await.and_then(|mut outputs| outputs.pop().ok_or(DbErr::RecordNotInserted));
                let _ = answer.send(single);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_bad_item_spoils_only_itself() {
        let batcher: Batcher<i32, i32> = Batcher::spawn(|items: Vec<i32>| async move {
            if items.contains(&13) { Err(DbErr::Custom("thirteen".into())) } else { Ok(items.iter().map(|n| n * 2).collect()) }
        });

        let (one, bad, two) = tokio::join!(batcher.submit(1), batcher.submit(13), batcher.submit(2));

        assert_eq!((one, two), (Ok(2), Ok(4)));
        assert!(bad.is_err());
    }
}
