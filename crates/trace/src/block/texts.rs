//! Texts and request targets, many of them in one allocation.

/// Texts one behind the other in one allocation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextList {
    all: String,
    ends: Vec<u32>,
}

impl TextList {
    /// Adds a text; `false` where there is no room: all texts together have 4 GiB at most.
    pub fn push(&mut self, text: &str) -> bool {
        let Ok(end) = u32::try_from(self.all.len() + text.len()) else {
            return false;
        };
        self.all.push_str(text);
        self.ends.push(end);
        true
    }

    /// The text of a position; empty where there is none.
    #[must_use]
    pub fn get(&self, index: usize) -> &str {
        let end = self.ends.get(index).copied().unwrap_or(0) as usize;
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(0) as usize,
            None => 0,
        };
        self.all.get(start..end).unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Their bytes together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.all.len()
    }

    /// Forgets all of them and keeps the memory.
    pub fn clear(&mut self) {
        self.all.clear();
        self.ends.clear();
    }
}

/// Request targets: method, host, and path with query, three texts each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetList {
    texts: TextList,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// Upper case.
    pub method: &'a str,
    /// Lower case; empty: not said.
    pub host: &'a str,
    /// Path and query, as sent.
    pub path: &'a str,
}

impl TargetList {
    /// Adds a target; `false` where there is no room.
    pub fn push(&mut self, target: Target<'_>) -> bool {
        self.texts.push(target.method)
            && self.texts.push(target.host)
            && self.texts.push(target.path)
    }

    /// The target of a position.
    #[must_use]
    pub fn get(&self, index: usize) -> Target<'_> {
        Target {
            method: self.texts.get(3 * index),
            host: self.texts.get(3 * index + 1),
            path: self.texts.get(3 * index + 2),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len() / 3
    }

    /// The bytes of their texts together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.texts.bytes()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all of them and keeps the memory.
    pub fn clear(&mut self) {
        self.texts.clear();
    }
}
