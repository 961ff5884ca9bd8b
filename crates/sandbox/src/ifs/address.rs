//! Addresses: where a request points, and the links that answers carry.

use http::header;
use wire::Request;

use super::options::decode;
use super::problem::Problem;
use super::schema::{Service, ServiceKind, service};
use super::settings::IfsSwitches;

/// Through which entrance a request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// `/main`: the web client's.
    Main,
    /// `/int`: for integrations; no CSRF check, longer time-outs.
    Integration,
    /// `/b2b`: for partners.
    Partner,
}

/// Where a request points.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// The service root as the client sees it, with a slash at its end.
    pub(crate) root: String,
    pub(crate) entrance: Entrance,
    pub(crate) service: &'static Service,
    /// The path within the service, as it was sent.
    pub(crate) path: String,
    pub(crate) segments: Vec<Segment>,
}

/// A part of a path: `PurchaseOrderSet` and what stands in parentheses behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) name: String,
    pub(crate) predicate: Option<String>,
}

const ENTRANCES: [(&str, Entrance); 3] =
    [("/main/", Entrance::Main), ("/int/", Entrance::Integration), ("/b2b/", Entrance::Partner)];

/// Splits the path of a request.
pub(crate) fn locate(request: &Request) -> Result<Address, Problem> {
    let path = request.uri().path();
    let found = ENTRANCES.iter().find_map(|(prefix, entrance)| {
        let rest = path.strip_prefix(prefix)?.strip_prefix("ifsapplications/")?;
        let (kind, rest) = match rest.strip_prefix("projection/v1/") {
            Some(rest) => (ServiceKind::Projection, rest),
            None => (ServiceKind::Entity, rest.strip_prefix("entity/v1/")?),
        };
        let (name, rest) = rest.split_once(".svc")?;
        let allowed = kind == ServiceKind::Projection || *entrance == Entrance::Integration;
        let service = service(kind, name).filter(|_| allowed)?;
        (rest.is_empty() || rest.starts_with('/')).then_some((*entrance, service, rest))
    });
    let (entrance, service, rest) =
        found.ok_or_else(|| Problem::missing(format!("there is no projection at {path}")))?;
    Ok(Address {
        root: root(request, path, rest),
        entrance,
        service,
        path: rest.trim_matches('/').to_owned(),
        segments: segments(rest)?,
    })
}

/// The segments of a path.
pub(crate) fn segments(path: &str) -> Result<Vec<Segment>, Problem> {
    // Split before decoding: a slash within a key is written %2F.
    path.split('/').filter(|part| !part.is_empty()).map(|part| segment(&decode(part)?)).collect()
}

fn segment(text: &str) -> Result<Segment, Problem> {
    let Some((name, rest)) = text.split_once('(') else {
        return Ok(Segment { name: text.to_owned(), predicate: None });
    };
    let inner = rest.strip_suffix(')');
    let inner = inner.ok_or_else(|| Problem::bad(format!("a parenthesis is not closed in {text}")))?;
    Ok(Segment { name: name.to_owned(), predicate: Some(inner.to_owned()) })
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
    (path, raw): (&str, &str),
    token: usize,
    switches: &IfsSwitches,
) -> String {
    let query = if raw.is_empty() { String::new() } else { format!("{raw}&") };
    let relative = format!("{path}?{query}$skiptoken={token}");
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

    fn at(path: &str) -> Result<Address, u16> {
        let request = http::Request::get(path).header("host", "h:1").body(Bytes::new()).expect("request");
        locate(&request).map_err(|problem| problem.status.as_u16())
    }

    fn parts(path: &str) -> Result<Vec<(String, Option<String>)>, u16> {
        at(path).map(|address| {
            address.segments.into_iter().map(|segment| (segment.name, segment.predicate)).collect()
        })
    }

    #[test]
    fn paths_are_split_before_they_are_decoded() {
        let base = "/main/ifsapplications/projection/v1/SupplierHandling.svc";
        let named = |name: &str| (name.to_owned(), None);
        for (path, expected) in [
            ("", Ok(vec![])),
            ("/", Ok(vec![])),
            ("/%24metadata", Ok(vec![named("$metadata")])),
            ("/SupplierSet?$top=1", Ok(vec![named("SupplierSet")])),
            ("/SupplierSet/$count", Ok(vec![named("SupplierSet"), named("$count")])),
            (
                "/SupplierSet(SupplierId='A%2FB''%20C+')/Name",
                Ok(vec![("SupplierSet".into(), Some("SupplierId='A/B'' C+'".into())), named("Name")]),
            ),
            ("/SupplierSet('S1'", Err(400)),
            ("/%FF", Err(400)),
        ] {
            assert_eq!(parts(&format!("{base}{path}")), expected, "{path}");
        }
    }

    #[test]
    fn services_are_where_the_provider_has_them() {
        for (path, found) in [
            ("/main/ifsapplications/projection/v1/CustomerHandling.svc/CustomerInfoSet", true),
            ("/int/ifsapplications/projection/v1/CustomerHandling.svc", true),
            ("/b2b/ifsapplications/projection/v1/CustomerHandling.svc/", true),
            ("/int/ifsapplications/entity/v1/CustomerInfoEntity.svc/CustomerInfoSet", true),
            ("/main/ifsapplications/entity/v1/CustomerInfoEntity.svc/CustomerInfoSet", false),
            ("/int/ifsapplications/projection/v1/CustomerInfoEntity.svc/CustomerInfoSet", false),
            ("/main/ifsapplications/projection/v1/Other.svc/SupplierSet", false),
            ("/main/ifsapplications/projection/v1/SupplierHandling.svcx/SupplierSet", false),
            ("/api/ifsapplications/projection/v1/SupplierHandling.svc/SupplierSet", false),
        ] {
            assert_eq!(at(path).is_ok(), found, "{path}");
        }
    }

    #[test]
    fn the_root_is_the_clients_view() {
        let path = "/int/ifsapplications/projection/v1/SupplierHandling.svc";
        let address = at(&format!("{path}/SupplierSet")).expect("located");
        assert_eq!(address.root, format!("http://h:1{path}/"));
        let address = at(&format!("https://acme.test{path}/SupplierSet")).expect("located");
        assert_eq!(address.root, format!("https://acme.test{path}/"));
        assert_eq!(address.path, "SupplierSet");
    }
}
