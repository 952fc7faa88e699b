//! Distributions of durations and sizes, sampled by inversion: one uniform number gives one value,
//! monotonely, so that a maximum is the value at 1 and every draw is a pure function.

use crate::units::{Bytes, Duration, nearest};
use serde::{Deserialize, Serialize};

/// The shape, in nanoseconds or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "shape")]
pub enum Shape {
    /// Always the same.
    Constant {
        /// The value.
        value: f64,
    },
    /// Every value between two bounds equally likely.
    Uniform {
        /// The least.
        low: f64,
        /// The greatest.
        high: f64,
    },
    /// Exponential.
    Exponential {
        /// The mean, before clamping.
        mean: f64,
    },
    /// Log-normal, given by its median and its 99th percentile.
    LogNormal {
        /// The median.
        p50: f64,
        /// The 99th percentile; at least the median.
        p99: f64,
    },
}

/// A shape, clamped to `min` and `max` where they are given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// The shape.
    #[serde(flatten)]
    pub shape: Shape,
    /// Smaller values become this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Greater values become this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// The standard normal quantile at 0.99: Φ⁻¹(0.99).
const NORMAL_P99: f64 = 2.326_347_874_040_841;

impl Distribution {
    /// Always this value.
    #[must_use]
    pub const fn constant(value: f64) -> Self {
        Self {
            shape: Shape::Constant { value },
            min: None,
            max: None,
        }
    }

    /// Always this long.
    #[must_use]
    pub const fn constant_duration(duration: Duration) -> Self {
        Self::constant(duration.nanos() as f64)
    }

    /// The value below which a share `u` (0 ≤ u < 1) of the draws lies.
    #[must_use]
    pub fn quantile(&self, u: f64) -> f64 {
        let u = u.clamp(0.0, 1.0);
        let value = match self.shape {
            Shape::Constant { value } => value,
            Shape::Uniform { low, high } => low + (high - low) * u,
            Shape::Exponential { mean } if mean <= 0.0 => 0.0,
            Shape::Exponential { mean } => -mean * libm::log1p(-u),
            // Zero times the infinite quantile at the ends would be no number.
            Shape::LogNormal { p50, p99 } if p50 >= p99 => p50,
            Shape::LogNormal { p50, p99 } => {
                let sigma = libm::log(p99 / p50) / NORMAL_P99;
                p50 * libm::exp(sigma * normal_quantile(u))
            }
        };
        self.clamp(value)
    }

    /// One draw as a duration.
    #[must_use]
    pub fn duration(&self, u: f64) -> Duration {
        Duration::from_nanos(nearest(self.quantile(u)))
    }

    /// One draw as a size.
    #[must_use]
    pub fn bytes(&self, u: f64) -> Bytes {
        Bytes(libm::round(self.quantile(u)) as u64)
    }

    /// The greatest value, or `None` when there is none.
    #[must_use]
    pub fn maximum(&self) -> Option<f64> {
        let top = match self.shape {
            Shape::Constant { value } => Some(value),
            Shape::Uniform { high, .. } => Some(high),
            Shape::Exponential { mean } => (mean <= 0.0).then_some(0.0),
            Shape::LogNormal { p50, p99 } => (p50 == p99).then_some(p50),
        };
        match (top, self.max) {
            (Some(top), _) => Some(self.clamp(top)),
            (None, max) => max,
        }
    }

    /// What the author says that no value lies outside of: `min` and `max` where they are written,
    /// even where no draw comes near them, else the least and the greatest draw; `None`: there is no
    /// greatest. `200ms max 500ms` is drawn as 200 ms, and nobody is to rely on less than 500.
    #[must_use]
    pub fn limits(&self) -> (f64, Option<f64>) {
        let (low, high) = (self.quantile(0.0), self.maximum());
        let low = self.min.map_or(low, |min| low.min(min));
        let high = high.map(|high| self.max.map_or(high, |max| high.max(max)));
        (low, high)
    }

    /// Does every draw give the same value, and which?
    #[must_use]
    pub fn as_constant(&self) -> Option<f64> {
        let high = self.maximum()?;
        (self.quantile(0.0) >= high).then_some(high)
    }

    fn clamp(&self, value: f64) -> f64 {
        let value = self
            .min
            .map_or(value, |min| if value < min { min } else { value });
        self.max
            .map_or(value, |max| if value > max { max } else { value })
    }
}

/// The standard normal quantile Φ⁻¹(p), to about 1 part in 10¹⁶: algorithm AS 241, PPND16
/// (Wichura, Applied Statistics 37(3), 1988). Infinite at 0 and 1.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTRE);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 {
        return if q < 0.0 {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        };
    }
    let r = libm::sqrt(-libm::log(tail));
    let value = if r <= 5.0 {
        ratio(r - 1.6, &MIDDLE)
    } else {
        ratio(r - 5.0, &FAR)
    };
    if q < 0.0 { -value } else { value }
}

/// Numerator and denominator, from the constant term up.
type Rational = [[f64; 8]; 2];

fn ratio(r: f64, [numerator, denominator]: &Rational) -> f64 {
    let polynomial =
        |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * r + c);
    polynomial(numerator) / polynomial(denominator)
}

const CENTRE: Rational = [
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
];

const MIDDLE: Rational = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_8e-9,
    ],
];

const FAR: Rational = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_7e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Wichura's own check values, and the usual table's.
    #[test]
    fn normal_quantiles() {
        for (p, expected) in [
            (0.25, -0.674_489_750_196_081_7),
            (0.001, -3.090_232_306_167_814),
            (1e-20, -9.262_340_089_798_408),
            (0.5, 0.0),
            (0.99, NORMAL_P99),
            (0.975, 1.959_963_984_540_054),
        ] {
            let found = normal_quantile(p);
            assert!((found - expected).abs() < 1e-14, "{p}: {found}");
        }
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
    }

    fn of(shape: Shape) -> Distribution {
        Distribution {
            shape,
            min: None,
            max: None,
        }
    }

    #[test]
    fn quantiles_are_what_the_shape_says() {
        let uniform = of(Shape::Uniform {
            low: 20.0,
            high: 120.0,
        });
        assert_eq!(uniform.quantile(0.25), 45.0);
        let exponential = of(Shape::Exponential { mean: 40.0 });
        assert!((exponential.quantile(0.5) - 40.0 * core::f64::consts::LN_2).abs() < 1e-12);
        let log_normal = of(Shape::LogNormal {
            p50: 80.0,
            p99: 600.0,
        });
        assert!((log_normal.quantile(0.5) - 80.0).abs() < 1e-12);
        assert!((log_normal.quantile(0.99) - 600.0).abs() < 1e-9);
        assert_eq!(log_normal.quantile(0.0), 0.0);
        let clamped = Distribution {
            min: Some(10.0),
            max: Some(50.0),
            ..exponential
        };
        assert_eq!(clamped.quantile(0.0), 10.0);
        assert_eq!(clamped.quantile(0.999), 50.0);
        assert_eq!(clamped.duration(0.999), Duration::from_nanos(50));
        assert_eq!(clamped.bytes(0.0), Bytes(10));
    }

    #[test]
    fn bounds_and_constants() {
        let log_normal = Shape::LogNormal { p50: 5.0, p99: 5.0 };
        for (shape, maximum, constant) in [
            (Shape::Constant { value: 3.0 }, Some(3.0), Some(3.0)),
            (
                Shape::Uniform {
                    low: 1.0,
                    high: 2.0,
                },
                Some(2.0),
                None,
            ),
            (
                Shape::Uniform {
                    low: 2.0,
                    high: 2.0,
                },
                Some(2.0),
                Some(2.0),
            ),
            (Shape::Exponential { mean: 1.0 }, None, None),
            (Shape::Exponential { mean: 0.0 }, Some(0.0), Some(0.0)),
            (log_normal, Some(5.0), Some(5.0)),
        ] {
            assert_eq!(of(shape).maximum(), maximum, "{shape:?}");
            assert_eq!(of(shape).as_constant(), constant, "{shape:?}");
        }
        let pinned = Distribution {
            min: Some(7.0),
            max: Some(7.0),
            ..of(Shape::Exponential { mean: 1.0 })
        };
        assert_eq!(pinned.as_constant(), Some(7.0));
        let promised = Distribution {
            min: Some(1.0),
            max: Some(9.0),
            ..Distribution::constant(3.0)
        };
        assert_eq!(
            (promised.as_constant(), promised.limits()),
            (Some(3.0), (1.0, Some(9.0)))
        );
        assert_eq!(pinned.limits(), (7.0, Some(7.0)));
        assert_eq!(of(Shape::Exponential { mean: 1.0 }).limits(), (0.0, None));
        let forever = Distribution::constant_duration(Duration::FOREVER);
        assert_eq!(forever.duration(0.5), Duration::FOREVER);
    }

    fn any_distribution() -> impl Strategy<Value = Distribution> {
        let shape = prop_oneof![
            (0.0..1e12).prop_map(|value| Shape::Constant { value }),
            (0.0..1e12, 0.0..1e12).prop_map(|(low, more)| Shape::Uniform {
                low,
                high: low + more
            }),
            (0.0..1e12).prop_map(|mean| Shape::Exponential { mean }),
            (1.0..1e12, 1.0..1e3).prop_map(|(p50, factor)| Shape::LogNormal {
                p50,
                p99: p50 * factor
            }),
        ];
        let bound = prop::option::of(0.0..1e12);
        (shape, bound, prop::option::of(1e12..1e15)).prop_map(|(shape, min, max)| Distribution {
            shape,
            min,
            max,
        })
    }

    proptest! {
        #[test]
        fn quantiles_rise_up_to_the_maximum(
            distribution in any_distribution(),
            mut draws in prop::array::uniform2(0.0..1.0),
        ) {
            draws.sort_by(f64::total_cmp);
            let [low, high] = draws.map(|draw| distribution.quantile(draw));
            prop_assert!(low >= 0.0 && low <= high, "{low} {high}");
            prop_assert!(distribution.maximum().is_none_or(|maximum| high <= maximum));
            let (least, greatest) = distribution.limits();
            prop_assert!(least <= low && greatest.is_none_or(|greatest| high <= greatest));
            prop_assert!(distribution.as_constant().is_none_or(|value| low == value && high == value));
        }
    }
}
