//! Presigned URLs in the wrong hands.

use super::super::Care;
use super::super::callers::agent;
use super::super::company::{Company, Holdings};
use super::super::logs::Logs;

const AGENTS: [&str; 6] =
    [agent::CHROME, agent::FIREFOX, agent::IPHONE, agent::WGET, agent::CURL, agent::PYTHON];

pub(super) fn link_shared(logs: &mut Logs, care: Care) {
    let holdings = Holdings {
        folder: "prints",
        stem: "proof",
        ending: "zip",
        count: 4_000,
        bytes: (900_000, 30_000_000),
    };
    let company = Company::new(logs, "quince", ("129977340581", "eu-west-1"), holdings);
    company.ordinary(logs, 480);
    let signer = company.api[0].session("link-service");
    customers(logs, &company, &signer);
    logs.tally.phases = vec!["exfiltration"];
    logs.tally.named = signer.requester.as_deref().map(|arn| super::super::callers::principal(Some(arn)));
    let key = "prints/board/annual-results-draft.zip";
    logs.attack(|logs| {
        let (homes, times) = match care {
            Care::Loud => {
                let times = (0..260).map(|at| logs.at(8, 18, 0) + at * 21).collect();
                (logs.scattered(70), times)
            }
            Care::Careful => (logs.scattered(14), logs.careful_times(40, 7, 11)),
        };
        // One URL, signed once and valid for a week, is used by everyone.
        let holder = signer.holder("ASIAQX4EXAMPLE7LINKS", 604_800, "", "");
        let signed = logs.at(7, 7, 30);
        for (at, time) in times.into_iter().enumerate() {
            let home = &homes[at * 7 % homes.len()];
            let holder = holder.at(home).by(AGENTS[at * 7 % homes.len() % AGENTS.len()]);
            logs.get_by_link(time, &holder, (&company.app, key, 88_400_112), signed);
        }
    });
}

/// Customers download what they ordered, each with a URL valid for an hour.
fn customers(logs: &mut Logs, company: &Company, signer: &super::super::callers::Caller) {
    let homes = logs.scattered(400);
    for day in 0..logs.days {
        for _ in 0..110 {
            let (key, size) = company.object(logs.rng.u64(..4_000));
            let home = logs.rng.usize(..homes.len());
            let holder = signer.holder("ASIAQX4EXAMPLE7LINKS", 3_600, &homes[home], AGENTS[home % 3]);
            let time = logs.busy(day);
            logs.get_by_link(time, &holder, (&company.app, &key, size), time - 30);
        }
    }
}

pub(super) fn links_minted(logs: &mut Logs, care: Care) {
    let holdings = Holdings {
        folder: "tapes",
        stem: "reel",
        ending: "mov",
        count: 3_000,
        bytes: (4_000_000, 90_000_000),
    };
    let company = Company::new(logs, "thistle", ("356620918874", "us-east-1"), holdings);
    company.ordinary(logs, 500);
    let signer = company.api[0].session("link-service");
    customers(logs, &company, &signer);
    let mole = company.staff[1].clone();
    logs.tally.phases = vec!["collection", "exfiltration"];
    logs.attack(|logs| {
        let (count, homes, times) = match care {
            Care::Loud => {
                let times = (0..620).map(|at| logs.at(9, 21, 0) + at * 9).collect();
                (620, vec!["203.0.113.177".to_owned()], times)
            }
            Care::Careful => (240, logs.scattered(5), logs.careful_times(240, 5, 11)),
        };
        let numbers = (0..count).map(|at| 100 + at * 4);
        for (number, time) in numbers.zip::<Vec<i64>>(times) {
            let (key, size) = company.object(number);
            let home = &homes[(number / 4) as usize % homes.len()];
            let holder = mole.holder("ASIAQX4EXAMPLE8MINTD", 604_800, home, agent::WGET);
            logs.get_by_link(time, &holder, (&company.app, &key, size), time - 40_000);
        }
    });
}
