//! How well answers are split into words, quote and signature.
//!
//! A case is `{id, kind, content_type, normalise, input, expected}`. `exact` is equal after the
//! case's own `normalise`, `near` is equal but for white space. Of the kinds, `reply` names the
//! author's own words (with or without the signature, whichever the set does), `signature-split`
//! words and signature, `fragments` a list of statements about the parts in their order.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::super::parse::{Reply, html_to_text, html_to_text_quoted, split_reply};
use super::{EvalError, percent, rows, squeezed};

/// The figures of one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ReplyFigures {
    /// Over all cases.
    #[serde(flatten)]
    pub all: Matches,
    /// By where the case comes from, which is what stands before `/` in its id.
    pub sources: BTreeMap<String, Matches>,
    /// By source and kind of text.
    pub kinds: BTreeMap<String, Matches>,
    /// Cases that are not near.
    pub missed: Vec<String>,
    /// Cases of a kind that is not known here.
    pub unknown: usize,
}

/// How many cases fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Matches {
    /// Cases.
    pub count: usize,
    /// Equal, as the case says how to compare.
    pub exact: usize,
    /// Equal but for white space; the exact ones are among them.
    pub near: usize,
    /// `exact` of `count`.
    pub exact_percent: f64,
    /// `near` of `count`.
    pub near_percent: f64,
}

impl Matches {
    fn add(&mut self, fit: Fit) {
        self.count += 1;
        self.exact += usize::from(fit.exact);
        self.near += usize::from(fit.near);
        self.exact_percent = percent(self.exact, self.count);
        self.near_percent = percent(self.near, self.count);
    }
}

#[derive(Clone, Copy)]
struct Fit {
    exact: bool,
    near: bool,
}

/// Measures the splitting on a file of cases.
///
/// # Errors
/// A file that cannot be read, or a line that is no case.
pub fn replies(path: &Path) -> Result<ReplyFigures, EvalError> {
    let mut figures = ReplyFigures::default();
    for (at, row) in rows(path)?.iter().enumerate() {
        let text = |name: &str| row[name].as_str();
        let (Some(id), Some(input)) = (text("id"), text("input")) else {
            return Err(EvalError::Line {
                path: path.display().to_string(),
                line: at + 1,
                why: "a case needs id and input".to_owned(),
            });
        };
        let kind = text("kind").unwrap_or("reply");
        let Some(fit) = fit(row, kind, input) else {
            figures.unknown += 1;
            continue;
        };
        let source = id.split('/').next().unwrap_or(id);
        let media = text("content_type").unwrap_or("text/plain");
        figures.all.add(fit);
        figures.sources.entry(source.to_owned()).or_default().add(fit);
        figures.kinds.entry(format!("{source} {kind} {media}")).or_default().add(fit);
        if !fit.near {
            figures.missed.push(id.to_owned());
        }
    }
    Ok(figures)
}

fn fit(row: &Value, kind: &str, input: &str) -> Option<Fit> {
    let html = row["content_type"] == "text/html";
    let text = if html { html_to_text_quoted(input) } else { input.to_owned() };
    let reply = split_reply(&text);
    match kind {
        "reply" => {
            let expected = row["expected"].as_str()?;
            let expected = match html && expected.contains('<') {
                true => html_to_text(expected),
                false => expected.to_owned(),
            };
            let own = own_words(&text, &reply);
            let normalise = row["normalise"].as_str().unwrap_or("trim");
            // Sets of HTML expect the text without any white space.
            let normalise = if html { "whitespace-removed" } else { normalise };
            let fits = |got: &str| compare(got, &expected, normalise);
            let (bare, signed) = (fits(&reply.visible), fits(&own));
            Some(Fit { exact: bare.exact || signed.exact, near: bare.near || signed.near })
        }
        "signature-split" => {
            let expected = row["expected"].as_array()?;
            let words = compare(&reply.visible, expected.first()?.as_str()?, "trim");
            let signature = expected.get(1).and_then(Value::as_str).unwrap_or_default();
            let signature = compare(&reply.signature, signature, "trim");
            Some(Fit { exact: words.exact && signature.exact, near: words.near && signature.near })
        }
        "fragments" => fragments(row["expected"].as_array()?, &reply),
        _ => None,
    }
}

/// The author's words with the signature, as they stood.
fn own_words(text: &str, reply: &Reply) -> String {
    if reply.signature.is_empty() {
        return reply.visible.clone();
    }
    // The lines between the two were empty; how many, the text tells.
    let text = text.replace("\r\n", "\n");
    let after = text.find(&reply.visible).map(|at| &text[at + reply.visible.len()..]);
    let gap = after.and_then(|after| after.find(&reply.signature).map(|end| &after[..end]));
    let gap = gap.filter(|gap| gap.trim().is_empty()).unwrap_or("\n\n");
    format!("{}{gap}{}", reply.visible, reply.signature)
}

fn compare(got: &str, expected: &str, normalise: &str) -> Fit {
    let lines = |text: &str| text.replace("\r\n", "\n");
    let (got, expected) = (lines(got), lines(expected));
    let near = squeezed(&got) == squeezed(&expected);
    let exact = match normalise {
        "exact" => got == expected,
        other if other.starts_with("whitespace") => near,
        _ => got.trim() == expected.trim(),
    };
    Fit { exact, near }
}

/// Statements about the first fragment, the visible text and what is folded. Those about flags of
/// single fragments have no counterpart here and are passed over.
fn fragments(statements: &[Value], reply: &Reply) -> Option<Fit> {
    let folded = format!("{}\n{}", reply.signature, reply.quoted);
    let mut all: Option<Fit> = None;
    for statement in statements {
        let what = statement["what"].as_str()?;
        let expected = &statement["expected"];
        let holds = |text: &str| {
            let pattern = what.split_once("=~")?.1.trim().trim_end_matches('m').trim();
            let literal = pattern.trim_end_matches('/').trim().trim_start_matches('^');
            let found = squeezed(text).contains(&squeezed(&literal.replace("\\n", "\n")));
            Some(Fit { exact: found == expected.as_bool()?, near: found == expected.as_bool()? })
        };
        let fit = match (what, expected.as_str()) {
            ("fragments[0]" | "visibleText", Some(text)) => {
                Some(compare(&reply.visible, text, "trim"))
            }
            ("fragments.length", _) if expected == 1 => {
                let nothing = reply.signature.is_empty() && reply.quoted.is_empty();
                Some(Fit { exact: nothing, near: nothing })
            }
            _ if what.starts_with("fragments[0] =~") => holds(&reply.visible),
            _ if what.starts_with("fragments[1] =~") => holds(&folded),
            _ => None,
        };
        if let Some(fit) = fit {
            let so_far = all.unwrap_or(Fit { exact: true, near: true });
            all = Some(Fit { exact: so_far.exact && fit.exact, near: so_far.near && fit.near });
        }
    }
    all
}
