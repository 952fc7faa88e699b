//! The caches that are tested, each with a plain configuration of `tests/http-tests`.

use anyhow::{Context as _, Result, bail};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server of ours; it ends with this.
pub(crate) struct Running {
    child: Child,
    pub(crate) port: u16,
    _folder: TempDir,
}

impl Running {
    /// Starts one, and waits until it takes connections.
    pub(crate) fn start(mut command: Command, port: u16, folder: TempDir) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.stdout(Stdio::null()).spawn();
        let child = child.with_context(|| {
            format!("cannot run {program}: install it (Debian: `apt-get install nodejs nginx-light varnish`)")
        })?;
        let mut running = Self {
            child,
            port,
            _folder: folder,
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = running.child.try_wait()? {
                bail!("{program} ended at once: {status}");
            }
            if began.elapsed() > Duration::from_secs(30) {
                bail!("{program} takes no connections");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // `SIGTERM`, so that those with processes of their own end them too.
        let id = self.child.id().to_string();
        let asked = Command::new("kill").arg(&id).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// A port that nobody has.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("cannot find a free port")?;
    Ok(listener.local_addr()?.port())
}

/// A cache before an origin.
pub(crate) struct Proxy {
    _running: Running,
    pub(crate) port: u16,
    pub(crate) version: String,
}

impl Proxy {
    /// Starts the one of that name before the origin at this port.
    pub(crate) fn start(root: &Path, name: &str, origin: u16) -> Result<Self> {
        let port = free_port()?;
        let folder = tempfile::tempdir()?;
        // nginx's workers are another user where it is run by root.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        }
        let plain = root.join("tests/http-tests");
        let configure = |file: &str| -> Result<_> {
            let text = fs::read_to_string(plain.join(file))?;
            let text = text.replace("ORIGIN", &origin.to_string());
            let path = folder.path().join(file);
            fs::write(&path, text.replace("LISTEN", &port.to_string()))?;
            Ok(path)
        };
        let (command, version) = match name {
            "nginx" => {
                let mut command = Command::new("nginx");
                command.arg("-p").arg(folder.path());
                command.arg("-c").arg(configure("nginx.conf")?);
                (command, said("nginx", &["-v"])?)
            }
            "Varnish" => {
                let mut command = Command::new("varnishd");
                command.arg("-F").arg("-n").arg(folder.path().join("work"));
                command.args(["-a", &format!("127.0.0.1:{port}")]);
                command.arg("-f").arg(configure("varnish.vcl")?);
                // What the response says counts, as with the others; copies are kept to be asked about.
                command.args(["-p", "default_ttl=0", "-p", "default_grace=0"]);
                command.args(["-p", "default_keep=3600", "-s", "malloc,64M"]);
                command.stderr(Stdio::null());
                (command, said("varnishd", &["-V"])?)
            }
            _ => {
                let program = build(root)?;
                let mut command = Command::new(&program);
                command.arg("proxy").arg(configure("plain.cachepolicy")?);
                command.args(["--origin", &format!("http://127.0.0.1:{origin}")]);
                command.args(["--listen", &format!("127.0.0.1:{port}")]);
                command.stderr(Stdio::null());
                (command, said(&program, &["--version"])?)
            }
        };
        Ok(Self {
            _running: Running::start(command, port, folder)?,
            port,
            version,
        })
    }
}

/// The program, built.
fn build(root: &Path) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args([
            "build",
            "-p",
            "cachepolicy",
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    let mut lines = built.stdout.split(|byte| *byte == b'\n');
    let program = lines.find_map(|line| {
        let message: serde_json::Value = serde_json::from_slice(line).ok()?;
        let is_it = message.get("target")?.get("name")? == "cachepolicy";
        let path = message.get("executable")?.as_str()?.to_owned();
        is_it.then_some(path)
    });
    program.context("the program was not built")
}

/// What a program says of its version: the first word with digits.
fn said(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| {
        format!("cannot run {program}: install it (Debian: `apt-get install nginx-light varnish`)")
    })?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut words = text.split([' ', '/', '-', '\n']);
    let version = words.find(|word| word.starts_with(|it: char| it.is_ascii_digit()));
    Ok(version.unwrap_or_default().to_owned())
}
