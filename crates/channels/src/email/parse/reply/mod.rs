//! Splits an answer by mail into what its author wrote, what they quoted, and their signature.
//!
//! A few plain rules that prefer showing too much to hiding a word: a quote is cut where an
//! attribution ("Pada … menulis:", "On … wrote:"), a block of forwarded headers ("Dari: …
//! Dikirim: …") or a separator stands, or where `>` lines end the text. Nothing is lost: the three
//! parts hold every line. Where all would be hidden, all is shown, but for the headers of a
//! letter that was forwarded without a word.

mod attribution;
mod words;

use attribution::{attribution, has_date};
use words::{CLOSINGS, FROM_FIELDS, OTHER_FIELDS, SENT_FROM, SEPARATORS};

/// The three parts of an answer, each trimmed of empty lines at its ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// What the author wrote.
    pub visible: String,
    /// What was quoted or forwarded.
    pub quoted: String,
    /// Signature, and lines such as "Dikirim dari iPhone saya".
    pub signature: String,
}

/// Lines that a signature may have, and that one behind a line of just "-- " may have.
const SIGNATURE_LINES_MAX: usize = 15;
const MARKED_SIGNATURE_LINES_MAX: usize = 40;
/// Lines below a closing word that are a name and an office, no more text.
const CLOSING_LINES_MAX: usize = 4;
/// Lines in which a header block has to show itself.
const HEADER_LINES_MAX: usize = 7;
/// A quoted line so long was broken by the program that sent it on.
const WRAPPED_CHARS_MIN: usize = 60;

/// Splits a plain text; see the module's rules.
pub fn split_reply(text: &str) -> Reply {
    let text = text.replace("\r\n", "\n");
    let text = attribution::on_lines_of_their_own(&text);
    let lines: Vec<&str> = text.split('\n').collect();
    let cut = (0..lines.len()).find_map(|at| quote_start(&lines, at));
    let (mut shown, quoted) = match cut {
        Some(cut) => {
            let (shown, mut quoted) = around(&lines, cut);
            // Quote marks that stand right before what introduces the quote belong to it.
            let (shown, mut tail) = trailing_quote(&shown);
            tail.append(&mut quoted);
            (shown, tail)
        }
        None => trailing_quote(&lines),
    };
    if is_blank(&shown) {
        return forwarded(&lines, cut);
    }
    let signed = signature_start(&shown);
    let signature = shown.split_off(signed);
    Reply { visible: trimmed(&shown), quoted: trimmed(&quoted), signature: trimmed(&signature) }
}

/// A text that is nothing but somebody else's: all of it is shown, but for the forwarded headers.
fn forwarded(lines: &[&str], cut: Option<Cut>) -> Reply {
    let whole = || Reply { visible: trimmed(lines), ..Reply::default() };
    let Some(cut) = cut else { return whole() };
    let after = cut.at + cut.lines;
    let head = (cut.at..lines.len().min(after + 3)).find(|&at| is_header_block(lines, at));
    let Some(head) = head else { return whole() };
    let Some(blank) = lines[head..].iter().position(|line| line.trim().is_empty()) else {
        return whole();
    };
    let (head, body) = lines.split_at(head + blank);
    if is_blank(body) || (0..body.len()).any(|at| quote_start(body, at).is_some()) {
        return whole();
    }
    Reply { visible: trimmed(body), quoted: trimmed(head), signature: String::new() }
}

/// Where a quote begins: first line, and the lines its introduction takes.
#[derive(Clone, Copy)]
struct Cut {
    at: usize,
    lines: usize,
}

fn quote_start(lines: &[&str], at: usize) -> Option<Cut> {
    let line = bare(lines[at]);
    if is_ruled_header_block(lines, at) {
        return Some(Cut { at, lines: 1 });
    }
    if line.is_empty() {
        return None;
    }
    if is_separator(line) || is_header_block(lines, at) {
        return Some(Cut { at, lines: 1 });
    }
    attribution(lines, at).map(|lines| Cut { at, lines })
}

/// The text before the quote and, where the quote is marked by `>`, what was written after it.
fn around<'a>(lines: &[&'a str], cut: Cut) -> (Vec<&'a str>, Vec<&'a str>) {
    let mut shown = lines[..cut.at].to_vec();
    let mut quoted = lines[cut.at..cut.at + cut.lines].to_vec();
    let rest = &lines[cut.at + cut.lines..];
    let first = rest.iter().find(|line| !line.trim().is_empty());
    let marked = first.is_some_and(|line| is_quoted(line));
    let answered = (0..rest.len())
        .any(|at| !rest[at].trim().is_empty() && !is_quoted(rest[at]) && !is_wrapped(rest, at));
    if !marked || (!is_blank(&shown) && !answered) {
        quoted.extend(rest);
        return (shown, quoted);
    }
    for (at, line) in rest.iter().enumerate() {
        if is_quoted(line) || is_wrapped(rest, at) { quoted.push(line) } else { shown.push(line) }
    }
    (shown, quoted)
}

/// The end of a quoted line that the sender's program broke and did not mark again.
fn is_wrapped(lines: &[&str], at: usize) -> bool {
    let (Some(before), Some(after)) = (at.checked_sub(1).map(|b| lines[b]), lines.get(at + 1))
    else {
        return false;
    };
    let line = lines[at];
    if line.trim().is_empty() || !is_quoted(before) || !is_quoted(after) {
        return false;
    }
    let link = before.contains("://") || line.trim_start().starts_with("(http");
    link || before.chars().count() >= WRAPPED_CHARS_MIN
}

/// `>` lines at the end of a text without any introduction.
fn trailing_quote<'a>(lines: &[&'a str]) -> (Vec<&'a str>, Vec<&'a str>) {
    let tail = lines.iter().rev();
    let count = tail.take_while(|line| line.trim().is_empty() || is_quoted(line)).count();
    let (shown, quoted) = lines.split_at(lines.len() - count);
    (shown.to_vec(), quoted.to_vec())
}

fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with(['>', '|'])
}

fn is_blank(lines: &[&str]) -> bool {
    lines.iter().all(|line| line.trim().is_empty())
}

/// The line without quote marks, emphasis and blanks around it.
fn bare(line: &str) -> &str {
    line.trim_start_matches([' ', '\t', '>', '|']).trim().trim_matches(['*', '_']).trim()
}

/// `-----Pesan Asli-----`, and its like.
fn is_separator(line: &str) -> bool {
    if line.len() > 120 {
        return false;
    }
    let lower = line.to_lowercase();
    let inner = lower.trim_matches(['-', '_', '=', ' ', '*', ':', '—', '>', '<']);
    let dashed = ["--", "==", "__", "—", "- -"].iter().any(|dash| lower.starts_with(dash));
    let forwarded = inner == "begin forwarded message" || inner == "mulai pesan yang diteruskan";
    forwarded || (dashed && SEPARATORS.iter().any(|s| inner.starts_with(s)))
}

/// `Dari: …` with at least two more fields of a header block, and an address or a time in it: the
/// head of a letter on paper ("Perihal: …", "Kepada: …") has neither.
fn is_header_block(lines: &[&str], at: usize) -> bool {
    let Some(first) = field_name(lines[at]) else { return false };
    let known = |name: &str| FROM_FIELDS.contains(&name) || OTHER_FIELDS.contains(&name);
    if !known(&first) {
        return false;
    }
    let block: Vec<&str> = lines[at..].iter().take(HEADER_LINES_MAX).copied().collect();
    let end = block.iter().position(|line| line.trim().is_empty()).unwrap_or(block.len());
    let names: Vec<String> = block[..end].iter().filter_map(|line| field_name(line)).collect();
    let from = names.iter().any(|name| FROM_FIELDS.contains(&name.as_str()));
    let others = names.iter().filter(|name| OTHER_FIELDS.contains(&name.as_str())).count();
    let real = block[..end].iter().any(|line| line.contains('@') || has_date(line));
    from && others >= 2 && real
}

/// A ruler and then a header block, as Outlook puts them.
fn is_ruled_header_block(lines: &[&str], at: usize) -> bool {
    let line = lines[at].trim();
    let ruler = line.chars().count() >= 4 && line.chars().all(|c| matches!(c, '_' | '-' | '='));
    let next = (at + 1..lines.len()).find(|&next| !lines[next].trim().is_empty());
    ruler && next.is_some_and(|next| next <= at + 2 && is_header_block(lines, next))
}

fn field_name(line: &str) -> Option<String> {
    let line = line.trim().trim_start_matches(['*', '_', '>', '|', ' ']);
    let (name, _) = line.split_once([':', '：'])?;
    let name = name.trim_matches(['*', '_', ' ', '\u{a0}']);
    (name.chars().count() <= 15).then(|| name.to_lowercase())
}

/// Where the signature begins; the number of lines where there is none.
fn signature_start(lines: &[&str]) -> usize {
    let last = lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |at| at + 1);
    // A text that is nothing but its signature is shown.
    let begin = lines.iter().position(|line| !line.trim().is_empty()).unwrap_or(0) + 1;
    (begin..last).find(|&at| is_signature(lines, at, last)).unwrap_or(lines.len())
}

fn is_signature(lines: &[&str], at: usize, last: usize) -> bool {
    let (line, below) = (lines[at].trim(), last - at - 1);
    if line == "--" {
        return below <= MARKED_SIGNATURE_LINES_MAX;
    }
    if below > SIGNATURE_LINES_MAX {
        return false;
    }
    let rule = line.chars().count() >= 5 && line.chars().all(|c| matches!(c, '_' | '—'));
    rule || matches!(line, "—" | "––" | "---" | "-- -")
        || is_sent_from(line)
        || is_closing(&lines[at..last])
        || is_dashed_name(lines, at, last)
}

/// "Dikirim dari iPhone saya": a line of its own, no sentence that goes on.
fn is_sent_from(line: &str) -> bool {
    let lower = line.trim_start_matches(['*', '_', '[', '<', ' ']).to_lowercase();
    line.len() < 160 && SENT_FROM.iter().any(|sent| lower.starts_with(sent))
}

/// "Hormat saya," with a name and perhaps an office below, and nothing else.
fn is_closing(lines: &[&str]) -> bool {
    let word = lines[0].trim().trim_end_matches([',', '.', '!']).to_lowercase();
    let below: Vec<&&str> = lines[1..].iter().filter(|line| !line.trim().is_empty()).collect();
    let short = below.iter().all(|line| line.split_whitespace().count() <= 6);
    CLOSINGS.contains(&word.as_str()) && (1..=CLOSING_LINES_MAX).contains(&below.len()) && short
}

/// `-Budi` behind an empty line at the end, or above "Dikirim dari …".
fn is_dashed_name(lines: &[&str], at: usize, last: usize) -> bool {
    let Some(name) = lines[at].trim().strip_prefix(['-', '—', '–']) else { return false };
    let named = name.starts_with(char::is_alphabetic) && name.split_whitespace().count() <= 3;
    let behind_gap = lines[at - 1].trim().is_empty();
    let mut below = lines[at + 1..last].iter().filter(|line| !line.trim().is_empty());
    named && behind_gap && below.all(|line| is_sent_from(line.trim()))
}

/// The lines as one text without empty lines at its ends.
fn trimmed(lines: &[&str]) -> String {
    lines.join("\n").trim_matches(['\n', ' ', '\t', '\r', '\u{a0}']).to_owned()
}

#[cfg(test)]
mod tests;
