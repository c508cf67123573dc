//! Ending a talk, noting its outcome, and taking talks by hand, through the desk's routes and on
//! both engines: what counts as room, who is told, and what presence follows from it.

use axum::http::StatusCode;
use tanggap_cases::talking::{self, Heard};
use tanggap_cases::wrap_up;
use tanggap_conversations::accounts::{self, AccountInput};
use tanggap_conversations::{InteractionId, Talk, TalkState, talks};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Error, Locale, Permission, Refusal, Result, Timestamp, params};
use tanggap_org::{self as org, NewUser, Role, RoleGrant};
use tanggap_routing::settings::{self, AgentInput, QueueInput};
use tanggap_routing::store::Interval;
use tanggap_routing::{Agent, ItemState, Kind, Presence, actions, store};
use tanggap_store::jobs::Runner;
use tanggap_store::{Tx, sql};
use tanggap_testkit::{TestDb, engines};

use crate::desk::Desk;

sql! {
    TOLD = @scan("a test's few rows") "select kind, body from events where agency_id = $1
        and kind in ('talk.taken_over', 'talk.wrapped_up') order by id";
}

pub(crate) struct Scene {
    pub desk: Desk,
    pub colleague: Access,
}

impl Scene {
    /// A queue that the agent and a colleague serve, and who is ready.
    pub async fn open(kit: &TestDb) -> Self {
        let desk = Desk::open(kit).await;
        let (system, agent) = (Access::system(desk.house.agency), desk.house.agent.clone());
        let colleague = desk.house.db.write(move |tx| {
            let input = NewUser {
                email: "rekan@uji.example".into(),
                name: "Rina".into(),
                title: "Petugas".into(),
                unit_id: None,
                password_hash: "!".into(),
                is_temporary: false,
                locale: Locale::Id,
                roles: vec![RoleGrant { role: Role::Agent, unit_id: None }],
            };
            let id = org::create_user(tx, &system, &input)?;
            let user = org::user(tx, &system, id)?.expect("just made");
            let colleague = org::access_of(tx, system.agency_id, &user)?;
            let queue = settings::create_queue(tx, &system, &QueueInput::live("Obrolan"))?;
            for who in [&agent, &colleague] {
                let input = AgentInput { queues: vec![queue], skills: vec![], capacity: 100 };
                settings::set_agent(tx, &system, who.user().expect("a person"), &input)?;
                actions::choose(tx, who, Presence::Ready)?;
            }
            let account = AccountInput {
                channel: "whatsapp",
                name: "WhatsApp".into(),
                address: "15550001".into(),
                settings: "{}".into(),
                active: true,
                ..AccountInput::default()
            };
            accounts::create(tx, &system, &account)?;
            Ok(colleague)
        });
        Self { colleague: colleague.await.expect("a scene"), desk }
    }

    pub async fn hear(&self, thread: &'static str, text: &'static str) -> InteractionId {
        let system = Access::system(self.desk.house.agency);
        let heard = move |tx: &mut Tx<'_>| {
            let account = accounts::all(tx, &system)?.first().map(|account| account.id);
            let heard = Heard {
                account,
                channel: "whatsapp",
                thread,
                from: None,
                subject: "",
                text,
                files: &[],
                external_id: thread,
                raw: None,
                at: tx.now(),
                order: None,
                window_until: Some(tx.now().plus(Timestamp::DAY)),
            };
            Ok(talking::hear(tx, &system, &heard)?.expect("new").talk.id)
        };
        self.desk.house.db.write(heard).await.expect("heard")
    }

    /// Load, number of things and presence of somebody.
    pub async fn room(&self, who: &Access) -> (i64, i64, Presence) {
        let (access, user) = (who.clone(), who.user().expect("a person"));
        let read = move |tx: &mut Tx<'_>| store::agent(tx, &access, user);
        let agent: Agent = self.desk.house.db.read(read).await.expect("read").expect("an agent");
        (agent.load, agent.held, agent.presence)
    }

    pub async fn item(&self, talk: InteractionId) -> Option<ItemState> {
        let access = Access::system(self.desk.house.agency);
        let read = move |tx: &mut Tx<'_>| match store::live(tx, &access, Kind::Talk, talk.0)? {
            Some(item) => Ok(Some(store::item(tx, &access, item)?.state)),
            None => Ok(None),
        };
        self.desk.house.db.read(read).await.expect("read")
    }

    pub async fn talk(&self, id: InteractionId) -> Talk {
        let access = self.desk.house.agent.clone();
        self.desk.house.db.read(move |tx| talks::get(tx, &access, id)).await.expect("a talk")
    }

    async fn intervals(&self, user: UserId) -> Vec<Interval> {
        let access = Access::system(self.desk.house.agency);
        let from = Timestamp::default();
        let read = move |tx: &mut Tx<'_>| store::intervals(tx, &access, user, from);
        self.desk.house.db.read(read).await.expect("read")
    }

    async fn told(&self) -> Vec<(String, String)> {
        let agency = self.desk.house.agency;
        let read = move |tx: &mut Tx<'_>| {
            Ok(tx.all(&TOLD, params![agency], |row| Ok((row.text()?, row.text()?)))?)
        };
        self.desk.house.db.read(read).await.expect("events")
    }

    pub async fn write<T: Send + 'static>(
        &self,
        run: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.desk.house.db.write(run).await
    }

    async fn require(&self) {
        let system = Access::system(self.desk.house.agency);
        self.write(move |tx| wrap_up::require(tx, &system, true)).await.expect("required");
    }
}

const CALM: (i64, i64, Presence) = (0, 0, Presence::Ready);

engines! {
    async fn the_outcome_is_noted_after_the_end_and_presence_follows_it_exactly(kit) {
        let scene = Scene::open(&kit).await;
        let (agent, user) = (&scene.desk.house.agent, scene.desk.house.agent.user().expect("one"));
        let id = scene.hear("628111", "Halo, layanan umum buka jam berapa?").await;
        let mut browser = scene.desk.browser(agent).await;
        let (page, step) = (format!("/percakapan/{id}"), format!("/percakapan/{id}/langkah"));
        browser.get(&page).await;
        browser.post(&step, &[("step", "take")]).await;
        assert_eq!(scene.room(agent).await, (30, 1, Presence::Busy));
        let early = [("step", "note"), ("topic", "umum"), ("reason", "BELUM_TAHU")];
        assert_eq!(browser.post(&step, &early).await.status, StatusCode::CONFLICT);
        kit.clock.set(kit.clock.now().plus(5 * Timestamp::MINUTE));
        let ended_at = kit.clock.now();
        let ended = browser.post(&step, &[("step", "end")]).await;
        assert_eq!(ended.location, page, "to the form");
        assert_eq!(scene.room(agent).await, (0, 0, Presence::WrapUp));
        let shown = browser.get(&page).await.body;
        assert!(shown.contains("Catatan hasil") && shown.contains("Kehadiran Anda: Mencatat"));
        for code in wrap_up::REASONS {
            assert!(shown.contains(&format!("value=\"{code}\"")), "{code}");
        }
        // What is wrong is said, and what was typed stays.
        let wrong = browser.post(&step, &[("step", "note"), ("topic", "umum")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let unknown = [("step", "note"), ("topic", "sihir"), ("reason", "BELUM_TAHU")];
        assert_eq!(browser.post(&step, &unknown).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(scene.room(agent).await.2, Presence::WrapUp);
        kit.clock.set(ended_at.plus(20 * Timestamp::SECOND));
        let saved = browser.post(&step, &early).await;
        assert_eq!(saved.location, "/percakapan?rak=saya");
        assert_eq!(scene.room(agent).await, CALM);
        let noted = scene.intervals(user).await;
        let wraps: Vec<_> = noted.iter().filter(|i| i.presence == Presence::WrapUp).collect();
        assert_eq!(wraps.len(), 1);
        assert_eq!((wraps[0].from, wraps[0].to), (ended_at, Some(kit.clock.now())));
        let talk = scene.talk(id).await;
        assert_eq!((talk.topic.as_deref(), talk.reason.as_deref()), (Some("umum"), Some("BELUM_TAHU")));
        assert_eq!(talk.noted, Some((kit.clock.now(), user)));
        let told = scene.told().await;
        assert_eq!(told.len(), 1);
        assert!(told[0].1.contains("\"reason\":\"BELUM_TAHU\""), "{told:?}");
        let shown = browser.get(&page).await.body;
        assert!(shown.contains("Belum tahu") && shown.contains("mencatat hasil"), "{shown}");
        // It can be noted anew; that is no wrap-up.
        let again = [("step", "note"), ("topic", "umum"), ("reason", "PERLU_RINCIAN")];
        assert_eq!(browser.post(&step, &again).await.status, StatusCode::SEE_OTHER);
        assert_eq!(scene.talk(id).await.reason.as_deref(), Some("PERLU_RINCIAN"));
    }

    async fn the_wrap_up_ends_by_time_and_what_is_required_stays_on_its_shelf(kit) {
        let scene = Scene::open(&kit).await;
        scene.require().await;
        let agent = scene.desk.house.agent.clone();
        let id = scene.hear("628111", "Halo").await;
        let mut browser = scene.desk.browser(&agent).await;
        browser.get(&format!("/percakapan/{id}")).await;
        let step = format!("/percakapan/{id}/langkah");
        browser.post(&step, &[("step", "take")]).await;
        browser.post(&step, &[("step", "end")]).await;
        assert!(scene.talk(id).await.note_due);
        // The queue gives a minute.
        kit.clock.set(kit.clock.now().plus(61 * Timestamp::SECOND));
        let runner = tanggap_routing::jobs::register(Runner::new(scene.desk.house.db.clone()));
        while runner.run_due().await.expect("run") > 0 {}
        assert_eq!(scene.room(&agent).await, CALM);
        let shelf = browser.get("/percakapan?rak=dicatat").await.body;
        assert!(shelf.contains("Perlu dicatat") && shelf.contains(&format!("/percakapan/{id}")));
        // Nobody else's.
        let mut other = scene.desk.browser(&scene.colleague).await;
        let shelf = other.get("/percakapan?rak=dicatat").await.body;
        assert!(!shelf.contains(&format!("/percakapan/{id}")));
        let noted = [("step", "note"), ("topic", "umum"), ("reason", "ASPIRASI_TESTIMONI")];
        assert_eq!(browser.post(&step, &noted).await.status, StatusCode::SEE_OTHER);
        assert!(!scene.talk(id).await.note_due);
        let shelf = browser.get("/percakapan?rak=dicatat").await.body;
        assert!(!shelf.contains(&format!("href=\"/percakapan/{id}?")));
    }

    async fn only_who_sets_up_the_agency_makes_it_a_duty(kit) {
        let scene = Scene::open(&kit).await;
        let agent = scene.desk.house.agent.clone();
        assert!(!agent.can(Permission::OrgManage, None));
        let set = scene.write(move |tx| wrap_up::require(tx, &agent, true)).await;
        assert!(matches!(set, Err(Error::Refused(Refusal::Forbidden))));
    }

    async fn what_is_taken_by_hand_counts_and_is_free_again_when_released_or_ended(kit) {
        let scene = Scene::open(&kit).await;
        let (agent, colleague) = (scene.desk.house.agent.clone(), scene.colleague.clone());
        let mut talks = Vec::new();
        for thread in ["628111", "628112", "628113", "628114"] {
            talks.push(scene.hear(thread, "Halo").await);
        }
        let assign = |id, who: &Access, owner: Option<UserId>| {
            let who = who.clone();
            scene.write(move |tx| talking::assign(tx, &who, id, owner))
        };
        for (number, id) in talks.iter().enumerate() {
            assign(*id, &agent, agent.user()).await.expect("taken");
            let held = i64::try_from(number).expect("few") + 1;
            // A person may take more than fits; nothing is offered to them then.
            assert_eq!(scene.room(&agent).await, (30 * held, held, Presence::Busy));
        }
        assign(talks[0], &agent, agent.user()).await.expect("again");
        assert_eq!(scene.room(&agent).await.0, 120, "counted once");
        assign(talks[0], &agent, None).await.expect("released");
        assert_eq!(scene.room(&agent).await, (90, 3, Presence::Busy));
        assert_eq!(scene.item(talks[0]).await, Some(ItemState::Waiting));
        // A colleague's: their room is free, the other's is taken.
        assign(talks[1], &colleague, colleague.user()).await.expect("moved");
        assert_eq!(scene.room(&agent).await.0, 60);
        assert_eq!(scene.room(&colleague).await, (30, 1, Presence::Busy));
        let by = agent.clone();
        let ended = talks[2];
        scene.write(move |tx| talking::end(tx, &by, ended)).await.expect("ended");
        assert_eq!(scene.room(&agent).await, (30, 1, Presence::Busy));
        assert_eq!(scene.item(ended).await, None);
        // What waited in no queue counts by the one that would have had it.
        let by = agent.clone();
        let bare = scene.write(move |tx| {
            let new = talks::NewTalk { channel: "email", ..talks::NewTalk::default() };
            let (talk, _) = talks::find_or_begin(tx, &by, &new)?;
            Ok(talk.id)
        }).await.expect("begun");
        assign(bare, &colleague, colleague.user()).await.expect("taken");
        assert_eq!(scene.room(&colleague).await, (40, 2, Presence::Busy));
        assert_eq!(scene.talk(bare).await.state, TalkState::Open);
    }

    async fn a_colleagues_talk_is_taken_only_by_naming_them_and_they_are_told(kit) {
        let scene = Scene::open(&kit).await;
        let (agent, colleague) = (scene.desk.house.agent.clone(), scene.colleague.clone());
        let theirs = agent.user().expect("a person").to_string();
        let id = scene.hear("628111", "Halo").await;
        let by = agent.clone();
        scene.write(move |tx| talking::assign(tx, &by, id, by.user())).await.expect("theirs");
        let mut browser = scene.desk.browser(&colleague).await;
        let shown = browser.get(&format!("/percakapan/{id}")).await.body;
        assert!(shown.contains("Ambil dari agen"), "named before it is done: {shown}");
        assert!(shown.contains(&format!("name=\"from\" value=\"{theirs}\"")));
        let step = format!("/percakapan/{id}/langkah");
        for from in ["", &colleague.user().expect("a person").to_string()] {
            let blind = browser.post(&step, &[("step", "take"), ("from", from)]).await;
            assert_eq!(blind.status, StatusCode::CONFLICT);
        }
        assert_eq!(scene.talk(id).await.owner_id, agent.user());
        assert!(scene.told().await.is_empty());
        let taken = browser.post(&step, &[("step", "take"), ("from", &theirs)]).await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER);
        assert_eq!(scene.talk(id).await.owner_id, colleague.user());
        let told = scene.told().await;
        assert_eq!(told.len(), 1);
        assert!(told[0].1.contains(&format!("\"told\":[\"{theirs}\"]")), "{told:?}");
        assert_eq!(scene.room(&agent).await, CALM);
        // The one from whom it was taken reads who did it.
        let mut other = scene.desk.browser(&agent).await;
        let shown = other.get(&format!("/percakapan/{id}")).await.body;
        assert!(shown.contains("Rina") && shown.contains("entry-aside"));
    }
}
