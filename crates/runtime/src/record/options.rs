//! What is recorded, and where.

use crate::record::event::Maker;
use crate::record::files::Names;
use crate::record::hide::Hiding;
use crate::record::open::Open;
use crate::record::order::Order;
use crate::record::secret::secret;
use crate::record::thread::Writing;
use crate::record::{Counting, Kind, Recording};
use crate::start_error::StartError;
use crate::time::Clock;
use cachepolicy_core::Policy;
use cachepolicy_core::ids::LevelId;
use cachepolicy_trace::Recorded;
use cachepolicy_trace::sample::Rate;
use parking_lot::Mutex;
use rand::RngExt as _;
use rand::rngs::StdRng;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

/// Records what happens: see [`crate::Builder::record`].
///
/// `trace.jsonl` becomes `trace.000001.jsonl`, `trace.000002.jsonl` and so on; the one that is being
/// written ends in `.part`. Keys and users stand there as hashes by a secret, which is in
/// `trace.jsonl.key`, for its owner alone: whoever has it can try values out. Give the trace away without
/// it, and keep it so that equal values stay equal from one run to the next.
#[derive(Debug, Clone)]
pub struct Recorder {
    file: PathBuf,
    rotate_at: u64,
    keep: usize,
    queue: usize,
    is_plain: bool,
    rate: f64,
    process: u32,
    accesses: Option<String>,
}

impl Recorder {
    /// To this file.
    #[must_use]
    pub fn to(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            rotate_at: 64 << 20,
            keep: 16,
            queue: 16_384,
            is_plain: false,
            rate: 1.0,
            process: 0,
            accesses: None,
        }
    }

    /// A file is complete when it has as many bytes; left out: 64 MiB.
    #[must_use]
    pub fn rotate_at(mut self, bytes: u64) -> Self {
        self.rotate_at = bytes.max(1);
        self
    }

    /// So many complete files are kept, and older ones removed; left out: 16.
    #[must_use]
    pub fn keep(mut self, files: usize) -> Self {
        self.keep = files.max(1);
        self
    }

    /// So many events wait for the thread that writes at most; what comes in addition is dropped and
    /// counted. Left out: 16,384.
    #[must_use]
    pub fn queue(mut self, events: usize) -> Self {
        self.queue = events.max(1);
        self
    }

    /// Keys and users are said as they are.
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.is_plain = true;
        self
    }

    /// Only this share of the paths is recorded, above 0 and at most 1, each with all of its requests:
    /// those that `simulate --sample` takes. Writes are all recorded.
    #[must_use]
    pub fn sample(mut self, share: f64) -> Self {
        self.rate = share;
        self
    }

    /// Which of the policy's processes this one is, from 0; left out: 0.
    #[must_use]
    pub fn process(mut self, number: u32) -> Self {
        self.process = number;
        self
    }

    /// Look-ups of this level that belong to no request are recorded too, as accesses of keys. It takes
    /// one parameter. Without it only requests are recorded: those of the HTTP layer, and those of
    /// [`crate::Cache::serve`].
    #[must_use]
    pub fn accesses(mut self, level: &str) -> Self {
        self.accesses = Some(level.to_owned());
        self
    }

    /// Begins.
    pub(crate) fn start(
        &self,
        policy: &Policy,
        clock: Clock,
        random: &mut StdRng,
    ) -> Result<Recording, StartError> {
        let rate = Rate::new(self.rate);
        let rate = rate.ok_or(StartError::RecordSample)?;
        let accesses = self.accesses.as_deref();
        let accesses = accesses.map(|name| level(policy, name)).transpose()?;
        let failed = |reason: String| StartError::Record {
            file: self.file.display().to_string(),
            reason,
        };
        let names = Names::of(&self.file).ok_or_else(|| failed("it names no file".to_owned()))?;
        check(&self.file).map_err(failed)?;
        let secret = if self.is_plain {
            None
        } else {
            let path = names.secret();
            let read = secret(&path, random.random());
            Some(read.map_err(|error| failed(format!("{}: {error}", path.display())))?)
        };
        let hiding = Arc::new(Hiding::new(policy, secret));
        let (sender, receiver) = sync_channel(self.queue);
        let (open, counting) = (Arc::<Open>::default(), Arc::<Counting>::default());
        let writing = (Arc::clone(&open), Arc::clone(&counting));
        let maker = Maker::new(policy, Arc::clone(&hiding), self.process);
        let (queue, rotate_at, keep) = (self.queue, self.rotate_at, self.keep);
        let run = move || {
            let (open, counting) = writing;
            let writing = Writing {
                receiver,
                queue,
                maker,
                open,
                counting,
                names,
                rotate_at,
                keep,
                rate,
                order: Order::default(),
                current: None,
                said: Recorded::default(),
                flushed: Instant::now(),
                paused: None,
            };
            writing.run();
        };
        let thread = std::thread::Builder::new().name("cachepolicy-record".to_owned());
        let thread = thread.spawn(run);
        let thread = thread.map_err(|error| failed(error.to_string()))?;
        Ok(Recording {
            sender,
            open,
            counting,
            hiding,
            rate,
            kinds: policy.levels.iter().map(Kind::of).collect(),
            accesses,
            clock,
            thread: Mutex::new(Some(thread)),
        })
    }
}

/// Can files be made there? It is found out at the start, and not when the first request comes.
fn check(file: &Path) -> Result<(), String> {
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    match std::fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(format!("`{}` is no folder", folder.display())),
        Err(error) => Err(format!("`{}`: {error}", folder.display())),
    }
}

fn level(policy: &Policy, name: &str) -> Result<LevelId, StartError> {
    let mut levels = policy.levels.iter();
    let index = levels.position(|level| level.name == name);
    let index = index.ok_or_else(|| StartError::Unknown {
        name: name.to_owned(),
    })?;
    let takes = policy.levels.get(index).map_or(0, |it| it.params.len());
    if takes != 1 {
        return Err(StartError::RecordAccesses {
            level: name.to_owned(),
            takes,
        });
    }
    Ok(LevelId(index as u16))
}
