//! Measures what `parse` makes of messages and answers whose right result is known.
//!
//! The data is never part of the product: whoever has such a set names its file or folder. Each
//! figure is a count of cases that fit, beside the count of those that say something about it.

mod mails;
mod replies;

use std::collections::BTreeMap;

use serde::Serialize;

pub use mails::{MailFigures, mails};
pub use replies::{ReplyFigures, replies};

/// What was wrong with the data.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A line is no JSON object with the fields of a case.
    #[error("{path}, line {line}: {why}")]
    Line {
        /// Which file.
        path: String,
        /// From 1.
        line: usize,
        /// What is missing.
        why: String,
    },
    /// There is nothing to measure in the folder.
    #[error("{0}: no set of cases in it")]
    Nothing(String),
}

/// How many of the cases that state something fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Hits {
    /// Fit.
    pub hits: usize,
    /// All that state it.
    pub count: usize,
    /// `hits` of `count`.
    pub percent: f64,
}

/// Hits by what is compared, and which cases did not fit.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// By what is compared.
    pub fields: BTreeMap<String, Hits>,
    /// `field: case`, of those that did not fit.
    pub misses: Vec<String>,
}

impl Figures {
    /// Counts one comparison.
    fn count(&mut self, field: &str, case: &str, fits: bool) {
        let hits = self.fields.entry(field.to_owned()).or_default();
        hits.count += 1;
        hits.hits += usize::from(fits);
        hits.percent = percent(hits.hits, hits.count);
        if !fits {
            self.misses.push(format!("{field}: {case}"));
        }
    }

    /// The share of a field that fits, in percent; 100 where no case states it.
    #[must_use]
    pub fn percent(&self, field: &str) -> f64 {
        self.fields.get(field).map_or(100.0, |hits| hits.percent)
    }
}

/// In percent, to a tenth.
fn percent(hits: usize, count: usize) -> f64 {
    (1000.0 * hits as f64 / count.max(1) as f64).round() / 10.0
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

fn read(path: &std::path::Path) -> Result<String, EvalError> {
    std::fs::read_to_string(path)
        .map_err(|source| EvalError::File { path: path.display().to_string(), source })
}

/// The cases of a file with one JSON object on each line.
fn rows(path: &std::path::Path) -> Result<Vec<serde_json::Value>, EvalError> {
    let text = read(path)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = lines.map(|(at, line)| {
        serde_json::from_str(line).map_err(|e| EvalError::Line {
            path: path.display().to_string(),
            line: at + 1,
            why: e.to_string(),
        })
    });
    read.collect()
}
