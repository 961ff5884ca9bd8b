// What jsforce says about the sandbox. Usage: node jsforce.js <file with what the sandbox printed>
"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const jsforce = require("jsforce");

const served = JSON.parse(fs.readFileSync(process.argv[2], "utf8")).salesforce;

async function logIn(clientId) {
  const conn = new jsforce.Connection({
    instanceUrl: served.url,
    version: "64.0",
    oauth2: { clientId, clientSecret: served.client_secret, loginUrl: served.url },
  });
  await conn.authorize({ grant_type: "client_credentials" });
  return conn;
}

async function refused(promise, code) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.errorCode || error.name, code, `${error.errorCode}: ${error.message}`);
    return true;
  });
}

const checks = {
  async "log in and who am I"(conn) {
    const who = await conn.identity();
    assert.match(who.user_id, /^005/);
    assert.match(who.organization_id, /^00D/);
  },
  async "log in by user name"() {
    const conn = new jsforce.Connection({ loginUrl: served.url, instanceUrl: served.url, version: "64.0" });
    const who = await conn.login("admin@sandbox.example", served.client_secret);
    assert.match(who.id, /^005/);
    assert.ok((await conn.query("SELECT Id FROM User")).totalSize > 0);
    await conn.logout();
    await assert.rejects(conn.login("admin@sandbox.example", "wrong"), /INVALID_LOGIN/);
  },
  async "describe"(conn) {
    const global = await conn.describeGlobal();
    assert.ok(global.sobjects.some((object) => object.name === "OrderItem"));
    const account = await conn.describe("Account");
    const name = account.fields.find((field) => field.name === "Name");
    assert.equal(name.nillable, false);
    assert.ok(account.childRelationships.some((child) => child.relationshipName === "Contacts"));
  },
  async "a token alone is enough"(conn) {
    const bare = new jsforce.Connection({ instanceUrl: served.url, accessToken: conn.accessToken, version: "64.0" });
    assert.match((await bare.identity()).user_id, /^005/);
  },
  async "search, explain, recent, metadata"(conn) {
    await conn.sobject("Account").create({ Name: "Findable Works" });
    const found = await conn.search("FIND {findab*} IN NAME FIELDS RETURNING Account(Id, Name)");
    assert.equal(found.searchRecords[0].Name, "Findable Works");
    assert.equal((await conn.query("SELECT Id FROM Account").explain()).plans[0].sobjectType, "Account");
    assert.ok((await conn.recent()).some((one) => one.Name === "Findable Works"));
    assert.ok((await conn.metadata.describe("64.0")).metadataObjects.some((one) => one.xmlName === "PermissionSet"));
    const years = await conn.query("SELECT CALENDAR_YEAR(CreatedDate) y, COUNT(Id) n FROM Account GROUP BY CALENDAR_YEAR(CreatedDate)");
    assert.equal(years.records[0].y, new Date().getUTCFullYear());
    await assert.rejects(conn.query("SELECT Id, Nope FROM Account"), /ERROR at Row:1:Column:12\nNo such column 'Nope'/);
  },
  async "create, read, change, delete"(conn) {
    const made = await conn.sobject("Account").create({ Name: "Referee" });
    assert.equal(made.success, true);
    const read = await conn.sobject("Account").retrieve(made.id);
    assert.equal(read.Name, "Referee");
    assert.equal((await conn.sobject("Account").update({ Id: made.id, Phone: "1" })).success, true);
    assert.equal((await conn.sobject("Account").destroy(made.id)).success, true);
    await refused(conn.sobject("Account").retrieve(made.id), "ENTITY_IS_DELETED");
    await refused(conn.sobject("Account").create({ Phone: "1" }), "REQUIRED_FIELD_MISSING");
    await refused(conn.sobject("Account").create({ Name: "x", Nope__c: "1" }), "INVALID_FIELD");
  },
  async "upsert"(conn) {
    const first = await conn.sobject("Account").upsert({ Name: "One", IFS_Key__c: "R-1" }, "IFS_Key__c");
    const second = await conn.sobject("Account").upsert({ Name: "Two", IFS_Key__c: "r-1" }, "IFS_Key__c");
    assert.equal(first.id, second.id);
    assert.deepEqual([first.created, second.created], [true, false]);
  },
  async "collections"(conn) {
    const records = [1, 2, 3].map((n) => ({ Name: `C${n}`, IFS_Key__c: `R-C${n}` }));
    records[1].Name = null;
    const made = await conn.sobject("Account").create(records, { allOrNone: false });
    assert.deepEqual(made.map((one) => one.success), [true, false, true]);
    assert.equal(made[1].errors[0].statusCode || made[1].errors[0].errorCode, "REQUIRED_FIELD_MISSING");
    const upserted = await conn.sobject("Account").upsert(
      [{ Name: "C1b", IFS_Key__c: "R-C1" }, { Name: "C4", IFS_Key__c: "R-C4" }], "IFS_Key__c");
    assert.deepEqual(upserted.map((one) => one.created), [false, true]);
    const read = await conn.sobject("Account").retrieve([made[0].id, made[2].id]);
    assert.deepEqual(read.map((one) => one.Name), ["C1b", "C3"]);
    const gone = await conn.sobject("Account").destroy([made[0].id, made[2].id]);
    assert.ok(gone.every((one) => one.success));
  },
  async "queries"(conn) {
    const parent = await conn.sobject("Account").create({ Name: "Parent O'Neil" });
    await conn.sobject("Contact").create({ LastName: "Ek", AccountId: parent.id });
    const found = await conn.query(
      "SELECT Id, Account.Name, Account.Owner.Name FROM Contact WHERE Account.Name LIKE 'parent o\\'%' AND CreatedDate = TODAY");
    assert.equal(found.records[0].Account.Name, "Parent O'Neil");
    const nested = await conn.query(`SELECT Id, (SELECT LastName FROM Contacts) FROM Account WHERE Id = '${parent.id}'`);
    assert.equal(nested.records[0].Contacts.records[0].LastName, "Ek");
    const grouped = await conn.query("SELECT COUNT(Id) n, LastName FROM Contact GROUP BY LastName");
    assert.equal(grouped.records[0].n, 1);
    const chained = await conn.sobject("Contact").find({ LastName: "Ek" }, ["Id", "LastName"]).sort({ LastName: 1 }).limit(5);
    assert.equal(chained.length, 1);
    await refused(conn.query("SELECT Nope FROM Account"), "INVALID_FIELD");
    await refused(conn.query("SELECT Id FROM Nope"), "INVALID_TYPE");
    await refused(conn.query("SELECT Id FROM"), "MALFORMED_QUERY");
  },
  async "composite"(conn) {
    const answer = await conn.request({
      method: "POST", url: `${conn.instanceUrl}/services/data/v64.0/composite`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ allOrNone: true, compositeRequest: [
        { method: "POST", url: "/services/data/v64.0/sobjects/Account", referenceId: "a", body: { Name: "Composite" } },
        { method: "POST", url: "/services/data/v64.0/sobjects/Contact", referenceId: "c", body: { LastName: "Berg", AccountId: "@{a.id}" } },
      ] }),
    });
    assert.deepEqual(answer.compositeResponse.map((part) => part.httpStatusCode), [201, 201]);
  },
  async "orders"(conn) {
    const account = await conn.sobject("Account").create({ Name: "Buyer" });
    const product = await conn.sobject("Product2").create({ Name: "Bolt", IsActive: true });
    const book = (await conn.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")).records[0].Id;
    const entry = await conn.sobject("PricebookEntry").create(
      { Product2Id: product.id, Pricebook2Id: book, UnitPrice: 2, IsActive: true });
    const order = await conn.sobject("Order").create(
      { AccountId: account.id, EffectiveDate: "2026-03-01", Status: "Draft", Pricebook2Id: book });
    await refused(conn.sobject("Order").update({ Id: order.id, Status: "Activated" }), "FAILED_ACTIVATION");
    await conn.sobject("OrderItem").create({ OrderId: order.id, PricebookEntryId: entry.id, Quantity: 3, UnitPrice: 2 });
    await conn.sobject("Order").update({ Id: order.id, Status: "Activated" });
    assert.equal((await conn.sobject("Order").retrieve(order.id)).TotalAmount, 6);
    await refused(conn.sobject("Order").destroy(order.id), "DELETE_FAILED");
  },
  async "bulk ingest and query"(conn) {
    conn.bulk2.pollInterval = 50;
    conn.bulk2.pollTimeout = 10_000;
    const results = await conn.bulk2.loadAndWaitForResults({
      object: "Account", operation: "upsert", externalIdFieldName: "IFS_Key__c",
      input: [{ IFS_Key__c: "R-B1", Name: "B1" }, { IFS_Key__c: "R-B2", Name: "" }],
    });
    assert.equal(results.successfulResults.length, 1);
    assert.equal(results.failedResults.length, 1);
    assert.match(results.failedResults[0].sf__Error, /^REQUIRED_FIELD_MISSING:/);
    const stream = await conn.bulk2.query("SELECT IFS_Key__c, Name FROM Account WHERE IFS_Key__c LIKE 'R-B%'");
    const rows = await stream.toArray();
    assert.deepEqual(rows.map((row) => row.Name), ["B1"]);
  },
  async "updated and deleted"(conn) {
    const [start, end] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 60_000)];
    assert.ok((await conn.sobject("Account").updated(start, end)).ids.length > 0);
    assert.ok((await conn.sobject("Account").deleted(start, end)).deletedRecords.length > 0);
  },
  async "limits"(conn) {
    const limits = await conn.request("/services/data/v64.0/limits");
    assert.ok(limits.DailyApiRequests.Remaining < limits.DailyApiRequests.Max);
    assert.ok(conn.limitInfo.apiUsage.used > 0);
  },
  async "tooling"() {
    const conn = await logIn("ml-connector-admin");
    const made = await conn.tooling.sobject("CustomField").create({
      FullName: "Account.Referee__c", Metadata: { label: "Referee", type: "Text", length: 20 } });
    assert.equal(made.success, true);
    const found = await conn.tooling.query("SELECT DeveloperName FROM CustomField WHERE TableEnumOrId = 'Account'");
    assert.equal(found.records[0].DeveloperName, "Referee");
  },
};

(async () => {
  const conn = await logIn(served.client_id);
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check(conn);
      console.log(`jsforce: ${name}: agrees`);
    } catch (error) {
      failed += 1;
      console.error(`jsforce: ${name}: ${error.stack}`);
    }
  }
  process.exit(failed === 0 ? 0 : 1);
})();
