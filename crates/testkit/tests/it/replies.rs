//! By when talks are answered, on both engines: clocks that start, stay and end, lists by what is
//! due first, warnings by a timer, and figures.

use tanggap_cases::talking::{self, Heard, Said};
use tanggap_conversations::talks::Turn;
use tanggap_conversations::{InteractionId, Shelf, Talk, talks};
use tanggap_kernel::{Access, Error, Permission, Refusal, Timestamp};
use tanggap_routing::replies::{self, Minutes};
use tanggap_routing::settings::{self, QueueInput};
use tanggap_store::jobs::Runner;
use tanggap_store::{Tx, sql};
use tanggap_testkit::{TestDb, engines};

use crate::house::House;

sql! {
    WARNED = "select body from events where agency_id = $1 and kind = 'talk.reply_warned'";
}

/// Monday 12 October 2026, 09:00 WIB: the office is open from 07:30 to 12:00 and 13:00 to 16:00.
const MONDAY_NINE: i64 = 1_791_770_400_000_000;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_micros(MONDAY_NINE).plus(minutes * Timestamp::MINUTE)
}

async fn hear(house: &House, thread: &'static str, minute: i64) -> Talk {
    let agency = Access::system(house.agency);
    let heard = move |tx: &mut Tx<'_>| {
        tx.at(at(minute), |tx| {
            let id = format!("{thread}:{minute}");
            let heard = Heard {
                account: None,
                channel: "whatsapp",
                thread,
                from: None,
                subject: "",
                text: "Halo",
                files: &[],
                external_id: &id,
                raw: None,
                at: at(minute),
                window_until: None,
                order: None,
            };
            Ok(talking::hear(tx, &agency, &heard)?.expect("new").talk)
        })
    };
    house.db.write(heard).await.expect("heard")
}

async fn answer(house: &House, id: InteractionId, minute: i64) -> Talk {
    let access = house.agent.clone();
    let said = move |tx: &mut Tx<'_>| {
        tx.at(at(minute), |tx| {
            talking::answer(tx, &access, id, &Said { text: "Baik", ..Said::default() })
        })
    };
    house.db.write(said).await.expect("answered")
}

async fn open(kit: &TestDb) -> House {
    let house = House::build(&kit.db).await;
    let system = Access::system(house.agency);
    let made = house.db.write(move |tx| {
        let minutes = Minutes { first: 60, next: 30 };
        replies::set(tx, &system, None, &[("whatsapp", Some(minutes))])?;
        settings::create_queue(tx, &system, &QueueInput::live("Obrolan"))
    });
    made.await.expect("set");
    house
}

engines! {
    async fn a_clock_runs_from_the_first_unanswered_message_and_ends_with_a_persons_answer(kit) {
        let house = open(&kit).await;
        let first = hear(&house, "a", 0).await;
        let reply = first.reply.expect("a clock");
        assert_eq!((reply.turn, reply.due_at, reply.warn_at), (Turn::First, at(60), at(48)));
        // Without an account each message begins a talk of its own: go on in the same one.
        let (id, system) = (first.id, Access::system(house.agency));
        let again = house.db.write(move |tx| tx.at(at(10), |tx| {
            let mut talk = talks::get(tx, &system, id)?;
            replies::asked(tx, &system, &mut talk, at(10))?;
            talks::heard(tx, &system, talk, "Halo?", at(10), None, false)
        }));
        assert_eq!(again.await.expect("heard").reply, Some(reply), "more words move nothing");
        assert_eq!(answer(&house, id, 20).await.reply, None);
        let system = Access::system(house.agency);
        let next = house.db.write(move |tx| tx.at(at(30), |tx| {
            let mut talk = talks::get(tx, &system, id)?;
            replies::asked(tx, &system, &mut talk, at(30))?;
            talks::heard(tx, &system, talk, "Lalu?", at(30), None, false)
        })).await.expect("heard").reply.expect("a clock");
        assert_eq!((next.turn, next.due_at), (Turn::Next, at(60)));
    }

    async fn lists_go_by_what_is_due_first_and_what_waits_for_nobody_comes_last(kit) {
        let house = open(&kit).await;
        let late = hear(&house, "a", 0).await.id;
        let answered = hear(&house, "b", 1).await.id;
        let later = hear(&house, "c", 2).await.id;
        answer(&house, answered, 3).await;
        let access = house.agent.clone();
        let list = house.db.read(move |tx| {
            let all = talks::list(tx, &access, Shelf::Open, None, 2)?;
            let more = talks::list(tx, &access, Shelf::Open, all.next, 2)?;
            Ok(all.rows.into_iter().chain(more.rows).map(|talk| talk.id).collect::<Vec<_>>())
        }).await.expect("a list");
        assert_eq!(list, [late, later, answered]);
    }

    async fn warnings_come_by_the_timer_once_each_and_figures_count_the_overdue(kit) {
        let house = open(&kit).await;
        // It was asked on a Monday long enough ago: both moments have passed.
        let waiting = hear(&house, "a", 0).await.id;
        let answered = hear(&house, "b", 0).await.id;
        answer(&house, answered, 10).await;
        let runner = tanggap_routing::jobs::register(Runner::new(house.db.clone()));
        while runner.run_due().await.expect("run") > 0 {}
        let access = Access::system(house.agency);
        let (warned, figures) = house.db.read(move |tx| {
            let agency = access.agency_id;
            let warned = tx.all(&WARNED, tanggap_kernel::params![agency], |row| row.text())?;
            Ok((warned, replies::figures(tx, &access, at(0))?))
        }).await.expect("read");
        assert_eq!(warned.len(), 1, "{warned:?}");
        assert!(warned[0].contains("\"percent\":100"), "{warned:?}");
        let all: Vec<_> = figures.values().collect();
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].first, all[0].first_in_time, all[0].late), (1, 1, 1));
        assert_eq!(all[0].level(), Some(50));
        // Ended without an answer: nobody waits any more.
        let access = house.agent.clone();
        let ended = house.db.write(move |tx| talking::end(tx, &access, waiting)).await;
        assert_eq!(ended.expect("ended").reply, None);
        let access = Access::system(house.agency);
        let figures = house.db.read(move |tx| replies::figures(tx, &access, at(0))).await;
        assert_eq!(figures.expect("read").values().map(|a| a.late).sum::<i64>(), 0);
    }

    async fn targets_are_set_by_who_sets_up_the_agency_within_bounds(kit) {
        let house = open(&kit).await;
        let refused = |access: Access, first| {
            let db = house.db.clone();
            async move {
                let minutes = Minutes { first, next: 5 };
                let set = [("webchat", Some(minutes))];
                match db.write(move |tx| replies::set(tx, &access, None, &set)).await {
                    Err(Error::Refused(refusal)) => Some(refusal),
                    other => { other.expect("no fault"); None }
                }
            }
        };
        assert!(!house.agent.can(Permission::OrgManage, None));
        assert_eq!(refused(house.agent.clone(), 5).await, Some(Refusal::Forbidden));
        let wrong = refused(Access::system(house.agency), 0).await;
        assert!(matches!(wrong, Some(Refusal::Invalid(_))), "{wrong:?}");
        assert_eq!(refused(Access::system(house.agency), 5).await, None);
    }
}
