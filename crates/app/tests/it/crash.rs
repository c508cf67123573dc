//! Work at people's desks while the node is killed and a browser dies: what rings goes back to its
//! place and rings at one person at a time, what was taken stays taken, and what each was doing
//! when is told without a gap.

use std::time::{Duration, Instant};

use tanggap_calendar::Zone;
use tanggap_kernel::{Access, AgencyId, Clock, Locale, Timestamp, params};
use tanggap_org::{NewAgency, NewUser, Role, RoleGrant};
use tanggap_routing::actions::{self, NewItem};
use tanggap_routing::settings::{self, AgentInput, QueueInput};
use tanggap_routing::{Item, ItemId, ItemState, Kind, Presence, QueueId, store};
use tanggap_store::{Db, Engine};
use tanggap_testkit::engines;

use crate::kit::Node;

const PATIENCE: Duration = Duration::from_secs(30);
/// Seconds that an offer rings: the least that can be set.
const RINGS_S: i64 = 5;

/// The people and their queue, seen past the node.
struct Floor {
    db: Db,
    agency: AgencyId,
    queue: QueueId,
    first: Access,
    second: Access,
}

impl Floor {
    async fn build(engine: Engine) -> Self {
        let db = Db::open(engine, Clock::System, false).await.expect("open");
        let built = db.write(|tx| {
            let agency = tanggap_org::create_agency(tx, &NewAgency::named("Kota Uji", Zone::Wib))?;
            let system = Access::system(agency);
            let input = QueueInput { offer_s: RINGS_S, ..QueueInput::live("Obrolan") };
            let queue = settings::create_queue(tx, &system, &input)?;
            let mut people = Vec::new();
            for name in ["satu", "dua"] {
                let user = NewUser {
                    email: format!("{name}@uji.go.id"),
                    name: name.into(),
                    title: String::new(),
                    unit_id: None,
                    password_hash: String::new(),
                    is_temporary: false,
                    locale: Locale::Id,
                    roles: vec![RoleGrant { role: Role::Agent, unit_id: None }],
                };
                let id = tanggap_org::create_user(tx, &system, &user)?;
                // Two chats, no more.
                let input = AgentInput { queues: vec![queue], skills: vec![], capacity: 60 };
                settings::set_agent(tx, &system, id, &input)?;
                let user = tanggap_org::user(tx, &system, id)?.expect("just made");
                people.push(tanggap_org::access_of(tx, agency, &user)?);
            }
            Ok((agency, queue, people))
        });
        let (agency, queue, people) = built.await.expect("a floor");
        let [first, second] = people.try_into().expect("two");
        Self { db, agency, queue, first, second }
    }

    async fn enters(&self, subject: i64) -> ItemId {
        let (access, queue) = (Access::system(self.agency), self.queue);
        let entered = self.db.write(move |tx| {
            let new = NewItem {
                kind: Kind::Talk,
                subject,
                queue,
                channel: "webchat",
                needs: Vec::new(),
                priority: false,
                last_agent: None,
            };
            actions::enqueue(tx, &access, &new)
        });
        entered.await.expect("entered")
    }

    async fn be(&self, who: &Access, presence: Presence) {
        let who = who.clone();
        self.db.write(move |tx| actions::choose(tx, &who, presence)).await.expect("chosen");
    }

    async fn takes(&self, who: &Access, id: ItemId) {
        let who = who.clone();
        self.db.write(move |tx| actions::accept(tx, &who, id)).await.expect("taken");
    }

    async fn item(&self, id: ItemId) -> Item {
        let access = Access::system(self.agency);
        self.db.read(move |tx| store::item(tx, &access, id)).await.expect("an item")
    }

    async fn until(&self, what: &str, id: ItemId, is: impl Fn(&ItemState) -> bool) -> Item {
        let begun = Instant::now();
        loop {
            let item = self.item(id).await;
            if is(&item.state) {
                return item;
            }
            assert!(begun.elapsed() < PATIENCE, "{what}: {item:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn rings_at(&self, who: &Access, id: ItemId) -> Item {
        let user = who.user().expect("a person");
        self.until(
            "it rings",
            id,
            |state| matches!(state, ItemState::Offered { agent, .. } if *agent == user),
        )
        .await
    }

    /// What somebody was doing, one after the other without gap or overlap.
    async fn day(&self, who: &Access) -> Vec<String> {
        let (who, user) = (who.clone(), who.user().expect("a person"));
        let start = Timestamp::default();
        let day = self.db.read(move |tx| store::intervals(tx, &who, user, start));
        let day = day.await.expect("a day");
        for two in day.windows(2) {
            assert_eq!(two[0].to, Some(two[1].from), "{day:?}");
            assert!(two[0].from < two[1].from, "{day:?}");
        }
        assert_eq!(day.last().expect("begun").to, None, "the last one is open");
        day.iter().map(|interval| interval.presence.as_str().to_owned()).collect()
    }

    /// How the offers of an item ended, in order; none rang while another did.
    async fn offers(&self, id: ItemId) -> Vec<String> {
        let sql = "select at, ended_at, outcome from routing_offers where item_id = $1 order by id";
        let read = self.db.read(move |tx| {
            let row = |row: &mut tanggap_store::Row<'_>| {
                Ok((row.int::<i64>()?, row.opt_int::<i64>()?, row.opt_text()?))
            };
            Ok(tx.ad_hoc(sql, params![id], row)?)
        });
        let all: Vec<(i64, Option<i64>, Option<String>)> = read.await.expect("offers");
        for two in all.windows(2) {
            assert!(two[0].1.is_some_and(|ended| ended <= two[1].0), "two at once: {all:?}");
        }
        all.into_iter().map(|(_, _, how)| how.unwrap_or_else(|| "rings".to_owned())).collect()
    }
}

engines! {
    async fn what_rings_outlives_the_node_and_the_browser(kit) {
        let data = kit.folder.path().to_owned();
        std::fs::write(data.join("master.key"), "07".repeat(32)).expect("the key of the test");
        let engine = kit.engine.clone();
        let more = match &engine {
            Engine::Postgres(url) => vec!["--database", url.as_str()],
            Engine::Sqlite(_) => Vec::new(),
        };
        let floor = Floor::build(engine.clone()).await;
        let mut node = Node::start(&data, &more);
        floor.be(&floor.first, Presence::Ready).await;
        let taken = floor.enters(1).await;
        floor.rings_at(&floor.first, taken).await;
        floor.takes(&floor.first, taken).await;
        let rings = floor.enters(2).await;
        let behind = floor.enters(3).await;
        let place = floor.rings_at(&floor.first, rings).await;

        // The node dies while it rings, and nobody can answer before it has rung out.
        node.signal("KILL");
        node.ended_within(Duration::from_secs(10));
        tokio::time::sleep(Duration::from_secs(2 * RINGS_S as u64 + 1)).await;
        let _node = Node::start(&data, &more);
        floor.until("it went back", rings, |state| *state == ItemState::Waiting).await;
        let again = floor.rings_at(&floor.first, rings).await;
        assert_eq!((again.entered_at, again.due), (place.entered_at, place.due));
        assert_eq!(floor.item(behind).await.state, ItemState::Waiting, "not overtaken");
        assert_eq!(floor.offers(rings).await, ["lost", "rings"]);
        assert!(matches!(floor.item(taken).await.state, ItemState::Accepted { .. }));
        assert_eq!(floor.day(&floor.first).await, ["offline", "ready", "busy"], "through no fault of theirs");

        // Their browser dies: nobody takes it there. A colleague comes on duty meanwhile, at whom
        // what waits behind it rings at once.
        floor.be(&floor.second, Presence::Ready).await;
        floor.rings_at(&floor.second, behind).await;
        floor.takes(&floor.second, behind).await;
        let again = floor.rings_at(&floor.second, rings).await;
        assert_eq!((again.entered_at, again.due), (place.entered_at, place.due));
        floor.takes(&floor.second, rings).await;
        let offers = floor.offers(rings).await;
        assert!(offers.ends_with(&["missed".to_owned(), "accepted".to_owned()]), "{offers:?}");
        assert_eq!(floor.offers(behind).await, ["accepted"]);
        assert_eq!(floor.day(&floor.first).await, ["offline", "ready", "busy", "away"]);
        assert_eq!(floor.day(&floor.second).await, ["offline", "ready", "busy"]);
        let held = floor.item(taken).await;
        assert!(matches!(held.state, ItemState::Accepted { agent } if Some(agent) == floor.first.user()));
    }
}
