//! Taking back whom a case was given to, through the desk's routes, on both engines.

use axum::http::StatusCode;
use tanggap_testkit::engines;

use crate::desk::{Browser, Desk, Got, ok, version_in};

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
}
