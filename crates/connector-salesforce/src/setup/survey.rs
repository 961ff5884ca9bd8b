//! What an org lacks of what the flows need; nothing is changed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sfdc_client::{Client, Describe, Filter, Literal, Operator, Row, Scalar, Select, SfdcError, SoqlError};
use wire::{Call, Effect};

use super::field_spec::FieldSpec;
use super::package::{CHANNEL, SET, permission_set, watched};
use super::wanted::Wanted;

/// Something that an org lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "lacks")]
#[non_exhaustive]
pub enum Gap {
    /// An object, because a feature is switched off. Only people can switch it on.
    Object {
        /// Its API name.
        object: String,
        /// What to do.
        fix: String,
    },
    /// A custom field.
    Field {
        /// With its object.
        field: String,
        /// What it is going to hold.
        shape: String,
    },
    /// A field is there, but not as the mappings need it. Only people may change it.
    Misfit {
        /// With its object.
        field: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        fix: String,
    },
    /// The permission set.
    PermissionSet {
        /// Its name.
        name: String,
    },
    /// Rights in the permission set.
    Rights {
        /// On which field or object.
        on: String,
        /// Whether they are for writing too.
        edit: bool,
    },
    /// The integration user does not have the permission set.
    Assignment {
        /// The user's name.
        user: String,
    },
    /// The channel of change events.
    Channel {
        /// Its name.
        name: String,
    },
    /// An object in that channel.
    ChannelMember {
        /// Its name.
        name: String,
    },
    /// The standard price book is not active.
    PriceBook,
}

impl Gap {
    /// Whether setup can mend it.
    pub fn can_be_mended(&self) -> bool {
        !matches!(self, Self::Object { .. } | Self::Misfit { .. })
    }

    /// Whether it is mended by a metadata deploy.
    pub(crate) fn is_metadata(&self) -> bool {
        matches!(
            self,
            Self::Field { .. }
                | Self::PermissionSet { .. }
                | Self::Rights { .. }
                | Self::Channel { .. }
                | Self::ChannelMember { .. }
        )
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Object { object, fix } => write!(f, "object {object}: {fix}"),
            Self::Field { field, shape } => write!(f, "field {field}: {shape}"),
            Self::Misfit { field, reason, fix } => write!(f, "field {field}: {reason}; {fix}"),
            Self::PermissionSet { name } => write!(f, "permission set {name}"),
            Self::Rights { on, edit: true } => write!(f, "right to read and write {on}"),
            Self::Rights { on, edit: false } => write!(f, "right to read {on}"),
            Self::Assignment { user } => write!(f, "permission set {SET} for {user}"),
            Self::Channel { name } => write!(f, "channel of change events {name}"),
            Self::ChannelMember { name } => write!(f, "member of the channel {name}"),
            Self::PriceBook => f.write_str("the standard price book is not active"),
        }
    }
}

/// Looks at an org.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Survey<'a> {
    pub(crate) admin: &'a Client,
    pub(crate) runtime: &'a Client,
    pub(crate) wanted: &'a Wanted,
}

/// Fields and objects in the permission set, and whether they may be written.
type Granted = BTreeMap<String, bool>;

impl Survey<'_> {
    /// What the org lacks, in the order in which it is mended.
    pub(crate) async fn gaps(self) -> Result<Vec<Gap>, SfdcError> {
        let mut gaps = Vec::new();
        let made = self.made_fields().await?;
        for object in self.wanted.objects.keys() {
            match self.admin.describe(object).await {
                Ok(describe) => self.fields(object, (&describe, &made), &mut gaps),
                Err(SfdcError::Api(failure)) if is_missing(&failure.code()) => gaps.push(absent(object)),
                Err(error) => return Err(error),
            }
        }
        self.rights(&mut gaps).await?;
        self.channel(&mut gaps).await?;
        if self.wanted.objects.contains_key("Order") && !self.has_price_book().await? {
            gaps.push(Gap::PriceBook);
        }
        Ok(gaps)
    }

    /// Custom fields, visible or not: one that was just made is seen by nobody.
    async fn made_fields(self) -> Result<BTreeSet<String>, SfdcError> {
        let columns = ["DeveloperName", "TableEnumOrId"];
        let objects: Vec<Literal> = self.wanted.objects.keys().cloned().map(Literal::Text).collect();
        let select = Select::from("CustomField", columns)?.where_in("TableEnumOrId", &objects)?;
        let mut made = BTreeSet::new();
        for record in self.admin.tooling_query(&select).await?.records {
            let row = Row::read(&record, &columns)?;
            if let (Some(name), Some(object)) = (row.text(0)?, row.text(1)?) {
                made.insert(format!("{object}.{name}__c").to_lowercase());
            }
        }
        Ok(made)
    }

    fn fields(self, object: &str, (describe, made): (&Describe, &BTreeSet<String>), gaps: &mut Vec<Gap>) {
        let Some(wanted) = self.wanted.objects.get(object) else { return };
        for spec in wanted.custom.values() {
            let full = spec.full_name();
            match describe.field(&spec.name) {
                Some(field) => gaps.extend(misfit(spec, field)),
                None if made.contains(&full.to_lowercase()) => {}
                None => gaps.push(Gap::Field { field: full, shape: spec.shape() }),
            }
        }
    }

    async fn rights(self, gaps: &mut Vec<Gap>) -> Result<(), SfdcError> {
        let set = self.one(self.admin, named("PermissionSet", "Name", SET)?).await?;
        let identity = self.runtime.identity().await?;
        let user = identity.username.clone().unwrap_or_else(|| identity.user.to_string());
        let Some(set) = set else {
            gaps.extend([Gap::PermissionSet { name: SET.into() }, Gap::Assignment { user }]);
            return Ok(());
        };
        let granted = self.granted(&set).await?;
        gaps.extend(missing_rights(self.wanted, &granted));
        let assigned = named("PermissionSetAssignment", "PermissionSetId", &set)?.where_is(
            "AssigneeId",
            Operator::Equal,
            &Literal::Text(identity.user.as_str().to_owned()),
        )?;
        if self.one(self.admin, assigned).await?.is_none() {
            gaps.push(Gap::Assignment { user });
        }
        Ok(())
    }

    /// What the permission set grants.
    async fn granted(self, set: &str) -> Result<Granted, SfdcError> {
        let mut granted = Granted::new();
        for (object, on, edit) in [
            ("FieldPermissions", "Field", "PermissionsEdit"),
            ("ObjectPermissions", "SobjectType", "PermissionsEdit"),
        ] {
            let columns = [on, edit];
            let parent = Literal::Text(set.to_owned());
            let select = Select::from(object, columns)?.where_is("ParentId", Operator::Equal, &parent)?;
            let call = Call::new("salesforce.survey", Effect::Read);
            for record in self.admin.query(call, &select).await?.records {
                let row = Row::read(&record, &columns)?;
                if let Some(on) = row.text(0)? {
                    granted.insert(on.into_owned(), row.scalar(1)? == Scalar::Bool(true));
                }
            }
        }
        Ok(granted)
    }

    async fn channel(self, gaps: &mut Vec<Gap>) -> Result<(), SfdcError> {
        let members = watched(self.wanted);
        if members.is_empty() {
            return Ok(());
        }
        let known = |kind: &str| Select::from(kind, ["FullName"]);
        let mut names = BTreeSet::new();
        for kind in ["PlatformEventChannel", "PlatformEventChannelMember"] {
            for record in self.admin.tooling_query(&known(kind)?).await?.records {
                names.extend(Row::read(&record, &["FullName"])?.text(0)?.map(std::borrow::Cow::into_owned));
            }
        }
        if !names.contains(CHANNEL) {
            gaps.push(Gap::Channel { name: CHANNEL.into() });
        }
        let missing = members.into_iter().map(|(name, _)| name).filter(|name| !names.contains(name));
        gaps.extend(missing.map(|name| Gap::ChannelMember { name }));
        Ok(())
    }

    async fn has_price_book(self) -> Result<bool, SfdcError> {
        let yes = Literal::Bool(true);
        let select = Select::from("Pricebook2", ["Id"])?
            .filter(Filter::is("IsStandard", Operator::Equal, &yes)?)
            .filter(Filter::is("IsActive", Operator::Equal, &yes)?);
        Ok(self.one(self.admin, select).await?.is_some())
    }

    /// The id of the first record that a query finds.
    async fn one(self, client: &Client, select: Select) -> Result<Option<String>, SfdcError> {
        first_id(client, &select).await
    }
}

/// The id of the first record that a query finds.
pub(crate) async fn first_id(client: &Client, select: &Select) -> Result<Option<String>, SfdcError> {
    let found = client.query(Call::new("salesforce.survey", Effect::Read), select).await?;
    let first = found.records.first().map(|record| Row::read(record, &["Id"])).transpose()?;
    Ok(first.map(|row| row.text(0)).transpose()?.flatten().map(std::borrow::Cow::into_owned))
}

/// Records of an object with this text in a field.
pub(crate) fn named(object: &str, field: &str, text: &str) -> Result<Select, SoqlError> {
    Select::from(object, ["Id"])?.where_is(field, Operator::Equal, &Literal::Text(text.to_owned()))
}

/// Rights that the permission set should have and has not.
fn missing_rights(wanted: &Wanted, granted: &Granted) -> Vec<Gap> {
    let set = permission_set(wanted);
    let list = |name: &str| set.get(name).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let mut gaps = Vec::new();
    for (list, on, edit) in
        [(list("fieldPermissions"), "field", "editable"), (list("objectPermissions"), "object", "allowEdit")]
    {
        for right in list {
            let on = right.get(on).and_then(serde_json::Value::as_str).unwrap_or_default();
            let edit = right.get(edit).and_then(serde_json::Value::as_bool).unwrap_or_default();
            if granted.get(on).is_none_or(|granted| edit && !granted) {
                gaps.push(Gap::Rights { on: on.to_owned(), edit });
            }
        }
    }
    gaps
}

fn misfit(spec: &FieldSpec, field: &sfdc_client::DescribeField) -> Option<Gap> {
    let gap = |reason: String, fix: &str| Gap::Misfit { field: spec.full_name(), reason, fix: fix.into() };
    if spec.is_key() && !(field.external_id && field.unique) {
        let fix = "mark it as External ID and Unique in the field's settings, or configure another field";
        return Some(gap("it is not a unique external id".into(), fix));
    }
    let wanted = spec.length()?;
    if !spec.is_key() && field.length > 0 && field.length < wanted {
        let reason = format!("it holds {} characters, the mapping writes up to {wanted}", field.length);
        return Some(gap(reason, "make it longer, or let the mapping cut"));
    }
    None
}

fn is_missing(code: &str) -> bool {
    matches!(code, "NOT_FOUND" | "INVALID_TYPE" | "HTTP_404")
}

fn absent(object: &str) -> Gap {
    let fix = match object {
        "Order" | "OrderItem" => "switch orders on: Setup, Order Settings, Enable Orders",
        _ => "the edition or the user's licence does not have it",
    };
    Gap::Object { object: object.into(), fix: fix.into() }
}
