//! Runs the command line as a process of its own and measures what it costs.
//!
//! The processor time and the memory of one child cannot be told apart from those of earlier
//! children; so each is run by a process that has no other child: the benchmark itself, started
//! again with [`MEASURE`].

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The first argument of the process that runs and measures another.
pub const MEASURE: &str = "--measure-one";

/// Whatever goes wrong ends a benchmark.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What a process needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// From its beginning to its end.
    pub wall: Duration,
    /// Of all processors, for it and for the system on its behalf.
    pub cpu: Duration,
    /// The most memory that it had at once, in bytes.
    pub memory: u64,
}

/// Writes a trace to the standard input of the process.
pub type Input<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// The command line that is measured.
#[derive(Debug, Clone)]
pub struct Binary(PathBuf);

impl Binary {
    /// The one beside this benchmark, built by `cargo build --release`, unless the environment
    /// names another as `CACHEPOLICY`.
    ///
    /// # Errors
    /// When there is none.
    pub fn find() -> Result<Self> {
        let name = format!("cachepolicy{}", std::env::consts::EXE_SUFFIX);
        let beside = || Some(std::env::current_exe().ok()?.parent()?.join(&name));
        let named = std::env::var_os("CACHEPOLICY").map(PathBuf::from);
        let path = named.or_else(beside).unwrap_or_default();
        if !path.is_file() {
            let place = path.display();
            return Err(format!("there is no {place}: run `cargo build --release` first").into());
        }
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Runs it with what `input` writes on its standard input; what it writes is thrown away.
    ///
    /// # Errors
    /// When it cannot be run, or fails.
    pub fn cost(&self, arguments: &[String], input: Option<Input<'_>>) -> Result<Cost> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(MEASURE).arg(&self.0).args(arguments);
        let said = run(&mut command, input)?;
        let mut figures = said.split_whitespace().map(str::parse);
        let mut next = || figures.next().ok_or("the measuring process said nothing");
        Ok(Cost {
            wall: Duration::from_micros(next()??),
            cpu: Duration::from_micros(next()??),
            memory: next()??,
        })
    }

    /// Counts the instructions of a run with valgrind, for machines that are busy with other things.
    ///
    /// # Errors
    /// When valgrind is not there, or the run fails.
    pub fn instructions(&self, arguments: &[String], input: Option<Input<'_>>) -> Result<u64> {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        command.arg(&self.0).args(arguments).stderr(Stdio::piped());
        let said = run(&mut command, input)?;
        let count = said
            .lines()
            .find_map(|line| line.split("Collected :").nth(1));
        let count = count.ok_or("valgrind counted nothing")?;
        Ok(count.trim().parse()?)
    }
}

/// Runs a command to its end: what it said, its messages if they are piped, else its output.
fn run(command: &mut Command, input: Option<Input<'_>>) -> Result<String> {
    command.stdout(Stdio::piped());
    command.stdin(if input.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    });
    let mut child = command.spawn()?;
    if let (Some(input), Some(pipe)) = (input, child.stdin.take()) {
        let mut pipe = io::BufWriter::with_capacity(1 << 18, pipe);
        let written = input(&mut pipe).and_then(|()| pipe.flush());
        // A process that has read enough closes its end; whether it failed is told below.
        written.or_else(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Ok(()),
            _ => Err(error),
        })?;
    }
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if !output.status.success() {
        return Err(format!("{command:?} failed: {said}").into());
    }
    Ok(said)
}

/// Does the work of the process that measures another, if this is one: then the benchmark is over.
///
/// # Errors
/// When the process cannot be run, or fails.
pub fn measures() -> Result<bool> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != MEASURE) {
        return Ok(false);
    }
    let binary = arguments.next().ok_or("which binary?")?;
    let began = Instant::now();
    let output = Command::new(Path::new(&binary))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?
        .wait_with_output()?;
    let wall = began.elapsed();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {said}", output.status).into());
    }
    let (cpu, memory) = of_children()?;
    println_figures(&[wall.as_micros(), cpu.as_micros(), u128::from(memory)])?;
    Ok(true)
}

fn println_figures(figures: &[u128]) -> io::Result<()> {
    let figures: Vec<String> = figures.iter().map(u128::to_string).collect();
    writeln!(io::stdout(), "{}", figures.join(" "))
}

/// Processor time of all children that have ended, and the memory of the greatest.
///
/// # Errors
/// When the system does not tell.
#[cfg(unix)]
pub fn of_children() -> Result<(Duration, u64)> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike as _;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    // Bytes on macOS, kibibytes elsewhere.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let memory = u64::try_from(usage.max_rss())? * unit;
    Ok((Duration::from_micros(u64::try_from(micros)?), memory))
}

/// Nothing.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub fn of_children() -> Result<(Duration, u64)> {
    Err("processes are measured on Unix only".into())
}

/// The value of an option such as `--rounds 5`, else a default.
///
/// # Errors
/// When it is no number.
pub fn option(name: &str, default: u64) -> Result<u64> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    match (arguments.next(), arguments.next()) {
        (Some(_), Some(value)) => value
            .parse()
            .map_err(|_| format!("`{name} {value}`: that is no number").into()),
        (Some(_), None) => Err(format!("`{name}` needs a number").into()),
        _ => Ok(default),
    }
}

/// Was a switch given?
#[must_use]
pub fn switch(name: &str) -> bool {
    std::env::args().any(|argument| argument == name)
}

/// The middle one.
pub fn median<T: Ord + Copy>(mut all: Vec<T>) -> Option<T> {
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}
