//! Quick answers through the desk's routes, on both engines: kept, refused, put into composers,
//! filled in from what the writer may see.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::Value;
use tanggap_conversations::quick::{self, QuickInput};
use tanggap_kernel::Access;
use tanggap_testkit::engines;

use crate::desk::{Browser, Desk};

const HOME: &str = "/pengaturan/jawaban-cepat";

async fn add(desk: &Desk, access: &Access, shared: bool, shortcut: &str, body: &str) -> String {
    let input = QuickInput {
        shared,
        shortcut: shortcut.to_owned(),
        title: format!("Judul {shortcut}"),
        body: body.to_owned(),
    };
    let access = access.clone();
    let made = desk.house.db.write(move |tx| quick::create(tx, &access, &input)).await;
    made.expect("kept").to_string()
}

async fn json(browser: &mut Browser, request: axum::http::request::Builder, body: String) -> Value {
    let request = request
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, &browser.cookie)
        .body(Body::from(body));
    let got = browser.send(request.expect("a request")).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.body);
    serde_json::from_str(&got.body).expect("json")
}

engines! {
    async fn a_mistyped_variable_is_refused_with_those_that_exist(kit) {
        let desk = Desk::open(&kit).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        agent.get(HOME).await;
        let fields = |body| [
            ("milik", "saya"), ("title", "Salam"), ("shortcut", "salam"), ("body", body),
        ];
        let wrong = agent.post(&format!("{HOME}/baru"), &fields("Yth. {{nmaa}},")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("nmaa") && wrong.body.contains("{{tenggat}}"), "{}", wrong.body);
        let right = agent.post(&format!("{HOME}/baru"), &fields("Yth. {{nama}},")).await;
        assert_eq!((right.status, right.location.as_str()), (StatusCode::SEE_OTHER, HOME));
        let twice = agent.post(&format!("{HOME}/baru"), &fields("Lain")).await;
        assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "the shortcut is taken");
    }

    async fn ones_own_are_nobody_elses_and_the_agencys_are_for_who_sets_it_up(kit) {
        let desk = Desk::open(&kit).await;
        let own = add(&desk, &desk.house.agent, false, "saya", "Milik saya").await;
        let shared = add(&desk, &Access::system(desk.house.agency), true, "umum", "Umum").await;
        let mut other = desk.browser(&desk.house.supervisor).await;
        let list = other.get(HOME).await.body;
        assert!(list.contains("Judul umum") && !list.contains("Judul saya"), "{list}");
        assert_eq!(other.get(&format!("{HOME}/{own}")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(other.post(&format!("{HOME}/{own}/hapus"), &[]).await.status, StatusCode::NOT_FOUND);
        let mut agent = desk.browser(&desk.house.agent).await;
        assert_eq!(agent.get(&format!("{HOME}/{shared}")).await.status, StatusCode::FORBIDDEN);
        let new = agent.get(&format!("{HOME}/baru?milik=instansi")).await.status;
        assert_eq!(new, StatusCode::FORBIDDEN);
        let mut inspector = desk.browser(&desk.house.inspector).await;
        assert_eq!(inspector.get(HOME).await.status, StatusCode::FORBIDDEN);
    }

    async fn what_is_put_in_is_filled_from_what_the_writer_may_see(kit) {
        let desk = Desk::open(&kit).await;
        let named = |report: &mut tanggap_cases::report::Report| {
            report.reporter = Some(tanggap_contacts::NewContact {
                name: "Siti Aminah".into(),
                email: Some("siti@contoh.test".into()),
                ..Default::default()
            });
        };
        let code = desk.report(named).await;
        let hidden = desk.report(|report| { named(report); report.anonymous = true; }).await;
        let body = "Yth. {{nama}}, laporan {{kode}} dijawab paling lambat {{tenggat}}.";
        let shared = Access::system(desk.house.agency);
        let id = add(&desk, &shared, true, "tenggat", body).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        agent.get(&format!("/meja/{code}?langkah=reply")).await;
        let url = format!("/jawaban-cepat?laporan={code}&langkah=reply&q=TENGGAT");
        let found = json(&mut agent, Request::get(url), String::new()).await;
        assert_eq!(found[0]["shortcut"], "tenggat");
        let put = |code: &str, csrf: &str| {
            format!("csrf={csrf}&id={id}&laporan={code}&langkah=reply")
        };
        let csrf = agent.csrf.clone();
        let filled = json(&mut agent, Request::post("/jawaban-cepat"), put(&code, &csrf)).await;
        let text = filled["text"].as_str().expect("text").to_owned();
        assert!(text.contains("Siti Aminah") && text.contains(&code), "{text}");
        assert!(!text.contains("{{"), "{text}");
        let filled = json(&mut agent, Request::post("/jawaban-cepat"), put(&hidden, &csrf)).await;
        let text = filled["text"].as_str().expect("text");
        assert!(text.contains("Bapak/Ibu") && !text.contains("Siti"), "{text}");
        // Who reported was looked at: that is an event of the case, as any look is.
        let page = agent.get(&format!("/meja/{code}")).await.body;
        assert!(page.contains("melihat identitas pelapor"), "{page}");
        // Without a script it is found in the draft, where it was going to be written.
        let fields = [("id", &*id), ("laporan", &*code), ("langkah", "reply")];
        let done = agent.post("/jawaban-cepat", &fields).await;
        assert_eq!(done.location, format!("/meja/{code}?langkah=reply"));
        assert!(agent.get(&done.location).await.body.contains("dijawab paling lambat"));
    }

    async fn a_text_with_a_variable_left_is_not_sent(kit) {
        let desk = Desk::open(&kit).await;
        let code = desk.report(|_| {}).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        let sent = agent.step(&code, &[("step", "reply"), ("text", "Sampai {{tenggat}}.")]).await;
        assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(sent.body.contains("Isi dulu bagian"), "{}", sent.body);
    }
}
