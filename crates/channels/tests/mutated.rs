//! Mails like those from the street, damaged at random: the light version of the fuzz targets.

use proptest::prelude::*;
use tanggap_channels::email::parse::{parse, safe_html, split_reply};
use tanggap_channels::email::report::MailReport;

const MAILS: &[&str] = &[
    "From: =?utf-8?Q?Budi_Santoso?= <budi@contoh.id>\r\nTo: pu@contoh.go.id\r\n\
     Subject: =?utf-8?B?SmFsYW4=?= rusak\r\nDate: Fri, 13 Mar 2026 09:00:00 +0700\r\n\
     Message-ID: <a@contoh.id>\r\nContent-Type: text/plain; charset=utf-8\r\n\
     Content-Transfer-Encoding: quoted-printable\r\n\r\nMohon =\r\nperbaikan caf=C3=A9\r\n\
     begin 644 foto.txt\r\n%:&5L;&\\\r\n`\r\nend\r\n",
    "From: a@contoh.id\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b1\"\n\n\
     --b1\nContent-Type: multipart/alternative; boundary=b2\n\n--b2\n\nhalo\n--b2\n\
     Content-Type: text/html; charset=iso-2022-jp\n\n<p>halo <b>dunia</b><script>x</script>\n\
     --b2--\n--b1\nContent-Type: image/png; name*0*=utf-8''a%20; name*1=b.png\n\
     Content-Transfer-Encoding: base64\nContent-Disposition: attachment\n\naGVsbG8=\n--b1\n\
     Content-Type: message/rfc822\n\nFrom: c@d.id\nSubject: dalam\n\nisi\n--b1--\n",
    "From MAILER-DAEMON Fri Mar 13\nFrom: MAILER-DAEMON@mx.contoh.id\nSubject: Undelivered Mail\n\
     Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\ngagal\n\
     --x\nContent-Type: message/delivery-status\n\nAction: failed\n\n--x--",
    "Subject: x\nContent-Type: text/plain; charset=utf-7\n\nHi +AGE-\n\n\
     Pada Jum, 13 Mar 2026 A <a@b.id>\nmenulis:\n> ya\n-- \nA\nDikirim dari iPhone saya\n",
];

/// One damage: where (as a share of the length), and what.
#[derive(Debug, Clone)]
enum Damage {
    Put(u8),
    Cut(u8),
    Repeat(u8),
    Insert(&'static str),
}

fn damage() -> impl Strategy<Value = (u16, Damage)> {
    let pieces = prop::sample::select(vec![
        "\r\n",
        "\n\n",
        "--b1\n",
        "--b2--\n",
        "=?utf-8?B?",
        "?=",
        "=?x?Q?=",
        "\"",
        "<",
        ">",
        "(",
        "\\",
        ";",
        "boundary=\"\"",
        "charset=gb2312",
        "&#0;",
        "<!--",
        "\x1b$B",
        "begin 644 x\n",
        "Content-Type: message/rfc822\n\n",
        "Content-Transfer-Encoding: base64\n",
        "\0",
        "\r",
        "é",
    ]);
    let kind = prop_oneof![
        any::<u8>().prop_map(Damage::Put),
        any::<u8>().prop_map(Damage::Cut),
        any::<u8>().prop_map(Damage::Repeat),
        pieces.prop_map(Damage::Insert),
    ];
    (any::<u16>(), kind)
}

fn damaged(mail: &str, damages: &[(u16, Damage)]) -> Vec<u8> {
    let mut raw = mail.as_bytes().to_vec();
    for (place, damage) in damages {
        let at = usize::from(*place) * raw.len() / (usize::from(u16::MAX) + 1);
        match damage {
            Damage::Put(byte) if !raw.is_empty() => raw[at] = *byte,
            Damage::Put(byte) => raw.push(*byte),
            Damage::Cut(len) => {
                raw.drain(at..raw.len().min(at + usize::from(*len)));
            }
            Damage::Repeat(len) => {
                let piece = raw[at..raw.len().min(at + usize::from(*len))].to_vec();
                raw.splice(at..at, piece);
            }
            Damage::Insert(piece) => {
                raw.splice(at..at, piece.bytes());
            }
        }
    }
    raw
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn damaged_mail_is_still_taken_in(
        which in 0..MAILS.len(),
        damages in prop::collection::vec(damage(), 0..12),
    ) {
        let raw = damaged(MAILS[which], &damages);
        let mail = parse(&raw);
        let report = MailReport::from(&mail);
        prop_assert_eq!(report.attachments.len(), mail.attachments.len());
        prop_assert!(!mail.text.contains('\0'));
        prop_assert!(mail.attachments.iter().all(|file| !file.name.is_empty()));
        split_reply(&mail.text);
        let safe = safe_html(mail.html.as_deref().unwrap_or_default(), true).html;
        prop_assert!(!safe.to_lowercase().contains("<script"));
    }

    #[test]
    fn any_bytes_are_taken_in(raw in prop::collection::vec(any::<u8>(), 0..400)) {
        parse(&raw);
    }

    #[test]
    fn splitting_loses_no_word(lines in prop::collection::vec(
        prop::sample::select(vec![
            "halo", "", "> kutipan", "Pada 1 Mar 2026 A <a@b.id> menulis:", "-- ", "Budi",
            "Dari: A <a@b.id>", "Dikirim: Jumat", "Kepada: B", "-----Pesan Asli-----",
            "Dikirim dari iPhone saya", "On Mon, Jan 5, 2026 A", "wrote:", "_______", "* x *",
        ]), 0..20)
    ) {
        let text = lines.join("\n");
        let reply = split_reply(&text);
        let parts = [&reply.visible, &reply.quoted, &reply.signature];
        let count: usize = parts.iter().map(|part| part.split_whitespace().count()).sum();
        prop_assert_eq!(count, text.split_whitespace().count());
    }
}

#[test]
fn size_depth_and_number_are_bounded() {
    let nested = "Content-Type: message/rfc822\n\n".repeat(200_000);
    let parts = format!(
        "From: a@b.id\nContent-Type: multipart/mixed; boundary=x\n\n{}",
        "--x\n\nisi\n".repeat(100_000)
    );
    let fields = "X-A: b\n".repeat(500_000);
    let words = format!("Subject: {}\n\nisi", "=?utf-8?Q?a?= ".repeat(200_000));
    let addresses = format!("To: {}\n\nisi", "a@b.id, ".repeat(200_000));
    let tags = format!("From: a@b.id\nContent-Type: text/html\n\n{}", "<a \"".repeat(500_000));
    let quotes = format!("From: a@b.id\n\n{}", "> Pada 2026 <a@b.id>\n".repeat(100_000));
    let dashes = format!("From: a@b.id\n\n{}", "--x\n".repeat(500_000));
    for raw in [nested, parts, fields, words, addresses, tags, quotes, dashes] {
        let start = std::time::Instant::now();
        let mail = parse(raw.as_bytes());
        split_reply(&mail.text);
        assert!(mail.attachments.len() <= 1_001);
        assert!(start.elapsed() < std::time::Duration::from_secs(5), "{}", &raw[..40]);
    }
    let mut huge = b"From: a@b.id\n\n".to_vec();
    huge.resize(45 * 1024 * 1024, b'x');
    assert!(parse(&huge).text.len() <= 40 * 1024 * 1024);
}

#[test]
fn what_is_no_mail_is_kept_whole() {
    for (raw, text, files) in [
        (&b"Halo, jalan di depan rumah saya rusak."[..], 38, 0),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 0, 1),
        (b"", 0, 0),
        (b"\r\n\r\n", 0, 0),
    ] {
        let mail = parse(raw);
        assert!(!mail.understood);
        assert_eq!((mail.text.trim().len(), mail.attachments.len()), (text, files), "{raw:?}");
    }
}
