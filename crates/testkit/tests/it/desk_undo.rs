//! Taking back what was just done, through the desk's routes, on both engines.

use axum::http::StatusCode;
use tanggap_conversations::TalkState;
use tanggap_kernel::Timestamp;
use tanggap_testkit::engines;

use crate::desk::{Browser, Desk, Got, ok, version_in};
use crate::desk_wrap_up::Scene;

/// The page that the step led to, with what it was told, and its form that takes the step back.
async fn told(browser: &mut Browser, step: &Got) -> (String, Vec<(String, String)>) {
    let kept = browser.cookie.clone();
    browser.cookie = format!("{kept}; {}", step.cookies.join("; "));
    let page = browser.get(&step.location).await.body;
    browser.cookie = kept;
    let form = page.split("<form").find(|form| form.contains("data-undo"));
    let field = |form: &str, name: &str| {
        let value = form.split(&format!("name=\"{name}\" value=\"")).nth(1);
        value.and_then(|rest| rest.split('"').next()).unwrap_or("?").to_owned()
    };
    let fields = form.map(|form| ["version", "user", "step"].map(|n| (n.into(), field(form, n))));
    (page.clone(), fields.map(Vec::from).unwrap_or_default())
}

/// Presses the button that the page offers with what it tells.
async fn take_back(browser: &mut Browser, step: &Got) -> Got {
    let (page, _) = told(browser, step).await;
    let form = page.split("<form").find(|form| form.contains("data-undo")).expect("offered");
    let value = |of: &str, name: &str| {
        let value = of.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        value.unwrap_or_default().to_owned()
    };
    let fields: Vec<(String, String)> = ["<input", "<button"]
        .iter()
        .flat_map(|tag| form.split(tag).skip(1))
        .map(|of| (value(of, "name"), value(of, "value")))
        .filter(|(name, _)| name != "csrf")
        .collect();
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    browser.post(&value(form, "action"), &fields).await
}

async fn press(browser: &mut Browser, code: &str, fields: &[(String, String)]) -> Got {
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    browser.post(&format!("/meja/{code}/langkah"), &fields).await
}

engines! {
    async fn a_case_goes_back_to_whom_it_belonged_unless_a_colleague_was_faster(kit) {
        let desk = Desk::open(&kit).await;
        let code = desk.report(|_| {}).await;
        let me = desk.house.agent.user().expect("a person").to_string();
        let mut agent = desk.browser(&desk.house.agent).await;
        ok(&agent.step(&code, &[("step", "verify")]).await);
        let taken = agent.step(&code, &[("step", "assign"), ("user", &me)]).await;
        ok(&taken);
        let (_, back) = told(&mut agent, &taken).await;
        assert_eq!(back[1], ("user".to_owned(), String::new()), "it was nobody's");
        let returned = press(&mut agent, &code, &back).await;
        ok(&returned);
        let (_, again) = told(&mut agent, &returned).await;
        assert_eq!(again[1].1, me, "what was taken back can be taken back");

        // Pressed too late: what the colleague did meanwhile stands.
        let mut colleague = desk.browser(&desk.house.supervisor).await;
        let note = [("step", "ask"), ("text", "Di jalan apa, Pak?")];
        ok(&colleague.step(&code, &note).await);
        let seen = version_in(&colleague.get(&format!("/meja/{code}")).await.body);
        assert_eq!(press(&mut agent, &code, &again).await.status, StatusCode::CONFLICT);
        assert_eq!(version_in(&agent.get(&format!("/meja/{code}")).await.body), seen);

        // Steps that the law dates offer nothing of the kind.
        let verified = desk.report(|_| {}).await;
        let step = agent.step(&verified, &[("step", "verify")]).await;
        let (page, none) = told(&mut agent, &step).await;
        assert!(none.is_empty() && !page.contains("data-undo"), "{page}");
    }

    async fn a_day_to_come_back_and_a_talk_laid_aside_are_taken_back(kit) {
        let scene = Scene::open(&kit).await;
        let talk = scene.hear("628111", "Halo").await;
        let mut agent = scene.desk.browser(&scene.desk.house.agent).await;
        agent.get(&format!("/percakapan/{talk}")).await;
        let step = format!("/percakapan/{talk}/langkah?rak=menunggu");
        let fields = [("step", "snooze"), ("until", "3h")];
        let snoozed = agent.post(&step, &fields).await;
        assert_eq!(snoozed.location, "/percakapan?rak=menunggu", "the shelf one works from");
        assert_eq!(scene.talk(talk).await.state, TalkState::Snoozed);
        let woken = take_back(&mut agent, &snoozed).await;
        assert_eq!(woken.location, format!("/percakapan/{talk}?rak=menunggu"));
        assert_eq!(scene.talk(talk).await.state, TalkState::Open);

        let path = format!("/tindak-lanjut/percakapan/{talk}");
        let day = |days: i64| {
            let at = kit.clock.now().plus(days * Timestamp::DAY).as_micros();
            tanggap_calendar::Zone::Wib.local_date(at).to_string()
        };
        let is_set = async |agent: &mut Browser| {
            agent.get("/tindak-lanjut").await.body.contains("Tanya hasil loket")
        };
        let set = agent.post(&path, &[("day", &day(2)), ("note", "Tanya hasil loket")]).await;
        assert!(is_set(&mut agent).await);
        let removed = take_back(&mut agent, &set).await;
        assert_eq!(removed.location, format!("/percakapan/{talk}"));
        assert!(!is_set(&mut agent).await);
        // What it removes is one's own; what was changed or removed has its form.
        agent.post(&path, &[("day", &day(2)), ("note", "Tanya hasil loket")]).await;
        let mut other = scene.desk.browser(&scene.colleague).await;
        other.get(&format!("/percakapan/{talk}")).await;
        assert_eq!(take_back(&mut other, &set).await.status, StatusCode::NOT_FOUND);
        assert!(is_set(&mut agent).await);
        let again = [("day", &*day(1)), ("note", "Tanya hasil loket")];
        for fields in [&again[..], &[("step", "clear")]] {
            let got = agent.post(&path, fields).await;
            assert!(!told(&mut agent, &got).await.0.contains("data-undo"));
        }
    }
}
