//! Where requests and tokens may go: origins, and links that servers send.

use std::fmt;

use url::{Host, Url};

/// Longest link that is looked at, in bytes.
pub const MAX_LINK: usize = 8 * 1024;

/// Scheme, host and port of a server, compared as parsed values.
///
/// Only `https`, and `http` for loopback addresses and `localhost`. No user information, and no
/// host name that ends with a dot (another name for the same host to DNS, but not to TLS).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    https: bool,
    host: Host<String>,
    port: u16,
}

impl Origin {
    /// The origin of the URL `text`.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        check_text(text)?;
        let url = Url::parse(text).map_err(|error| OriginError::new(text, Reason::NotAUrl(error)))?;
        Self::of(&url)
    }

    /// The origin of `url`.
    pub fn of(url: &Url) -> Result<Self, OriginError> {
        let refuse = |reason| Err(OriginError::new(url.as_str(), reason));
        if !url.username().is_empty() || url.password().is_some() {
            return refuse(Reason::UserInfo);
        }
        let Some(host) = url.host() else { return refuse(Reason::NoHost) };
        if matches!(host, Host::Domain(name) if name.ends_with('.')) {
            return refuse(Reason::TrailingDot);
        }
        let https = match url.scheme() {
            "https" => true,
            "http" if is_loopback(&host) => false,
            "http" => return refuse(Reason::Unencrypted),
            _ => return refuse(Reason::Scheme),
        };
        let Some(port) = url.port_or_known_default() else { return refuse(Reason::Scheme) };
        Ok(Self { https, host: host.to_owned(), port })
    }

    /// Whether `url` is of this origin.
    pub fn admits(&self, url: &Url) -> bool {
        self.check(url).is_ok()
    }

    /// Whether `uri` is of this origin.
    pub fn admits_uri(&self, uri: &http::Uri) -> bool {
        self.check_uri(uri).is_ok()
    }

    /// As [`admits`](Self::admits), and says why not.
    pub fn check(&self, url: &Url) -> Result<(), OriginError> {
        if Self::of(url)? == *self {
            return Ok(());
        }
        Err(OriginError::new(url.as_str(), Reason::Foreign { allowed: self.to_string() }))
    }

    /// As [`admits_uri`](Self::admits_uri), and says why not.
    pub fn check_uri(&self, uri: &http::Uri) -> Result<(), OriginError> {
        let text = uri.to_string();
        // The transport parses the URI in just this way: what is checked is what is sent.
        let url = Url::parse(&text).map_err(|error| OriginError::new(&text, Reason::NotAUrl(error)))?;
        self.check(&url)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", if self.https { "https" } else { "http" }, self.host, self.port)
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Resolves a link that a server sent (`@odata.nextLink`, `nextRecordsUrl`, `Location`) against the
/// service root, and refuses it unless it stays at the root's origin and below the root's path.
///
/// The fragment is dropped. See [`resolve_from`] for links relative to something below the root.
pub fn resolve(root: &Url, link: &str) -> Result<Url, OriginError> {
    resolve_from(root, &directory(root), link)
}

/// As [`resolve`], with relative links resolved against `base` instead.
pub fn resolve_from(root: &Url, base: &Url, link: &str) -> Result<Url, OriginError> {
    check_text(link)?;
    let mut url = base.join(link).map_err(|error| OriginError::new(link, Reason::NotAUrl(error)))?;
    url.set_fragment(None);
    Origin::of(root)?.check(&url)?;
    let directory = directory(root);
    let below =
        url.path().starts_with(directory.path()) || url.path() == directory.path().trim_end_matches('/');
    if !below || climbs(url.path()) {
        return Err(OriginError::new(link, Reason::OutsideRoot { root: directory.path().to_owned() }));
    }
    Ok(url)
}

/// `root` with a slash at the end of its path, without query and fragment, so that relative links
/// go below it.
fn directory(root: &Url) -> Url {
    let mut directory = root.clone();
    directory.set_query(None);
    directory.set_fragment(None);
    if !directory.path().ends_with('/') {
        directory.set_path(&format!("{}/", root.path()));
    }
    directory
}

/// Whether a server that decodes `%2F`, `%5C` or `%2E` before it routes could see `..` in `path`.
/// (Plain `..` and `%2E%2E` segments are already resolved by the parser.)
fn climbs(path: &str) -> bool {
    let decoded = path
        .replace("%2f", "/")
        .replace("%2F", "/")
        .replace("%5c", "/")
        .replace("%5C", "/")
        .replace("%2e", ".")
        .replace("%2E", ".");
    decoded.split('/').any(|segment| segment == "..")
}

/// Refuses what URL parsers silently repair: each of them in its own way.
fn check_text(text: &str) -> Result<(), OriginError> {
    let reason = if text.is_empty() {
        Reason::Empty
    } else if text.len() > MAX_LINK {
        Reason::TooLong { bytes: text.len() }
    } else if text.contains('\\') {
        Reason::Backslash
    } else if text.chars().any(char::is_control) || text.trim() != text {
        Reason::Control
    } else {
        return Ok(());
    };
    Err(OriginError::new(text, reason))
}

/// `ORIGIN_VIOLATION`: a URL or link that nothing is sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} `{refused}`: {reason}", code = OriginError::CODE)]
pub struct OriginError {
    /// What was refused, without query and user information, shortened.
    pub refused: String,
    /// Why.
    pub reason: Reason,
}

impl OriginError {
    /// The code by which this error is documented.
    pub const CODE: &'static str = "ORIGIN_VIOLATION";

    fn new(text: &str, reason: Reason) -> Self {
        Self { refused: presentable(text), reason }
    }
}

/// `text` as far as it may be shown: no query, no user information, no control characters.
fn presentable(text: &str) -> String {
    const SHOWN: usize = 200;
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = text.split_once("//").map_or((None, text), |(scheme, rest)| (Some(scheme), rest));
    let authority = rest.find(['/', '\\']).unwrap_or(rest.len());
    let rest = match rest.get(..authority).and_then(|authority| authority.rfind('@')) {
        Some(at) => format!("…{}", rest.get(at..).unwrap_or_default()),
        None => rest.to_owned(),
    };
    let mut shown: String = scheme.map(|scheme| format!("{scheme}//")).unwrap_or_default();
    shown.extend(rest.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }));
    if rest.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Why a URL or link was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Not a URL at all.
    #[error("not a URL ({0})")]
    NotAUrl(url::ParseError),
    /// No text.
    #[error("the link is empty")]
    Empty,
    /// Longer than [`MAX_LINK`].
    #[error("the link has {bytes} bytes, {MAX_LINK} are allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A backslash, which some parsers read as a slash.
    #[error("it contains a backslash")]
    Backslash,
    /// Tab, line end, another control character, or blanks around it.
    #[error("it contains control characters or starts or ends with a blank")]
    Control,
    /// User name or password before the host.
    #[error("it carries user information before the host name")]
    UserInfo,
    /// No host name.
    #[error("it names no host")]
    NoHost,
    /// A host name that ends with a dot.
    #[error("its host name ends with a dot")]
    TrailingDot,
    /// Plain HTTP to another machine.
    #[error("plain http is only for loopback addresses: use https")]
    Unencrypted,
    /// Neither http nor https.
    #[error("only https is allowed (http for loopback addresses)")]
    Scheme,
    /// Another scheme, host or port.
    #[error("it leads away from {allowed}")]
    Foreign {
        /// The one origin that is allowed.
        allowed: String,
    },
    /// The right origin, but not below the service root.
    #[error("it leads out of {root}")]
    OutsideRoot {
        /// The path below which links must stay.
        root: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "https://tenant.ifs.example/main/v1/SupplierHandling.svc";

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn origins_are_compared_as_values() {
        let origin = Origin::parse("https://tenant.ifs.example/main/").expect("an origin");
        for same in [
            "https://tenant.ifs.example/other?x=1",
            "https://TENANT.ifs.EXAMPLE:443/",
            "HTTPS://tenant.ifs.example",
        ] {
            assert!(origin.admits(&url(same)), "{same}");
            assert!(origin.admits_uri(&same.parse().expect("a URI")), "{same}");
        }
        for other in [
            "http://tenant.ifs.example/",
            "https://tenant.ifs.example:8443/",
            "https://tenant.ifs.example./",
            "https://tenant.ifs.example.evil.example/",
            "https://tenant.ifs.example@evil.example/",
            "https://user@tenant.ifs.example/",
            "https://:secret@tenant.ifs.example/",
            "https://ifs.example/",
            "https://[::ffff:127.0.0.1]/",
        ] {
            assert!(!origin.admits(&url(other)), "{other}");
            assert!(!origin.admits_uri(&other.parse().expect("a URI")), "{other}");
        }
        assert!(!origin.admits_uri(&"/only/a/path".parse().expect("a URI")));
        let umlaut = Origin::parse("https://b\u{fc}cher.example").expect("an origin");
        assert!(umlaut.admits(&url("https://xn--bcher-kva.example/")), "compared in punycode");
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        for local in ["http://127.0.0.1:8080", "http://127.8.0.9/", "http://[::1]:1/", "http://localhost/"] {
            assert!(Origin::parse(local).is_ok(), "{local}");
        }
        for remote in [
            "http://tenant.ifs.example/",
            "http://10.0.0.1/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "http://[::ffff:7f00:1]/",
            "http://0.0.0.0/",
        ] {
            let error = Origin::parse(remote).expect_err(remote);
            assert_eq!(error.reason, Reason::Unencrypted, "{remote}");
        }
        assert_eq!(Origin::parse("ftp://127.0.0.1/").expect_err("ftp").reason, Reason::Scheme);
        assert_eq!(Origin::parse("https://[::1]:44/").expect("an origin").to_string(), "https://[::1]:44");
    }

    #[test]
    fn links_stay_below_the_root() {
        for (link, resolved) in [
            ("SupplierSet?$skiptoken=5", "/SupplierSet?$skiptoken=5"),
            ("./SupplierSet", "/SupplierSet"),
            ("a/../SupplierSet#part", "/SupplierSet"),
            ("/main/v1/SupplierHandling.svc/SupplierSet", "/SupplierSet"),
            ("https://TENANT.ifs.example:443/main/v1/SupplierHandling.svc/S?x=%2E%2E%2F", "/S?x=%2E%2E%2F"),
            ("//tenant.ifs.example/main/v1/SupplierHandling.svc/S", "/S"),
            ("/main/v1/SupplierHandling.svc", ""),
            ("S(Id='a%20..b')", "/S(Id='a%20..b')"),
        ] {
            for root in [ROOT, &format!("{ROOT}/"), &format!("{ROOT}?x#y")] {
                let found = resolve(&url(root), link).expect(link);
                assert_eq!(found.as_str(), format!("{ROOT}{resolved}"), "{link}");
            }
        }
    }

    #[test]
    fn links_that_lead_away_are_refused() {
        let long = "x".repeat(MAX_LINK + 1);
        for (link, part) in [
            ("https://evil.example/main/v1/SupplierHandling.svc/S", "leads away"),
            ("//evil.example/x", "leads away"),
            ("https://tenant.ifs.example.evil.example/", "leads away"),
            ("https://tenant.ifs.example:444/main/v1/SupplierHandling.svc/S", "leads away"),
            ("http://tenant.ifs.example/main/v1/SupplierHandling.svc/S", "plain http"),
            ("https://tenant.ifs.example@evil.example/", "user information"),
            ("https://tenant.ifs.example./main/v1/SupplierHandling.svc/S", "dot"),
            ("\\\\evil.example\\x", "backslash"),
            ("/\\evil.example", "backslash"),
            ("S?x=\\", "backslash"),
            ("htt\tps://evil.example", "control"),
            ("S\n", "control"),
            (" S", "blank"),
            ("S\u{0}", "control"),
            ("", "empty"),
            (&long, "8193 bytes"),
            ("/auth/realms/x", "leads out of"),
            ("../Other.svc/S", "leads out of"),
            ("../SupplierHandling.svcevil/S", "leads out of"),
            ("%2e%2e/Other.svc/S", "leads out of"),
            ("S/..%2f..%2fauth", "leads out of"),
            ("S/..%5C..%5cauth", "leads out of"),
            ("S/%2E%2e%2Fauth", "leads out of"),
            ("javascript:alert(1)", "no host"),
            ("mailto:x", "no host"),
            ("https://", "not a URL"),
        ] {
            let error = resolve(&url(ROOT), link).expect_err(link).to_string();
            assert!(error.starts_with("ORIGIN_VIOLATION `"), "{error}");
            assert!(error.contains(part), "{link}: {error}");
        }
    }

    #[test]
    fn links_can_be_relative_to_something_below_the_root() {
        let base = url("https://tenant.ifs.example/main/v1/SupplierHandling.svc/A/B");
        let found = resolve_from(&url(ROOT), &base, "C").expect("below");
        assert_eq!(found.path(), "/main/v1/SupplierHandling.svc/A/C");
        resolve_from(&url(ROOT), &base, "../../C").expect_err("outside");
    }

    #[test]
    fn errors_tell_no_secrets() {
        let text = "https://user:canary@evil.example/p?token=canary#canary";
        for error in [
            Origin::parse(text).expect_err("user information"),
            resolve(&url(ROOT), text).expect_err("user information"),
            resolve(&url(ROOT), "//u:canary@evil.example?canary").expect_err("foreign"),
        ] {
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
        let shown = resolve(&url(ROOT), "\u{1b}[2Jx").expect_err("control").to_string();
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }
}
