//! One row a point. Empty is what has no value: no capacity is room for everything, and what is
//! exact has no interval.

use crate::Refused;
use cachepolicy_sim::curve::{Curve, Point};

/// The columns, which stay as they are.
const COLUMNS: [&str; 9] = [
    "evict",
    "capacity",
    "unit",
    "miss_ratio",
    "low",
    "high",
    "exact",
    "rough",
    "request_hit_ratio",
];

pub(super) fn render(curve: &Curve) -> Result<String, Refused> {
    rows(curve).map_err(|error| Refused(format!("the curve cannot be written as CSV: {error}")))
}

fn rows(curve: &Curve) -> Result<String, Box<dyn core::error::Error>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    let mut write = |evict: &str, point: &Point| {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let capacity = point.capacity.map(|capacity| capacity.to_string());
        writer.write_record([
            evict,
            &capacity.unwrap_or_default(),
            &curve.unit,
            &number(point.miss_ratio),
            &number(point.low),
            &number(point.high),
            if point.exact { "true" } else { "false" },
            if point.rough { "true" } else { "false" },
            &number(point.request_hit_ratio),
        ])
    };
    for curve in &curve.curves {
        for point in &curve.points {
            write(&curve.evict, point)?;
        }
    }
    write("unbounded", &curve.unbounded)?;
    let bytes = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8(bytes)?)
}
