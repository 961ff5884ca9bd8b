"""What simple-salesforce says about the sandbox.

Usage: python3 simple_salesforce_referee.py <file with what the sandbox printed>
"""

import json
import sys
import traceback
from datetime import datetime, timedelta, timezone

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceMalformedRequest

with open(sys.argv[1], encoding="utf-8") as file:
    SERVED = json.load(file)["salesforce"]


class Plain(HTTPAdapter):
    """The client knows only https, and the sandbox speaks http on loopback."""

    def send(self, request, *args, **kwargs):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **kwargs)

    def get_connection_with_tls_context(self, request, *args, **kwargs):
        request.url = request.url.replace("https://", "http://", 1)
        return super().get_connection_with_tls_context(request, *args, **kwargs)


def log_in():
    """Client credentials in the Basic header, as the client itself sends them."""
    answer = requests.post(
        SERVED["url"] + "/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(SERVED["client_id"], SERVED["client_secret"]),
        timeout=10,
    ).json()
    session = requests.Session()
    session.mount("https://127.0.0.1", Plain())
    session.mount("https://localhost", Plain())
    return Salesforce(
        instance_url=SERVED["url"], session_id=answer["access_token"], session=session, version="64.0"
    )


def refused(act, code):
    """The call fails with this code."""
    try:
        act()
    except SalesforceError as error:
        assert code in json.dumps(error.content), error.content
    else:
        raise AssertionError(f"not refused with {code}")


def rows(sf):
    """Create, read, change, upsert, delete."""
    made = sf.Account.create({"Name": "Python"})
    assert sf.Account.get(made["id"])["Name"] == "Python"
    assert sf.Account.update(made["id"], {"Phone": "1"}) == 204
    assert sf.Account.upsert("IFS_Key__c/P-1", {"Name": "One"}) in (200, 201)
    assert sf.Account.get_by_custom_id("IFS_Key__c", "p-1")["Name"] == "One"
    assert sf.Account.delete(made["id"]) == 204
    refused(lambda: sf.Account.get(made["id"]), "ENTITY_IS_DELETED")
    refused(lambda: sf.Account.create({"Phone": "1"}), "REQUIRED_FIELD_MISSING")
    assert sf.Account.describe()["fields"]
    assert sf.describe()["maxBatchSize"] == 200


def queries(sf):
    """Queries with parents and pages."""
    parent = sf.Account.create({"Name": "Parent"})["id"]
    sf.Contact.create({"LastName": "Ek", "AccountId": parent})
    found = sf.query_all("SELECT LastName, Account.Name FROM Contact WHERE Account.Name = 'Parent'")
    assert found["records"][0]["Account"]["Name"] == "Parent"
    assert sf.query("SELECT COUNT() FROM Contact")["totalSize"] > 0
    refused(lambda: sf.query("SELECT Nope FROM Account"), "INVALID_FIELD")
    try:
        sf.query("SELECT")
    except SalesforceMalformedRequest:
        pass


def windows(sf):
    """What was changed and deleted."""
    now = datetime.now(timezone.utc)
    start, end = now - timedelta(hours=1), now + timedelta(minutes=1)
    assert sf.Account.updated(start, end)["ids"]
    assert sf.Account.deleted(start, end)["deletedRecords"]


def limits(sf):
    """The limits, and how much of them is used."""
    assert sf.limits()["DailyApiRequests"]["Max"] > 0
    assert sf.api_usage["api-usage"].used > 0


def bulk(sf):
    """Bulk 2.0: ingest with its results, and a query."""
    data = "IFS_Key__c,Name\nP-B1,B1\nP-B2,\n"
    done = sf.bulk2.Account.upsert(records=[{"IFS_Key__c": "P-B1", "Name": "B1"}, {"IFS_Key__c": "P-B2", "Name": ""}],
                                   external_id_field="IFS_Key__c")
    assert data and done[0]["numberRecordsFailed"] == 1 and done[0]["numberRecordsProcessed"] == 2, done
    job = done[0]["job_id"]
    assert "P-B1" in sf.bulk2.Account.get_successful_records(job)
    assert "REQUIRED_FIELD_MISSING" in sf.bulk2.Account.get_failed_records(job)
    pages = list(sf.bulk2.Account.query("SELECT IFS_Key__c, Name FROM Account WHERE IFS_Key__c = 'P-B1'"))
    assert "B1" in pages[0], pages


def composite(sf):
    """Several requests in one."""
    body = {
        "allOrNone": True,
        "compositeRequest": [
            {"method": "POST", "url": "/services/data/v64.0/sobjects/Account", "referenceId": "a", "body": {"Name": "x"}},
            {"method": "GET", "url": "/services/data/v64.0/sobjects/Account/@{a.id}", "referenceId": "b"},
        ],
    }
    answer = sf.restful("composite", method="POST", data=json.dumps(body))
    assert [part["httpStatusCode"] for part in answer["compositeResponse"]] == [201, 200]


def main():
    """Runs everything; fails if anything disagrees."""
    sf = log_in()
    failed = 0
    for check in (rows, queries, windows, limits, bulk, composite):
        try:
            check(sf)
            print(f"simple-salesforce: {check.__doc__}: agrees")
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"simple-salesforce: {check.__doc__}")
            traceback.print_exc()
    sys.exit(1 if failed else 0)


main()
