//! Streams of staff end when what they may see changes: who was moved, or is complained of, hears
//! nothing more by the rights of before, and not who looks at a case.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use futures_util::StreamExt as _;
use tanggap_cases::rules::Action;
use tanggap_kernel::{Access, Result};
use tanggap_org::actions::UserInput;
use tanggap_org::{self as org, Role, RoleGrant};
use tanggap_store::Tx;
use tanggap_testkit::engines;
use tower::ServiceExt as _;

use crate::desk::{Browser, Desk};
use crate::house::House;

/// What a browser heard until its stream ended, or until it was silent for a while.
struct Stream {
    events: axum::body::BodyDataStream,
    heard: String,
    ended: bool,
}

impl Stream {
    async fn open(desk: &Desk, browser: &Browser, topics: &str) -> Self {
        let request = Request::get(format!("/arus?topics={topics}"))
            .header(header::COOKIE, &browser.cookie)
            .body(Body::empty());
        let response = desk.app.clone().oneshot(request.expect("a request")).await;
        let events = response.expect("an answer").into_body().into_data_stream();
        let mut stream = Self { events, heard: String::new(), ended: false };
        stream.hear("event: hello").await;
        stream
    }

    /// Hears on until something is said.
    async fn hear(&mut self, wanted: &str) {
        let hear = async {
            while !self.heard.contains(wanted) {
                let chunk = self.events.next().await.expect("an open stream").expect("a chunk");
                self.heard.push_str(&String::from_utf8_lossy(&chunk));
            }
        };
        tokio::time::timeout(Duration::from_secs(20), hear).await.expect("what is wanted");
    }

    /// Hears what comes until it ends, or for so long.
    async fn rest(&mut self, within: Duration) -> &str {
        self.heard.clear();
        let hear = async {
            while let Some(chunk) = self.events.next().await {
                self.heard.push_str(&String::from_utf8_lossy(&chunk.expect("a chunk")));
            }
        };
        self.ended = tokio::time::timeout(within, hear).await.is_ok();
        &self.heard
    }
}

const LONG: Duration = Duration::from_secs(10);

async fn write<T: Send + 'static>(
    desk: &Desk,
    run: impl Fn(&mut Tx<'_>, &Access) -> Result<T> + Send + Sync + 'static,
) -> T {
    let system = Access::system(desk.house.agency);
    desk.ctx.db.write(move |tx| run(tx, &system)).await.expect("done")
}

fn moved(user: &org::User, unit: Option<tanggap_kernel::id::UnitId>) -> UserInput {
    UserInput {
        email: user.email.clone(),
        name: user.name.clone(),
        title: user.title.clone(),
        unit_id: unit,
        version: user.version,
    }
}

engines! {
    async fn who_was_moved_out_of_a_unit_hears_nothing_more_of_it(kit) {
        let desk = Desk::open(&kit).await;
        tanggap_desk::spawn_reactions(desk.ctx.clone());
        let house = &desk.house;
        let (roads, health) = (house.roads, house.health);
        let id = house.report(|_| {}).await.case.id;
        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        house.act(&house.agent, id, House::forward(roads)).await.expect("forwarded");
        let officer = desk.browser(&house.roads_officer).await;
        let other = desk.browser(&house.supervisor).await;
        let topics = format!("cases+unit+case:{id}");
        let mut theirs = Stream::open(&desk, &officer, &topics).await;
        let mut others = Stream::open(&desk, &other, &topics).await;
        house.act(&house.roads_officer, id, Action::Accept).await.expect("accepted");
        theirs.hear(&format!("laporan-{id}")).await;
        others.hear(&format!("laporan-{id}")).await;

        let user = house.roads_officer.user().expect("a person");
        write(&desk, move |tx, system| {
            let known = org::user(tx, system, user)?.expect("known");
            org::update_user(tx, system, user, &moved(&known, Some(health)))?;
            let roles = [RoleGrant { role: Role::UnitOfficer, unit_id: Some(health) }];
            org::set_roles(tx, system, user, &roles)
        }).await;
        theirs.rest(LONG).await;
        assert!(theirs.ended, "{}", theirs.heard);
        let reason = "Kami tinjau besok.".to_owned();
        house.act(&house.supervisor, id, Action::Escalate { reason }).await.expect("told");
        assert_eq!(theirs.rest(LONG).await, "");
        // Asked again, it is of what is theirs now.
        let mut again = Stream::open(&desk, &officer, &topics).await;
        let reason = "Sudah kami tinjau.".to_owned();
        house.act(&house.supervisor, id, Action::Escalate { reason }).await.expect("told");
        let heard = again.rest(Duration::from_secs(2)).await;
        assert!(!heard.contains(&format!("laporan-{id}")), "{heard}");
        others.rest(Duration::from_secs(1)).await;
        assert!(!others.ended && others.heard.contains(&format!("laporan-{id}")));
    }

    async fn a_stream_ends_with_its_unit_its_account_and_its_session(kit) {
        let desk = Desk::open(&kit).await;
        let house = &desk.house;
        let (roads, officer) = (house.roads, house.roads_officer.user().expect("a person"));
        let browser = desk.browser(&house.roads_officer).await;
        let untouched = desk.browser(&house.agent).await;
        let mut stream = Stream::open(&desk, &browser, "cases").await;
        let mut stays = Stream::open(&desk, &untouched, "cases").await;
        write(&desk, move |tx, system| {
            // Nothing of theirs: a unit elsewhere.
            let unit = org::UnitInput { code: "X".into(), name: "Bagian X".into(),
                agreed_days: 5, active: true, ..org::UnitInput::default() };
            org::create_unit(tx, system, &unit)
        }).await;
        stream.rest(Duration::from_millis(400)).await;
        assert!(!stream.ended, "another unit changes nothing for them");
        // A unit under theirs widens what they see.
        write(&desk, move |tx, system| {
            let unit = org::UnitInput { parent_id: Some(roads), code: "Y".into(),
                name: "Seksi Y".into(), agreed_days: 5, active: true,
                ..org::UnitInput::default() };
            org::create_unit(tx, system, &unit)
        }).await;
        stream.rest(LONG).await;
        assert!(stream.ended, "asked again with the wider rights");

        let mut stream = Stream::open(&desk, &browser, "cases").await;
        write(&desk, move |tx, system| org::deactivate_user(tx, system, officer)).await;
        stream.rest(LONG).await;
        assert!(stream.ended);
        stays.rest(Duration::from_millis(100)).await;
        assert!(!stays.ended, "nobody else's");
        let agent = house.agent.clone();
        let user = agent.user().expect("a person");
        write(&desk, move |tx, _| {
            tanggap_org::sessions::end_all(tx, &agent, user, None)
        }).await;
        stays.rest(LONG).await;
        assert!(stays.ended, "its session was ended");
    }

    async fn who_is_complained_of_hears_no_more_of_the_case_and_not_who_looks(kit) {
        let desk = Desk::open(&kit).await;
        tanggap_desk::spawn_reactions(desk.ctx.clone());
        let house = &desk.house;
        let case = house.report(|_| {}).await.case;
        let mut agent = desk.browser(&house.agent).await;
        let mut supervisor = desk.browser(&house.supervisor).await;
        let mut theirs = Stream::open(&desk, &agent, &format!("cases+case:{}", case.id)).await;
        let mut others = Stream::open(&desk, &supervisor, &format!("case:{}", case.id)).await;
        let hadir = format!("/meja/{}/hadir", case.code);
        for browser in [&mut agent, &mut supervisor] {
            browser.get(&format!("/meja/{}", case.code)).await;
            browser.post(&hadir, &[]).await;
        }
        theirs.hear(&format!("hadir-{}", case.id)).await;
        others.hear(&format!("hadir-{}", case.id)).await;
        let user = house.agent.user();
        let concern = Action::Concern { unit: None, user };
        house.act(&house.supervisor, case.id, concern).await.expect("noted");
        theirs.rest(LONG).await;
        assert!(theirs.ended, "{}", theirs.heard);
        let mut again = Stream::open(&desk, &agent, &format!("cases+case:{}", case.id)).await;
        supervisor.post(&hadir, &[]).await;
        kit.clock.set(kit.clock.now().plus(tanggap_kernel::Timestamp::MINUTE));
        supervisor.post(&hadir, &[]).await;
        house.act(&house.supervisor, case.id, Action::Verify).await.expect("verified");
        let heard = again.rest(Duration::from_secs(2)).await;
        assert!(!heard.contains(&case.id.to_string()), "{heard}");
        others.rest(Duration::from_millis(500)).await;
        assert!(!others.ended, "those who may see it listen on");
    }
}
