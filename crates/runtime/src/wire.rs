//! Reading bytes that anybody may have written.

/// Reads from the front; `None` where there is not enough.
pub(crate) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    #[cfg(feature = "http")]
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    /// What [`put_bytes`] wrote.
    pub(crate) fn bytes(&mut self) -> Option<&'b [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// What [`put_text`] wrote.
    pub(crate) fn text(&mut self) -> Option<&'b str> {
        core::str::from_utf8(self.bytes()?).ok()
    }

    pub(crate) const fn rest(&self) -> &'b [u8] {
        self.rest
    }
}

/// Writes what [`Reader::text`] reads; `None`: it is longer than can be written.
pub(crate) fn put_text(bytes: &mut Vec<u8>, text: &str) -> Option<()> {
    put_bytes(bytes, text.as_bytes())
}

/// Writes what [`Reader::bytes`] reads; `None`: it is longer than can be written.
pub(crate) fn put_bytes(bytes: &mut Vec<u8>, value: &[u8]) -> Option<()> {
    bytes.extend(u32::try_from(value.len()).ok()?.to_le_bytes());
    bytes.extend(value);
    Some(())
}
