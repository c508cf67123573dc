//! How well whole messages are read, on the sets of a folder: `email-mime`, `email-bounce`,
//! `email-tnef`, `zammad-mail`, `email-headers`; those that are not there are passed over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use md5::Md5;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::parse::{AutoKind, DeliveryKind, html_to_text, parse, split_reply};
use super::super::report::MailReport;
use super::{EvalError, Figures, rows};

/// Folders that hold messages.
const SETS: &[&str] =
    &["email-mime", "email-bounce", "email-tnef", "email-reply", "email-headers", "zammad-mail"];

/// The figures of a folder of sets.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MailFigures {
    /// By set.
    pub sets: BTreeMap<String, Figures>,
    /// Files that were read.
    pub files: usize,
    /// Files of which nothing was kept, neither text nor file nor subject.
    pub lost: Vec<String>,
    /// The longest that one took, milliseconds.
    pub slowest_ms: f64,
    /// Which one that was.
    pub slowest: String,
}

/// Reads every message of the sets in a folder and compares it with what is expected.
///
/// # Errors
/// A file that cannot be read, a line that is no case, or a folder without any set.
pub fn mails(folder: &Path) -> Result<MailFigures, EvalError> {
    let mut figures = MailFigures::default();
    let known: Vec<PathBuf> = SETS.iter().map(|set| folder.join(set)).collect();
    let present: Vec<&PathBuf> = known.iter().filter(|set| set.is_dir()).collect();
    if present.is_empty() {
        return Err(EvalError::Nothing(folder.display().to_string()));
    }
    for set in &present {
        timed(set, &mut figures)?;
    }
    for (set, file, measure) in [
        ("email-mime", "expected.jsonl", mime as fn(&Path, &[Value], &mut Figures) -> _),
        ("email-bounce", "expected.jsonl", bounces),
        ("email-tnef", "expected.jsonl", tnef),
        ("zammad-mail", "mail-expected.jsonl", help_desk),
        ("zammad-mail", "auto-reply-flags.jsonl", automatic),
    ] {
        let path = folder.join(set);
        if path.join(file).is_file() {
            let rows = rows(&path.join(file))?;
            measure(&path, &rows, figures.sets.entry(set.to_owned()).or_default())?;
        }
    }
    Ok(figures)
}

fn bytes(path: &Path) -> Result<Vec<u8>, EvalError> {
    std::fs::read(path)
        .map_err(|source| EvalError::File { path: path.display().to_string(), source })
}

/// Every file, whatever it is: kept, and in what time.
fn timed(folder: &Path, figures: &mut MailFigures) -> Result<(), EvalError> {
    let fault = |source| EvalError::File { path: folder.display().to_string(), source };
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.is_dir() {
            timed(&path, figures)?;
            continue;
        }
        let raw = bytes(&path)?;
        let start = Instant::now();
        let mail = parse(&raw);
        split_reply(&mail.text);
        let took = start.elapsed();
        let kept = !mail.text.trim().is_empty()
            || !mail.attachments.is_empty()
            || mail.subject.is_some()
            || mail.html.is_some()
            || mail.understood;
        figures.files += 1;
        if !kept && !raw.trim_ascii().is_empty() {
            figures.lost.push(path.display().to_string());
        }
        if took > Duration::from_secs_f64(figures.slowest_ms / 1e3) {
            figures.slowest_ms = (took.as_secs_f64() * 1e5).round() / 100.0;
            figures.slowest = path.display().to_string();
        }
    }
    Ok(())
}

fn name_of(row: &Value) -> &str {
    row["file"].as_str().unwrap_or_default()
}

fn words(text: &str) -> String {
    text.replace('\u{a0}', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Fields on which two or three independent parsers agree.
fn mime(folder: &Path, rows: &[Value], out: &mut Figures) -> Result<(), EvalError> {
    for row in rows {
        let file = name_of(row);
        let mail = parse(&bytes(&folder.join(file))?);
        let report = serde_json::to_value(MailReport::from(&mail)).unwrap_or_default();
        for field in ["subject", "from", "to", "message_id", "date", "attachments", "text"] {
            let Some(votes) = row["agree_of_3"][field].as_u64() else { continue };
            let want = &row["expected"][field];
            // The parsers leave the text of an HTML letter empty; here it is what people see.
            if field == "text" && want.as_str().unwrap_or_default().is_empty() {
                continue;
            }
            let fits = match field {
                "attachments" => hashes(&report[field]) == hashes(want),
                "text" => words(&mail.text) == words(want.as_str().unwrap_or_default()),
                _ => report[field] == *want,
            };
            out.count(&format!("{votes} of 3: {field}"), file, fits);
        }
    }
    Ok(())
}

fn hashes(list: &Value) -> Vec<String> {
    let files = list.as_array().into_iter().flatten();
    let mut all: Vec<String> =
        files.map(|file| file["sha256"].as_str().unwrap_or_default().to_owned()).collect();
    all.sort_unstable();
    all
}

/// Told from letters, with the addresses and the answer of the mail system.
fn bounces(folder: &Path, rows: &[Value], out: &mut Figures) -> Result<(), EvalError> {
    for row in rows {
        let expected = &row["expected"];
        let class = row["class"].as_str().or_else(|| expected["class"].as_str());
        let stated = expected["is_bounce"].as_i64().map(|is| is == 1);
        let want = stated.or_else(|| class.map(|class| class.ends_with("_bounce")));
        let Some(want) = want else { continue };
        let file = name_of(row);
        let mail = parse(&bytes(&folder.join(file))?);
        let report = mail.report.unwrap_or_default();
        // A set that knows of bounces for now only means delays as well.
        let is = match report.kind {
            DeliveryKind::Failed => mail.auto == AutoKind::Bounce,
            DeliveryKind::Delayed => class.is_some(),
            _ => false,
        };
        out.count(if want { "bounce found" } else { "letter left alone" }, file, is == want);
        if let Some(list) = expected["addresses"].as_array() {
            let mut want: Vec<_> =
                list.iter().filter_map(Value::as_str).map(str::to_lowercase).collect();
            let mut got: Vec<_> = report.failures.iter().map(|f| f.address.clone()).collect();
            want.sort_unstable();
            got.sort_unstable();
            out.count("addresses", file, got == want);
        }
        let first = report.failures.first();
        let code = &expected["smtp_code"];
        let code = code.as_u64().or_else(|| code.as_str().and_then(|code| code.parse().ok()));
        if let Some(code) = code {
            let got = first.and_then(|failure| failure.code).map(u64::from);
            out.count("smtp code", file, got == Some(code));
        }
        if let Some(status) = expected["status"].as_str() {
            let got = first.and_then(|failure| failure.status.as_deref());
            out.count("status", file, got == Some(status));
        }
        if let Some(id) = expected["orig_message_id"].as_str() {
            out.count("original message", file, report.original_id.as_deref() == Some(id));
        }
    }
    Ok(())
}

/// Outlook's containers give their files.
fn tnef(folder: &Path, rows: &[Value], out: &mut Figures) -> Result<(), EvalError> {
    // The expectations were made by a reader that cuts NULs off the end of a file.
    let cut = |bytes: &[u8]| {
        let len = bytes.iter().rposition(|&b| b != 0).map_or(0, |at| at + 1);
        hex::encode(Sha256::digest(&bytes[..len]))
    };
    for row in rows {
        let mail = parse(&bytes(&folder.join(name_of(row)))?);
        let mut got: Vec<String> =
            mail.attachments.iter().skip(1).map(|file| cut(&file.bytes)).collect();
        got.sort_unstable();
        out.count("attachments", name_of(row), got == hashes(&row["expected"]["attachments"]));
    }
    Ok(())
}

/// What a help desk makes of its mails.
fn help_desk(folder: &Path, rows: &[Value], out: &mut Figures) -> Result<(), EvalError> {
    for row in rows {
        let file = name_of(row);
        let want = match &row["expected"]["params"] {
            Value::Null => &row["expected"],
            params => params,
        };
        let mail = parse(&bytes(&folder.join(file))?);
        let from = mail.from.as_ref();
        let body = mail.html.as_deref().map(html_to_text).unwrap_or_else(|| mail.text.clone());
        for (field, got) in [
            ("from_email", from.map(|from| from.email.to_lowercase()).unwrap_or_default()),
            ("from_display_name", from.and_then(|f| f.name.clone()).unwrap_or_default()),
            ("subject", mail.subject.clone().unwrap_or_default()),
            ("body", words(&body)),
        ] {
            let Some(text) = want[field].as_str() else { continue };
            let text = match field {
                "from_email" => text.to_lowercase(),
                "body" if text == "no visible content" => String::new(),
                "body" if mail.html.is_some() => words(&html_to_text(text)),
                _ => words(text),
            };
            out.count(field, file, got == text);
        }
        if let Some(list) = want["attachments"].as_array() {
            let all: Vec<String> =
                mail.attachments.iter().map(|f| hex::encode(Md5::digest(&f.bytes))).collect();
            // The help desk also keeps a letter's HTML as a file; here that is no file.
            let mut files = list.iter().filter(|file| file["content-alternative"] != true);
            let kept = files
                .all(|file| file["md5"].as_str().is_none_or(|sum| all.iter().any(|a| a == sum)));
            out.count("attachments", file, kept);
        }
    }
    Ok(())
}

/// Which mails may be answered by a machine, and which are absence notes.
fn automatic(_: &Path, rows: &[Value], out: &mut Figures) -> Result<(), EvalError> {
    for row in rows {
        let mail = parse(row["raw"].as_str().unwrap_or_default().as_bytes());
        let check = row["check"].as_str().unwrap_or_default();
        let got = match check {
            "x-zammad-send-auto-response" => mail.auto == AutoKind::None,
            _ => mail.auto == AutoKind::AutoReply,
        };
        out.count(check, row["test"].as_str().unwrap_or_default(), row["expected"] == got);
    }
    Ok(())
}
