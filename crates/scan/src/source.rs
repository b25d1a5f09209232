//! What to read: files, folders, globs, standard input, objects of S3.

use std::collections::HashSet;
use std::num::NonZero;
use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;
use saltmine_s3::{Object, is_s3};
use walkdir::WalkDir;

use crate::error::SourceError;
use crate::escape::escape;
use crate::objects;

/// A file or an object to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it is; `s3://bucket/key` for an object.
    pub path: PathBuf,
    /// Its name in the column `log_file`: the path relative to the given root, with `/`, bytes that are not UTF-8 as
    /// `\xHH`. Standard input is `-`.
    pub name: String,
    /// Whether it is standard input.
    pub is_stdin: bool,
    /// The object, if it is one.
    pub object: Option<Box<Object>>,
}

impl Source {
    /// A file of the disk.
    pub fn file(path: PathBuf, name: String) -> Self {
        Self { path, name, is_stdin: false, object: None }
    }

    /// Standard input.
    pub fn stdin() -> Self {
        Self { path: PathBuf::from("-"), name: "-".into(), is_stdin: true, object: None }
    }
}

/// A span of request times, in microseconds since 1970 (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// From this time on; `None` from the beginning.
    pub since: Option<i64>,
    /// Before this time; `None` to the end.
    pub until: Option<i64>,
}

impl Window {
    /// Whether something of these times, first and last, may be in the window. What tells no times may.
    pub fn may_hold(&self, range: Option<(i64, i64)>) -> bool {
        let Some((first, last)) = range else { return true };
        self.since.is_none_or(|since| last >= since) && self.until.is_none_or(|until| first < until)
    }
}

/// Finds the sources that `paths` name: a file; a folder, with all files below it; a glob; `-` for standard input; or,
/// with `s3://`, an object, a folder of objects, or a glob. They are sorted by name. Hidden files and what is no regular file (a FIFO, a socket) are passed over in folders;
/// links are followed, a loop of links ends. A folder below that cannot be listed, and a link to nothing, stand among
/// the sources, so that reading them says so.
///
/// # Errors
/// Where a path is missing, cannot be listed, or names no file.
pub fn discover(paths: &[String]) -> Result<Vec<Source>, SourceError> {
    discover_within(paths, Window::default())
}

/// As [`discover`], without the objects of S3 whose keys tell that they hold no request of the window. Folders of days
/// are then not even listed. Files of the disk are all found: to find them costs nothing.
///
/// # Errors
/// As [`discover`]. That the window leaves nothing is no error.
pub fn discover_within(paths: &[String], window: Window) -> Result<Vec<Source>, SourceError> {
    let mut sources = Vec::new();
    for path in paths {
        if path == "-" {
            sources.push(Source::stdin());
            continue;
        }
        if is_s3(path) {
            objects::discover(path, window, &mut sources)?;
            continue;
        }
        let before = sources.len();
        let literal = Path::new(path);
        if literal.exists() {
            walk(literal, |_| true, &mut sources)?;
        } else if path.contains(['*', '?', '[', '{']) {
            glob(path, &mut sources)?;
        } else {
            return Err(SourceError::Missing(literal.to_path_buf()));
        }
        if sources.len() == before {
            return Err(SourceError::Empty(path.clone()));
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
    }
    Ok(sources)
}

/// Bytes of each source as stored, asked by several threads; 0 for standard input and what cannot be asked.
pub fn sizes(sources: &[Source]) -> Vec<u64> {
    let mut sizes = vec![0; sources.len()];
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let each = sources.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        for (sources, sizes) in sources.chunks(each).zip(sizes.chunks_mut(each)) {
            scope.spawn(|| {
                for (source, size) in sources.iter().zip(sizes).filter(|(source, _)| !source.is_stdin) {
                    *size = match &source.object {
                        Some(object) => object.size,
                        None => std::fs::metadata(&source.path).map_or(0, |metadata| metadata.len()),
                    };
                }
            });
        }
    });
    sizes
}

fn walk(root: &Path, wanted: impl Fn(&Path) -> bool, sources: &mut Vec<Source>) -> Result<(), SourceError> {
    let is_folder = root.is_dir();
    let is_hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().first() == Some(&b'.');
    let entries = WalkDir::new(root).follow_links(true).into_iter();
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name())) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.loop_ancestor().is_some() => continue,
            // A folder that cannot be listed, or a link to nothing: told when it cannot be read, not passed over.
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
        if !is_folder || (entry.file_type().is_file() && wanted(entry.path())) {
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

/// Walks the folder before the first wildcard.
fn glob(pattern: &str, sources: &mut Vec<Source>) -> Result<(), SourceError> {
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
    walk(root, wanted, sources)
}

fn name_of(path: &Path) -> String {
    let mut name = String::with_capacity(path.as_os_str().len());
    for part in path.components() {
        if !name.is_empty() && part != Component::RootDir && !name.ends_with('/') {
            name.push('/');
        }
        name.push_str(&escape(part.as_os_str().as_encoded_bytes()));
    }
    name
}

/// Files of equal name below different roots get their whole paths as names. They stand side by side. Gives whether
/// there are any.
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::*;

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
    fn equal_names_are_parted() {
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
    fn what_is_not_there_is_an_error() {
        let folder = tree();
        let root = folder.path().to_str().unwrap();
        assert!(matches!(discover(&[format!("{root}/x")]), Err(SourceError::Missing(_))));
        assert!(matches!(discover(&[format!("{root}/*.zip")]), Err(SourceError::Empty(_))));
    }

    #[cfg(unix)]
    #[test]
    fn links_to_nothing_are_not_passed_over() {
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
