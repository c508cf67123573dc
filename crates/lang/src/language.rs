//! In which language something is written: by its small words only, so short or mixed writing
//! stays undecided rather than wrong.

use crate::fold::each_word;

/// Words that one language uses much and the others do not.
const SMALL_WORDS: [(&str, &[&str]); 4] = [
    (
        "id",
        &[
            "yang",
            "tidak",
            "untuk",
            "dengan",
            "saya",
            "sudah",
            "belum",
            "bagaimana",
            "kapan",
            "mohon",
            "tolong",
            "dari",
            "kami",
            "akan",
            "atau",
            "karena",
            "berapa",
            "apakah",
            "kenapa",
            "mengapa",
            "terima",
            "kasih",
            "adalah",
            "juga",
            "mau",
            "bisa",
            "gimana",
            "gak",
            "nggak",
            "udah",
            "kok",
            "seperti",
            "kalau",
            "siapa",
            "dan",
            "ini",
            "itu",
            "nya",
            "mana",
            "masih",
            "apa",
        ],
    ),
    (
        "jv",
        &[
            "kulo",
            "kula",
            "mboten",
            "boten",
            "sampun",
            "dereng",
            "punika",
            "menika",
            "niki",
            "niku",
            "wonten",
            "dhateng",
            "dateng",
            "saking",
            "kaliyan",
            "nggih",
            "inggih",
            "pripun",
            "kados",
            "pundi",
            "matur",
            "nuwun",
            "sugeng",
            "badhe",
            "saged",
            "iki",
            "iku",
            "opo",
            "piye",
            "ora",
            "wis",
            "durung",
            "arep",
            "karo",
            "sing",
            "kowe",
            "panjenengan",
            "nopo",
            "monggo",
            "ingkang",
            "kagem",
            "dalem",
            "mawon",
            "ngriki",
            "tanglet",
            "isih",
            "ono",
            "ning",
            "kepiye",
            "yen",
        ],
    ),
    (
        "su",
        &[
            "abdi",
            "henteu",
            "teu",
            "acan",
            "parantos",
            "kumaha",
            "naon",
            "iraha",
            "hatur",
            "nuhun",
            "punten",
            "bade",
            "tiasa",
            "ieu",
            "eta",
            "kanggo",
            "sareng",
            "anu",
            "aya",
            "atuh",
            "pami",
            "upami",
            "kuring",
            "geus",
            "rek",
            "sabaraha",
            "saha",
            "mangga",
            "wilujeng",
            "ayeuna",
            "kedah",
            "ulah",
            "naha",
            "tacan",
            "nyuhunkeun",
            "teh",
            "mah",
            "sanes",
            "oge",
            "keur",
            "bapa",
        ],
    ),
    (
        "en",
        &[
            "the", "is", "are", "my", "you", "how", "what", "when", "not", "please", "have", "has",
            "for", "and", "of", "it", "do", "does", "can", "with", "this", "that", "where",
            "hello", "thanks", "thank", "need", "was", "been", "your", "am", "to", "would",
            "there",
        ],
    ),
];

/// So many small words are needed at least.
const HITS_MIN: usize = 2;

/// The language (ISO 639) of a text: Indonesian, Javanese, Sundanese or English; `None` where its
/// small words are too few, or those of another language are more than half as many.
///
/// ```
/// use tanggap_lang::language;
/// assert_eq!(language("Kulo badhe tanglet, KTP kulo sampun dados nopo dereng?"), Some("jv"));
/// assert_eq!(language("Where can I pay my land tax?"), Some("en"));
/// assert_eq!(language("KTP?"), None);
/// ```
#[must_use]
pub fn language(text: &str) -> Option<&'static str> {
    let mut hits = [0usize; SMALL_WORDS.len()];
    each_word(text, |word| {
        for (hits, (_, words)) in hits.iter_mut().zip(SMALL_WORDS) {
            *hits += usize::from(words.contains(&word));
        }
    });
    let mut counted: Vec<(usize, &str)> =
        hits.into_iter().zip(SMALL_WORDS).map(|(hits, (code, _))| (hits, code)).collect();
    counted.sort_unstable_by(|a, b| b.cmp(a));
    match counted.as_slice() {
        [(most, code), (next, _), ..] if *most >= HITS_MIN && next * 2 <= *most => Some(code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_is_known_by_its_small_words() {
        for (text, code) in [
            ("Selamat pagi, mau tanya syarat pindah KK dari luar kabupaten apa saja ya?", "id"),
            ("Pak, lampu jalan depan rumah saya mati sudah tiga hari, mohon diperbaiki.", "id"),
            ("gimana cara bayar pajak online, kok gak bisa login", "id"),
            ("Assalamualaikum, punten bade naros, KTP abdi parantos jadi atanapi teu acan?", "su"),
            ("Jalan di lembur abdi ruksak, iraha bade didangdosan?", "su"),
            ("Nuwun sewu, kulo badhe nyuwun pirsa, kartu kulo kok dereng dados nggih?", "jv"),
            ("Piye iki, banyune mati wis telung dino, ora ono kabar", "jv"),
            ("Hello, my water bill is wrong, what do I need to do?", "en"),
        ] {
            assert_eq!(language(text), Some(code), "{text}");
        }
    }

    #[test]
    fn what_is_short_or_mixed_stays_open() {
        for text in ["", "ok", "LAPOR jalan rusak", "Thanks pak", "12345", "saya kulo"] {
            assert_eq!(language(text), None, "{text}");
        }
    }
}
