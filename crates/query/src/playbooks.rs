//! Playbooks: guides for responding to incidents, as Markdown pages that are built into the program.
//!
//! A page is `queries/playbooks/NAME.md`: a title (`# …`), an optional line `Detections: NAME, NAME` with the detections
//! whose findings lead to it, and sections. Its commands run unchanged on the sample logs, once their variables are set.

use include_dir::File;

use crate::catalogue::BUILTIN;
use crate::nearest::nearest;

const FOLDER: &str = "playbooks";
const DETECTIONS: &str = "Detections: ";

/// A playbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Playbook {
    /// Its name, such as `ransom`: the file name without extension.
    pub name: &'static str,
    /// The first line, without `#`.
    pub title: &'static str,
    /// The whole page, as Markdown.
    pub text: &'static str,
}

impl Playbook {
    /// Names of the detections whose findings lead to it; none for a page that is not about an incident.
    pub fn detections(&self) -> impl Iterator<Item = &'static str> + use<> {
        let line = self.text.lines().find_map(|line| line.strip_prefix(DETECTIONS));
        line.into_iter().flat_map(|line| line.split(", "))
    }
}

/// All playbooks, by name.
pub fn all() -> Vec<Playbook> {
    let files = BUILTIN.get_dir(FOLDER).into_iter().flat_map(include_dir::Dir::files);
    let mut pages: Vec<Playbook> = files.filter_map(page).collect();
    pages.sort_by_key(|page| page.name);
    pages
}

/// The playbook of a name.
///
/// # Errors
/// If there is no such playbook; the error contains a similar name, if there is one.
pub fn get(name: &str) -> Result<Playbook, Option<&'static str>> {
    let pages = all();
    let found = pages.iter().find(|page| page.name == name).copied();
    found.ok_or_else(|| nearest(name, pages.iter().map(|page| page.name)))
}

/// The playbooks for a detection; the one that names it first comes first. Empty if no playbook names it.
pub fn for_detection(detection: &str) -> Vec<Playbook> {
    let place = |page: &Playbook| page.detections().position(|name| name == detection);
    let mut pages: Vec<(usize, Playbook)> =
        all().into_iter().filter_map(|page| Some((place(&page)?, page))).collect();
    pages.sort_by_key(|(place, page)| (*place, page.name));
    pages.into_iter().map(|(_, page)| page).collect()
}

/// Names of the playbooks for several detections, those of the first detection first.
pub fn for_detections<'a>(detections: impl Iterator<Item = &'a str>) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for page in detections.flat_map(for_detection) {
        if !names.contains(&page.name) {
            names.push(page.name);
        }
    }
    names
}

fn page(file: &'static File<'static>) -> Option<Playbook> {
    let name = file.path().file_name()?.to_str()?.strip_suffix(".md")?;
    let text = file.contents_utf8()?;
    let title = text.lines().next()?.strip_prefix("# ")?;
    Some(Playbook { name, title, text })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::catalogue::{Catalogue, Kind};

    /// Every file is a page; none is skipped for a missing title.
    #[test]
    fn every_file_is_a_page() {
        let files = BUILTIN.get_dir(FOLDER).unwrap().files().count();
        assert_eq!(all().len(), files);
        assert!(files >= 9);
    }

    #[test]
    fn pages_name_detections_of_the_catalogue() {
        let catalogue = Catalogue::builtin().unwrap();
        for page in all() {
            for name in page.detections() {
                let query = catalogue.get(name).unwrap_or_else(|error| panic!("{}: {error}", page.name));
                assert_eq!(query.kind, Kind::Detection, "{}: {name}", page.name);
            }
        }
    }

    /// Every severe detection has a playbook.
    #[test]
    fn every_severe_detection_leads_to_a_page() {
        let catalogue = Catalogue::builtin().unwrap();
        let severe = catalogue.queries().filter(|query| {
            query.kind == Kind::Detection && query.severity >= crate::catalogue::Severity::High
        });
        let without: Vec<&str> =
            severe.map(|query| query.name.as_str()).filter(|name| for_detection(name).is_empty()).collect();
        assert!(without.is_empty(), "in no playbook: {without:?}");
    }

    #[test]
    fn pages_of_incidents_have_all_sections() {
        for page in all().iter().filter(|page| page.detections().next().is_some()) {
            let sections: Vec<&str> = page.text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
            let all = ["Signs", "Commands", "Confirm in CloudTrail", "Contain", "Recover", "Document"];
            assert_eq!(sections, all, "{}", page.name);
        }
    }

    #[test]
    fn the_page_that_names_a_detection_first_comes_first() {
        assert_eq!(for_detection("mass-delete")[0].name, "mass-deletion");
        assert_eq!(for_detection("overwrite-storm")[0].name, "ransom");
        assert!(for_detection("nothing-of-the-kind").is_empty());
    }

    #[test]
    fn several_detections_lead_to_each_page_once() {
        let names = for_detections(["overwrite-storm", "ransom-note", "mass-delete"].into_iter());
        assert_eq!(names[0], "ransom");
        assert_eq!(names.iter().filter(|name| **name == "ransom").count(), 1);
        assert!(names.contains(&"mass-deletion"));
    }

    #[test]
    fn a_misspelt_playbook_gets_a_suggestion() {
        assert_eq!(get("ransom").unwrap().name, "ransom");
        assert_eq!(get("ransome").unwrap_err(), Some("ransom"));
        assert_eq!(get("zebra-crossing-at-noon").unwrap_err(), None);
    }
}
