//! The citizen's way from report to rating, through the routes, as a browser without JavaScript
//! goes it.

use axum::http::StatusCode;
use tanggap_cases::model::Status;
use tanggap_cases::rules::Action;
use tanggap_cases::{actions, store as cases};
use tanggap_conversations as talk;
use tanggap_kernel::Timestamp;
use tanggap_testkit::{TestDb, engines};

use crate::browser::{Browser, Got, filled};
use crate::house::House;

const STORY: [(&str, &str); 4] = [
    ("subject", "Lampu jalan padam"),
    ("description", "Lampu di depan SD padam tiga minggu. Hubungi 0812-3456-7890."),
    ("place", "Jalan Melati 3"),
    ("behalf", "self"),
];

/// Reports and gives code and PIN as the receipt shows them.
pub async fn report(
    browser: &mut Browser,
    kit: &TestDb,
    more: &[(&str, &str)],
) -> (String, String) {
    let form = browser.get("/lapor?jenis=complaint&kategori=umum").await;
    assert_eq!(form.status, StatusCode::OK, "{}", form.body);
    let all: Vec<(&str, &str)> = STORY.iter().chain(more).copied().collect();
    let preview = browser.post_files("/lapor/pratinjau", &filled(&form, &all), &[]).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.body);
    kit.clock.set(kit.clock.now().plus(10 * Timestamp::SECOND));
    let sent = browser.post("/lapor", &preview.hidden()).await;
    assert_eq!((sent.status, sent.location.as_str()), (StatusCode::SEE_OTHER, "/lapor/terima"));
    secrets(&browser.get("/lapor/terima").await)
}

fn secrets(receipt: &Got) -> (String, String) {
    assert_eq!(receipt.status, StatusCode::OK, "{}", receipt.body);
    let mut codes = receipt.body.split("class=\"receipt-code\">").skip(1);
    let mut next = || codes.next().and_then(|r| r.split('<').next()).unwrap_or("").to_owned();
    (next(), next())
}

/// A JPEG with a place in its EXIF.
fn photo() -> Vec<u8> {
    let mut out = vec![0xff, 0xd8, 0xff, 0xe1, 0x00, 0x16];
    out.extend(b"Exif\0\0GPS RUMAH SAYA");
    out.extend(smallest_jpeg().split_off(2));
    out
}

/// The smallest JPEG that decoders read: 1 by 1, grey.
fn smallest_jpeg() -> Vec<u8> {
    let mut out = vec![0xff, 0xd8, 0xff, 0xdb, 0x00, 0x43, 0x00];
    out.extend([1; 64]);
    out.extend([0xff, 0xc0, 0x00, 0x0b, 8, 0, 1, 0, 1, 1, 1, 0x11, 0]);
    out.extend([0xff, 0xc4, 0x00, 0x14, 0x00, 1]);
    out.extend([0; 15]);
    out.push(0);
    out.extend([0xff, 0xc4, 0x00, 0x14, 0x10, 1]);
    out.extend([0; 15]);
    out.push(0);
    out.extend([0xff, 0xda, 0x00, 0x08, 1, 1, 0x00, 0, 0x3f, 0, 0x3f, 0xff, 0xd9]);
    out
}

engines! {
    async fn a_citizen_reports_follows_reopens_and_rates_without_a_script(kit) {
        let house = House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        assert_eq!(browser.get("/").await.status, StatusCode::OK);
        assert!(browser.get("/lapor").await.body.contains("Tentang apa?"));
        let phone = ("phone", "0813 1111 2222");
        let more = [("name", "Sri Wahyuni"), ("email", "Sri@Contoh.id"), phone];
        let (code, pin) = report(&mut browser, &kit, &more).await;
        assert_eq!(pin.len(), 6);
        let receipt = browser.get("/lapor/terima").await;
        for told in ["Sri Wahyuni", "Lampu jalan padam", "Pasal 44", "<svg", "Jalan Melati 3"] {
            assert!(receipt.body.contains(told), "{told}");
        }
        let pdf = browser.get("/lapor/terima.pdf").await;
        assert_eq!(pdf.kind, "application/pdf");
        assert!(pdf.bytes.starts_with(b"%PDF"));

        // From another device, with code and PIN, the code mistyped in case and dashes.
        let mut phone = browser.stranger();
        phone.get("/lacak").await;
        let typed = code.to_lowercase().replace('-', " ");
        let pairs = [("kode".to_owned(), typed), ("pin".to_owned(), pin)];
        let entered = phone.post("/lacak", &pairs).await;
        assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.body);
        let page = phone.get(&entered.location).await;
        assert!(page.body.contains("Menunggu diperiksa"), "{}", page.body);
        let why = page.body.split("href=\"").find(|rest| rest.contains("/tenggat/")).expect("why");
        let why = phone.get(why.split('"').next().expect("a link")).await;
        assert!(why.body.contains("Hari demi hari") && why.body.contains("Hari kerja"));

        let case = case_of(&house, &code).await;
        house.act(&house.agent, case.id, Action::Verify).await.expect("verified");
        house.act(&house.agent, case.id, House::forward(house.roads)).await.expect("forwarded");
        house.act(&house.roads_officer, case.id, Action::Accept).await.expect("accepted");
        let answer = Action::Answer { text: "Lampu sudah diganti.".into() };
        house.act(&house.roads_officer, case.id, answer).await.expect("answered");
        let page = phone.get(&entered.location).await;
        for told in ["Diteruskan ke Dinas PUPR", "Lampu sudah diganti.", "Ya, sudah selesai"] {
            assert!(page.body.contains(told), "{told}");
        }
        assert!(!page.body.contains("jalan@uji") && !page.body.contains("Petugas</"));

        let path = format!("{}/langkah/belum", entered.location);
        let empty = phone.post(&path, &page.hidden()).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(empty.body.contains("f-belum-error"), "{}", empty.body);
        for (step, more, expected) in [
            ("belum", vec![("belum", "Masih padam.")], Status::InProgress),
            ("balas", vec![("balas", "Fotonya menyusul.")], Status::InProgress),
        ] {
            let page = phone.get(&entered.location).await;
            let path = format!("{}/langkah/{step}", entered.location);
            let done = phone.post(&path, &filled(&page, &more)).await;
            assert_eq!(done.status, StatusCode::SEE_OTHER, "{step}: {}", done.body);
            assert_eq!(case_of(&house, &code).await.status, expected);
        }
        let answer = Action::Answer { text: "Kabelnya yang putus, sudah disambung.".into() };
        house.act(&house.roads_officer, case.id, answer).await.expect("answered");
        for (step, more) in
            [("selesai", vec![]), ("nilai", vec![("rating", "5"), ("nilai", "Terima kasih.")])]
        {
            let page = phone.get(&entered.location).await;
            let path = format!("{}/langkah/{step}", entered.location);
            let done = phone.post(&path, &filled(&page, &more)).await;
            assert_eq!(done.status, StatusCode::SEE_OTHER, "{step}: {}", done.body);
        }
        let case = case_of(&house, &code).await;
        assert_eq!((case.status, case.rating), (Status::Closed, Some(5)));
        let page = phone.get(&entered.location).await;
        assert!(page.body.contains("Laporan ini selesai") && page.body.contains("5 dari 5"));
    }

    async fn nothing_typed_is_lost_on_an_error(kit) {
        House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        let form = browser.get("/lapor?jenis=complaint&kategori=umum").await;
        let typed = [
            ("subject", ""),
            ("description", "Baris satu\nBaris <dua>"),
            ("phone", "12"),
            ("email", "bukan surel"),
            ("nik", "123"),
            ("service_date", "2030-01-01"),
            ("region_q", "sukamaju"),
            ("behalf", "other"),
            ("anonymous", "ya"),
        ];
        let files: [(&str, &[u8]); 2] = [("foto.jpg", &photo()), ("besar.bin", &vec![7; 2 << 20])];
        let refused = browser.post_files("/lapor/pratinjau", &filled(&form, &typed), &files).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        for shown in [
            "Baris &#60;dua&#62;",
            "value=\"12\"",
            "value=\"bukan surel\"",
            "f-subject-error",
            "f-phone-error",
            "f-email-error",
            "f-nik-error",
            "f-service_date-error",
            "f-proxy_for-error",
            "f-region-error",
            "besar.bin",
            "Buang foto.jpg",
            "name=\"anonymous\" value=\"ya\" checked",
        ] {
            assert!(refused.body.contains(shown), "{shown}: {}", refused.body);
        }
        // The photo went along; corrected, the report goes through with it.
        let region = refused.body.split("name=\"region\" value=\"").nth(1).expect("regions");
        let region = region.split('"').next().expect("a code");
        let mut good = vec![("region", region), ("behalf", "other"), ("proxy_for", "Ibu Tini")];
        good.extend(&STORY[..3]);
        let preview = browser.post_files("/lapor/pratinjau", &filled(&refused, &good), &[]).await;
        assert_eq!(preview.status, StatusCode::OK, "{}", preview.body);
        assert!(preview.body.contains("••••••") && preview.body.contains("foto.jpg"));
        let public = preview.body.split("id=\"petugas\"").next().expect("the public's part");
        assert!(!public.contains("0812"), "{public}");
        let back = browser.post("/lapor/ubah", &preview.hidden()).await;
        // "Back" shows what a form was answered with, which no address could bring again.
        for page in [&form, &refused, &preview, &back] {
            assert_eq!(page.headers["cache-control"], "private, no-cache");
        }
        assert!(back.body.contains("value=\"Ibu Tini\"") && back.body.contains("Buang foto.jpg"));
        let secret = [("confidential", "ya")];
        let hidden = browser.post_files("/lapor/pratinjau", &filled(&preview, &secret), &[]).await;
        let public = hidden.body.split("id=\"petugas\"").next().expect("the public's part");
        assert!(!public.contains("Lampu jalan padam"), "{public}");
    }

    async fn a_double_click_makes_one_case_and_a_second_story_another(kit) {
        let house = House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        let form = browser.get("/lapor?jenis=complaint&kategori=umum").await;
        let preview = browser.post_files("/lapor/pratinjau", &filled(&form, &STORY), &[]).await;
        let quick = browser.post("/lapor", &preview.hidden()).await;
        assert_eq!(quick.status, StatusCode::UNPROCESSABLE_ENTITY, "no person reads that quickly");
        kit.clock.set(kit.clock.now().plus(6 * Timestamp::SECOND));
        let mut codes = Vec::new();
        for _ in 0..3 {
            let sent = browser.post("/lapor", &preview.hidden()).await;
            assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
            codes.push(secrets(&browser.get("/lapor/terima").await));
        }
        codes.dedup();
        assert_eq!(codes.len(), 1);
        assert!(case_of(&house, &codes[0].0).await.unproven);
        let other = filled(&preview, &[("description", "Cerita yang lain sama sekali.")]);
        browser.post("/lapor", &other).await;
        assert_ne!(secrets(&browser.get("/lapor/terima").await), codes[0]);
    }

    async fn a_code_without_its_pin_shows_nothing(kit) {
        House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        let (code, pin) = report(&mut browser, &kit, &[]).await;
        let mut stranger = browser.stranger();
        let known = stranger.get(&format!("/lacak/{code}")).await;
        let unknown = stranger.get("/lacak/TGP-222-222-222").await;
        assert_eq!(known.status, unknown.status);
        let without = |got: &Got| {
            let mut body = got.body.replace(&code, "").replace("TGP-222-222-222", "");
            if let Some((_, token)) = got.hidden().into_iter().find(|(name, _)| name == "csrf") {
                body = body.replace(&token, "");
            }
            body
        };
        assert_eq!(without(&known), without(&unknown));
        assert!(!known.body.contains("Lampu"));
        for path in ["arus", "tenggat/SP4N_VERIFY", "berkas/0000000000000"] {
            let got = stranger.get(&format!("/lacak/{code}/{path}")).await;
            assert!(!got.body.contains("Lampu") && !got.body.contains("Diterima"), "{path}");
        }
        let step = format!("/lacak/{code}/langkah/cabut");
        assert!(!stranger.post(&step, &[]).await.body.contains("Lampu"));
        // A receipt is its browser's alone.
        assert!(!stranger.get("/lapor/terima").await.body.contains(&pin));

        // Wrong codes and wrong PINs are told in the same words, and guessing gets slow.
        let wrong_pin = if pin == "000000" { "000001" } else { "000000" };
        let enter = |code: &str, pin: &str| {
            [("kode".to_owned(), code.to_owned()), ("pin".to_owned(), pin.to_owned())]
        };
        let mut statuses = Vec::new();
        for _ in 0..8 {
            statuses.push(stranger.post("/lacak", &enter(&code, wrong_pin)).await.status.as_u16());
        }
        assert_eq!(statuses[..5], [422; 5]);
        assert!(statuses[6..].iter().all(|status| *status == 429), "{statuses:?}");
        let right = stranger.post("/lacak", &enter(&code, &pin)).await;
        assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(right.hidden().len(), unknown.hidden().len());
        kit.clock.set(kit.clock.now().plus(20 * Timestamp::MINUTE));
        let right = stranger.post("/lacak", &enter(&code, &pin)).await;
        assert_eq!(right.status, StatusCode::SEE_OTHER);
        assert!(stranger.get(&format!("/lacak/{code}")).await.body.contains("Lampu jalan padam"));
        kit.clock.set(kit.clock.now().plus(3 * Timestamp::HOUR));
        assert!(!stranger.get(&format!("/lacak/{code}")).await.body.contains("Lampu jalan padam"));
    }

    async fn what_is_written_outlasts_the_proof(kit) {
        House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        let (code, pin) = report(&mut browser, &kit, &[]).await;
        let page = browser.get(&format!("/lacak/{code}")).await;
        kit.clock.set(kit.clock.now().plus(3 * Timestamp::HOUR));
        let step = format!("/lacak/{code}/langkah/balas");
        let asked = browser.post(&step, &filled(&page, &[("balas", "Masih <gelap>.")])).await;
        assert!(asked.body.contains("Tulisan Anda masih ada"), "{}", asked.body);
        assert!(!asked.body.contains("Lampu jalan padam"));
        let wrong = if pin == "000000" { "000001" } else { "000000" };
        let enter = |pin| [("kode", code.as_str()), ("pin", pin)];
        let asked = browser.post("/lacak", &filled(&asked, &enter(wrong))).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = browser.post("/lacak", &filled(&asked, &enter(&pin))).await;
        assert!(page.body.contains("Masih &#60;gelap&#62;."), "{}", page.body);
        let written = [("balas", "Masih <gelap>.")];
        let sent = browser.post(&step, &filled(&page, &written)).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    }

    async fn regions_are_suggested_and_a_whole_name_is_one(kit) {
        House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        assert_eq!(browser.get("/wilayah?q=s").await.body, "");
        assert!(browser.get("/wilayah?q=zzzz").await.body.contains("aria-disabled"));
        let found = browser.get("/wilayah?q=sukamaju").await.body;
        let wholes: Vec<&str> = found
            .split("data-whole=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(wholes.len() > 2 && wholes[2].starts_with("Sukamaju, "), "{found}");
        // The name that a suggestion left in the field is enough, even without its code.
        let form = browser.get("/lapor?jenis=complaint&kategori=umum").await;
        let mut typed = STORY.to_vec();
        typed.push(("region_q", wholes[2]));
        let preview = browser.post_files("/lapor/pratinjau", &filled(&form, &typed), &[]).await;
        assert_eq!(preview.status, StatusCode::OK, "{}", preview.body);
        assert!(preview.body.contains(wholes[2]));
    }

    async fn a_photo_that_cannot_be_cleared_is_refused_kindly(kit) {
        House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        let form = browser.get("/lapor?jenis=complaint&kategori=umum").await;
        let torn = b"\0\0\0\x18ftypheic\0\0\0\0mif1heicGPS RUMAH".as_slice();
        let files: [(&str, &[u8]); 1] = [("IMG_1.HEIC", torn)];
        let told = browser.post_files("/lapor/pratinjau", &filled(&form, &STORY), &files).await;
        assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
        for part in ["IMG_1.HEIC", "JPEG", "Paling Kompatibel", "Lampu jalan padam"] {
            assert!(told.body.contains(part), "{part}: {}", told.body);
        }
    }

    async fn photos_lose_their_place_and_only_the_reporter_gets_them(kit) {
        let house = House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        let form = browser.get("/lapor?jenis=complaint&kategori=umum").await;
        let page = b"<html><script>alert(1)</script></html>".as_slice();
        let files: [(&str, &[u8]); 2] = [("foto.jpg", &photo()), ("foto.html", page)];
        let preview = browser.post_files("/lapor/pratinjau", &filled(&form, &STORY), &files).await;
        assert_eq!(preview.status, StatusCode::OK, "{}", preview.body);
        kit.clock.set(kit.clock.now().plus(10 * Timestamp::SECOND));
        browser.post("/lapor", &preview.hidden()).await;
        let (code, _) = secrets(&browser.get("/lapor/terima").await);
        let case = case_of(&house, &code).await;
        let access = house.citizen();
        let read = kit.db.read(move |tx| Ok(talk::attachments_of_case(tx, &access, case.id.0)?));
        let kept = read.await.expect("files");
        assert_eq!(kept.len(), 2);
        for file in kept {
            let path = format!("/lacak/{code}/berkas/{}", file.id);
            let got = browser.get(&path).await;
            assert_eq!(got.status, StatusCode::OK);
            assert!(!got.body.contains("GPS RUMAH"));
            let expected =
                if file.name == "foto.jpg" { "image/jpeg" } else { "application/octet-stream" };
            assert_eq!(got.kind, expected);
            assert_eq!(browser.stranger().get(&path).await.status, StatusCode::NOT_FOUND);
        }
    }

    async fn proven_work_is_marked_and_spent_once(kit) {
        let house = House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        let task = browser.get("/pow").await;
        let task: tanggap_portal::pow::Challenge =
            serde_json::from_str(&task.body).expect("a challenge");
        let proof = tanggap_portal::pow::solve(&task);
        let mut marks = Vec::new();
        for story in ["Cerita pertama tentang lampu.", "Cerita kedua tentang lampu."] {
            let form = browser.get("/lapor?jenis=complaint&kategori=umum").await;
            let mut all: Vec<(&str, &str)> = STORY.to_vec();
            all[1] = ("description", story);
            all.push(("altcha", &proof));
            let preview = browser.post_files("/lapor/pratinjau", &filled(&form, &all), &[]).await;
            kit.clock.set(kit.clock.now().plus(10 * Timestamp::SECOND));
            browser.post("/lapor", &preview.hidden()).await;
            let (code, _) = secrets(&browser.get("/lapor/terima").await);
            marks.push(case_of(&house, &code).await.unproven);
        }
        assert_eq!(marks, [false, true]);
    }

    async fn a_flood_without_proof_is_slowed_and_keeps_its_text(kit) {
        House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        let form = browser.get("/lapor?jenis=complaint&kategori=umum").await;
        let preview = browser.post_files("/lapor/pratinjau", &filled(&form, &STORY), &[]).await;
        kit.clock.set(kit.clock.now().plus(10 * Timestamp::SECOND));
        let mut last = StatusCode::OK;
        for n in 0..12 {
            let story = format!("Cerita nomor {n}");
            let got = browser.post("/lapor", &filled(&preview, &[("description", &story)])).await;
            last = got.status;
            if last == StatusCode::TOO_MANY_REQUESTS {
                assert!(got.body.contains(&story), "{}", got.body);
            }
        }
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    }

    async fn each_agency_has_its_own_door(kit) {
        let mut browser = Browser::new(&kit);
        let begin = browser.get("/").await;
        assert_eq!((begin.status, &*begin.location), (StatusCode::SEE_OTHER, "/mulai"));
        let empty = browser.get("/lapor").await;
        assert_eq!(empty.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(empty.body.contains("/mulai"));
        let house = House::build(&kit.db).await;
        let new = tanggap_org::NewAgency::named("Rumah Sakit Uji", tanggap_calendar::Zone::Wit);
        kit.db.write(move |tx| tanggap_org::create_agency(tx, &new)).await.expect("an agency");
        let (code, pin) = report(&mut browser, &kit, &[]).await;
        let there = browser.get("/i/rumah-sakit-uji/lapor").await;
        assert!(there.body.contains("Rumah Sakit Uji"), "{}", there.body);
        assert!(there.body.contains("href=\"/i/rumah-sakit-uji/lacak\""));
        let pairs = [("kode".to_owned(), code.clone()), ("pin".to_owned(), pin)];
        let elsewhere = browser.post("/i/rumah-sakit-uji/lacak", &pairs).await;
        assert_eq!(elsewhere.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = browser.get(&format!("/i/rumah-sakit-uji/lacak/{code}")).await;
        assert!(!page.body.contains("Lampu"));
        assert_eq!(browser.get("/i/tidak-ada/lapor").await.status, StatusCode::NOT_FOUND);
        drop(house);
    }

    async fn the_calculator_explains_each_day(kit) {
        House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        let asked = "/tenggat?from=2026-03-13T09:00&limit=10&unit=working_day\
                     &calendar=government&zone=Asia/Jakarta";
        let got = browser.get(asked).await;
        assert_eq!(got.status, StatusCode::OK, "{}", got.body);
        assert!(got.after("id=\"jawaban\">").contains("Maret 2026")
            || got.after("id=\"jawaban\">").contains("April 2026"));
        for told in ["Libur nasional", "Cuti bersama", "Akhir pekan"] {
            assert!(got.body.contains(told), "{told}");
        }
        let wrong = browser.get("/tenggat?from=besok&limit=0&unit=minggu").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn hostile_forms_are_refused_kindly(kit) {
        House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        let odd = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
        };
        let long = "x".repeat(30_000);
        for pairs in [
            odd(&[]),
            odd(&[("token", "AAAA.BBBB"), ("kept", "AAAA.BBBB"), ("kind", "'; drop table cases")]),
            odd(&[("subject", "<script>alert(1)</script>"), ("altcha", "e30=")]),
            odd(&[("description", &long)]),
            odd(&[("reported_unit", "zzz"), ("region", "../../etc"), ("category", "tidak-ada")]),
        ] {
            for path in ["/lapor", "/lapor/pratinjau", "/lapor/ubah"] {
                let got = browser.post(path, &pairs).await;
                assert!(got.status.is_success() || got.status.is_client_error(), "{path}");
                assert!(!got.body.contains("<script>alert"), "{path}");
            }
        }
    }
}

pub async fn case_of(house: &House, code: &str) -> tanggap_cases::model::Case {
    let (access, code) = (house.citizen(), code.to_owned());
    let read = house.db.read(move |tx| {
        let case = cases::by_code(tx, &access, &code)?.expect("the case");
        actions::load(tx, &access, case.id)
    });
    read.await.expect("the case")
}
