//! What gzip has compressed (RFC 1952): its members, one after the other.

use crate::checksum::Checksum;
use flate2::{Decompress, FlushDecompress, Status};
use std::io::{BufRead, Error, ErrorKind, Read, Result};

/// Which parts a header has, beside those that all have.
mod flags {
    pub(super) const CHECKSUM: u8 = 1 << 1;
    pub(super) const EXTRA: u8 = 1 << 2;
    pub(super) const NAME: u8 = 1 << 3;
    pub(super) const COMMENT: u8 = 1 << 4;
    pub(super) const UNKNOWN: u8 = 0b111 << 5;
}

/// Fails as [`ErrorKind::UnexpectedEof`] where a member ends in the middle, and as [`ErrorKind::InvalidData`] where
/// it is damaged.
pub(crate) struct Members<R> {
    input: R,
    inflate: Decompress,
    /// Of what was read of this member, and how many bytes that were.
    sum: Checksum,
    length: u32,
    place: Place,
}

enum Place {
    Header,
    Body,
    End,
}

impl<R: BufRead> Members<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input,
            inflate: Decompress::new(false),
            sum: Checksum::new(),
            length: 0,
            place: Place::Header,
        }
    }

    fn header(&mut self) -> Result<()> {
        let mut header = Header {
            input: &mut self.input,
            sum: Checksum::new(),
        };
        let [0x1f, 0x8b, 8, flags, ..] = header.bytes::<10>()? else {
            return Err(damaged());
        };
        if flags & flags::UNKNOWN != 0 {
            return Err(damaged());
        }
        if flags & flags::EXTRA != 0 {
            let length = header.bytes()?;
            for _ in 0..u16::from_le_bytes(length) {
                header.bytes::<1>()?;
            }
        }
        for text in [flags::NAME, flags::COMMENT] {
            while flags & text != 0 && header.bytes()? != [0] {}
        }
        if flags & flags::CHECKSUM != 0 {
            let sum = core::mem::replace(&mut header.sum, Checksum::new()).finalize();
            if header.bytes()? != (sum as u16).to_le_bytes() {
                return Err(damaged());
            }
        }
        self.inflate.reset(false);
        self.sum = Checksum::new();
        self.length = 0;
        self.place = Place::Body;
        Ok(())
    }

    /// Some of a member's body; nothing at its end.
    fn body(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let input = self.input.fill_buf()?;
            let is_last = input.is_empty();
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let flush = if is_last {
                FlushDecompress::Finish
            } else {
                FlushDecompress::None
            };
            let status = self.inflate.decompress(input, buffer, flush);
            let status = status.map_err(|_| damaged())?;
            let taken = (self.inflate.total_in() - before_in) as usize;
            let given = (self.inflate.total_out() - before_out) as usize;
            self.input.consume(taken);
            self.sum.update(buffer.get(..given).unwrap_or_default());
            self.length = self.length.wrapping_add(given as u32);
            if given > 0 || status == Status::StreamEnd {
                return Ok(given);
            }
            if is_last {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn footer(&mut self) -> Result<()> {
        let mut footer = [[0; 4]; 2];
        self.input.read_exact(footer.as_flattened_mut())?;
        let sum = core::mem::replace(&mut self.sum, Checksum::new()).finalize();
        if footer != [sum, self.length].map(u32::to_le_bytes) {
            return Err(damaged());
        }
        self.place = if self.input.fill_buf()?.is_empty() {
            Place::End
        } else {
            Place::Header
        };
        Ok(())
    }

    fn some(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            match self.place {
                Place::Header => self.header()?,
                Place::Body => match self.body(buffer)? {
                    0 => self.footer()?,
                    given => return Ok(given),
                },
                Place::End => return Ok(0),
            }
        }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.some(buffer);
        if read.is_err() {
            self.place = Place::End;
        }
        read
    }
}

/// What is read of a header is in its checksum.
struct Header<'a, R> {
    input: &'a mut R,
    sum: Checksum,
}

impl<R: BufRead> Header<'_, R> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes)?;
        self.sum.update(&bytes);
        Ok(bytes)
    }
}

fn damaged() -> Error {
    ErrorKind::InvalidData.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::bufread::MultiGzDecoder;
    use flate2::write::GzEncoder;
    use flate2::{Compression, GzBuilder};
    use proptest::prelude::*;
    use std::io::Write as _;

    const TEXT: &[u8] = b"one line, one line, another line, one line\n";

    /// A member with each part that a header may have.
    fn member() -> Vec<u8> {
        let named = GzBuilder::new()
            .extra(b"more".to_vec())
            .filename("a.log")
            .comment("of today");
        let mut encoder = named.write(Vec::new(), Compression::fast());
        encoder.write_all(TEXT).unwrap();
        let mut bytes = encoder.finish().unwrap();
        let end = bytes.windows(6).position(|it| it == b"today\0").unwrap() + 6;
        bytes[3] |= flags::CHECKSUM;
        let sum = crate::checksum::of(&bytes[..end]) as u16;
        bytes.splice(end..end, sum.to_le_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> (Vec<u8>, Option<ErrorKind>) {
        let mut text = Vec::new();
        let read = Members::new(bytes).read_to_end(&mut text);
        (text, read.err().map(|error| error.kind()))
    }

    #[test]
    fn headers_may_have_all_parts() {
        let mut plain = GzEncoder::new(Vec::new(), Compression::best());
        plain.write_all(TEXT).unwrap();
        let both = [member(), plain.finish().unwrap()].concat();
        assert_eq!(read(&both), (TEXT.repeat(2), None));
    }

    #[test]
    fn wherever_it_is_cut_off_it_says_so() {
        let member = member();
        for end in 0..member.len() {
            let (_, error) = read(&member[..end]);
            assert_eq!(error, Some(ErrorKind::UnexpectedEof), "at {end}");
        }
    }

    proptest! {
        #[test]
        fn what_is_damaged_is_read_as_flate2_reads_it(at in 0_usize..200, mask in 1_u8..) {
            let mut bytes = member().repeat(2);
            let at = at % bytes.len();
            bytes[at] ^= mask;
            let mut theirs = Vec::new();
            let they_can = MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut theirs);
            let (ours, error) = read(&bytes);
            prop_assert_eq!(error.is_none(), they_can.is_ok());
            prop_assert!(error.is_some() || ours == theirs);
        }
    }
}
