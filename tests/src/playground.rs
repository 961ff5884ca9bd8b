//! Both sandbox systems as another process, and the built command against them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

/// The built `ml-connector`.
pub fn binary() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("tested-ml-connector"))
}

/// The built `ml-connectord`.
pub fn daemon_binary() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("tested-ml-connectord"))
}

/// A program of this package, in `target/<profile>/`.
fn built(program: &str) -> PathBuf {
    let own = std::env::current_exe().expect("this program has a path");
    let folder = own.parent().expect("a program lies in a folder");
    if folder.ends_with("deps") {
        // Whoever runs the tests of a package has built its programs first.
        return folder.parent().expect("target/<profile>").join(program);
    }
    build(program, folder);
    folder.join(program)
}

/// Brings a program up to date for a command, which is built without it.
fn build(program: &str, profile: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    let named = if profile.ends_with("release") { "--profile=release" } else { "--profile=dev" };
    cargo.args(["build", "--quiet", named, "--bin", program]).current_dir(env!("CARGO_MANIFEST_DIR"));
    // What cargo tells this program about itself would make build scripts run anew.
    for own in ["MANIFEST_DIR", "MANIFEST_PATH", "MANIFEST_LINKS", "PKG_NAME"] {
        cargo.env_remove(format!("CARGO_{own}"));
    }
    for part in ["MAJOR", "MINOR", "PATCH", "PRE"] {
        cargo.env_remove(format!("CARGO_PKG_VERSION_{part}"));
    }
    cargo.env("CARGO_TARGET_DIR", profile.parent().expect("the target folder"));
    let status = cargo.status().expect("cargo runs");
    assert!(status.success(), "{program} does not build");
}

/// Both systems, served by `ml-connector sandbox serve`, and a link that leads to them.
#[derive(Debug)]
pub struct Playground {
    server: Child,
    addresses: Value,
    /// The link's folder.
    pub link: PathBuf,
    /// Where IFS is.
    pub ifs: String,
    /// Where Salesforce is.
    pub salesforce: String,
}

impl Playground {
    /// Serves `suppliers` suppliers; the link is written into `folder`/link.
    pub fn start(folder: &Path, suppliers: usize) -> Self {
        Self::start_as(&folder.join("link"), suppliers)
    }

    /// The same with the link in `link`.
    pub fn start_as(link: &Path, suppliers: usize) -> Self {
        let link = link.to_owned();
        let mut server = Command::new(binary())
            .args(["sandbox", "serve", "--json", "--write", "--suppliers", &suppliers.to_string(), "-C"])
            .arg(&link)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the sandbox starts");
        let mut told = String::new();
        let stdout = server.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut told).expect("the sandbox tells its addresses");
        let addresses: Value = serde_json::from_str(&told).expect("addresses are JSON");
        let url = |system: &str| addresses[system]["url"].as_str().expect("a URL").to_owned();
        Self { link, ifs: url("ifs"), salesforce: url("salesforce"), server, addresses: addresses.clone() }
    }

    /// The command on the link, ready to be spawned.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(args).arg("-C").arg(&self.link).stdin(Stdio::null());
        command
    }

    /// Runs the command on the link to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the command runs")
    }

    /// Changes a text in a file of the link.
    pub fn configure(&self, file: &str, from: &str, to: &str) {
        let path = self.link.join(file);
        let text = std::fs::read_to_string(&path).expect("the file is there");
        assert!(text.contains(from), "{file} does not say {from}");
        std::fs::write(&path, text.replace(from, to)).expect("the file can be written");
    }

    /// The client that `system` knows.
    pub fn client(&self, system: &str) -> String {
        self.addresses[system]["client_id"].as_str().expect("a client").to_owned()
    }

    /// Puts a secret into a file that only its owner can read.
    pub fn keep_secret(&self, name: &str, secret: &str) {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut options = std::fs::File::options();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(self.link.join("secrets").join(name)).expect("a file of the link");
        file.write_all(secret.as_bytes()).expect("the secret can be written");
    }

    /// Suppliers as IFS has them.
    pub fn suppliers(&self) -> Vec<Value> {
        list(ask(&self.ifs, "GET", "/sandbox/suppliers", ""))
    }

    /// Accounts as Salesforce has them.
    pub fn accounts(&self) -> Vec<Value> {
        list(ask(&self.salesforce, "GET", "/sandbox/accounts", ""))
    }

    /// People edit so many suppliers now.
    pub fn edit(&self, count: u64) {
        ask(&self.ifs, "POST", &format!("/sandbox/edit?count={count}"), "");
    }

    /// What Salesforce was asked and what was written.
    pub fn salesforce_stats(&self) -> Value {
        ask(&self.salesforce, "GET", "/sandbox/stats", "")
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        // A server that has already ended is no reason to fail.
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        other => panic!("a list was expected: {other}"),
    }
}

/// One call over a plain socket, so that no client of ours is involved. It must succeed.
pub fn ask(base: &str, method: &str, path: &str, body: &str) -> Value {
    let (status, answer) = call(base, (method, path), &[], body);
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// One call with headers over a plain socket: the status, and the body as JSON (null if it is empty).
pub fn call(base: &str, (method, path): (&str, &str), headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let host = base.strip_prefix("http://").expect("the sandbox speaks plain HTTP");
    let mut socket = TcpStream::connect(host).expect("the sandbox listens");
    socket.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout can be set");
    let headers =
        headers.iter().fold(String::new(), |text, (name, value)| text + name + ": " + value + "\r\n");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).expect("the request leaves");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).expect("the answer comes");
    let split = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("headers end");
    let (head, body) = answer.split_at(split + 4);
    let head = String::from_utf8_lossy(head);
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).expect("it is JSON") };
    (status, body)
}

/// What differs between both sides: lost, doubled, shown otherwise.
pub fn differences(suppliers: &[Value], accounts: &[Value]) -> Vec<String> {
    let mut by_key: std::collections::BTreeMap<&str, Vec<&Value>> = std::collections::BTreeMap::new();
    for account in accounts.iter().filter(|account| account["IsDeleted"] != true) {
        by_key.entry(account["IFS_Key__c"].as_str().unwrap_or_default()).or_default().push(account);
    }
    let mut found = Vec::new();
    for supplier in suppliers {
        let key = supplier["SupplierId"].as_str().unwrap_or_default();
        match by_key.remove(key).unwrap_or_default().as_slice() {
            [] => found.push(format!("{key} is lost")),
            [account] => found.extend(shown_otherwise(key, supplier, account)),
            several => found.push(format!("{key} is there {} times", several.len())),
        }
    }
    found.extend(by_key.keys().map(|key| format!("{key:?} belongs to nobody")));
    found
}

fn shown_otherwise(key: &str, supplier: &Value, account: &Value) -> Option<String> {
    let pairs = [
        ("City", "BillingCity"),
        ("Phone", "Phone"),
        ("PayTermId", "IFS_Payment_Terms__c"),
        ("Objstate", "IFS_Status__c"),
        ("CreationDate", "IFS_Created__c"),
        ("ExpireDate", "IFS_Expires__c"),
        ("CurrencyCode", "IFS_Currency__c"),
        ("SupplierId", "AccountNumber"),
    ];
    let trimmed =
        |value: &Value| value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let (field, there) =
        pairs.into_iter().find(|(from, to)| trimmed(&supplier[from]) != trimmed(&account[to]))?;
    Some(format!("{key}: {there} shows {} instead of {}", account[there], supplier[field]))
}
