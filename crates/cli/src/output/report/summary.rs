//! The examiner's text: a small subset of Markdown. Headings, paragraphs, lists, bold, italic and code are supported;
//! everything else, such as links and HTML, is shown verbatim.

use askama::Template;

/// Maximum bytes of the text.
pub(crate) const MAX_BYTES: usize = 64 * 1024;

#[derive(Template)]
#[template(path = "story/summary.html")]
struct Summary {
    blocks: Vec<Block>,
}

#[derive(Debug, PartialEq, Eq)]
enum Block {
    Heading(Vec<Span>),
    Paragraph(Vec<Span>),
    List { ordered: bool, items: Vec<Vec<Span>> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Span {
    Plain(String),
    Bold(String),
    Italic(String),
    Code(String),
}

/// The text as HTML.
pub(super) fn html(text: &str) -> Result<String, askama::Error> {
    Summary { blocks: blocks(text) }.render()
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut paragraph = String::new();
    for line in text.lines().chain(std::iter::once("")) {
        let line = line.trim();
        let special = special(line);
        if (line.is_empty() || special.is_some()) && !paragraph.is_empty() {
            blocks.push(Block::Paragraph(spans(&std::mem::take(&mut paragraph))));
        }
        match (special, blocks.last_mut()) {
            (Some(Block::List { ordered, items: mut new }), Some(Block::List { ordered: kind, items }))
                if ordered == *kind =>
            {
                items.append(&mut new);
            }
            (Some(block), _) => blocks.push(block),
            (None, _) if line.is_empty() => {}
            (None, _) => {
                if !paragraph.is_empty() {
                    paragraph.push(' ');
                }
                paragraph += line;
            }
        }
    }
    blocks
}

/// A line that forms a block: a heading or a list item.
fn special(line: &str) -> Option<Block> {
    let heading = line.trim_start_matches('#');
    let level = line.len() - heading.len();
    if (1..=6).contains(&level) && heading.starts_with(' ') {
        return Some(Block::Heading(spans(heading.trim())));
    }
    let item = |ordered, text: &str| Block::List { ordered, items: vec![spans(text.trim())] };
    if let Some(text) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some(item(false, text));
    }
    let (number, text) = line.split_once(". ")?;
    let is_number = (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| item(true, text))
}

/// Parses inline markup; an unclosed mark is plain text.
fn spans(text: &str) -> Vec<Span> {
    type Make = fn(String) -> Span;
    const MARKS: [(&str, Make); 3] = [("`", Span::Code), ("**", Span::Bold), ("*", Span::Italic)];
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let marked = MARKS.iter().find_map(|(mark, make)| {
            let inside = rest.strip_prefix(mark)?;
            let (inside, after) = inside.split_once(mark)?;
            let is_text = !inside.is_empty() && inside.trim() == inside;
            is_text.then(|| (make(inside.to_owned()), after))
        });
        match marked {
            Some((span, after)) => {
                if !plain.is_empty() {
                    spans.push(Span::Plain(std::mem::take(&mut plain)));
                }
                spans.push(span);
                rest = after;
            }
            None => {
                plain.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    if !plain.is_empty() {
        spans.push(Span::Plain(plain));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_marks_are_understood() {
        let text = "# Title\nOne **two**\nthree *four* `a*b*`\n\n- x\n- y\n1. z\n\n2 * 3 * 4 **open";
        let html = html(text).unwrap_or_default();
        let expected = [
            "<h3>Title</h3>",
            "<p>One <strong>two</strong> three <em>four</em> <code>a*b*</code></p>",
            "<ul><li>x</li><li>y</li></ul>",
            "<ol><li>z</li></ol>",
            "<p>2 * 3 * 4 **open</p>",
        ];
        assert_eq!(html.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn html_and_links_stay_text() {
        let html =
            html("<script>alert(1)</script> [a](javascript:x) ![b](http://c) \u{202e}&").unwrap_or_default();
        assert!(!html.contains("<script") && !html.contains("href") && !html.contains("<img"), "{html}");
        assert!(html.contains("&lt;script&gt;") && html.contains("[a](javascript:x)"), "{html}");
        assert!(html.contains("\\u{202E}&amp;"), "{html}");
    }

    #[test]
    fn parsing_of_hostile_text_ends() {
        for text in ["*".repeat(5000), "`".repeat(5000), "# ".repeat(999), "☃".repeat(99)] {
            assert!(html(&text).is_ok());
        }
    }
}
