"""The whole product between an OData server that was written elsewhere and a Salesforce that was written anew.

Usage: python3 odata_referee.py BINARY FOLDER HERE [WORD ...]   (only checks whose name has one of the words)
"""

import json
import random
import re
import signal
import sys
import time
import traceback
from pathlib import Path

import odata_front
import salesforce_imitation
from odata_world import ROWS, Cap, Mapping, Product, differences, suppliers

BINARY, FOLDER, HERE = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
WORDS = sys.argv[4:]
CHECKS = []


def check(function):
    """One check: its first line of documentation is its name."""
    CHECKS.append(function)
    return function


class World:
    """Both servers, and a link between them."""

    def __init__(self):
        app = FOLDER / "app"
        self.cap = Cap(app, HERE / "cap", suppliers())
        self.front = odata_front.serve(odata_front.Front(self.cap.port))
        self.number = 0
        self.fresh()

    def fresh(self, **settings):
        """An empty org, and a link that has never run; what is given goes into the configuration."""
        self.front.reset()
        self.org = salesforce_imitation.serve(salesforce_imitation.Org())
        self.number += 1
        self.product = Product(BINARY, FOLDER / f"link-{self.number}", self.front, self.org)
        self.mapping = Mapping(self.product.folder / "mappings" / "supplier-to-account.toml")
        for table, text in settings.items():
            self.product.configure(table.replace("__", "."), text)
        return self.product

    def loaded(self):
        """A link whose first load is done, and no poll that an earlier check broke off."""
        self.front.reset()
        if not self.org.rows:
            self.run()
        self.run()
        self.front.reset()
        self.org.reset_figures()
        return self.product

    def run(self, *args, code=0):
        """One cycle, with its report."""
        return self.product.json("run", *args, code=code)[0]["flows"][0]

    def right(self):
        """Everything is as it should be, and the org saw nothing that a real one refuses."""
        wrong = differences(self.cap, self.org, self.mapping)
        assert not wrong, f"{len(wrong)} differences, first {wrong[:5]}"
        assert not self.org.violations, self.org.violations[:5]

    def quiet(self):
        """A further run writes nothing."""
        self.org.reset_figures()
        self.run()
        assert not self.org.writes, f"{len(self.org.writes)} writes, first {self.org.writes[:3]}"

    def rest(self):
        """After a mass change polls take several pages, which leave the last seconds to the next poll."""
        time.sleep(6)

    def verified(self):
        """The audit log is whole."""
        self.product.json("audit", "verify")


def pages(front):
    """The calls for rows."""
    return [call for call in front.calls if call["path"].endswith("/SupplierSet") and call["method"] == "GET"]


@check
def doctor_is_content(world):
    """doctor finds nothing red against servers written elsewhere"""
    findings = world.product.json("doctor")
    red = [finding for finding in findings if finding["health"] == "red"]
    assert not red, red
    assert {"ifs", "salesforce"} <= {finding["system"] for finding in findings}
    print(*(f"    {f['health']:6} {f['system']}: {f['check']}: {f['detail']}" for f in findings), sep="\n")


@check
def plan_writes_nothing(world):
    """plan counts 12,500 new Accounts and writes nothing"""
    plan = world.product.json("plan")
    text = json.dumps(plan)
    assert str(ROWS) in text, text[:500]
    assert not world.org.rows and not world.org.writes


@check
def first_load(world):
    """the first run carries 12,500 suppliers: counts, scripts, decimals, dates"""
    started = time.monotonic()
    report = world.run()
    print(f"    {time.monotonic() - started:.1f} s, {len(pages(world.front))} pages, {len(world.org.calls)} calls to Salesforce: {report}")
    assert world.org.created == ROWS and world.org.updated == 0, (world.org.created, world.org.updated)
    world.right()


@check
def unchanged_world(world):
    """an unchanged world costs no write, and a full walk neither"""
    world.loaded()
    world.quiet()
    world.org.reset_figures()
    world.run("--full")
    assert not world.org.writes, f"{len(world.org.writes)} writes, first {world.org.writes[:3]}"
    world.right()


@check
def twenty_edits(world):
    """20 edited suppliers become 20 updates of just the edited fields"""
    world.loaded()
    keys = ["A'B", "A+B %41", "鋼-3", "🔩-4", *list(world.cap.rows)[500:516]]
    for key in keys:
        world.cap.edit(key, City="Umeå", CreditLimit="0.01")
    report = world.run()
    assert sorted(key for _, key, _ in world.org.writes) == sorted(keys), (report, world.org.writes)
    assert all(kind == "update" for kind, _, _ in world.org.writes)
    world.right()
    print(f"    {len(world.front.calls)} calls to OData, {len(world.org.calls)} to Salesforce")
    world.quiet()


@check
def line_breaks(world):
    """a person saves an Account by hand, and line breaks become CR LF: no endless updates"""
    world.loaded()
    key = next(key for key, row in world.cap.rows.items() if row["Address1"] and row["Address2"])
    street = world.org.rows[world.org.by_key[key.lower()]]["BillingStreet"]
    world.org.crlf = True
    try:
        world.org.person_edits(key, BillingStreet=street.replace("\n", "\r\n"))
        world.run("--full")
        assert not world.org.writes, world.org.writes
    finally:
        world.org.crlf = False
        world.org.person_edits(key, BillingStreet=street)


@check
def edits_during_the_walk(world):
    """rows change, come and move between pages of the walk: nothing is lost, nothing doubled"""
    world.fresh()
    keys = list(world.cap.rows)
    chance = random.Random(3)
    seen = []

    def before(call):
        if not call["path"].endswith("/SupplierSet"):
            return
        seen.append(call)
        if len(seen) in (2, 3):
            for at, key in enumerate(chance.sample(keys, 20)):
                world.cap.edit(key, City=f"Moved {len(seen)} {at}")
            for at in range(5):
                world.cap.add(f"{'A' if at % 2 else 'T'}NEW-{len(seen)}-{at}", keys[100])

    world.front.before = before
    world.run()
    world.front.before = None
    time.sleep(3)
    world.run()
    world.right()
    polls = [call for call in pages(world.front) if "$skip" in call["query"]]
    assert all("skiptoken" in call["query"] for call in polls), polls[0]["query"]
    world.quiet()


@check
def own_layout(world):
    """a server that is not laid out as IFS is: its path and the name of its set are configuration"""
    world.fresh(ifs__entities__SupplierSet='path = "odata/v4/catalog"\nset = "Vendors"')
    findings = world.product.json("doctor")
    assert not [finding for finding in findings if finding["health"] == "red"], findings
    world.run()
    world.right()
    world.quiet()
    world.fresh()


@check
def equal_times_changed(world):
    """6,000 rows move to one new time at once and are found by polling in pages of 1,000"""
    world.loaded()
    world.fresh(ifs__entities__SupplierSet="page_size = 1000")
    world.run()
    world.run()
    moment = world.cap.now()
    keys = list(world.cap.rows)[200:6200]
    with world.cap.lock:
        for key in keys:
            world.cap.rows[key] |= {"ModifiedDate": moment, "City": "Together"}
    for start in range(0, len(keys), 1000):  # much of it at once: the server is quicker so
        parts = [{"id": str(at), "method": "PATCH", "url": f"SupplierSet('{key}')", "headers": {"if-match": "*", "content-type": "application/json"},
                  "body": {"ModifiedDate": moment, "City": "Together"}} for at, key in enumerate(keys[start : start + 1000])]
        answer = world.cap.ask("POST", f"{world.cap.PREFIX}/$batch", {"requests": parts})
        assert all(part["status"] < 300 for part in answer["responses"]), answer["responses"][0]
    time.sleep(3)
    world.org.reset_figures()
    world.run(code=6)  # so many changes at once want somebody who looks
    assert not world.org.writes, len(world.org.writes)
    world.run("--confirm")
    assert len(world.org.writes) == len(keys), len(world.org.writes)
    world.right()


def with_json(change):
    """A rewriting of every JSON answer."""

    def rewrite(call, status, headers, body):
        if status != 200 or "json" not in headers.get("Content-Type", headers.get("content-type", "")):
            return status, headers, body
        return status, headers, json.dumps(change(call, json.loads(body, parse_float=str)), ensure_ascii=False).encode()

    return rewrite


@check
def numbers_either_way(world):
    """numbers come as JSON numbers where they came as strings: no write"""
    world.loaded()

    def rewrite(call, status, headers, body):
        text = body.decode()
        changed = re.sub(r'"(CreditLimit|Revision)":"(-?[0-9.]+)"', r'"\1":\2', text)
        if changed == text:
            changed = re.sub(r'"(CreditLimit|Revision)":(-?[0-9.]+)', r'"\1":"\2"', text)
        assert changed != text or status != 200 or "CreditLimit\":" not in text
        return status, headers, changed.encode()

    world.front.rewrite = rewrite
    world.run("--full")
    assert not world.org.writes, world.org.writes[:3]
    world.right()


@check
def other_manners(world):
    """no count, extra control information, nulls of 4.01, absolute next links: no write"""
    world.loaded()

    def change(call, document):
        if "value" in document:
            document.pop("@odata.count", None)
            document.pop("@count", None)
            link = document.pop("@odata.nextLink", None)
            for row in document["value"]:
                row |= {"@odata.id": "SupplierSet('x')", "@odata.type": "#referee.Supplier", "@Ui.Hint": {"a": [1, {"b": None}]},
                        "Name@Core.Description": "x", "Contacts@odata.count": 3, "Contacts": [{"@odata.etag": "W/\"1\"", "a": "]}"}], "Objgrants": None}
            document["@vendor.note"] = "x"
            if link:
                document["@odata.nextLink"] = f"{world.front.url}{world.cap.PREFIX}/{link}"
        return document

    world.front.rewrite = with_json(change)
    world.run("--full")
    world.run()
    assert not world.org.writes, world.org.writes[:3]


@check
def next_link_elsewhere(world):
    """a next link to another origin is refused and never asked, with the token least of all"""
    world.loaded()
    other = odata_front.serve(odata_front.Front(world.cap.port))

    def change(call, document):
        if "value" in document:
            document["@odata.nextLink"] = f"{other.url}{world.cap.PREFIX}/SupplierSet?$skiptoken=5000"
            document["value"] = []
        return document

    world.front.rewrite = with_json(change)
    done = world.product.call("run", "--full")
    assert done.returncode == 12, (done.returncode, done.stderr)
    assert not other.calls
    assert "origin" in done.stderr.lower() or other.url.split("//")[1] in done.stderr, done.stderr
    print("   ", *done.stderr.strip().splitlines(), sep="\n    ")


@check
def broken_page(world):
    """malformed JSON in page 3: exit 12, nothing lost, and it goes on from there"""
    world.fresh()
    calls = []

    def rewrite(call, status, headers, body):
        if call["path"].endswith("/SupplierSet"):
            calls.append(call)
            if len(calls) == 3:
                return status, headers, body[: len(body) // 2] + b'{"' + body[len(body) // 2 + 40 :]
        return status, headers, body

    world.front.rewrite = rewrite
    done = world.product.call("run")
    assert done.returncode == 12, (done.returncode, done.stderr)
    print("   ", *done.stderr.strip().splitlines(), sep="\n    ")
    world.front.reset()
    world.run()
    world.right()


@check
def cut_page(world):
    """an answer that ends early is asked for again"""
    world.loaded()
    world.front.arm("lose", when=lambda call: call["path"].endswith("/SupplierSet"))
    world.run()
    assert not world.org.writes


@check
def busy_odata(world):
    """429 with Retry-After, 503 with HTML, 401 in the middle: the run goes on"""
    world.loaded()
    rows = lambda call: call["path"].endswith("/SupplierSet")
    world.front.arm("answer", when=rows, status=429, headers={"Retry-After": "1"}, body=b"")
    world.front.arm("answer", when=rows, status=503, headers={"Content-Type": "text/html"}, body=b"<html>busy</html>")
    world.front.arm("answer", when=rows, status=401, body=b"")
    started = time.monotonic()
    world.run()
    assert time.monotonic() - started >= 1
    assert not world.org.writes


@check
def odata_errors_are_told(world):
    """a refused set, a missing set, a missing field, a wrong secret: exit codes and words"""
    world.loaded()
    world.front.arm("answer", times=9, when=lambda call: call["path"].endswith("/SupplierSet"), status=403,
                    headers={"Content-Type": "application/json"}, body=b'{"error":{"code":null,"message":"No grant","details":[]}}')
    done = world.product.call("run")
    assert done.returncode == 5 and "No grant" in done.stderr, (done.returncode, done.stderr)
    world.front.reset()
    keep = world.front.secret
    world.front.secret = "other"
    world.front.tokens.clear()
    done = world.product.call("run")
    told = world.product.call("doctor")
    world.front.secret = keep
    assert done.returncode == 5 and "unauthorized_client" in done.stderr, (done.returncode, done.stderr)
    assert told.returncode == 11, (told.returncode, told.stdout)
    print("   ", *done.stderr.strip().splitlines(), sep="\n    ")
    world.fresh(ifs__entities__SupplierSet='set = "SuplierSet"')
    done = world.product.call("run")
    assert done.returncode in (5, 12) and "SupplierSet" in done.stderr, (done.returncode, done.stderr)
    print("   ", *done.stderr.strip().splitlines(), sep="\n    ")
    world.fresh(ifs__entities__SupplierSet='extra_fields = { CfScore = "decimal" }')
    done = world.product.call("run")
    assert done.returncode in (5, 12) and "CfScore" in done.stderr, (done.returncode, done.stderr)
    print("   ", *done.stderr.strip().splitlines(), sep="\n    ")
    told = world.product.call("doctor")
    assert told.returncode == 11 and "CfScore" in told.stdout, told.stdout
    world.fresh()


@check
def lost_answers(world):
    """Salesforce writes and the answer is lost, again and again: nothing doubled"""
    world.fresh()
    writes = lambda call: call["method"] in ("POST", "PATCH") and "composite" in call["target"] and b"records" in call["body"]
    world.org.arm("lose", times=6, when=writes)
    done = world.product.call("run")
    print(f"    exit {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    for _ in range(5):
        done = world.product.call("run")
        if done.returncode == 0:
            break
    assert done.returncode == 0, done.stderr
    world.right()
    world.verified()
    world.quiet()


@check
def busy_salesforce(world):
    """503 with HTML, request limits, an expired session in the middle: the run goes on"""
    world.loaded()
    keys = list(world.cap.rows)[900:920]
    for key in keys:
        world.cap.edit(key, City="Busy")
    world.rest()
    world.org.arm("html", times=2, when=lambda call: "composite" in call["target"] or "query" in call["target"])
    world.org.arm("refuse", when=lambda call: "composite" in call["target"] or "query" in call["target"], status=403,
                  code="REQUEST_LIMIT_EXCEEDED", message="ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
    world.org.expire_sessions()
    world.run()
    assert len(world.org.writes) == 20, world.org.writes
    world.right()


@check
def expired_session(world):
    """a session ends in the middle of a write: one new token; refused again and again: no loop"""
    world.loaded()
    keys = list(world.cap.rows)[1000:1010]
    for key in keys:
        world.cap.edit(key, City="Expired")
    world.rest()
    world.org.arm("refuse", times=1, when=lambda call: b"records" in call["body"], status=401, code="INVALID_SESSION_ID", message="Session expired or invalid")
    world.run()
    assert len(world.org.writes) == 10
    assert world.org.logins <= 3, world.org.logins
    world.org.reset_figures()
    world.org.arm("refuse", times=50, status=401, code="INVALID_SESSION_ID", message="Session expired or invalid")
    world.cap.edit(keys[0], City="Refused")
    world.rest()
    done = world.product.call("run")
    assert done.returncode == 5, (done.returncode, done.stderr)
    assert world.org.logins <= 4, world.org.logins
    world.org.reset_figures()
    world.run()
    world.right()


@check
def salesforce_errors_are_told(world):
    """wrong client, wrong secret, no user, no quota, html from the token endpoint: exit codes and words"""
    world.loaded()
    world.cap.edit(list(world.cap.rows)[42], City="Told")
    world.rest()
    for lever, code, word in [
        ({"error": "invalid_client_id", "text": "client identifier invalid"}, 5, "client identifier invalid"),
        ({"error": "invalid_client", "text": "invalid client credentials"}, 5, "invalid client credentials"),
        ({"error": "invalid_grant", "text": "no client credentials user enabled"}, 5, "Run As"),
        ({"html": True, "status": 503}, 4, "503"),
    ]:
        world.org.expire_sessions()
        world.org.arm("token", times=20, **lever)
        done = world.product.call("run")
        assert done.returncode == code, (lever, done.returncode, done.stderr)
        assert word.lower() in done.stderr.lower(), (word, done.stderr)
        assert world.org.logins == 0
        attempts = sum(1 for _, target, _ in world.org.calls if target == "/services/oauth2/token")
        assert code == 4 or attempts == 1, f"{attempts} attempts to log in"
        world.org.reset_figures()
    keep, world.org.quota = world.org.quota, 0
    done = world.product.call("run")
    world.org.quota = keep
    assert done.returncode == 4 and "REQUEST_LIMIT_EXCEEDED" in done.stderr, (done.returncode, done.stderr)
    print("   ", *done.stderr.strip().splitlines(), sep="\n    ")
    world.org.reset_figures()
    world.run()
    world.right()


@check
def partial_failures(world):
    """duplicates, validation rules, locked rows: the others go on, each has its reason and its way out"""
    world.loaded()
    keys = list(world.cap.rows)[2000:2020]
    for key in keys:
        world.cap.edit(key, City="Part")
    world.rest()
    is_key = lambda key: lambda record: record.get("IFS_Key__c") == key
    duplicate = {"duplicateResult": {"allowSave": False, "duplicateRule": "Standard_Account", "errorMessage": "Use one of these records?", "matchResults": []}}
    world.org.arm("row", times=9, when=is_key(keys[0]), code="DUPLICATES_DETECTED", message="Use one of these records?", more=duplicate)
    world.org.arm("row", times=9, when=is_key(keys[1]), code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="A supplier needs a phone")
    world.org.arm("row", times=1, when=is_key(keys[2]), code="UNABLE_TO_LOCK_ROW", message="unable to obtain exclusive access to this record or 1 records: 001")
    done = world.product.call("run")
    assert done.returncode == 6, (done.returncode, done.stdout, done.stderr)
    waiting = world.product.json("quarantine", "list")
    print(*(f"    {json.dumps(one, ensure_ascii=False)[:220]}" for one in waiting), sep="\n")
    assert "A supplier needs a phone" in json.dumps(waiting)
    written = {key for _, key, _ in world.org.writes}
    assert set(keys[3:]) <= written and keys[0] not in written and keys[1] not in written, written
    world.org.levers.clear()
    world.product.json("quarantine", "retry", "--all")
    time.sleep(1)
    for _ in range(3):
        done = world.product.call("run")
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    world.right()


@check
def killed_at_random(world):
    """kill -9 at random moments of a load, 12 times, then to the end: nothing lost, nothing doubled"""
    world.fresh()
    chance = random.Random(11)
    seen = lambda: len(world.front.calls) + len(world.org.calls)
    for at in range(12):
        process = world.product.start("run")
        # So many calls later, and some time into the next one.
        wanted = seen() + chance.randint(1, 12)
        while seen() < wanted and process.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if at % 4 == 3:
            print(f"    killed {at + 1} times, {len(world.org.rows)} Accounts")
    world.run()
    world.run()
    world.right()
    assert world.org.created == len(world.cap.rows), (world.org.created, len(world.cap.rows))
    world.verified()
    world.quiet()


@check
def secrets_stay_secret(world):
    """no secret and no token in the data folder or in what is printed"""
    world.loaded()
    tokens = [*world.org.tokens, *list(world.front.tokens)[-5:], world.org.secret, world.front.secret]
    exported = world.product.call("audit", "export").stdout
    assert len(exported) > 1000
    blob = b"".join(file.read_bytes() for file in (world.product.folder / "data").rglob("*") if file.is_file())
    for token in tokens:
        assert token not in exported
        assert token.encode() not in blob


def main():
    """Runs the checks that are wanted."""
    world = World()
    passed, failed = 0, []
    try:
        for function in CHECKS:
            name = function.__doc__.splitlines()[0]
            if WORDS and not any(word in function.__name__ or word in name for word in WORDS):
                continue
            started = time.monotonic()
            try:
                print(f"{function.__name__}: {name}", flush=True)
                function(world)
                passed += 1
                print(f"  passed in {time.monotonic() - started:.1f} s", flush=True)
            except Exception:  # whatever it is, the others go on
                failed.append(name)
                traceback.print_exc(file=sys.stdout)
                print("  FAILED", flush=True)
    finally:
        world.cap.end()
    print(f"{passed} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


main()
