//! Several inputs in one file: a policy, a trace and settings.

/// The line between two sections.
pub(super) const LINE: &[u8] = b"\n%%%\n";

/// The sections of an input; those that are missing are empty.
pub(super) fn split<const N: usize>(bytes: &[u8]) -> [&[u8]; N] {
    let mut rest = Some(bytes);
    std::array::from_fn(|index| {
        let section = rest.take().unwrap_or_default();
        let end = section
            .windows(LINE.len())
            .position(|window| window == LINE)
            .filter(|_| index + 1 < N);
        match end {
            Some(end) => {
                rest = section.get(end + LINE.len()..);
                section.get(..end).unwrap_or_default()
            }
            None => section,
        }
    })
}
