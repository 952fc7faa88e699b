//! Deliveries: what they change in Redis.

use super::link::Fault;
use super::message::Message;
use super::{RedisStore, down, scripts};
use crate::level::KeyValues;
use crate::meant::Meant;
use crate::store::shared::Down;
use cachepolicy_core::edge::Verb;
use cachepolicy_core::key::key;
use cachepolicy_core::level::{KeyPart, Level, ValueSource};
use futures_util::future::{join, join_all};
use std::sync::Arc;

/// Deliveries that are remembered: a fill that takes longer than so many is overtaken.
const REMEMBERED: &str = "16384";

impl RedisStore {
    pub(super) async fn apply_delivery(&self, delivery: &[Arc<Meant>]) -> Result<(), Down> {
        let changes = delivery
            .iter()
            .map(|meant| (meant.verb, self.names.changed_by(meant)));
        let changes: Vec<(Verb, Vec<String>)> =
            changes.filter(|(_, stamps)| !stamps.is_empty()).collect();
        if changes.is_empty() {
            return Ok(());
        }
        if self.has_fences {
            self.note(delivery).await?;
        }
        let now = self.times.ahead().there(self.clock.now());
        let now = now.nanos().to_string();
        let mut gone = redis::cmd("UNLINK");
        let mut has_gone = false;
        let mut expired = Vec::new();
        for (verb, stamps) in changes {
            match verb {
                Verb::Expire => expired.extend(stamps),
                Verb::Purge | Verb::Bump => {
                    has_gone = true;
                    gone.arg(stamps);
                }
            }
        }
        for entry in delivery.iter().filter_map(|meant| self.only_copy(meant)) {
            gone.arg(entry);
            has_gone = true;
        }
        // What is purged need not be expired; what is expired elsewhere must not wait for it.
        let expire = expired.iter().map(async |stamp| {
            let args = [now.as_bytes()];
            scripts::EXPIRE.run(&self.link, &[stamp], &args).await
        });
        let gone = async {
            match has_gone {
                true => self.link.call(gone).await.map(drop),
                false => Ok(()),
            }
        };
        let (gone, expired) = join(gone, join_all(expire)).await;
        gone.map_err(down)?;
        expired
            .into_iter()
            .try_for_each(|it| it.map(drop).map_err(down))
    }

    /// Where a purge means one name, and that has one copy: the copy's key. It would die by itself, but
    /// takes room until then.
    fn only_copy(&self, meant: &Meant) -> Option<String> {
        let name = meant.only_name().filter(|_| meant.verb == Verb::Purge)?;
        let level = self.levels.get(name.level.index())?;
        let mut text = String::new();
        let values = KeyValues {
            name: &name,
            request: None,
        };
        key(level.alone.as_ref()?, &values, &self.filter, &mut text);
        Some(self.names.entry(&name, &text))
    }

    /// Fills under way will see a delivery. Where it cannot be noted, all of them are overtaken.
    async fn note(&self, delivery: &[Arc<Meant>]) -> Result<(), Down> {
        let log = self.names.log();
        let message = Message::new(&self.names, self.clock.now(), delivery);
        let mut add = redis::cmd("XADD");
        add.arg(&log).arg("MAXLEN").arg("~").arg(REMEMBERED);
        add.arg("*").arg("m").arg(message.text());
        match self.link.call(add).await {
            Ok(_) => Ok(()),
            Err(Fault::Down) => Err(Down),
            Err(Fault::Refused(_)) => {
                let mut unlink = redis::cmd("UNLINK");
                unlink.arg(&log);
                self.link.call(unlink).await.map(drop).map_err(down)
            }
        }
    }
}

/// Is a key made of its parameters and nothing else?
pub(super) fn is_alone(level: &Level) -> bool {
    let of_params = |part: &KeyPart| match part {
        KeyPart::Text(_) => true,
        KeyPart::Value(source) => !matches!(source, ValueSource::Dimension(_)),
        KeyPart::Url => false,
    };
    level.vary.is_empty() && level.key.parts.iter().all(of_params)
}
