//! Examines an org for `doctor`: can Accounts be written here, and if not, why?

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use sfdc_client::{Client, Describe, DescribeField, Literal, Operator, Select, SfdcError};
use sync_engine::{Finding, Health, Probe};
use wire::{Call, Clock, Effect, HttpTransport};

use crate::faults::of_call;
use crate::{ObjectSettings, SalesforceSettings, account, order, order_item, price_book};

/// A larger difference of clocks than this is worth a look.
const SKEW_SECONDS: i64 = 300;
/// With less than this share of the daily allowance left, doctor warns: one fifth.
const QUOTA_SHARE: u64 = 5;

/// A field that a mapping writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// Its API name.
    pub name: String,
    /// The longest text the mapping writes, if it cuts.
    pub max_length: Option<usize>,
}

/// Examines one object of one org, by reading only.
#[derive(Debug)]
pub struct SalesforceProbe {
    client: Client,
    clock: Arc<dyn Clock>,
    object: ObjectSettings,
    needed: Vec<Needed>,
    /// Whether records are made, and not only changed.
    creates: bool,
}

impl SalesforceProbe {
    /// Examines what writing `needed` fields of `object` takes.
    pub fn new(
        transport: Arc<dyn HttpTransport>,
        clock: Arc<dyn Clock>,
        org: &SalesforceSettings,
        (object, needed): (ObjectSettings, Vec<Needed>),
    ) -> Self {
        let client = Client::new(transport, &org.instance_url, &org.api_version);
        Self { client, clock, object, needed, creates: true }
    }

    /// Records are only changed, never made: what a new one would need does not matter.
    #[must_use]
    pub fn of_updates(mut self) -> Self {
        self.creates = false;
        self
    }

    /// The first call: name, connection, certificate, token and version at once.
    async fn versions(&self, findings: &mut Vec<Finding>) -> bool {
        match self.client.versions().await {
            Err(error) => {
                findings.push(failed("address and token", &error));
                false
            }
            Ok((versions, date)) => {
                findings
                    .push(green("address and token", format!("{} API versions on offer", versions.len())));
                let wanted = self.client.version();
                let newest = versions.last().map_or("none", |version| version.version.as_str());
                findings.push(if versions.iter().any(|version| version.version == wanted) {
                    green("API version", format!("{wanted} is on offer (newest: {newest})"))
                } else {
                    let fix = format!("set salesforce.api_version to {newest} in link.toml");
                    red("API version", format!("{wanted} is not on offer"), &fix)
                });
                findings.push(self.skew(date.as_deref()));
                true
            }
        }
    }

    fn skew(&self, date: Option<&str>) -> Finding {
        const CHECK: &str = "clocks";
        let server =
            date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|zoned| zoned.timestamp());
        let Some(server) = server else {
            return yellow(CHECK, "the org did not tell its time".into(), "none needed; look again later");
        };
        let apart = apart(self.clock.now(), server);
        if apart > SKEW_SECONDS {
            yellow(
                CHECK,
                format!("ours and the org's are {apart} s apart"),
                "let this machine's clock be set by NTP",
            )
        } else {
            green(CHECK, format!("{apart} s apart"))
        }
    }

    async fn describe(&self, findings: &mut Vec<Finding>) {
        let name = &self.object.object;
        match self.client.describe(name).await {
            Err(error) => findings.push(failed("object", &error)),
            Ok(describe) => {
                findings.push(rights(&describe));
                findings.push(self.external_id(&describe));
                findings.push(self.fields(&describe));
                if self.creates {
                    findings.push(self.required(&describe));
                }
            }
        }
    }

    fn external_id(&self, describe: &Describe) -> Finding {
        const CHECK: &str = "external-id field";
        let name = format!("{}.{}", describe.name, self.object.external_id);
        let Some(field) = describe.field(&self.object.external_id) else {
            let fix = format!(
                "let `ml-connector salesforce setup --apply` create {name} (Text 100, External ID, Unique, \
                 case-sensitive) and give the integration user rights on it"
            );
            return red(CHECK, format!("{name} is not there, or hidden from the integration user"), &fix);
        };
        if !field.external_id {
            return red(
                CHECK,
                format!("{name} is not marked as External ID"),
                "mark it as External ID in the field's settings",
            );
        }
        if !field.unique {
            return red(
                CHECK,
                format!("{name} is not unique: duplicates would be possible"),
                "mark it as Unique in the field's settings",
            );
        }
        if !field.createable || !field.updateable {
            return red(
                CHECK,
                format!("{name} may not be written"),
                "give the permission set edit rights on it",
            );
        }
        if !field.case_sensitive {
            let fix = "make it case-sensitive, unless no two keys differ in case only";
            return yellow(
                CHECK,
                format!("{name} is there and unique, but takes upper and lower case for the same"),
                fix,
            );
        }
        green(CHECK, format!("{name} is there, unique and case-sensitive"))
    }

    fn fields(&self, describe: &Describe) -> Finding {
        const CHECK: &str = "mapped fields";
        let problems: Vec<String> =
            self.needed.iter().filter_map(|needed| problem(needed, describe.field(&needed.name))).collect();
        if problems.is_empty() {
            return green(CHECK, format!("all {} can be written", self.needed.len()));
        }
        let fix = "let `ml-connector salesforce setup --apply` create the fields and give the permission set \
                   edit rights on them, or take them out of the mapping";
        red(CHECK, problems.join("; "), fix)
    }

    /// Fields that a create must carry and the mapping does not write.
    fn required(&self, describe: &Describe) -> Finding {
        const CHECK: &str = "required fields";
        let supplied = supplied(&self.object.object, &self.needed);
        let written = |field: &DescribeField| {
            field.name.eq_ignore_ascii_case(&self.object.external_id)
                || supplied.contains(&field.name.as_str())
                || self.needed.iter().any(|needed| needed.name.eq_ignore_ascii_case(&field.name))
        };
        let missing: Vec<&str> = describe
            .fields
            .iter()
            .filter(|field| field.is_required() && !written(field))
            .map(|field| field.name.as_str())
            .collect();
        if missing.is_empty() {
            return green(CHECK, "the mapping writes all of them".into());
        }
        let fix = "map them, or give them a default value in Salesforce";
        red(CHECK, format!("the mapping does not write {}", missing.join(", ")), fix)
    }

    /// One look-up as the sink makes it.
    async fn look_up(&self) -> Finding {
        const CHECK: &str = "look-up";
        let nobody = [Literal::Text("ml-connector-doctor".into())];
        let select = Select::from(&self.object.object, ["Id", self.object.external_id.as_str()])
            .and_then(|select| select.where_in(&self.object.external_id, &nobody));
        let found = match select {
            Err(error) => Err(SfdcError::from(error)),
            Ok(select) => self.client.query(Call::new("salesforce.probe", Effect::Read), &select).await,
        };
        match found {
            Ok(_) => {
                green(CHECK, format!("{} can be queried by {}", self.object.object, self.object.external_id))
            }
            Err(error) => failed(CHECK, &error),
        }
    }

    /// Whether orders can have lines.
    async fn price_book(&self) -> Finding {
        const CHECK: &str = "price book";
        let fix = "let `ml-connector salesforce setup --apply` activate it, and give the permission set the \
                   right to read price books";
        let select = Select::from(price_book::ENTITY, ["Id"])
            .and_then(|select| select.where_is("IsStandard", Operator::Equal, &Literal::Bool(true)))
            .and_then(|select| select.where_is("IsActive", Operator::Equal, &Literal::Bool(true)));
        let found = match select {
            Err(error) => Err(SfdcError::from(error)),
            Ok(select) => self.client.query(Call::new("salesforce.probe", Effect::Read), &select).await,
        };
        match found {
            Ok(found) if found.records.is_empty() => {
                red(CHECK, "there is no active standard price book that we may see".into(), fix)
            }
            Ok(_) => green(CHECK, "the standard price book is active".into()),
            Err(error) => failed(CHECK, &error),
        }
    }

    fn quota(&self) -> Finding {
        const CHECK: &str = "API allowance";
        match self.client.usage() {
            None => {
                yellow(CHECK, "the org did not tell".into(), "none needed; look at Setup, System Overview")
            }
            Some(usage) => {
                let detail = format!("{} of {} calls left today", usage.left(), usage.allowed);
                if usage.left().saturating_mul(QUOTA_SHARE) < usage.allowed {
                    yellow(CHECK, detail, "let large loads wait, or ask Salesforce for more calls")
                } else {
                    green(CHECK, detail)
                }
            }
        }
    }
}

#[async_trait]
impl Probe for SalesforceProbe {
    async fn probe(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.versions(&mut findings).await {
            self.describe(&mut findings).await;
            findings.push(self.look_up().await);
            if self.object.object == order::ENTITY {
                findings.push(self.price_book().await);
            }
            findings.push(self.quota());
        }
        findings
    }
}

/// Required fields that the sink fills in by itself.
fn supplied(object: &str, needed: &[Needed]) -> &'static [&'static str] {
    match object {
        order::ENTITY => &["Status"],
        order_item::ENTITY => &["OrderId", "PricebookEntryId"],
        // A person account is named by its parts.
        account::ENTITY if needed.iter().any(|field| field.name == "LastName") => &["Name"],
        _ => &[],
    }
}

fn rights(describe: &Describe) -> Finding {
    const CHECK: &str = "object";
    let rights =
        [("read", describe.queryable), ("create", describe.createable), ("edit", describe.updateable)];
    let missing: Vec<&str> = rights.iter().filter(|(_, held)| !held).map(|(right, _)| *right).collect();
    if missing.is_empty() {
        return green(CHECK, format!("{} can be read, created and edited", describe.name));
    }
    let fix = "give the integration user's permission set these rights on the object";
    red(CHECK, format!("no right to {} {}", missing.join(", "), describe.name), fix)
}

fn problem(needed: &Needed, field: Option<&DescribeField>) -> Option<String> {
    let name = &needed.name;
    let Some(field) = field else { return Some(format!("{name} is not there, or hidden")) };
    if !field.createable || !field.updateable {
        return Some(format!("{name} may not be written"));
    }
    let longest = needed.max_length.unwrap_or(0);
    if field.length > 0 && longest > field.length as usize {
        return Some(format!("{name} holds {} characters, the mapping writes up to {longest}", field.length));
    }
    None
}

fn apart(ours: Timestamp, theirs: Timestamp) -> i64 {
    ours.as_second().saturating_sub(theirs.as_second()).saturating_abs()
}

fn finding(check: &str, health: Health, detail: String, fix: Option<&str>) -> Finding {
    let fix = fix.map(str::to_owned);
    Finding { system: "salesforce".into(), check: check.into(), health, detail, fix }
}

fn green(check: &str, detail: String) -> Finding {
    finding(check, Health::Green, detail, None)
}

fn yellow(check: &str, detail: String, fix: &str) -> Finding {
    finding(check, Health::Yellow, detail, Some(fix))
}

fn red(check: &str, detail: String, fix: &str) -> Finding {
    finding(check, Health::Red, detail, Some(fix))
}

fn failed(check: &str, error: &SfdcError) -> Finding {
    let fault = of_call(error);
    let fix =
        fault.hint.clone().unwrap_or_else(|| "look at the address and the credentials in link.toml".into());
    red(check, fault.to_string(), &fix)
}
