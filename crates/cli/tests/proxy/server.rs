//! A service on loopback, and the proxy as a process before it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// Longer than anything takes here, on however slow a machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// After this the proxy closes.
const LAST: &[u8] = b"GET /last HTTP/1.1\r\nHost: last\r\nConnection: close\r\n\r\n";

/// A request as it came to the service.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: usize,
}

impl Asked {
    /// The value of a field, in whatever case.
    fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

type Answering = dyn Fn(&Asked) -> String + Send + Sync;

/// The service. It answers each request by itself, and remembers all.
pub(crate) struct Origin {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Origin {
    /// It answers with this, head and content.
    pub(crate) fn start(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (all, answer): (_, Arc<Answering>) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                std::thread::spawn(move || serve(&stream, &all, &*answer));
            }
        });
        Self { port, asked }
    }

    /// All that it was asked, but for last requests.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        let asked = asked.iter().filter(|asked| asked.target() != "/last");
        asked.cloned().collect()
    }
}

fn serve(stream: &TcpStream, all: &Mutex<Vec<Asked>>, answer: &Answering) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if reader.read_until(b'\n', &mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut asked = Asked { head, body: 0 };
        if let Some(length) = asked.field("content-length") {
            let length: u64 = length.parse().unwrap_or(0);
            let copied = std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink());
            asked.body = usize::try_from(copied.unwrap_or(0)).unwrap_or(0);
        } else if asked.field("transfer-encoding").is_some() {
            asked.body = chunked(&mut reader);
        }
        let text = answer(&asked);
        all.lock().unwrap().push(asked);
        let mut writer = stream;
        if writer.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn chunked(reader: &mut BufReader<&TcpStream>) -> usize {
    let mut size = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return size;
        }
        let length = u64::from_str_radix(line.trim(), 16).unwrap_or(0);
        // The chunk, and the end of its line.
        let rest = std::io::copy(&mut reader.take(length + 2), &mut std::io::sink());
        if length == 0 || rest.is_err() {
            return size;
        }
        size += usize::try_from(length).unwrap_or(0);
    }
}

/// A response with these fields and this content.
pub(crate) fn page(fields: &str, content: &str) -> String {
    let length = content.len();
    format!("HTTP/1.1 200 OK\r\n{fields}content-length: {length}\r\n\r\n{content}")
}

/// The proxy.
pub(crate) struct Proxy {
    child: Child,
    pub(crate) port: u16,
    pub(crate) admin: u16,
    folder: TempDir,
}

impl Proxy {
    /// Starts it with this policy before that service.
    pub(crate) fn start(policy: &str, origin: &Origin) -> Self {
        Self::start_with(policy, origin, &[])
    }

    /// The same, with further arguments.
    pub(crate) fn start_with(policy: &str, origin: &Origin, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.cachepolicy");
        std::fs::write(&path, policy).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_cachepolicy"))
            .arg("proxy")
            .arg(&path)
            .args(["--origin", &format!("http://127.0.0.1:{}", origin.port)])
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .args(more)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut port = || loop {
            let line = lines.next().unwrap().unwrap();
            let place = line.split("http://127.0.0.1:").nth(1);
            let digits = |it: &str| it.split(',').next().and_then(|it| it.parse().ok());
            if let Some(port) = place.and_then(digits) {
                return port;
            }
        };
        let (port, admin) = (port(), port());
        // What it says later must not fill the pipe.
        std::thread::spawn(move || for _ in lines {});
        Self {
            child,
            port,
            admin,
            folder,
        }
    }

    /// The policy's text from now on.
    pub(crate) fn write(&self, policy: &str) {
        std::fs::write(self.folder.path().join("site.cachepolicy"), policy).unwrap();
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// A connection to it.
    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.port)
    }

    /// What it answers to these bytes and, where it goes on after them, to a last request.
    pub(crate) fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        let text = String::from_utf8_lossy(bytes);
        let last: &[u8] = if text.contains("Connection: close") {
            b""
        } else {
            LAST
        };
        // It may close before it has read all.
        let _ = stream
            .write_all(bytes)
            .and_then(|()| stream.write_all(last));
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// What somebody gets who asks for a page as browsers do.
    pub(crate) fn get(&self, target: &str) -> String {
        self.raw(
            format!("GET {target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )
    }

    /// What the second address answers.
    pub(crate) fn admin(&self, request: &str) -> String {
        let mut stream = connect(self.admin);
        let text = format!("{request} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The status of an answer.
pub(crate) fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

/// Is it from a copy?
pub(crate) fn is_hit(answer: &str) -> bool {
    answer.contains("\"cachepolicy\"; hit")
}
