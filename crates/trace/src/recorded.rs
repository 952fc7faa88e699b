//! What a recorder says at the end of each of its files: what happened and is not there.

use crate::decimal::format_nanos;
use crate::sample::Rate;
use cachepolicy_core::units::Time;

/// What a recorded trace lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// The share of the paths or keys that was recorded, as by `simulate --sample` with the seed 0.
    pub sample: Rate,
    /// Requests and accesses that the sample does not have.
    pub left_out: u64,
    /// Events of the sample that were not recorded, since the recorder could not follow.
    pub dropped: u64,
    /// Events that took so long to end that they bear a later time than that of their beginning.
    pub late: u64,
}

impl Default for Recorded {
    fn default() -> Self {
        Self {
            sample: Rate::ALL,
            left_out: 0,
            dropped: 0,
            late: 0,
        }
    }
}

impl Recorded {
    /// Of two files together. A trace of several rates is as good as the lowest of them.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            sample: self.sample.min(other.sample),
            left_out: self.left_out.saturating_add(other.left_out),
            dropped: self.dropped.saturating_add(other.dropped),
            late: self.late.saturating_add(other.late),
        }
    }

    /// What happened after `earlier`, of counts that only grow.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            sample: self.sample,
            left_out: self.left_out.saturating_sub(earlier.left_out),
            dropped: self.dropped.saturating_sub(earlier.dropped),
            late: self.late.saturating_sub(earlier.late),
        }
    }

    /// As a line of JSON lines; `at`: when the last event of the file happened.
    #[must_use]
    pub fn line(&self, at: Time) -> String {
        let at = format_nanos(at.nanos());
        let sample = self.sample.share();
        let Self {
            left_out,
            dropped,
            late,
            ..
        } = self;
        format!(
            "{{\"at\":{at},\"type\":\"recorded\",\"sample\":{sample},\"left_out\":{left_out},\"dropped\":{dropped},\"late\":{late}}}\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{error, read};
    use crate::{MaxErrors, ReadOptions};

    #[test]
    fn what_recorders_say_of_their_files_adds_up() {
        let of = |share, dropped| Recorded {
            sample: Rate::new(share).unwrap(),
            left_out: 10,
            dropped,
            late: 1,
        };
        let mut trace = String::from("{\"at\":1,\"path\":\"/\"}\n");
        trace += &of(0.5, 2).line(Time::from_nanos(1_500_000_000));
        trace += "{\"at\":2,\"path\":\"/\"}\n";
        trace += &of(0.25, 3).line(Time::from_nanos(2_000_000_000));
        let (events, stats) = read(trace.as_bytes(), &ReadOptions::default()).unwrap();
        assert_eq!(events.len(), 2);
        let recorded = stats.recorded.unwrap();
        assert_eq!(recorded.sample.share(), 0.25);
        assert_eq!(
            (recorded.left_out, recorded.dropped, recorded.late),
            (20, 5, 2)
        );
        let (_, stats) = read(b"{\"at\":1,\"path\":\"/\"}\n", &ReadOptions::default()).unwrap();
        assert_eq!(stats.recorded, None);
    }

    #[test]
    fn what_is_wrong_with_it_is_said() {
        let options = ReadOptions {
            max_errors: Some(MaxErrors::Count(0)),
            ..ReadOptions::default()
        };
        let text = "{\"at\":1,\"type\":\"recorded\",\"sample\":7}\n";
        assert!(error(text.as_bytes(), &options).contains("a share above 0, at most 1"));
        let text = "{\"at\":1,\"type\":\"recorded\",\"lost\":7}\n";
        assert!(error(text.as_bytes(), &options).contains("`lost` is no field"));
    }
}
