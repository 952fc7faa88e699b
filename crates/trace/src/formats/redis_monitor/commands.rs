//! What each command of Redis is to a cache.
//!
//! A value is read or changed as a whole, of whatever kind it is: reading a field of a hash reads
//! the hash. What looks at no value (`TTL`, `SCAN`), waits or streams (`BLPOP`, `XADD`,
//! `SUBSCRIBE`), and what a script did not do itself (`EVAL`: its own commands have lines of their
//! own) is nothing to a cache and is not in the table.

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// Reads values.
    Read(Keys),
    /// Changes values in part: their sizes are not said.
    Change(Keys),
    /// Removes keys.
    Delete(Keys),
    /// Stores the value that is this argument.
    Store(usize),
    /// Stores the third argument for as long as the second says, in such units.
    StoreFor(Unit),
    /// `RESTORE key milliseconds value`, where 0 milliseconds are for good.
    Restore,
    /// `SET key value …`
    Set,
    /// `MSET key value key value …`
    StoreMany,
    /// `GETEX key …`
    ReadFor,
    /// `GETDEL key`
    ReadAndDelete,
    /// Makes the value of the first key, which is this argument, of those of others.
    Combine(usize, Keys),
    /// `RENAME key key`
    Rename,
    /// Says how long a value is kept from now on, or until when.
    Expire(Unit),
}

/// Which arguments are keys. The command itself is argument 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// This one.
    At(usize),
    /// All from this one on.
    From(usize),
    /// The first two.
    Two,
    /// As many as this argument says, behind it.
    Counted(usize),
}

/// How a time is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    /// Since the Unix epoch.
    UntilSeconds,
    UntilMillis,
}

use Does::{
    Change, Combine, Delete, Expire, Read, ReadAndDelete, ReadFor, Rename, Restore, Set, Store,
    StoreFor, StoreMany,
};
use Keys::{At, Counted, From, Two};
use Unit::{Millis, Seconds, UntilMillis, UntilSeconds};

/// By name, in alphabetical order.
const COMMANDS: &[(&str, Does)] = &[
    ("APPEND", Change(At(1))),
    ("BITCOUNT", Read(At(1))),
    ("BITFIELD", Change(At(1))),
    ("BITFIELD_RO", Read(At(1))),
    ("BITOP", Combine(2, From(3))),
    ("BITPOS", Read(At(1))),
    ("COPY", Combine(2, At(1))),
    ("DECR", Change(At(1))),
    ("DECRBY", Change(At(1))),
    ("DEL", Delete(From(1))),
    ("DUMP", Read(At(1))),
    ("EXISTS", Read(From(1))),
    ("EXPIRE", Expire(Seconds)),
    ("EXPIREAT", Expire(UntilSeconds)),
    ("GEOADD", Change(At(1))),
    ("GEODIST", Read(At(1))),
    ("GEOHASH", Read(At(1))),
    ("GEOPOS", Read(At(1))),
    ("GEORADIUS", Read(At(1))),
    ("GEORADIUSBYMEMBER", Read(At(1))),
    ("GEORADIUSBYMEMBER_RO", Read(At(1))),
    ("GEORADIUS_RO", Read(At(1))),
    ("GEOSEARCH", Read(At(1))),
    ("GEOSEARCHSTORE", Combine(1, At(2))),
    ("GET", Read(At(1))),
    ("GETBIT", Read(At(1))),
    ("GETDEL", ReadAndDelete),
    ("GETEX", ReadFor),
    ("GETRANGE", Read(At(1))),
    ("GETSET", Store(2)),
    ("HDEL", Change(At(1))),
    ("HEXISTS", Read(At(1))),
    ("HGET", Read(At(1))),
    ("HGETALL", Read(At(1))),
    ("HGETDEL", Change(At(1))),
    ("HGETEX", Read(At(1))),
    ("HINCRBY", Change(At(1))),
    ("HINCRBYFLOAT", Change(At(1))),
    ("HKEYS", Read(At(1))),
    ("HLEN", Read(At(1))),
    ("HMGET", Read(At(1))),
    ("HMSET", Change(At(1))),
    ("HRANDFIELD", Read(At(1))),
    ("HSCAN", Read(At(1))),
    ("HSET", Change(At(1))),
    ("HSETEX", Change(At(1))),
    ("HSETNX", Change(At(1))),
    ("HSTRLEN", Read(At(1))),
    ("HVALS", Read(At(1))),
    ("INCR", Change(At(1))),
    ("INCRBY", Change(At(1))),
    ("INCRBYFLOAT", Change(At(1))),
    ("LCS", Read(Two)),
    ("LINDEX", Read(At(1))),
    ("LINSERT", Change(At(1))),
    ("LLEN", Read(At(1))),
    ("LMOVE", Change(Two)),
    ("LPOP", Change(At(1))),
    ("LPOS", Read(At(1))),
    ("LPUSH", Change(At(1))),
    ("LPUSHX", Change(At(1))),
    ("LRANGE", Read(At(1))),
    ("LREM", Change(At(1))),
    ("LSET", Change(At(1))),
    ("LTRIM", Change(At(1))),
    ("MGET", Read(From(1))),
    ("MSET", StoreMany),
    ("MSETNX", StoreMany),
    ("PEXPIRE", Expire(Millis)),
    ("PEXPIREAT", Expire(UntilMillis)),
    ("PFADD", Change(At(1))),
    ("PFCOUNT", Read(From(1))),
    ("PFMERGE", Combine(1, From(2))),
    ("PSETEX", StoreFor(Millis)),
    ("RENAME", Rename),
    ("RENAMENX", Rename),
    ("RESTORE", Restore),
    ("RPOP", Change(At(1))),
    ("RPOPLPUSH", Change(Two)),
    ("RPUSH", Change(At(1))),
    ("RPUSHX", Change(At(1))),
    ("SADD", Change(At(1))),
    ("SCARD", Read(At(1))),
    ("SDIFF", Read(From(1))),
    ("SDIFFSTORE", Combine(1, From(2))),
    ("SET", Set),
    ("SETBIT", Change(At(1))),
    ("SETEX", StoreFor(Seconds)),
    ("SETNX", Store(2)),
    ("SETRANGE", Change(At(1))),
    ("SINTER", Read(From(1))),
    ("SINTERCARD", Read(Counted(1))),
    ("SINTERSTORE", Combine(1, From(2))),
    ("SISMEMBER", Read(At(1))),
    ("SMEMBERS", Read(At(1))),
    ("SMISMEMBER", Read(At(1))),
    ("SMOVE", Change(Two)),
    ("SORT", Read(At(1))),
    ("SORT_RO", Read(At(1))),
    ("SPOP", Change(At(1))),
    ("SRANDMEMBER", Read(At(1))),
    ("SREM", Change(At(1))),
    ("SSCAN", Read(At(1))),
    ("STRLEN", Read(At(1))),
    ("SUBSTR", Read(At(1))),
    ("SUNION", Read(From(1))),
    ("SUNIONSTORE", Combine(1, From(2))),
    ("TOUCH", Read(From(1))),
    ("UNLINK", Delete(From(1))),
    ("ZADD", Change(At(1))),
    ("ZCARD", Read(At(1))),
    ("ZCOUNT", Read(At(1))),
    ("ZDIFF", Read(Counted(1))),
    ("ZDIFFSTORE", Combine(1, Counted(2))),
    ("ZINCRBY", Change(At(1))),
    ("ZINTER", Read(Counted(1))),
    ("ZINTERCARD", Read(Counted(1))),
    ("ZINTERSTORE", Combine(1, Counted(2))),
    ("ZLEXCOUNT", Read(At(1))),
    ("ZMSCORE", Read(At(1))),
    ("ZPOPMAX", Change(At(1))),
    ("ZPOPMIN", Change(At(1))),
    ("ZRANDMEMBER", Read(At(1))),
    ("ZRANGE", Read(At(1))),
    ("ZRANGEBYLEX", Read(At(1))),
    ("ZRANGEBYSCORE", Read(At(1))),
    ("ZRANGESTORE", Combine(1, At(2))),
    ("ZRANK", Read(At(1))),
    ("ZREM", Change(At(1))),
    ("ZREMRANGEBYLEX", Change(At(1))),
    ("ZREMRANGEBYRANK", Change(At(1))),
    ("ZREMRANGEBYSCORE", Change(At(1))),
    ("ZREVRANGE", Read(At(1))),
    ("ZREVRANGEBYLEX", Read(At(1))),
    ("ZREVRANGEBYSCORE", Read(At(1))),
    ("ZREVRANK", Read(At(1))),
    ("ZSCAN", Read(At(1))),
    ("ZSCORE", Read(At(1))),
    ("ZUNION", Read(Counted(1))),
    ("ZUNIONSTORE", Combine(1, Counted(2))),
];

/// Bytes of the longest name in the table.
const NAME_BYTES_MAX: usize = 20;

/// What a command does, by its name in any case.
pub(super) fn does(name: &[u8]) -> Option<Does> {
    let mut upper = [0; NAME_BYTES_MAX];
    let upper = upper.get_mut(..name.len())?;
    upper.copy_from_slice(name);
    upper.make_ascii_uppercase();
    let found = COMMANDS.binary_search_by(|(known, _)| known.as_bytes().cmp(upper));
    COMMANDS.get(found.ok()?).map(|(_, does)| *does)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(COMMANDS.is_sorted_by(|(one, _), (other, _)| one < other));
        let longest = COMMANDS.iter().map(|(name, _)| name.len()).max();
        assert_eq!(longest, Some(NAME_BYTES_MAX));
        for (name, known) in COMMANDS {
            assert_eq!(does(name.to_lowercase().as_bytes()), Some(*known));
        }
        assert_eq!(does(b"PING"), None);
        assert_eq!(does(&[b'A'; NAME_BYTES_MAX + 1]), None);
    }
}
