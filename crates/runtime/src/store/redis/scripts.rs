//! What Redis does in one step. Every script touches keys of one slot.

use super::link::{Fault, Link};
use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value};
use std::sync::OnceLock;

/// A script, known to Redis by its hash once it has run.
#[derive(Debug)]
pub(crate) struct Script {
    source: &'static str,
    hash: OnceLock<String>,
}

/// The stamp, which is made with token `ARGV[1]` where there is none, and lives for `ARGV[2]`
/// milliseconds at least; 0: for ever. Where that has to be made longer, by more than is needed now: who
/// has read it is told of each change.
pub(crate) static ENSURE: Script = Script::new(
    "
local v = redis.call('GET', KEYS[1])
local ttl = tonumber(ARGV[2])
if not v then
  v = ARGV[1] .. ' 0'
  if ttl > 0 then redis.call('SET', KEYS[1], v, 'PX', ttl) else redis.call('SET', KEYS[1], v) end
else
  local left = redis.call('PTTL', KEYS[1])
  if left >= 0 then
    if ttl == 0 then redis.call('PERSIST', KEYS[1])
    elseif left < ttl then redis.call('PEXPIRE', KEYS[1], 2 * ttl) end
  end
end
return v",
);

/// Notes an `expire` at instant `ARGV[1]` in a stamp, where there is one: what is not there has no copy.
/// The last 16 instants are kept.
pub(crate) static EXPIRE: Script = Script::new(
    "
local v = redis.call('GET', KEYS[1])
if not v then return 0 end
local words = {}
for word in string.gmatch(v, '%S+') do words[#words + 1] = word end
words[2] = tostring(tonumber(words[2]) + 1)
words[#words + 1] = ARGV[1]
if #words > 18 then table.remove(words, 3) end
redis.call('SET', KEYS[1], table.concat(words, ' '), 'KEEPTTL')
return 1",
);

/// Takes a lock with token `ARGV[1]` from instant `ARGV[2]` to `ARGV[3]`, both in milliseconds; 0: it
/// does not end. `ARGV[4]`: the version that is filled. Gives what stands there, if somebody else who fills
/// this version has it. If `ARGV[5]` is 1 and the copy `KEYS[2]` does not begin with `ARGV[6]` any more, somebody
/// has made it meanwhile: then it gives `made`.
pub(crate) static ACQUIRE: Script = Script::new(
    "
local v = redis.call('GET', KEYS[1])
if v then
  local ends, version = string.match(v, ' (%d+) ?(%S*)$')
  ends = tonumber(ends)
  if ends and version == ARGV[4] and (ends == 0 or ends > tonumber(ARGV[2])) then return v end
end
if ARGV[5] == '1' and redis.call('GETRANGE', KEYS[2], 0, 59) ~= ARGV[6] then return 'made' end
local lasts = tonumber(ARGV[3]) - tonumber(ARGV[2])
local mine = ARGV[1] .. ' ' .. ARGV[3]
if ARGV[4] ~= '' then mine = mine .. ' ' .. ARGV[4] end
if ARGV[3] == '0' then redis.call('SET', KEYS[1], mine)
else redis.call('SET', KEYS[1], mine, 'PX', math.max(lasts, 1)) end
return ''",
);

/// Lets go of a lock with this token.
pub(crate) static RELEASE: Script = Script::new(
    "
local v = redis.call('GET', KEYS[1])
if v and string.match(v, '^%S+') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0",
);

/// Keeps a copy `ARGV[3]` for `ARGV[4]` milliseconds (0: for ever) and lets go of the lock with token
/// `ARGV[1]`. If `ARGV[2]` is 1 and the lock is another one by now: nothing, and gives 0.
pub(crate) static PUT: Script = Script::new("
local v = ARGV[1] ~= '' and redis.call('GET', KEYS[2])
local is_mine = v and string.match(v, '^%S+') == ARGV[1]
if ARGV[2] == '1' and not is_mine then return 0 end
local ttl = tonumber(ARGV[4])
if ttl > 0 then redis.call('SET', KEYS[1], ARGV[3], 'PX', ttl) else redis.call('SET', KEYS[1], ARGV[3]) end
if is_mine then redis.call('DEL', KEYS[2]) end
return 1");

/// Gives a copy with the life `ARGV[1]`, which stands at byte 8, the life `ARGV[2]`; the copy lives for
/// `ARGV[3]` milliseconds more, 0: for ever.
pub(crate) static SLIDE: Script = Script::new(
    "
if redis.call('GETRANGE', KEYS[1], 8, 7 + #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('SETRANGE', KEYS[1], 8, ARGV[2])
local ttl = tonumber(ARGV[3])
if ttl > 0 then redis.call('PEXPIRE', KEYS[1], ttl) else redis.call('PERSIST', KEYS[1]) end
return 1",
);

/// The place of the last delivery in the list of them, which begins here if there is none.
pub(crate) static TAIL: Script = Script::new(
    "
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last > 0 then return last[1][1] end
return redis.call('XADD', KEYS[1], '*', 'm', '')",
);

impl Script {
    const fn new(source: &'static str) -> Self {
        Self {
            source,
            hash: OnceLock::new(),
        }
    }

    /// Runs it.
    pub(crate) async fn run(
        &'static self,
        link: &Link,
        keys: &[&str],
        args: &[&[u8]],
    ) -> Result<Value, Fault> {
        let hash = self.hash.get_or_init(|| {
            let script = redis::Script::new(self.source);
            script.get_hash().to_owned()
        });
        let known = link.call(command("EVALSHA", hash, keys, args)).await;
        match known {
            Err(Fault::Refused(error)) if is_unknown(&error) => {
                link.call(command("EVAL", self.source, keys, args)).await
            }
            known => known,
        }
    }
}

fn is_unknown(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

fn command(name: &str, script: &str, keys: &[&str], args: &[&[u8]]) -> Cmd {
    let mut command = redis::cmd(name);
    command.arg(script).arg(keys.len());
    for key in keys {
        command.arg(*key);
    }
    for arg in args {
        command.arg(*arg);
    }
    command
}
