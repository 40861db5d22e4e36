//! Connections that a handler can cut, so that the peer sees a reset and not one byte of an answer.
//!
//! HTTP servers offer no way to answer nothing: a handler that ends always yields a response. The
//! stream below therefore carries a flag. Once it is set, reads and writes fail, the server drops
//! the connection, and the zero linger time makes the kernel send RST instead of FIN.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use poem::http::uri::Scheme;
use poem::listener::{Acceptor, TcpAcceptor};
use poem::web::{LocalAddr, RemoteAddr};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The open connections by the peer's address.
#[derive(Clone, Default)]
pub(crate) struct Connections(Arc<Mutex<HashMap<SocketAddr, Arc<Cut>>>>);

#[derive(Default)]
struct Cut {
    asked: AtomicBool,
    waker: AtomicWaker,
}

impl Cut {
    fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.waker.wake();
    }
}

impl Connections {
    fn map(&self) -> MutexGuard<'_, HashMap<SocketAddr, Arc<Cut>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts the connection of one peer.
    pub(crate) fn cut(&self, peer: SocketAddr) {
        if let Some(cut) = self.map().get(&peer) {
            cut.ask();
        }
    }

    /// Cuts every connection.
    pub(crate) fn cut_all(&self) {
        for cut in self.map().values() {
            cut.ask();
        }
    }
}

/// Accepts TCP connections and registers each one.
pub(crate) struct CuttableAcceptor {
    inner: TcpAcceptor,
    connections: Connections,
}

impl CuttableAcceptor {
    pub(crate) fn new(inner: TcpAcceptor, connections: Connections) -> Self {
        Self { inner, connections }
    }
}

impl Acceptor for CuttableAcceptor {
    type Io = CuttableStream;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.inner.local_addr()
    }

    async fn accept(&mut self) -> io::Result<(CuttableStream, LocalAddr, RemoteAddr, Scheme)> {
        let (stream, local, remote, scheme) = self.inner.accept().await?;
        // Answers in pieces must leave at once.
        stream.set_nodelay(true)?;
        let peer = stream.peer_addr()?;
        let cut = Arc::new(Cut::default());
        self.connections.map().insert(peer, Arc::clone(&cut));
        let connections = self.connections.clone();
        Ok((CuttableStream { stream, peer, cut, connections }, local, remote, scheme))
    }
}

/// One connection that ends with a reset as soon as its flag is set.
pub(crate) struct CuttableStream {
    stream: TcpStream,
    peer: SocketAddr,
    cut: Arc<Cut>,
    connections: Connections,
}

impl CuttableStream {
    fn check(&self, context: &Context<'_>) -> io::Result<()> {
        self.cut.waker.register(context.waker());
        if !self.cut.asked.load(Ordering::SeqCst) {
            return Ok(());
        }
        // Without this the peer would see an orderly end. The reset itself follows on drop.
        self.stream.set_zero_linger()?;
        Err(ErrorKind::ConnectionReset.into())
    }
}

impl Drop for CuttableStream {
    fn drop(&mut self) {
        let mut map = self.connections.map();
        // The port may have been taken by a newer connection in the meantime.
        if map.get(&self.peer).is_some_and(|cut| Arc::ptr_eq(cut, &self.cut)) {
            map.remove(&self.peer);
        }
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
