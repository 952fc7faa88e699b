//! Times as access logs write them.

/// An instant as written: whole seconds since the Unix epoch, and the fraction if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) second: i64,
    /// Nanoseconds; `None` where the time is written in whole seconds.
    pub(crate) fraction: Option<u32>,
}

/// Reads times; remembers the last one, since a log repeats it for as long as its second lasts.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    text: Vec<u8>,
    stamp: Option<Stamp>,
    /// The day and the time zone of a time that was read, and when that day begins there.
    day: Option<Day>,
}

/// The day of `10/Oct/2000:13:55:36 -0700`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Day {
    /// `10/Oct/2000:`
    date: [u8; 12],
    /// ` -0700`
    zone: [u8; 6],
    begins: i64,
}

impl Clock {
    /// `10/Oct/2000:13:55:36 -0700`, also with a fraction of a second, or the same in ISO 8601:
    /// `2000-10-10T13:55:36-07:00`. Without a time zone it is UTC.
    pub(crate) fn read(&mut self, text: &[u8]) -> Option<Stamp> {
        if self.stamp.is_some() && self.text == text {
            return self.stamp;
        }
        self.stamp = self.same_day(text).or_else(|| parse(text));
        self.text.clear();
        self.text.extend_from_slice(text);
        self.stamp
    }

    /// A time of whole seconds, written as the one whose day is remembered; remembers another day.
    fn same_day(&mut self, text: &[u8]) -> Option<Stamp> {
        let (date, rest) = text.split_first_chunk::<12>()?;
        let (time, zone) = rest.split_first_chunk::<8>()?;
        let zone: [u8; 6] = zone.try_into().ok()?;
        let [a, b, b':', c, d, b':', e, f] = time else {
            return None;
        };
        let digits = [a, b, c, d, e, f];
        if !digits.iter().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let two = |tens: &u8, ones: &u8| i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
        let (hour, minute, second) = (two(a, b), two(c, d), two(e, f));
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let in_day = hour * 3_600 + minute * 60 + second;
        match self.day {
            Some(day) if day.date == *date && day.zone == zone => Some(Stamp {
                second: day.begins + in_day,
                fraction: None,
            }),
            _ => {
                let stamp = parse(text)?;
                self.day = stamp.fraction.is_none().then_some(Day {
                    date: *date,
                    zone,
                    begins: stamp.second - in_day,
                });
                Some(stamp)
            }
        }
    }
}

fn parse(text: &[u8]) -> Option<Stamp> {
    let (days, rest) = date(text)?;
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(b":")?, 2)?;
    let (second, rest) = digits(rest.strip_prefix(b":")?, 2)?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, rest) = fraction(rest)?;
    let second = days * 86_400 + hour * 3_600 + minute * 60 + second - zone(rest)?;
    Some(Stamp { second, fraction })
}

/// The day, as days since the epoch, and what follows the separator behind it.
fn date(text: &[u8]) -> Option<(i64, &[u8])> {
    let (year, month, day, rest) = if text.get(4) == Some(&b'-') {
        let (year, rest) = digits(text, 4)?;
        let (month, rest) = digits(rest.strip_prefix(b"-")?, 2)?;
        let (day, rest) = digits(rest.strip_prefix(b"-")?, 2)?;
        let rest = rest
            .strip_prefix(b"T")
            .or_else(|| rest.strip_prefix(b" "))?;
        (year, month, day, rest)
    } else {
        let (day, rest) = digits(text, 2)?;
        let (name, rest) = rest.strip_prefix(b"/")?.split_at_checked(3)?;
        let month = month(name)?;
        let (year, rest) = digits(rest.strip_prefix(b"/")?, 4)?;
        (year, month, day, rest.strip_prefix(b":")?)
    };
    let known = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    // What nanoseconds in 64 bits reach.
    let reached = (1678..=2261).contains(&year);
    (known && reached).then(|| (days_since_epoch(year, month, day), rest))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn month(name: &[u8]) -> Option<i64> {
    const NAMES: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let index = NAMES.iter().position(|known| *known == name)?;
    Some(index as i64 + 1)
}

/// Days from 1 January 1970 in the Gregorian calendar. Counts years from March, so that the leap
/// day is the last of its year.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let in_year = (153 * month + 2) / 5 + day - 1;
    365 * year + leap_days + in_year - 719_468
}

/// A number of exactly `count` digits.
fn digits(text: &[u8], count: usize) -> Option<(i64, &[u8])> {
    let (number, rest) = text.split_at_checked(count)?;
    let mut value = 0;
    for byte in number {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    Some((value, rest))
}

/// `.123` or `,123`, up to nanoseconds; further digits are cut off.
fn fraction(text: &[u8]) -> Option<(Option<u32>, &[u8])> {
    let Some((b'.' | b',', rest)) = text.split_first() else {
        return Some((None, text));
    };
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at_checked(count)?;
    let nanos = (0..9).fold(0, |nanos, index| {
        nanos * 10 + digits.get(index).map_or(0, |digit| u32::from(digit - b'0'))
    });
    (count > 0).then_some((Some(nanos), rest))
}

/// `-0700`, `-07:00`, `Z` or nothing; in seconds.
fn zone(text: &[u8]) -> Option<i64> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (sign, rest) = match text {
        [] | b"Z" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = digits(rest, 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(b":").unwrap_or(rest), 2)?;
    (rest.is_empty() && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<(i64, Option<u32>)> {
        let stamp = Clock::default().read(text.as_bytes())?;
        Some((stamp.second, stamp.fraction))
    }

    // Seconds by `date -d … +%s`.
    #[test]
    fn known_times() {
        assert_eq!(
            read("10/Oct/2000:13:55:36 -0700"),
            Some((971_211_336, None))
        );
        assert_eq!(read("01/Jan/1970:00:00:00 +0000"), Some((0, None)));
        assert_eq!(read("31/Dec/1969:23:59:59"), Some((-1, None)));
        assert_eq!(
            read("29/Feb/2024:23:30:00 +0530"),
            Some((1_709_229_600, None))
        );
        assert_eq!(
            read("17/May/2015:10:05:03.125 +0000"),
            Some((1_431_857_103, Some(125_000_000)))
        );
        assert_eq!(
            read("2015-05-17T10:05:03+00:00"),
            Some((1_431_857_103, None))
        );
        assert_eq!(
            read("2015-05-17T12:05:03,5+02:00"),
            Some((1_431_857_103, Some(500_000_000)))
        );
        assert_eq!(read("2015-05-17 10:05:03Z"), Some((1_431_857_103, None)));
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "10/Oct/2000",
            "10/Okt/2000:13:55:36 -0700",
            "32/Oct/2000:13:55:36 -0700",
            "29/Feb/2023:00:00:00 +0000",
            "10/Oct/2000:24:00:00 -0700",
            "10/Oct/2999:13:55:36 -0700",
            "10/Oct/2000:13:55:36. -0700",
            "10/Oct/2000:13:55:36 -07",
            "10/Oct/2000:13:55:36 -0700 x",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_last_time_is_remembered_rightly(texts in proptest::collection::vec("1[01]/Oct/200[01]:[12][34]:5[5:]:3[67] [+-]0[07]00|2000-10-10T13:55:3[67]-07:00|2000-10-10 13:55:36[.Z]?5?|x", 1..8)) {
            let mut clock = Clock::default();
            for text in &texts {
                prop_assert_eq!(clock.read(text.as_bytes()), parse(text.as_bytes()));
            }
        }
    }
}
