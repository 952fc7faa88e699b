//! A mean and how far it can be trusted.

use serde::Serialize;

/// With this probability the true mean lies in an interval.
pub const CONFIDENCE: f64 = 0.95;

/// A mean of independent runs with its confidence interval, after Student (1908), "The probable
/// error of a mean": mean ± t · s/√n, with s² the unbiased variance and t the quantile
/// (1 + [`CONFIDENCE`])/2 of Student's distribution with n − 1 degrees of freedom. It takes the
/// runs' figures as normally distributed, and may reach beyond what a figure can be (a ratio above
/// 1).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Where the interval begins; `None`: one run says nothing about others.
    pub low: Option<f64>,
    /// Where it ends.
    pub high: Option<f64>,
    /// Of so many runs, where not all have the figure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<u64>,
}

impl Interval {
    /// Of figures in the order of their seeds, of which some may be missing; `None`: all are.
    #[must_use]
    pub fn of(figures: &[Option<f64>]) -> Option<Self> {
        let there: Vec<f64> = figures.iter().copied().flatten().collect();
        let count = there.len();
        if count == 0 {
            return None;
        }
        let n = count as f64;
        // Differences from the first lose nothing where all are equal.
        let base = there.first().copied().unwrap_or_default();
        let mean = base + there.iter().map(|figure| figure - base).sum::<f64>() / n;
        let squares: f64 = there.iter().map(|it| (it - mean) * (it - mean)).sum();
        let half = (count > 1).then(|| {
            student_975(count as u64 - 1) * libm::sqrt(squares / (n - 1.0)) / libm::sqrt(n)
        });
        Some(Self {
            mean,
            low: half.map(|half| mean - half),
            high: half.map(|half| mean + half),
            runs: (count < figures.len()).then_some(count as u64),
        })
    }

    /// Half its length; `None`: one run says nothing about others.
    #[must_use]
    pub fn half(&self) -> Option<f64> {
        self.high.map(|high| high - self.mean)
    }
}

/// The 97.5% quantiles of Student's t distribution with 1 to 30 degrees of freedom: NIST/SEMATECH
/// e-Handbook of Statistical Methods, 1.3.6.7.2.
const QUANTILES: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// The 97.5% quantile of Student's t distribution. From 31 degrees of freedom on the expansion of
/// Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5, whose error is then below
/// 10⁻⁶.
#[must_use]
pub fn student_975(freedom: u64) -> f64 {
    let row = usize::try_from(freedom)
        .ok()
        .and_then(|freedom| freedom.checked_sub(1));
    if let Some(quantile) = row.and_then(|row| QUANTILES.get(row)) {
        return *quantile;
    }
    if freedom == 0 {
        return f64::INFINITY;
    }
    // The quantile of the normal distribution, and its odd powers.
    let x = 1.959_963_984_540_054;
    let square = x * x;
    let (x3, x5) = (x * square, x * square * square);
    let (x7, x9) = (x5 * square, x5 * square * square);
    let n = freedom as f64;
    let terms = [
        (x3 + x) / 4.0,
        (5.0 * x5 + 16.0 * x3 + 3.0 * x) / 96.0,
        (3.0 * x7 + 19.0 * x5 + 17.0 * x3 - 15.0 * x) / 384.0,
        (79.0 * x9 + 776.0 * x7 + 1482.0 * x5 - 1920.0 * x3 - 945.0 * x) / 92160.0,
    ];
    let (mut sum, mut power) = (x, 1.0);
    for term in terms {
        power /= n;
        sum += term * power;
    }
    sum
}
