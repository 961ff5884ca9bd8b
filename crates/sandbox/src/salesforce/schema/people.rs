//! Users, the organization, record types, and who may see what (Object Reference).

use super::spec::{Flag, Sheet, area, check, email, picklist, refer, text};

pub(super) const USER: Sheet = Sheet {
    name: "User",
    plural: "Users",
    prefix: "005",
    writable: true,
    undeletable: false,
    fields: &[&[
        text("Username", 80).required().with(Flag::IdLookup).with(Flag::Unique),
        text("LastName", 80).required(),
        text("FirstName", 40),
        text("Name", 121).read_only().with(Flag::Name),
        email("Email").required(),
        text("Alias", 8).required(),
        check("IsActive").default("true"),
        text("FederationIdentifier", 512),
        text("TimeZoneSidKey", 40).default("Europe/Berlin"),
        text("LocaleSidKey", 40).default("en_US"),
        text("LanguageLocaleKey", 40).default("en_US"),
        text("EmailEncodingKey", 40).default("UTF-8"),
        picklist("UserType", &["Standard", "Guest"]).read_only().default("Standard"),
        refer("ProfileId", &["Profile"], "Profile", "Users"),
    ]],
};

pub(super) const PROFILE: Sheet = Sheet {
    name: "Profile",
    plural: "Profiles",
    prefix: "00e",
    writable: false,
    undeletable: false,
    fields: &[&[
        text("Name", 255).with(Flag::Name),
        picklist("UserType", &["Standard", "Guest"]),
        area("Description", 255),
    ]],
};

pub(super) const ORGANIZATION: Sheet = Sheet {
    name: "Organization",
    plural: "Organizations",
    prefix: "00D",
    writable: false,
    undeletable: false,
    fields: &[&[
        text("Name", 80).with(Flag::Name),
        text("InstanceName", 5),
        check("IsSandbox"),
        picklist("OrganizationType", &["Developer Edition", "Enterprise Edition"]),
        text("NamespacePrefix", 15),
        text("LanguageLocaleKey", 40),
        text("DefaultLocaleSidKey", 40),
        text("TimeZoneSidKey", 40),
        text("TrialExpirationDate", 40),
    ]],
};

pub(super) const RECORD_TYPE: Sheet = Sheet {
    name: "RecordType",
    plural: "Record Types",
    prefix: "012",
    writable: false,
    undeletable: false,
    fields: &[&[
        text("Name", 80).with(Flag::Name),
        text("DeveloperName", 80),
        picklist("SobjectType", &["Account"]),
        area("Description", 255),
        check("IsActive"),
        check("IsPersonType"),
    ]],
};

pub(super) const PERMISSION_SET: Sheet = Sheet {
    name: "PermissionSet",
    plural: "Permission Sets",
    prefix: "0PS",
    writable: true,
    undeletable: false,
    fields: &[&[
        text("Name", 80).required().with(Flag::Unique).with(Flag::Name),
        text("Label", 80).required(),
        area("Description", 255),
        check("IsOwnedByProfile").read_only(),
        text("NamespacePrefix", 15).read_only(),
        check("PermissionsApiEnabled"),
        check("PermissionsViewSetup"),
    ]],
};

pub(super) const ASSIGNMENT: Sheet = Sheet {
    name: "PermissionSetAssignment",
    plural: "Permission Set Assignments",
    prefix: "0Pa",
    writable: true,
    undeletable: false,
    fields: &[&[
        refer("PermissionSetId", &["PermissionSet"], "PermissionSet", "Assignments").required().create_only(),
        refer("AssigneeId", &["User"], "Assignee", "PermissionSetAssignments").required().create_only(),
    ]],
};

pub(super) const FIELD_PERMISSIONS: Sheet = Sheet {
    name: "FieldPermissions",
    plural: "Field Permissions",
    prefix: "01k",
    writable: true,
    undeletable: false,
    fields: &[&[
        refer("ParentId", &["PermissionSet"], "Parent", "FieldPerms").required().create_only(),
        text("SobjectType", 80).required().create_only(),
        text("Field", 120).required().create_only(),
        check("PermissionsRead"),
        check("PermissionsEdit"),
    ]],
};

pub(super) const OBJECT_PERMISSIONS: Sheet = Sheet {
    name: "ObjectPermissions",
    plural: "Object Permissions",
    prefix: "110",
    writable: true,
    undeletable: false,
    fields: &[&[
        refer("ParentId", &["PermissionSet"], "Parent", "ObjectPerms").required().create_only(),
        text("SobjectType", 80).required().create_only(),
        check("PermissionsCreate"),
        check("PermissionsRead"),
        check("PermissionsEdit"),
        check("PermissionsDelete"),
        check("PermissionsViewAllRecords"),
        check("PermissionsModifyAllRecords"),
    ]],
};
