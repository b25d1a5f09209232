//! MITRE ATT&CK techniques of the findings, by tactic.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use saltmine_query::catalogue::Severity;
use saltmine_query::report::Report;

/// Tactics in the order of an attack.
const TACTICS: [&str; 9] = [
    "Reconnaissance",
    "Access",
    "Credential access",
    "Discovery",
    "Collection",
    "Exfiltration",
    "Defense impairment",
    "Impact",
    "Other",
];

/// Techniques: id, tactic, name (ATT&CK v19). A sub-technique that is not listed has the name of its parent.
const TECHNIQUES: [(&str, usize, &str); 24] = [
    ("T1595", 0, "Active Scanning"),
    ("T1078", 1, "Valid Accounts"),
    ("T1078.004", 1, "Cloud Accounts"),
    ("T1098", 1, "Account Manipulation"),
    ("T1550", 1, "Use Alternate Authentication Material"),
    ("T1550.001", 1, "Application Access Token"),
    ("T1110", 2, "Brute Force"),
    ("T1552", 2, "Unsecured Credentials"),
    ("T1040", 2, "Network Sniffing"),
    ("T1557", 2, "Adversary-in-the-Middle"),
    ("T1619", 3, "Cloud Storage Object Discovery"),
    ("T1580", 3, "Cloud Infrastructure Discovery"),
    ("T1530", 4, "Data from Cloud Storage"),
    ("T1537", 5, "Transfer Data to Cloud Account"),
    ("T1030", 5, "Data Transfer Size Limits"),
    ("T1685", 6, "Disable or Modify Tools"),
    ("T1685.002", 6, "Disable or Modify Cloud Log"),
    ("T1070", 6, "Indicator Removal"),
    ("T1485", 7, "Data Destruction"),
    ("T1485.001", 7, "Lifecycle-Triggered Deletion"),
    ("T1486", 7, "Data Encrypted for Impact"),
    ("T1490", 7, "Inhibit System Recovery"),
    ("T1491", 7, "Defacement"),
    ("T1565", 7, "Data Manipulation"),
];

#[derive(Template)]
#[template(path = "story/attack.html")]
pub(super) struct Strip {
    tactics: Vec<Tactic>,
}

struct Tactic {
    name: &'static str,
    techniques: Vec<Technique>,
}

struct Technique {
    id: String,
    name: &'static str,
    severity: Severity,
    /// Numbers of incidents.
    incidents: BTreeSet<usize>,
    /// Anchors and names of findings.
    findings: Vec<(String, String)>,
}

pub(super) fn strip(report: &Report) -> Strip {
    let mut found: BTreeMap<&str, Technique> = BTreeMap::new();
    for finding in &report.hunt.findings {
        let is_of = |query: &str| query == finding.query;
        let incidents = report.hunt.incidents.iter().filter(|incident| {
            incident.findings.iter().any(|one| is_of(&one.query) && one.severity == finding.severity)
        });
        let incidents: BTreeSet<usize> = incidents.map(|incident| incident.number).collect();
        for id in &finding.attacks {
            let technique = found.entry(id).or_insert_with(|| Technique {
                id: id.clone(),
                name: named(id).1,
                severity: Severity::Info,
                incidents: BTreeSet::new(),
                findings: Vec::new(),
            });
            technique.severity = technique.severity.max(finding.severity);
            technique.incidents.extend(&incidents);
            // If a detection has several severities, the highest comes first.
            if !technique.findings.iter().any(|(_, query)| *query == finding.query) {
                let anchor = format!("f-{}-{}", finding.query, finding.severity.as_str());
                technique.findings.push((anchor, finding.query.clone()));
            }
        }
    }
    let mut tactics: Vec<Tactic> =
        TACTICS.iter().map(|name| Tactic { name, techniques: Vec::new() }).collect();
    for (id, technique) in found {
        if let Some(tactic) = tactics.get_mut(named(id).0) {
            tactic.techniques.push(technique);
        }
    }
    tactics.retain(|tactic| !tactic.techniques.is_empty());
    Strip { tactics }
}

/// Tactic and name of a technique.
fn named(id: &str) -> (usize, &'static str) {
    let known = |id: &str| TECHNIQUES.iter().find(|(known, ..)| *known == id);
    let parent = id.split('.').next().unwrap_or(id);
    known(id).or_else(|| known(parent)).map_or((TACTICS.len() - 1, ""), |(_, tactic, name)| (*tactic, name))
}

#[cfg(test)]
mod tests {
    use super::{TACTICS, named};

    #[test]
    fn techniques_have_their_tactic_and_unknown_ones_are_kept() {
        assert_eq!((TACTICS[named("T1530").0], named("T1530").1), ("Collection", "Data from Cloud Storage"));
        assert_eq!(named("T1491.002"), named("T1491"));
        assert_eq!((TACTICS[named("T9999").0], named("T9999").1), ("Other", ""));
    }
}
