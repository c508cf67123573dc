//! Talks and cases together, on both engines: what is heard, what goes out, and who may see it.

use tanggap_calendar::Kind;
use tanggap_cases::report::{Report, Ticket};
use tanggap_cases::rules::Action;
use tanggap_cases::talking::{self, Heard, Said, Taken};
use tanggap_contacts::NewContact;
use tanggap_conversations::accounts::{self, AccountId, AccountInput};
use tanggap_conversations::{
    InteractionId, Shelf, Talk, TalkState, messages_of, messages_of_case, outbound, talks,
};
use tanggap_kernel::{Access, Error, Refusal, Result, Timestamp};
use tanggap_routing::queries;
use tanggap_routing::settings::{self, QueueInput};
use tanggap_testkit::{TestDb, engines};
use tanggap_ui::ctx::Secrets;

use crate::house::House;

const PHONE: &str = "6281234567890";

struct Scene {
    house: House,
    account: AccountId,
}

impl Scene {
    async fn open(kit: &TestDb) -> Self {
        let house = House::build(&kit.db).await;
        let system = Access::system(house.agency);
        let input = AccountInput {
            channel: "whatsapp",
            name: "WhatsApp pengaduan".into(),
            address: "15550001".into(),
            settings: "{}".into(),
            active: true,
            ..AccountInput::default()
        };
        let made = house.db.write(move |tx| accounts::create(tx, &system, &input)).await;
        Self { account: made.expect("an account"), house }
    }

    async fn hear(&self, id: &'static str, text: &'static str) -> Option<Taken> {
        let (agency, account) = (Access::system(self.house.agency), self.account);
        let heard = self.house.db.write(move |tx| {
            let heard = Heard {
                account: Some(account),
                channel: "whatsapp",
                thread: PHONE,
                from: Some(NewContact {
                    name: "Ana".into(),
                    handle: Some(format!("whatsapp:{PHONE}")),
                    ..NewContact::default()
                }),
                subject: "",
                text,
                files: &[],
                external_id: id,
                raw: None,
                at: tx.now(),
                window_until: Some(tx.now().plus(Timestamp::DAY)),
                order: None,
            };
            talking::hear(tx, &agency, &heard)
        });
        heard.await.expect("heard")
    }

    async fn answer(&self, access: &Access, id: InteractionId, text: &'static str) -> Result<Talk> {
        let access = access.clone();
        let said = move |tx: &mut tanggap_store::Tx<'_>| {
            talking::answer(tx, &access, id, &Said { text, ..Said::default() })
        };
        self.house.db.write(said).await
    }

    async fn open_case(
        &self,
        id: InteractionId,
        about: Option<Access>,
    ) -> tanggap_cases::model::Case {
        let ticket = Ticket::draw(&Secrets::new([1; 32])).expect("a ticket");
        let mut report =
            Report::new(Kind::Complaint, "Jalan berlubang", "Lubang di depan pasar.", ticket);
        report.channel = "whatsapp";
        report.reported_user = about.and_then(|access| access.user());
        let access = self.house.supervisor.clone();
        let opened =
            self.house.db.write(move |tx| talking::open_case(tx, &access, id, &report)).await;
        opened.expect("a case")
    }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> Refusal {
    match outcome {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

engines! {
    async fn what_is_heard_waits_and_what_is_answered_goes_out_once(kit) {
        let scene = Scene::open(&kit).await;
        let first = scene.hear("wa:1", "Kapan jalan diperbaiki?").await.expect("new");
        assert!(first.is_new && first.talk.awaiting && first.talk.owner_id.is_none());
        assert!(scene.hear("wa:1", "Kapan jalan diperbaiki?").await.is_none(), "told twice");
        let second = scene.hear("wa:2", "Halo?").await.expect("new");
        assert!(!second.is_new);
        assert_eq!(second.talk.id, first.talk.id);
        assert_eq!(second.talk.contact_id, first.talk.contact_id);

        let (id, agent) = (first.talk.id, scene.house.agent.clone());
        let answered = scene.answer(&agent, id, "Minggu depan, Bu.").await.expect("answered");
        assert!(!answered.awaiting);
        assert_eq!(answered.owner_id, agent.user());
        let out = scene.house.db.read({
            let agent = agent.clone();
            move |tx| {
                assert_eq!(messages_of(tx, &agent, id)?.len(), 3);
                Ok(outbound::of_exchange(tx, &agent, id)?)
            }
        }).await.expect("read");
        assert_eq!(out.len(), 1);
        assert_eq!((out[0].recipient.as_str(), out[0].body.as_str()), (PHONE, "Minggu depan, Bu."));
        assert_eq!(out[0].account_id, scene.account.0);
    }

    async fn who_may_not_write_does_not_and_who_may_not_see_finds_nothing(kit) {
        let scene = Scene::open(&kit).await;
        let id = scene.hear("wa:1", "Halo").await.expect("new").talk.id;
        let inspector = scene.answer(&scene.house.inspector, id, "x").await;
        assert_eq!(refused(inspector), Refusal::Forbidden);
        let officer = scene.answer(&scene.house.roads_officer, id, "x").await;
        assert_eq!(refused(officer), Refusal::NotFound);
        let elsewhere = Access { agency_id: tanggap_kernel::AgencyId(1), ..scene.house.agent.clone() };
        assert_eq!(refused(scene.answer(&elsewhere, id, "x").await), Refusal::NotFound);
    }

    async fn after_its_time_the_channel_takes_no_free_words(kit) {
        let scene = Scene::open(&kit).await;
        let id = scene.hear("wa:1", "Halo").await.expect("new").talk.id;
        let agent = scene.house.agent.clone();
        kit.clock.set(kit.clock.now().plus(Timestamp::DAY - 1));
        scene.answer(&agent, id, "Masih sempat.").await.expect("within 24 hours");
        kit.clock.set(kit.clock.now().plus(2));
        let late = refused(scene.answer(&agent, id, "Terlambat.").await);
        assert_eq!(late, Refusal::Invalid(vec![tanggap_kernel::Invalid::new(
            "text", "talk-invalid-window",
        )]));
        scene.hear("wa:2", "Masih di sana?").await.expect("new");
        scene.answer(&agent, id, "Ya, Bu.").await.expect("opened again");
    }

    async fn a_talk_becomes_a_case_and_goes_on_in_it(kit) {
        let scene = Scene::open(&kit).await;
        let id = scene.hear("wa:1", "Jalan berlubang di depan pasar").await.expect("new").talk.id;
        let case = scene.open_case(id, None).await;
        let agent = scene.house.agent.clone();
        let told = scene.house.db.read({
            let agent = agent.clone();
            move |tx| Ok(messages_of(tx, &agent, id)?)
        }).await.expect("read");
        let receipt = told.last().expect("messages");
        assert!(receipt.body.contains(&case.code) && !receipt.body.contains("PIN"), "{receipt:?}");
        let by = agent.clone();
        let out = scene.house.db.read(move |tx| Ok(outbound::of_exchange(tx, &by, id)?)).await;
        let out = out.expect("read");
        assert!(out[0].body.contains("PIN"), "it is in what goes out alone: {out:?}");

        scene.hear("wa:2", "Terima kasih, ditunggu.").await.expect("new");
        let (of, agent2) = (case.id, agent.clone());
        let known = scene.house.db.read(move |tx| {
            tanggap_cases::actions::load(tx, &agent2, of)
        }).await.expect("the case");
        assert!(known.awaiting, "the citizen wrote and waits");
        scene.answer(&agent, id, "Sama-sama.").await.expect("answered");
        let (of, agent2) = (case.id, agent.clone());
        let (known, said) = scene.house.db.read(move |tx| {
            let known = tanggap_cases::actions::load(tx, &agent2, of)?;
            Ok((known, messages_of_case(tx, &agent2, of.0)?))
        }).await.expect("the case");
        assert!(!known.awaiting);
        assert_eq!(said.iter().filter(|m| m.channel == "whatsapp").count(), said.len());
        assert!(said.iter().any(|m| m.body == "Terima kasih, ditunggu."));

        // A step of the case is told where the citizen writes.
        scene.house.act(&scene.house.agent, case.id, Action::Verify).await.expect("verified");
        let agent2 = agent.clone();
        let told = scene.house.db.read(move |tx| Ok(messages_of(tx, &agent2, id)?)).await;
        let told = told.expect("read");
        assert!(told.last().expect("messages").body.contains(&case.code));
        assert_eq!(refused(scene.house.db.write({
            let access = scene.house.supervisor.clone();
            let report = Report::new(Kind::Complaint, "Dua kali", "Dua kali.",
                Ticket::draw(&Secrets::new([1; 32])).expect("a ticket"));
            move |tx| talking::open_case(tx, &access, id, &report)
        }).await), Refusal::Illegal("talk-illegal-case"));
    }

    async fn who_is_answered_by_hand_has_been_served(kit) {
        let scene = Scene::open(&kit).await;
        let system = Access::system(scene.house.agency);
        let queue = scene.house.db.write(move |tx| {
            settings::create_queue(tx, &system, &QueueInput::live("Obrolan"))
        }).await.expect("a queue");
        let answered = scene.hear("wa:1", "Halo").await.expect("new").talk;
        scene.answer(&scene.house.agent, answered.id, "Ya, Bu?").await.expect("answered");
        let access = scene.house.supervisor.clone();
        let today = kit.clock.now().plus(-Timestamp::DAY);
        let figures = scene.house.db.read(move |tx| queries::figures(tx, &access, today)).await;
        let figures = figures.expect("figures");
        let of = figures.iter().find(|(id, _)| *id == queue).map(|(_, figures)| figures);
        let of = of.expect("something happened in it");
        assert_eq!((of.waiting, of.answered, of.gone), (0, 1, 0), "{of:?}");
    }

    async fn only_the_reporters_own_talk_joins_a_case(kit) {
        let scene = Scene::open(&kit).await;
        let id = scene.hear("wa:1", "Laporan saya sampai mana?").await.expect("new").talk.id;
        let reporter = NewContact {
            name: "Ana Lestari".into(),
            email: Some("ana@contoh.example".into()),
            ..NewContact::default()
        };
        let case = scene.house.report(|report| report.reporter = Some(reporter)).await.case;
        let link = |same: bool| {
            let (access, code) = (scene.house.agent.clone(), case.code.clone());
            scene.house.db.write(move |tx| talking::link(tx, &access, id, &code, same))
        };
        assert!(matches!(refused(link(false).await), Refusal::Invalid(_)), "a neighbour's, perhaps");
        let told = |of: &House| {
            let (access, db) = (of.agent.clone(), of.db.clone());
            async move {
                let read = db.read(move |tx| Ok(outbound::of_exchange(tx, &access, id)?)).await;
                read.expect("read").len()
            }
        };
        scene.house.act(&scene.house.agent, case.id, Action::Verify).await.expect("verified");
        assert_eq!(told(&scene.house).await, 0, "nothing of the case is told to somebody else");
        link(true).await.expect("one person, says the agent");
        let forward = House::forward(scene.house.roads);
        scene.house.act(&scene.house.agent, case.id, forward).await.expect("forwarded");
        assert_eq!(told(&scene.house).await, 1, "news go where they wrote last");
        let again = scene.hear("wa:2", "Terima kasih").await.expect("new");
        assert_eq!(again.talk.contact_id, case.contact_id, "who writes there is the reporter");
    }

    async fn who_only_names_themself_in_a_chat_is_not_taken_for_the_reporter(kit) {
        let scene = Scene::open(&kit).await;
        let named = || NewContact {
            name: "Ana Lestari".into(),
            email: Some("ana@contoh.example".into()),
            ..NewContact::default()
        };
        let case = scene.house.report(|report| report.reporter = Some(named())).await.case;
        let agency = Access::system(scene.house.agency);
        let heard = scene.house.db.write(move |tx| {
            let heard = Heard {
                account: None,
                channel: talking::WEBCHAT,
                thread: "peramban-orang-lain",
                from: Some(named()),
                subject: "",
                text: "Sampai mana laporan saya?",
                files: &[],
                external_id: "chat:1",
                raw: None,
                at: tx.now(),
                window_until: None,
                order: None,
            };
            talking::hear(tx, &agency, &heard)
        });
        let talk = heard.await.expect("heard").expect("new").talk;
        assert_eq!(talk.contact_id, case.contact_id, "they know what the reporter wrote of themself");
        let link = |same: bool| {
            let (access, id, code) = (scene.house.agent.clone(), talk.id, case.code.clone());
            scene.house.db.write(move |tx| talking::link(tx, &access, id, &code, same))
        };
        assert!(matches!(refused(link(false).await), Refusal::Invalid(_)), "nothing proves it");
        link(true).await.expect("somebody made sure");
    }

    async fn earlier_talks_of_a_person_hide_complaints_about_who_looks(kit) {
        let scene = Scene::open(&kit).await;
        let first = scene.hear("wa:1", "Petugas Anda meminta uang").await.expect("new").talk;
        scene.open_case(first.id, Some(scene.house.agent.clone())).await;
        let person = first.contact_id.expect("somebody");
        for (access, seen) in [(&scene.house.agent, 0), (&scene.house.supervisor, 1)] {
            let access = access.clone();
            let found = scene.house.db.read(move |tx| {
                talking::of_contact(tx, &access, person, 10)
            }).await.expect("talks");
            assert_eq!(found.len(), seen);
        }
    }

    async fn the_talk_of_a_complaint_is_hidden_from_whom_it_is_about(kit) {
        let scene = Scene::open(&kit).await;
        let id = scene.hear("wa:1", "Petugas Anda meminta uang").await.expect("new").talk.id;
        scene.open_case(id, Some(scene.house.agent.clone())).await;
        assert_eq!(refused(scene.answer(&scene.house.agent, id, "x").await), Refusal::NotFound);
        for (access, seen) in [(&scene.house.agent, 0), (&scene.house.supervisor, 1)] {
            let access = access.clone();
            let page = scene.house.db.read(move |tx| {
                talking::list(tx, &access, Shelf::Open, None, 10)
            }).await.expect("a page");
            assert_eq!(page.rows.len(), seen);
        }
    }

    async fn what_has_ended_begins_anew_and_what_is_laid_aside_comes_back(kit) {
        let scene = Scene::open(&kit).await;
        let talk = scene.hear("wa:1", "Halo").await.expect("new").talk;
        let agent = scene.house.agent.clone();
        let until = kit.clock.now().plus(Timestamp::HOUR);
        let (by, going) = (agent.clone(), talk.clone());
        let snoozed =
            scene.house.db.write(move |tx| talks::snooze(tx, &by, going.clone(), until)).await;
        assert_eq!(snoozed.expect("laid aside").state, TalkState::Snoozed);
        kit.clock.set(until);
        let system = Access::system(scene.house.agency);
        scene.house.db.write(move |tx| talks::wake(tx, &system, talk.id)).await.expect("woken");
        let by = agent.clone();
        let ended = scene.house.db.write(move |tx| {
            let going = talks::get(tx, &by, talk.id)?;
            assert_eq!(going.state, TalkState::Open);
            talks::end(tx, &by, going, true)
        }).await.expect("ended");
        assert!(!ended.note_due, "nobody was at it");
        assert_eq!(
            refused(scene.answer(&agent, ended.id, "x").await),
            Refusal::Illegal("talk-illegal-ended"),
        );
        let anew = scene.hear("wa:2", "Satu lagi").await.expect("new");
        assert!(anew.is_new);
        assert_eq!(anew.talk.contact_id, ended.contact_id);
    }
}
