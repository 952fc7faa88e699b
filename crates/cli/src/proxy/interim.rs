//! Interim responses (1xx). hyper's server sends none, so they get between its own writes: whenever it has
//! written all that it has, and before an answer begins.

use cachepolicy_runtime::strip_hop_by_hop;
use http::{HeaderMap, StatusCode};
use hyper::rt::{Read, ReadBufCursor, Write};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// So much waits at most; what comes then is left out, as any interim response may be.
const WAITING_MAX: usize = 64 << 10;

/// The exchanges of one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Exchanges {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The exchange that is under way, and how many there were.
    number: u64,
    is_open: bool,
    /// What it is told before its answer.
    waiting: Vec<u8>,
    /// hyper has written all that it had, and nothing since.
    is_between: bool,
    waker: Option<Waker>,
}

/// One exchange, for whoever has something to say before its answer.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    all: Exchanges,
    number: u64,
}

impl Exchanges {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request has come.
    pub(super) fn begin(&self) -> Exchange {
        let mut state = self.lock();
        state.number += 1;
        state.is_open = true;
        state.waiting.clear();
        Exchange {
            all: self.clone(),
            number: state.number,
        }
    }
}

impl Exchange {
    /// The client is told this, if it still waits for its answer.
    pub(super) fn tell(&self, status: StatusCode, headers: &HeaderMap) {
        // hyper says by itself that it takes content; nothing is switched to.
        let is_passed_on = status.is_informational() && ![100, 101].contains(&status.as_u16());
        let mut state = self.all.lock();
        if !is_passed_on || !state.is_open || state.number != self.number {
            return;
        }
        let bytes = written(status, headers.clone());
        if state.waiting.len() + bytes.len() > WAITING_MAX {
            return;
        }
        state.waiting.extend(bytes);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    /// The answer begins.
    pub(super) fn end(&self) {
        let mut state = self.all.lock();
        if state.number == self.number {
            state.is_open = false;
            // An earlier answer is still being written: this one may be written together with it.
            if !state.is_between {
                state.waiting.clear();
            }
        }
    }
}

fn written(status: StatusCode, mut headers: HeaderMap) -> Vec<u8> {
    strip_hop_by_hop(&mut headers);
    let reason = status.canonical_reason().unwrap_or_default();
    let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
    for (name, value) in &headers {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes
}

/// A connection on which that can be said.
#[derive(Debug)]
pub(super) struct Line<I> {
    inner: I,
    exchanges: Exchanges,
    /// What is being written, and how much of it is.
    sending: Vec<u8>,
    sent: usize,
}

impl<I: Write + Unpin> Line<I> {
    pub(super) fn new(inner: I, exchanges: Exchanges) -> Self {
        Self {
            inner,
            exchanges,
            sending: Vec::new(),
            sent: 0,
        }
    }

    /// Takes what waits. Whoever has more to say later wakes this task.
    fn take(&mut self, context: &Context<'_>) {
        let mut state = self.exchanges.lock();
        self.sending.append(&mut state.waiting);
        let is_known = |waker: &Waker| waker.will_wake(context.waker());
        if !state.waker.as_ref().is_some_and(is_known) {
            state.waker = Some(context.waker().clone());
        }
    }

    /// Writes what was taken.
    fn send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.sending.get(self.sent..).filter(|it| !it.is_empty()) {
            match Pin::new(&mut self.inner).poll_write(context, rest) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => self.sent += count,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        self.sending.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }

    /// What waits comes before what hyper is about to write, if that is the beginning of an answer.
    fn before(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if core::mem::take(&mut self.exchanges.lock().is_between) {
            self.take(context);
        }
        self.send(context)
    }
}

impl<I: Read + Unpin> Read for Line<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<I: Write + Unpin> Write for Line<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.before(context) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.inner).poll_write(context, bytes),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.before(context) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.inner).poll_write_vectored(context, bytes),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    /// hyper asks for it when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.exchanges.lock().is_between = true;
        self.take(context);
        match self.send(context) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.inner).poll_flush(context),
            other => other,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    /// Takes so many bytes at a time.
    #[derive(Default)]
    struct Sink {
        taken: Vec<u8>,
        room: usize,
    }

    impl Write for Sink {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Poll::Pending;
            }
            self.room -= count;
            self.taken.extend(&bytes[..count]);
            Poll::Ready(Ok(count))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn line(room: usize) -> (Line<Sink>, Exchanges) {
        let exchanges = Exchanges::default();
        let sink = Sink {
            room,
            ..Sink::default()
        };
        (Line::new(sink, exchanges.clone()), exchanges)
    }

    fn hints(exchange: &Exchange) {
        let mut headers = HeaderMap::new();
        headers.insert("link", HeaderValue::from_static("</a>"));
        headers.insert("connection", HeaderValue::from_static("close"));
        exchange.tell(StatusCode::from_u16(103).unwrap(), &headers);
    }

    const HINTS: &str = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";

    fn text(line: &Line<Sink>) -> &str {
        std::str::from_utf8(&line.inner.taken).unwrap()
    }

    #[test]
    fn hints_come_before_the_answer_that_they_are_for() {
        let context = &mut Context::from_waker(Waker::noop());
        let (mut line, exchanges) = line(1000);
        let exchange = exchanges.begin();
        assert!(Pin::new(&mut line).poll_flush(context).is_ready());
        hints(&exchange);
        exchange.end();
        hints(&exchange);
        assert!(
            Pin::new(&mut line)
                .poll_write(context, b"answer")
                .is_ready()
        );
        assert_eq!(text(&line), format!("{HINTS}answer"));
    }

    #[test]
    fn hints_do_not_get_into_an_answer_that_is_being_written() {
        let context = &mut Context::from_waker(Waker::noop());
        let (mut line, exchanges) = line(3);
        assert!(Pin::new(&mut line).poll_flush(context).is_ready());
        assert!(Pin::new(&mut line).poll_write(context, b"first").is_ready());
        let exchange = exchanges.begin();
        hints(&exchange);
        line.inner.room = 1000;
        assert!(Pin::new(&mut line).poll_write(context, b"st").is_ready());
        assert_eq!(text(&line), "first");
        assert!(Pin::new(&mut line).poll_flush(context).is_ready());
        assert_eq!(text(&line), format!("first{HINTS}"));
        // The next one's would come after its answer.
        assert!(
            Pin::new(&mut line)
                .poll_write(context, b"second")
                .is_ready()
        );
        let exchange = exchanges.begin();
        hints(&exchange);
        exchange.end();
        assert!(Pin::new(&mut line).poll_flush(context).is_ready());
        assert_eq!(text(&line), format!("first{HINTS}second"));
    }
}
