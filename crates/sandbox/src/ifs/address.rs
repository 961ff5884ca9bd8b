//! Addresses: where a request points, and the links that answers carry.

use http::header;
use wire::Request;

use super::options::decode;
use super::problem::Problem;
use super::settings::IfsSwitches;

/// Where a request points within a projection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The service document.
    Service,
    /// `$metadata`.
    Metadata,
    /// A collection.
    Set(String),
    /// `/$count` of a collection.
    Count(String),
    /// One row, by its key.
    Entity(String, String),
}

/// Splits the path of a request into the service root as the client sees it, and what it points to
/// there. `projection` is the one that is served, under `/main` and `/int`.
pub(crate) fn locate(request: &Request, projection: &str) -> Result<(String, Target), Problem> {
    let path = request.uri().path();
    let rest = ["/int/", "/main/"]
        .iter()
        .find_map(|prefix| path.strip_prefix(prefix))
        .and_then(|rest| rest.strip_prefix("ifsapplications/projection/v1/"))
        .and_then(|rest| rest.strip_prefix(projection))
        .and_then(|rest| rest.strip_prefix(".svc"))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .ok_or_else(|| Problem::missing(format!("there is no projection at {path}")))?;
    Ok((root(request, path, rest), target(rest)?))
}

fn target(path: &str) -> Result<Target, Problem> {
    // Split before decoding: a slash within a key is written %2F.
    let segments =
        path.split('/').filter(|part| !part.is_empty()).map(decode).collect::<Result<Vec<String>, _>>()?;
    match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => Ok(Target::Service),
        ["$metadata"] => Ok(Target::Metadata),
        [set, "$count"] if !set.contains('(') => Ok(Target::Count((*set).to_owned())),
        [set] => match set.find('(') {
            None => Ok(Target::Set((*set).to_owned())),
            Some(open) => {
                let (name, key) = set.split_at(open);
                Ok(Target::Entity(name.to_owned(), self::key(key)?))
            }
        },
        [_, rest, ..] => Err(Problem::unsupported(format!("the path segment {rest} is not supported"))),
    }
}

/// `('S1')` or `(SupplierId='S1')`.
fn key(text: &str) -> Result<String, Problem> {
    let bad = || Problem::bad(format!("{text} is no key of a supplier"));
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).ok_or_else(bad)?;
    let quoted = inner.strip_prefix("SupplierId=").unwrap_or(inner);
    let doubled = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).ok_or_else(bad)?;
    let key = doubled.replace("''", "'");
    // Every quote within is doubled, or the literal ended before.
    if key.replace('\'', "''") == doubled { Ok(key) } else { Err(bad()) }
}

/// The service root as the client sees it.
fn root(request: &Request, path: &str, service: &str) -> String {
    let base = path.strip_suffix(service).unwrap_or(path);
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let uri = request.uri();
    let authority = uri.authority().map(ToString::to_string).or(host).unwrap_or_else(|| "localhost".into());
    format!("{}://{authority}{base}/", uri.scheme_str().unwrap_or("http"))
}

/// The link to the page that starts at `token`; `raw` is the query of this one.
pub(crate) fn next_link(
    root: &str,
    (set, raw): (&str, &str),
    token: usize,
    switches: &IfsSwitches,
) -> String {
    let query = if raw.is_empty() { String::new() } else { format!("{raw}&") };
    let relative = format!("{set}?{query}$skiptoken={token}");
    match (&switches.foreign_next_link, switches.relative_next_link) {
        (Some(elsewhere), _) => format!("{elsewhere}{relative}"),
        (None, true) => relative,
        (None, false) => format!("{root}{relative}"),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn at(path: &str) -> Result<(String, Target), u16> {
        let request = http::Request::get(path).header("host", "h:1").body(Bytes::new()).expect("request");
        locate(&request, "SupplierHandling").map_err(|problem| problem.status.as_u16())
    }

    #[test]
    fn paths_point_somewhere() {
        let base = "/main/ifsapplications/projection/v1/SupplierHandling.svc";
        let set = || "SupplierSet".to_owned();
        for (path, target) in [
            ("", Ok(Target::Service)),
            ("/", Ok(Target::Service)),
            ("/$metadata", Ok(Target::Metadata)),
            ("/%24metadata", Ok(Target::Metadata)),
            ("/SupplierSet?$top=1", Ok(Target::Set(set()))),
            ("/SupplierSet/$count", Ok(Target::Count(set()))),
            ("/SupplierSet('S1')", Ok(Target::Entity(set(), "S1".into()))),
            ("/SupplierSet(SupplierId='A%2FB''%20C+')", Ok(Target::Entity(set(), "A/B' C+".into()))),
            ("/SupplierSet(SupplierId='A'B')", Err(400)),
            ("/SupplierSet(Company='1',SupplierId='S1')", Err(400)),
            ("/SupplierSet(1)", Err(400)),
            ("/SupplierSet('S1')/SupplierInfoAddresses", Err(501)),
            ("/%FF", Err(400)),
        ] {
            let found = at(&format!("{base}{path}"));
            assert_eq!(found.map(|(_, target)| target), target, "{path}");
        }
        assert_eq!(at("/main/ifsapplications/projection/v1/Other.svc/SupplierSet"), Err(404));
        assert_eq!(at("/b2b/ifsapplications/projection/v1/SupplierHandling.svc/"), Err(404));
        assert_eq!(at(&format!("{base}x/SupplierSet")), Err(404));
    }

    #[test]
    fn the_root_is_the_clients_view() {
        let path = "/int/ifsapplications/projection/v1/SupplierHandling.svc";
        let (root, _) = at(&format!("{path}/SupplierSet")).expect("located");
        assert_eq!(root, format!("http://h:1{path}/"));
        let (root, _) = at(&format!("https://acme.test{path}/SupplierSet")).expect("located");
        assert_eq!(root, format!("https://acme.test{path}/"));
    }
}
