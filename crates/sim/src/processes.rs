//! Application processes and their threads. A request takes a thread when it reaches the
//! application and keeps it until it is answered; those that find none wait, first come, first
//! served.

use crate::intern::NONE;
use crate::state::{Slab, Task};

#[derive(Debug)]
pub(crate) struct Processes {
    /// Threads of one process; `None`: any number.
    threads: Option<u32>,
    each: Vec<Process>,
    next_in_turn: u32,
    next_writer: u32,
}

#[derive(Debug, Clone)]
struct Process {
    busy: u32,
    /// Tasks that wait: the first and the last.
    queue: (u32, u32),
}

const IDLE: Process = Process {
    busy: 0,
    queue: (NONE, NONE),
};

impl Processes {
    pub(crate) fn new(count: u32, threads: Option<u32>) -> Self {
        Self {
            threads,
            each: vec![IDLE; count.max(1) as usize],
            next_in_turn: 0,
            next_writer: 0,
        }
    }

    pub(crate) fn count(&self) -> u32 {
        self.each.len() as u32
    }

    /// The process of a request: the trace's, else in turn.
    pub(crate) fn assign(&mut self, wanted: Option<u32>) -> u32 {
        let count = self.count();
        match wanted {
            Some(process) if process < count => process,
            Some(process) => process % count,
            None => in_turn(&mut self.next_in_turn, count),
        }
    }

    /// So many requests, and writes, of which the trace does not say the process had their turns.
    pub(crate) fn skip(&mut self, requests: u64, writes: u64) {
        let count = u64::from(self.count());
        let after = |turn: u32, more: u64| ((u64::from(turn) + more) % count) as u32;
        self.next_in_turn = after(self.next_in_turn, requests);
        self.next_writer = after(self.next_writer, writes);
    }

    /// The process of a write.
    pub(crate) fn assign_writer(&mut self, wanted: Option<u32>) -> u32 {
        let count = self.count();
        wanted.map_or_else(|| in_turn(&mut self.next_writer, count), |w| w % count)
    }

    /// Are there ever too few threads?
    pub(crate) fn are_limited(&self) -> bool {
        self.threads.is_some()
    }

    /// How many threads of a process are free; `None`: any number.
    #[inline]
    pub(crate) fn free_threads(&self, process: u32) -> Option<u32> {
        let busy = self.each.get(process as usize).map_or(0, |it| it.busy);
        self.threads.map(|threads| threads.saturating_sub(busy))
    }

    /// Gives a task a thread, or puts it into the queue.
    pub(crate) fn take_thread(&mut self, tasks: &mut Slab<Task>, task: u32) -> bool {
        let process = &mut self.each[tasks[task].process as usize];
        if self.threads.is_none_or(|threads| process.busy < threads) {
            process.busy += 1;
            tasks[task].has_thread = true;
            return true;
        }
        tasks[task].next = NONE;
        match process.queue.1 {
            NONE => process.queue.0 = task,
            last => tasks[last].next = task,
        }
        process.queue.1 = task;
        false
    }

    /// Takes a task's thread away; the task that gets it goes on.
    pub(crate) fn give_thread_back(&mut self, tasks: &mut Slab<Task>, task: u32) -> Option<u32> {
        if !core::mem::take(&mut tasks[task].has_thread) {
            return None;
        }
        let process = &mut self.each[tasks[task].process as usize];
        let first = process.queue.0;
        if first == NONE {
            process.busy -= 1;
            return None;
        }
        process.queue.0 = tasks[first].next;
        if process.queue.0 == NONE {
            process.queue.1 = NONE;
        }
        tasks[first].has_thread = true;
        Some(first)
    }

    /// The tasks that wait for a thread of a process.
    pub(crate) fn waiting(&self, tasks: &Slab<Task>, process: u32) -> Vec<u32> {
        let some = |task: u32| (task != NONE).then_some(task);
        let first = some(self.each[process as usize].queue.0);
        core::iter::successors(first, |&task| some(tasks[task].next)).collect()
    }

    /// A process starts anew: all of its threads are free, and nobody waits. That is so for what goes
    /// on before the application, too.
    pub(crate) fn reset(&mut self, tasks: &mut Slab<Task>, process: u32) {
        self.each[process as usize] = IDLE;
        for task in 0..tasks.slots() {
            if tasks[task].process == process {
                tasks[task].has_thread = false;
            }
        }
    }

    /// Nobody has a thread, and nobody waits for one.
    pub(crate) fn are_idle(&self) -> bool {
        let is_idle = |process: &Process| process.busy == 0 && process.queue.0 == NONE;
        self.each.iter().all(is_idle)
    }
}

fn in_turn(next: &mut u32, count: u32) -> u32 {
    let process = *next;
    *next = if process + 1 < count { process + 1 } else { 0 };
    process
}
