//! Prometheus's text format, as far as it has figures of a cache.

use cachepolicy_runtime::figures;
use cachepolicy_sim::drift::{Counted, Measured};

/// The figures of each level, and of each route; what is not of a cache is left alone.
///
/// # Errors
/// A line of a cache's figures that cannot be read, and why.
pub(super) fn read(text: &str) -> Result<Measured, String> {
    let mut measured = Measured::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if !line.starts_with("cachepolicy_") {
            continue;
        }
        let sample = sample(line)
            .ok_or_else(|| format!("line {number}: `{line}` is no `name{{label=\"…\"}} value`"))?;
        take(&sample, &mut measured);
    }
    Ok(measured)
}

struct Sample<'t> {
    name: &'t str,
    labels: Vec<(&'t str, String)>,
    value: f64,
}

impl Sample<'_> {
    fn label(&self, name: &str) -> Option<&str> {
        let found = self.labels.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn take(sample: &Sample<'_>, measured: &mut Measured) {
    let quantile = sample.label("quantile");
    let Some(level) = sample.label("level") else {
        if let Some(route) = sample.label("route")
            && sample.name == figures::STALENESS
            && quantile == Some("0.99")
        {
            let worst = measured.routes.entry(route.to_owned()).or_insert(0.0);
            *worst = worst.max(sample.value);
        }
        return;
    };
    let count = sample.value.max(0.0) as u64;
    let known = [
        figures::LOOKUPS,
        figures::WAITED,
        figures::FILLS,
        figures::STAMPEDE_PEAK,
        figures::STALENESS,
    ];
    if !known.contains(&sample.name) {
        return;
    }
    let counted: &mut Counted = measured.levels.entry(level.to_owned()).or_default();
    match (sample.name, sample.label("outcome")) {
        (figures::LOOKUPS, Some("fresh")) => counted.fresh += count,
        (figures::LOOKUPS, Some("stale")) => counted.stale += count,
        (figures::LOOKUPS, Some("negative")) => counted.negative += count,
        (figures::LOOKUPS, Some("miss")) => counted.miss += count,
        (figures::LOOKUPS, Some("bypass")) => counted.bypass += count,
        (figures::WAITED, _) => counted.waited += count,
        (figures::FILLS, _) => counted.fills += count,
        (figures::STAMPEDE_PEAK, _) => {
            counted.stampede_peak = counted.stampede_peak.max(Some(count));
        }
        (figures::STALENESS, _) if quantile == Some("0.99") => {
            let others = counted.staleness_p99.unwrap_or(0.0);
            counted.staleness_p99 = Some(others.max(sample.value));
        }
        _ => {}
    }
}

/// `name{label="value",…} value timestamp`
fn sample(line: &str) -> Option<Sample<'_>> {
    let end = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at(end);
    let mut labels = Vec::new();
    let mut rest = rest.trim_start();
    if let Some(mut inside) = rest.strip_prefix('{') {
        loop {
            inside = inside.trim_start_matches([',', ' ']);
            if let Some(behind) = inside.strip_prefix('}') {
                rest = behind;
                break;
            }
            let (name, behind) = inside.split_once('=')?;
            let (value, behind) = quoted(behind.trim_start())?;
            labels.push((name.trim(), value));
            inside = behind;
        }
    }
    let value: f64 = rest.split_whitespace().next()?.parse().ok()?;
    let is_figure = value.is_finite();
    is_figure.then_some(Sample {
        name,
        labels,
        value,
    })
}

/// A label's value, and what stands behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(place + 1..)?)),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_levels_are_read_and_others_left_alone() {
        let text = "# HELP x y\n\
            http_requests_total{code=\"200\"} nonsense\n\
            cachepolicy_lookups_total{level=\"a\",outcome=\"fresh\"} 7\n\
            cachepolicy_lookups_total{ level=\"a\", outcome=\"miss\", instance=\"x\\\"}, \" } 3 1700000000000\n\
            cachepolicy_fills_total{level=\"a\"} 2e0\n\
            cachepolicy_stampede_peak{level=\"a\"} 1\n\
            cachepolicy_staleness_seconds{level=\"a\",quantile=\"0.99\"} 0.25\n\
            cachepolicy_staleness_seconds{route=\"GET /{x}\",quantile=\"0.5\"} 0.125\n\
            cachepolicy_staleness_seconds{route=\"GET /{x}\",quantile=\"0.99\"} 1.5\n\
            cachepolicy_entries{backend=\"near\"} 12\n";
        let Measured { levels, routes } = read(text).unwrap();
        assert_eq!(levels.len(), 1);
        assert_eq!(routes["GET /{x}"], 1.5);
        let expected = Counted {
            fresh: 7,
            miss: 3,
            fills: 2,
            stampede_peak: Some(1),
            staleness_p99: Some(0.25),
            ..Counted::default()
        };
        assert_eq!(levels["a"], expected);
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_line() {
        for line in [
            "cachepolicy_fills_total{level=\"a\"",
            "cachepolicy_fills_total{level=a} 1",
            "cachepolicy_fills_total{level=\"a\"} many",
            "cachepolicy_fills_total",
            "cachepolicy_fills_total{level=\"a\"} NaN",
        ] {
            let error = read(&format!("\n{line}\n")).unwrap_err();
            assert!(error.starts_with("line 2: "), "{error}");
        }
    }
}
