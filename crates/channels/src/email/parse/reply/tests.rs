//! Answers as programs here write them, and texts that only resemble them.

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
        let want =
            Reply { visible: visible.into(), quoted: quoted.into(), signature: signature.into() };
        assert_eq!(split_reply(text), want, "{text}");
    }
}

/// What programs used here put before a quote; each stands between an answer and a quote.
const INTRODUCTIONS: &[&str] = &[
    "Pada tanggal Sen, 5 Jan 2026 pukul 10.15 Dinas PU <pu@contoh.go.id> menulis:",
    "Pada 5 Jan 2026, pukul 10.15, Dinas PU <pu@contoh.go.id> menulis:",
    "Pada Senin, 5 Januari 2026 10.15.30 WIB, Dinas PU <pu@contoh.go.id> menulis:",
    "Pada 05/01/2026 10.15, Dinas PU menulis:",
    "Pada hari Sen, 5 Jan 2026 10:15 AM, Dinas Pekerjaan Umum\n<pu@contoh.go.id> menulis:",
    "Pada Isn, 5 Jan 2026 pada 10:15 PG Dinas PU <pu@contoh.go.id> menulis:",
    "5 Januari 2026 10.15, \"Dinas PU\" <pu@contoh.go.id>:",
    "-------- Pesan asli --------\nDari: Dinas PU <pu@contoh.go.id>\nTanggal: 05/01/26 10.15 \
     (GMT+07:00)\nKe: warga@contoh.id\nSubjek: Jalan",
    "________________________________\nDari: Dinas PU <pu@contoh.go.id>\nDikirim: Senin, 5 \
     Januari 2026 10.15\nKepada: Warga <warga@contoh.id>\nSubjek: Jalan",
    "*Dari:* Dinas PU\n*Dikirim:* Senin, 5 Januari 2026 10.15\n*Kepada:* Warga\n*Perihal:* Jalan",
    "---------- Pesan terusan ---------\nDari: Dinas PU <pu@contoh.go.id>\nDate: Sen, 5 Jan 2026\n\
     Subject: Jalan\nTo: warga@contoh.id",
];

#[test]
fn the_programs_of_the_region_are_known() {
    for introduction in INTRODUCTIONS {
        for (mark, after) in [("> ", "Dikirim dari Yahoo Mail untuk iPhone\n\n"), ("", "")] {
            let text = format!(
                "Sudah diperbaiki, terima kasih.\n\n{after}{introduction}\n\n{mark}Apakah \
                 sudah?\n{mark}Mohon kabar."
            );
            let reply = split_reply(&text);
            assert_eq!(reply.visible, "Sudah diperbaiki, terima kasih.", "{text}");
            assert!(reply.quoted.contains("Mohon kabar."), "{text}");
            assert_eq!(reply.signature, after.trim(), "{text}");
        }
    }
}

#[test]
fn phones_sign_and_people_close() {
    for signature in [
        "Dikirim dari iPhone saya",
        "Terkirim dari Samsung Galaxy saya",
        "Dikirim dari Outlook untuk Android<https://aka.ms/x>",
        "Dapatkan Outlook untuk iOS<https://aka.ms/x>",
        "Dikirim dari Yahoo Mail di Android",
        "Hormat saya,\n\nBudi Santoso\nKetua RT 02",
        "-Budi",
        "-- \nBudi\n0812",
    ] {
        let reply = split_reply(&format!("Lampu mati.\n\n{signature}\n"));
        assert_eq!((reply.visible.as_str(), reply.signature.as_str()), ("Lampu mati.", signature));
    }
}

#[test]
fn own_words_stay_visible() {
    for text in [
        "Pada 3 Maret 2026 saya menulis:\n\nmohon jalan diperbaiki",
        "Kepada: Bupati\nPerihal: Jalan rusak\nDari: Budi\n\nDengan hormat, jalan rusak.",
        "Catatan:\n2026-01-15 14:30:25 mati\n2026-01-16 09:00:00 hidup",
        "Lampu mati.\n\n> 5 meter dari tiang\n\nMohon dicek.",
        "Daftar:\n\n-satu\n-dua",
        "Jadwal\n----\nSenin\n\n----\nSelasa",
        "Salam,\n\nsaya mau bertanya tentang jadwal layanan yang baru di kantor ini.",
    ] {
        assert_eq!(split_reply(text), Reply { visible: text.into(), ..Reply::default() });
    }
}

#[test]
fn a_letter_forwarded_without_a_word_is_shown_without_its_head() {
    let text = "---------- Pesan terusan ----------\nDari: A <a@b.id>\nTanggal: Sen, 5 Jan 2026\n\
                Perihal: Jalan\nKepada: c@d.id\n\nJalan rusak.";
    let reply = split_reply(text);
    assert_eq!(reply.visible, "Jalan rusak.");
    assert!(reply.quoted.contains("Dari: A"));
}
