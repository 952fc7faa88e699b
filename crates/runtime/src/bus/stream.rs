//! A stream: at least once. A process follows it from where it was; what is shared is delivered by one of
//! them, which says so when it is done.

use super::{Bus, NotSent, Pauses, QUIET};
use crate::cache::Inner;
use crate::store::redis::{Fault, Link, Message, entries, text};
use redis::{Cmd, Value};
use std::sync::{Arc, Weak};

/// Messages that the stream keeps. Whoever was away for longer forgets what it has in memory.
const KEPT: &str = "100000";

/// Messages that are taken at once.
const AT_ONCE: &str = "128";

/// Before the first message.
const BEGINNING: &str = "0";

/// The group of those who deliver to what is shared.
const GROUP: &str = "shared";

/// What another one took and did not deliver for so long, in milliseconds, is taken from it.
const GIVEN_UP: &str = "5000";

impl Bus {
    pub(super) async fn append(&self, message: &Message) -> Result<(), NotSent> {
        let mut command = redis::cmd("XADD");
        command.arg(&self.name).arg("MAXLEN").arg("~").arg(KEPT);
        command.arg("*").arg("m").arg(message.text());
        self.link.call(command).await.map(drop).map_err(|_| NotSent)
    }
}

/// Follows the stream for this process's memory, until there is no cache any more.
pub(super) async fn follow(bus: Arc<Bus>, inner: Weak<Inner>) {
    // A connection of its own: it waits for what comes.
    let link = Link::new(&bus.redis, None);
    let mut pauses = Pauses::new();
    let mut last: Option<String> = None;
    while inner.strong_count() > 0 {
        match follow_on(&bus, &inner, &link, &mut last).await {
            Ok(Some(())) => pauses = Pauses::new(),
            Ok(None) => return,
            Err(_) => pauses.pause().await,
        }
    }
}

/// Takes what has come since `last`.
async fn follow_on(
    bus: &Arc<Bus>,
    inner: &Weak<Inner>,
    link: &Link,
    last: &mut Option<String>,
) -> Result<Option<()>, Fault> {
    let from = match last {
        Some(from) => from.clone(),
        None => {
            let has_shared = inner.upgrade().is_some_and(|inner| inner.has_shared());
            let from = if has_shared && is_behind(bus, link).await? {
                // What others have yet to deliver to what is shared may come from there into memory.
                BEGINNING.to_owned()
            } else {
                end(bus, link).await?
            };
            let Some(inner) = inner.upgrade() else {
                return Ok(None);
            };
            inner.forget_memory();
            last.insert(from).clone()
        }
    };
    let mut command = redis::cmd("XREAD");
    command.arg("COUNT").arg(AT_ONCE);
    command.arg("BLOCK").arg(QUIET.as_millis() as u64);
    command.arg("STREAMS").arg(&bus.name).arg(&from);
    let read = link.call_within(command, QUIET * 2).await?;
    // If it is still there, nothing behind it was dropped.
    if from != BEGINNING && !is_kept(bus, link, &from).await? {
        *last = None;
        return Ok(Some(()));
    }
    for (id, message) in of_one_stream(read) {
        let id = String::from_utf8(id).unwrap_or_default();
        let has_shared = inner.upgrade().is_some_and(|inner| inner.has_shared());
        // Asked before the memory is told: what is read from the shared store after that is new.
        let is_too_early = has_shared && !is_delivered(bus, &id).await;
        if bus.tell(inner, &message).await.is_none() {
            return Ok(None);
        }
        if is_too_early {
            let (bus, inner) = (Arc::clone(bus), inner.clone());
            tokio::spawn(tell_again(bus, inner, id.clone(), message));
        }
        *last = Some(id);
    }
    Ok(Some(()))
}

/// The memory was told before what is shared, and may have got the old copy from there since.
async fn tell_again(bus: Arc<Bus>, inner: Weak<Inner>, id: String, message: Vec<u8>) {
    let mut pauses = Pauses::new();
    while !is_delivered(&bus, &id).await {
        pauses.pause().await;
        if inner.strong_count() == 0 {
            return;
        }
    }
    bus.tell(&inner, &message).await;
}

/// Has this message been delivered to what is shared?
///
/// First whether somebody has taken it, then whether they are still at it: the other way round it could be
/// taken in between, and would look as if it were done.
async fn is_delivered(bus: &Bus, id: &str) -> bool {
    let taken = last_taken(bus, &bus.link).await.ok().flatten();
    if taken.is_none_or(|taken| taken < place(id)) {
        return false;
    }
    let mut pending = redis::cmd("XPENDING");
    pending.arg(&bus.name).arg(GROUP).arg("-").arg(id).arg(1);
    let pending = bus.link.call(pending).await;
    matches!(pending, Ok(Value::Array(pending)) if pending.is_empty())
}

/// Is there something that nobody has delivered to what is shared yet? (In the order of [`is_delivered`].)
async fn is_behind(bus: &Bus, link: &Link) -> Result<bool, Fault> {
    let end = end(bus, link).await?;
    let taken = last_taken(bus, link).await?;
    if taken.is_none_or(|taken| taken < place(&end)) {
        return Ok(true);
    }
    let mut pending = redis::cmd("XPENDING");
    pending.arg(&bus.name).arg(GROUP);
    let summary = match link.call(pending).await {
        Ok(Value::Array(summary)) => summary,
        Ok(_) => return Ok(true),
        // There is no group.
        Err(Fault::Refused(_)) => return Ok(true),
        Err(fault) => return Err(fault),
    };
    Ok(summary.into_iter().next() != Some(Value::Int(0)))
}

/// The last message that somebody has taken to deliver it to what is shared.
async fn last_taken(bus: &Bus, link: &Link) -> Result<Option<(u64, u64)>, Fault> {
    let mut command = redis::cmd("XINFO");
    command.arg("GROUPS").arg(&bus.name);
    let Value::Array(groups) = link.call(command).await? else {
        return Ok(None);
    };
    let id = |group: Value| {
        let Value::Array(words) = group else {
            return None;
        };
        let words: Vec<Option<Vec<u8>>> = words.into_iter().map(text).collect();
        let value = |name: &[u8]| {
            let at = words
                .iter()
                .position(|word| word.as_deref() == Some(name))?;
            words.get(at + 1)?.clone()
        };
        let is_it = value(b"name").as_deref() == Some(GROUP.as_bytes());
        let id = String::from_utf8(value(b"last-delivered-id").filter(|_| is_it)?).ok()?;
        Some(place(&id))
    };
    Ok(groups.into_iter().find_map(id))
}

/// The two numbers of a message's place.
fn place(id: &str) -> (u64, u64) {
    let (millis, number) = id.split_once('-').unwrap_or((id, "0"));
    (millis.parse().unwrap_or(0), number.parse().unwrap_or(0))
}

/// Is this message still in the stream?
async fn is_kept(bus: &Bus, link: &Link, id: &str) -> Result<bool, Fault> {
    let mut command = redis::cmd("XRANGE");
    command.arg(&bus.name).arg(id).arg(id);
    let found = link.call(command).await?;
    Ok(entries(found).is_some_and(|found| !found.is_empty()))
}

/// The stream's last message, which is one without a meaning where there is none.
async fn end(bus: &Bus, link: &Link) -> Result<String, Fault> {
    let mut command = redis::cmd("XREVRANGE");
    command.arg(&bus.name).arg("+").arg("-").arg("COUNT").arg(1);
    let found = entries(link.call(command).await?);
    let id = match found.and_then(|found| found.into_iter().next()) {
        Some((id, _)) => Some(id),
        None => {
            let mut command = redis::cmd("XADD");
            let nothing = r#"{"at":0,"effects":[]}"#;
            command.arg(&bus.name).arg("*").arg("m").arg(nothing);
            text(link.call(command).await?)
        }
    };
    Ok(id
        .and_then(|id| String::from_utf8(id).ok())
        .unwrap_or_default())
}

/// Delivers to what is shared, in turn with the other processes, until there is no cache any more.
pub(super) async fn share(bus: Arc<Bus>, inner: Weak<Inner>) {
    let link = Link::new(&bus.redis, None);
    let mut pauses = Pauses::new();
    let me = match inner.upgrade() {
        Some(inner) => format!("{:x}", inner.draw_number()),
        None => return,
    };
    while inner.strong_count() > 0 {
        match share_on(&bus, &inner, &link, &me).await {
            Ok(Some(())) => pauses = Pauses::new(),
            Ok(None) => return,
            Err(Fault::Refused(_)) => {
                // There is no group, the first time or since Redis lost it.
                let mut command = redis::cmd("XGROUP");
                command.arg("CREATE").arg(&bus.name).arg(GROUP);
                command.arg("0").arg("MKSTREAM");
                if link.call(command).await.is_err() {
                    pauses.pause().await;
                }
            }
            Err(Fault::Down) => pauses.pause().await,
        }
    }
}

/// Delivers what nobody has taken yet, or what somebody took and did not deliver.
async fn share_on(
    bus: &Bus,
    inner: &Weak<Inner>,
    link: &Link,
    me: &str,
) -> Result<Option<()>, Fault> {
    let mut claim = redis::cmd("XAUTOCLAIM");
    claim.arg(&bus.name).arg(GROUP).arg(me).arg(GIVEN_UP);
    claim.arg("0").arg("COUNT").arg(AT_ONCE);
    let left = match link.call(claim).await? {
        Value::Array(parts) => parts.into_iter().nth(1).and_then(entries),
        _ => None,
    };
    let mut read = redis::cmd("XREADGROUP");
    read.arg("GROUP")
        .arg(GROUP)
        .arg(me)
        .arg("COUNT")
        .arg(AT_ONCE);
    read.arg("BLOCK").arg(QUIET.as_millis() as u64);
    read.arg("STREAMS").arg(&bus.name).arg(">");
    let mut todo = left.unwrap_or_default();
    if todo.is_empty() {
        todo = of_one_stream(link.call_within(read, QUIET * 2).await?);
    }
    for (id, message) in todo {
        let Some(message) = Message::read(&message) else {
            acknowledge(bus, link, &id).await?;
            continue;
        };
        let Some(inner) = inner.upgrade() else {
            return Ok(None);
        };
        let due = message.due(bus.delay, inner.clock.now());
        let delivery = message.delivery(&bus.names);
        inner.sleep_until(due).await;
        if inner.apply_far(&delivery).await > 0 {
            // It comes again.
            return Err(Fault::Down);
        }
        acknowledge(bus, link, &id).await?;
    }
    Ok(Some(()))
}

async fn acknowledge(bus: &Bus, link: &Link, id: &[u8]) -> Result<(), Fault> {
    let mut command: Cmd = redis::cmd("XACK");
    command.arg(&bus.name).arg(GROUP).arg(id);
    link.call(command).await.map(drop)
}

/// The messages of a reading of one stream.
fn of_one_stream(read: Value) -> Vec<(Vec<u8>, Vec<u8>)> {
    let one = match read {
        Value::Array(streams) => streams.into_iter().next(),
        Value::Map(streams) => streams.into_iter().next().map(|(_, messages)| messages),
        _ => None,
    };
    let messages = match one {
        Some(Value::Array(parts)) if matches!(parts.first(), Some(Value::BulkString(_))) => {
            parts.into_iter().nth(1)
        }
        messages => messages,
    };
    messages.and_then(entries).unwrap_or_default()
}
