//! The words that a message may begin with: LAPOR, STATUS, BERHENTI, MULAI, BANTUAN.
//!
//! They are read whatever their case and however many spaces and signs stand around them. A word
//! that people also use in sentences ("Berhenti di halte …", "Info jalan …") is a command only
//! where it stands nearly alone.

/// What somebody asked for in the first word of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keyword {
    /// Opens a case with this text, which may be empty.
    Report(String),
    /// Asks how a case stands; the code as it was typed, which may be empty.
    Status(String),
    /// Wants no more messages.
    Stop,
    /// Wants messages again.
    Start,
    /// Wants to know which words there are.
    Help,
}

/// The words and what each means; `Report` and `Status` take what follows.
const REPORT: [&str; 3] = ["lapor", "laporan", "lapor1708"];
const STATUS: [&str; 3] = ["status", "cek", "statuslapor"];
const STOP: [&str; 5] = ["berhenti", "stop", "unreg", "unsubscribe", "stopsms"];
const START: [&str; 3] = ["mulai", "start", "reg"];
const HELP: [&str; 4] = ["bantuan", "info", "help", "menu"];
/// What may follow who wants to stop or start; after UNREG and REG any one word may, since
/// operators have taught people to name a service there.
const ABOUT: [&str; 7] = ["sms", "pesan", "semua", "langganan", "berlangganan", "info", "all"];

/// What a message asks for; `None` where it is simply a message.
#[must_use]
pub fn keyword(text: &str) -> Option<Keyword> {
    let text = text.trim_matches(is_space_or_sign);
    let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    let word = text[..end].to_lowercase();
    let rest = text[end..].trim_start_matches(is_space_or_sign).trim_end();
    let mut following = rest.split_whitespace();
    let (first, more) = (following.next(), following.next().is_some());
    let alone = first.is_none();
    let nearly = alone
        || !more
            && (matches!(word.as_str(), "reg" | "unreg")
                || first.is_some_and(|w| ABOUT.contains(&w.to_lowercase().as_str())));
    let is = |words: &[&str]| words.contains(&word.as_str());
    if is(&REPORT) {
        return Some(Keyword::Report(rest.to_owned()));
    }
    if is(&STATUS) && looks_like_a_code(rest) {
        return Some(Keyword::Status(rest.to_owned()));
    }
    match () {
        () if alone && is(&HELP) => Some(Keyword::Help),
        () if nearly && is(&STOP) => Some(Keyword::Stop),
        () if nearly && is(&START) => Some(Keyword::Start),
        () => None,
    }
}

fn is_space_or_sign(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || letter.is_ascii_punctuation()
}

/// Nothing, or up to sixteen letters and digits in at most five groups, as a code may be typed.
fn looks_like_a_code(typed: &str) -> bool {
    let letters = typed.chars().filter(|c| c.is_alphanumeric()).count();
    let spoken = typed.chars().all(|c| c.is_ascii_alphanumeric() || is_space_or_sign(c));
    let groups = typed.split_whitespace().count();
    typed.is_empty() || (spoken && (6..=16).contains(&letters) && groups <= 5)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_read_as_people_type_them() {
        let report = |text: &str| Some(Keyword::Report(text.to_owned()));
        let status = |text: &str| Some(Keyword::Status(text.to_owned()));
        for (text, meant) in [
            ("LAPOR jalan rusak di depan SDN 3", report("jalan rusak di depan SDN 3")),
            ("  lapor:  Lampu mati\nsejak Senin ", report("Lampu mati\nsejak Senin")),
            ("#Lapor air keruh", report("air keruh")),
            ("Lapor", report("")),
            ("STATUS TGP-7UD-GKF-2G9", status("TGP-7UD-GKF-2G9")),
            ("status 7ud gkf 2g9", status("7ud gkf 2g9")),
            ("Status", status("")),
            ("status jalan rusak bagaimana ya pak", None),
            ("BERHENTI", Some(Keyword::Stop)),
            ("stop!", Some(Keyword::Stop)),
            ("UNREG TANGGAP", Some(Keyword::Stop)),
            ("stop sms", Some(Keyword::Stop)),
            ("Berhenti dulu", None),
            ("Berhenti di halte tidak boleh", None),
            ("tolong", None),
            ("Mulai", Some(Keyword::Start)),
            ("Bantuan?", Some(Keyword::Help)),
            ("info", Some(Keyword::Help)),
            ("Info jalan rusak", None),
            ("laporkan ini", None),
            ("terima kasih", None),
            ("", None),
            ("!!!", None),
        ] {
            assert_eq!(keyword(text), meant, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn case_and_spaces_change_nothing(
            text in "(lapor|status|stop|info) {0,3}[a-z0-9 -]{0,20}",
            before in "[ \n\t.#]{0,4}",
        ) {
            let upper = text.to_uppercase();
            let kind = |found: Option<Keyword>| found.map(|k| std::mem::discriminant(&k));
            prop_assert_eq!(kind(keyword(&text)), kind(keyword(&format!("{before}{upper}"))));
        }

        #[test]
        fn any_text_is_read(text in any::<String>()) {
            if let Some(Keyword::Report(said) | Keyword::Status(said)) = keyword(&text) {
                prop_assert!(text.contains(&said));
            }
        }
    }
}
