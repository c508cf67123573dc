//! What a citizen reads of deadlines: those that run or were missed, a way forward, and none of
//! the warnings among colleagues; and where a case went that is not ours.

use axum::http::StatusCode;
use tanggap_cases::rules::Action;
use tanggap_kernel::Timestamp;
use tanggap_testkit::engines;

use crate::browser::Browser;
use crate::cases::run_jobs;
use crate::house::House;
use crate::portal::{case_of, report};

engines! {
    async fn a_missed_deadline_is_told_once_with_a_way_forward(kit) {
        let house = House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        let (code, pin) = report(&mut browser, &kit, &[]).await;
        let id = case_of(&house, &code).await.id;
        browser.get("/lacak").await;
        let pairs = [("kode".to_owned(), code), ("pin".to_owned(), pin)];
        let entered = browser.post("/lacak", &pairs).await;
        assert_eq!(entered.status, StatusCode::SEE_OTHER, "{}", entered.body);
        let fresh = browser.get(&entered.location).await.body;
        assert!(!fresh.contains("Yang dapat Anda lakukan") && !fresh.contains("id=\"tenggat-lewat"));
        assert!(fresh.contains("Laporan diperiksa dan diteruskan, paling lambat"), "what is next");
        assert!(fresh.contains("Laporan dijawab, paling lambat"), "and the answer");

        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        house.act(&house.agent, id, House::forward(house.roads)).await.expect("forwarded");
        let text = "Kami tinjau minggu ini.".to_owned();
        house.act(&house.roads_officer, id, Action::Progress { text }).await.expect("begun");
        for _ in 0..4 {
            kit.clock.set(kit.clock.now().plus(7 * Timestamp::DAY));
            run_jobs(&kit).await;
        }
        browser.get("/lacak").await;
        let entered = browser.post("/lacak", &pairs).await;
        let late = browser.get(&entered.location).await.body;
        for told in ["Yang dapat Anda lakukan", "tel:137", "/pengelola", "UU 25/2009 Pasal 46"] {
            assert!(late.contains(told), "{told}: {late}");
        }
        assert!(!late.contains("(Pasal 35)"), "only where information was asked for");
        assert_eq!(late.matches("Tenggat terlewati: ").count(), 1, "{late}");
        assert!(!late.contains("hampir habis"), "{late}");
        let (shown, folded) = late.split_once("id=\"tenggat-lewat").expect("some are folded");
        assert!(folded.contains("<strong>Laporan diperiksa dan diteruskan</strong>"), "kept, so folded");
        assert!(shown.contains("<strong>Laporan dijawab</strong>"), "missed, so shown");
    }

    async fn where_a_case_went_is_named_to_its_reporter(kit) {
        let house = House::build(&kit.db).await;
        let mut browser = Browser::new(&kit);
        let (code, pin) = report(&mut browser, &kit, &[]).await;
        let id = case_of(&house, &code).await.id;
        let target = "Kantor Pertanahan Tirta".to_owned();
        let refer = Action::Refer { target, text: "Mereka yang berwenang.".to_owned() };
        house.act(&house.agent, id, refer).await.expect("referred");
        browser.get("/lacak").await;
        let pairs = [("kode".to_owned(), code), ("pin".to_owned(), pin)];
        let entered = browser.post("/lacak", &pairs).await;
        let page = browser.get(&entered.location).await.body;
        assert!(page.contains("Diarahkan ke Kantor Pertanahan Tirta"), "{page}");
    }
}
