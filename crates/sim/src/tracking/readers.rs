//! Who read which key since it changed the last time.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

/// A tracked backend's table of keys and those who read them.
#[derive(Debug, Default)]
pub(super) struct Readers {
    /// Of each key those who read it, in the order of their processes.
    keys: IndexMap<u32, Vec<Reader>, FxBuildHasher>,
}

/// Who read a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reader {
    pub(super) process: u32,
    /// The number of the connection over which it did.
    pub(super) connection: u32,
}

impl Readers {
    /// A process reads a key. Once is as good as often.
    pub(super) fn remember(&mut self, key: u32, process: u32, connection: u32) {
        let readers = self.keys.entry(key).or_default();
        match readers.binary_search_by_key(&process, |reader| reader.process) {
            Ok(known) => readers[known].connection = connection,
            Err(place) => readers.insert(
                place,
                Reader {
                    process,
                    connection,
                },
            ),
        }
    }

    /// Those who read a key, whom nobody remembers from now on.
    pub(super) fn forget(&mut self, key: u32) -> Vec<Reader> {
        self.keys.swap_remove(&key).unwrap_or_default()
    }

    /// Nobody read anything.
    pub(super) fn forget_all(&mut self) {
        self.keys.clear();
    }

    /// Is a process remembered as a reader of this key, over this connection?
    pub(super) fn knows(&self, key: u32, process: u32, connection: u32) -> bool {
        let reader = Reader {
            process,
            connection,
        };
        let readers = self.keys.get(&key);
        readers.is_some_and(|readers| readers.contains(&reader))
    }

    /// Did anybody read this key?
    pub(super) fn has(&self, key: u32) -> bool {
        self.keys.contains_key(&key)
    }

    /// How many keys were read.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// One of them; `number` is below [`Readers::len`].
    pub(super) fn key(&self, number: usize) -> u32 {
        self.keys.get_index(number).map_or(0, |(key, _)| *key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_read_a_key_is_remembered_once_and_forgotten_with_it() {
        let mut readers = Readers::default();
        for (key, process, connection) in [(7, 2, 0), (7, 1, 0), (8, 1, 0), (7, 2, 1)] {
            readers.remember(key, process, connection);
        }
        assert_eq!((readers.len(), readers.key(0), readers.key(1)), (2, 7, 8));
        let reader = |process, connection| Reader {
            process,
            connection,
        };
        assert!(readers.knows(7, 2, 1) && !readers.knows(7, 2, 0) && !readers.knows(9, 2, 1));
        assert_eq!(readers.forget(7), [reader(1, 0), reader(2, 1)]);
        assert_eq!(readers.forget(7), []);
        assert!(!readers.has(7) && readers.has(8));
        readers.forget_all();
        assert_eq!(readers.len(), 0);
    }
}
