//! My reports through the portal's routes, on both engines, without a script: who lost code or PIN.

use axum::http::StatusCode;
use tanggap_cases::mine::{self, Address, OneTime};
use tanggap_cases::model::CaseId;
use tanggap_conversations::{Outbound, SendState, outbound};
use tanggap_kernel::{Access, Error, Locale, Refusal, Timestamp};
use tanggap_testkit::{TestDb, engines};
use tanggap_ui::ctx::Secrets;

use crate::browser::{Browser, Got};
use crate::house::House;

const HOME: &str = "/laporan-saya";
const SITI: &str = "siti@contoh.id";

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn report(house: &House, name: &str, email: &str) -> String {
    let opened = house.report(|report| {
        report.reporter = Some(tanggap_contacts::NewContact {
            name: name.into(),
            email: Some(email.into()),
            ..Default::default()
        });
    });
    opened.await.case.code
}

async fn mails(house: &House) -> Vec<Outbound> {
    let access = Access::system(house.agency);
    let read =
        house.db.read(move |tx| Ok(outbound::waiting(tx, &access, SendState::Waiting, None, 50)?));
    read.await.expect("mails")
}

/// The six digits that were sent last.
async fn digits(house: &House) -> String {
    let last = mails(house).await.into_iter().max_by_key(|mail| mail.id).expect("a mail");
    let body = last.body.split_once(": ").expect("a code").1.to_owned();
    body.chars().take(6).collect()
}

async fn pin_hash(house: &House, id: CaseId) -> Vec<u8> {
    let access = Access::system(house.agency);
    let read = house.db.read(move |tx| Ok(tanggap_cases::store::pin_hash(tx, &access, id)?));
    read.await.expect("a hash")
}

async fn ask(browser: &mut Browser, address: &str) -> Got {
    browser.get(HOME).await;
    browser.post(HOME, &pairs(&[("alamat", address)])).await
}

async fn prove(browser: &mut Browser, page: &Got, code: &str) -> Got {
    let mut fields = page.hidden();
    fields.push(("kode".into(), code.into()));
    browser.post("/laporan-saya/kode", &fields).await
}

async fn later(kit: &TestDb, minutes: i64) {
    kit.clock.set(kit.clock.now().plus(minutes * Timestamp::MINUTE));
}

engines! {
    async fn no_other_site_leads_a_browser_into_somebody_elses_reports(kit) {
        let house = House::build(&kit.db).await;
        report(&house, "Siti", SITI).await;
        let mut browser = Browser::new(&kit);
        browser.get(HOME).await;
        for (path, fields) in [
            (HOME, vec![("alamat", SITI)]),
            ("/laporan-saya/buka", vec![("id", "x")]),
            ("/laporan-saya/pin", vec![("id", "x")]),
            ("/lacak", vec![("kode", "TGP-222-222-222"), ("pin", "123456")]),
        ] {
            let mut fields = pairs(&fields);
            let refused = browser.post_alone(path, &fields).await;
            assert!(!refused.body.contains("name=\"asked\""), "{path}: {}", refused.body);
            let told = refused.status == StatusCode::UNPROCESSABLE_ENTITY;
            assert!(told || refused.location == HOME, "{path}: {}", refused.status);
            fields.push(("csrf".to_owned(), "AAAA".to_owned()));
            let refused = browser.post_alone(path, &fields).await;
            assert!(!refused.body.contains("name=\"asked\""), "{path}");
        }
        let asked = browser.post(HOME, &pairs(&[("alamat", SITI)])).await;
        assert!(asked.body.contains("name=\"asked\""), "{}", asked.body);
    }

    async fn who_proves_an_address_sees_its_reports_opens_them_and_gets_a_new_pin(kit) {
        let house = House::build(&kit.db).await;
        let own = report(&house, "Siti", SITI).await;
        let other = report(&house, "Budi", "budi@contoh.id").await;
        let mut browser = Browser::new(&kit);
        let page = ask(&mut browser, "Siti@Contoh.ID").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let code = digits(&house).await;
        assert_eq!(code.len(), 6);
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let refused = prove(&mut browser, &page, wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let done = prove(&mut browser, &refused, &code).await;
        assert_eq!((done.status, done.location.as_str()), (StatusCode::SEE_OTHER, HOME));
        let list = browser.get(HOME).await;
        assert!(list.body.contains(&own) && !list.body.contains(&other), "{}", list.body);
        // The code was good once.
        let mut thief = Browser::new(&kit);
        let again = prove(&mut thief, &page, &code).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        // It opens as code and PIN do; nobody else's does.
        let id = list.body.split("name=\"id\" value=\"").nth(1).expect("an id");
        let id = id.split('"').next().expect("an id").to_owned();
        let opened = browser.post("/laporan-saya/buka", &pairs(&[("id", &id)])).await;
        assert_eq!(opened.location, format!("/lacak/{own}"));
        assert!(browser.get(&opened.location).await.body.contains("Jalan berlubang"));
        let renewed = browser.post("/laporan-saya/pin", &pairs(&[("id", &id)])).await;
        assert_eq!(renewed.status, StatusCode::OK, "{}", renewed.body);
        assert!(renewed.body.contains("PIN baru"), "{}", renewed.body);
        let pin = digits(&house).await;
        assert!(!renewed.body.contains(&pin), "the PIN is sent, never shown");
        let mut elsewhere = Browser::new(&kit);
        elsewhere.get("/lacak").await;
        let fields = pairs(&[("kode", &own), ("pin", &pin)]);
        let entered = elsewhere.post("/lacak", &fields).await;
        assert_eq!(entered.location, format!("/lacak/{own}"), "{}", entered.body);
        let nobody = thief.post("/laporan-saya/pin", &pairs(&[("id", &id)])).await;
        assert_eq!(nobody.location, HOME, "who proved nothing changes nothing");
    }

    async fn a_pin_that_cannot_be_sent_is_not_replaced(kit) {
        let house = House::build(&kit.db).await;
        let number = "+6281234567890";
        let opened = house.report(|report| {
            report.reporter = Some(tanggap_contacts::NewContact {
                phone: Some(number.into()),
                ..Default::default()
            });
        });
        let (id, citizen) = (opened.await.case.id, Access::citizen(house.agency, Locale::Id));
        let before = pin_hash(&house, id).await;
        let renewed = kit.db.write(move |tx| {
            let address = Address::parse(number).expect("a number");
            let pin = OneTime::draw().expect("a PIN");
            mine::renew_pin(tx, &citizen, &Secrets::new([1; 32]), &address, id, &pin)
        });
        let refused = renewed.await.map(|case| case.code);
        assert!(
            matches!(refused, Err(Error::Refused(Refusal::Illegal("mine-no-way")))),
            "{refused:?}"
        );
        assert_eq!(pin_hash(&house, id).await, before, "the old one still opens the report");
    }

    async fn nothing_tells_whether_an_address_is_known(kit) {
        let house = House::build(&kit.db).await;
        report(&house, "Siti", SITI).await;
        let before = mails(&house).await.len();
        let mut browser = Browser::new(&kit);
        let plain = |got: &Got, address: &str| {
            let without = |body: &str, name: &str| {
                let mark = format!("name=\"{name}\" value=\"");
                let (before, rest) = body.split_once(&mark).expect("a form");
                format!("{before}{}", rest.split_once('"').expect("a value").1)
            };
            without(&without(&got.body, "asked"), "csrf").replace(address, "?")
        };
        let known = ask(&mut browser, SITI).await;
        let unknown = ask(&mut browser, "nana@contoh.id").await;
        assert_eq!(known.status, unknown.status);
        assert_eq!(plain(&known, SITI), plain(&unknown, "nana@contoh.id"));
        assert_eq!(mails(&house).await.len(), before + 1, "the unknown one is sent nothing");
        let proved = prove(&mut browser, &unknown, "123456").await;
        assert_eq!(proved.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn codes_bear_five_tries_last_ten_minutes_and_are_not_asked_for_without_end(kit) {
        let house = House::build(&kit.db).await;
        report(&house, "Siti", SITI).await;
        let mut browser = Browser::new(&kit);
        let page = ask(&mut browser, SITI).await;
        let code = digits(&house).await;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for _ in 0..5 {
            let refused = prove(&mut browser, &page, wrong).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let sixth = prove(&mut browser, &page, &code).await;
        assert_eq!(sixth.status, StatusCode::UNPROCESSABLE_ENTITY, "the right one too");
        later(&kit, 5).await;
        let page = ask(&mut browser, SITI).await;
        let code = digits(&house).await;
        later(&kit, 11).await;
        let late = prove(&mut browser, &page, &code).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY, "it was good for ten minutes");
        let mut asked = StatusCode::OK;
        for _ in 0..4 {
            asked = ask(&mut browser, SITI).await.status;
        }
        assert_eq!(asked, StatusCode::TOO_MANY_REQUESTS);
    }
}
