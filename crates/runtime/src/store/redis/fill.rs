//! Fills: what they ask Redis for, and how their copies get there.

use super::message::Message;
use super::stamps::Standing;
use super::{LevelHere, RedisStore, down, entries, entry, scripts, text};
use crate::entry::{Entry, Mark};
use crate::store::shared::{
    Ask, Beginning, Begun, Checked, Down, Kept, Lasts, Putting, Stamp, Token, Version,
};
use cachepolicy_core::decide::Lifetimes;
use cachepolicy_core::units::Time;
use futures_util::future::{try_join, try_join_all};
use redis::Value;

impl RedisStore {
    pub(super) async fn begin_fill(
        &self,
        ask: Ask<'_>,
        version: &Version,
        beginning: Beginning<'_>,
    ) -> Result<Begun, Down> {
        let lock = async {
            let Some((now, until)) = beginning.lock else {
                return Ok(Some(None));
            };
            let token = format!("{:x}", self.draw());
            let lock = self.names.lock(ask.name, ask.text);
            let entry = self.names.entry(ask.name, ask.text);
            let ahead = self.times.ahead();
            let (from, to) = (millis(ahead.there(now)), ends(ahead.there(until)));
            let version = version.text().unwrap_or_default();
            let args = [
                token.as_bytes(),
                from.as_bytes(),
                to.as_bytes(),
                version.as_bytes(),
                if beginning.head.is_some() { b"1" } else { b"0" },
                beginning.head.unwrap_or_default(),
            ];
            let keys = [lock.as_str(), entry.as_str()];
            let stands = scripts::ACQUIRE.run(&self.link, &keys, &args).await;
            let holder = text(stands.map_err(down)?).unwrap_or_default();
            // It is there already where the command came twice.
            let is_mine = holder.is_empty() || holder.starts_with(token.as_bytes());
            Ok(is_mine.then(|| Some(token.into_boxed_str())))
        };
        let position = async {
            if !beginning.is_fenced {
                return Ok(None);
            }
            let log = self.names.log();
            let last = scripts::TAIL.run(&self.link, &[&log], &[]).await;
            let last = text(last.map_err(down)?).ok_or(Down)?;
            Ok(String::from_utf8(last).ok().map(String::into_boxed_str))
        };
        let (lock, position) = try_join(lock, position).await?;
        Ok(match lock {
            Some(lock) => Begun::Mine(Token { lock, position }),
            None => Begun::Theirs,
        })
    }

    pub(super) async fn check_fill(
        &self,
        ask: Ask<'_>,
        token: &Token,
        version: &Version,
        (marks, lasts): (&[Mark], Lasts),
    ) -> Result<Checked, Down> {
        let level = self.level(ask.name.level)?;
        let ttl = self.stamp_ttl(level, lasts);
        let mut names: Vec<Box<str>> = self.names.own(ask.name).collect();
        names.extend(self.names.of_marks(marks));
        // The version is that of the look-up, but it must not die before the copy either.
        let all = names
            .iter()
            .chain(version.0.iter().map(|stamp| &stamp.name));
        let all = try_join_all(all.map(|name| self.ensure(name, ttl))).await?;
        let stamps = names.iter().zip(&all).map(|(name, it)| it.stamp(name));
        let mut stamps: Vec<Stamp> = stamps.collect();
        let versions = all.iter().skip(names.len()).zip(version.0.iter());
        let is_hidden = versions.clone().any(|(now, then)| now.token != then.token);
        stamps.extend(version.0.iter().cloned());
        // After the stamps: see the module's description.
        let overtaken = match &token.position {
            None => false,
            Some(position) => self.overtook(position, ask, marks).await?,
        };
        Ok(Checked {
            overtaken,
            is_hidden,
            stamps,
        })
    }

    /// Is what a fill made meant by a delivery since that one? Where the list does not reach back so far,
    /// or is gone, one must believe it.
    async fn overtook(&self, last: &str, ask: Ask<'_>, marks: &[Mark]) -> Result<bool, Down> {
        let mut command = redis::cmd("XRANGE");
        command.arg(self.names.log()).arg(last).arg("+");
        let range = self.link.call(command).await.map_err(down)?;
        let Some(deliveries) = entries(range) else {
            return Ok(true);
        };
        let mut deliveries = deliveries.into_iter();
        if deliveries
            .next()
            .is_none_or(|(id, _)| id != last.as_bytes())
        {
            return Ok(true);
        }
        let own = Mark::Is(ask.name.clone());
        for (_, message) in deliveries {
            let Some(message) = Message::read(&message) else {
                return Ok(true);
            };
            let meant = message.delivery(&self.names);
            let is_meant = |mark: &Mark| meant.iter().any(|meant| meant.takes(mark));
            if is_meant(&own) || marks.iter().any(is_meant) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) async fn put_copy(
        &self,
        ask: Ask<'_>,
        token: &Token,
        put: Putting<'_>,
    ) -> Result<Kept, Down> {
        if put.checked.is_hidden {
            // It must not take the place of one of the present version.
            let text = put.lock;
            return self
                .let_go(Ask { text, ..ask }, token)
                .await
                .map(|()| Kept::Everywhere);
        }
        let level = self.level(ask.name.level)?;
        let codec = level.codec.as_ref().ok_or(Down)?;
        let until = crate::tiers::until(self.clock.now(), level.ceiling);
        let entry = put.entry.promoted(until);
        let names = (&self.names, self.times.ahead());
        let written = entry::write(names, &**codec, ask.text, &entry, &put.checked.stamps);
        let Some(bytes) = written else {
            return Err(Down);
        };
        let key = self.names.entry(ask.name, ask.text);
        let lock = self.names.lock(ask.name, put.lock);
        let ttl = self.ttl(entry.gone_from()).to_string();
        let is_lease = if put.is_lease { "1" } else { "0" };
        let args = [
            token.lock.as_deref().unwrap_or_default().as_bytes(),
            is_lease.as_bytes(),
            &bytes,
            ttl.as_bytes(),
        ];
        let kept = scripts::PUT.run(&self.link, &[&key, &lock], &args).await;
        if kept.map_err(down)? != Value::Int(1) {
            return Ok(Kept::Nowhere);
        }
        self.remember(ask, &key, &put.checked.stamps);
        if !level.is_tracked {
            return Ok(Kept::Everywhere);
        }
        let is_there = self
            .read_again(ask, level, &key, &bytes, &put.checked.stamps)
            .await;
        Ok(if is_there? {
            Kept::Everywhere
        } else {
            Kept::Here
        })
    }

    /// Redis remembers who reads, not who writes: what was put is read, with its stamps. Is it still what
    /// was put?
    async fn read_again(
        &self,
        ask: Ask<'_>,
        level: &LevelHere,
        key: &str,
        bytes: &[u8],
        stamps: &[Stamp],
    ) -> Result<bool, Down> {
        let keys = core::iter::once(key).chain(stamps.iter().map(|stamp| &*stamp.name));
        let keys: Vec<&str> = keys.collect();
        self.reads(level, &keys, ask.text);
        let mut found = self.get(&keys).await?.into_iter();
        let is_it = found.next().flatten().as_deref() == Some(bytes);
        let is_under = |(stamp, found): (&Stamp, Option<Vec<u8>>)| {
            let standing = found.and_then(|found| Standing::read(&found));
            standing.is_some_and(|standing| standing.stamp(&stamp.name) == *stamp)
        };
        Ok(is_it && stamps.iter().zip(found).all(is_under))
    }

    /// Lets go of a fill's lock.
    pub(super) async fn let_go(&self, ask: Ask<'_>, token: &Token) -> Result<(), Down> {
        let Some(lock) = &token.lock else {
            return Ok(());
        };
        let key = self.names.lock(ask.name, ask.text);
        let released = scripts::RELEASE
            .run(&self.link, &[&key], &[lock.as_bytes()])
            .await;
        released.map(drop).map_err(down)
    }

    pub(super) async fn slide_copy(
        &self,
        ask: Ask<'_>,
        entry: &Entry,
        slid: Lifetimes,
    ) -> Result<(), Down> {
        let key = self.names.entry(ask.name, ask.text);
        let ahead = self.times.ahead();
        let (old, new) = (
            entry::life(&slid, entry.resides_until(), ahead),
            entry::life(&entry.lifetimes(), entry.resides_until(), ahead),
        );
        let ttl = self.ttl(entry.gone_from()).to_string();
        let args = [old.as_slice(), new.as_slice(), ttl.as_bytes()];
        let level = self.level(ask.name.level)?;
        let lasts = Lasts {
            fresh: entry.lifetimes().ttl,
            window: entry.leaves().since(entry.lifetimes().fresh_until),
            grace: entry.grace(),
        };
        let lives = self.stamp_ttl(level, lasts);
        let also = self.also.lock().get(&*key).cloned();
        let own = self
            .names
            .own(ask.name)
            .chain(self.names.versions(ask.name));
        let stamps: Vec<Box<str>> = own
            .chain(also.iter().flat_map(|also| also.iter().cloned()))
            .collect();
        try_join_all(stamps.iter().map(|name| self.ensure(name, lives))).await?;
        let slid = scripts::SLIDE.run(&self.link, &[&key], &args).await;
        slid.map(drop).map_err(down)
    }
}

/// An instant in whole milliseconds.
fn millis(time: Time) -> String {
    (time.nanos() / 1_000_000).to_string()
}

/// When something ends, in whole milliseconds; 0: never.
fn ends(time: Time) -> String {
    if time == Time::NEVER {
        return "0".to_owned();
    }
    (time.nanos().saturating_add(999_999) / 1_000_000).to_string()
}
