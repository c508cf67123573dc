//! A reporter's letter on a case that is closed: it is reopened while the law's time for that
//! lasts, afterwards the letter becomes a case of its own that names the one before. Thanks alone
//! change nothing.

use tanggap_cases::actions;
use tanggap_cases::model::{Case, Status};
use tanggap_cases::rules::Voice;
use tanggap_kernel::{Access, Error, Locale, Refusal, Result};
use tanggap_store::Tx;
use tanggap_ui::{Arg, t_args};

/// More words are no mere thanks.
const THANKS_WORDS_MAX: usize = 25;
/// What thanks are made of; whatever else is said makes them more than thanks.
const THANKS: &[&str] = &[
    "terima",
    "terimakasih",
    "kasih",
    "makasih",
    "trims",
    "tks",
    "thx",
    "thanks",
    "thank",
    "you",
    "sangat",
    "banyak",
    "sekali",
    "atas",
    "untuk",
    "dan",
    "kepada",
    "yang",
    "telah",
    "sudah",
    "bantuan",
    "bantuannya",
    "perhatian",
    "perhatiannya",
    "jawaban",
    "jawabannya",
    "respon",
    "responnya",
    "tanggapan",
    "tanggapannya",
    "kerja",
    "kerjanya",
    "cepat",
    "cepatnya",
    "baik",
    "bapak",
    "ibu",
    "bapak-bapak",
    "ibu-ibu",
    "pak",
    "bu",
    "kakak",
    "admin",
    "petugas",
    "semua",
    "ok",
    "oke",
    "siap",
    "mantap",
    "hormat",
    "saya",
    "kami",
    "salam",
    "selamat",
    "pagi",
    "siang",
    "sore",
    "malam",
    "for",
    "your",
    "help",
    "much",
    "very",
    "so",
];

/// Whether a text says thanks and nothing else.
pub(super) fn is_thanks(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric() && c != '-');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let thanks = |word: &&str| {
        ["kasih", "terimakasih", "makasih", "trims", "tks", "thx", "thanks", "thank"].contains(word)
    };
    !text.contains('?')
        && words.len() <= THANKS_WORDS_MAX
        && words.iter().any(thanks)
        && words.iter().all(|word| THANKS.contains(word))
}

/// Whether a reporter's words on this case ask for more than to be read.
pub(super) fn asks_for_more(case: &Case, said: &str) -> bool {
    case.status == Status::Closed && !is_thanks(said)
}

/// The words that a new case begins with.
pub(super) fn carried_on(earlier: &Case, text: &str) -> String {
    let code = [("code", Arg::from(earlier.code.as_str()))];
    format!("{}\n\n{}", t_args(Locale::Id, "app-mail-carried-on", &code), text.trim())
}

/// Notes at the case before where it goes on.
///
/// # Errors
/// A fault of the engine.
pub(super) fn point(tx: &mut Tx<'_>, access: &Access, earlier: &Case, next: &Case) -> Result<()> {
    let code = [("code", Arg::from(next.code.as_str()))];
    let note = t_args(Locale::Id, "app-mail-goes-on", &code);
    match actions::write(tx, access, earlier.id, Voice::Internal, &note, &[]) {
        // Somebody is at it at this moment: the new case names it all the same.
        Ok(_) | Err(Error::Refused(Refusal::Stale)) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::is_thanks;

    #[test]
    fn thanks_alone_ask_for_nothing() {
        for thanks in [
            "Terima kasih.",
            "Terima kasih banyak atas bantuannya, Pak!",
            "Ok, makasih admin",
            "Thank you very much",
            "Siap, terima kasih atas respon cepatnya. Salam",
        ] {
            assert!(is_thanks(thanks), "{thanks}");
        }
        for more in [
            "Terima kasih, tetapi lampunya mati lagi.",
            "Terima kasih. Kapan selesai?",
            "Terima kasih?",
            "Baik, siap.",
            "Belum diperbaiki.",
            "",
        ] {
            assert!(!is_thanks(more), "{more}");
        }
    }
}
