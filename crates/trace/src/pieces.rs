//! Texts with dense numbers, in pieces that can be shared.

use std::sync::Arc;

/// Texts one behind the other, whose numbers follow each other.
#[derive(Debug, Default)]
pub struct Piece {
    /// The number of its first text.
    first: u32,
    all: String,
    ends: Vec<u32>,
}

impl Piece {
    /// Bytes from which on a piece is long enough; ends in it have room for those of any text more.
    const BYTES: usize = 1 << 20;

    fn len(&self) -> u32 {
        self.ends.len() as u32
    }

    /// From where to where the text of a number goes; nowhere where it has none.
    #[inline]
    fn range(&self, number: u32) -> std::ops::Range<usize> {
        let index = number.wrapping_sub(self.first) as usize;
        let end = self.ends.get(index).copied().unwrap_or(0);
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(end),
            None => 0,
        };
        start as usize..end as usize
    }

    /// The text of a number; empty where it has none.
    #[inline]
    fn get(&self, number: u32) -> &str {
        self.all.get(self.range(number)).unwrap_or_default()
    }
}

/// The texts of a trace that were seen so far. Pieces of them never change any more: whoever reads
/// the trace and whoever replays it have the same ones, so that each text is there once.
#[derive(Debug, Default)]
pub struct Pieces {
    closed: Vec<Arc<Piece>>,
    /// The number of the first text of each.
    firsts: Vec<u32>,
    /// By number divided by [`Self::GROUP`]: the piece that has the first text of that group.
    groups: Vec<u32>,
    open: Piece,
}

impl Pieces {
    const GROUP: u32 = 64;

    /// How many texts there are.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        (self.open.first + self.open.len()) as usize
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a text, whose number is how many there were before.
    pub fn push(&mut self, text: &str) {
        if self.open.all.len() >= Piece::BYTES {
            self.close();
        }
        self.open.all.push_str(text);
        self.open.ends.push(self.open.all.len() as u32);
    }

    /// The text of a number; empty where there is none.
    #[must_use]
    #[inline]
    pub fn get(&self, number: u32) -> &str {
        self.piece(number).get(number)
    }

    /// The bytes of the text of a number.
    #[inline]
    pub(crate) fn bytes(&self, number: u32) -> &[u8] {
        let piece = self.piece(number);
        let bytes = piece.all.as_bytes();
        bytes.get(piece.range(number)).unwrap_or_default()
    }

    /// The piece that has the text of a number, if any has.
    #[inline]
    fn piece(&self, number: u32) -> &Piece {
        if number >= self.open.first {
            return &self.open;
        }
        let closed = self.closed.get(self.piece_of(number));
        closed.map_or(&self.open, Arc::as_ref)
    }

    /// The closed piece of a text that is in one.
    #[inline]
    fn piece_of(&self, number: u32) -> usize {
        let group = self.groups.get((number / Self::GROUP) as usize);
        let mut piece = group.map_or(0, |piece| *piece as usize);
        while self
            .firsts
            .get(piece + 1)
            .is_some_and(|first| *first <= number)
        {
            piece += 1;
        }
        piece
    }

    /// The texts that were added since the piece before do not change any more, nor are there any
    /// more in their piece.
    pub fn close(&mut self) {
        if self.open.len() == 0 {
            return;
        }
        let first = self.open.first + self.open.len();
        let next = Piece {
            first,
            ..Piece::default()
        };
        let mut piece = std::mem::replace(&mut self.open, next);
        piece.all.shrink_to_fit();
        piece.ends.shrink_to_fit();
        self.put(Arc::new(piece));
    }

    fn put(&mut self, piece: Arc<Piece>) {
        let number = self.closed.len() as u32;
        let end = piece.first + piece.len();
        self.groups
            .resize(end.div_ceil(Self::GROUP) as usize, number);
        self.firsts.push(piece.first);
        self.open.first = end;
        self.closed.push(piece);
    }

    /// Takes a piece of somebody else's, whose texts get the same numbers here; `false`: these numbers
    /// belong to other texts, or those before are missing. It may be here already.
    pub fn adopt(&mut self, piece: &Arc<Piece>) -> bool {
        let len = self.len();
        if piece.first as usize == len {
            self.close();
            self.put(Arc::clone(piece));
            return true;
        }
        let known = (piece.first < self.open.first).then(|| self.piece_of(piece.first));
        let known = known.and_then(|known| self.closed.get(known));
        known.is_some_and(|known| Arc::ptr_eq(known, piece))
    }

    /// The closed pieces that have texts of these numbers, and all from `since` on, in order.
    pub(crate) fn with(
        &self,
        numbers: &[u32],
        since: usize,
    ) -> impl Iterator<Item = &Arc<Piece>> + use<'_> {
        let since = since.min(self.closed.len());
        let first = self.firsts.get(since).copied();
        let earlier = numbers
            .iter()
            .filter(|number| first.is_none_or(|first| **number < first));
        let mut earlier: Vec<usize> = earlier.map(|number| self.piece_of(*number)).collect();
        earlier.sort_unstable();
        earlier.dedup();
        let all = earlier.into_iter().chain(since..self.closed.len());
        all.filter_map(|piece| self.closed.get(piece))
    }

    /// How many pieces are closed.
    pub(crate) const fn closed(&self) -> usize {
        self.closed.len()
    }
}

/// The text of a number that is in one of some pieces, in their order; empty where it is in none.
pub(crate) fn text_in(pieces: &[Arc<Piece>], number: u32) -> &str {
    let behind = pieces.partition_point(|piece| piece.first <= number);
    let piece = behind.checked_sub(1).and_then(|piece| pieces.get(piece));
    piece.map_or("", |piece| piece.get(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whoever adopts all pieces has the same texts, whenever they were closed.
        #[test]
        fn texts_keep_their_numbers(
            steps in prop::collection::vec(("[a-cé]{0,3}", 0_u8..9), 0..400),
        ) {
            let (mut own, mut other) = (Pieces::default(), Pieces::default());
            let mut told = 0;
            for (number, (text, event)) in (0..).zip(&steps) {
                own.push(text);
                prop_assert_eq!(own.get(number), text);
                if *event == 0 {
                    own.close();
                    for piece in own.with(&[number / 2], told) {
                        prop_assert!(other.adopt(piece));
                    }
                    told = own.closed();
                    let shared: Vec<_> = own.with(&[number / 2, number], told).cloned().collect();
                    prop_assert_eq!(text_in(&shared, number), text);
                    prop_assert_eq!(text_in(&shared, number / 2), own.get(number / 2));
                }
            }
            prop_assert_eq!(own.len(), steps.len());
            for number in 0..own.len() as u32 {
                prop_assert_eq!(own.get(number), &steps[number as usize].0);
                if (number as usize) < other.len() {
                    prop_assert_eq!(other.get(number), own.get(number));
                }
            }
            prop_assert_eq!(own.get(own.len() as u32), "");
        }
    }

    #[test]
    fn other_texts_are_not_adopted() {
        let (mut own, mut other) = (Pieces::default(), Pieces::default());
        own.push("a");
        own.close();
        other.push("b");
        other.close();
        let piece = own.with(&[], 0).next().cloned().unwrap_or_default();
        assert!(!other.adopt(&piece));
        assert_eq!((other.get(0), other.len()), ("b", 1));
        assert!(own.adopt(&piece));
    }

    #[test]
    fn long_texts_close_their_piece() {
        let mut pieces = Pieces::default();
        for length in [Piece::BYTES, 3, 2 * Piece::BYTES, 0, 1] {
            pieces.push(&"7".repeat(length));
        }
        assert_eq!(pieces.closed(), 2);
        assert_eq!(
            [1, 2, 3, 4].map(|number| pieces.get(number).len()),
            [3, 2 << 20, 0, 1]
        );
    }
}
