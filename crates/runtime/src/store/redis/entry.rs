//! A copy as it lies in Redis: a head that says what it is, then the value's bytes.
//!
//! ```text
//! "CPE2" · checksum of the body · checksum of the life
//! life: stored, ttl, fresh until, revalidatable until, usable on error until, resides until
//! body: codec, how long the fill took, what it is, grace, stamps, marks, value
//! ```
//!
//! Numbers are little-endian; times are nanoseconds since 1970 by Redis's clock. The body's checksum begins with the key,
//! so that a copy is none under another key. The life stands by itself since a hit can move it.

use super::clock::Ahead;
use super::names::Names;
use crate::codec::AnyCodec;
use crate::entry::{Entry, Mark, Name};
use crate::params::Params;
use crate::store::shared::Stamp;
use crate::wire::{Reader, put_text};
use cachepolicy_core::decide::Lifetimes;
use cachepolicy_core::units::{Duration, Time};
use smol_str::SmolStr;

const MAGIC: &[u8; 4] = b"CPE2";

/// Where the life begins, with its checksum, and where it ends.
pub(crate) const LIFE: core::ops::Range<usize> = 8..60;

/// Of what a copy is: it has no value.
const NO_VALUE: u8 = 1;

/// It says that there is no such thing.
const NEGATIVE: u8 = 2;

/// What was read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) entry: Entry,
    pub(crate) stamps: Vec<Stamp>,
}

/// The bytes of a life, with their checksum.
pub(crate) fn life(lifetimes: &Lifetimes, resides_until: Time, ahead: Ahead) -> Vec<u8> {
    let nanos = [
        ahead.there(lifetimes.stored).nanos(),
        lifetimes.ttl.nanos(),
        ahead.there(lifetimes.fresh_until).nanos(),
        ahead.there(lifetimes.revalidatable_until).nanos(),
        ahead.there(lifetimes.usable_on_error_until).nanos(),
        ahead.there(resides_until).nanos(),
    ];
    let nanos: Vec<u8> = nanos.iter().flat_map(|nanos| nanos.to_le_bytes()).collect();
    let mut bytes = crc32fast::hash(&nanos).to_le_bytes().to_vec();
    bytes.extend(nanos);
    bytes
}

fn checksum(text: &str, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
    hasher.update(body);
    hasher.finalize()
}

/// A copy as bytes; `None`: its value cannot be written.
pub(crate) fn write(
    (names, ahead): (&Names, Ahead),
    codec: &dyn AnyCodec,
    text: &str,
    entry: &Entry,
    stamps: &[Stamp],
) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(256);
    body.extend(crc32fast::hash(codec.name().as_bytes()).to_le_bytes());
    body.extend(entry.fill_time.nanos().to_le_bytes());
    let no_value = if entry.value.is_none() { NO_VALUE } else { 0 };
    let negative = if entry.is_negative() { NEGATIVE } else { 0 };
    body.push(no_value | negative);
    body.extend(entry.grace().nanos().to_le_bytes());
    body.extend(u32::try_from(stamps.len()).ok()?.to_le_bytes());
    for stamp in stamps {
        put_text(&mut body, &stamp.name)?;
        body.extend(stamp.token.to_le_bytes());
        body.extend(stamp.expired.to_le_bytes());
    }
    body.extend(u32::try_from(entry.marks.len()).ok()?.to_le_bytes());
    for mark in entry.marks.iter() {
        write_mark(names, mark, &mut body)?;
    }
    if let Some(value) = &entry.value {
        body.extend(codec.encode(value).ok()?);
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend(checksum(text, &body).to_le_bytes());
    bytes.extend(life(&entry.lifetimes(), entry.resides_until(), ahead));
    bytes.extend(body);
    Some(bytes)
}

fn write_mark(names: &Names, mark: &Mark, body: &mut Vec<u8>) -> Option<()> {
    match mark {
        Mark::Bears(tag) | Mark::Inherits(tag) => {
            body.push(if matches!(mark, Mark::Bears(_)) { 0 } else { 1 });
            put_text(body, tag)
        }
        Mark::Is(name) | Mark::Embeds(name) => {
            body.push(2);
            put_text(body, names.of_level(name.level))?;
            body.push(u8::try_from(name.params.len()).ok()?);
            for param in name.params.iter() {
                body.push(u8::from(param.is_some()));
                put_text(body, param.as_deref().unwrap_or_default())?;
            }
            Some(())
        }
    }
}

/// Bytes as a copy; `None`: they are none of this key, level and codec.
pub(crate) fn read(
    (names, ahead): (&Names, Ahead),
    codec: &dyn AnyCodec,
    name: &Name,
    text: &str,
    bytes: &[u8],
) -> Option<Read> {
    let mut reader = Reader::new(bytes);
    if reader.take(MAGIC.len())? != MAGIC {
        return None;
    }
    let body_sum = reader.u32()?;
    let life_sum = reader.u32()?;
    if crc32fast::hash(bytes.get(LIFE.start + 4..LIFE.end)?) != life_sum
        || checksum(text, bytes.get(LIFE.end..)?) != body_sum
    {
        return None;
    }
    let time = |nanos: i64| ahead.here(Time::from_nanos(nanos));
    let lifetimes = Lifetimes {
        stored: time(reader.i64()?),
        ttl: Duration::from_nanos(reader.i64()?),
        fresh_until: time(reader.i64()?),
        revalidatable_until: time(reader.i64()?),
        usable_on_error_until: time(reader.i64()?),
    };
    let resides_until = time(reader.i64()?);
    if reader.u32()? != crc32fast::hash(codec.name().as_bytes()) {
        return None;
    }
    let fill_time = Duration::from_nanos(reader.i64()?);
    let what = reader.u8()?;
    let grace = Duration::from_nanos(reader.i64()?);
    let mut stamps = Vec::new();
    for _ in 0..reader.u32()? {
        stamps.push(Stamp {
            name: reader.text()?.into(),
            token: reader.u64()?,
            expired: reader.u32()?,
        });
    }
    let mut marks = Vec::new();
    for _ in 0..reader.u32()? {
        marks.push(read_mark(names, &mut reader)?);
    }
    let value = if what & NO_VALUE != 0 {
        None
    } else {
        Some(codec.decode(reader.rest()).ok()?)
    };
    let entry = Entry::new(
        name.clone(),
        value,
        &lifetimes,
        fill_time,
        marks.into(),
        resides_until,
    );
    let entry = entry.with(what & NEGATIVE != 0, grace);
    Some(Read { entry, stamps })
}

fn read_mark(names: &Names, reader: &mut Reader<'_>) -> Option<Mark> {
    match reader.u8()? {
        0 => Some(Mark::Bears(reader.text()?.into())),
        1 => Some(Mark::Inherits(reader.text()?.into())),
        _ => {
            let level = names.level_of(reader.text()?)?;
            let mut params = Vec::new();
            for _ in 0..reader.u8()? {
                let is_there = reader.u8()? != 0;
                let text = reader.text()?;
                params.push(is_there.then(|| SmolStr::from(text)));
            }
            let params: Params = params.into();
            Some(Mark::Embeds(Name { level, params }))
        }
    }
}
