//! How look-ups spread over keys, in few numbers however many keys there are.

use cachepolicy_core::sorting;
use cachepolicy_core::workload::Popularity;

/// Groups of keys of about the same share, the most popular first; all shares add up to 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spread {
    groups: Vec<Group>,
}

/// Keys of the same share.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Group {
    /// Of the look-ups, for each key.
    share: f64,
    /// How many keys.
    count: f64,
}

/// Groups at most; what is computed from them is right to within a few percent.
const MAX_GROUPS: usize = 96;

/// The most popular keys have groups of their own.
const SINGLE: u64 = 32;

impl Spread {
    /// One key.
    pub(crate) fn single() -> Self {
        Self::of_groups(vec![Group {
            share: 1.0,
            count: 1.0,
        }])
    }

    /// The values of a popularity.
    pub(crate) fn of(popularity: &Popularity) -> Self {
        match popularity {
            Popularity::Uniform { n } => zipf(0.0, *n),
            Popularity::Zipf { alpha, n } => zipf(*alpha, *n),
            Popularity::Choice(values) => {
                let groups = values.iter().map(|(_, share)| Group {
                    share: *share,
                    count: 1.0,
                });
                Self::of_groups(groups.collect())
            }
        }
    }

    /// These values in a share of the look-ups, and no value in the others.
    pub(crate) fn or_absent(&self, share: f64) -> Self {
        let mut groups: Vec<Group> = self
            .groups
            .iter()
            .map(|group| Group {
                share: group.share * share,
                ..*group
            })
            .collect();
        groups.push(Group {
            share: 1.0 - share,
            count: 1.0,
        });
        Self::of_groups(groups)
    }

    /// Pairs of independent values.
    pub(crate) fn times(&self, other: &Self) -> Self {
        let pairs = self.groups.iter().flat_map(|own| {
            other.groups.iter().map(|their| Group {
                share: own.share * their.share,
                count: own.count * their.count,
            })
        });
        Self::of_groups(pairs.collect())
    }

    /// Two streams of look-ups for the same keys, which are as popular in both.
    pub(crate) fn merged(&self, rate: f64, other: &Self, other_rate: f64) -> Self {
        let all = rate + other_rate;
        let mut groups = Vec::new();
        let (mut own, mut their) = (self.groups.iter(), other.groups.iter());
        let (mut a, mut b) = (own.next().copied(), their.next().copied());
        while let Some(next) = match (a, b) {
            (Some(a), Some(b)) => Some(a.count.min(b.count)),
            (Some(one), None) | (None, Some(one)) => Some(one.count),
            (None, None) => None,
        } {
            let take = |group: &mut Option<Group>, rest: &mut core::slice::Iter<'_, Group>| {
                let Some(current) = group else {
                    return 0.0;
                };
                let share = current.share;
                current.count -= next;
                if current.count <= 0.0 {
                    *group = rest.next().copied();
                }
                share
            };
            let share =
                (take(&mut a, &mut own) * rate + take(&mut b, &mut their) * other_rate) / all;
            groups.push(Group { share, count: next });
        }
        Self::of_groups(groups)
    }

    /// The share of the most popular key.
    pub(crate) fn hottest(&self) -> f64 {
        self.groups.first().map_or(1.0, |group| group.share)
    }

    /// How many keys there are.
    pub(crate) fn keys(&self) -> f64 {
        self.groups.iter().map(|group| group.count).sum()
    }

    /// The sum of what each key, with its share, comes to.
    pub(crate) fn sum(&self, of: impl Fn(f64) -> f64) -> f64 {
        let groups = self.groups.iter();
        groups.map(|group| group.count * of(group.share)).sum()
    }

    fn of_groups(mut groups: Vec<Group>) -> Self {
        groups.retain(|group| group.share > 0.0 && group.count > 0.0);
        sorting::by(&mut groups, |a, b| b.share.total_cmp(&a.share));
        // Neighbours are put together, those of which the sums lose least, until few are left.
        let mut ratio = 1.0;
        while groups.len() > MAX_GROUPS {
            ratio = if ratio <= 1.0 { 1.02 } else { ratio * ratio };
            groups = thinned(&groups, ratio);
        }
        Self { groups }
    }
}

/// Neighbours whose shares differ by no more than a factor become one group.
fn thinned(groups: &[Group], ratio: f64) -> Vec<Group> {
    let mut thin: Vec<(f64, Group)> = Vec::new();
    for group in groups {
        match thin.last_mut() {
            Some((first, last)) if *first <= group.share * ratio => {
                let share = last.share * last.count + group.share * group.count;
                last.count += group.count;
                last.share = share / last.count;
            }
            _ => thin.push((group.share, *group)),
        }
    }
    thin.into_iter().map(|(_, group)| group).collect()
}

fn zipf(alpha: f64, n: u64) -> Spread {
    let mut groups = Vec::new();
    let mut rank: u64 = 1;
    while rank <= n {
        let width = if rank <= SINGLE { 1 } else { rank / 12 };
        let last = rank.saturating_add(width - 1).min(n);
        let middle = (rank as f64 + last as f64) / 2.0;
        groups.push(Group {
            share: libm::pow(middle, -alpha),
            count: (last - rank + 1) as f64,
        });
        rank = match last.checked_add(1) {
            Some(next) => next,
            None => break,
        };
    }
    let all: f64 = groups.iter().map(|group| group.share * group.count).sum();
    for group in &mut groups {
        group.share /= all;
    }
    Spread::of_groups(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 0.03 * b.abs(), "{a} is not about {b}");
    }

    #[test]
    fn shares_add_up_and_keys_are_counted() {
        let page = Spread::of(&Popularity::Zipf {
            alpha: 1.0,
            n: 1_000_000_000,
        });
        let language = Spread::of(&Popularity::Choice(vec![
            ("en".into(), 0.7),
            ("fr".into(), 0.3),
        ]));
        let both = page.times(&language).or_absent(0.4);
        close(both.sum(|share| share), 1.0);
        close(both.keys(), 2e9);
        close(page.times(&language).hottest(), page.hottest() * 0.7);
    }

    #[test]
    fn sums_are_those_over_all_keys() {
        for (alpha, n) in [(0.0, 5_000_u32), (0.8, 20_000), (1.2, 50_000)] {
            let weights: Vec<f64> = (1..=n)
                .map(|rank| libm::pow(f64::from(rank), -alpha))
                .collect();
            let all: f64 = weights.iter().sum();
            let spread = Spread::of(&Popularity::Zipf { alpha, n: n.into() });
            for rate in [10.0, 1_000.0] {
                let hits = |share: f64| share * rate / (1.0 + share * rate);
                let exact: f64 = weights.iter().map(|weight| hits(weight / all)).sum();
                close(spread.sum(hits), exact);
            }
        }
    }

    #[test]
    fn streams_for_the_same_keys_add_up_rank_by_rank() {
        let two = Spread::of(&Popularity::Uniform { n: 2 });
        let four = Spread::of(&Popularity::Uniform { n: 4 });
        let both = two.merged(1.0, &four, 1.0);
        close(both.hottest(), (0.5 + 0.25) / 2.0);
        close(both.keys(), 4.0);
        close(both.sum(|share| share), 1.0);
    }
}
