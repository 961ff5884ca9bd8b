//! Setting up a bare org: fields, permissions and channels, by deploy and by the Tooling API.

use bytes::Bytes;
use serde_json::{Value, json};

use super::SalesforceSettings;
use super::setup::pack;
use super::test_client::{Client, code, read};

fn bare() -> Client {
    Client::with(SalesforceSettings { bare: true, ..SalesforceSettings::default() })
}

/// Deploys a package; the result.
fn deploy(client: &Client, files: &[(&str, &str)], check_only: bool) -> Value {
    let options = json!({ "deployOptions": { "checkOnly": check_only, "rollbackOnError": true } });
    let mut body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"json\"\r\nContent-Type: application/json\r\n\r\n{options}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"deploy.zip\"\r\nContent-Type: application/zip\r\n\r\n"
    )
    .into_bytes();
    body.extend(pack(files));
    body.extend(b"\r\n--b--\r\n");
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    let (status, answer) =
        read(&client.send("POST", "/services/data/v64.0/metadata/deployRequest", Bytes::from(body), &kind));
    assert_eq!(status, 201, "{answer}");
    let id = answer["id"].as_str().expect("an id");
    client.call("GET", &format!("/metadata/deployRequest/{id}?includeDetails=true"), &Value::Null).1["deployResult"].clone()
}

const OBJECT: &str = "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><fields>\
    <fullName>Ifs_Id__c</fullName><label>IFS Id</label><type>Text</type><length>100</length>\
    <externalId>true</externalId><unique>true</unique><caseSensitive>false</caseSensitive></fields></CustomObject>";
const SET: &str = "<PermissionSet><label>Sync</label><fieldPermissions><editable>true</editable>\
    <field>Account.Ifs_Id__c</field><readable>true</readable></fieldPermissions></PermissionSet>";
const CHANNEL: &str =
    "<PlatformEventChannel><channelType>data</channelType><label>Sync</label></PlatformEventChannel>";
const MEMBER: &str = "<PlatformEventChannelMember><enrichedFields><name>Ifs_Id__c</name></enrichedFields>\
    <eventChannel>Sync__chn</eventChannel><selectedEntity>AccountChangeEvent</selectedEntity></PlatformEventChannelMember>";

fn package<'a>(object: &'a str, set: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("package.xml", "<Package/>"),
        ("objects/Account.object", object),
        ("permissionsets/Sync.permissionset", set),
        ("platformEventChannels/Sync__chn.platformEventChannel", CHANNEL),
        ("platformEventChannelMembers/Sync_chn_AccountChangeEvent.platformEventChannelMember", MEMBER),
    ]
}

#[test]
fn a_package_is_checked_then_deployed_and_nobody_sees_a_field_without_permission() {
    let client = bare();
    let admin = client.administrator();
    assert_eq!(
        client.call("POST", "/metadata/deployRequest", &Value::Null).0,
        403,
        "only administrators deploy"
    );
    let checked = deploy(&admin, &package(OBJECT, SET), true);
    assert_eq!(
        (&checked["success"], &checked["numberComponentsTotal"]),
        (&json!(true), &json!(4)),
        "{checked}"
    );
    let write = || client.call("POST", "/sobjects/Account", &json!({ "Name": "x", "Ifs_Id__c": "1" }));
    assert_eq!(code(&write()), (400, "INVALID_FIELD"));
    let done = deploy(&admin, &package(OBJECT, SET), false);
    assert_eq!((&done["status"], &done["checkOnly"]), (&json!("Succeeded"), &json!(false)), "{done}");
    assert_eq!(code(&write()), (400, "INVALID_FIELD"), "the set is not assigned yet");
    let set = admin.first("SELECT Id FROM PermissionSet WHERE Name = 'Sync'");
    let user = admin.first("SELECT Id FROM User WHERE Username = 'integration@sandbox.example'");
    let assignment = json!({ "AssigneeId": user, "PermissionSetId": set });
    admin.made("PermissionSetAssignment", &assignment);
    assert_eq!(admin.refused("PermissionSetAssignment", &assignment), "DUPLICATE_VALUE");
    assert_eq!(write().0, 201);
    assert_eq!(code(&write()), (400, "DUPLICATE_VALUE"));
    assert_eq!(client.count("SELECT COUNT() FROM Account WHERE Ifs_Id__c = '1'"), 1);
    let again = deploy(&admin, &package(OBJECT, SET), false);
    assert_eq!(again["details"]["componentSuccesses"][0]["created"], false, "{again}");
    assert_eq!(client.count("SELECT COUNT() FROM Account WHERE Ifs_Id__c = '1'"), 1);
    let (_, channels) = admin.tooling_query("SELECT FullName FROM PlatformEventChannelMember");
    assert_eq!(channels["records"][0]["FullName"], "Sync_chn_AccountChangeEvent");
}

#[test]
fn a_package_with_a_mistake_changes_nothing() {
    let admin = bare().administrator();
    let bad_set = SET.replace("Ifs_Id__c", "Nope__c");
    let failed = deploy(&admin, &package(OBJECT, &bad_set), false);
    assert_eq!(
        (&failed["status"], &failed["numberComponentErrors"]),
        (&json!("Failed"), &json!(1)),
        "{failed}"
    );
    let problem = failed["details"]["componentFailures"][0]["problem"].as_str().expect("a problem");
    assert!(problem.contains("no CustomField named Account.Nope__c"), "{problem}");
    assert_eq!(admin.count("SELECT COUNT() FROM PermissionSet"), 0);
    for object in [
        OBJECT.replace("<length>100</length>", "<length>256</length>"),
        OBJECT.replace("<label>IFS Id</label>", ""),
        OBJECT.replace("Ifs_Id__c", "Ifs Id__c"),
        OBJECT.replace(">Text<", ">Nope<"),
    ] {
        assert_eq!(deploy(&admin, &package(&object, SET), false)["success"], false, "{object}");
    }
    assert!(
        deploy(&admin, &[("x", "y")], false)["errorMessage"]
            .as_str()
            .is_some_and(|text| text.contains("package.xml"))
    );
}

#[test]
fn fields_are_added_through_tooling_and_granted_by_records() {
    let client = bare();
    let admin = client.administrator();
    let field = |name: &str, metadata: Value| json!({ "FullName": name, "Metadata": metadata });
    let text =
        json!({ "label": "IFS Id", "type": "Text", "length": 100, "externalId": true, "unique": true });
    let path = "/tooling/sobjects/CustomField";
    assert_eq!(
        code(&client.call("POST", path, &field("Order.Ifs_Id__c", text.clone()))),
        (403, "INSUFFICIENT_ACCESS")
    );
    let (status, made) = admin.call("POST", path, &field("Order.Ifs_Id__c", text.clone()));
    assert_eq!((status, &made["success"]), (201, &json!(true)), "{made}");
    let twice = admin.call("POST", path, &field("Order.Ifs_Id__c", text.clone()));
    assert_eq!(code(&twice), (400, "DUPLICATE_DEVELOPER_NAME"));
    for (name, metadata) in [
        ("Order.Amount__c", json!({ "label": "Amount", "type": "Currency", "precision": 18, "scale": 2 })),
        ("Order.Paid__c", json!({ "label": "Paid", "type": "Checkbox", "defaultValue": "false" })),
        (
            "Order.State__c",
            json!({ "label": "State", "type": "Picklist", "valueSet": { "restricted": true, "valueSetDefinition": {
            "sorted": false, "value": [{ "fullName": "Open", "default": false, "label": "Open" }, { "fullName": "Paid", "default": false, "label": "Paid" }] } } }),
        ),
    ] {
        assert_eq!(admin.call("POST", path, &field(name, metadata)).0, 201, "{name}");
    }
    assert_eq!(
        admin.call("POST", path, &field("Order.Bad__c", json!({ "label": "x", "type": "Checkbox" }))).0,
        400
    );
    assert_eq!(admin.call("POST", path, &field("Nope.Bad__c", text)).0, 400);
    let (_, found) =
        admin.tooling_query("SELECT Id, DeveloperName FROM CustomField WHERE TableEnumOrId = 'Order'");
    assert_eq!(found["totalSize"], 4);
    let seen = |client: &Client| {
        client.call("GET", "/sobjects/Order/describe", &Value::Null).1.to_string().contains("State__c")
    };
    assert!(!seen(&client) && !seen(&admin));
    let set = admin.made("PermissionSet", &json!({ "Name": "Sync", "Label": "Sync" }));
    let user = admin.first("SELECT Id FROM User WHERE Username = 'integration@sandbox.example'");
    admin.made("PermissionSetAssignment", &json!({ "AssigneeId": user, "PermissionSetId": set }));
    let permission = |field: &str| json!({ "ParentId": set, "SobjectType": "Order", "Field": field, "PermissionsRead": true, "PermissionsEdit": true });
    let granted = admin.made("FieldPermissions", &permission("Order.State__c"));
    assert_eq!(admin.refused("FieldPermissions", &permission("Order.State__c")), "DUPLICATE_VALUE");
    assert_eq!(admin.refused("FieldPermissions", &permission("Order.Nope__c")), "INVALID_FIELD");
    assert!(seen(&client) && !seen(&admin));
    assert_eq!(admin.call("DELETE", &format!("/sobjects/FieldPermissions/{granted}"), &Value::Null).0, 204);
    assert!(!seen(&client));
}

#[test]
fn the_command_line_tool_deploys_by_soap() {
    use base64::Engine as _;
    let client = bare();
    let soap = |session: &str, body: &str| {
        let body = format!(
            "<e:Envelope xmlns:e=\"x\"><e:Header><SessionHeader><sessionId>{session}</sessionId></SessionHeader>\
             </e:Header><e:Body>{body}</e:Body></e:Envelope>"
        );
        let request = http::Request::post("//services/Soap/m/64.0").header("host", "acme.example");
        let response = crate::Endpoint::answer(&*client.org, &request.body(body.into()).expect("a request"));
        (response.status().as_u16(), String::from_utf8(response.body().to_vec()).expect("text"))
    };
    let admin = client.administrator();
    let archive = base64::engine::general_purpose::STANDARD.encode(pack(&package(OBJECT, SET)));
    let deploy = |check_only: bool| {
        let body = format!(
            "<deploy><ZipFile>{archive}</ZipFile><DeployOptions><checkOnly>{check_only}</checkOnly></DeployOptions></deploy>"
        );
        let (status, answer) = soap(&admin.token, &body);
        assert_eq!(status, 200, "{answer}");
        let id =
            answer.split_once("<id>").and_then(|(_, rest)| rest.split_once('<')).expect("an id").0.to_owned();
        soap(&admin.token, &format!(
            "<checkDeployStatus><asyncProcessId>{id}</asyncProcessId><includeDetails>true</includeDetails></checkDeployStatus>"
        ))
        .1
    };
    let fields = || admin.tooling_query("SELECT Id FROM CustomField").1["totalSize"].clone();
    let checked = deploy(true);
    assert!(
        checked.contains("<success>true</success>") && checked.contains("<checkOnly>true</checkOnly>"),
        "{checked}"
    );
    assert_eq!(fields(), 0);
    assert!(deploy(false).contains("<fullName>Account.Ifs_Id__c</fullName>"));
    assert_eq!(fields(), 1);
    assert!(soap(&admin.token, "<describeMetadata/>").1.contains("<xmlName>PermissionSet</xmlName>"));
    let listed =
        soap(&admin.token, "<listMetadata><queries><type>CustomObject</type></queries></listMetadata>").1;
    assert!(listed.contains("<fullName>OrderItem</fullName>"), "{listed}");
    for (session, body, code) in [
        ("x", "<describeMetadata/>", "INVALID_SESSION_ID"),
        (&*client.token, "<deploy/>", "INSUFFICIENT_ACCESS"),
        (&*admin.token, "<retrieve/>", "UNKNOWN_EXCEPTION"),
    ] {
        let (status, answer) = soap(session, body);
        assert!(status == 500 && answer.contains(code), "{answer}");
    }
}

#[test]
fn a_field_that_is_there_stays_visible_when_it_is_deployed_again() {
    let client = Client::new();
    let admin = client.administrator();
    let object = OBJECT.replace("Ifs_Id__c", "IFS_Key__c");
    let set = SET.replace("Ifs_Id__c", "IFS_Key__c");
    let member = MEMBER.replace("Ifs_Id__c", "IFS_Key__c");
    let mut files = package(&object, &set);
    files[4].1 = &member;
    assert_eq!(deploy(&admin, &files, false)["success"], true);
    assert_eq!(client.query("SELECT IFS_Key__c FROM Account").0, 200);
}
