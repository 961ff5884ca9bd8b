"""The rows that the foreign OData server holds, what they must become, and how the product is driven."""

import csv
import json
import os
import random
import re
import shutil
import subprocess
import threading
import time
import tomllib
import urllib.error
import urllib.request
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from urllib.parse import quote

ROWS = 12_500
EQUAL = 6_000
MOMENT = "2026-03-29T01:30:00.000Z"
NAMES = [
    "Nordström & Söner AB", "O'Brien \"Quality\" Castings", "Škoda Díly s.r.o.", "株式会社ミクロン精機", "北京精密机械有限公司",
    "ООО «Станкопром»", "Ελληνική Χαλυβουργία Α.Ε.", "شركة الخليج للمعادن", "תעשיות מתכת בע\"מ", "บริษัท เหล็กไทย จำกัด",
    "한국정밀 주식회사", "Bolt + Nut 100 % / A\\B", "Żółć Łódź Sp. z o.o.", "Ärger-Öl 🔩 GmbH", "e\u0301clair combine\u0301", "Two\u00a0Blanks  Inside",
]
EXACT = "application/json;IEEE754Compatible=true"
COLUMNS = ["SupplierId", "Name", "AssociationNo", "Country", "Address1", "Address2", "ZipCode", "City", "State", "Phone", "Fax",
           "Email", "WebAddress", "CurrencyCode", "PayTermId", "DeliveryTerms", "CreditLimit", "CreationDate", "ExpireDate",
           "Objstate", "ModifiedDate", "Revision", "Note"]
ODD_KEYS = ["A'B", "A''C", "A/B?C#D", "A+B %41", "A\\B", "A&B=C", "Å-1", "Ω-2", "鋼-3", "🔩-4", "a1", "Z~1", "A;B", "A,B", "A(B)", "A^B", "A\"B"]


def suppliers(seed=7):
    """The rows, by key."""
    chance = random.Random(seed)
    keys = ODD_KEYS + [f"S{number}" for number in range(100_000, 100_000 + ROWS - len(ODD_KEYS))]
    rows = {}
    for at, key in enumerate(keys):
        some = lambda value, share=0.7: value if chance.random() < share else None
        second = at * 37 % 86_400
        rows[key] = {
            "SupplierId": key,
            "Name": f"{NAMES[at % len(NAMES)]} {at}" + ("  " if at % 97 == 0 else ""),
            "AssociationNo": some(f"55{at:08d}"),
            "Country": some(chance.choice(["SE", "DE", "JP", "NO", "de", "QQ", "TR"]), 0.9),
            "Address1": some(f"Väg {at}"), "Address2": some(f"Byggnad {at % 9}", 0.2),
            "ZipCode": some(f"{at:05d}"), "City": some(chance.choice(["Göteborg", "東京", "Łódź", " Oslo "])),
            "State": some("VG", 0.1), "Phone": some(f"+46 31 {at}"), "Fax": some(f"+46 32 {at}", 0.2),
            "Email": some(f"Info{at}@Example.ORG", 0.6), "WebAddress": some(f"https://example.org/{at}?a=b&c=%20", 0.3),
            "CurrencyCode": chance.choice(["SEK", "EUR", "usd"]), "PayTermId": chance.choice(["30", "60", "0"]),
            "DeliveryTerms": some("FCA", 0.5),
            "CreditLimit": some(chance.choice(["0.00", "0.10", "1234567.89", "99999999.99", "-5.50", "123456789012.34", "10000000.00"]), 0.8),
            "CreationDate": some(f"20{at % 27:02d}-{at % 12 + 1:02d}-{at % 28 + 1:02d}", 0.9),
            "ExpireDate": some(chance.choice(["2028-02-29", "9999-12-31", "1900-01-01"]), 0.1) if at % 5 else None,
            "Objstate": chance.choice(["Active", "Active", "Blocked", "Expired"]),
            "ModifiedDate": MOMENT if at % 25 < 12 else f"2026-0{at % 9 + 1}-{at % 28 + 1:02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{at % 1000:03d}Z",
            "Revision": str(9_007_199_254_740_993 + at),
            "Note": some("never asked for", 0.1),
        }
        if rows[key]["ExpireDate"] in ("9999-12-31",):
            rows[key]["ExpireDate"] = "3999-12-31"
    return rows


def write_csv(rows, file):
    """As the server reads its first rows."""
    with open(file, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_MINIMAL)
        writer.writerow(COLUMNS)
        for row in rows.values():
            writer.writerow([("" if row[name] is None else row[name]) for name in COLUMNS])


class Mapping:
    """What a supplier must become, worked out anew from docs/mapping.md; only the tables are read."""

    def __init__(self, file):
        self.tables = tomllib.loads(Path(file).read_text(encoding="utf-8"))["tables"]

    def account(self, row):
        """The fields of the Account."""
        text = lambda name: self.tidy(row[name])
        country = text("Country") and text("Country").upper()
        streets = [part for part in (text("Address1"), text("Address2")) if part]
        credit = row["CreditLimit"]
        email = text("Email")
        return {
            "Name": text("Name"), "AccountNumber": text("SupplierId"), "IFS_Key__c": row["SupplierId"],
            "IFS_Association_No__c": text("AssociationNo"), "BillingStreet": "\n".join(streets) or None,
            "BillingCity": text("City"), "BillingState": text("State"), "BillingPostalCode": text("ZipCode"),
            "BillingCountry": country and self.tables["countries"].get(country, country),
            "Phone": text("Phone"), "Fax": text("Fax"), "Website": text("WebAddress"), "IFS_Email__c": email and email.lower(),
            "IFS_Currency__c": text("CurrencyCode").upper(), "IFS_Payment_Terms__c": text("PayTermId"),
            "IFS_Delivery_Terms__c": text("DeliveryTerms"),
            "IFS_Credit_Limit__c": None if credit is None else Decimal(credit).quantize(Decimal("0.01"), ROUND_HALF_EVEN),
            "IFS_Created__c": row["CreationDate"], "IFS_Expires__c": row["ExpireDate"],
            "IFS_Status__c": self.tables["statuses"][row["Objstate"]],
        }

    @staticmethod
    def tidy(value):
        value = (value or "").replace("\r\n", "\n").strip()
        return value or None


class Cap:
    """The foreign server: a process of its own."""

    PREFIX = "/int/ifsapplications/projection/v1/SupplierHandling.svc"

    def __init__(self, folder, app, rows):
        self.rows = {key: dict(row) for key, row in rows.items()}
        self.lock = threading.Lock()
        (folder / "db" / "data").mkdir(parents=True, exist_ok=True)
        (folder / "srv").mkdir(exist_ok=True)
        for name in ("package.json",):
            shutil.copy(app / name, folder / name)
        shutil.copy(app / "suppliers.cds", folder / "srv" / "suppliers.cds")
        write_csv(self.rows, folder / "db" / "data" / "referee-Suppliers.csv")
        self.log = open(folder / "cap.log", "w+", encoding="utf-8")
        node = os.environ.get("CAP_NODE", "node")
        serve = folder / "node_modules" / "@sap" / "cds" / "bin" / "serve.js"
        self.process = subprocess.Popen([node, str(serve), "all", "--in-memory"], cwd=folder, stdout=self.log,
                                        stderr=subprocess.STDOUT, env=os.environ | {"PORT": "0"})
        self.port = self.started(folder / "cap.log")

    def started(self, log):
        """The port, as soon as it is told."""
        for _ in range(1200):
            match = re.search(r"server listening on \{ url: 'http://localhost:(\d+)'", log.read_text(encoding="utf-8"))
            if match:
                return int(match.group(1))
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit(f"the OData server did not start:\n{log.read_text(encoding='utf-8')}")

    def ask(self, method, path, body=None, headers=None):
        """One call past the front."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode() if body is not None else None,
            {"Content-Type": EXACT, "Accept": EXACT} | (headers or {}), method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()[:300]}") from None

    def now(self):
        """A time that moves forward."""
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{int(time.time() * 1000) % 1000:03d}Z"

    def edit(self, key, **values):
        """Somebody changes a row."""
        with self.lock:
            row = self.rows[key]
            row |= values | {"ModifiedDate": self.now(), "Revision": str(int(row["Revision"]) + 1)}
            sent = {name: row[name] for name in (*values, "ModifiedDate", "Revision")}
            path = f"{self.PREFIX}/SupplierSet('{quote(key.replace(chr(39), chr(39) * 2), safe='')}')"
            self.ask("PATCH", path, sent, {"If-Match": "*"})

    def add(self, key, like):
        """Somebody makes a row."""
        with self.lock:
            row = self.rows[like] | {"SupplierId": key, "ModifiedDate": self.now(), "Revision": "1"}
            self.rows[key] = row
            self.ask("POST", f"{self.PREFIX}/SupplierSet", row)

    def end(self):
        """Stops the process that was started here."""
        self.process.terminate()
        self.process.wait(20)


class Product:
    """The built client in a link of its own."""

    def __init__(self, binary, folder, front, org):
        self.binary, self.folder, self.front, self.org = binary, Path(folder), front, org
        self.env = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR", "LANG")} | {
            "IFS_CLIENT_SECRET": front.secret, "SALESFORCE_CLIENT_SECRET": org.secret}
        shutil.rmtree(self.folder, ignore_errors=True)
        done = self.call("init", str(self.folder), "--yes", "--name", "referee", "--ifs-url", front.url, "--realm", front.realm,
                         "--ifs-client-id", front.client, "--salesforce-url", org.url, "--salesforce-client-id", org.client,
                         link=False)
        assert done.returncode == 0, done.stderr

    def start(self, *args, link=True):
        """Starts a command."""
        words = [self.binary, *(["-C", str(self.folder)] if link else []), *args]
        return subprocess.Popen(words, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def call(self, *args, link=True, timeout=600):
        """Runs a command to its end."""
        process = self.start(*args, link=link)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{args} did not end within {timeout} s: {out[-500:]} {err[-500:]}") from None
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def json(self, *args, code=0):
        """Runs a command with --json; every line of its answer."""
        done = self.call(*args, "--json")
        assert done.returncode == code, f"{args}: exit {done.returncode} instead of {code}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
        return [json.loads(line) for line in done.stdout.splitlines()]

    def configure(self, table, text):
        """Adds lines to a table of link.toml, or a whole table at the end."""
        file = self.folder / "link.toml"
        lines = file.read_text(encoding="utf-8")
        if f"\n[{table}]\n" in lines:
            lines = lines.replace(f"\n[{table}]\n", f"\n[{table}]\n{text}\n", 1)
        else:
            lines += f"\n[{table}]\n{text}\n"
        file.write_text(lines, encoding="utf-8")


def differences(cap, org, mapping):
    """What is not as it should be in the org; nothing, if all is right."""
    wrong = []
    seen = {}
    for row in org.rows.values():
        key = row["IFS_Key__c"]
        if key in seen:
            wrong.append(f"{key} twice")
        seen[key] = row
    for key in seen.keys() - cap.rows.keys():
        wrong.append(f"{key} does not exist in the source")
    for key, row in cap.rows.items():
        found = seen.get(key)
        if not found:
            wrong.append(f"{key} is lost")
            continue
        for name, value in mapping.account(row).items():
            if found[name] != value:
                wrong.append(f"{key}.{name}: {found[name]!r} instead of {value!r}")
    return wrong
