//! The live board and screens on walls: a snapshot, numbered differences, beats; links that show
//! figures and nothing else. On both engines.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, Request, StatusCode, header};
use futures_util::StreamExt as _;
use serde_json::Value;
use tanggap_kernel::{Access, Timestamp};
use tanggap_routing::settings::{self, QueueInput};
use tanggap_routing::{Presence, QueueId, actions, store};
use tanggap_testkit::engines;
use tower::ServiceExt as _;

use crate::desk::{Browser, Desk};

/// What a board hears.
struct Ear {
    stream: BodyDataStream,
    kept: String,
}

impl Ear {
    async fn at(desk: &Desk, path: &str, cookie: &str) -> Self {
        let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty());
        let response = desk.app.clone().oneshot(request.expect("a request")).await;
        let response = response.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        Self { stream: response.into_body().into_data_stream(), kept: String::new() }
    }

    /// The next word; `None` where the stream ended.
    async fn next(&mut self) -> Option<Value> {
        let hear = async {
            loop {
                if let Some((event, rest)) = self.kept.split_once("\n\n") {
                    let (event, rest) = (event.to_owned(), rest.to_owned());
                    self.kept = rest;
                    if event.contains("event: hello") || !event.contains("data: ") {
                        continue;
                    }
                    let data = event.split("data: ").nth(1).expect("data");
                    return Some(serde_json::from_str(data).expect("json"));
                }
                let chunk = self.stream.next().await?.expect("a chunk");
                self.kept.push_str(&String::from_utf8_lossy(&chunk));
            }
        };
        tokio::time::timeout(Duration::from_secs(20), hear).await.expect("a word in time")
    }

    /// The next difference that is no beat.
    async fn difference(&mut self) -> Value {
        loop {
            let word = self.next().await.expect("an open stream");
            if word.get("rows").is_some() {
                return word;
            }
        }
    }
}

async fn be(desk: &Desk, access: &Access, presence: Presence) {
    let access = access.clone();
    let run = move |tx: &mut tanggap_store::Tx<'_>| actions::choose(tx, &access, presence);
    desk.house.db.write(run).await.expect("chosen");
}

async fn queue(desk: &Desk, name: &'static str) -> QueueId {
    let access = Access::system(desk.house.agency);
    let run = move |tx: &mut tanggap_store::Tx<'_>| {
        settings::create_queue(tx, &access, &QueueInput::live(name))
    };
    desk.house.db.write(run).await.expect("a queue")
}

/// Opens a link as a screen does; its cookie.
async fn open(desk: &Desk, path: &str) -> (StatusCode, HeaderMap) {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let response = desk.app.clone().oneshot(request).await.expect("an answer");
    (response.status(), response.headers().clone())
}

async fn made(browser: &mut Browser, days: &str) -> String {
    let fields = [("name", "Lobi"), ("theme", "dark"), ("days", days)];
    let page = browser.post("/antrean/papan", &fields).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let link = page.body.split("/papan/buka/").nth(1).expect("a link");
    format!("/papan/buka/{}", link.split('"').next().expect("its end"))
}

fn cookie_of(headers: &HeaderMap) -> String {
    let cookie = headers.get(header::SET_COOKIE).expect("a cookie").to_str().expect("text");
    assert!(cookie.contains("HttpOnly") && cookie.contains("Path=/papan"), "{cookie}");
    cookie.split(';').next().expect("its pair").to_owned()
}

engines! {
    async fn a_board_hears_a_snapshot_and_then_numbered_differences(kit) {
        let desk = Desk::open(&kit).await;
        queue(&desk, "Obrolan").await;
        let supervisor = desk.browser(&desk.house.supervisor).await;
        let mut ear = Ear::at(&desk, "/antrean/alir", &supervisor.cookie).await;
        let snapshot = ear.difference().await;
        assert!(snapshot["prev"].is_null(), "{snapshot}");
        assert!(snapshot.to_string().contains("Obrolan"));
        be(&desk, &desk.house.agent, Presence::Ready).await;
        let first = ear.difference().await;
        assert_eq!(first["prev"], snapshot["n"], "joins on");
        let rows = first["rows"].as_array().expect("rows");
        let named = |list: &str| rows.iter().filter(|row| row["list"] == list).count();
        assert_eq!((named("petugas"), named("antrean"), named("ringkasan")), (1, 0, 1), "{first}");
        // Who comes later hears everything at the same number, and then the same words.
        let mut late = Ear::at(&desk, "/antrean/alir", &supervisor.cookie).await;
        let whole = late.difference().await;
        assert!(whole["prev"].is_null());
        assert_eq!(whole["n"], first["n"]);
        be(&desk, &desk.house.agent, Presence::Offline).await;
        for ear in [&mut ear, &mut late] {
            let gone = ear.difference().await;
            assert_eq!(gone["prev"], first["n"]);
            assert_eq!(gone["gone"].as_array().map(Vec::len), Some(1), "{gone}");
        }
        // A beat names the number of the last difference.
        let beat = ear.next().await.expect("a beat");
        assert!(beat.get("rows").is_none(), "{beat}");
        assert_eq!(beat["n"].as_u64(), first["n"].as_u64().map(|n| n + 1));
    }

    async fn nobody_else_hears_the_board(kit) {
        let desk = Desk::open(&kit).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        assert_eq!(agent.get("/antrean/alir").await.status, StatusCode::FORBIDDEN);
        assert_eq!(agent.get("/antrean/papan").await.status, StatusCode::FORBIDDEN);
        agent.get("/kehadiran").await;
        let fields = [("name", "Lobi"), ("theme", "dark"), ("days", "30")];
        let refused = agent.post("/antrean/papan", &fields).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let user = desk.house.agent.user().expect("a person");
        let refused = agent.post(&format!("/antrean/petugas/{user}/antrean"), &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        for path in ["/papan", "/papan/alir", "/papan/buka/abc"] {
            assert_eq!(open(&desk, path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }

    async fn a_screen_shows_figures_and_no_names_until_its_link_is_revoked(kit) {
        let desk = Desk::open(&kit).await;
        queue(&desk, "Obrolan").await;
        be(&desk, &desk.house.agent, Presence::Ready).await;
        let mut supervisor = desk.browser(&desk.house.supervisor).await;
        supervisor.get("/antrean/papan").await;
        let link = made(&mut supervisor, "30").await;
        let again = supervisor.get("/antrean/papan").await;
        let secret = link.rsplit('/').next().expect("a secret");
        assert!(again.body.contains("Lobi") && !again.body.contains(secret), "shown once");
        let (status, headers) = open(&desk, &link).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let cookie = cookie_of(&headers);
        let mut screen =
            Browser { app: desk.app.clone(), cookie: cookie.clone(), csrf: String::new() };
        let page = screen.get("/papan").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("Obrolan") && page.body.contains("data-theme=\"dark\""));
        let mut ear = Ear::at(&desk, "/papan/alir", &cookie).await;
        let whole = ear.difference().await.to_string();
        assert!(whole.contains("Obrolan"), "{whole}");
        for told in [&page.body, &whole] {
            assert!(!told.contains("agen") && !told.contains("petugas-"), "{told}");
        }
        // The cookie of a screen opens nothing else.
        assert_ne!(screen.get("/antrean").await.status, StatusCode::OK);
        assert_ne!(screen.get("/antrean/alir").await.status, StatusCode::OK);
        let id = again.body.split("name=\"id\" value=\"").nth(1).expect("an id");
        let id = id.split('"').next().expect("its end");
        let revoked = supervisor.post("/antrean/papan", &[("action", "revoke"), ("id", id)]).await;
        assert_eq!(revoked.status, StatusCode::SEE_OTHER);
        while ear.next().await.is_some() {}
        assert_eq!(screen.get("/papan").await.status, StatusCode::NOT_FOUND);
        assert_eq!(screen.get("/papan/alir").await.status, StatusCode::NOT_FOUND);
        assert_eq!(open(&desk, &link).await.0, StatusCode::NOT_FOUND);
    }

    async fn a_link_ends_by_itself_and_lasts_no_longer_than_a_year(kit) {
        let desk = Desk::open(&kit).await;
        let mut supervisor = desk.browser(&desk.house.supervisor).await;
        supervisor.get("/antrean/papan").await;
        let fields = [("name", "Lobi"), ("theme", "dark"), ("days", "4000")];
        let refused = supervisor.post("/antrean/papan", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let link = made(&mut supervisor, "30").await;
        kit.clock.set(kit.clock.now().plus(30 * Timestamp::DAY - Timestamp::SECOND));
        assert_eq!(open(&desk, &link).await.0, StatusCode::SEE_OTHER);
        kit.clock.set(kit.clock.now().plus(2 * Timestamp::SECOND));
        assert_eq!(open(&desk, &link).await.0, StatusCode::NOT_FOUND);
    }

    async fn somebody_is_moved_from_the_board_and_keeps_what_they_can_do(kit) {
        let desk = Desk::open(&kit).await;
        let (one, two) = (queue(&desk, "Obrolan").await, queue(&desk, "Surel").await);
        let (access, user) = (desk.house.supervisor.clone(), desk.house.agent.user());
        let user = user.expect("a person");
        let (lead, set) = (access.clone(), settings::AgentInput {
            queues: vec![one], skills: vec![], capacity: 130,
        });
        desk.house.db.write(move |tx| settings::set_agent(tx, &lead, user, &set)).await.expect("set");
        be(&desk, &desk.house.agent, Presence::Ready).await;
        let mut supervisor = desk.browser(&access).await;
        let page = supervisor.get("/antrean").await;
        assert!(page.body.contains("Surel") && page.body.contains("name=\"csrf\" value=\""));
        assert!(!page.body.contains("name=\"csrf\" value=\"\""), "forms work without scripts");
        let two_text = two.to_string();
        let path = format!("/antrean/petugas/{user}/antrean");
        let moved = supervisor.post(&path, &[("queues", &two_text)]).await;
        assert_eq!((moved.status, moved.location.as_str()), (StatusCode::SEE_OTHER, "/antrean"));
        let agent = desk.house.db.read(move |tx| store::agent(tx, &access, user)).await;
        let agent = agent.expect("read").expect("an agent");
        assert_eq!((agent.queues, agent.capacity), (vec![two], 130));
    }
}
