//! Ends of the daemon's ways to tell somebody, on loopback: a webhook and a mail server that keep what they hear.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The longest that something is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A webhook.
pub(crate) struct Webhook {
    /// Its address.
    pub(crate) url: String,
    heard: Receiver<String>,
}

/// A mail server.
pub(crate) struct MailServer {
    /// Its port.
    pub(crate) port: u16,
    heard: Receiver<String>,
}

/// A Vault that holds one value.
pub(crate) struct Vault {
    /// Its address.
    pub(crate) url: String,
    held: Arc<Mutex<(String, Vec<String>)>>,
}

/// Serves every caller by `serve`, one after the other.
fn open(serve: impl Fn(TcpStream, &Sender<String>) + Clone + Send + 'static) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let (heard, calls) = channel();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let (heard, serve) = (heard.clone(), serve.clone());
            std::thread::spawn(move || serve(socket.expect("a caller"), &heard));
        }
    });
    (port, calls)
}

impl Webhook {
    /// Listens from now on.
    pub(crate) fn open() -> Self {
        let (port, heard) = open(|socket, heard| hear(socket, heard, String::new));
        Self { url: format!("http://127.0.0.1:{port}/hook"), heard }
    }

    /// The next call: its head and its body.
    #[track_caller]
    pub(crate) fn next(&self) -> String {
        self.heard_within(PATIENCE).expect("the webhook is called")
    }

    /// The next call, if it comes in time.
    pub(crate) fn heard_within(&self, patience: Duration) -> Option<String> {
        self.heard.recv_timeout(patience).ok()
    }
}

impl MailServer {
    /// Listens from now on.
    pub(crate) fn open() -> Self {
        let (port, heard) = open(receive);
        Self { port, heard }
    }

    /// The next e-mail.
    #[track_caller]
    pub(crate) fn next(&self) -> String {
        self.heard.recv_timeout(PATIENCE).expect("the mail comes")
    }
}

impl Vault {
    /// Holds `value` from now on.
    pub(crate) fn open(value: &str) -> Self {
        let held = Arc::new(Mutex::new((value.to_owned(), Vec::new())));
        let inside = held.clone();
        let (port, calls) = open(move |socket, heard| {
            hear(socket, heard, || {
                let held = inside.lock().expect("nobody has panicked");
                format!(r#"{{"data":{{"data":{{"ifs":"{}"}},"metadata":{{"version":1}}}}}}"#, held.0)
            });
        });
        let kept = held.clone();
        std::thread::spawn(move || {
            for call in calls {
                let header = |line: &str| line.strip_prefix("x-vault-token: ").map(str::to_owned);
                kept.lock().expect("nobody has panicked").1.extend(call.lines().find_map(header));
            }
        });
        Self { url: format!("http://127.0.0.1:{port}"), held }
    }

    /// Holds another value.
    pub(crate) fn holds(&self, value: &str) {
        value.clone_into(&mut self.held.lock().expect("nobody has panicked").0);
    }

    /// The tokens that callers have shown.
    pub(crate) fn tokens(&self) -> Vec<String> {
        self.held.lock().expect("nobody has panicked").1.clone()
    }
}

/// Calls over one connection, as long as the caller keeps it.
fn hear(socket: TcpStream, heard: &Sender<String>, answer: impl Fn() -> String) {
    let mut answers = socket.try_clone().expect("a second handle");
    let mut lines = BufReader::new(socket);
    loop {
        let mut call = String::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(bytes) = lower.strip_prefix("content-length:") {
                length = bytes.trim().parse().expect("a length");
            }
            call.push_str(&line);
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        lines.read_exact(&mut body).expect("the body comes");
        call.push_str(&String::from_utf8_lossy(&body));
        // A test that has heard enough is gone.
        heard.send(call).ok();
        let body = answer();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        if answers.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// E-mails over one connection, as long as the caller keeps it.
fn receive(socket: TcpStream, heard: &Sender<String>) {
    let mut answers = socket.try_clone().expect("a second handle");
    let mut lines = BufReader::new(socket).lines();
    let mut mail: Option<String> = None;
    answers.write_all(b"220 mail.test ESMTP\r\n").expect("the greeting leaves");
    while let Some(Ok(line)) = lines.next() {
        let answer = match (mail.take(), line.as_str()) {
            (Some(whole), ".") => {
                heard.send(whole).ok();
                "250 kept\r\n"
            }
            (Some(begun), text) => {
                mail = Some(begun + text + "\n");
                continue;
            }
            (None, "DATA") => {
                mail = Some(String::new());
                "354 go on\r\n"
            }
            (None, "QUIT") => "221 bye\r\n",
            (None, _) => "250 ok\r\n",
        };
        if answers.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
