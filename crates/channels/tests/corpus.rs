//! Real mails with results that independent parsers agree on.
//!
//! The data lies outside the repository, in the folder named by `TANGGAP_TESTDATA`: unset, these
//! tests say that they were skipped; set but missing, they fail. Each floor is what was reached,
//! and the figures are printed; `tanggap eval` prints the same.

use std::path::PathBuf;

use tanggap_channels::email::eval::{self, Figures};
use tanggap_channels::email::parse::{html_to_text, safe_html};

fn data() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("TANGGAP_TESTDATA") else {
        println!("skipped: TANGGAP_TESTDATA is not set");
        return None;
    };
    let folder = PathBuf::from(folder);
    assert!(folder.is_dir(), "TANGGAP_TESTDATA names no folder: {}", folder.display());
    Some(folder)
}

fn floor(figures: &Figures, floors: &[(&str, f64)]) {
    for (field, floor) in floors {
        let percent = figures.percent(field);
        assert!(percent >= *floor, "{field}: {percent} %, not {floor}");
    }
}

#[test]
fn mails_are_read_as_independent_parsers_read_them() {
    let Some(data) = data() else { return };
    let figures = eval::mails(&data).unwrap();
    println!("{}", serde_json::to_string_pretty(&figures).unwrap());
    assert!(figures.files > 300, "{}", figures.files);
    assert!(figures.slowest_ms < 1_000.0, "{} took {}", figures.slowest, figures.slowest_ms);
    assert!(figures.lost.is_empty(), "nothing kept of {:?}", figures.lost);
    for field in ["subject", "from", "to", "message_id", "date", "attachments", "text"] {
        floor(&figures.sets["email-mime"], &[(&format!("3 of 3: {field}"), 100.0)]);
    }
    floor(&figures.sets["email-tnef"], &[("attachments", 100.0)]);
    floor(
        &figures.sets["zammad-mail"],
        &[
            ("from_email", 100.0),
            ("subject", 100.0),
            ("attachments", 100.0),
            ("body", 75.0),
            ("x-zammad-send-auto-response", 100.0),
            ("x-zammad-out-of-office", 100.0),
        ],
    );
    floor(
        &figures.sets["email-bounce"],
        &[("bounce found", 98.0), ("letter left alone", 100.0), ("addresses", 95.0)],
    );
}

#[test]
fn replies_are_split() {
    let Some(data) = data() else { return };
    let figures = eval::replies(&data.join("email-reply/cases.jsonl")).unwrap();
    println!("{}", serde_json::to_string_pretty(&figures).unwrap());
    for (source, floor) in [
        ("discourse-email_reply_trimmer", 90.0),
        ("talon", 85.0),
        ("crisp-email-reply-parser", 85.0),
    ] {
        let near = figures.sources[source].near_percent;
        assert!(near >= floor, "{source}: {near} %");
    }
}

/// What stands between `<` and `>`.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or(rest))
}

#[test]
fn hostile_html_is_harmless_when_it_is_shown() {
    let Some(data) = data() else { return };
    let rows = std::fs::read_to_string(data.join("zammad-mail/html-text.jsonl")).unwrap();
    let (mut seen, mut same) = (0, 0);
    for row in rows.lines() {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let (Some(input), true) =
            (row["input"].as_str(), row["op"].as_str().is_some_and(|op| op.ends_with("strict")))
        else {
            continue;
        };
        let safe = safe_html(input, true).html;
        for tag in tags(&safe) {
            let lower = tag.to_lowercase();
            for bad in ["script", "iframe", "object", "form", " on", " style", "javascript:"] {
                let inside = lower.split('"').step_by(2).any(|part| part.contains(bad));
                assert!(!inside, "{bad} in <{tag}> of {input}");
            }
            let leads = lower.split("href=\"").nth(1).unwrap_or("https:");
            let known = ["http:", "https:", "mailto:", "tel:"];
            assert!(known.iter().any(|scheme| leads.starts_with(scheme)), "<{tag}> of {input}");
        }
        seen += 1;
        same += usize::from(html_to_text(&safe) == html_to_text(input));
        assert_eq!(safe_html(&safe, true).html, safe, "safe already: {input}");
    }
    println!("{seen} pieces of HTML, {same} with all their visible text");
    assert!(seen >= 80 && same * 100 >= seen * 90, "{same} of {seen}");
}
