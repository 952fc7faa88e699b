//! From the bytes of a file to text.

use std::fmt;

/// Why bytes are not a policy's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// There is a zero byte: no editor writes one.
    Binary {
        /// The line of the first one, counted from 1.
        line: u32,
    },
    /// It begins as UTF-16 does.
    Utf16,
    /// Some bytes are not UTF-8.
    NotUtf8 {
        /// The line of the first one, counted from 1.
        line: u32,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binary { line } => {
                write!(
                    f,
                    "this is not a text file: there is a zero byte in line {line}"
                )
            }
            Self::Utf16 => write!(f, "this file is written in UTF-16: save it as UTF-8"),
            Self::NotUtf8 { line } => {
                write!(
                    f,
                    "this file is not written in UTF-8: line {line} has other bytes; save it as UTF-8"
                )
            }
        }
    }
}

impl std::error::Error for DecodeError {}

/// The text that the bytes of a file hold.
///
/// # Errors
/// When they hold none: a binary file, or another encoding than UTF-8.
pub fn decode(bytes: &[u8]) -> Result<&str, DecodeError> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(DecodeError::Utf16);
    }
    let line_of = |offset: usize| {
        let head = bytes.get(..offset).unwrap_or_default();
        u32::try_from(head.iter().filter(|&&byte| byte == b'\n').count())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    };
    if let Some(offset) = bytes.iter().position(|&byte| byte == 0) {
        return Err(DecodeError::Binary {
            line: line_of(offset),
        });
    }
    std::str::from_utf8(bytes).map_err(|error| DecodeError::NotUtf8 {
        line: line_of(error.valid_up_to()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text() {
        assert_eq!(decode("größe\n".as_bytes()), Ok("größe\n"));
        assert_eq!(decode(b""), Ok(""));
    }

    #[test]
    fn other_files_are_named_with_their_line() {
        assert_eq!(decode(b"a\nb\0"), Err(DecodeError::Binary { line: 2 }));
        assert_eq!(
            decode(b"a\nb\nc\xE9"),
            Err(DecodeError::NotUtf8 { line: 3 })
        );
        assert_eq!(decode(b"\xFF\xFEa\0"), Err(DecodeError::Utf16));
        assert_eq!(
            decode(b"\x7FELF\x02\0").unwrap_err().to_string(),
            "this is not a text file: there is a zero byte in line 1"
        );
    }
}
