//! Strict parser of query files; errors name the line.

use std::path::Path;

use super::{
    BUILTIN, CatalogueError, Description, Kind, PARTS, Parameter, ParameterType, Query, STANDARD_COLUMNS,
    Severity,
};

/// Keys that must occur exactly once.
const REQUIRED_KEYS: [&str; 6] = ["title", "question", "pack", "kind", "severity", "false positives"];
/// Keys that may occur several times, and keys that may be missing.
const OTHER_KEYS: [&str; 7] = ["attack", "parameter", "table", "column", "cannot tell", "next", "source"];

/// Keys that may occur at most once.
const OPTIONAL_KEYS: [&str; 2] = ["cannot tell", "next"];

struct Header<'a> {
    file: String,
    /// Line, key, value.
    entries: Vec<(usize, &'a str, &'a str)>,
}

/// Parses one file.
pub(super) fn parse(path: &Path, text: &str) -> Result<Query, CatalogueError> {
    let (header, sql) = split(path, text)?;
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let (pack_line, pack) = header.single("pack")?;
    if folder.is_some_and(|folder| folder != pack) {
        return Err(header.wrong(pack_line, format!("pack {pack:?} differs from the folder's name")));
    }
    let (line, kind) = header.single("kind")?;
    let kind = match kind {
        "detection" => Kind::Detection,
        "report" => Kind::Report,
        _ => return Err(header.wrong(line, format!("unknown kind {kind:?}; use detection or report"))),
    };
    let (line, severity) = header.single("severity")?;
    let severity = Severity::parse(severity).ok_or_else(|| {
        header.wrong(line, format!("unknown severity {severity:?}; use info, low, medium, high or critical"))
    })?;
    let query = Query {
        name,
        pack: pack.to_owned(),
        kind,
        title: header.single("title")?.1.to_owned(),
        question: header.single("question")?.1.to_owned(),
        severity,
        attack: header.attack()?,
        parameters: header.parameters()?,
        tables: header.named("table")?,
        columns: header.named("column")?,
        false_positives: header.single("false positives")?.1.to_owned(),
        cannot_tell: header.optional("cannot tell"),
        next: header.optional("next"),
        sources: header.all("source").map(|(_, value)| value.to_owned()).collect(),
        sql: header.with_parts(sql)?.trim().to_owned(),
        path: path.to_owned(),
        builtin: false,
    };
    check(&header, &query)?;
    Ok(query)
}

/// Splits the file into the header's entries and the rest.
fn split<'a>(path: &Path, text: &'a str) -> Result<(Header<'a>, &'a str), CatalogueError> {
    let mut header = Header { file: path.display().to_string(), entries: Vec::new() };
    let mut rest = text;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let Some(entry) = line.trim_end().strip_prefix("-- ") else { break };
        rest = &rest[line.len()..];
        let number = index + 1;
        let Some((key, value)) = entry.split_once(':') else {
            return Err(
                header.wrong(number, "expected `-- key: value` (an empty line ends the header)".into())
            );
        };
        if !REQUIRED_KEYS.contains(&key) && !OTHER_KEYS.contains(&key) {
            return Err(header.wrong(number, format!("unknown key {key:?}")));
        }
        let twice = OPTIONAL_KEYS.contains(&key) || REQUIRED_KEYS.contains(&key);
        if twice && header.entries.iter().any(|(_, known, _)| *known == key) {
            return Err(header.wrong(number, format!("duplicate key {key:?}")));
        }
        if value.trim().is_empty() {
            return Err(header.wrong(number, format!("{key:?} is empty")));
        }
        header.entries.push((number, key, value.trim()));
    }
    Ok((header, rest))
}

impl<'a> Header<'a> {
    fn wrong(&self, line: usize, problem: String) -> CatalogueError {
        CatalogueError { file: self.file.clone(), line, problem }
    }

    fn all(&self, key: &str) -> impl Iterator<Item = (usize, &'a str)> {
        self.entries.iter().filter(move |entry| entry.1 == key).map(|(line, _, value)| (*line, *value))
    }

    fn single(&self, key: &str) -> Result<(usize, &'a str), CatalogueError> {
        self.all(key).next().ok_or_else(|| self.wrong(1, format!("missing key {key:?} in the header")))
    }

    /// Ids of techniques.
    fn attack(&self) -> Result<Vec<String>, CatalogueError> {
        let mut ids = Vec::new();
        for (line, id) in self.all("attack") {
            let is_id = id.strip_prefix('T').is_some_and(|digits| {
                digits.len() >= 4 && digits.chars().all(|char| char.is_ascii_digit() || char == '.')
            });
            if !is_id {
                return Err(self.wrong(line, format!("{id:?} is not a technique id such as T1485")));
            }
            ids.push(id.to_owned());
        }
        Ok(ids)
    }

    /// The SQL with shared parts in place of the lines that name them.
    fn with_parts(&self, sql: &str) -> Result<String, CatalogueError> {
        let first = self.entries.last().map_or(1, |entry| entry.0 + 1);
        let mut whole = String::with_capacity(sql.len());
        for (index, line) in sql.split_inclusive('\n').enumerate() {
            let Some(name) = line.strip_prefix("-- include: ").map(str::trim) else {
                whole.push_str(line);
                continue;
            };
            let part = BUILTIN.get_file(format!("{PARTS}/{name}.sql")).and_then(|file| file.contents_utf8());
            whole.push_str(
                part.ok_or_else(|| {
                    self.wrong(first + index, format!("there is no part {name:?} to include"))
                })?,
            );
        }
        Ok(whole)
    }

    fn optional(&self, key: &str) -> Option<String> {
        self.all(key).next().map(|(_, value)| value.to_owned())
    }

    /// Parses `name — meaning` entries with unique names.
    fn named(&self, key: &str) -> Result<Vec<Description>, CatalogueError> {
        let mut list: Vec<Description> = Vec::new();
        for (line, value) in self.all(key) {
            let (name, meaning) = value
                .split_once(" — ")
                .ok_or_else(|| self.wrong(line, "expected `name — meaning`".into()))?;
            if list.iter().any(|known| known.name == name) {
                return Err(self.wrong(line, format!("duplicate {key} {name:?}")));
            }
            list.push(Description { name: name.trim().to_owned(), meaning: meaning.trim().to_owned() });
        }
        Ok(list)
    }

    /// Parses `name type default — meaning`; the default is everything between type and meaning, and may be empty
    /// for text.
    fn parameters(&self) -> Result<Vec<Parameter>, CatalogueError> {
        let mut list: Vec<Parameter> = Vec::new();
        for (line, value) in self.all("parameter") {
            let form = || self.wrong(line, "expected `name type default — meaning`".into());
            let (left, meaning) = value.split_once(" — ").ok_or_else(form)?;
            let mut words = left.splitn(3, ' ');
            let (name, word) = words.next().zip(words.next()).ok_or_else(form)?;
            let default = words.next().unwrap_or_default().trim();
            let kind = ParameterType::from_word(word)
                .ok_or_else(|| self.wrong(line, format!("unknown parameter type {word:?}")))?;
            kind.parse(default).map_err(|problem| self.wrong(line, format!("invalid default: {problem}")))?;
            if list.iter().any(|known| known.name == name) {
                return Err(self.wrong(line, format!("duplicate parameter {name:?}")));
            }
            list.push(Parameter {
                name: name.to_owned(),
                kind,
                default: default.to_owned(),
                meaning: meaning.trim().to_owned(),
            });
        }
        Ok(list)
    }
}

/// Checks that header and SQL agree.
fn check(header: &Header<'_>, query: &Query) -> Result<(), CatalogueError> {
    let at_end = header.entries.last().map_or(1, |entry| entry.0 + 1);
    if query.sql.is_empty() {
        return Err(header.wrong(at_end, "no SQL after the header".into()));
    }
    if query.columns.is_empty() || query.sources.is_empty() {
        return Err(header.wrong(at_end, "at least one column and one source are required".into()));
    }
    let used = placeholders(&query.sql);
    if let Some(name) = used.iter().find(|name| !query.parameters.iter().any(|known| known.name == **name)) {
        return Err(header.wrong(at_end, format!("${name} in the SQL is not declared as a parameter")));
    }
    for ((line, _), parameter) in header.all("parameter").zip(&query.parameters) {
        if !used.contains(&parameter.name.as_str()) {
            return Err(header.wrong(line, format!("parameter {:?} is not used in the SQL", parameter.name)));
        }
    }
    if query.kind == Kind::Detection {
        for name in STANDARD_COLUMNS {
            if !query.columns.iter().any(|column| column.name == name) {
                return Err(header.wrong(at_end, format!("a detection must have the column {name:?}")));
            }
        }
    }
    Ok(())
}

/// Names after `$`, outside quotes and comments.
fn placeholders(sql: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = sql;
    while let Some(at) = rest.find(['\'', '"', '-', '$']) {
        let (mark, after) = (rest.as_bytes()[at], &rest[at + 1..]);
        rest = match mark {
            b'$' => {
                let end = after.find(|char: char| !char.is_ascii_alphanumeric() && char != '_');
                let (name, after) = after.split_at(end.unwrap_or(after.len()));
                names.push(name);
                after
            }
            b'-' if after.starts_with('-') => after.split_once('\n').map_or("", |(_, next)| next),
            b'-' => after,
            quote => after.split_once(char::from(quote)).map_or("", |(_, next)| next),
        };
    }
    names
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const RIGHT: &str = "-- title: t\n-- question: q\n-- pack: p\n-- kind: report\n-- severity: low\n\
                         -- parameter: n integer 3 — number\n-- column: a — b\n-- false positives: none\n\
                         -- source: own\n\n-- what $is commented\nSELECT '$not', $n AS a\n";

    fn problem(from: &str, to: &str) -> String {
        assert!(RIGHT.contains(from), "{from}");
        parse(Path::new("p/x.sql"), &RIGHT.replacen(from, to, 1)).unwrap_err().to_string()
    }

    #[test]
    fn a_valid_file_is_parsed() {
        let query = parse(Path::new("p/x.sql"), RIGHT).unwrap();
        assert_eq!(
            (query.name.as_str(), query.severity, query.attack.len(), query.next.as_deref()),
            ("x", Severity::Low, 0, None)
        );
        assert!(query.sql.starts_with("-- what"));
        assert_eq!(query.parameters[0].default, "3");

        let more =
            "-- attack: T1485\n-- attack: T1485.001\n-- cannot tell: who\n-- next: ask\n-- source: own";
        let query = parse(Path::new("p/x.sql"), &RIGHT.replace("-- source: own", more)).unwrap();
        assert_eq!(query.attack, ["T1485", "T1485.001"]);
        assert_eq!((query.cannot_tell.as_deref(), query.next.as_deref()), (Some("who"), Some("ask")));
    }

    #[test]
    fn shared_parts_are_included() {
        let text = RIGHT.replace("SELECT", "-- include: deletions\nSELECT");
        let problem = parse(Path::new("p/x.sql"), &text).unwrap_err().to_string();
        assert!(problem.contains("in the SQL is not declared as a parameter"), "{problem}");
        let problem = parse(Path::new("p/x.sql"), &text.replace("deletions", "nothing")).unwrap_err();
        assert!(
            problem.to_string().contains("p/x.sql:12: there is no part \"nothing\" to include"),
            "{problem}"
        );
    }

    #[test]
    fn errors_name_the_line() {
        for (from, to, expected) in [
            ("-- title: t\n", "", "p/x.sql:1: missing key \"title\""),
            ("severity: low", "severity: dire", "p/x.sql:5: unknown severity \"dire\""),
            ("kind: report", "kind: rapport", "p/x.sql:4: unknown kind \"rapport\""),
            ("kind: report", "kind: detection", "a detection must have the column"),
            ("-- source", "-- sauce", "p/x.sql:9: unknown key \"sauce\""),
            ("question: q", "title: q", "p/x.sql:2: duplicate key \"title\""),
            ("pack: p", "pack: other", "p/x.sql:3: pack \"other\" differs"),
            ("-- source", "-- attack: 1485\n-- source", "p/x.sql:9: \"1485\" is not a technique id"),
            ("-- source", "-- next: a\n-- next: b\n-- source", "p/x.sql:10: duplicate key \"next\""),
            ("integer 3", "integer three", "p/x.sql:6: invalid default: \"three\" is not an integer"),
            ("integer 3", "number 3", "p/x.sql:6: unknown parameter type \"number\""),
            (", $n", "", "p/x.sql:6: parameter \"n\" is not used"),
            ("$n AS", "$n + $m AS", "$m in the SQL is not declared as a parameter"),
            ("SELECT '$not', $n AS a", "", "not used"),
        ] {
            let problem = problem(from, to);
            assert!(problem.contains(expected), "{problem}");
        }
    }

    // Pieces that are meaningful in a header, or hard for its parsers of numbers, times and keys.
    const PIECES: [&str; 24] = [
        "-- ",
        ":",
        " — ",
        "\n",
        "\r\n",
        "--",
        "$",
        "'",
        "\"",
        " ",
        "parameter: p interval 1 day — x\n",
        "interval ",
        "99999999999999999999 years",
        "-9223372036854775808",
        "1e400 months",
        "0001-01-01",
        "+262143-12-31T23:59:60Z",
        "timestamp ",
        "date ",
        "boolean ",
        "float ",
        "-0",
        "\u{2014}",
        "\u{0}\u{10FFFF}",
    ];

    fn mutate(text: &mut String, random: &mut fastrand::Rng) {
        let place = |text: &str, random: &mut fastrand::Rng| {
            let at = random.usize(..=text.len());
            (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
        };
        let (a, b) = (place(text, random), place(text, random));
        let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 40));
        let to = (from..=to).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(from);
        match random.u8(..5) {
            0 => text.replace_range(from..to, ""),
            1 => text.insert_str(a, PIECES[random.usize(..PIECES.len())]),
            2 => text.replace_range(from..to, PIECES[random.usize(..PIECES.len())]),
            3 => {
                let piece = text[from..to].to_owned();
                text.insert_str(b, &piece);
            }
            _ => text.insert(a, random.char(..)),
        }
    }

    /// `SALTMINE_MUTATIONS` sets the number of texts.
    #[test]
    fn any_text_is_read_or_refused() {
        let count = std::env::var("SALTMINE_MUTATIONS").ok().and_then(|text| text.parse().ok());
        let files: Vec<&include_dir::File<'_>> = super::super::BUILTIN
            .dirs()
            .flat_map(include_dir::Dir::files)
            .filter(|file| file.path().extension().is_some_and(|end| end == "sql"))
            .collect();
        let mut random = fastrand::Rng::new();
        println!("seed {}", random.get_seed());
        let mut read = 0_u64;
        for _ in 0..count.unwrap_or(20_000) {
            let file = files[random.usize(..files.len())];
            let mut text = if random.u8(..4) == 0 { RIGHT } else { file.contents_utf8().unwrap() }.to_owned();
            (0..random.usize(1..6)).for_each(|_| mutate(&mut text, &mut random));
            if let Ok(query) = parse(Path::new("x.sql"), &text) {
                read += 1;
                assert!(!query.sql.is_empty() && !query.columns.is_empty() && !query.title.is_empty());
                assert!(query.parameters.iter().all(|known| known.kind.parse(&known.default).is_ok()));
            }
        }
        assert!(read > 0);
    }
}
