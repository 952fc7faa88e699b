//! Values that a fill finds.

use crate::popularity::Sampler;
use crate::random::Stream;
use cachepolicy_core::workload::DataDraw;

/// Draws again at most so often for each value that is there already.
const TRIES: usize = 64;

/// Draws the values of one data name. The same page finds the same ones: they follow from the
/// seed, the name, the level and its parameters alone.
#[derive(Debug, Clone)]
pub struct DataValues {
    seed: u64,
    name: String,
    count: usize,
    sampler: Sampler,
}

impl DataValues {
    /// As the workload says.
    #[must_use]
    pub fn new(seed: u64, draw: &DataDraw) -> Self {
        Self {
            seed,
            name: draw.name.clone(),
            count: draw.count as usize,
            sampler: Sampler::new(&draw.value),
        }
    }

    /// The data name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the level finds with these parameters: no value twice, and fewer than asked for where
    /// there are hardly as many.
    #[must_use]
    pub fn of(&self, level: &str, params: &[&str]) -> Vec<String> {
        let mut purpose = vec!["data", self.name.as_str(), level];
        purpose.extend_from_slice(params);
        let mut stream = Stream::new(self.seed, &purpose);
        let values = self.sampler.values();
        let wanted = self
            .count
            .min(usize::try_from(values).unwrap_or(self.count));
        let mut values: Vec<String> = Vec::new();
        for _ in 0..wanted.saturating_mul(TRIES) {
            if values.len() == wanted {
                break;
            }
            let value = self.sampler.draw(&mut stream).to_string();
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }
}

/// What a level finds with these parameters; see [`DataValues`].
#[must_use]
pub fn data_values(seed: u64, draw: &DataDraw, level: &str, params: &[&str]) -> Vec<String> {
    DataValues::new(seed, draw).of(level, params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cachepolicy_core::workload::Popularity;

    fn draw(count: u32, value: Popularity) -> DataDraw {
        DataDraw {
            name: "headlines".to_owned(),
            count,
            value,
        }
    }

    #[test]
    fn the_same_page_finds_the_same_values() {
        let draw = draw(
            10,
            Popularity::Zipf {
                alpha: 1.0,
                n: 50_000,
            },
        );
        let page = data_values(1, &draw, "category", &["7"]);
        assert_eq!(page.len(), 10);
        assert_eq!(page, data_values(1, &draw, "category", &["7"]));
        assert_ne!(page, data_values(1, &draw, "category", &["8"]));
        assert_ne!(page, data_values(1, &draw, "homepage", &["7"]));
        assert_ne!(page, data_values(2, &draw, "category", &["7"]));
    }

    #[test]
    fn no_value_twice() {
        let mut all = data_values(1, &draw(10, Popularity::Uniform { n: 10 }), "homepage", &[]);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 10);
        let choice = Popularity::Choice(vec![("a".to_owned(), 1.0)]);
        assert_eq!(data_values(1, &draw(3, choice), "homepage", &[]), ["a"]);
        // Hardly ever anything but 1.
        let steep = Popularity::Zipf { alpha: 50.0, n: 9 };
        assert_eq!(data_values(1, &draw(3, steep), "homepage", &[]), ["1"]);
    }
}
