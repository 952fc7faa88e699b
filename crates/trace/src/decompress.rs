//! Compressed input, told by its first bytes.

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, BufReader, Error, ErrorKind, Read};

/// Who reads more at once gets it without a copy in between.
const CHUNK_BYTES: usize = 64 * 1024;

/// Containers and compressions that are not read, by their first bytes, with what to do.
const UNREAD: [(&[u8], &str); 5] = [
    (
        b"\xfd7zXZ\0",
        "xz data: decompress it first (`xz -dc FILE | … -`)",
    ),
    (
        b"PK\x03\x04",
        "a zip archive: unpack it first (`unzip -p FILE | … -`)",
    ),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (
        b"\x04\x22\x4d\x18",
        "lz4 data: decompress it first (`lz4 -dc FILE | … -`)",
    ),
    (
        b"PAR1\x15",
        "a Parquet file: write it out as CSV or JSON lines first",
    ),
];

/// What a file with these first bytes is, when it is one that is not read.
pub(crate) fn unread_container(head: &[u8]) -> Option<&'static str> {
    if head.get(257..262) == Some(b"ustar") {
        return Some("a tar archive: unpack it first (`tar -xOf FILE | … -`)");
    }
    // The digit is its level. A key may begin with the letters alone.
    if matches!(head, [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', ..]) {
        return Some("bzip2 data: decompress it first (`bzip2 -dc FILE | … -`)");
    }
    UNREAD
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|(_, what)| *what)
}

/// The input, decompressed if it is gzip or Zstandard; both may hold several members in a row.
pub(crate) fn decompress<'a>(input: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut input = BufReader::with_capacity(CHUNK_BYTES, input);
    // A pipe gives what it has: the four bytes of a magic number may come one by one.
    let mut head = Vec::with_capacity(4);
    (&mut input).take(4).read_to_end(&mut head)?;
    let gzip = head.starts_with(&[0x1f, 0x8b]);
    let zstd = is_zstd(&head);
    let input = io::Cursor::new(head).chain(input);
    Ok(if gzip {
        Box::new(Gzip(MultiGzDecoder::new(input)))
    } else if zstd {
        Box::new(Zstd::new(input))
    } else {
        Box::new(input)
    })
}

/// A frame of Zstandard (RFC 8878), also a skippable one.
fn is_zstd(head: &[u8]) -> bool {
    match head {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => true,
        [first, 0x2a, 0x4d, 0x18, ..] => (0x50..=0x5f).contains(first),
        _ => false,
    }
}

fn cut_off(what: &str) -> Error {
    let text = format!("the {what} data ends in the middle: the file is cut off");
    Error::new(ErrorKind::UnexpectedEof, text)
}

fn damaged(what: &str) -> Error {
    Error::new(
        ErrorKind::InvalidData,
        format!("the {what} data is damaged"),
    )
}

struct Gzip<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => cut_off("gzip"),
            ErrorKind::InvalidInput | ErrorKind::InvalidData => damaged("gzip"),
            _ => error,
        })
    }
}

/// All frames of an input, one after the other.
struct Zstd<R> {
    input: R,
    frame: FrameDecoder,
    inside: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(input: R) -> Self {
        Self {
            input,
            frame: FrameDecoder::new(),
            inside: false,
        }
    }

    /// Begins the next frame; `false` at the end of the input.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if self.input.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.frame.reset(&mut self.input) {
                Ok(()) => {
                    self.inside = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped = io::copy(&mut (&mut self.input).take(length), &mut io::sink())?;
                    if skipped < length {
                        return Err(cut_off("zstd"));
                    }
                }
                Err(error) => return Err(self.explain(&error)),
            }
        }
    }

    fn explain(&mut self, error: &FrameDecoderError) -> Error {
        match error {
            FrameDecoderError::WindowSizeTooBig { requested, max } => Error::new(
                ErrorKind::InvalidData,
                format!(
                    "its zstd window of {} MiB is larger than the {} MiB that are read: compress it again without `--long` or `--ultra`",
                    requested >> 20,
                    max >> 20
                ),
            ),
            FrameDecoderError::DictNotProvided { .. } => Error::new(
                ErrorKind::InvalidData,
                "its zstd data needs a dictionary: compress it again without one",
            ),
            _ if self.input.fill_buf().is_ok_and(<[u8]>::is_empty) => cut_off("zstd"),
            _ => damaged("zstd"),
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.inside && !self.begin()? {
                return Ok(0);
            }
            while self.frame.can_collect() == 0 && !self.frame.is_finished() {
                let block = BlockDecodingStrategy::UptoBlocks(1);
                if let Err(error) = self.frame.decode_blocks(&mut self.input, block) {
                    return Err(self.explain(&error));
                }
            }
            let read = self.frame.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            self.inside = !self.frame.is_finished();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        compress_to_vec(text, CompressionLevel::Fastest)
    }

    fn read(bytes: &[u8]) -> Result<String, String> {
        let mut text = String::new();
        decompress(bytes)
            .and_then(|mut input| input.read_to_string(&mut text))
            .map_err(|error| error.to_string())?;
        Ok(text)
    }

    #[test]
    fn several_members_in_a_row() {
        assert_eq!(read(b"plain").unwrap(), "plain");
        assert_eq!(read(b"").unwrap(), "");
        assert_eq!(
            read(&[gzip(b"one "), gzip(b"two")].concat()).unwrap(),
            "one two"
        );
        let skippable = b"\x53\x2a\x4d\x18\x03\0\0\0abc".to_vec();
        let frames = [
            skippable.clone(),
            zstd(b"one "),
            skippable,
            zstd(b""),
            zstd(b"two"),
        ];
        assert_eq!(read(&frames.concat()).unwrap(), "one two");
    }

    #[test]
    fn cut_off_and_damaged_data_say_so() {
        let text: Vec<u8> = (0..20_000u32).flat_map(|n| (n * n).to_le_bytes()).collect();
        for (what, data) in [("gzip", gzip(&text)), ("zstd", zstd(&text))] {
            let cut = read(&data[..data.len() / 2]).unwrap_err();
            assert_eq!(
                cut,
                format!("the {what} data ends in the middle: the file is cut off")
            );
        }
        let mut bad = zstd(b"some text, some text, some text");
        bad.splice(6..12, [0xff; 6]);
        assert!(read(&bad).is_err());
        let garbage = [gzip(b"one"), b"garbage behind it".to_vec()].concat();
        assert_eq!(read(&garbage).unwrap_err(), "the gzip data is damaged");
    }

    #[test]
    fn what_is_not_read_is_named() {
        assert!(
            unread_container(b"PK\x03\x04...")
                .unwrap()
                .contains("unzip")
        );
        assert!(unread_container(b"BZh91AY&SY").unwrap().contains("bzip2"));
        assert!(
            unread_container(b"PAR1\x15\x04")
                .unwrap()
                .contains("Parquet")
        );
        for text in ["policy x {}", "BZh:1", "PAR1\n"] {
            assert_eq!(unread_container(text.as_bytes()), None);
        }
    }
}
