//! The client behind its session layer; the org and the identity provider play by script.

use std::sync::Arc;
use std::time::Duration;

use sfdc_client::{
    Client, ErrorClass, Item, RecordBody, RecordResult, Rows, Select, SfdcError, UpsertKey, session,
};
use wire::scripted::{self, Scripted, Step, answer};
use wire::{
    AuthStyle, Authorized, Call, Clock, Credentials, Effect, Grant, Secret, TokenConfig, TokenSource,
};

pub(crate) const ORG: &str = "https://acme.my.salesforce.com";

pub(crate) struct Stage {
    pub(crate) client: Client,
    pub(crate) org: Arc<Scripted>,
    pub(crate) provider: Arc<Scripted>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The client behind its session layer, the org and the identity provider by script.
pub(crate) fn stage(logins: Vec<Step>, answers: Vec<Step>) -> Stage {
    let clock = scripted::clock();
    let org = Scripted::new(&clock, Duration::ZERO, answers);
    let provider = Scripted::new(&clock, Duration::ZERO, logins);
    let base: url::Url = ORG.parse().expect("a URL");
    let mut config = TokenConfig::new(Credentials {
        token_url: base.join("/services/oauth2/token").expect("a URL"),
        client_id: "key".to_owned(),
        client_secret: Secret::new("canary secret"),
        scopes: Vec::new(),
        style: AuthStyle::Basic,
    });
    let configured = base.clone();
    config.check = Some(Arc::new(move |grant: &Grant| {
        session::check_instance_url(&configured, grant.instance_url()).map_err(|error| error.to_string())
    }));
    config.advice = Some(session::explain);
    let tokens = TokenSource::new(config, provider.clone(), clock.clone()).expect("an origin");
    let transport = Authorized::new(org.clone(), Arc::new(tokens), session::is_expired);
    Stage { client: Client::new(Arc::new(transport), &base, "64.0"), org, provider, clock }
}

#[expect(clippy::unnecessary_wraps, reason = "a step of a script may be an error too")]
pub(crate) fn login(instance: &str) -> Step {
    let body = format!(r#"{{"access_token":"canary!1","token_type":"Bearer","instance_url":"{instance}"}}"#);
    Ok(answer(200, &[("content-type", "application/json")], &body))
}

#[expect(clippy::unnecessary_wraps, reason = "a step of a script may be an error too")]
pub(crate) fn says(status: u16, body: &str) -> Step {
    Ok(answer(status, &[], body))
}

pub(crate) fn error(status: u16, code: &str, message: &str) -> Step {
    says(status, &format!(r#"[{{"errorCode":"{code}","message":"{message}"}}]"#))
}

impl Stage {
    pub(crate) async fn query(&self) -> Result<usize, SfdcError> {
        let select = Select::from("Account", ["Id"]).expect("names");
        let call = Call::new("test.query", Effect::Read);
        self.client.query_rows(call, &select, Rows::Living).await.map(|all| all.records.len())
    }

    pub(crate) async fn upsert(&self) -> Result<Vec<RecordResult>, SfdcError> {
        let body = RecordBody::new("Account");
        let key = UpsertKey { object: "Account", field: "IFS_Key__c", case_sensitive: true };
        self.client.upsert(&[Item::new("S1", &body)], key).await
    }
}

pub(crate) fn class(error: &SfdcError) -> ErrorClass {
    let SfdcError::Api(failure) = error else { panic!("{error:?}") };
    failure.class
}

pub(crate) const FIRST: &str = r#"{"totalSize":2,"done":false,"nextRecordsUrl":"/services/data/v64.0/query/0r8x-1","records":[{"Id":"1"}]}"#;
pub(crate) const LAST: &str = r#"{"totalSize":2,"done":true,"records":[{"Id":"2"}]}"#;
