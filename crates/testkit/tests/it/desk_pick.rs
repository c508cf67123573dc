//! The language mark of a talk, what waits in one's queues taken by oneself, and days on which one
//! comes back: through the desk's routes and on both engines.

use axum::http::StatusCode;
use tanggap_cases::reminders::{self, About};
use tanggap_cases::talking::{self, Said};
use tanggap_conversations::{InteractionId, TalkState};
use tanggap_kernel::{Access, Error, Refusal, Result, Timestamp, params};
use tanggap_routing::settings::{self, QueueInput};
use tanggap_routing::{ItemId, ItemState, Kind, Presence, SkillId, SkillKind, actions, store};
use tanggap_store::jobs::Runner;
use tanggap_store::{Tx, sql};
use tanggap_testkit::engines;

use crate::desk_wrap_up::Scene;

sql! {
    RANG = @scan("a test's few rows") "select body from events where agency_id = $1
        and kind = 'reminder.rang' order by id";
}

impl Scene {
    async fn item_of(&self, talk: InteractionId) -> ItemId {
        let access = Access::system(self.desk.house.agency);
        let find = move |tx: &mut Tx<'_>| store::live(tx, &access, Kind::Talk, talk.0);
        self.desk.house.db.read(find).await.expect("read").expect("it waits")
    }

    /// What skills are asked for.
    async fn needs(&self, talk: InteractionId) -> Vec<SkillId> {
        let (item, access) = (self.item_of(talk).await, Access::system(self.desk.house.agency));
        let read = move |tx: &mut Tx<'_>| Ok(store::item(tx, &access, item)?.needs);
        let needs = self.desk.house.db.read(read).await.expect("read");
        needs.into_iter().map(|need| need.skill).collect()
    }

    /// Whether the queue's people may choose.
    async fn allow(&self, may_pick: bool) {
        let system = Access::system(self.desk.house.agency);
        let set = move |tx: &mut Tx<'_>| {
            let queue = store::queues(tx, &system)?[0].clone();
            let input = QueueInput { may_pick, ..settings::input_of(&queue) };
            settings::update_queue(tx, &system, queue.id, queue.version, &input)
        };
        self.write(set).await.expect("set");
    }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

engines! {
    async fn a_language_is_recognised_marked_and_asked_for(kit) {
        let scene = Scene::open(&kit).await;
        let system = Access::system(scene.desk.house.agency);
        let javanese = scene.write(move |tx| {
            settings::create_skill(tx, &system, SkillKind::Language, "jv", "Bahasa Jawa")
        }).await.expect("a skill");
        let spoken = scene.hear("628111", "Kulo badhe tanglet, KTP kulo sampun dados nopo dereng?").await;
        let talk = scene.talk(spoken).await;
        assert_eq!((talk.language.as_deref(), talk.language_guessed), (Some("jv"), true));
        assert_eq!(scene.needs(spoken).await, [javanese]);
        let short = scene.hear("628112", "KTP?").await;
        assert_eq!(scene.talk(short).await.language, None, "a word tells nothing");
        let mut browser = scene.desk.browser(&scene.desk.house.agent).await;
        let shown = browser.get(&format!("/percakapan/{spoken}")).await.body;
        assert!(shown.contains("Bahasa Jawa") && shown.contains("Dikenali dari kata-katanya"));
        let list = browser.get("/percakapan").await.body;
        assert!(list.contains("title=\"Bahasa Jawa\">JV</abbr>"), "{list}");
        // One click puts it right; where it waits, something else is asked for.
        let step = format!("/percakapan/{spoken}/langkah");
        browser.post(&step, &[("step", "speak"), ("language", "id")]).await;
        let talk = scene.talk(spoken).await;
        assert_eq!((talk.language.as_deref(), talk.language_guessed), (Some("id"), false));
        assert!(scene.needs(spoken).await.is_empty());
        let step = format!("/percakapan/{short}/langkah");
        browser.post(&step, &[("step", "speak"), ("language", "jv")]).await;
        assert_eq!(scene.needs(short).await, [javanese]);
        let unknown = browser.post(&step, &[("step", "speak"), ("language", "xx")]).await;
        assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
        browser.post(&step, &[("step", "speak"), ("language", "")]).await;
        assert_eq!(scene.talk(short).await.language, None);
        assert!(scene.needs(short).await.is_empty());
    }

    async fn what_waits_is_listed_in_its_order_and_taken_where_the_queue_allows(kit) {
        let scene = Scene::open(&kit).await;
        let agent = scene.desk.house.agent.clone();
        let first = scene.hear("628111", "Pertama di antrean").await;
        kit.clock.set(kit.clock.now().plus(Timestamp::MINUTE));
        let second = scene.hear("628112", "Kedua di antrean").await;
        let mut browser = scene.desk.browser(&agent).await;
        let page = browser.get("/antrean/ambil").await;
        assert_eq!(page.status, StatusCode::OK);
        let at = |text: &str| page.body.find(text).expect(text);
        assert!(at("Pertama di antrean") < at("Kedua di antrean"), "the fair order");
        let item = scene.item_of(second).await;
        let taken = browser.post(&format!("/tugas/{item}/ambil"), &[]).await;
        assert_eq!(taken.location, format!("/percakapan/{second}"));
        assert_eq!(scene.room(&agent).await, (30, 1, Presence::Busy));
        assert_eq!(scene.talk(second).await.owner_id, agent.user());
        // Who is slower is told, and the list is as it is now.
        let mut other = scene.desk.browser(&scene.colleague).await;
        other.get("/antrean/ambil").await;
        let late = other.post(&format!("/tugas/{item}/ambil"), &[]).await;
        assert_eq!((late.status, late.location.as_str()), (StatusCode::SEE_OTHER, "/antrean/ambil"));
        assert_eq!(scene.talk(second).await.owner_id, agent.user());
        // From the list nobody takes more than fits.
        for thread in ["628113", "628114", "628115"] {
            let id = scene.hear(thread, "Halo").await;
            let item = scene.item_of(id).await;
            browser.post(&format!("/tugas/{item}/ambil"), &[]).await;
        }
        assert_eq!(scene.room(&agent).await.0, 90);
        let (by, item) = (agent.clone(), scene.item_of(first).await);
        let full = scene.write(move |tx| actions::pick(tx, &by, item).map(drop)).await;
        assert_eq!(refused(full), Refusal::Illegal("routing-no-room"));
    }

    async fn a_queue_that_gives_out_its_work_lets_nobody_but_a_supervisor_choose(kit) {
        let scene = Scene::open(&kit).await;
        scene.allow(false).await;
        let agent = scene.desk.house.agent.clone();
        let id = scene.hear("628111", "Halo").await;
        let mut browser = scene.desk.browser(&agent).await;
        let page = browser.get("/antrean/ambil").await.body;
        assert!(page.contains("Tidak ada antrean untuk dipilih"), "{page}");
        let (item, by) = (scene.item_of(id).await, agent.clone());
        let picked = scene.write(move |tx| actions::pick(tx, &by, item).map(drop)).await;
        assert_eq!(refused(picked), actions::NO_PICK);
        // Nor by the talk's own page: neither by its button nor by answering.
        let page = browser.get(&format!("/percakapan/{id}")).await.body;
        assert!(!page.contains("value=\"take\"") && !page.contains("id=\"langkah\""), "{page}");
        let step = format!("/percakapan/{id}/langkah");
        assert_eq!(browser.post(&step, &[("step", "take")]).await.status, StatusCode::CONFLICT);
        let by = agent.clone();
        let said = scene.write(move |tx| {
            talking::answer(tx, &by, id, &Said { text: "Baik", ..Said::default() }).map(drop)
        }).await;
        assert_eq!(refused(said), actions::NO_PICK);
        assert_eq!(scene.item(id).await, Some(ItemState::Waiting));
        // Somebody who does not serve the queue sees none of it; a supervisor takes it.
        let lead = scene.desk.house.supervisor.clone();
        scene.write(move |tx| actions::pick(tx, &lead, item).map(drop)).await.expect("taken");
    }

    async fn one_comes_back_on_the_day_that_one_chose(kit) {
        let scene = Scene::open(&kit).await;
        let agent = scene.desk.house.agent.clone();
        let id = scene.hear("628111", "Halo").await;
        let mut browser = scene.desk.browser(&agent).await;
        browser.get(&format!("/percakapan/{id}")).await;
        let step = format!("/percakapan/{id}/langkah");
        browser.post(&step, &[("step", "take")]).await;
        browser.post(&step, &[("step", "snooze"), ("until", "3h")]).await;
        let path = format!("/tindak-lanjut/percakapan/{id}");
        let zone = tanggap_calendar::Zone::Wib;
        let day = |days: i64| {
            zone.local_date(kit.clock.now().plus(days * Timestamp::DAY).as_micros()).to_string()
        };
        for wrong in ["", "besok", &day(0), &day(400)] {
            let got = browser.post(&path, &[("day", wrong), ("note", "x")]).await;
            assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        }
        let (one, two) = (day(1), day(2));
        let set = browser.post(&path, &[("day", &two), ("note", "Tanya hasil loket")]).await;
        assert_eq!(set.location, format!("/percakapan/{id}"));
        // Changed: there is one of it.
        browser.post(&path, &[("day", &one), ("note", "Tanya hasil loket 3")]).await;
        let list = browser.get("/tindak-lanjut").await.body;
        assert_eq!(list.matches("Tanya hasil loket").count(), 1, "{list}");
        assert!(list.contains("Yang akan datang"));
        // Nobody else's.
        let mut other = scene.desk.browser(&scene.colleague).await;
        assert!(!other.get("/tindak-lanjut").await.body.contains("Tanya hasil"));
        assert!(!other.get(&format!("/percakapan/{id}")).await.body.contains("Tanya hasil"));
        let runner = || tanggap_cases::jobs::register(Runner::new(scene.desk.house.db.clone()));
        while runner().run_due().await.expect("run") > 0 {}
        assert_eq!(scene.talk(id).await.state, TalkState::Snoozed, "not before its day");
        // The next morning; meanwhile their browser gives a sign.
        for hours in [8, 8, 7] {
            kit.clock.set(kit.clock.now().plus(hours * Timestamp::HOUR));
            browser.get("/kehadiran").await;
        }
        while runner().run_due().await.expect("run") > 0 {}
        assert_eq!(scene.talk(id).await.state, TalkState::Open, "back on the list");
        let agency = scene.desk.house.agency;
        let rang = scene.desk.house.db.read(move |tx| {
            Ok(tx.all(&RANG, params![agency], |row| row.text())?)
        }).await.expect("read");
        assert_eq!(rang.len(), 1);
        assert!(!rang[0].contains("loket"), "what the note says is in no event");
        let list = browser.get("/tindak-lanjut").await.body;
        assert!(list.contains("Waktunya tiba") && !list.contains("Yang akan datang"));
        assert!(browser.get("/kehadiran").await.body.contains("Tindak lanjut hari ini: 1"));
        let done = browser.post(&path, &[("step", "clear"), ("back", "list")]).await;
        assert_eq!(done.location, "/tindak-lanjut");
        assert!(!browser.get("/tindak-lanjut").await.body.contains("Tanya hasil"));
        assert_eq!(browser.post(&path, &[("step", "clear")]).await.status, StatusCode::NOT_FOUND);
    }

    async fn a_case_is_come_back_to_only_by_those_who_may_see_it(kit) {
        let scene = Scene::open(&kit).await;
        let agent = scene.desk.house.agent.clone();
        let about = scene.desk.house.agent.user();
        let case = scene.desk.house.report(|_| {}).await.case;
        let hidden = scene.desk.house.report(|report| report.reported_user = about).await.case;
        let mut browser = scene.desk.browser(&agent).await;
        let shown = browser.get(&format!("/meja/{}", case.code)).await.body;
        let path = format!("/tindak-lanjut/laporan/{}", case.id);
        assert!(shown.contains(&path), "{shown}");
        let day = tanggap_calendar::Zone::Wib
            .local_date(kit.clock.now().plus(3 * Timestamp::DAY).as_micros()).to_string();
        let set = browser.post(&path, &[("day", &day), ("note", "Cek lapangan")]).await;
        assert_eq!(set.location, format!("/meja/{}", case.code));
        assert!(browser.get(&format!("/meja/{}", case.code)).await.body.contains("Cek lapangan"));
        let path = format!("/tindak-lanjut/laporan/{}", hidden.id);
        let set = browser.post(&path, &[("day", &day), ("note", "Cek")]).await;
        assert_eq!(set.status, StatusCode::NOT_FOUND);
        let by = agent.clone();
        let none = scene.desk.house.db.read(move |tx| {
            Ok(reminders::open(tx, &by, About::Case(hidden.id))?)
        }).await;
        assert_eq!(none.expect("read"), None);
    }
}
