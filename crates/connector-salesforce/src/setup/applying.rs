//! Mending what an org lacks: a deploy that is checked first, or component by component.

use sfdc_client::{Client, DeployResult, Deploying, ErrorClass, RecordBody, RecordId, RowAt, SfdcError};
use sfdc_client::{Condition, Creation};
use sync_engine::{Fault, FaultClass};
use wire::Clock;

use super::package::{CHANNEL, SET, channel, files, permission_set, watched};
use super::survey::{Gap, first_id, named};
use super::wanted::Wanted;
use super::zip::archive;
use crate::faults::{of_call, plain, with_hint};

/// What may be missed where rights are missing.
const RIGHTS_HINT: &str = "setup needs a user with the permissions Customize Application, Modify Metadata and \
                           Manage Users: name its app in [salesforce.admin] of link.toml";

/// Changes an org.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Applying<'a> {
    pub(crate) admin: &'a Client,
    pub(crate) runtime: &'a Client,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) wanted: &'a Wanted,
}

impl Applying<'_> {
    /// Mends the gaps; says what was done.
    pub(crate) async fn mend(self, gaps: &[Gap]) -> Result<Vec<String>, Fault> {
        let mut done = Vec::new();
        let lacks = |field: &super::field_spec::FieldSpec| {
            gaps.iter().any(|gap| matches!(gap, Gap::Field { field: name, .. } if *name == field.full_name()))
        };
        if gaps.iter().any(Gap::is_metadata) {
            let archive = archive(&files(self.wanted, lacks));
            match self.deploy(&archive).await? {
                Some(told) => done.extend(told),
                None => done.extend(self.one_by_one(gaps).await?),
            }
        }
        if gaps.iter().any(|gap| matches!(gap, Gap::Assignment { .. })) {
            self.assign().await.map_err(|error| told(&error))?;
            done.push(format!("assigned {SET} to the integration user"));
        }
        if gaps.contains(&Gap::PriceBook) {
            self.open_price_book().await.map_err(|error| told(&error))?;
            done.push("activated the standard price book".into());
        }
        Ok(done)
    }

    /// Deploys, after a check that changed nothing; `None` if the org does not take deploys.
    async fn deploy(self, archive: &[u8]) -> Result<Option<Vec<String>>, Fault> {
        match self.admin.deploy(archive, Deploying::CheckOnly, self.clock).await {
            Ok(result) => succeeded(&result, "the dry run of the deploy")?,
            Err(SfdcError::Api(failure)) if has_no_deploys(&failure) => return Ok(None),
            Err(error) => return Err(told(&error)),
        }
        let result = self.admin.deploy(archive, Deploying::Apply, self.clock).await;
        let result = result.map_err(|error| told(&error))?;
        succeeded(&result, "the deploy")?;
        let components =
            result.details.component_successes.iter().filter(|one| one.full_name != "package.xml");
        Ok(Some(components.map(|one| format!("deployed {}", one.full_name)).collect()))
    }

    /// The same through the Tooling API and records.
    async fn one_by_one(self, gaps: &[Gap]) -> Result<Vec<String>, Fault> {
        let mut done = Vec::new();
        for gap in gaps {
            match gap {
                Gap::Field { field, .. } => {
                    let spec = self.wanted.fields().find(|spec| spec.full_name() == *field);
                    if let Some(spec) = spec {
                        self.component("CustomField", (field, &spec.metadata())).await?;
                        done.push(format!("made {field}"));
                    }
                }
                Gap::Channel { name } => {
                    self.component("PlatformEventChannel", (CHANNEL, &channel())).await?;
                    done.push(format!("made {name}"));
                }
                Gap::ChannelMember { name } => {
                    let member = watched(self.wanted).into_iter().find(|(known, _)| known == name);
                    if let Some((_, metadata)) = member {
                        self.component("PlatformEventChannelMember", (name, &metadata)).await?;
                        done.push(format!("made {name}"));
                    }
                }
                _ => {}
            }
        }
        self.grant().await.map_err(|error| told(&error))?;
        done.push(format!("made {SET}"));
        Ok(done)
    }

    async fn component(self, kind: &str, what: (&str, &serde_json::Value)) -> Result<(), Fault> {
        match self.admin.make_component(kind, what).await {
            Ok(_) => Ok(()),
            Err(SfdcError::Api(failure)) if failure.code() == "DUPLICATE_DEVELOPER_NAME" => Ok(()),
            Err(error) => Err(told(&error)),
        }
    }

    /// The permission set and its rights, as records.
    async fn grant(self) -> Result<(), SfdcError> {
        let metadata = permission_set(self.wanted);
        let text = |value: &serde_json::Value, name: &str| {
            value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
        };
        let mut set = first_id(self.admin, &named("PermissionSet", "Name", SET)?).await?;
        if set.is_none() {
            let mut body = RecordBody::new("PermissionSet");
            body.text("Name", SET);
            body.text("Label", &text(&metadata, "label"));
            set = self.record("PermissionSet", SET, &body).await?;
        }
        let set = set.unwrap_or_default();
        let list = |name: &str| {
            metadata.get(name).and_then(serde_json::Value::as_array).cloned().unwrap_or_default()
        };
        for right in list("objectPermissions") {
            let mut body = RecordBody::new("ObjectPermissions");
            body.text("ParentId", &set);
            body.text("SobjectType", &text(&right, "object"));
            for (from, to) in OBJECT_RIGHTS {
                body.plain(to, right.get(*from).and_then(serde_json::Value::as_bool).unwrap_or_default());
            }
            self.record("ObjectPermissions", &text(&right, "object"), &body).await?;
        }
        for right in list("fieldPermissions") {
            let field = text(&right, "field");
            let mut body = RecordBody::new("FieldPermissions");
            body.text("ParentId", &set);
            body.text("SobjectType", field.split('.').next().unwrap_or_default());
            body.text("Field", &field);
            body.plain("PermissionsRead", true);
            body.plain(
                "PermissionsEdit",
                right.get("editable").and_then(serde_json::Value::as_bool).unwrap_or_default(),
            );
            self.record("FieldPermissions", &field, &body).await?;
        }
        Ok(())
    }

    /// Makes a record unless it is there.
    async fn record(self, object: &str, about: &str, body: &RecordBody) -> Result<Option<String>, SfdcError> {
        match self.admin.create((object, about), body, Creation::Unique).await {
            Ok(id) => Ok(Some(id.as_str().to_owned())),
            Err(SfdcError::Api(failure)) if failure.code() == "DUPLICATE_VALUE" => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn assign(self) -> Result<(), SfdcError> {
        let user = self.runtime.identity().await?.user;
        let set = first_id(self.admin, &named("PermissionSet", "Name", SET)?).await?.unwrap_or_default();
        let mut body = RecordBody::new("PermissionSetAssignment");
        body.text("AssigneeId", user.as_str());
        body.text("PermissionSetId", &set);
        self.record("PermissionSetAssignment", SET, &body).await.map(drop)
    }

    async fn open_price_book(self) -> Result<(), SfdcError> {
        let yes = sfdc_client::Literal::Bool(true);
        let select = sfdc_client::Select::from("Pricebook2", ["Id"])?.where_is(
            "IsStandard",
            sfdc_client::Operator::Equal,
            &yes,
        )?;
        let Some(id) = first_id(self.admin, &select).await? else { return Ok(()) };
        let id = RecordId::parse(&id)?;
        let mut body = RecordBody::new("Pricebook2");
        body.plain("IsActive", true);
        self.admin.update(&RowAt::id("Pricebook2", &id), &body, &Condition::None).await.map(drop)
    }
}

/// Rights on objects, in metadata and in records.
const OBJECT_RIGHTS: &[(&str, &str)] = &[
    ("allowRead", "PermissionsRead"),
    ("allowCreate", "PermissionsCreate"),
    ("allowEdit", "PermissionsEdit"),
    ("allowDelete", "PermissionsDelete"),
    ("viewAllRecords", "PermissionsViewAllRecords"),
    ("modifyAllRecords", "PermissionsModifyAllRecords"),
];

/// Whether the org knows no deploys over REST.
fn has_no_deploys(failure: &sfdc_client::error::ApiFailure) -> bool {
    matches!(failure.status, 404 | 405)
}

fn succeeded(result: &DeployResult, what: &str) -> Result<(), Fault> {
    if result.success {
        return Ok(());
    }
    let problems = result.details.component_failures.iter().map(|one| {
        format!("{}: {}", one.full_name, one.problem.as_deref().unwrap_or("refused without a reason"))
    });
    let problems: Vec<String> = result.error_message.iter().cloned().chain(problems).collect();
    let message = format!("{what} failed, and nothing was changed: {}", problems.join("; "));
    let hint =
        "mend what it names in the org, or deploy the folder of `salesforce setup --export` by other means";
    Err(with_hint(plain(FaultClass::Data, "DEPLOY_FAILED", &message), hint))
}

fn told(error: &SfdcError) -> Fault {
    let fault = of_call(error);
    let lacks_rights = matches!(error, SfdcError::Api(failure) if failure.class == ErrorClass::Access);
    if lacks_rights { with_hint(fault, RIGHTS_HINT) } else { fault }
}
