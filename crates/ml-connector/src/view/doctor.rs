//! What `doctor` found, for people.

use sync_engine::{Finding, Health};

use crate::terminal::paint::Paint;
use crate::view::words::safe;

/// One finding: a coloured word, what was asked, what was found, what to do.
pub(crate) fn line(finding: &Finding, paint: Paint) -> String {
    let health = match finding.health {
        Health::Green => paint.good("green "),
        Health::Yellow => paint.warn("yellow"),
        Health::Red => paint.bad("red   "),
    };
    let text = format!("{health} {:<10} {:<24} {}", finding.system, finding.check, safe(&finding.detail));
    let Some(fix) = &finding.fix else { return text };
    format!("{text}\n       {:<10} {}", "", paint.strong(&format!("fix: {}", safe(fix))))
}

/// The worst of all.
pub(crate) fn worst(findings: &[Finding]) -> Health {
    findings.iter().map(|finding| finding.health).max().unwrap_or(Health::Green)
}

/// How many of each, in a sentence.
pub(crate) fn verdict(findings: &[Finding], paint: Paint) -> String {
    let of = |health| findings.iter().filter(|finding| finding.health == health).count();
    let counts =
        format!("{} green, {} yellow, {} red", of(Health::Green), of(Health::Yellow), of(Health::Red));
    match worst(findings) {
        Health::Green => paint.good(&format!("{counts}: ready. Next: ml-connector plan")),
        Health::Yellow => {
            paint.warn(&format!("{counts}: works, but look at the yellow lines. Next: ml-connector plan"))
        }
        Health::Red => paint.bad(&format!("{counts}: mend the red lines first")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(health: Health, fix: Option<&str>) -> Finding {
        Finding {
            system: "salesforce".into(),
            check: "external id field".into(),
            health,
            detail: "Account.IFS_Key__c is there".into(),
            fix: fix.map(str::to_owned),
        }
    }

    #[test]
    fn findings_say_what_to_do() {
        let all = [finding(Health::Green, None), finding(Health::Red, Some("make the field unique"))];
        let page: Vec<String> = all.iter().map(|one| line(one, Paint::PLAIN)).collect();
        insta::assert_snapshot!(page.join("\n"), @r"
        green  salesforce external id field        Account.IFS_Key__c is there
        red    salesforce external id field        Account.IFS_Key__c is there
                          fix: make the field unique
        ");
        assert_eq!(verdict(&all, Paint::PLAIN), "1 green, 0 yellow, 1 red: mend the red lines first");
        assert_eq!(worst(&all), Health::Red);
        assert_eq!(worst(&[]), Health::Green);
    }
}
