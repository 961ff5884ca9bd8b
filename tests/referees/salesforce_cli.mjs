// What the Salesforce CLI says about the sandbox.
// Usage: node salesforce_cli.mjs <file with what the sandbox printed> <folder that the CLI is installed in>
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const served = JSON.parse(fs.readFileSync(process.argv[2], "utf8")).salesforce;
const folder = path.resolve(process.argv[3]);
const home = fs.mkdtempSync(path.join(folder, "home-"));

async function token() {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: "ml-connector-admin",
    client_secret: served.client_secret,
  });
  return (await (await fetch(`${served.url}/services/oauth2/token`, { method: "POST", body })).json()).access_token;
}

const env = {
  PATH: `${path.join(folder, "node_modules", ".bin")}:${process.env.PATH}`,
  HOME: home,
  SF_ACCESS_TOKEN: await token(),
  SF_ORG_API_VERSION: "64.0",
  SF_DISABLE_TELEMETRY: "true",
  SF_AUTOUPDATE_DISABLE: "true",
  SF_SKIP_NEW_VERSION_CHECK: "true",
  // There is no keychain where nobody sits.
  SF_USE_GENERIC_UNIX_KEYCHAIN: "true",
};

function sf(...args) {
  let text;
  try {
    text = execFileSync("sf", [...args, "--json"], { env, cwd: home, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    text = error.stdout;
    assert.ok(text, `sf ${args.join(" ")}: ${error.stderr}`);
  }
  const answer = JSON.parse(text.slice(text.indexOf("{")));
  return { ...answer, says: answer.message ?? "" };
}

function done(...args) {
  const answer = sf(...args);
  assert.equal(answer.status, 0, `sf ${args.join(" ")}: ${answer.says}`);
  return answer.result;
}

const org = ["--target-org", "box"];
const checks = {
  "log in"() {
    done("org", "login", "access-token", "--instance-url", served.url, "--alias", "box", "--no-prompt");
    assert.equal(done("org", "display", ...org).username, "admin@sandbox.example");
  },
  "limits and describe"() {
    assert.ok(done("org", "list", "limits", ...org).some((limit) => limit.name === "DailyApiRequests"));
    const account = done("sobject", "describe", "--sobject", "Account", ...org);
    assert.ok(account.fields.some((field) => field.name === "IFS_Key__c" && field.externalId));
  },
  "metadata, over SOAP"() {
    const source = path.resolve(import.meta.dirname, "../../salesforce");
    const deploy = ["project", "deploy", "start", "--metadata-dir", source, "--wait", "5", ...org];
    assert.equal(done(...deploy, "--dry-run").success, true);
    assert.equal(done(...deploy).numberComponentErrors, 0);
    assert.ok(done("org", "list", "metadata", "--metadata-type", "CustomObject", ...org).some((one) => one.fullName === "Order"));
  },
  "tables, searches and counts, as people read them"() {
    done("data", "create", "record", "--sobject", "Account", "--values", "Name='Table AB' BillingCity=Umea", ...org);
    const read = (...args) => execFileSync("sf", [...args, ...org], { env, cwd: home, encoding: "utf8" });
    assert.match(read("data", "query", "--query", "SELECT Id, Name, Owner.Name FROM Account WHERE BillingCity = 'Umea'"), /Table AB/);
    assert.match(read("data", "query", "--query", "SELECT BillingCity, COUNT(Id) n FROM Account GROUP BY BillingCity"), /Umea/);
    assert.match(read("data", "search", "--query", "FIND {Table} IN NAME FIELDS RETURNING Account(Name)"), /Table AB/);
    assert.ok(done("org", "list", "sobject", "record-counts", "--sobject", "Account", ...org)[0].count > 0);
  },
  "create, read, change, delete"() {
    const of = ["--sobject", "Account", ...org];
    const made = done("data", "create", "record", "--values", "Name='Referee AB' IFS_Key__c=CLI-1", ...of);
    done("data", "update", "record", "--record-id", made.id, "--values", "Phone='+46 1'", ...of);
    assert.equal(done("data", "get", "record", "--record-id", made.id, ...of).Phone, "+46 1");
    assert.equal(done("data", "get", "record", "--where", "IFS_Key__c='CLI-1'", ...of).Name, "Referee AB");
    done("data", "delete", "record", "--record-id", made.id, ...of);
    assert.notEqual(sf("data", "get", "record", "--record-id", made.id, ...of).status, 0);
    assert.match(sf("data", "create", "record", "--values", "Phone=1", ...of).says, /REQUIRED_FIELD_MISSING|Required fields are missing/);
  },
  "bulk upsert and query"() {
    const file = path.join(home, "accounts.csv");
    const rows = Array.from({ length: 50 }, (_, number) => `CLI-B${number},Bulk ${number}`);
    fs.writeFileSync(file, `IFS_Key__c,Name\n${rows.join("\n")}\n`);
    const upsert = ["data", "upsert", "bulk", "--sobject", "Account", "--external-id", "IFS_Key__c", "--file", file];
    const job = done(...upsert, "--line-ending", "LF", "--wait", "5", ...org);
    assert.equal(Number(job.processedRecords ?? job.jobInfo?.numberRecordsProcessed), 50);
    const out = path.join(home, "out.csv");
    const query = "SELECT Name FROM Account WHERE IFS_Key__c LIKE 'CLI-B%'";
    done("data", "export", "bulk", "--query", query, "--output-file", out, "--result-format", "csv", "--wait", "5", ...org);
    assert.equal(fs.readFileSync(out, "utf8").trim().split("\n").length, 51);
  },
};

for (const [name, check] of Object.entries(checks)) {
  check();
  console.log(`Salesforce CLI: ${name}: agrees`);
}
