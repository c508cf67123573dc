//! Real mails with results that independent parsers agree on.
//!
//! The data lies outside the repository, in the folder named by `TANGGAP_TESTDATA`: unset, these
//! tests say that they were skipped; set but missing, they fail. Each floor is what was reached,
//! and the figures are printed.

#![expect(clippy::unwrap_used, reason = "in a test a broken assumption is the failure")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};
use tanggap_channels::email::parse::{AutoKind, html_to_text, parse, split_reply};
use tanggap_channels::email::report::MailReport;

fn data() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("TANGGAP_TESTDATA") else {
        println!("skipped: TANGGAP_TESTDATA is not set");
        return None;
    };
    let folder = PathBuf::from(folder);
    assert!(folder.is_dir(), "TANGGAP_TESTDATA names no folder: {}", folder.display());
    Some(folder)
}

fn rows(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

fn words(text: &str) -> String {
    text.replace('\u{a0}', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[derive(Default)]
struct Score {
    hits: BTreeMap<String, (usize, usize)>,
    show: bool,
}

impl Score {
    fn new() -> Score {
        Score { show: std::env::var_os("SHOW_MISSES").is_some(), ..Score::default() }
    }

    fn count(&mut self, what: &str, id: &str, got: &Value, want: &Value) {
        let entry = self.hits.entry(what.to_owned()).or_default();
        entry.1 += 1;
        if got == want {
            entry.0 += 1;
        } else if self.show {
            println!("MISS {what} {id}\n   got  {got}\n   want {want}");
        }
    }

    fn percent(&self, what: &str) -> f64 {
        let (hit, all) = self.hits[what];
        100.0 * hit as f64 / all as f64
    }

    fn print(&self, title: &str) {
        println!("{title}");
        for (what, (hit, all)) in &self.hits {
            println!("  {what}: {hit} of {all} ({:.1} %)", self.percent(what));
        }
    }
}

#[test]
fn every_file_is_taken_in_quickly() {
    let Some(data) = data() else { return };
    let mut all = Vec::new();
    for set in
        ["email-mime", "email-bounce", "email-tnef", "email-reply", "email-headers", "zammad-mail"]
    {
        files(&data.join(set), &mut all);
    }
    let (mut count, mut slowest) = (0, (Duration::ZERO, PathBuf::new()));
    for path in all {
        let raw = std::fs::read(&path).unwrap();
        let start = Instant::now();
        let mail = parse(&raw);
        split_reply(&mail.text);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(1), "{} took {took:?}", path.display());
        let kept = !mail.text.trim().is_empty()
            || !mail.attachments.is_empty()
            || mail.subject.is_some()
            || mail.html.is_some()
            || mail.understood;
        assert!(kept || raw.trim_ascii().is_empty(), "nothing kept of {}", path.display());
        count += 1;
        if took > slowest.0 {
            slowest = (took, path);
        }
    }
    println!("{count} files, slowest {:?} {}", slowest.0, slowest.1.display());
    assert!(count > 300);
}

#[test]
fn fields_on_which_three_parsers_agree() {
    let Some(data) = data() else { return };
    let folder = data.join("email-mime");
    let mut score = Score::new();
    for row in rows(&folder.join("expected.jsonl")) {
        let file = row["file"].as_str().unwrap();
        let mail = parse(&std::fs::read(folder.join(file)).unwrap());
        let report = serde_json::to_value(MailReport::from(&mail)).unwrap();
        let (want, agree) = (&row["expected"], &row["agree_of_3"]);
        for field in ["subject", "from", "to", "message_id", "date", "attachments", "text"] {
            let Some(votes) = agree[field].as_u64() else { continue };
            // The parsers leave the text of an HTML letter empty; here it is what people see.
            if field == "text" && want[field].as_str().unwrap_or_default().is_empty() {
                continue;
            }
            let (got, want) = match field {
                "attachments" => (hashes(&report[field]), hashes(&want[field])),
                "text" => (
                    words(report[field].as_str().unwrap()).into(),
                    words(want[field].as_str().unwrap_or_default()).into(),
                ),
                _ => (report[field].clone(), want[field].clone()),
            };
            score.count(&format!("{votes} of 3: {field}"), file, &got, &want);
        }
    }
    score.print("email-mime");
    for field in ["subject", "from", "to", "message_id", "date", "attachments", "text"] {
        let percent = score.percent(&format!("3 of 3: {field}"));
        assert!(percent >= 100.0, "{field}: {percent:.1} %");
    }
}

fn hashes(list: &Value) -> Value {
    let mut all: Vec<_> =
        list.as_array().unwrap().iter().map(|file| file["sha256"].clone()).collect();
    all.sort_by_key(ToString::to_string);
    all.into()
}

#[test]
fn outlook_containers_give_their_files() {
    let Some(data) = data() else { return };
    let folder = data.join("email-tnef");
    let mut score = Score::new();
    for row in rows(&folder.join("expected.jsonl")) {
        let file = row["file"].as_str().unwrap();
        let mail = parse(&std::fs::read(folder.join(file)).unwrap());
        // The expectations were made by a reader that cuts NULs off the end of a file.
        let cut = |bytes: &[u8]| {
            let len = bytes.iter().rposition(|&b| b != 0).map_or(0, |at| at + 1);
            hex::encode(Sha256::digest(&bytes[..len]))
        };
        let mut got: Vec<String> = mail.attachments[1..].iter().map(|f| cut(&f.bytes)).collect();
        got.sort();
        let mut want: Vec<&str> = row["expected"]["attachments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| file["sha256"].as_str().unwrap())
            .collect();
        want.sort_unstable();
        score.count("attachments", file, &got.into(), &want.into());
    }
    score.print("email-tnef");
    assert!(score.percent("attachments") >= 100.0);
}

#[test]
fn mails_of_a_help_desk() {
    let Some(data) = data() else { return };
    let folder = data.join("zammad-mail");
    let mut score = Score::new();
    for row in rows(&folder.join("mail-expected.jsonl")) {
        let file = row["file"].as_str().unwrap();
        let want = match &row["expected"]["params"] {
            Value::Null => &row["expected"],
            params => params,
        };
        let mail = parse(&std::fs::read(folder.join(file)).unwrap());
        let from = mail.from.as_ref();
        let email = from.map(|from| from.email.to_lowercase()).unwrap_or_default();
        let body =
            mail.html.as_deref().map_or(words(&mail.text), |html| words(&html_to_text(html)));
        for (field, got) in [
            ("from_email", email),
            ("from_display_name", from.and_then(|f| f.name.clone()).unwrap_or_default()),
            ("subject", mail.subject.clone().unwrap_or_default()),
            ("body", body.clone()),
        ] {
            let Some(text) = want[field].as_str() else { continue };
            let text = match field {
                "from_email" => text.to_lowercase(),
                "body" if text == "no visible content" => String::new(),
                "body" if mail.html.is_some() => words(&html_to_text(text)),
                _ => words(text),
            };
            score.count(field, file, &got.into(), &text.into());
        }
        if let Some(list) = want["attachments"].as_array() {
            // The help desk also keeps a letter's HTML as a file; here that is no file.
            let all: Vec<String> =
                mail.attachments.iter().map(|file| md5::hex(&file.bytes)).collect();
            let missing: Vec<&Value> = list
                .iter()
                .filter(|file| file["content-alternative"] != true)
                .filter(|file| {
                    file["md5"].as_str().is_some_and(|sum| !all.iter().any(|a| a == sum))
                })
                .collect();
            let missing = serde_json::to_value(missing).unwrap();
            score.count("attachments", file, &missing, &Value::Array(Vec::new()));
        }
    }
    score.print("zammad-mail");
    for (field, floor) in
        [("from_email", 100.0), ("subject", 100.0), ("attachments", 100.0), ("body", 75.0)]
    {
        let percent = score.percent(field);
        assert!(percent >= floor, "{field}: {percent:.1} %");
    }
}

#[test]
fn replies_are_split() {
    let Some(data) = data() else { return };
    let mut score = Score::new();
    for row in rows(&data.join("email-reply/cases.jsonl")) {
        let id = row["id"].as_str().unwrap();
        let origin = id.split('/').next().unwrap();
        let input = row["input"].as_str().unwrap();
        if row["kind"] != "reply" || row["content_type"] != "text/plain" {
            continue;
        }
        let squeeze = |text: &str| text.split_whitespace().collect::<String>();
        let got = split_reply(input);
        let want = squeeze(row["expected"].as_str().unwrap());
        score.count(origin, id, &squeeze(&got.visible).into(), &want.into());
    }
    score.print("email-reply, white space removed");
    assert!(score.percent("discourse-email_reply_trimmer") >= 83.0);
    assert!(score.percent("talon") >= 80.0);
}

#[test]
fn bounces_are_told_from_letters() {
    let Some(data) = data() else { return };
    let folder = data.join("email-bounce");
    let (mut tp, mut fp, mut fneg, mut tn) = (0, 0, 0, 0);
    for row in rows(&folder.join("expected.jsonl")) {
        let Some(want) = row["expected"]["is_bounce"].as_i64() else { continue };
        let file = row["file"].as_str().unwrap();
        let mail = parse(&std::fs::read(folder.join(file)).unwrap());
        match (want == 1, mail.auto == AutoKind::Bounce) {
            (true, true) => tp += 1,
            (true, false) => {
                fneg += 1;
                println!("MISS bounce {file} {:?} {:?}", mail.auto, mail.subject);
            }
            (false, true) => {
                fp += 1;
                println!("MISS letter {file} {:?}", mail.subject);
            }
            (false, false) => tn += 1,
        }
    }
    println!("email-bounce: tp {tp} fp {fp} fn {fneg} tn {tn}");
    assert!(fneg <= 1 && fp <= 2, "tp {tp} fp {fp} fn {fneg} tn {tn}");
}

#[test]
fn automatic_mails_are_recognised() {
    let Some(data) = data() else { return };
    let mut score = Score::new();
    for row in rows(&data.join("zammad-mail/auto-reply-flags.jsonl")) {
        let mail = parse(row["raw"].as_str().unwrap().as_bytes());
        let (check, want) = (row["check"].as_str().unwrap(), &row["expected"]);
        let got = match check {
            "x-zammad-send-auto-response" => mail.auto == AutoKind::None,
            _ => mail.auto == AutoKind::AutoReply,
        };
        score.count(check, row["test"].as_str().unwrap(), &got.into(), want);
    }
    score.print("auto-reply-flags");
    assert!(score.percent("x-zammad-send-auto-response") >= 100.0);
    assert!(score.percent("x-zammad-out-of-office") >= 100.0);
}

/// MD5, which the help desk's expectations use; too old to be worth a dependency.
mod md5 {
    /// Lower-case hex digest.
    pub fn hex(input: &[u8]) -> String {
        let shift: [u32; 16] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
        let sines: Vec<u32> =
            (1..=64).map(|i| (f64::from(i).sin().abs() * 4_294_967_296.0) as u32).collect();
        let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
        let mut data = input.to_vec();
        data.push(0x80);
        data.resize(data.len().next_multiple_of(64) + if data.len() % 64 > 56 { 64 } else { 0 }, 0);
        let at = data.len() - 8;
        data[at..].copy_from_slice(&(input.len() as u64 * 8).to_le_bytes());
        for block in data.chunks_exact(64) {
            let word: Vec<u32> = block
                .chunks_exact(4)
                .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect();
            let [mut a, mut b, mut c, mut d] = state;
            for i in 0..64 {
                let (f, g) = match i / 16 {
                    0 => ((b & c) | (!b & d), i),
                    1 => ((d & b) | (!d & c), (5 * i + 1) % 16),
                    2 => (b ^ c ^ d, (3 * i + 5) % 16),
                    _ => (c ^ (b | !d), (7 * i) % 16),
                };
                let sum = a.wrapping_add(f).wrapping_add(sines[i]).wrapping_add(word[g]);
                (a, d, c) = (d, c, b);
                b = b.wrapping_add(sum.rotate_left(shift[i / 16 * 4 + i % 4]));
            }
            for (total, part) in state.iter_mut().zip([a, b, c, d]) {
                *total = total.wrapping_add(part);
            }
        }
        state.iter().flat_map(|s| s.to_le_bytes()).map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn known_digests() {
        assert_eq!(hex(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex(b"message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
        assert_eq!(hex(&[b'a'; 60]).len(), 32);
    }
}
