//! Routing in rows: offers, presence and what happens by itself, on both engines.

use std::time::Duration;

use tanggap_contacts::{Met, NewContact};
use tanggap_conversations::{NewTalk, talks};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Clock, Error, Refusal, Result, Timestamp};
use tanggap_routing::actions::{self, NewItem, To};
use tanggap_routing::settings::{self, AgentInput, QueueInput};
use tanggap_routing::{
    Item, ItemId, ItemState, Kind, Match, Presence, QueueId, SkillKind, dispatch, jobs, store,
};
use tanggap_store::jobs::Runner;
use tanggap_store::{Db, Tx};
use tanggap_testkit::{TestDb, engines};

use crate::house::House;

const SECOND: i64 = Timestamp::SECOND;

/// A house with two queues, which its agent and its supervisor serve.
struct Desk {
    house: House,
    clock: Clock,
    chats: QueueId,
    letters: QueueId,
}

impl Desk {
    async fn build(kit: &TestDb) -> Self {
        let house = House::build(&kit.db).await;
        let (system, people) = (Access::system(house.agency), [&house.agent, &house.supervisor]);
        let people: Vec<UserId> = people.iter().filter_map(|access| access.user()).collect();
        let (chats, letters) = kit
            .db
            .write(move |tx| {
                let chats = settings::create_queue(tx, &system, &QueueInput::live("Obrolan"))?;
                let letters = QueueInput { live: false, ..QueueInput::live("Surat") };
                let letters = settings::create_queue(tx, &system, &letters)?;
                for user in &people {
                    let input =
                        AgentInput { queues: vec![chats, letters], skills: vec![], capacity: 100 };
                    settings::set_agent(tx, &system, *user, &input)?;
                }
                Ok((chats, letters))
            })
            .await
            .expect("queues");
        Self { house, clock: kit.clock.clone(), chats, letters }
    }

    fn db(&self) -> &Db {
        &self.house.db
    }

    async fn as_agent<T: Send + 'static>(
        &self,
        run: impl Fn(&mut Tx<'_>, &Access) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let access = self.house.agent.clone();
        self.db().write(move |tx| run(tx, &access)).await
    }

    async fn enters(&self, queue: QueueId, channel: &'static str, subject: i64) -> ItemId {
        let access = Access::system(self.house.agency);
        let enter = move |tx: &mut Tx<'_>| {
            let new = NewItem {
                kind: Kind::Talk,
                subject,
                queue,
                channel,
                needs: Vec::new(),
                priority: false,
                last_agent: None,
            };
            actions::enqueue(tx, &access, &new)
        };
        self.db().write(enter).await.expect("entered")
    }

    async fn enters_case(&self, subject: i64) -> ItemId {
        let (access, queue) = (Access::system(self.house.agency), self.chats);
        let enter = move |tx: &mut Tx<'_>| {
            let new = NewItem {
                kind: Kind::Case,
                subject,
                queue,
                channel: "web",
                needs: Vec::new(),
                priority: false,
                last_agent: None,
            };
            actions::enqueue(tx, &access, &new)
        };
        self.db().write(enter).await.expect("entered")
    }

    async fn item(&self, id: ItemId) -> Item {
        let access = Access::system(self.house.agency);
        self.db().read(move |tx| store::item(tx, &access, id)).await.expect("an item")
    }

    async fn presence(&self) -> Presence {
        let access = self.house.agent.clone();
        let user = access.user().expect("a person");
        let agent = self.db().read(move |tx| store::agent(tx, &access, user)).await;
        agent.expect("read").expect("an agent").presence
    }

    async fn offer(&self, id: ItemId) -> bool {
        let (access, item) = (Access::system(self.house.agency), self.item(id).await);
        let user = self.house.agent.user().expect("a person");
        let offer = move |tx: &mut Tx<'_>| {
            let agent = store::agent(tx, &access, user)?.expect("an agent");
            let found = Match {
                item: item.id,
                item_version: item.version,
                agent: user,
                agent_version: agent.version,
            };
            actions::offer(tx, &access, &found)
        };
        self.db().write(offer).await.expect("offered or not")
    }

    async fn ready(&self) {
        self.as_agent(|tx, access| actions::choose(tx, access, Presence::Ready))
            .await
            .expect("ready");
    }

    fn later(&self, seconds: i64) {
        self.clock.set(self.clock.now().plus(seconds * SECOND));
    }

    async fn by_itself(&self) {
        let runner = jobs::register(Runner::new(self.db().clone()));
        while runner.run_due().await.expect("jobs") > 0 {}
    }
}

engines! {
    async fn what_is_about_somebody_is_neither_offered_nor_handed_to_them(kit) {
        let desk = Desk::build(&kit).await;
        desk.ready().await;
        let about = desk.house.agent.user();
        let case = desk.house.report(|report| report.reported_user = about).await.case;
        let (access, queue) = (Access::system(desk.house.agency), desk.chats);
        let entered = desk.db().write(move |tx| {
            // The talk of a case, and the case itself.
            let talk = tanggap_conversations::first_interaction(tx, &access, case.id.0)?;
            let talk = (Kind::Talk, talk.expect("how it came").0);
            let mut items = Vec::new();
            for (kind, subject) in [talk, (Kind::Case, case.id.0)] {
                let new = NewItem {
                    kind,
                    subject,
                    queue,
                    channel: "web",
                    needs: Vec::new(),
                    priority: false,
                    last_agent: about,
                };
                items.push(actions::enqueue(tx, &access, &new)?);
            }
            Ok(items)
        }).await.expect("entered");
        let (me, lead) = (about.expect("a person"), desk.house.supervisor.clone());
        for id in entered {
            assert!(!desk.offer(id).await, "it is about them");
            let item = desk.item(id).await;
            assert_eq!((item.state, item.wanted), (ItemState::Waiting, None));
            assert_eq!(item.refused.iter().map(|refused| refused.agent).collect::<Vec<_>>(), [me]);
            let taken = desk.as_agent(move |tx, access| actions::pick(tx, access, id)).await;
            assert!(matches!(taken, Err(Error::Refused(Refusal::NotFound))), "{taken:?}");
            let lead = lead.clone();
            let handed = desk.db().write(move |tx| {
                actions::hand_over(tx, &lead, id, To::Person(me), "")
            }).await;
            assert!(matches!(handed, Err(Error::Refused(Refusal::Invalid(_)))), "{handed:?}");
        }
        // What is about a unit is not offered to its people.
        let officer = desk.house.roads_officer.clone();
        let roads = desk.house.roads;
        let case = desk.house.report(|report| report.reported_unit = Some(roads)).await.case;
        let id = desk.enters_case(case.id.0).await;
        let item = desk.item(id).await;
        let (access, user) = (Access::system(desk.house.agency), officer.user().expect("a person"));
        let (own, agent) = (item.clone(), desk.house.agent.user().expect("a person"));
        let about = desk.db().read(move |tx| {
            Ok([store::is_about(tx, &access, &own, user)?, store::is_about(tx, &access, &own, agent)?])
        }).await.expect("read");
        assert_eq!(about, [true, false]);
        assert!(desk.offer(id).await, "everybody else is asked");
    }

    async fn an_item_is_offered_taken_and_done(kit) {
        let desk = Desk::build(&kit).await;
        desk.ready().await;
        desk.later(60);
        let item = desk.enters(desk.chats, "whatsapp", 7).await;
        assert_eq!(desk.enters(desk.chats, "whatsapp", 7).await, item, "it waits already");
        assert!(desk.offer(item).await);
        assert!(!desk.offer(item).await, "it rings already");
        let user = desk.house.agent.user().expect("there is one");
        let rings = desk.as_agent(move |tx, access| actions::ringing(tx, access, user)).await;
        assert_eq!(rings.expect("there is one")[0].0.id, item);
        desk.later(5);
        desk.as_agent(move |tx, access| actions::accept(tx, access, item)).await.expect("taken");
        assert_eq!(desk.presence().await, Presence::Busy);
        desk.later(300);
        desk.as_agent(move |tx, access| actions::end(tx, access, item)).await.expect("done");
        assert_eq!(desk.presence().await, Presence::WrapUp);
        assert_eq!(desk.item(item).await.state, ItemState::Ended);
        // Over after a minute, by itself.
        desk.later(60);
        desk.as_agent(actions::beat).await.expect("a sign");
        desk.by_itself().await;
        assert_eq!(desk.presence().await, Presence::Ready);
        let start = Timestamp::from_micros(0);
        let day = desk.as_agent(move |tx, access| store::intervals(tx, access, user, start)).await;
        let day = day.expect("a day");
        let said: Vec<_> = day.iter().map(|i| i.presence.as_str()).collect();
        assert_eq!(said, ["ready", "busy", "wrap_up", "ready"]);
        assert!(day.windows(2).all(|two| two[0].to == Some(two[1].from)), "{day:?}");
        let length = |n: usize| day[n].to.expect("there is one").as_micros() - day[n].from.as_micros();
        assert_eq!([length(0), length(1), length(2)], [65, 300, 60].map(|s| s * SECOND));
        // The same person writes again: a new item.
        assert_ne!(desk.enters(desk.chats, "whatsapp", 7).await, item);
    }

    async fn what_nobody_takes_goes_back_and_the_agent_is_away(kit) {
        let desk = Desk::build(&kit).await;
        desk.ready().await;
        let item = desk.enters(desk.chats, "whatsapp", 7).await;
        let before = desk.item(item).await;
        assert!(desk.offer(item).await);
        desk.by_itself().await;
        assert!(matches!(desk.item(item).await.state, ItemState::Offered { .. }), "too early");
        desk.later(20);
        desk.by_itself().await;
        let after = desk.item(item).await;
        assert_eq!(after.state, ItemState::Waiting);
        assert_eq!((after.entered_at, after.due), (before.entered_at, before.due));
        assert_eq!(desk.presence().await, Presence::Away);
        let late = desk.as_agent(move |tx, access| actions::accept(tx, access, item)).await;
        assert!(matches!(late, Err(Error::Refused(Refusal::Illegal("routing-gone")))));
        assert!(!desk.offer(item).await, "who is away is offered nothing");
    }

    async fn a_declined_item_says_why_and_waits_on(kit) {
        let desk = Desk::build(&kit).await;
        desk.ready().await;
        let item = desk.enters(desk.chats, "whatsapp", 7).await;
        assert!(desk.offer(item).await);
        let why = desk.as_agent(move |tx, access| actions::decline(tx, access, item, "")).await;
        assert!(matches!(why, Err(Error::Refused(Refusal::Invalid(_)))));
        let why = desk.as_agent(move |tx, access| actions::decline(tx, access, item, "language"));
        why.await.expect("declined");
        let waits = desk.item(item).await;
        assert_eq!((waits.state, waits.refused.len()), (ItemState::Waiting, 1));
        assert_eq!(desk.presence().await, Presence::Ready);
    }

    async fn room_is_never_exceeded(kit) {
        let desk = Desk::build(&kit).await;
        desk.ready().await;
        for n in 0..4 {
            let item = desk.enters(desk.chats, "whatsapp", n).await;
            assert_eq!(desk.offer(item).await, n < 3, "a chat is 30 of 100");
        }
        let letter = desk.enters(desk.letters, "email", 9).await;
        assert!(desk.offer(letter).await, "a mail is the last 10");
        // What is set for a channel counts from then on.
        let system = Access::system(desk.house.agency);
        let set = move |tx: &mut Tx<'_>| settings::set_weight(tx, &system, "email", 55);
        desk.db().write(set).await.expect("weighed");
        let letter = desk.enters(desk.letters, "email", 10).await;
        assert_eq!(desk.item(letter).await.weight, 55);
    }

    async fn what_somebody_lost_held_goes_back_where_one_waits_for_it(kit) {
        let desk = Desk::build(&kit).await;
        desk.ready().await;
        let chat = desk.enters(desk.chats, "whatsapp", 1).await;
        let letter = desk.enters(desk.letters, "email", 2).await;
        let rings = desk.enters(desk.letters, "email", 3).await;
        for item in [chat, letter] {
            assert!(desk.offer(item).await);
            desk.as_agent(move |tx, access| actions::accept(tx, access, item)).await.expect("taken");
        }
        desk.later(130);
        desk.as_agent(actions::beat).await.expect("a sign");
        assert!(desk.offer(rings).await);
        let before = desk.item(chat).await;
        desk.later(15);
        desk.by_itself().await;
        assert_eq!(desk.presence().await, Presence::Busy, "a sign was given");
        desk.later(200);
        desk.by_itself().await;
        // On PostgreSQL two timers may meet at the agent: the second is tried again.
        desk.later(10);
        desk.by_itself().await;
        assert_eq!(desk.presence().await, Presence::Offline);
        let after = desk.item(chat).await;
        assert_eq!(after.state, ItemState::Waiting);
        assert_eq!((after.entered_at, after.due), (before.entered_at, before.due));
        assert!(matches!(desk.item(letter).await.state, ItemState::Accepted { .. }));
        assert_eq!(desk.item(rings).await.state, ItemState::Waiting);
    }

    async fn nobody_is_absent_because_no_node_ran(kit) {
        let desk = Desk::build(&kit).await;
        desk.ready().await;
        let held = desk.enters(desk.chats, "whatsapp", 1).await;
        assert!(desk.offer(held).await);
        desk.as_agent(move |tx, access| actions::accept(tx, access, held)).await.expect("taken");
        let rings = desk.enters(desk.chats, "whatsapp", 2).await;
        let before = desk.item(rings).await;
        assert!(desk.offer(rings).await);
        // Ten minutes without a node: no sign could be given, nothing could be taken.
        desk.later(600);
        desk.by_itself().await;
        let after = desk.item(rings).await;
        assert_eq!((after.state, after.due), (ItemState::Waiting, before.due));
        assert!(after.refused.is_empty(), "they did not refuse it");
        assert_eq!(desk.presence().await, Presence::Busy);
        assert!(matches!(desk.item(held).await.state, ItemState::Accepted { .. }));
        assert!(desk.offer(rings).await, "it rings again, where it rang");
        // Whoever gives no sign after that either is gone.
        for _ in 0..6 {
            desk.later(30);
            desk.by_itself().await;
        }
        assert_eq!(desk.presence().await, Presence::Offline);
        assert_eq!(desk.item(held).await.state, ItemState::Waiting);
    }

    async fn who_is_gone_is_noticed_while_others_come_and_go(kit) {
        let desk = Desk::build(&kit).await;
        desk.ready().await;
        let boss = desk.house.supervisor.clone();
        for n in 0..20 {
            desk.later(10);
            let (boss, be) = (boss.clone(), [Presence::Ready, Presence::Break][n % 2]);
            desk.db().write(move |tx| actions::choose(tx, &boss, be)).await.expect("chosen");
            desk.by_itself().await;
        }
        assert_eq!(desk.presence().await, Presence::Offline);
    }

    async fn handing_over_keeps_the_place_and_the_note(kit) {
        let desk = Desk::build(&kit).await;
        desk.ready().await;
        let item = desk.enters(desk.chats, "whatsapp", 1).await;
        let (to, boss) = (desk.letters, desk.house.supervisor.clone());
        let person = boss.user().expect("there is one");
        assert!(desk.offer(item).await);
        desk.as_agent(move |tx, access| actions::accept(tx, access, item)).await.expect("taken");
        let entered_at = desk.item(item).await.entered_at;
        desk.later(100);
        let other = desk.house.roads_officer.clone();
        let foreign = move |tx: &mut Tx<'_>| {
            actions::hand_over(tx, &other, item, To::Queue(to), "Bukan milik saya.")
        };
        let foreign = desk.db().write(foreign).await;
        assert!(matches!(foreign, Err(Error::Refused(Refusal::Forbidden))));
        desk.as_agent(move |tx, access| {
            actions::hand_over(tx, access, item, To::Queue(to), "Mohon dicek berkasnya.")
        }).await.expect("handed over");
        let waits = desk.item(item).await;
        assert_eq!((waits.queue, waits.state), (to, ItemState::Waiting));
        assert_eq!(waits.entered_at, entered_at);
        assert_eq!(desk.presence().await, Presence::Ready);
        // A supervisor hands on what others hold, to one person.
        let on = move |tx: &mut Tx<'_>| {
            actions::hand_over(tx, &boss, item, To::Person(person), "Untuk saya.")
        };
        desk.db().write(on).await.expect("handed on");
        assert_eq!(desk.item(item).await.wanted.map(|w| w.agent), Some(person));
        let unit = To::Unit(desk.house.roads);
        let refused = desk.as_agent(move |tx, access| {
            actions::hand_over(tx, access, item, unit, "")
        }).await;
        assert!(matches!(refused, Err(Error::Refused(_))), "not theirs any more, and no queue");
    }

    async fn settings_are_the_administrators_and_checked(kit) {
        let desk = Desk::build(&kit).await;
        let agent = desk.as_agent(|tx, access| {
            settings::create_queue(tx, access, &QueueInput::live("Lain"))
        }).await;
        assert!(matches!(agent, Err(Error::Refused(Refusal::Forbidden))));
        let (system, chats) = (Access::system(desk.house.agency), desk.chats);
        desk.db().write(move |tx| {
            let wrong = QueueInput { overflow: Some(chats), ..QueueInput::live("") };
            let said = settings::update_queue(tx, &system, chats, 1, &wrong);
            let Err(Error::Refused(Refusal::Invalid(wrong))) = said else { panic!("{said:?}") };
            let fields: Vec<_> = wrong.iter().map(|invalid| invalid.field.as_str()).collect();
            assert_eq!(fields, ["name", "overflow"]);
            settings::create_skill(tx, &system, SkillKind::Language, "jv", "Bahasa Jawa")?;
            let needs = actions::needs_of(tx, &system, Some("jalan"), Some("jv"))?;
            assert_eq!(needs.len(), 1, "no such topic is known");
            Ok(())
        }).await.expect("checked");
    }

    async fn a_talk_that_nobody_has_waits_and_the_one_who_knows_the_person_is_asked(kit) {
        let desk = Desk::build(&kit).await;
        let (agency, access) = (desk.house.agency, Access::system(desk.house.agency));
        let agent = desk.house.agent.user();
        desk.db().write(move |tx| {
            let person = NewContact { name: "Sari".into(), ..NewContact::default() };
            let contact = Some(tanggap_contacts::find_or_create(tx, &access, &person, Met::ByThemself)?.id);
            let new = NewTalk { channel: "whatsapp", contact_id: contact, ..NewTalk::default() };
            let (earlier, _) = talks::find_or_begin(tx, &access, &new)?;
            let earlier = talks::assign(tx, &access, earlier, agent)?;
            assert_eq!(tanggap_routing::talks::seek(tx, agency, &earlier)?, None, "has somebody");
            let (talk, _) = talks::find_or_begin(tx, &access, &new)?;
            let item = tanggap_routing::talks::seek(tx, agency, &talk)?.expect("it waits");
            let waits = store::item(tx, &access, item)?;
            assert_eq!(waits.wanted.map(|wanted| Some(wanted.agent)), Some(agent));
            assert_eq!((waits.weight, waits.subject), (30, talk.id.0));
            tanggap_routing::talks::settle(tx, agency, &talk)?;
            assert_eq!(store::item(tx, &access, item)?.state, ItemState::Ended);
            tanggap_routing::talks::settle(tx, agency, &talk)
        }).await.expect("settled");
    }

    async fn two_nodes_offer_each_item_once(kit) {
        let desk = Desk::build(&kit).await;
        let other = Db::open(kit.engine.clone(), kit.clock.clone(), false).await.expect("a node");
        let (_going, closing) = tokio::sync::watch::channel(false);
        dispatch::spawn(desk.db().clone(), "one".into(), closing.clone());
        dispatch::spawn(other.clone(), "two".into(), closing);
        desk.ready().await;
        let boss = desk.house.supervisor.clone();
        let ready = move |tx: &mut Tx<'_>| actions::choose(tx, &boss, Presence::Ready);
        other.write(ready).await.expect("ready");
        let mut items = Vec::new();
        for n in 0..8 {
            items.push(desk.enters(desk.chats, "whatsapp", n).await);
        }
        let mut offered = 0;
        for _ in 0..100 {
            offered = 0;
            for item in &items {
                offered += usize::from(desk.item(*item).await.state != ItemState::Waiting);
            }
            if offered == 6 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(offered, 6, "three chats for each of two");
        let first = items[0];
        assert!(matches!(desk.item(first).await.state, ItemState::Offered { .. }));
    }
}
