//! Finds sources: files, folders, globs, standard input, S3 objects.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;
use saltmine_s3::is_s3;
use walkdir::WalkDir;

use crate::error::SourceError;
use crate::escape::escape;
use crate::object_name::LogObjectName;
use crate::objects;
use crate::source::Source;
use crate::window::{NameTrust, SkippedFiles, Window};

/// The sources that paths name, and what was skipped.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// The sources, sorted by name. No two have the same name.
    pub sources: Vec<Source>,
    /// Skipped files and folders.
    pub left_out: SkippedFiles,
}

/// Finds the sources that `paths` name: a file; a folder, including all files below it; a glob; `-` for
/// standard input; or, with `s3://`, an object, a folder of objects, or a glob. Sources are sorted by name.
/// In folders, hidden files and anything that is neither a file nor a folder (a FIFO, a socket) are skipped.
/// Links are followed; a loop of links ends. Unreadable folders and broken links are included as sources, so
/// that reading them reports the problem.
///
/// # Errors
/// If a path does not exist, cannot be listed, or contains no file.
pub fn discover(paths: &[String]) -> Result<Vec<Source>, SourceError> {
    Ok(discover_within(paths, Window::default())?.sources)
}

/// Like [`discover`], but skips files whose names are outside the window, if the window trusts names, and
/// reports what was skipped.
///
/// # Errors
/// As for [`discover`]. It is not an error if the window leaves no files.
pub fn discover_within(paths: &[String], window: Window) -> Result<Discovery, SourceError> {
    let Discovery { mut sources, mut left_out } = Discovery::default();
    for path in paths {
        if path == "-" {
            sources.push(Source::stdin());
            continue;
        }
        if is_s3(path) {
            objects::discover(path, window, &mut sources, &mut left_out)?;
            continue;
        }
        let before = sources.len();
        let literal = Path::new(path);
        if literal.exists() {
            walk(literal, |_| true, &mut sources, &mut left_out)?;
        } else if path.contains(['*', '?', '[', '{']) {
            glob(path, &mut sources, &mut left_out)?;
        } else {
            return Err(SourceError::Missing(literal.to_path_buf()));
        }
        if sources.len() == before {
            return Err(SourceError::Empty { path: path.clone(), hidden: left_out.hidden });
        }
        // A file that is named explicitly is always read, whatever the time in its name.
        if window.names.trust == NameTrust::All && !literal.is_file() {
            let found = sources.split_off(before);
            let (kept, left): (Vec<_>, Vec<_>) = found
                .into_iter()
                .partition(|source| window.may_hold(LogObjectName::new(&source.name).time_range()));
            sources.extend(kept);
            left_out.files += left.len() as u64;
        }
    }
    let by_name = |a: &Source, b: &Source| (&a.name, &a.path).cmp(&(&b.name, &b.path));
    if paths.len() > 1 {
        let mut seen = HashSet::new();
        sources.retain(|source| seen.insert(source.path.clone()));
    }
    sources.sort_unstable_by(by_name);
    if part_equal_names(&mut sources) {
        sources.sort_unstable_by(by_name);
        number_equal_names(&mut sources);
    }
    Ok(Discovery { sources, left_out })
}

fn walk(
    root: &Path,
    wanted: impl Fn(&Path) -> bool,
    sources: &mut Vec<Source>,
    left_out: &mut SkippedFiles,
) -> Result<(), SourceError> {
    let is_folder = root.is_dir();
    let mut entries = WalkDir::new(root).follow_links(true).into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) if entry.depth() > 0 && is_hidden(entry.file_name()) => {
                if entry.file_type().is_dir() {
                    entries.skip_current_dir();
                }
                if entry.file_name() != OWN_FOLDER && wanted(entry.path()) {
                    left_out.hidden += 1;
                    left_out.name(entry.path());
                }
                continue;
            }
            Ok(entry) => entry,
            Err(error) if error.loop_ancestor().is_some() => continue,
            // A folder that cannot be listed, or a broken link: reported when it cannot be read, not skipped.
            Err(error) if error.depth() > 0 && error.path().is_some() => {
                let path = error.path().unwrap_or(root).to_path_buf();
                let name = name_of(path.strip_prefix(root).unwrap_or(&path));
                sources.push(Source::file(path, name));
                continue;
            }
            Err(error) => {
                let path = error.path().unwrap_or(root).to_path_buf();
                return Err(SourceError::Unreadable { path, source: error.into() });
            }
        };
        let kind = entry.file_type();
        if is_folder && !kind.is_file() && !kind.is_dir() && wanted(entry.path()) {
            left_out.special += 1;
            left_out.name(entry.path());
            continue;
        }
        if !is_folder || (kind.is_file() && wanted(entry.path())) {
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            let path = entry.path().to_path_buf();
            let name = if is_folder {
                name_of(relative)
            } else {
                name_of(path.file_name().map_or(&path, Path::new))
            };
            sources.push(Source::file(path, name));
        }
    }
    Ok(())
}

/// The folder in which a dataset keeps its working files. The dataset may lie among the logs.
const OWN_FOLDER: &str = ".saltmine";

fn is_hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().first() == Some(&b'.')
}

/// Walks the folder before the first wildcard.
fn glob(pattern: &str, sources: &mut Vec<Source>, left_out: &mut SkippedFiles) -> Result<(), SourceError> {
    let wrong =
        |error: globset::Error| SourceError::Glob { pattern: pattern.into(), message: error.to_string() };
    let matcher = GlobBuilder::new(pattern).literal_separator(true).build().map_err(wrong)?.compile_matcher();
    let is_fixed = |part: &Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']);
    let fixed: PathBuf = Path::new(pattern).components().take_while(is_fixed).collect();
    let is_relative = fixed.as_os_str().is_empty();
    let root = if is_relative { Path::new(".") } else { &fixed };
    if !root.exists() {
        return Err(SourceError::Missing(root.to_path_buf()));
    }
    let wanted = |path: &Path| {
        let path = if is_relative { path.strip_prefix(".").unwrap_or(path) } else { path };
        matcher.is_match(path)
    };
    walk(root, wanted, sources, left_out)
}

fn name_of(path: &Path) -> String {
    let mut name = String::with_capacity(path.as_os_str().len());
    for part in path.components() {
        if !name.is_empty() && part != Component::RootDir && !name.ends_with('/') {
            name.push('/');
        }
        let part = part.as_os_str().as_encoded_bytes();
        // Text that looks like an escape but is not one is escaped itself.
        let mut rest = part;
        while let Some(at) = memchr::memmem::find(rest, b"\\x") {
            name.push_str(&escape(&rest[..at]));
            name.push_str("\\x5C");
            rest = &rest[at + 1..];
        }
        name.push_str(&escape(rest));
    }
    name
}

/// Gives files of equal name below different roots their full paths as names. Equal names are adjacent.
/// Returns whether there were any.
fn part_equal_names(sources: &mut [Source]) -> bool {
    let mut is_any = false;
    for group in sources.chunk_by_mut(|a, b| a.name == b.name).filter(|group| group.len() > 1) {
        is_any = true;
        group.iter_mut().for_each(|source| {
            source.name = match &source.object {
                Some(object) => object.url(),
                None => name_of(&source.path),
            };
        });
    }
    is_any
}

/// Numbers the sources whose full paths give the same name because one path leads to another's files.
fn number_equal_names(sources: &mut [Source]) {
    let mut taken: HashSet<String> = HashSet::new();
    for source in sources {
        let (name, mut number) = (source.name.clone(), 1);
        while !taken.insert(source.name.clone()) {
            number += 1;
            source.name = format!("{name} ({number})");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;
    use crate::source::sizes;
    use crate::window::NameRules;

    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/1.gz", "a/b/2", "c/1.gz", "c/.hidden"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        folder
    }

    fn names(paths: &[String]) -> Vec<String> {
        discover(paths).unwrap().into_iter().map(|source| source.name).collect()
    }

    #[test]
    fn folders_are_walked_and_sorted() {
        let folder = tree();
        let root = folder.path().to_str().unwrap().to_owned();
        assert_eq!(names(std::slice::from_ref(&root)), ["a/1.gz", "a/b/2", "c/1.gz"]);
        assert_eq!(names(&[format!("{root}/a/1.gz")]), ["1.gz"]);
        assert_eq!(names(&[format!("{root}/*/1.*")]), ["a/1.gz", "c/1.gz"]);
        assert_eq!(names(&[format!("{root}/**/2"), root.clone()]).len(), 3);
        assert_eq!(sizes(&discover(&[root]).unwrap()), [6, 5, 6]);
    }

    #[test]
    fn hidden_files_are_counted_and_named() {
        let folder = tree();
        fs::create_dir_all(folder.path().join("a/.git/objects")).unwrap();
        fs::write(folder.path().join("a/.git/objects/1"), "x").unwrap();
        fs::create_dir_all(folder.path().join(".saltmine/runs")).unwrap();
        let root = folder.path().to_str().unwrap().to_owned();
        let Discovery { sources, left_out } = discover_within(&[root], Window::default()).unwrap();
        assert_eq!((sources.len(), left_out.hidden, left_out.special), (3, 2, 0));
        assert!(left_out.named.iter().any(|path| path.ends_with(".hidden")), "{left_out:?}");
        // A hidden file given by its name is read.
        let own = folder.path().join("c/.hidden").to_str().unwrap().to_owned();
        assert_eq!(names(&[own]), [".hidden"]);
    }

    #[test]
    fn files_on_disk_are_skipped_by_name_only_if_names_are_trusted() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["2026-05-01-10-20-30-0123456789ABCDEF", "2020-05-01-10-20-30-0123456789ABCDEF.gz", "x"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let root = folder.path().to_str().unwrap().to_owned();
        let since = Some(1_777_593_600_000_000); // 2026-05-01
        let rules = |trust| NameRules { trust, ..NameRules::default() };
        for (trust, found, left) in
            [(NameTrust::Nothing, 3, 0), (NameTrust::S3, 3, 0), (NameTrust::All, 2, 1)]
        {
            let window = Window { since, until: None, names: rules(trust) };
            let discovery = discover_within(std::slice::from_ref(&root), window).unwrap();
            assert_eq!((discovery.sources.len(), discovery.left_out.files), (found, left), "{trust:?}");
        }
        let one = format!("{root}/2020-05-01-10-20-30-0123456789ABCDEF.gz");
        let window = Window { since, until: None, names: rules(NameTrust::All) };
        assert_eq!(discover_within(&[one], window).unwrap().sources.len(), 1, "it is given by its name");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_two_paths_have_the_same_name() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let folder = tempfile::tempdir().unwrap();
        for name in [&b"a\xFF"[..], b"a\\xFF", b"a\\x5CxFF", b"a\\x5C\xFF", b"a\\FF"] {
            fs::write(folder.path().join(OsStr::from_bytes(name)), name).unwrap();
        }
        let found = names(&[folder.path().to_str().unwrap().to_owned()]);
        assert_eq!(found.iter().collect::<HashSet<_>>().len(), 5, "{found:?}");
        assert!(found.contains(&r"a\xFF".to_owned()) && found.contains(&r"a\x5CxFF".to_owned()), "{found:?}");
    }

    #[test]
    fn paths_that_lead_to_the_same_name_get_numbers() {
        let twice = ["a", "a", "a (2)"].map(|name| Source::file(name.into(), name.into()));
        let mut sources = twice.to_vec();
        number_equal_names(&mut sources);
        let found: HashSet<_> = sources.iter().map(|source| source.name.as_str()).collect();
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn equal_names_are_made_different() {
        let folder = tree();
        let root = folder.path().to_str().unwrap().to_owned();
        let names = names(&[format!("{root}/a"), format!("{root}/c")]);
        assert_eq!(names.len(), 3);
        assert!(
            names.iter().any(|name| name.ends_with("a/1.gz"))
                && names.iter().any(|name| name.ends_with("c/1.gz"))
        );
    }

    #[test]
    fn missing_paths_are_errors() {
        let folder = tree();
        let root = folder.path().to_str().unwrap();
        assert!(matches!(discover(&[format!("{root}/x")]), Err(SourceError::Missing(_))));
        assert!(matches!(discover(&[format!("{root}/*.zip")]), Err(SourceError::Empty { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn broken_links_are_not_skipped() {
        let folder = tree();
        std::os::unix::fs::symlink("nothing", folder.path().join("a/link")).unwrap();
        assert_eq!(
            names(&[folder.path().to_str().unwrap().to_owned()]),
            ["a/1.gz", "a/b/2", "a/link", "c/1.gz"]
        );
    }

    #[cfg(unix)]
    #[test]
    fn loops_of_links_end() {
        let folder = tree();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).unwrap();
        assert_eq!(names(&[folder.path().to_str().unwrap().to_owned()]).len(), 3);
    }
}
