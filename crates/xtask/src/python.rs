//! `cargo xtask python`: the package for Python, as a wheel; and its tests.

use anyhow::{Context as _, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the package is.
const PACKAGE: &str = "crates/python";

/// Interpreters that the newest Django runs on; whichever is there.
const NEWER: [&str; 3] = ["python3.14", "python3.13", "python3.12"];

/// Builds the wheel, into `target/wheels`.
pub(crate) fn wheel(root: &Path) -> Result<()> {
    let python = environment(root, "python3", "build")?;
    let folder = target(root).join("wheels");
    let arguments = [
        OsStr::new("-m"),
        OsStr::new("maturin"),
        OsStr::new("build"),
        OsStr::new("--profile"),
        OsStr::new("python"),
        OsStr::new("--manifest-path"),
        OsStr::new("crates/python/Cargo.toml"),
        OsStr::new("--out"),
        folder.as_os_str(),
    ];
    run(root, Command::new(python).args(arguments).current_dir(root))?;
    eprintln!(
        "✓ the wheel is in {}: `pip install` takes it",
        folder.display()
    );
    Ok(())
}

/// What is built for the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// The package and what it uses.
    Alone,
    /// All libraries, which share what they use with the tests of the whole.
    Workspace,
}

/// Its tests, with Django's long-term version, and with the newest where there is an interpreter for it.
pub(crate) fn test(root: &Path, build: Build) -> Result<()> {
    let package = staged(root, build)?;
    suite(root, "python3", "django-5.2", &package)?;
    match newer() {
        Some(python) => suite(root, &python, "django-6", &package),
        None => {
            eprintln!("· Django 6 is left out: it needs Python 3.12 or newer");
            Ok(())
        }
    }
}

fn suite(root: &Path, python: &str, requirements: &str, package: &Path) -> Result<()> {
    eprintln!("\n── {requirements}, {python} ──");
    let python = environment(root, python, requirements)?;
    let tests = root.join(PACKAGE).join("tests");
    let mut command = Command::new(python);
    command.args(["-W", "ignore", "manage.py", "test", "--no-input"]);
    command.current_dir(&tests).env("PYTHONPATH", package);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    run(root, &mut command)
}

/// The package's folder as it is installed: its modules, and the compiled one beside them.
fn staged(root: &Path, build: Build) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.arg("build").args(match build {
        Build::Alone => ["--package", "cachepolicy-python"],
        Build::Workspace => ["--workspace", "--lib"],
    });
    run(root, command.current_dir(root))?;
    let staged = target(root).join("python/package");
    if staged.exists() {
        std::fs::remove_dir_all(&staged)?;
    }
    copy(&root.join(PACKAGE).join("python"), &staged)?;
    let built = format!(
        "{}cachepolicy_native{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    let name = if cfg!(windows) {
        "_native.pyd"
    } else {
        "_native.abi3.so"
    };
    let from = target(root).join("debug").join(built);
    std::fs::copy(&from, staged.join("cachepolicy").join(name))
        .with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(staged)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (path, into) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            if entry.file_name() != "__pycache__" {
                copy(&path, &into)?;
            }
        } else {
            std::fs::copy(&path, &into)?;
        }
    }
    Ok(())
}

/// An environment with what `requirements/NAME.txt` lists; its interpreter.
fn environment(root: &Path, python: &str, name: &str) -> Result<PathBuf> {
    let file = root
        .join(PACKAGE)
        .join("requirements")
        .join(format!("{name}.txt"));
    let wanted = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    let folder = target(root).join("python").join(name);
    let bin = if cfg!(windows) { "Scripts" } else { "bin" };
    let interpreter = folder.join(bin).join("python");
    let marker = folder.join("requirements.txt");
    if std::fs::read_to_string(&marker).is_ok_and(|has| has == wanted) {
        return Ok(interpreter);
    }
    let mut make = Command::new(python);
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    run(root, &mut make).context(
        "Python 3.10 or newer with its module `venv` is needed: on Debian `apt-get install python3-venv`",
    )?;
    let mut install = Command::new(&interpreter);
    let quietly = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    run(root, install.args(quietly).arg("-r").arg(&file))?;
    std::fs::write(marker, wanted)?;
    Ok(interpreter)
}

/// An interpreter for the newest Django: on the path, or of pyenv.
fn newer() -> Option<String> {
    if let Some(python) = NEWER.into_iter().find(|name| works(name)) {
        return Some(python.to_owned());
    }
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let pyenv = pyenv.or_else(|| std::env::home_dir().map(|home| home.join(".pyenv")))?;
    let installed = std::fs::read_dir(pyenv.join("versions")).ok()?;
    let folders: Vec<PathBuf> = installed.flatten().map(|entry| entry.path()).collect();
    NEWER.into_iter().find_map(|name| {
        let mut inside = folders.iter().map(|folder| folder.join("bin").join(name));
        inside.find_map(|path| path.to_str().map(str::to_owned).filter(|it| works(it)))
    })
}

fn works(python: &str) -> bool {
    let asked = Command::new(python).args(["-c", "import venv"]).output();
    asked.is_ok_and(|output| output.status.success())
}

fn target(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    target.map_or_else(|| root.join("target"), PathBuf::from)
}

fn run(root: &Path, command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}").replace(&format!("{}/", root.display()), "");
    let status = command.status();
    if !status
        .with_context(|| format!("cannot run {shown}"))?
        .success()
    {
        bail!("{shown} failed");
    }
    Ok(())
}
