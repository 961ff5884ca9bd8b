// What the Node Pub/Sub client says about the sandbox's change events.
// Usage: node events.mjs <file with what the sandbox printed>
import assert from "node:assert/strict";
import fs from "node:fs";
import PubSubApiClient from "salesforce-pubsub-api-client";

const served = JSON.parse(fs.readFileSync(process.argv[2], "utf8")).salesforce;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

async function logIn() {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: "ml-connector-admin",
    client_secret: served.client_secret,
  });
  const answer = await (await fetch(`${served.url}/services/oauth2/token`, { method: "POST", body })).json();
  return answer.access_token;
}

const token = await logIn();

async function rest(method, path, body) {
  const answer = await fetch(`${served.url}/services/data/v64.0${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  const text = await answer.text();
  return text && JSON.parse(text);
}

async function door(path, body) {
  const answer = await fetch(`${served.url}/sandbox/${path}`, { method: "POST", body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
}

async function connect() {
  const client = new PubSubApiClient(
    {
      authType: "oauth-client-credentials",
      loginUrl: served.url,
      clientId: "ml-connector-admin",
      clientSecret: served.client_secret,
      pubSubEndpoint: served.events_url.replace("https://", ""),
      // The client takes no authority but its own list.
      rejectUnauthorizedSsl: false,
    },
    quiet,
  );
  await client.connect();
  return client;
}

// Collects what a subscription says, and waits for so many events.
function listener() {
  const told = { events: [], errors: [] };
  let wake = () => {};
  return {
    told,
    hear(_subscription, type, data) {
      if (type === "event") told.events.push(data);
      if (type === "error") told.errors.push(data);
      wake();
    },
    async until(done) {
      const late = new Promise((_, reject) => setTimeout(reject, 20000, new Error("nothing came")).unref());
      while (!done(told)) await Promise.race([new Promise((resolve) => (wake = resolve)), late]);
    },
  };
}

const topic = "/data/AccountChangeEvent";
const header = (event) => event.payload.ChangeEventHeader;
const client = await connect();

const first = listener();
await client.subscribe(topic, first.hear, 100);
// The stream stands when the sandbox has opened it.
while ((await (await fetch(`${served.url}/sandbox/stats`)).json()).figures.streams < 1) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const made = await rest("POST", "/sobjects/Account", { Name: "Referee", BillingCity: "Åre", AnnualRevenue: 1250 });
await rest("PATCH", `/sobjects/Account/${made.id}`, { Phone: "+46 1", BillingCity: "Umeå" });
await rest("PATCH", `/sobjects/Account/${made.id}`, { Phone: null });
await door("switches", { events: { gaps: 1 } });
await rest("PATCH", `/sobjects/Account/${made.id}`, { Phone: "2" });
await rest("DELETE", `/sobjects/Account/${made.id}`);
await first.until((told) => told.events.length >= 5);
const [create, update, nulled, gap, removal] = first.told.events;
assert.equal(header(create).changeType, "CREATE");
assert.equal(create.payload.Name, "Referee");
assert.equal(create.payload.AnnualRevenue, 1250);
assert.deepEqual(header(create).recordIds, [made.id]);
assert.match(header(create).changeOrigin, /^com\/salesforce\/api\/rest\/64\.0/);
assert.equal(header(update).changeType, "UPDATE");
assert.deepEqual(header(update).changedFields.toSorted(), ["BillingAddress.City", "LastModifiedDate", "Phone"]);
assert.equal(update.payload.BillingAddress.City ?? update.payload.BillingAddress, "Umeå");
assert.deepEqual(header(nulled).nulledFields, ["Phone"]);
assert.equal(header(gap).changeType, "GAP_UPDATE");
assert.equal(header(removal).changeType, "DELETE");
console.log("Node Pub/Sub client: create, update, null, gap, delete: agrees");
client.close();

const second = await connect();
const again = listener();
await second.subscribeFromReplayId(topic, again.hear, 100, update.replayId);
await again.until((told) => told.events.length >= 3);
assert.deepEqual(again.told.events.map((event) => event.id), [nulled, gap, removal].map((event) => event.id));
console.log("Node Pub/Sub client: replay: agrees");
second.close();

const third = await connect();
const lost = listener();
await third.subscribeFromReplayId(topic, lost.hear, 100, 1);
await lost.until((told) => told.errors.length > 0);
assert.match(String(lost.told.errors[0].metadata?.get("error-code")), /replayid\.corrupted/);
console.log("Node Pub/Sub client: a replay id that is none: agrees");
third.close();
process.exit(0);
