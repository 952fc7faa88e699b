//! Deliveries as text: in the list of the last ones, and on buses.

use super::names::Names;
use crate::meant::{Meant, MeantTarget};
use crate::params::Param;
use cachepolicy_core::edge::Verb;
use cachepolicy_core::units::Time;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::sync::Arc;

/// A delivery, as other processes read it: by the names of levels, which policies of two versions share.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    /// When the write was told of, in nanoseconds since 1970.
    pub(crate) at: i64,
    effects: Vec<Effect>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Effect {
    verb: Verb,
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    cascade: bool,
    #[serde(flatten)]
    target: Target,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Target {
    Level { name: String, args: Vec<Arg> },
    Tag(Box<str>),
    All,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Arg {
    Any,
    /// `None`: absent.
    Is(Option<String>),
}

impl Message {
    pub(crate) fn new(names: &Names, at: Time, delivery: &[Arc<Meant>]) -> Self {
        let effects = delivery.iter().map(|meant| Effect {
            verb: meant.verb,
            cascade: meant.cascade,
            target: match &meant.target {
                MeantTarget::All => Target::All,
                MeantTarget::Tag(tag) => Target::Tag(tag.clone()),
                MeantTarget::Level(level, args) => Target::Level {
                    name: names.of_level(*level).to_owned(),
                    args: args.iter().cloned().map(Arg::from).collect(),
                },
            },
        });
        Self {
            at: at.nanos(),
            effects: effects.collect(),
        }
    }

    /// As text.
    pub(crate) fn text(&self) -> String {
        // Maps with keys that are no text, which there are none of, cannot be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// From text; `None`: it is no message.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// What it means here; levels that this policy does not have have no copies.
    pub(crate) fn delivery(self, names: &Names) -> Vec<Arc<Meant>> {
        let effects = self.effects.into_iter();
        let meant = effects.filter_map(|effect| {
            let target = match effect.target {
                Target::All => MeantTarget::All,
                Target::Tag(tag) => MeantTarget::Tag(tag),
                Target::Level { name, args } => {
                    let args = args.into_iter().map(Option::from).collect();
                    MeantTarget::Level(names.level_of(&name)?, args)
                }
            };
            Some(Arc::new(Meant {
                verb: effect.verb,
                cascade: effect.cascade,
                target,
            }))
        });
        meant.collect()
    }
}

impl From<Option<Param>> for Arg {
    fn from(arg: Option<Param>) -> Self {
        let text = |param: Param| param.map(|text| String::from(&*text));
        arg.map_or(Self::Any, |param| Self::Is(text(param)))
    }
}

impl From<Arg> for Option<Param> {
    fn from(arg: Arg) -> Self {
        match arg {
            Arg::Any => None,
            Arg::Is(param) => Some(param.map(SmolStr::from)),
        }
    }
}
