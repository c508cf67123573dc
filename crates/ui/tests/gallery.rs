//! Renders every component with sample data, in both languages and themes, to
//! `$CARGO_TARGET_DIR/gallery/`: what translators, designers and the accessibility check look at.

use std::path::PathBuf;
use std::sync::Arc;

use askama::Template;
use tanggap_kernel::Timestamp;
use tanggap_kernel::error::Invalid;
use tanggap_ui::{
    Bars, Choice, Flash, FormState, Health, Locale, NavItem, Page, Text, Theme, Tone, User,
};

struct Row {
    id: i64,
    subject: &'static str,
    state: &'static str,
    unit: &'static str,
    at: Timestamp,
    made: Timestamp,
    health: Health,
    files: i64,
}

#[derive(Template)]
#[template(path = "gallery/desk.html")]
struct Desk {
    page: Page,
    form: FormState,
    refused: FormState,
    rows: Vec<Row>,
    states: Vec<&'static str>,
    tones: [Tone; 6],
    choices: Vec<Choice>,
    kinds: Vec<Choice>,
    bars: Bars,
}

#[derive(Template)]
#[template(path = "gallery/panes.html")]
struct Panes {
    page: Page,
    form: FormState,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "gallery/citizen.html")]
struct Citizen {
    page: Page,
    refused: FormState,
    rows: Vec<Row>,
    kinds: Vec<Choice>,
}

const NOW: Timestamp = Timestamp::from_micros(1_773_387_000_000_000);

fn rows() -> Vec<Row> {
    let row = |id, subject, state, unit, left, health, files| Row {
        id,
        subject,
        state,
        unit,
        at: NOW.plus(left),
        made: NOW.plus(-id * 5 * Timestamp::HOUR),
        health,
        files,
    };
    let (day, hour) = (Timestamp::DAY, Timestamp::HOUR);
    vec![
        row(1, "Air keruh tiga hari", "received", "Perumda Air Minum", 6 * day, Health::Ok, 2),
        row(
            2,
            "Lampu jalan mati di depan SD Negeri 3, anak-anak pulang mengaji lewat jalan gelap",
            "in_progress",
            "Dinas Perhubungan",
            20 * hour,
            Health::Warn,
            1,
        ),
        row(3, "Pungutan di loket KTP", "forwarded", "Inspektorat", -4 * day, Health::Late, 0),
        row(4, "Jadwal posyandu", "answered", "Dinas Kesehatan", day, Health::Done, 0),
        row(5, "Berkas belum lengkap", "incomplete", "Bagian Umum", day, Health::Paused, 3),
    ]
}

fn kinds() -> Vec<Choice> {
    vec![
        Choice::new("a", "Keluhan").hint("Layanan atau fasilitas yang tidak semestinya"),
        Choice::new("b", "Pertanyaan").hint("Syarat, biaya, jadwal"),
        Choice::new("c", "Usulan").hint("Gagasan untuk daerah Anda"),
        Choice::new("d", "Apresiasi").hint("Terima kasih untuk petugas"),
    ]
}

fn choices() -> Vec<Choice> {
    ["Dinas Kesehatan", "Dinas Perhubungan", "Bagian Umum"]
        .map(|name| Choice::new(name, name))
        .to_vec()
}

fn refused(locale: Locale) -> FormState {
    let values = [("subject", ""), ("body", "Baris satu\nbaris dua"), ("loss", "dua juta")];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let errors = vec![
        Invalid::new("subject", "ui-invalid-required"),
        Invalid::new("loss", "ui-invalid-number"),
        Invalid::new("kind", "ui-invalid-choice"),
    ];
    let labels = vec![
        ("subject".to_owned(), "Judul laporan".to_owned()),
        ("loss".to_owned(), "Kerugian".to_owned()),
        ("kind".to_owned(), "Jenis laporan".to_owned()),
    ];
    FormState { labels, ..FormState::refused(locale, values, errors) }
}

fn staff_page(text: Text, theme: Theme, title: &str) -> Page {
    let mut nav = vec![
        NavItem::new("ui-search", "/meja", "inbox"),
        NavItem::new("ui-all", "/laporan", "list"),
        NavItem::new("ui-more", "/papan", "chart"),
        NavItem::new("ui-edit", "/warga", "users"),
        NavItem::new("ui-filter", "/atur", "settings"),
    ];
    nav[0].active = true;
    nav[0].count = Some(128);
    let flash = Flash::new(Tone::Good, "TGP-2K7-X4 sudah diteruskan.".to_owned(), Arc::default());
    Page {
        theme,
        user: Some(User::new("Budi Santoso", "Petugas")),
        nav,
        flash: Some(flash),
        agency: "Pemerintah Kabupaten Sukamakmur".to_owned(),
        stream: "/alir".to_owned(),
        topics: "all".to_owned(),
        palette: "/perintah".to_owned(),
        ..Page::new(text, title)
    }
}

fn citizen_page(text: Text, theme: Theme) -> Page {
    let mut nav = vec![
        NavItem::new("ui-foot-track", "/lacak", ""),
        NavItem::new("ui-foot-deadlines", "/tenggat", ""),
        NavItem::new("ui-help", "/bantuan", ""),
    ];
    nav[0].active = true;
    Page {
        theme,
        nav,
        agency: "Pemerintah Kabupaten Sukamakmur".to_owned(),
        ..Page::new(text, "Beranda")
    }
}

fn bars() -> Bars {
    let rows = [("Jalan", 420), ("Air minum", 310), ("Kesehatan", 128), ("Perizinan", 4)];
    Bars {
        page: Text::default(),
        caption: "Laporan menurut topik".to_owned(),
        rows: rows.map(|(label, n)| (label.to_owned(), n, "#".to_owned())).to_vec(),
    }
}

#[test]
fn every_component_renders() {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    );
    let folder = target.join("gallery");
    std::fs::create_dir_all(&folder).unwrap();
    for locale in Locale::ALL {
        for theme in [Theme::Light, Theme::Dark] {
            let text = Text { locale, ..Text::default() };
            let form = FormState::new(locale).with("kind", "a").with("secret", "ya");
            let [open, shut] = [
                "received incomplete verified forwarded in_progress answered closed reopened",
                "objected outside_authority duplicate archived withdrawn",
            ];
            let desk = Desk {
                page: staff_page(text, theme, "Komponen"),
                form: form.clone(),
                refused: refused(locale),
                rows: rows(),
                states: open.split(' ').chain(shut.split(' ')).collect(),
                tones: [Tone::Neutral, Tone::Info, Tone::Wait, Tone::Good, Tone::Warn, Tone::Bad],
                choices: choices(),
                kinds: kinds(),
                bars: bars(),
            };
            let page = staff_page(text, theme, "Meja");
            let panes = Panes { page, form: FormState::new(locale), rows: rows() };
            let page = citizen_page(text, theme);
            let citizen = Citizen { page, refused: refused(locale), rows: rows(), kinds: kinds() };
            let pages = [
                ("desk", desk.render().unwrap()),
                ("panes", panes.render().unwrap()),
                ("citizen", citizen.render().unwrap()),
            ];
            for (name, html) in pages {
                assert!(!html.contains(" style="), "{name} has a style attribute");
                let file = format!("{name}-{}-{}.html", locale.tag(), theme.name());
                std::fs::write(folder.join(file), html).unwrap();
            }
        }
    }
}
