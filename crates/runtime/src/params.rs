//! The parameters of a key.

use smol_str::SmolStr;
use std::ops::Deref;
use std::sync::Arc;

/// A parameter; `None`: absent. A short one, of up to 23 bytes, is in here; clones of a longer one share it.
pub(crate) type Param = Option<SmolStr>;

/// All of a key's. Most keys have one, which needs no list; clones share what they have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Params {
    One([Param; 1]),
    /// None, or several.
    Others(Option<Arc<[Param]>>),
}

impl From<Vec<Param>> for Params {
    fn from(params: Vec<Param>) -> Self {
        params.into_iter().collect()
    }
}

impl FromIterator<Param> for Params {
    #[inline]
    fn from_iter<I: IntoIterator<Item = Param>>(params: I) -> Self {
        let mut params = params.into_iter();
        let Some(first) = params.next() else {
            return Self::Others(None);
        };
        match params.next() {
            None => Self::One([first]),
            Some(second) => {
                let all = [first, second].into_iter().chain(params);
                Self::Others(Some(all.collect()))
            }
        }
    }
}

impl Deref for Params {
    type Target = [Param];

    #[inline]
    fn deref(&self) -> &[Param] {
        match self {
            Self::One(one) => one,
            Self::Others(others) => others.as_deref().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_were_given() {
        for count in 0..4 {
            let given: Vec<Param> = (0..count)
                .map(|number: u32| (number != 1).then(|| number.to_string().into()))
                .collect();
            let params = Params::from(given.clone());
            assert_eq!(*params, *given);
            assert_eq!(matches!(params, Params::One(_)), count == 1);
        }
    }
}
