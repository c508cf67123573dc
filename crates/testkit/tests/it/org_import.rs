//! Units and people from a spreadsheet, as an administrator brings them.

use axum::http::StatusCode;
use tanggap_kernel::{Access, Locale};
use tanggap_org::store::{People, people};
use tanggap_testkit::{TestDb, engines};

use crate::org_web::{Browser, Got, PASSWORD, agency};

const UNITS: &str = "/pengaturan/unit/impor";
const PEOPLE: &str = "/pengaturan/orang/impor";

async fn administrator(kit: &TestDb) -> (Browser, Access) {
    let access = agency(kit).await;
    let mut browser = Browser::new(kit, false);
    browser.sign_in("administrator@x.id", PASSWORD).await;
    (browser, access)
}

/// Sends the form with a file.
async fn post_file(browser: &mut Browser, path: &str, file: &[u8]) -> Got {
    let head = format!(
        "--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n--b\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n",
        browser.csrf
    );
    let body = [head.as_bytes(), file, b"\r\n--b--\r\n"].concat();
    browser.post_body(path, "multipart/form-data; boundary=b", body.into()).await
}

/// Codes of the units, each with that of the one above it.
async fn tree(kit: &TestDb, access: &Access) -> Vec<(String, String)> {
    let access = access.clone();
    let units = kit.db.read(move |tx| tanggap_org::units(tx, &access)).await.expect("read");
    let above = |unit: &tanggap_org::Unit| {
        let above = units.iter().find(|other| Some(other.id) == unit.parent_id);
        above.map(|unit| unit.code.clone()).unwrap_or_default()
    };
    units.iter().map(|unit| (unit.code.clone(), above(unit))).collect()
}

/// The table that the page would send with its second form.
fn brought(page: &str) -> String {
    let text = page.split("name=\"table\" value=\"").nth(1).expect("a table");
    let text = text.split('"').next().expect("a table");
    text.replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&")
}

engines! {
    async fn units_come_from_a_spreadsheet_all_or_none(kit) {
        let (mut admin, access) = administrator(&kit).await;
        admin.get(UNITS).await;
        // As Excel writes it; the unit above stands below.
        let table = "\u{feff}Kode;Nama;Induk;Hari kerja;Telepon\r\n\
             pkm1;\"Puskesmas; Satu\";DINKES;3;'+62 274 1\r\n\
             DINKES;Dinas Kesehatan;;;\r\n;;;;\r\n";
        let looked = post_file(&mut admin, UNITS, table.as_bytes()).await;
        assert_eq!(looked.status, StatusCode::OK);
        assert!(looked.body.contains("Puskesmas; Satu") && looked.body.contains("Buat 2 unit"));
        assert!(tree(&kit, &access).await.is_empty(), "nothing is made before it was seen");
        let table = brought(&looked.body);
        let made = admin.post(UNITS, &[("table", &table)]).await;
        assert_eq!((made.status, &*made.location), (StatusCode::SEE_OTHER, "/pengaturan/unit"));
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(tree(&kit, &access).await, [pair("DINKES", ""), pair("PKM1", "DINKES")]);
        // The same again: every line is told, and nothing else changes.
        admin.get(UNITS).await;
        let again = admin.post(UNITS, &[("table", &table)]).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.body.contains("Baris 2, Kode") && again.body.contains("Baris 3, Kode"));
        assert_eq!(tree(&kit, &access).await.len(), 2);
    }

    async fn what_is_wrong_names_its_line_and_nothing_is_made(kit) {
        let (mut admin, access) = administrator(&kit).await;
        let tables = [
            ("kode;nama\nA;\nB;Sehat\n", "Baris 2, Nama: Isian ini wajib"),
            ("kode;nama;induk\nA;Satu;X\nB;Dua;\n", "Baris 2, Induk: Tidak ada unit"),
            ("kode;nama;induk\nA;Satu;B\nB;Dua;A\n", "Baris 3, Induk: Unit tidak dapat"),
            ("kode;nama\nA;Satu\nB;Dua\na;Tiga\n", "Baris 4, Kode: Sudah dipakai"),
            ("kode;nama;hari kerja\nA;Satu;90\n", "Baris 2, Hari kerja: Isi antara"),
            ("kode;nama;hari kerja\nA;Satu;lima\n", "Baris 2, Hari kerja: Tulis dengan angka"),
            ("kode;warna\nA;biru\n", "Kolom warna tidak dikenal"),
            ("PK\u{3}\u{4}", "tidak dapat dibaca sebagai CSV"),
            ("", "tidak berisi satu baris pun"),
        ];
        for (table, told) in tables {
            admin.get(UNITS).await;
            let page = post_file(&mut admin, UNITS, table.as_bytes()).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{table}");
            assert!(page.body.contains(told), "{table}: {}", page.body);
            admin.post(UNITS, &[("table", table)]).await;
            assert!(tree(&kit, &access).await.is_empty(), "{table}");
        }
        let many: String = (0..501).map(|n| format!("U{n};Unit {n}\n")).collect();
        let page = post_file(&mut admin, UNITS, format!("kode;nama\n{many}").as_bytes()).await;
        assert!(page.body.contains("paling banyak 500"));
        let large = vec![b'x'; 300 << 10];
        let page = post_file(&mut admin, UNITS, &large).await;
        assert!(page.body.contains("paling besar 256 kB"));
    }

    async fn people_get_accounts_and_passwords_that_are_shown_once(kit) {
        let (mut admin, access) = administrator(&kit).await;
        admin.get(UNITS).await;
        admin.post(UNITS, &[("table", "kode;nama\nDINKES;Dinas Kesehatan")]).await;
        admin.get(PEOPLE).await;
        let bad = "nama;surel;peran;unit\nA;a@y.id;Petugas unit;\nB;b@y.id;Tukang;DINKES\n\
             C;agent@x.id;Penyelia;\nD;d@y.id;Penyelia;ENTAH\n";
        let refused = post_file(&mut admin, PEOPLE, bad.as_bytes()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        for told in [
            "Baris 2, Peran: Petugas unit harus", "Baris 3, Peran: Peran Tukang",
            "Baris 4, Surel: Sudah dipakai", "Baris 5, Unit: Tidak ada unit",
        ] {
            assert!(refused.body.contains(told), "{told}: {}", refused.body);
        }
        let table = "name,e-mail,roles,unit\nSiti,SITI@y.id,\"Desk agent, Supervisor\",\n\
             Budi,budi@y.id,Unit officer,dinas kesehatan\n";
        let looked = post_file(&mut admin, PEOPLE, table.as_bytes()).await;
        assert!(looked.body.contains("Buat 2 akun"), "{}", looked.body);
        let made = admin.post(PEOPLE, &[("table", &brought(&looked.body))]).await;
        assert_eq!(made.status, StatusCode::OK);
        let shown = made.body.split("<span class=\"code\">").nth(1).expect("a password");
        let shown = shown.split('<').next().expect("a password").to_owned();
        let mut siti = Browser::new(&kit, false);
        assert_eq!(siti.sign_in("siti@y.id", &shown).await.status, StatusCode::SEE_OTHER);
        assert_eq!(siti.get("/akun?x=1").await.location, "/akun/sandi", "to be changed first");
        let found = kit.db.read(move |tx| {
            let wanted = People { text: "budi".into(), limit: 5, ..People::default() };
            people(tx, &access, &wanted)
        }).await.expect("read");
        let (budi, roles) = &found.rows[0];
        assert_eq!((budi.locale, roles.len(), roles[0].unit_id), (Locale::Id, 1, budi.unit_id));
        assert!(budi.unit_id.is_some());
    }

    async fn only_administrators_import_and_samples_read_as_they_are(kit) {
        let (mut admin, access) = administrator(&kit).await;
        for (page, sample) in [
            (UNITS, "/pengaturan/unit/contoh.csv"), (PEOPLE, "/pengaturan/orang/contoh.csv"),
        ] {
            let sample = admin.get(sample).await;
            assert_eq!(sample.status, StatusCode::OK);
            admin.get(page).await;
            let looked = post_file(&mut admin, page, sample.body.as_bytes()).await;
            assert_eq!(looked.status, StatusCode::OK, "{}", looked.body);
            admin.post(page, &[("table", &brought(&looked.body))]).await;
        }
        assert_eq!(tree(&kit, &access).await.len(), 3);
        let mut agent = Browser::new(&kit, false);
        agent.sign_in("agent@x.id", PASSWORD).await;
        for path in [UNITS, PEOPLE, "/pengaturan/orang/contoh.csv"] {
            assert_eq!(agent.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        let posted = agent.post(UNITS, &[("table", "kode;nama\nX;Y")]).await;
        assert!(!posted.status.is_success() && !posted.status.is_redirection());
        assert_eq!(tree(&kit, &access).await.len(), 3);
        let forged = admin.post_with(UNITS, &[("table", "kode;nama\nX;Y")], "palsu").await;
        assert_eq!(forged.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(tree(&kit, &access).await.len(), 3);
    }

    async fn the_entrance_tells_what_a_new_agency_still_needs(kit) {
        let (mut admin, access) = administrator(&kit).await;
        let before = admin.get("/pengaturan").await.body;
        assert!(before.contains("1 dari 7 langkah selesai"), "{before}");
        assert!(before.contains("href=\"/pengaturan/unit/impor\""));
        admin.get(UNITS).await;
        admin.post(UNITS, &[("table", "kode;nama\nDINKES;Dinas Kesehatan")]).await;
        let system = access.clone();
        kit.db.write(move |tx| {
            let calendar = tanggap_org::calendars(tx, &system)?.remove(0);
            let input = tanggap_org::actions::CalendarInput {
                name: calendar.name, base: calendar.base, hours: calendar.hours,
            };
            tanggap_org::update_calendar(tx, &system, calendar.id, calendar.version, &input)
        }).await.expect("saved");
        let after = admin.get("/pengaturan").await.body;
        assert!(after.contains("3 dari 7 langkah selesai"), "{after}");
        assert!(!after.contains("href=\"/pengaturan/unit/impor\""));
    }
}
