"""A Salesforce that was written from its documentation alone, for the odata referee.

It shares nothing with the sandbox of the project, so that client and sandbox cannot agree on one
mistake. It is strict: what the real one refuses is refused here, with its codes. What it can do is what
a flow of suppliers needs: tokens, versions, describe, queries, rows, collections, composite, limits.
"""

import base64
import gzip
import json
import re
import secrets
import socket
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from email.utils import formatdate, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

VERSIONS = ["62.0", "63.0", "64.0", "65.0", "66.0"]
LONGEST_URI = 16_384
LONGEST_SOQL = 100_000
SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def long_id(short):
    """The 18 letters of a 15-letter id."""
    tail = ""
    for start in (0, 5, 10):
        part = short[start : start + 5]
        tail += SUFFIX[sum(1 << at for at, letter in enumerate(part) if letter.isupper())]
    return short + tail


def field(name, kind, length=0, **more):
    """One field of a describe."""
    custom = name.endswith("__c")
    fact = {
        "name": name, "label": name.removesuffix("__c").replace("_", " "), "type": kind, "length": length,
        "byteLength": length * 3, "precision": 0, "scale": 0, "digits": 0, "nillable": True, "createable": True,
        "updateable": True, "defaultedOnCreate": False, "externalId": False, "unique": False, "idLookup": False,
        "caseSensitive": False, "restrictedPicklist": False, "picklistValues": [], "referenceTo": [],
        "relationshipName": None, "calculated": False, "autoNumber": False, "compoundFieldName": None,
        "permissionable": custom, "filterable": True, "sortable": True, "groupable": True, "encrypted": False,
        "custom": custom, "soapType": "xsd:string", "defaultValue": None, "deprecatedAndHidden": False,
        "inlineHelpText": None, "nameField": name == "Name", "namePointing": False, "htmlFormatted": False,
    }
    return fact | more


def picklist(name, values, **more):
    """A picklist field."""
    values = [{"value": v, "label": v, "active": True, "defaultValue": False, "validFor": None} for v in values]
    return field(name, "picklist", 255, picklistValues=values, **more)


SYSTEM = {"createable": False, "updateable": False, "nillable": False, "defaultedOnCreate": True}
ACCOUNT = [
    field("Id", "id", 18, idLookup=True, **SYSTEM),
    field("IsDeleted", "boolean", **SYSTEM),
    field("MasterRecordId", "reference", 18, createable=False, updateable=False, referenceTo=["Account"]),
    field("Name", "string", 255, nillable=False),
    picklist("Type", ["Supplier", "Customer", "Partner"]),
    field("ParentId", "reference", 18, referenceTo=["Account"], relationshipName="Parent"),
    field("BillingStreet", "textarea", 255, compoundFieldName="BillingAddress"),
    field("BillingCity", "string", 40, compoundFieldName="BillingAddress"),
    field("BillingState", "string", 80, compoundFieldName="BillingAddress"),
    field("BillingPostalCode", "string", 20, compoundFieldName="BillingAddress"),
    field("BillingCountry", "string", 80, compoundFieldName="BillingAddress"),
    field("Phone", "phone", 40), field("Fax", "phone", 40), field("Website", "url", 255),
    field("AccountNumber", "string", 40), field("Description", "textarea", 32_000, filterable=False),
    field("OwnerId", "reference", 18, nillable=False, defaultedOnCreate=True, referenceTo=["User"],
          relationshipName="Owner"),
    field("CreatedDate", "datetime", **SYSTEM), field("CreatedById", "reference", 18, referenceTo=["User"], **SYSTEM),
    field("LastModifiedDate", "datetime", **SYSTEM),
    field("LastModifiedById", "reference", 18, referenceTo=["User"], **SYSTEM),
    field("SystemModstamp", "datetime", **SYSTEM),
    field("IFS_Key__c", "string", 80, externalId=True, unique=True, idLookup=True),
    field("IFS_Association_No__c", "string", 50), field("IFS_Email__c", "email", 80),
    field("IFS_Currency__c", "string", 3), field("IFS_Payment_Terms__c", "string", 20),
    field("IFS_Delivery_Terms__c", "string", 20),
    field("IFS_Credit_Limit__c", "currency", precision=18, scale=2),
    field("IFS_Created__c", "date"), field("IFS_Expires__c", "date"),
    picklist("IFS_Status__c", ["Active", "Blocked", "Expired"], restrictedPicklist=True),
]


class Refusal(Exception):
    """A call that is refused."""

    def __init__(self, status, code, message, fields=None):
        super().__init__(message)
        self.status, self.code, self.fields = status, code, fields

    def body(self):
        """As the body of an answer: a list, with fields only where there are some."""
        one = {"message": str(self), "errorCode": self.code}
        return [one | ({"fields": self.fields} if self.fields is not None else {})]

    def of_row(self):
        """As one error of a row in a collection."""
        return {"statusCode": self.code, "message": str(self), "fields": self.fields or []}


def stamp(when):
    """Salesforce's form of a time."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}+0000"


class Soql:
    """One query, read strictly: SELECT .. FROM .. WHERE .. ORDER BY .. LIMIT .. OFFSET."""

    TOKEN = re.compile(
        r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<word>[A-Za-z_][A-Za-z0-9_.]*)"
        r"|(?P<when>\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))?)"
        r"|(?P<number>[+-]?\d+(?:\.\d+)?)|(?P<sign><=|>=|!=|<>|[=<>(),]))"
    )
    ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "_": "_", "%": "%"}

    def __init__(self, text, fields):
        if len(text) > LONGEST_SOQL:
            raise Refusal(400, "QUERY_TOO_COMPLICATED", "query is too long")
        self.fields = {one["name"].lower(): one for one in fields}
        self.tokens, at, end = [], 0, len(text.rstrip())
        while at < end:
            match = self.TOKEN.match(text, at)
            if not match or match.end() == at:
                raise Refusal(400, "MALFORMED_QUERY", f"unexpected token: '{text[at:at + 10]}'")
            self.tokens.append((match.lastgroup, match.group(match.lastgroup)))
            at = match.end()
        self.at = 0
        self.read()

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else (None, "<EOF>")

    def take(self):
        token = self.peek()
        self.at += 1
        return token

    def word(self, *words):
        kind, text = self.peek()
        if kind == "word" and text.upper() in words:
            self.at += 1
            return text.upper()
        return None

    def need(self, *words):
        found = self.word(*words)
        if not found:
            raise Refusal(400, "MALFORMED_QUERY", f"unexpected token: '{self.peek()[1]}', expected {' or '.join(words)}")
        return found

    def sign(self, *signs):
        kind, text = self.peek()
        if kind == "sign" and text in signs:
            self.at += 1
            return text
        return None

    def need_sign(self, sign):
        if not self.sign(sign):
            raise Refusal(400, "MALFORMED_QUERY", f"unexpected token: '{self.peek()[1]}', expected '{sign}'")

    def named(self):
        kind, name = self.take()
        if kind != "word":
            raise Refusal(400, "MALFORMED_QUERY", f"unexpected token: '{name}'")
        known = self.fields.get(name.lower())
        if not known:
            raise Refusal(400, "INVALID_FIELD", f"No such column '{name}' on entity 'Account'. If you are attempting "
                          "to use a custom field, be sure to append the '__c' after the custom field name.")
        return known

    def read(self):
        self.need("SELECT")
        self.columns, self.counts = [], False
        if self.word("COUNT"):
            self.need_sign("(")
            self.need_sign(")")
            self.counts = True
        else:
            selected_at = self.at
            while self.peek()[0] == "word" and self.peek()[1].upper() != "FROM":
                self.at += 1
                self.sign(",")
        self.need("FROM")
        kind, name = self.take()
        if kind != "word" or name.lower() != "account":
            raise Refusal(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
        behind = self.at
        if not self.counts:
            self.at = selected_at
            while True:
                self.columns.append(self.named()["name"])
                if not self.sign(","):
                    break
            self.need("FROM")
            if len(set(self.columns)) != len(self.columns):
                raise Refusal(400, "INVALID_FIELD", "duplicate field selected")
        self.at = behind
        self.where = self.either() if self.word("WHERE") else None
        self.order, self.limit, self.offset = [], None, 0
        if self.word("ORDER"):
            self.need("BY")
            while True:
                by = self.named()
                down = self.word("ASC", "DESC") == "DESC"
                nulls = self.word("NULLS") and self.need("FIRST", "LAST")
                self.order.append((by["name"], down, nulls == "LAST"))
                if not self.sign(","):
                    break
        if self.word("LIMIT"):
            self.limit = int(self.take()[1])
        if self.word("OFFSET"):
            self.offset = int(self.take()[1])
            if self.offset > 2000:
                raise Refusal(400, "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        if self.at != len(self.tokens):
            raise Refusal(400, "MALFORMED_QUERY", f"unexpected token: '{self.peek()[1]}'")

    def either(self):
        first, joined = self.inverse(), None
        parts = [first]
        while word := self.word("AND", "OR"):
            if joined and word != joined:
                raise Refusal(400, "MALFORMED_QUERY", f"unexpected token: '{word}': AND and OR need parentheses")
            joined = word
            parts.append(self.inverse())
        if joined == "OR":
            return lambda row: any(part(row) for part in parts)
        return lambda row: all(part(row) for part in parts)

    def inverse(self):
        if self.word("NOT"):
            inner = self.inverse()
            return lambda row: not inner(row)
        if self.sign("("):
            inner = self.either()
            self.need_sign(")")
            return inner
        return self.comparison()

    def literal(self, known):
        kind, text = self.take()
        texts = ("string", "textarea", "phone", "url", "email", "picklist", "id", "reference")
        name = known["name"]
        if kind == "text":
            if known["type"] not in texts:
                raise Refusal(400, "INVALID_FIELD", f"value of filter criterion for field '{name}' must be of type "
                              f"{known['type']} and should not be enclosed in quotes")
            value, at, inner = "", 0, text[1:-1]
            while at < len(inner):
                if inner[at] != "\\":
                    value += inner[at]
                elif inner[at + 1] == "u":
                    value += chr(int(inner[at + 2 : at + 6], 16))
                    at += 5
                elif inner[at + 1] in self.ESCAPES:
                    value += self.ESCAPES[inner[at + 1]]
                    at += 1
                else:
                    raise Refusal(400, "MALFORMED_QUERY", f"invalid escape: \\{inner[at + 1]}")
                at += 1
            if len(value) > 4000:
                raise Refusal(400, "INVALID_QUERY_FILTER_OPERATOR", "literal is too long")
            if known["type"] in ("id", "reference"):
                if not re.fullmatch(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?", value):
                    raise Refusal(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value}")
                value = long_id(value[:15])
            return value
        if kind == "word" and text.upper() in ("NULL", "TRUE", "FALSE"):
            return {"NULL": None, "TRUE": True, "FALSE": False}[text.upper()]
        if kind == "when" and known["type"] in ("date", "datetime"):
            if ("T" in text) != (known["type"] == "datetime"):
                raise Refusal(400, "INVALID_FIELD", f"value of filter criterion for field '{name}' must be of type "
                              f"{known['type']}")
            if "T" not in text:
                return text
            text = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text.replace("Z", "+00:00"))
            return stamp(datetime.fromisoformat(text).astimezone(timezone.utc))
        if kind == "number" and known["type"] in ("currency", "double", "int"):
            return Decimal(text)
        raise Refusal(400, "MALFORMED_QUERY", f"unexpected token: '{text}'")

    @staticmethod
    def folded(value):
        return value.lower() if isinstance(value, str) else value

    def comparison(self):
        known = self.named()
        if not known["filterable"]:
            raise Refusal(400, "INVALID_FIELD", f"field '{known['name']}' can not be filtered in a query call")
        name, fold = known["name"], self.folded
        exact = known["type"] in ("id", "reference", "datetime", "date")
        fold = (lambda value: value) if exact else self.folded
        if word := self.word("IN", "NOT"):
            if word == "NOT":
                self.need("IN")
            self.need_sign("(")
            values = set()
            while True:
                values.add(fold(self.literal(known)))
                if not self.sign(","):
                    break
            self.need_sign(")")
            return lambda row: (fold(row.get(name)) in values) == (word == "IN")
        if self.word("LIKE"):
            pattern = re.escape(self.literal(known)).replace("%", ".*").replace("_", ".")
            pattern = re.compile(pattern, re.IGNORECASE | re.DOTALL)
            return lambda row: bool(pattern.fullmatch(row.get(name) or ""))
        sign = self.sign("=", "!=", "<>", "<", ">", "<=", ">=")
        if not sign:
            raise Refusal(400, "MALFORMED_QUERY", f"unexpected token: '{self.peek()[1]}'")
        value = fold(self.literal(known))
        if sign in ("=", "!=", "<>"):
            return lambda row: (fold(row.get(name)) == value) == (sign == "=")
        if value is None:
            raise Refusal(400, "INVALID_FIELD", "null needs = or !=")
        tests = {"<": lambda a: a < value, ">": lambda a: a > value, "<=": lambda a: a <= value, ">=": lambda a: a >= value}
        return lambda row: row.get(name) is not None and tests[sign](fold(row[name]))

    def run(self, rows):
        found = [row for row in rows if not self.where or self.where(row)]
        for name, down, last in reversed(self.order):
            empty = [row for row in found if row.get(name) is None]
            rest = [row for row in found if row.get(name) is not None]
            rest.sort(key=lambda row: self.folded(row[name]), reverse=down)
            found = rest + empty if last else empty + rest
        found = found[self.offset :]
        return found if self.limit is None else found[: self.limit]


class Org:
    """What the org holds, its switches, and what it has seen."""

    def __init__(self, client="referee", secret="s3cr€t/+ &="):
        self.client, self.secret = client, secret
        self.lock = threading.RLock()
        self.fields = {one["name"]: one for one in ACCOUNT}
        self.by_lower = {name.lower(): one for name, one in self.fields.items()}
        self.rows, self.by_key = {}, {}
        self.sequence = 0
        self.tokens, self.cursors = set(), {}
        self.used, self.quota = 0, 100_000
        self.calls, self.logins = [], 0
        self.created, self.updated, self.touched = 0, 0, 0
        self.writes = []
        self.levers = []
        self.violations = []
        self.crlf = False
        self.org_id = long_id("00D" + "000000000REF")
        self.user_id = long_id("005" + "000000000REF")
        self.url = None

    # --- levers ------------------------------------------------------------------------------

    def arm(self, kind, times=1, when=lambda call: True, **more):
        """The next `times` calls for which `when` holds meet this."""
        with self.lock:
            self.levers.append({"kind": kind, "times": times, "when": when} | more)

    def lever(self, call, kinds):
        with self.lock:
            for lever in self.levers:
                if lever["times"] > 0 and lever["kind"] in kinds and lever["when"](call):
                    lever["times"] -= 1
                    return lever
        return None

    def reset_figures(self):
        """Forgets what was counted."""
        with self.lock:
            self.calls.clear()
            self.writes.clear()
            self.levers.clear()
            self.created = self.updated = self.touched = self.logins = 0

    def expire_sessions(self):
        """Every session ends now."""
        with self.lock:
            self.tokens.clear()

    # --- rows --------------------------------------------------------------------------------

    def new_id(self):
        self.sequence += 1
        number, text = self.sequence, ""
        for _ in range(9):
            number, digit = divmod(number, 62)
            text = DIGITS[digit] + text
        return long_id("001REF" + text)

    def value(self, known, value):
        """`value` as the org keeps it, or a refusal."""
        name, kind = known["name"], known["type"]
        wrong = lambda what: Refusal(400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of {what} from "
                                     f"VALUE_{type(value).__name__.upper()} value {value}")
        if value is None:
            if not known["nillable"]:
                raise Refusal(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{name}]", [name])
            return None
        if kind in ("string", "textarea", "phone", "url", "email", "picklist", "id", "reference"):
            if not isinstance(value, str):
                raise wrong("string")
            if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", value):
                self.violations.append(f"control character in {name}: {value!r}")
            value = value.strip()
            if not value:
                return self.value(known, None)
            if len(value.encode("utf-16-le")) // 2 > known["length"]:
                raise Refusal(400, "STRING_TOO_LONG", f"{known['label']}: data value too large: {value} "
                              f"(max length={known['length']})", [name])
            if kind == "email" and not re.fullmatch(r"[^@\s,;]+@[^@\s,;]+\.[^@\s.,;]+", value):
                raise Refusal(400, "INVALID_EMAIL_ADDRESS", f"{known['label']}: invalid email address: {value}", [name])
            if kind == "picklist" and known["restrictedPicklist"]:
                if value not in [one["value"] for one in known["picklistValues"]]:
                    raise Refusal(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                                  f"{known['label']}: bad value for restricted picklist field: {value}", [name])
            if kind == "textarea" and self.crlf:
                value = re.sub(r"\r?\n", "\r\n", value)
            if kind in ("id", "reference"):
                if not re.fullmatch(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?", value):
                    raise Refusal(400, "MALFORMED_ID", f"{known['label']}: id value of incorrect type: {value}", [name])
                value = long_id(value[:15])
            return value
        if kind == "boolean":
            if not isinstance(value, bool):
                raise wrong("boolean")
            return value
        if kind in ("currency", "double", "int"):
            if isinstance(value, (bool, list, dict)):
                raise wrong("double")
            try:
                number = Decimal(value)
            except InvalidOperation:
                raise wrong("double") from None
            if abs(number) >= Decimal(10) ** (known["precision"] - known["scale"]):
                raise Refusal(400, "NUMBER_OUTSIDE_VALID_RANGE", f"{known['label']}: value outside of valid range on "
                              f"numeric field: {value}", [name])
            return number.quantize(Decimal(1).scaleb(-known["scale"]))
        if kind == "date":
            if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d(T.*)?", value):
                raise wrong("date")
            day = datetime.strptime(value[:10], "%Y-%m-%d")
            if not 1700 <= day.year <= 4000:
                raise Refusal(400, "INVALID_TYPE_ON_FIELD_IN_RECORD", f"{known['label']}: invalid date: {value}", [name])
            return value[:10]
        raise AssertionError(kind)

    def checked(self, given, creating):
        """The values of a row that was given, as the org keeps them."""
        values = {}
        for name, value in given.items():
            if name == "attributes":
                continue
            known = self.by_lower.get(name.lower())
            if not known:
                raise Refusal(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type Account", [])
            if not known["createable" if creating else "updateable"]:
                raise Refusal(400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: "
                              f"{known['name']}. Please check the security settings of this field and verify that "
                              "it is read/write for your profile or permission set.", [known["name"]])
            values[known["name"]] = self.value(known, value)
        if creating:
            missing = [one["name"] for one in ACCOUNT if not one["nillable"] and one["createable"]
                       and not one["defaultedOnCreate"] and values.get(one["name"]) is None]
            if missing:
                raise Refusal(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}", missing)
        return values

    def now(self):
        return stamp(datetime.now(timezone.utc))

    def keep(self, row_id, values, creating):
        row = self.rows.get(row_id, {})
        key = values.get("IFS_Key__c", row.get("IFS_Key__c"))
        holder = self.by_key.get(key.lower()) if key else None
        if holder and holder != row_id:
            raise Refusal(400, "DUPLICATE_VALUE", "duplicate value found: IFS_Key__c duplicates value on record with "
                          f"id: {holder[:15]}", [])
        if not creating and row.get("IFS_Key__c"):
            self.by_key.pop(row["IFS_Key__c"].lower(), None)
        if creating:
            row = {name: None for name in self.fields} | {
                "Id": row_id, "IsDeleted": False, "OwnerId": self.user_id, "CreatedById": self.user_id,
                "CreatedDate": self.now()}
            self.created += 1
        else:
            self.updated += 1
            if all(row.get(name) == value for name, value in values.items()):
                self.touched += 1
        before = {name: row.get(name) for name in values}
        row |= values | {"LastModifiedById": self.user_id, "LastModifiedDate": self.now(), "SystemModstamp": self.now()}
        self.rows[row_id] = row
        if row.get("IFS_Key__c"):
            self.by_key[row["IFS_Key__c"].lower()] = row_id
        self.writes.append(("create" if creating else "update", row.get("IFS_Key__c"),
                            {name: (before[name], row[name]) for name in values if before[name] != row[name]}))

    def create(self, given):
        row_id = self.new_id()
        self.keep(row_id, self.checked(given, True), True)
        return row_id

    def update(self, row_id, given):
        row_id = long_id(row_id[:15]) if row_id else row_id
        if row_id not in self.rows:
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        self.keep(row_id, self.checked(given, False), False)

    def upsert(self, ext, value, given, update_only=False):
        """Whether it was made, and its id."""
        if not value:
            raise Refusal(400, "MISSING_ARGUMENT", f"{ext} not specified", [])
        row_id = self.by_key.get(str(value).strip().lower())
        given = given | {ext: value}
        if row_id:
            self.update(row_id, given)
            return False, row_id
        if update_only:
            raise Refusal(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible")
        return True, self.create(given)

    def person_edits(self, key, **values):
        """Somebody changes a row by hand."""
        with self.lock:
            row = self.rows[self.by_key[key.lower()]]
            row |= values | {"LastModifiedDate": self.now(), "SystemModstamp": self.now(),
                             "LastModifiedById": long_id("005" + "00000000HAND")}

    def shown(self, row, names):
        out = {"attributes": {"type": "Account", "url": f"/services/data/v{VERSIONS[2]}/sobjects/Account/{row['Id']}"}}
        for name in names:
            value = row.get(name)
            out[name] = f"@@{number_text(value)}@@" if isinstance(value, Decimal) else value
        return out


def number_text(value):
    """A number as the platform prints it: a double of Java, `1.39E8` from ten millions on."""
    number = float(value)
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    sign = "-" if number < 0 else ""
    whole = format(Decimal(repr(number)).normalize(), "E").lstrip("-")
    digits, _, exponent = whole.partition("E")
    return f"{sign}{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


class Answer(Exception):
    """An answer that is given at once, whatever was under way."""

    def __init__(self, status, body, headers=None):
        super().__init__(status)
        self.status, self.payload, self.headers = status, body, headers or {}


class Api:
    """The calls, over an org."""

    def __init__(self, org):
        self.org = org

    def call(self, method, target, headers, body, inner=False):
        """Status, payload, headers."""
        parts = urlsplit(target)
        path = [unquote(part) for part in parts.path.split("/")[1:]]
        try:
            query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query), errors="strict"))
        except (ValueError, UnicodeDecodeError):
            raise Refusal(400, "MALFORMED_QUERY", "the query string cannot be read") from None
        if path[:2] != ["services", "data"]:
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        if len(path) == 2 or path[2:] == [""]:
            return 200, [{"label": "Release", "url": f"/services/data/v{one}", "version": one} for one in VERSIONS], {}
        if not re.fullmatch(r"v\d\d\.0", path[2]) or path[2][1:] not in VERSIONS:
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        rest = [part for part in path[3:]]
        if rest and rest[-1] == "":
            rest.pop()
        if not inner and headers.get("content-length", "0") != "0":
            kind = (headers.get("content-type") or "").split(";")[0].strip().lower()
            if kind != "application/json":
                raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", f"Content-Type header specified in HTTP request is not supported: {kind}")
        return self.route(method, rest, query, headers, body, path[2])

    def route(self, method, rest, query, headers, body, version):
        base = f"/services/data/{version}"
        match (method, rest):
            case ("GET", []):
                names = ["sobjects", "query", "queryAll", "composite", "limits", "tooling", "jobs"]
                return 200, {name: f"{base}/{name}" for name in names} | {"identity": f"{self.org.url}/id/{self.org.org_id}/{self.org.user_id}"}, {}
            case ("GET", ["limits"]):
                left = {"Max": self.org.quota, "Remaining": self.org.quota - self.org.used}
                return 200, {"DailyApiRequests": left, "DailyBulkApiBatches": {"Max": 15000, "Remaining": 15000}}, {}
            case ("GET", ["sobjects"]):
                return 200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [self.about_object()]}, {}
            case ("GET", ["sobjects", name, "describe"]):
                self.account(name)
                since = headers.get("if-modified-since")
                if since and parsedate_to_datetime(since) > datetime.now(timezone.utc) - timedelta(days=1):
                    return 304, None, {}
                fields = [one for one in ACCOUNT if one["name"] in self.org.fields]
                return 200, self.about_object() | {"fields": fields, "childRelationships": [], "recordTypeInfos": []}, {
                    "Last-Modified": formatdate(time.time() - 86400 * 30, usegmt=True)}
            case ("GET", ["query" | "queryAll"]):
                return 200, self.first_page(query.get("q"), headers), {}
            case ("GET", ["query" | "queryAll", cursor]):
                return 200, self.next_page(cursor), {}
            case ("POST", ["sobjects", name]):
                self.account(name)
                made = self.org.create(self.json(body, dict))
                return 201, {"id": made, "success": True, "errors": []}, {"Location": f"{base}/sobjects/Account/{made}"}
            case ("GET" | "PATCH", ["sobjects", name, row_id]):
                self.account(name)
                return self.one_row(method, row_id, query, headers, body)
            case ("PATCH", ["sobjects", name, ext, value]):
                self.account(name)
                self.external(ext)
                given = self.json(body, dict)
                if ext in given:
                    raise Refusal(400, "INVALID_FIELD", f"The {ext} field should not be specified in the sobject data.", [ext])
                made, row_id = self.org.upsert(ext, value, given, query.get("updateOnly") == "true")
                return 201 if made else 200, {"id": row_id, "success": True, "errors": [], "created": made}, {}
            case ("GET", ["sobjects", name, ext, value]):
                self.account(name)
                self.external(ext)
                row_id = self.org.by_key.get(value.lower())
                if not row_id:
                    raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
                return self.one_row("GET", row_id, query, headers, body)
            case ("POST" | "PATCH", ["composite", "sobjects"]):
                return 200, self.collection(method, self.json(body, dict)), {}
            case ("PATCH", ["composite", "sobjects", name, ext]):
                self.account(name)
                self.external(ext)
                return 200, self.upserts(ext, self.json(body, dict)), {}
            case ("POST", ["composite", "sobjects", name]):
                self.account(name)
                asked = self.json(body, dict)
                if len(asked.get("ids", [])) > 2000:
                    raise Refusal(400, "INVALID_REQUEST", "no more than 2000 ids")
                names = [self.org.by_lower[one.lower()]["name"] if one.lower() in self.org.by_lower
                         else self.no_column(one) for one in asked["fields"]]
                rows = [self.org.rows.get(long_id(one[:15])) for one in asked["ids"]]
                return 200, [row and self.org.shown(row, names) for row in rows], {}
            case ("POST", ["composite"]):
                return 200, self.composite(self.json(body, dict), headers), {}
        if rest and rest[0] in ("sobjects", "query", "composite", "limits"):
            raise Refusal(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed. Allowed are GET,POST,PATCH")
        raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")

    @staticmethod
    def no_column(name):
        raise Refusal(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type Account")

    @staticmethod
    def account(name):
        if name != "Account":
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")

    def external(self, name):
        if name not in self.org.fields or not self.org.fields[name]["externalId"]:
            raise Refusal(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: " + name)

    @staticmethod
    def about_object():
        yes = ["createable", "updateable", "deletable", "queryable", "retrieveable", "searchable", "undeletable",
               "replicateable", "layoutable", "mergeable", "triggerable", "activateable"]
        return {name: name != "activateable" for name in yes} | {
            "name": "Account", "label": "Account", "labelPlural": "Accounts", "keyPrefix": "001", "custom": False,
            "customSetting": False, "deprecatedAndHidden": False, "urls": {"sobject": "/services/data/v64.0/sobjects/Account"}}

    @staticmethod
    def json(body, kind):
        try:
            value = json.loads(body, parse_float=Decimal)
        except (ValueError, UnicodeDecodeError) as error:
            raise Refusal(400, "JSON_PARSER_ERROR", f"Unexpected character: {error}") from None
        if not isinstance(value, kind):
            raise Refusal(400, "JSON_PARSER_ERROR", "Cannot deserialize the body")
        return value

    def one_row(self, method, row_id, query, headers, body):
        if not re.fullmatch(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?", row_id):
            raise Refusal(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible")
        row = self.org.rows.get(long_id(row_id[:15]))
        if not row:
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        since = headers.get("if-unmodified-since")
        if since:
            modified = datetime.strptime(row["LastModifiedDate"][:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
            if modified > parsedate_to_datetime(since):
                raise Answer(412, [{"message": "precondition failed", "errorCode": "PRECONDITION_FAILED"}])
        if method == "PATCH":
            self.org.update(row_id, self.json(body, dict))
            return 204, None, {}
        names = query["fields"].split(",") if "fields" in query else list(self.org.fields)
        for name in names:
            if name not in self.org.fields:
                self.no_column(name)
        return 200, self.org.shown(row, names), {}

    def first_page(self, text, headers):
        if not text:
            raise Refusal(400, "MALFORMED_QUERY", "A query string has to be specified")
        query = Soql(text, self.org.fields.values())
        size = 2000
        options = headers.get("sforce-query-options", "")
        if match := re.fullmatch(r"batchSize=(\d+)", options):
            size = min(max(int(match.group(1)), 200), 2000)
        found = query.run(self.org.rows.values())
        if query.counts:
            return {"totalSize": len(found), "done": True, "records": []}
        return self.page([dict(row) for row in found], query.columns, 0, size)

    def next_page(self, cursor):
        locator, _, start = cursor.partition("-")
        kept = self.org.cursors.get(locator)
        if not kept:
            raise Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self.page(*kept[:2], int(start), kept[2], locator)

    def page(self, rows, columns, start, size, locator=None):
        part = rows[start : start + size]
        out = {"totalSize": len(rows), "done": start + size >= len(rows)}
        if not out["done"]:
            if not locator:
                locator = long_id("0r8" + "".join(secrets.choice(DIGITS) for _ in range(12)))
                self.org.cursors[locator] = (rows, columns, size)
            out["nextRecordsUrl"] = f"/services/data/v64.0/query/{locator}-{start + size}"
        out["records"] = [self.org.shown(row, columns) for row in part]
        return out

    def records(self, asked):
        if set(asked) - {"allOrNone", "records"}:
            raise Refusal(400, "JSON_PARSER_ERROR", f"Unrecognized field {set(asked) - {'allOrNone', 'records'}}")
        records = asked.get("records")
        if not isinstance(records, list) or not records:
            raise Refusal(400, "MISSING_ARGUMENT", "records is required")
        if len(records) > 200:
            raise Refusal(400, "EXCEEDED_MAX_SIZE_REQUEST", "record limit reached. cannot submit more than 200 records in this operation")
        for record in records:
            if not isinstance(record, dict) or "type" not in record.get("attributes", {}):
                raise Refusal(400, "INVALID_TYPE", "You must specify the type of each object in attributes")
            self.account(record["attributes"]["type"])
        return records

    def upserts(self, ext, asked):
        records = self.records(asked)
        keys = [str(record.get(ext) or "").strip().lower() for record in records]
        if len(set(keys)) != len(keys):
            self.org.violations.append("a key twice in one collection")

        def one(at, record):
            if keys.count(keys[at]) > 1:
                raise Refusal(400, "DUPLICATE_VALUE", "Duplicate external id specified: " + keys[at], [ext])
            made, row_id = self.org.upsert(ext, record.get(ext), {k: v for k, v in record.items() if k not in ("attributes", ext)})
            return {"id": row_id, "success": True, "errors": [], "created": made}

        return self.each(asked, records, one)

    def collection(self, method, asked):
        def one(_, record):
            given = {k: v for k, v in record.items() if k not in ("attributes", "id", "Id")}
            if method == "POST":
                return {"id": self.org.create(given), "success": True, "errors": []}
            row_id = record.get("id") or record.get("Id")
            if not row_id:
                raise Refusal(400, "MISSING_ARGUMENT", "Id not specified in an update call")
            self.org.update(row_id, given)
            return {"id": long_id(row_id[:15]), "success": True, "errors": []}

        return self.each(asked, self.records(asked), one)

    def each(self, asked, records, one):
        before = (dict(self.org.rows), dict(self.org.by_key)) if asked.get("allOrNone") else None
        results, failed = [], False
        for at, record in enumerate(records):
            lever = self.org.lever(record, ["row"])
            try:
                if lever:
                    raise Refusal(400, lever["code"], lever["message"])
                results.append(one(at, record))
            except Refusal as error:
                failed = True
                results.append({"success": False, "errors": [error.of_row() | (lever.get("more", {}) if lever else {})]})
        if failed and before:
            self.org.rows, self.org.by_key = before
            undone = Refusal(400, "ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back because not all records were valid").of_row()
            results = [{"success": False, "errors": [undone]} if one["success"] else one for one in results]
        return results

    def composite(self, asked, headers):
        parts = asked.get("compositeRequest")
        if not isinstance(parts, list) or not 1 <= len(parts) <= 25:
            raise Refusal(400, "INVALID_REQUEST", "the number of subrequests must be from 1 to 25")
        names = [part.get("referenceId") for part in parts]
        if len(set(names)) != len(names) or not all(isinstance(n, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", n) for n in names):
            raise Refusal(400, "INVALID_REQUEST", f"referenceIds must be unique and well formed: {names}")
        heavy = [part for part in parts if re.match(r"/services/data/v\d\d\.0/(query|queryAll|composite/sobjects)", part.get("url", ""))]
        if len(heavy) > 5:
            raise Refusal(400, "INVALID_REQUEST", "no more than 5 queries and collections")
        answers, halted = [], False
        for part in parts:
            if set(part) - {"method", "url", "referenceId", "body", "httpHeaders"}:
                raise Refusal(400, "JSON_PARSER_ERROR", f"Unrecognized field in {sorted(part)}")
            own = {k.lower(): v for k, v in part.get("httpHeaders", {}).items()}
            if {"accept", "authorization", "content-type"} & set(own):
                raise Refusal(400, "INVALID_REQUEST", "these headers are not allowed in a subrequest")
            if not re.match(r"/services/data/v\d\d\.0/", part["url"]):
                raise Refusal(400, "INVALID_REQUEST", "the url of a subrequest begins with /services/data/")
            status, payload, more = self.guarded(part["method"], part["url"], headers | own, json.dumps(part.get("body"), default=float).encode())
            if halted:
                status, payload, more = 400, [{"errorCode": "PROCESSING_HALTED", "message": "The transaction was rolled back"}], {}
            halted |= bool(asked.get("allOrNone")) and status >= 400
            answers.append({"body": payload, "httpHeaders": more, "httpStatusCode": status, "referenceId": part["referenceId"]})
        return {"compositeResponse": answers}

    def guarded(self, method, url, headers, body):
        try:
            return self.call(method, url, headers, body, inner=True)
        except Refusal as error:
            return error.status, error.body(), {}
        except Answer as answer:
            return answer.status, answer.payload, answer.headers


class Server(ThreadingHTTPServer):
    """A server that says nothing of clients that go away."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "imitation", ""
    org = None

    def log_message(self, *_):
        pass

    def do(self):
        org = self.org
        try:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
        except (ConnectionError, ValueError):
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        call = {"method": self.command, "target": self.path, "headers": headers, "body": body}
        with org.lock:
            org.calls.append((self.command, self.path, len(body)))
        if self.path == "/services/oauth2/token":
            return self.token(call)
        if lever := org.lever(call, ["html", "refuse", "hang", "close"]):
            if lever["kind"] == "close":
                return self.cut()
            if lever["kind"] == "html":
                text = b"<html><head><title>503</title></head><body><h1>Server is busy</h1></body></html>"
                return self.answer(lever.get("status", 503), text, lever.get("headers", {}), "text/html")
            if lever["kind"] == "hang":
                time.sleep(lever["seconds"])
            else:
                return self.answer(lever["status"], [{"message": lever["message"], "errorCode": lever["code"]}], {})
        long = len(self.path.encode()) + sum(len(k) + len(v) + 4 for k, v in headers.items())
        if len(self.path.encode()) > LONGEST_URI or long > LONGEST_URI:
            org.violations.append(f"a call of {long} bytes")
            return self.answer(414 if len(self.path) > LONGEST_URI else 431, b"", {}, "text/html")
        api = Api(org)
        try:
            if urlsplit(self.path).path.rstrip("/") != "/services/data":
                self.session(headers)
            with org.lock:
                org.used += 1
                status, payload, more = api.call(self.command, self.path, headers, body)
        except Refusal as error:
            status, payload, more = error.status, error.body(), {}
            if error.code in ("MALFORMED_QUERY", "JSON_PARSER_ERROR", "INVALID_REQUEST", "EXCEEDED_MAX_SIZE_REQUEST", "METHOD_NOT_ALLOWED"):
                org.violations.append(f"{self.command} {self.path[:200]}: {error.code}: {error}")
        except Answer as answer:
            status, payload, more = answer.status, answer.payload, answer.headers
        if lever := org.lever(call, ["lose"]):
            return self.cut()
        if lever := org.lever(call, ["truncate"]):
            return self.answer(status, payload, more, cut=True)
        return self.answer(status, payload, more)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do

    def session(self, headers):
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if not token:
            raise Refusal(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
        if scheme not in ("Bearer", "OAuth") or token not in self.org.tokens:
            raise Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if self.org.used >= self.org.quota:
            raise Refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    def token(self, call):
        org = self.org
        refuse = lambda error, text: self.answer(400, {"error": error, "error_description": text}, {})
        if lever := org.lever(call, ["token"]):
            if lever.get("html"):
                return self.answer(lever["status"], b"<html>busy</html>", {}, "text/html")
            return refuse(lever["error"], lever["text"])
        if call["method"] != "POST" or not call["headers"].get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return refuse("invalid_request", "must be a form")
        form = dict(parse_qsl(call["body"].decode(), keep_blank_values=True, strict_parsing=True))
        if form.get("grant_type") != "client_credentials":
            return refuse("unsupported_grant_type", "grant type not supported")
        scheme, _, packed = call["headers"].get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            # RFC 6749 has both form-encoded inside; real clients do either.
            client, _, secret = base64.b64decode(packed).decode().partition(":")
            pairs = [(client, secret), (dict(parse_qsl(f"a={client}&b={secret}")).get("a"), dict(parse_qsl(f"a={client}&b={secret}")).get("b"))]
        else:
            pairs = [(form.get("client_id"), form.get("client_secret"))]
        if org.client not in [pair[0] for pair in pairs]:
            return refuse("invalid_client_id", "client identifier invalid")
        if (org.client, org.secret) not in pairs:
            return refuse("invalid_client", "invalid client credentials")
        with org.lock:
            org.logins += 1
            token = f"{org.org_id}!" + secrets.token_urlsafe(70)
            org.tokens.add(token)
        return self.answer(200, {
            "access_token": token, "signature": "c2ln", "scope": "api", "instance_url": org.url,
            "id": f"{org.url}/id/{org.org_id}/{org.user_id}", "token_type": "Bearer",
            "issued_at": str(int(time.time() * 1000)), "api_instance_url": "https://api.salesforce.com"}, {})

    def cut(self):
        self.close_connection = True
        try:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            self.connection.close()
        except OSError:
            pass

    def answer(self, status, payload, more, kind="application/json;charset=UTF-8", cut=False):
        if payload is None:
            body = b""
        elif isinstance(payload, bytes):
            body = payload
        else:
            text = json.dumps(payload, ensure_ascii=False)
            body = re.sub(r'"@@([-0-9.E]+)@@"', r"\1", text).encode()
        try:
            self.send_response(status)
            if kind and payload is not None:
                self.send_header("Content-Type", kind)
            self.send_header("Sforce-Limit-Info", f"api-usage={self.org.used}/{self.org.quota}")
            if len(body) > 1024 and "gzip" in self.headers.get("accept-encoding", ""):
                body = gzip.compress(body, 1)
                self.send_header("Content-Encoding", "gzip")
            for name, value in more.items():
                self.send_header(name, value)
            if status not in (204, 304):
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            if cut:
                self.wfile.flush()
                self.cut()
        except OSError:
            self.close_connection = True


def serve(org):
    """Serves the org on loopback, for good; `org.url` is set."""
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"org": org}))
    org.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return org
