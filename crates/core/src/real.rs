//! Numbers as text, read as the nearest double; of two that are as near, the even one (IEEE 754-2019, 4.3.1).
//!
//! The same numbers as `str::parse` reads, which brings 10 KiB of powers for the sake of speed; a browser has to load
//! them.

use core::cmp::Ordering;

/// So many digits decide; of those behind it is enough to know that there is one.
const DIGITS: usize = 800;

/// Bits of a double's fraction, the first included.
const BITS: i32 = 53;

/// The exponent of the smallest double, as a power of two.
const SMALLEST: i32 = -1074;

/// The number that a text is, `inf` and `nan` included; `None`: it is none.
#[must_use]
pub fn parse(text: &str) -> Option<f64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1.0, text),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let is = |word| text.eq_ignore_ascii_case(word);
    if is("inf") || is("infinity") {
        return Some(sign * f64::INFINITY);
    }
    if is("nan") {
        return Some(f64::NAN);
    }
    let (number, mut exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, whole(exponent)?),
        None => (text, 0),
    };
    let (before, behind) = number.split_once('.').unwrap_or((number, ""));
    let digits = || before.bytes().chain(behind.bytes());
    if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    exponent -= behind.len() as i64;
    let mut digits: Vec<u8> = digits().skip_while(|digit| *digit == b'0').collect();
    if let Some(more) = digits.len().checked_sub(DIGITS) {
        let rest = digits.drain(DIGITS..).any(|digit| digit != b'0');
        digits.push(b'0' + u8::from(rest));
        exponent += more as i64 - 1;
    }
    Some(sign * nearest(&digits, exponent))
}

fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Far beyond what a double can be, whatever the digits are.
    let number = digits.parse().unwrap_or(i64::MAX).min(1 << 40);
    Some(if text.starts_with('-') {
        -number
    } else {
        number
    })
}

/// Digits times a power of ten.
fn nearest(digits: &[u8], exponent: i64) -> f64 {
    let first = exponent + digits.len() as i64;
    if digits.is_empty() || first < -330 {
        return 0.0;
    }
    if first > 310 {
        return f64::INFINITY;
    }
    let tens = exponent.unsigned_abs();
    if digits.len() <= 15 && tens <= 22 {
        // Both are doubles without a loss, so that what is made of them is rounded once.
        let number = digits
            .iter()
            .fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'))
            as f64;
        let power = (0..tens).fold(1.0, |power, _| power * 10.0);
        return if exponent < 0 {
            number / power
        } else {
            number * power
        };
    }
    let (mut above, mut below) = (Natural::default(), Natural(vec![1]));
    for digit in digits {
        above.times(10, u32::from(digit - b'0'));
    }
    for _ in 0..tens {
        if exponent < 0 { &mut below } else { &mut above }.times(10, 0);
    }
    // At most one too many, which the quotient shows.
    let scale = above.bits() - below.bits() - BITS;
    let scale = scale.max(SMALLEST);
    let found = rounded(&above, &below, scale).or_else(|| rounded(&above, &below, scale + 1));
    let (quotient, scale) = found.unwrap_or_default();
    libm::scalbn(quotient as f64, scale)
}

/// A quotient in units of a power of two, with the power; `None`: it has more bits than a double.
fn rounded(above: &Natural, below: &Natural, scale: i32) -> Option<(u64, i32)> {
    let (mut rest, mut unit) = (above.clone(), below.clone());
    rest.doubled(-scale);
    unit.doubled(scale);
    // All bits that the quotient can have, the highest first.
    unit.doubled(BITS + 1);
    let mut quotient = 0;
    for _ in 0..BITS + 2 {
        quotient <<= 1;
        if rest.order(&unit).is_ge() {
            rest.minus(&unit);
            quotient |= 1;
        }
        rest.doubled(1);
    }
    if quotient >> BITS > 0 {
        return None;
    }
    let up = match rest.order(&unit) {
        Ordering::Less => 0,
        Ordering::Equal => quotient & 1,
        Ordering::Greater => 1,
    };
    Some((quotient + up, scale))
}

/// A natural number of any size: its digits to the base 2³², the lowest first, without zeros at the end.
#[derive(Clone, Default)]
struct Natural(Vec<u32>);

impl Natural {
    fn times(&mut self, factor: u32, plus: u32) {
        let mut carry = u64::from(plus);
        for digit in &mut self.0 {
            carry += u64::from(*digit) * u64::from(factor);
            *digit = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    /// So many times; not at all where that is negative.
    fn doubled(&mut self, times: i32) {
        let times = times.max(0) as u32;
        if !self.0.is_empty() {
            let zeros = (0..times / 32).map(|_| 0);
            self.0.splice(..0, zeros);
            self.times(1 << (times % 32), 0);
        }
    }

    /// Less what is not more.
    fn minus(&mut self, other: &Self) {
        let mut borrowed = false;
        let others = other.0.iter().copied().chain(core::iter::repeat(0));
        for (digit, other) in self.0.iter_mut().zip(others) {
            let (less, under) = digit.overflowing_sub(other);
            let (less, again) = less.overflowing_sub(u32::from(borrowed));
            *digit = less;
            borrowed = under || again;
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        let length = self.0.len().cmp(&other.0.len());
        length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    fn bits(&self) -> i32 {
        let last = self
            .0
            .last()
            .map_or(0, |last| u32::BITS - last.leading_zeros());
        (self.0.len() as i32 - 1) * 32 + last as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As the standard library reads it.
    fn same(text: &str) {
        let ours = parse(text).map(f64::to_bits);
        assert_eq!(ours, text.parse().ok().map(f64::to_bits), "{text:?}");
    }

    #[test]
    fn what_is_a_number_and_what_is_not() {
        for text in [
            "",
            "-",
            "+",
            ".",
            "-.",
            "e1",
            ".e1",
            "1e",
            "1e+",
            "1.2.3",
            "0x1",
            " 1",
            "1 ",
            "1_0",
            "--1",
            "+-1",
            "i",
            "infi",
            "1",
            "+1",
            "-0",
            "1.",
            ".5",
            "-.5e+1",
            "1E5",
            "00012.500",
            "inf",
            "-Infinity",
            "NaN",
            "1e400",
            "-1e-400",
            "1e99999999999999999999",
            "0e99999999999999999999",
            "1e-99999999999999999999",
        ] {
            same(text);
        }
    }

    #[test]
    fn the_hardest_numbers() {
        for text in [
            // Halfway between two doubles, and a little to either side.
            "9007199254740993",
            "9007199254740992.9999999999",
            "9007199254740993.0000000001",
            "1.00000000000000011102230246251565404236316680908203125",
            "1.00000000000000011102230246251565404236316680908203124",
            "1.00000000000000011102230246251565404236316680908203126",
            // The ends of what a double can be.
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "2.2250738585072011e-308",
            "2.2250738585072014e-308",
            "4.9406564584124654e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "6.631236846766476e-316",
            "1e23",
            "8.41e21",
            "9.5367431640625e-7",
        ] {
            same(text);
        }
        for zeros in [10, 790, 800, 900] {
            let (zeros, half) = ("0".repeat(zeros), "9007199254740993");
            same(&format!("{half}.{zeros}1"));
            same(&format!("{half}{zeros}e-{}", zeros.len()));
            same(&format!("0.{zeros}{half}1e{}", zeros.len()));
        }
    }

    proptest! {
        #[test]
        fn any_double_is_read_as_it_was(bits: u64) {
            let number = f64::from_bits(bits);
            if !number.is_nan() {
                same(&format!("{number:e}"));
                same(&format!("{number}"));
                same(&format!("{number:.25e}"));
            }
        }

        #[test]
        fn any_text_is_read_as_the_standard_library_does(
            text in "[-+]?[0-9]{0,25}[.]?[0-9]{0,25}(e[-+]?[0-9]{1,3})?",
        ) {
            same(&text);
        }
    }
}
