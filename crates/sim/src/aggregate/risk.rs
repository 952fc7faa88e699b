//! Stampede risk over several seeds. Keys stand in the order of their risk, which differs from seed
//! to seed, so that they are brought together by their names.

use crate::report::{LevelFigures, Ordered, RiskFigures};
use cachepolicy_core::sorting;

/// Rows at most, as in a report of one seed.
const ROWS_MAX: usize = 10;

/// The keys of a level, with their means over the seeds whose report has them, worst first.
pub(super) fn keys<'a>(all: impl Iterator<Item = &'a LevelFigures>) -> Vec<RiskFigures> {
    let mut by_key: Ordered<Vec<&RiskFigures>> = Ordered::new();
    for risk in all.flat_map(|level| &level.risk) {
        by_key.entry(risk.key.clone()).or_default().push(risk);
    }
    let mut rows: Vec<RiskFigures> = by_key.values().filter_map(|rows| mean(rows)).collect();
    sorting::by(&mut rows, |a, b| {
        let bare = b
            .concurrent_unprotected
            .total_cmp(&a.concurrent_unprotected);
        b.concurrent.total_cmp(&a.concurrent).then(bare)
    });
    rows.truncate(ROWS_MAX);
    rows
}

fn mean(rows: &[&RiskFigures]) -> Option<RiskFigures> {
    let of = |figure: fn(&RiskFigures) -> f64| {
        rows.iter().map(|row| figure(row)).sum::<f64>() / rows.len() as f64
    };
    let worst = rows.iter().map(|row| &row.worst).reduce(|worst, other| {
        if (other.concurrent, other.met) > (worst.concurrent, worst.met) {
            other
        } else {
            worst
        }
    });
    Some(RiskFigures {
        key: rows.first()?.key.clone(),
        probability: of(|row| row.probability),
        probability_unprotected: of(|row| row.probability_unprotected),
        concurrent: of(|row| row.concurrent),
        concurrent_unprotected: of(|row| row.concurrent_unprotected),
        expiries: libm::round(of(|row| row.expiries as f64)) as u64,
        arrival_rate: of(|row| row.arrival_rate),
        fill_time: of(|row| row.fill_time),
        worst: worst?.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::RiskWorst;

    fn level(rows: &[(&str, f64, u64)]) -> LevelFigures {
        let row = |&(key, concurrent, worst): &(&str, f64, u64)| RiskFigures {
            key: key.to_owned(),
            concurrent,
            expiries: worst,
            worst: RiskWorst {
                concurrent: worst,
                ..RiskWorst::default()
            },
            ..RiskFigures::default()
        };
        LevelFigures {
            risk: rows.iter().map(row).collect(),
            ..LevelFigures::default()
        }
    }

    #[test]
    fn keys_are_brought_together_by_their_names() {
        let seeds = [
            level(&[("a", 4.0, 9), ("b", 3.0, 5)]),
            level(&[("b", 6.0, 2), ("c", 2.0, 1)]),
        ];
        let rows = keys(seeds.iter());
        let shown = rows.iter();
        let shown: Vec<_> = shown
            .map(|row| {
                (
                    row.key.as_str(),
                    row.concurrent,
                    row.worst.concurrent,
                    row.expiries,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [("b", 4.5, 5, 4), ("a", 4.0, 9, 9), ("c", 2.0, 1, 1)]
        );
    }
}
