//! Bodies: whole ones, which can be kept, and ones that only pass through.

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

/// How a body fails.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A body that is sent, whole or piece by piece.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// A body of these bytes.
pub(crate) fn whole(bytes: Bytes) -> Body {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Any body.
pub(crate) fn passing<B>(body: B) -> Body
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    body.map_err(Into::into).boxed_unsync()
}

/// What became of reading a body.
pub(crate) enum Read {
    /// All of it.
    Whole(Bytes),
    /// It is larger than was to be read, or has trailers: what was read, and the rest behind it.
    Passing(Body),
}

/// Reads a body as long as it has no more than `limit` bytes.
pub(crate) async fn read(mut body: Body, limit: usize) -> Result<Read, BodyError> {
    if body.size_hint().lower() > limit as u64 {
        return Ok(Read::Passing(body));
    }
    let mut pieces = VecDeque::new();
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        let piece = match frame?.into_data() {
            Ok(piece) => piece,
            // Trailers, which no copy has.
            Err(frame) => {
                let pieces: VecDeque<Frame<Bytes>> = pieces.into_iter().map(Frame::data).collect();
                return Ok(Read::Passing(again(pieces, Some(frame), body)));
            }
        };
        size += piece.len();
        pieces.push_back(piece);
        if size > limit {
            let pieces = pieces.into_iter().map(Frame::data).collect();
            return Ok(Read::Passing(again(pieces, None, body)));
        }
    }
    if let (1, Some(only)) = (pieces.len(), pieces.front()) {
        return Ok(Read::Whole(only.clone()));
    }
    let mut all = Vec::with_capacity(size);
    pieces.iter().for_each(|piece| all.extend_from_slice(piece));
    Ok(Read::Whole(all.into()))
}

fn again(mut read: VecDeque<Frame<Bytes>>, last: Option<Frame<Bytes>>, rest: Body) -> Body {
    read.extend(last);
    Again { read, rest }.boxed_unsync()
}

/// A body of which the beginning was read already.
struct Again {
    read: VecDeque<Frame<Bytes>>,
    rest: Body,
}

impl http_body::Body for Again {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.read.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let read: usize = self
            .read
            .iter()
            .filter_map(Frame::data_ref)
            .map(Bytes::len)
            .sum();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(read as u64));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(read as u64));
        }
        hint
    }
}
