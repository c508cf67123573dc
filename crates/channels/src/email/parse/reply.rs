//! Splits an answer by mail into what its author wrote, what they quoted, and their signature.
//!
//! A few plain rules that prefer showing too much to hiding a word: a quote is cut where an
//! attribution ("Pada … menulis:", "On … wrote:"), a block of forwarded headers ("Dari: …
//! Dikirim: …") or a separator stands, or where `>` lines end the text. Nothing is lost: the three
//! parts hold every line. Where all would be hidden, all is shown.

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

/// Lines that an attribution may be broken over.
const ATTRIBUTION_LINES_MAX: usize = 4;
/// Bytes of an attribution.
const ATTRIBUTION_BYTES_MAX: usize = 400;
/// Lines that a signature may have.
const SIGNATURE_LINES_MAX: usize = 15;

/// "wrote", in the languages that mail programs here and in the region speak.
const WROTE: &[&str] = &[
    "menulis",
    "menulis pesan",
    "wrote",
    "tulis",
    "menyerat",
    "schrieb",
    "a écrit",
    "escribió",
    "escreveu",
    "ha scritto",
    "schreef",
    "geschreven",
    "skrev",
    "napisał",
    "napisał(a)",
    "написал",
    "kirjoitti",
    "yazdı",
    "viết",
    "写道",
    "寫道",
    "のメッセージ",
    "さんは書きました",
    "เขียนว่า",
    "a écrit le",
    "scrisse",
    "pisze",
];

/// Words that an attribution begins with, beside a date.
const ON: &[&str] = &[
    "pada", "on", "at", "am", "le", "el", "em", "il", "op", "den", "w dniu", "dne", "na", "vào",
    "ada", "tanggal", "quoting", "mengutip", "på",
];

/// First field of a forwarded header block.
const FROM_FIELDS: &[&str] = &["dari", "from", "von", "de", "da", "van", "fra", "från", "od"];
/// Fields that follow in such a block.
const OTHER_FIELDS: &[&str] = &[
    "dikirim",
    "tanggal",
    "kepada",
    "ke",
    "untuk",
    "perihal",
    "subjek",
    "hal",
    "tembusan",
    "sent",
    "date",
    "to",
    "subject",
    "cc",
    "reply-to",
    "gesendet",
    "datum",
    "an",
    "betreff",
    "envoyé",
    "à",
    "objet",
    "enviado",
    "para",
    "asunto",
    "assunto",
    "inviato",
    "a",
    "oggetto",
    "verzonden",
    "aan",
    "onderwerp",
    "sendt",
    "til",
    "emne",
    "dato",
    "skickat",
    "till",
    "ämne",
    "enviado el",
    "date d'envoi",
    "data",
    "fecha",
    "importance",
    "organization",
];

/// What stands between the dashes of a separator line.
const SEPARATORS: &[&str] = &[
    "pesan asli",
    "pesan terusan",
    "pesan yang diteruskan",
    "pesan diteruskan",
    "original message",
    "forwarded message",
    "original appointment",
    "oprindelig meddelelse",
    "antwort nachricht",
    "reply message",
    "ursprüngliche nachricht",
    "weitergeleitete nachricht",
    "message d'origine",
    "message original",
    "mensaje original",
    "mensagem original",
    "messaggio originale",
    "oorspronkelijk bericht",
    "oprindelig besked",
    "opprinnelig melding",
    "forwarded by",
    "message transféré",
    "original besked",
];

/// How phones and programs sign.
const SENT_FROM: &[&str] = &[
    "dikirim dari",
    "terkirim dari",
    "dikirim menggunakan",
    "dikirim melalui",
    "dipun kirim saking",
    "sent from my",
    "sent from mail",
    "sent from yahoo",
    "sent from outlook",
    "sent from samsung",
    "sent from gmail",
    "sent via",
    "sent using",
    "sent with",
    "get outlook for",
    "dapatkan outlook untuk",
    "diperoleh outlook untuk",
    "von meinem",
    "envoyé de mon",
    "envoyé depuis",
    "enviado desde mi",
    "enviado do meu",
    "inviato da",
    "verzonden met",
    "sendt fra",
    "skickat från",
    "sent on the go",
];

/// Splits a plain text; see the module's rules.
pub fn split_reply(text: &str) -> Reply {
    let text = text.replace("\r\n", "\n");
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
    if shown.iter().all(|line| line.trim().is_empty()) {
        return Reply { visible: trimmed(&lines), ..Reply::default() };
    }
    let signed = signature_start(&shown);
    let signature = shown.split_off(signed);
    Reply { visible: trimmed(&shown), quoted: trimmed(&quoted), signature: trimmed(&signature) }
}

/// Where a quote begins: first line, and the lines its introduction takes.
#[derive(Clone, Copy)]
struct Cut {
    at: usize,
    lines: usize,
}

fn quote_start(lines: &[&str], at: usize) -> Option<Cut> {
    let line = bare(lines[at]);
    if line.is_empty() {
        return None;
    }
    if is_separator(line) {
        return Some(Cut { at, lines: 1 });
    }
    if is_header_block(lines, at) {
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
    let has_text = shown.iter().any(|line| !line.trim().is_empty());
    let answered = |line: &&&str| !is_quoted(line) && !line.trim().is_empty();
    if !marked || (has_text && rest.iter().filter(answered).count() == 0) {
        quoted.extend(rest);
        return (shown, quoted);
    }
    for line in rest {
        if is_quoted(line) { quoted.push(line) } else { shown.push(line) }
    }
    (shown, quoted)
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
    let inner = lower.trim_matches(['-', '_', '=', ' ', '*', ':', '—']);
    let dashed = lower.starts_with("--") || lower.starts_with("==") || lower.starts_with("__");
    let forwarded = inner == "begin forwarded message" || inner == "mulai pesan yang diteruskan";
    forwarded || (dashed && SEPARATORS.iter().any(|s| inner.starts_with(s)))
}

/// `Dari: …` with at least one more field of a header block in the next lines.
fn is_header_block(lines: &[&str], at: usize) -> bool {
    let Some(name) = field_name(lines[at]) else { return false };
    if !FROM_FIELDS.contains(&name.as_str()) {
        return false;
    }
    let next = lines[at + 1..].iter().take(6);
    let found = next.filter_map(|line| field_name(line));
    found.filter(|name| OTHER_FIELDS.contains(&name.as_str())).count() >= 2
}

fn field_name(line: &str) -> Option<String> {
    let line = line.trim().trim_start_matches(['*', '_', '>', '|', ' ']);
    let (name, _) = line.split_once(':')?;
    let name = name.trim_matches(['*', '_', ' ', '\u{a0}']);
    (name.chars().count() <= 15).then(|| name.to_lowercase())
}

/// Lines that an attribution starting here takes, if one starts here.
fn attribution(lines: &[&str], at: usize) -> Option<usize> {
    let first = bare(lines[at]).trim_start_matches([' ', '-']);
    let lower = first.to_lowercase();
    let dated =
        ON.iter().any(|on| lower.strip_prefix(on).is_some_and(|r| r.starts_with([' ', ','])))
            || starts_with_date(&lower);
    let opens = dated || (lower.contains('@') && lower.contains('<'));
    if !opens || first.len() > ATTRIBUTION_BYTES_MAX {
        return None;
    }
    let mut joined = String::new();
    for (taken, line) in lines[at..].iter().take(ATTRIBUTION_LINES_MAX).enumerate() {
        let line = bare(line);
        if line.is_empty() || joined.len() + line.len() > ATTRIBUTION_BYTES_MAX {
            return None;
        }
        joined.push_str(line);
        joined.push(' ');
        if is_attribution(&joined.to_lowercase()) {
            // A sentence before the attribution must not be taken with it.
            let later = (at + 1..=at + taken).any(|next| attribution(lines, next).is_some());
            return (dated || !later).then_some(taken + 1);
        }
    }
    None
}

fn starts_with_date(lower: &str) -> bool {
    let digits = lower.bytes().take_while(u8::is_ascii_digit).count();
    let year = digits == 4 && lower[digits..].starts_with(['-', '/', '.']);
    let day = (1..=2).contains(&digits)
        && lower[digits..].starts_with([' ', '.', '/', '-'])
        && has_year(lower);
    let weekday = [
        "senin", "selasa", "rabu", "kamis", "jumat", "jum'at", "sabtu", "minggu", "mon", "tue",
        "wed", "thu", "fri", "sat", "sun",
    ];
    year || day || (has_year(lower) && weekday.iter().any(|w| lower.starts_with(w)))
}

fn has_year(text: &str) -> bool {
    text.as_bytes().windows(4).any(|w| {
        matches!(w[..2], [b'1', b'9'] | [b'2', b'0']) && w[2..].iter().all(u8::is_ascii_digit)
    })
}

/// The joined lines say when or who, and end with "wrote:" or, behind an address, a colon.
fn is_attribution(lower: &str) -> bool {
    let text = lower.trim().trim_end_matches(['-', ' ', '*', '>']);
    let specific = text.bytes().any(|b| b.is_ascii_digit()) || text.contains('@');
    let Some(body) = text.strip_suffix([':', '：']) else {
        let dashed = lower.trim_end().ends_with("--");
        return specific && dashed && WROTE.iter().any(|w| text.ends_with(w));
    };
    let body = body.trim_end_matches([' ', '\u{a0}']);
    let wrote = WROTE.iter().any(|w| body.ends_with(w));
    let verb_first = WROTE.iter().any(|w| body.contains(&format!(" {w} "))) && has_year(body);
    let dated_address = has_year(body) && body.contains('@') && body.ends_with('>');
    specific && (wrote || verb_first || dated_address)
}

/// Where the signature begins; the number of lines where there is none.
fn signature_start(lines: &[&str]) -> usize {
    let last = lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |at| at + 1);
    let first = last.saturating_sub(SIGNATURE_LINES_MAX);
    // A text that is nothing but its signature is shown.
    let begin = lines.iter().position(|line| !line.trim().is_empty()).unwrap_or(0) + 1;
    (first.max(begin)..last).find(|&at| is_signature(lines[at])).unwrap_or(lines.len())
}

fn is_signature(line: &str) -> bool {
    let line = line.trim();
    if matches!(line, "--" | "—" | "––" | "---" | "-- -") {
        return true;
    }
    if line.chars().count() >= 5 && line.chars().all(|c| matches!(c, '_' | '—')) {
        return true;
    }
    let lower = line.trim_start_matches(['*', '_', '[', '<', ' ']).to_lowercase();
    line.len() < 160 && SENT_FROM.iter().any(|sent| lower.starts_with(sent))
}

/// The lines as one text without empty lines at its ends.
fn trimmed(lines: &[&str]) -> String {
    lines.join("\n").trim_matches(['\n', ' ', '\t', '\r', '\u{a0}']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indonesian_mail_is_split() {
        for (text, visible, quoted, signature) in [
            (
                "Terima kasih, sudah diperbaiki.\n\nPada Jum, 13 Mar 2026 pukul 09.15 Dinas PU \
                 <pu@contoh.go.id>\nmenulis:\n\n> Apakah sudah selesai?\n",
                "Terima kasih, sudah diperbaiki.",
                "Pada Jum, 13 Mar 2026 pukul 09.15 Dinas PU <pu@contoh.go.id>\nmenulis:\n\n\
                 > Apakah sudah selesai?",
                "",
            ),
            (
                "Masih rusak.\n\nDikirim dari iPhone saya\n\nDari: Dinas PU <pu@contoh.go.id>\n\
                 Dikirim: Jumat, 13 Maret 2026 09:15\nKepada: Warga\nPerihal: Jalan\n\nSelesai?",
                "Masih rusak.",
                "Dari: Dinas PU <pu@contoh.go.id>\nDikirim: Jumat, 13 Maret 2026 09:15\n\
                 Kepada: Warga\nPerihal: Jalan\n\nSelesai?",
                "Dikirim dari iPhone saya",
            ),
            ("Mohon info.\n-- \nBudi\nRT 02", "Mohon info.", "", "-- \nBudi\nRT 02"),
            (
                "Ya.\n\n-------- Pesan Asli --------\nHalo",
                "Ya.",
                "-------- Pesan Asli --------\nHalo",
                "",
            ),
            (
                "Pada 3 Maret saya menulis: jalan rusak",
                "Pada 3 Maret saya menulis: jalan rusak",
                "",
                "",
            ),
            ("Pada hari itu\nsaya menulis:\nhalo", "Pada hari itu\nsaya menulis:\nhalo", "", ""),
            (
                "Pada 1 Jan 2026 A <a@b.id> menulis:\n> tanya?\n\njawab.",
                "jawab.",
                "Pada 1 Jan 2026 A <a@b.id> menulis:\n> tanya?",
                "",
            ),
            ("-----Pesan Asli-----\nsemua terusan", "-----Pesan Asli-----\nsemua terusan", "", ""),
            ("", "", "", ""),
        ] {
            let want = Reply {
                visible: visible.into(),
                quoted: quoted.into(),
                signature: signature.into(),
            };
            assert_eq!(split_reply(text), want, "{text}");
        }
    }
}
