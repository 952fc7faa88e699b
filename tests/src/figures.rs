//! Figures of simulations beside what formulas say: means over seeds, judged by their standard
//! errors.

/// So many seeds.
pub const SEEDS: u64 = 12;

/// What a formula says.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    name: &'static str,
    value: f64,
    precision: f64,
    error: f64,
}

/// A formula's value. The standard error of the mean must be at most `precision`, as a share of the
/// value: else the comparison could not fail.
#[must_use]
pub const fn expect(name: &'static str, value: f64, precision: f64) -> Expected {
    Expected {
        name,
        value,
        precision,
        error: 0.0,
    }
}

impl Expected {
    /// The formula is an approximation, by so much at most, as a share of the value.
    #[must_use]
    pub const fn within(mut self, error: f64) -> Self {
        self.error = error;
        self
    }

    fn judge(&self, figures: &[f64]) {
        let count = figures.len() as f64;
        let mean = figures.iter().sum::<f64>() / count;
        let squares = figures
            .iter()
            .map(|figure| (figure - mean) * (figure - mean));
        let error = (squares.sum::<f64>() / (count - 1.0) / count).sqrt();
        let Self { name, value, .. } = *self;
        assert!(
            error <= self.precision * value.abs(),
            "{name}: standard error {error} of {mean} is too large to tell anything"
        );
        let distance = (mean - value).abs() - self.error * value.abs();
        assert!(
            distance <= 3.0 * error,
            "{name}: {mean} where the formula says {value}: {:.1} standard errors",
            distance / error
        );
    }
}

/// Measures with [`SEEDS`] seeds; the means must lie within three standard errors of what the
/// formulas say.
pub fn check<const N: usize>(expected: [Expected; N], measure: impl Fn(u64) -> [f64; N]) {
    let measured: Vec<[f64; N]> = (1..=SEEDS).map(measure).collect();
    for (index, expected) in expected.iter().enumerate() {
        let figures: Vec<f64> = measured.iter().map(|figures| figures[index]).collect();
        expected.judge(&figures);
    }
}
