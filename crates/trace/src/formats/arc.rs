//! Text traces of the ARC paper (Megiddo and Modha, FAST 2003), `.lis`: `start count _ _` is a
//! read of each of `count` blocks from `start` on, one every millisecond.

use super::keys::Steps;
use crate::event::{AccessKey, Event};
use crate::format::{Sample, Spec};
use crate::order::Moment;
use crate::reader::{Records, Times};

pub(crate) const SPEC: Spec = Spec {
    name: "arc",
    about: "block traces of the ARC paper: start, count and two numbers a line",
    is_unordered: false,
    has_garbage: false,
    sniff,
    open: |opening| Ok(opening.source(Arc::default())),
    open_blocks: None,
    accesses_only: true,
};

/// A line with more blocks than that is damaged.
const BLOCKS_MAX: u64 = 1 << 24;

#[derive(Default)]
struct Arc {
    steps: Steps,
    next: u64,
    left: u64,
}

fn numbers(line: &[u8]) -> Option<[u64; 4]> {
    let text = std::str::from_utf8(line).ok()?;
    let mut words = text.split_ascii_whitespace().map(|word| word.parse().ok());
    let row = [
        words.next()??,
        words.next()??,
        words.next()??,
        words.next()??,
    ];
    words.next().is_none().then_some(row)
}

fn sniff(sample: &Sample<'_>) -> bool {
    let mut lines = sample.lines().peekable();
    lines.peek().is_some() && lines.all(|line| numbers(line).is_some())
}

impl Records for Arc {
    fn times(&self) -> Times {
        Times::Made
    }

    fn moment(&mut self, _: &[u8]) -> Result<Option<Moment>, String> {
        Ok(None)
    }

    fn fill(&mut self, record: &[u8], _: u32, event: &mut Event) -> Result<bool, String> {
        if record.trim_ascii().is_empty() {
            return Ok(false);
        }
        let row =
            numbers(record).ok_or("expected four whole numbers: start, count and two more")?;
        let [start, count, ..] = row;
        if count > BLOCKS_MAX {
            return Err(format!(
                "{count} blocks in one line are more than {BLOCKS_MAX}"
            ));
        }
        (self.next, self.left) = (start, count);
        Ok(self.fill_further(event))
    }

    /// A line has as many events as blocks.
    fn fill_further(&mut self, event: &mut Event) -> bool {
        if self.left == 0 {
            return false;
        }
        self.steps.read(AccessKey::Number(self.next), event);
        self.next = self.next.wrapping_add(1);
        self.left -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{error, read};
    use crate::{Access, ReadOptions};

    #[test]
    fn lines_are_unrolled() {
        let trace = b"10 3 0 0\n\n5 0 0 1\n18446744073709551615 2 0 2\n";
        let (events, stats) = read(trace, &ReadOptions::default()).unwrap();
        let keys: Vec<&AccessKey> = events
            .iter()
            .map(|event| match event {
                Event::Access(Access { key, .. }) => key,
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [10, 11, 12, u64::MAX, 0].map(AccessKey::Number);
        assert_eq!(keys, expected.iter().collect::<Vec<_>>());
        assert_eq!(events[4].at().nanos(), 4_000_000);
        assert_eq!((stats.lines, stats.events), (4, 5));
    }

    #[test]
    fn damaged_lines_stop() {
        let many = error(b"1 1 0 0\n1 99999999999 0 0\n", &ReadOptions::default());
        assert!(
            many.contains("line 2: 99999999999 blocks in one line are more than"),
            "{many}"
        );
        let few = error(b"1 1 0 0\n1 1\n", &crate::testing::format("arc"));
        assert!(few.contains("line 2: expected four whole numbers"), "{few}");
    }
}
