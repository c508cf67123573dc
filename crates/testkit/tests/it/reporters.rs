//! What is the reporter's alone: their moves, and what tells who they are.

use axum::http::StatusCode;
use serde_json::json;
use tanggap_cases::actions;
use tanggap_cases::model::{CaseId, Status};
use tanggap_cases::rules::{self, Action};
use tanggap_contacts::NewContact;
use tanggap_kernel::{Access, Error, Refusal, params};
use tanggap_org::TokenScope;
use tanggap_testkit::engines;

use crate::api_client::Api;
use crate::desk::{Browser, Desk};
use crate::house::House;

/// Brings a case to the answer of its unit.
async fn answered(house: &House) -> (CaseId, String) {
    let case = house.report(|_| {}).await.case;
    for (access, action) in [
        (&house.agent, Action::Verify),
        (&house.agent, House::forward(house.roads)),
        (&house.roads_officer, Action::Accept),
        (&house.roads_officer, Action::Answer { text: "Sudah ditambal.".into() }),
    ] {
        house.act(access, case.id, action).await.expect("moved");
    }
    (case.id, case.code)
}

engines! {
    async fn a_unit_never_speaks_for_the_reporter_of_its_answer(kit) {
        let desk = Desk::open(&kit).await;
        let house = &desk.house;
        let (id, code) = answered(house).await;
        let reason = || "Sudah puas.".to_owned();
        let rate = || Action::Rate { rating: 5, comment: String::new() };
        for action in [
            Action::Confirm,
            Action::Withdraw { reason: reason() },
            Action::Reopen { reason: reason() },
            rate(),
        ] {
            let done = house.act(&house.roads_officer, id, action).await;
            assert!(matches!(done, Err(Error::Refused(Refusal::Forbidden))), "{done:?}");
        }
        let mut officer = desk.browser(&house.roads_officer).await;
        let page = officer.get(&format!("/meja/{code}")).await.body;
        for step in ["confirm", "withdraw", "reopen", "rate"] {
            assert!(!page.contains(&format!("langkah={step}")), "{step} is offered");
            let got = officer.step(&code, &[("step", step), ("rating", "5")]).await;
            assert_ne!(got.status, StatusCode::SEE_OTHER, "{step}");
        }
        // Nobody of the staff says what the reporter thinks of us.
        for access in [&house.agent, &house.supervisor, &Access::system(house.agency)] {
            let done = house.act(access, id, rate()).await;
            assert!(matches!(done, Err(Error::Refused(Refusal::Forbidden))), "{done:?}");
        }
        let access = house.agent.clone();
        let case = kit.db.read(move |tx| actions::load(tx, &access, id)).await.expect("there");
        assert_eq!((case.status, case.rating), (Status::Answered, None));
        let offered = rules::possible(&case, &house.agent);
        assert!(offered.contains(&"confirm") && !offered.contains(&"rate"), "{offered:?}");

        // Who takes a call for the whole agency does, and the log tells for whom.
        let mut agent = desk.browser(&house.agent).await;
        let got = agent.step(&code, &[("step", "confirm")]).await;
        assert_eq!(got.status, StatusCode::SEE_OTHER, "{}", got.body);
        house.act(&house.citizen(), id, rate()).await.expect("rated");
        let told = kit.db.read(move |tx| {
            let text = "select kind, actor, on_behalf_of from events
                where subject_id = $1 and kind in ('case.confirmed', 'case.rated') order by id";
            let read = |row: &mut tanggap_store::Row<'_>| {
                Ok((row.text()?, row.text()?, row.opt_text()?))
            };
            Ok(tx.ad_hoc(text, params![id], read)?)
        }).await.expect("read");
        let agent = house.agent.actor.to_string();
        assert_eq!(told, [
            ("case.confirmed".to_owned(), agent, Some("citizen".to_owned())),
            ("case.rated".to_owned(), "citizen".to_owned(), None),
        ]);
    }

    async fn a_program_speaks_for_citizens_but_does_not_rate(kit) {
        let house = House::build(&kit.db).await;
        let api = Api::of(&kit, house.agency).await;
        let (_, code) = answered(&house).await;
        let rate = json!({ "action": "rate", "rating": 5 });
        assert_eq!(api.transition(&code, rate).await.problem(422), ["action"]);
        let read = api.get(&format!("/api/v1/cases/{code}")).await.ok(200);
        let offered = read.body["actions"].as_array().expect("actions").clone();
        assert!(offered.contains(&json!("confirm")) && !offered.contains(&json!("rate")));
        let reader = api.with(house.agency, &[TokenScope::CasesRead]).await;
        reader.transition(&code, json!({ "action": "confirm" })).await.problem(403);
        let closed = api.transition(&code, json!({ "action": "confirm" })).await.ok(200);
        assert_eq!(closed.body["status"], "closed");
    }

    async fn the_words_of_an_anonymous_reporter_do_not_tell_the_unit_who_they_are(kit) {
        let desk = Desk::open(&kit).await;
        let house = &desk.house;
        let opened = house.report(|report| {
            report.anonymous = true;
            report.description = "Lubang besar. Hubungi saya di 0812-3456-7890.".into();
            report.details.wish = "Kabari ke ana@contoh.id".into();
            report.reporter = Some(NewContact { name: "Ana".into(), ..NewContact::default() });
        }).await.case;
        let code = opened.code;
        house.act(&house.agent, opened.id, Action::Verify).await.expect("verified");
        house.act(&house.agent, opened.id, House::forward(house.roads)).await.expect("forwarded");
        let mut officer = desk.browser(&house.roads_officer).await;
        for path in ["", "/cetak", "/pihak-lain"] {
            let page = officer.get(&format!("/meja/{code}{path}")).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
            assert!(page.body.contains("Hubungi saya di ••••••"), "{path}: {}", page.body);
            assert!(!page.body.contains("3456") && !page.body.contains("ana@"), "{path}");
        }
        let mut agent = desk.browser(&house.agent).await;
        let page = agent.get(&format!("/meja/{code}")).await.body;
        assert!(page.contains("0812-3456-7890") && page.contains("ana@contoh.id"), "{page}");
    }

    async fn for_whom_a_proxy_reports_is_shown_with_the_reporter_only(kit) {
        let desk = Desk::open(&kit).await;
        let house = &desk.house;
        let code = desk.report(|report| {
            report.proxy_for = Some("Kartini Wulandari".into());
            report.reporter = Some(NewContact { name: "Ana".into(), ..NewContact::default() });
        }).await;
        let mut agent = desk.browser(&house.agent).await;
        let page = agent.get(&format!("/meja/{code}")).await.body;
        assert!(page.contains("K•••••• W••••••••") && !page.contains("Kartini"), "{page}");
        agent.post(&format!("/meja/{code}/identitas"), &[]).await;
        let seen = agent.get(&format!("/meja/{code}")).await.body;
        assert!(seen.contains("Kartini Wulandari"), "{seen}");
    }

    async fn a_case_is_given_only_to_those_who_may_see_it(kit) {
        let desk = Desk::open(&kit).await;
        let house = &desk.house;
        let case = house.report(|_| {}).await.case;
        let to = |access: &Access| Action::Assign { user: access.user() };
        let theirs = house.act(&house.agent, case.id, to(&house.roads_officer)).await;
        let Err(Error::Refused(Refusal::Invalid(wrong))) = theirs else { panic!("{theirs:?}") };
        assert_eq!((wrong[0].field.as_str(), wrong[0].message), ("user", "case-invalid-owner"));
        let mut agent = desk.browser(&house.agent).await;
        let offers = async |agent: &mut Browser, who: &Access| {
            let page = agent.get(&format!("/meja/{}?langkah=assign", case.code)).await.body;
            let id = who.user().expect("a person");
            page.contains(&format!("<option value=\"{id}\""))
        };
        assert!(offers(&mut agent, &house.supervisor).await);
        assert!(!offers(&mut agent, &house.roads_officer).await);
        house.act(&house.agent, case.id, to(&house.supervisor)).await.expect("given");
        house.act(&house.agent, case.id, Action::Verify).await.expect("verified");
        house.act(&house.agent, case.id, House::forward(house.roads)).await.expect("forwarded");
        assert!(offers(&mut agent, &house.roads_officer).await);
        house.act(&house.agent, case.id, to(&house.health_officer)).await.expect_err("not theirs");
        house.act(&house.roads_officer, case.id, to(&house.roads_officer)).await.expect("taken");
    }
}
