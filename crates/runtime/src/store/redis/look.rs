//! Look-ups: what stands under a key, and whether anything has invalidated it.

use super::stamps::{self, Known, Standing};
use super::{LevelHere, RedisStore, entry, holds_until};
use crate::entry::Entry;
use crate::store::shared::{Ask, Down, Lasts, Seen, Stamp, Version};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Copies of which this process remembers by what they can be found.
const KNOWN: usize = 65_536;

/// So many first bytes tell a copy from one that takes its place: checksums and life. The script that takes a lock
/// reads as many.
const HEAD: usize = entry::LIFE.end;

impl RedisStore {
    pub(super) async fn look_for(&self, ask: Ask<'_>, with_lock: bool) -> Result<Seen, Down> {
        let level = self.level(ask.name.level)?;
        let entry = self.names.entry(ask.name, ask.text);
        let lock = with_lock.then(|| self.names.lock(ask.name, ask.text));
        let versions: Vec<Box<str>> = self.names.versions(ask.name).collect();
        let mut stamps: Vec<Box<str>> = self.names.own(ask.name).collect();
        stamps.extend(versions.iter().cloned());
        if let Some(also) = self.also.lock().get(&*entry) {
            stamps.extend(also.iter().cloned());
        }
        let first = core::iter::once(entry.as_str());
        let keys = first
            .chain(lock.as_deref())
            .chain(stamps.iter().map(|it| &**it));
        let keys: Vec<&str> = keys.collect();
        self.reads(level, &keys, ask.text);
        let mut found = self.get(&keys).await?.into_iter();
        let bytes = found.next().flatten();
        let holder = lock.and_then(|_| found.next().flatten());
        let standing = found.map(|found| found.and_then(|it| Standing::read(&it)));
        let mut known: Known = stamps.into_iter().zip(standing).collect();
        let copy = match &bytes {
            None => None,
            Some(bytes) => self.read(ask, level, &entry, bytes, &mut known).await?,
        };
        let fresh = |copy: &Entry| self.clock.now() < copy.lifetimes().fresh_until;
        let head = (with_lock && !copy.as_ref().is_some_and(fresh)).then(|| {
            let bytes = bytes.as_deref().unwrap_or_default();
            Box::from(bytes.get(..HEAD).unwrap_or(bytes))
        });
        let version = self.version(level, versions, known).await?;
        Ok(Seen {
            entry: copy.map(Arc::new),
            holder: holder
                .and_then(|holder| holds_until(&holder, Some(&version)))
                .map(|until| self.times.ahead().here(until)),
            version,
            head,
        })
    }

    /// The version of these stamps, as they stand.
    async fn version(
        &self,
        level: &LevelHere,
        names: Vec<Box<str>>,
        mut known: Known,
    ) -> Result<Version, Down> {
        if names.is_empty() {
            return Ok(Version::default());
        }
        let mut version = Vec::with_capacity(names.len());
        for name in names {
            // Without it a `bump` would not reach what is being filled.
            let standing = match known.remove(&name).flatten() {
                Some(standing) => standing,
                None => {
                    let ttl = self.stamp_ttl(level, Lasts::default());
                    self.ensure(&name, ttl).await?
                }
            };
            version.push(standing.stamp(&name));
        }
        Ok(Version(version.into()))
    }

    /// A copy from its bytes, if nothing has invalidated it.
    async fn read(
        &self,
        ask: Ask<'_>,
        level: &LevelHere,
        key: &str,
        bytes: &[u8],
        known: &mut Known,
    ) -> Result<Option<Entry>, Down> {
        let Some(codec) = &level.codec else {
            return Ok(None);
        };
        let ahead = self.times.ahead();
        let read = entry::read((&self.names, ahead), &**codec, ask.name, ask.text, bytes);
        let Some(read) = read else {
            self.poisoned.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        };
        let unknown = read.stamps.iter().map(|stamp| &stamp.name);
        let unknown: Vec<Box<str>> = unknown
            .filter(|name| !known.contains_key(*name))
            .cloned()
            .collect();
        // It depends on what was asked for, and on nothing else.
        let is_complete = unknown.is_empty() && read.stamps.len() == known.len();
        if !unknown.is_empty() {
            let keys: Vec<&str> = unknown.iter().map(|it| &**it).collect();
            self.reads(level, &keys, ask.text);
            let found = self.get(&keys).await?;
            for (name, found) in unknown.into_iter().zip(found) {
                known.insert(name, found.and_then(|it| Standing::read(&it)));
            }
        }
        if !is_complete {
            self.remember(ask, key, &read.stamps);
        }
        let (lifetimes, now) = (read.entry.lifetimes(), self.clock.now());
        let Some(left) = stamps::left((&read.stamps, known), &level.rules, lifetimes, (now, ahead))
        else {
            return Ok(None);
        };
        read.entry.set_lifetimes(&left);
        Ok(Some(read.entry))
    }

    /// These keys are asked for, and Redis will tell of their changes.
    pub(super) fn reads(&self, level: &LevelHere, keys: &[&str], text: &str) {
        if let Some(tracking) = self.tracking.as_ref().filter(|_| level.is_tracked) {
            tracking.reads(keys.iter().copied(), text);
        }
    }

    /// The stamps that are to be asked for together with a copy.
    pub(super) fn remember(&self, ask: Ask<'_>, key: &str, stamps: &[Stamp]) {
        let own: Vec<Box<str>> = self
            .names
            .own(ask.name)
            .chain(self.names.versions(ask.name))
            .collect();
        let others = stamps.iter().map(|stamp| &stamp.name);
        let others: Vec<Box<str>> = others
            .filter(|name| !own.contains(*name))
            .cloned()
            .collect();
        let mut also = self.also.lock();
        if others.is_empty() {
            also.remove(key);
            return;
        }
        if also.len() >= KNOWN && !also.contains_key(key) {
            // They are learned again.
            also.clear();
        }
        also.insert(key.into(), others.into());
    }
}
