//! The SOAP APIs as far as clients need them: logging in and out (SOAP API Developer Guide, "`login()`"), and
//! the Metadata API.

use bytes::Bytes;
use http::StatusCode;
use wire::{Request, Response};

use super::call::Call;
use super::org::{SalesforceSandbox, State};
use super::problem::{Problem, typed_answer};
use super::routes::single;
use super::session::{User, base, expired, org_id};
use super::setup::Element;

const KIND: &str = "text/xml;charset=UTF-8";
const PARTNER: &str = "urn:partner.soap.sforce.com";

impl SalesforceSandbox {
    /// Answers a SOAP call: `login` by user name and password (the app's secret, with or without a
    /// security token behind it) and `logout`.
    pub(crate) fn soap(&self, state: &mut State, request: &Request) -> Response {
        let text = String::from_utf8_lossy(request.body());
        let envelope = Element::from_xml(&text).unwrap_or_default();
        let body = envelope.one("Body");
        if let Some(login) = body.and_then(|body| body.one("login")) {
            return match self.known(login) {
                Some(user) => self.logged_in(state, request, user),
                None => {
                    fault("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.")
                }
            };
        }
        if body.is_some_and(|body| body.one("logout").is_some()) {
            let header = envelope.one("Header").and_then(|header| header.one("SessionHeader"));
            let session = header.and_then(|header| header.text("sessionId")).unwrap_or_default();
            return if state.sessions.end(session) {
                envelope_of(StatusCode::OK, PARTNER, "<logoutResponse/>")
            } else {
                fault("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader")
            };
        }
        self.metadata_call(state, request, &envelope)
            .unwrap_or_else(|problem| fault(problem.code, &problem.message))
    }

    fn metadata_call(
        &self,
        state: &mut State,
        request: &Request,
        envelope: &Element,
    ) -> Result<Response, Problem> {
        let unknown = || Problem::bad("UNKNOWN_EXCEPTION", "this call of the SOAP APIs is not answered here");
        let path = single(request.uri().path()).trim_end_matches('/');
        let version = path.strip_prefix("/services/Soap/m/");
        let (version, body) = version.zip(envelope.one("Body")).ok_or_else(unknown)?;
        let header = envelope.one("Header").and_then(|header| header.one("SessionHeader"));
        let session = header.and_then(|header| header.text("sessionId")).unwrap_or_default();
        let user = state.sessions.of(session, self.clock.elapsed()).ok_or_else(expired)?;
        state.calls += 1;
        let mut call = Call {
            state,
            settings: &self.settings,
            user,
            version,
            now: self.clock.now(),
            elapsed: self.clock.elapsed(),
            tooling: false,
        };
        let answer = call.metadata_by_soap(body).ok_or_else(unknown)??;
        Ok(envelope_of(StatusCode::OK, "http://soap.sforce.com/2006/04/metadata", &answer))
    }

    fn known(&self, login: &Element) -> Option<User> {
        User::known(login.text("username")?, login.text("password")?, &self.settings)
    }

    fn logged_in(&self, state: &mut State, request: &Request, user: User) -> Response {
        let token = state.sessions.grant(user, &self.settings, self.clock.elapsed());
        let (org, id) = (org_id(), user.id());
        let server = format!("{}{}/{}", base(request), request.uri().path().trim_end_matches('/'), &org);
        let (first, last) = user.names();
        envelope_of(
            StatusCode::OK,
            PARTNER,
            &format!(
                "<loginResponse><result><metadataServerUrl>{server}</metadataServerUrl><passwordExpired>false\
                 </passwordExpired><sandbox>true</sandbox><serverUrl>{server}</serverUrl><sessionId>{token}\
                 </sessionId><userId>{id}</userId><userInfo><organizationId>{org}</organizationId>\
                 <organizationName>Sandbox</organizationName><sessionSecondsValid>{}</sessionSecondsValid>\
                 <userFullName>{first} {last}</userFullName><userId>{id}</userId><userName>{}</userName>\
                 </userInfo></result></loginResponse>",
                self.settings.session.as_secs(),
                user.username(),
            ),
        )
    }
}

fn envelope_of(status: StatusCode, namespace: &str, body: &str) -> Response {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
         xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:sf=\"urn:fault.partner.soap.sforce.com\" \
         xmlns=\"{namespace}\"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    );
    typed_answer(status, Bytes::from(text), KIND)
}

fn fault(code: &str, message: &str) -> Response {
    let body = format!(
        "<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring><detail>\
         <sf:LoginFault><sf:exceptionCode>{code}</sf:exceptionCode><sf:exceptionMessage>{message}\
         </sf:exceptionMessage></sf:LoginFault></detail></soapenv:Fault>"
    );
    envelope_of(StatusCode::INTERNAL_SERVER_ERROR, PARTNER, &body)
}
