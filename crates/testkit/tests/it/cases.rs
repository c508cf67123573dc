//! A case's whole life, on both engines: the story, the law's dates, who sees what, and random
//! histories against the invariants.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tanggap_cases::model::{Case, CaseId, Clock, Status};
use tanggap_cases::queries::{self, Filter, Order};
use tanggap_cases::rules::Action;
use tanggap_cases::{actions, jobs, store};
use tanggap_contacts::NewContact;
use tanggap_conversations::outbound;
use tanggap_kernel::{Access, Error, Refusal, Timestamp};
use tanggap_store::jobs::Runner;
use tanggap_testkit::{TestDb, engines};

use crate::house::House;

fn answer() -> Action {
    Action::Answer { text: "Lubang sudah ditambal pada 15 Oktober 2026.".into() }
}

pub fn due(deadlines: &[tanggap_cases::model::CaseDeadline], policy: &str) -> String {
    let found = deadlines.iter().find(|d| d.policy == policy);
    found.map(|d| d.due_date.clone()).unwrap_or_default()
}

pub async fn deadlines(house: &House, id: CaseId) -> Vec<tanggap_cases::model::CaseDeadline> {
    let access = Access::system(house.agency);
    house.db.read(move |tx| Ok(store::deadlines(tx, &access, id)?)).await.expect("deadlines")
}

pub async fn run_jobs(kit: &TestDb) {
    let runner = jobs::register(Runner::new(kit.db.clone()));
    while runner.run_due().await.expect("jobs") > 0 {}
}

fn refused(result: tanggap_kernel::Result<Case>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

engines! {
    async fn a_report_is_followed_up_returned_answered_reopened_and_closed(kit) {
        let house = House::build(&kit.db).await;
        let id = house.report(|_| {}).await.case.id;
        let step = async |access: &Access, action| house.act(access, id, action).await;
        let agent = &house.agent;
        assert_eq!(step(agent, Action::Verify).await.expect("verified").status, Status::Verified);
        step(agent, House::forward(house.health)).await.expect("forwarded");
        let reason = "Jalan ini kewenangan PUPR.".to_owned();
        let returned = step(&house.health_officer, Action::Return { reason }).await;
        assert_eq!(returned.expect("returned").unit_id, None);
        let clocks = deadlines(&house, id).await;
        let first = clocks.iter().rfind(|d| d.policy == "SP4N_FIRST_ACTION").expect("there");
        assert_eq!(first.state, Clock::Cancelled, "who sends it back keeps no promise");
        let forwarded = step(agent, House::forward(house.roads)).await.expect("forwarded");
        assert_eq!((forwarded.status, forwarded.returns), (Status::Forwarded, 1));
        step(&house.roads_officer, Action::Accept).await.expect("accepted");
        step(&house.roads_officer, answer()).await.expect("answered");
        let reason = "Masih berlubang.".to_owned();
        let again = step(&house.citizen(), Action::Reopen { reason }).await.expect("reopened");
        assert_eq!((again.status, again.unit_id), (Status::InProgress, Some(house.roads)));
        step(&house.roads_officer, answer()).await.expect("answered");
        let closed = step(&house.citizen(), Action::Confirm).await.expect("closed");
        assert_eq!((closed.status, closed.due), (Status::Closed, None));
        let rated = Action::Rate { rating: 5, comment: "Terima kasih".into() };
        assert_eq!(step(&house.citizen(), rated).await.expect("rated").rating, Some(5));
        assert!(deadlines(&house, id).await.iter().all(|d| !d.state.is_active()));
    }

    /// ../shared: cases/deadlines.md, "Clocks on one complaint received Fri 13 Mar 2026".
    async fn one_complaint_runs_on_all_its_legal_clocks(kit) {
        // 13 March 2026, 09.00 WIB.
        kit.clock.set(Timestamp::from_micros(1_773_367_200_000_000));
        let house = House::build(&kit.db).await;
        let opened = house.report(|_| {}).await;
        let begun = &opened.deadlines;
        assert_eq!(due(begun, "SP4N_VERIFY"), "2026-03-25");
        assert_eq!(due(begun, "YANLIK_ACK"), "2026-03-27");
        assert_eq!(due(begun, "SP4N_TBP"), "2026-04-10");
        assert_eq!(opened.case.due.expect("a deadline").policy, "SP4N_VERIFY");
        let id = opened.case.id;
        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        // 25 March 2026, 10.00 WIB.
        kit.clock.set(Timestamp::from_micros(1_774_407_600_000_000));
        house.act(&house.agent, id, House::forward(house.roads)).await.expect("forwarded");
        assert_eq!(due(&deadlines(&house, id).await, "SP4N_FIRST_ACTION"), "2026-04-01");
    }

    /// D23: paused Wed 8 Jul until Mon 13 Jul 2026, due Fri 24 Jul becomes Wed 29 Jul.
    async fn asking_for_completion_stops_the_clock(kit) {
        let day = |day: i64, hour: i64| {
            // 1 July 2026, 00.00 WIB.
            let july = 1_782_838_800_000_000;
            Timestamp::from_micros(july + (day - 1) * Timestamp::DAY + hour * Timestamp::HOUR)
        };
        kit.clock.set(day(6, 9));
        let house = House::build(&kit.db).await;
        let opened = house.report(|_| {}).await;
        assert_eq!(due(&opened.deadlines, "SP4N_TBP"), "2026-07-24");
        kit.clock.set(day(8, 9));
        let question = "Mohon sebutkan nama jalannya.".to_owned();
        let asked =
            house.act(&house.agent, opened.case.id, Action::AskCompletion { question }).await;
        assert_eq!(asked.expect("asked").status, Status::Incomplete);
        let paused = deadlines(&house, opened.case.id).await;
        assert!(paused.iter().any(|d| d.policy == "SP4N_TBP" && d.state == Clock::Paused));
        kit.clock.set(day(13, 10));
        let text = "Jalan Melati.".to_owned();
        let citizen = house.citizen();
        house.act(&citizen, opened.case.id, Action::Complete { text }).await.expect("completed");
        assert_eq!(due(&deadlines(&house, opened.case.id).await, "SP4N_TBP"), "2026-07-29");
    }

    async fn an_incomplete_report_lapses_and_silence_after_the_answer_closes(kit) {
        let house = House::build(&kit.db).await;
        let lapsing = house.report(|_| {}).await.case.id;
        let closing = house.report(|_| {}).await.case.id;
        let question = "Di mana?".to_owned();
        house.act(&house.agent, lapsing, Action::AskCompletion { question }).await.expect("asked");
        house.act(&house.agent, closing, Action::Verify).await.expect("verified");
        house.act(&house.agent, closing, answer()).await.expect("answered");
        kit.clock.set(kit.clock.now().plus(33 * Timestamp::DAY));
        run_jobs(&kit).await;
        let access = Access::system(house.agency);
        let (lapsed, closed) = kit.db.read(move |tx| {
            Ok((store::find(tx, &access, lapsing)?, store::find(tx, &access, closing)?))
        }).await.expect("both");
        assert_eq!(lapsed.expect("kept").status, Status::Withdrawn);
        let clocks = deadlines(&house, lapsing).await;
        let ours = |d: &&tanggap_cases::model::CaseDeadline| d.policy.starts_with("SP4N_");
        let states: Vec<_> = clocks.iter().filter(ours).map(|d| d.state).collect();
        assert_eq!(states, [Clock::Cancelled; 2], "the reporter's silence makes nobody late");
        assert_eq!(closed.expect("kept").status, Status::Closed);
    }

    async fn a_late_case_is_warned_of_and_escalated(kit) {
        let house = House::build(&kit.db).await;
        let id = house.report(|_| {}).await.case.id;
        kit.clock.set(kit.clock.now().plus(10 * Timestamp::DAY));
        run_jobs(&kit).await;
        let supervisor = house.supervisor.clone();
        let now = kit.clock.now();
        let overdue = Filter { due_before: Some(now), ..Filter::default() };
        let (page, queues) = kit.db.read(move |tx| {
            let page = queries::list(tx, &supervisor, &overdue, Order::Due, None, 50)?;
            Ok((page, queries::queues(tx, &supervisor)?))
        }).await.expect("listed");
        assert_eq!(page.rows.len(), 1);
        assert_eq!((queues.overdue, queues.escalated, queues.open()), (1, 1, 1));
        assert_eq!((page.rows[0].id, page.rows[0].escalation), (id, 2));
    }

    async fn a_complaint_about_a_unit_is_hidden_from_it(kit) {
        let house = House::build(&kit.db).await;
        let roads = house.roads;
        let id = house.report(|report| report.reported_unit = Some(roads)).await.case.id;
        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        let back = house.act(&house.agent, id, House::forward(roads)).await;
        assert_eq!(refused(back), Refusal::Illegal("case-illegal-reported-unit"));
        house.act(&house.agent, id, House::forward(house.health)).await.expect("forwarded");
        let theirs = house.act(&house.roads_officer, id, Action::Accept).await;
        assert_eq!(refused(theirs), Refusal::NotFound);
        let officer = house.roads_officer.clone();
        let seen = kit.db.read(move |tx| {
            queries::list(tx, &officer, &Filter::default(), Order::Newest, None, 50)
        }).await.expect("listed");
        assert!(seen.rows.is_empty());
    }

    async fn roles_reach_their_own_units_and_agency_only(kit) {
        let house = House::build(&kit.db).await;
        let id = house.report(|_| {}).await.case.id;
        for stranger in [&house.roads_officer, &house.health_officer] {
            assert_eq!(refused(house.act(stranger, id, Action::Verify).await), Refusal::NotFound);
        }
        let inspected = house.act(&house.inspector, id, Action::Verify).await;
        assert_eq!(refused(inspected), Refusal::Forbidden);
        let elsewhere = Access { agency_id: tanggap_kernel::AgencyId(99), ..house.agent.clone() };
        assert_eq!(refused(house.act(&elsewhere, id, Action::Verify).await), Refusal::NotFound);
        assert_eq!(
            refused(house.act(&house.agent, id, Action::AutoClose).await),
            Refusal::Forbidden
        );
    }

    async fn the_second_of_two_who_act_at_once_is_told(kit) {
        let house = House::build(&kit.db).await;
        let id = house.report(|_| {}).await.case.id;
        let agent = house.agent.clone();
        let seen = 1;
        let one = move |action| {
            let (agent, db) = (agent.clone(), house.db.clone());
            async move {
                let wanted =
                    actions::Move { case: id, version: Some(seen), action, attachments: vec![] };
                db.write(move |tx| actions::act(tx, &agent, &wanted)).await
            }
        };
        let reason = "Bukan laporan.".to_owned();
        let (first, second) = tokio::join!(one(Action::Verify), one(Action::Archive { reason }));
        let stale = [first, second].into_iter().filter_map(Result::err).collect::<Vec<_>>();
        assert!(matches!(stale[..], [Error::Refused(Refusal::Stale)]), "{stale:?}");
    }

    async fn a_reporter_with_an_address_gets_a_receipt_and_is_found_again(kit) {
        let house = House::build(&kit.db).await;
        let ana = NewContact {
            name: "Ana".into(),
            email: Some("ana@contoh.example".into()),
            ..NewContact::default()
        };
        let (first, second) = (ana.clone(), ana);
        let one = house.report(move |report| report.reporter = Some(first)).await.case;
        let two = house.report(move |report| report.reporter = Some(second)).await.case;
        assert_eq!(one.contact_id, two.contact_id);
        let access = house.agent.clone();
        let sent = kit.db.read(move |tx| Ok(outbound::of_case(tx, &access, one.id.0)?)).await;
        let sent = sent.expect("listed");
        assert_eq!(sent.len(), 1);
        assert!(sent[0].body.contains(&one.code), "{}", sent[0].body);
    }

    async fn a_strangers_address_is_not_added_to_a_known_person(kit) {
        let house = House::build(&kit.db).await;
        let budi = |email: &str| NewContact {
            name: "Budi".into(),
            phone: Some("+6281234567890".into()),
            email: Some(email.into()).filter(|email: &String| !email.is_empty()),
            ..NewContact::default()
        };
        let (by_phone, stranger, again) = (budi(""), budi("asing@contoh.example"), budi(""));
        let one = house.report(move |report| report.reporter = Some(by_phone)).await.case;
        let two = house.report(move |report| report.reporter = Some(stranger)).await.case;
        assert_ne!(one.contact_id, two.contact_id);
        let three = house.report(move |report| report.reporter = Some(again)).await.case;
        assert_eq!(one.contact_id, three.contact_id);
        let access = house.agent.clone();
        let sent = kit.db.read(move |tx| Ok(outbound::of_case(tx, &access, three.id.0)?)).await;
        assert!(sent.expect("listed").is_empty(), "told a stranger");
    }

    async fn a_complaint_leaves_the_unit_that_it_turns_out_to_be_about(kit) {
        let house = House::build(&kit.db).await;
        let roads = house.roads;
        let id = house.report(|_| {}).await.case.id;
        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        house.act(&house.agent, id, House::forward(roads)).await.expect("forwarded");
        house.act(&house.roads_officer, id, Action::Accept).await.expect("accepted");
        let about = Action::Concern { unit: Some(roads), user: None };
        let by_them = house.act(&house.roads_officer, id, about.clone()).await;
        assert_eq!(refused(by_them), Refusal::Forbidden);
        let case = house.act(&house.agent, id, about).await.expect("noted");
        assert_eq!((case.status, case.unit_id, case.owner_id), (Status::Verified, None, None));
        assert_eq!(case.reported_unit_id, Some(roads));
        let seen = house.act(&house.roads_officer, id, answer()).await;
        assert_eq!(refused(seen), Refusal::NotFound, "it is no longer theirs to see");
        let again = house.act(&house.agent, id, House::forward(roads)).await;
        assert_eq!(refused(again), Refusal::Illegal("case-illegal-reported-unit"));
        // Unnaming them is the supervisor's.
        let nobody = Action::Concern { unit: None, user: None };
        assert_eq!(refused(house.act(&house.agent, id, nobody.clone()).await), Refusal::Forbidden);
        house.act(&house.supervisor, id, nobody).await.expect("corrected");
        promises(&kit, &house, id).await;
    }

    async fn who_reported_anonymously_is_not_shown_to_the_unit_that_answers(kit) {
        let house = House::build(&kit.db).await;
        let ana = NewContact { name: "Ana".into(), ..NewContact::default() };
        let id = house.report(move |report| {
            report.reporter = Some(ana);
            report.anonymous = true;
        }).await.case.id;
        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        house.act(&house.agent, id, House::forward(house.roads)).await.expect("forwarded");
        let look = async |access: &Access| {
            let access = access.clone();
            kit.db.write(move |tx| actions::look_at_identity(tx, &access, id)).await
        };
        assert_eq!(look(&house.agent).await.expect("shown").name, "Ana");
        let unit = look(&house.roads_officer).await;
        assert!(matches!(unit, Err(Error::Refused(Refusal::Forbidden))), "{unit:?}");
    }

    async fn no_part_of_a_reported_unit_handles_the_complaint(kit) {
        let house = House::build(&kit.db).await;
        let (roads, system) = (house.roads, Access::system(house.agency));
        let part = kit.db.write(move |tx| {
            let input = tanggap_org::UnitInput {
                parent_id: Some(roads),
                code: "BINAMARGA".into(),
                name: "Bidang Bina Marga".into(),
                name_en: String::new(),
                phone: String::new(),
                email: String::new(),
                agreed_days: 5,
                calendar_id: None,
                active: true,
            };
            tanggap_org::create_unit(tx, &system, &input)
        }).await.expect("made");
        let id = house.report(|report| report.reported_unit = Some(roads)).await.case.id;
        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        let down = house.act(&house.agent, id, House::forward(part)).await;
        assert_eq!(refused(down), Refusal::Illegal("case-illegal-reported-unit"));
    }

    async fn a_reclassified_case_keeps_what_was_done_in_time(kit) {
        let house = House::build(&kit.db).await;
        let id = house.report(|_| {}).await.case.id;
        let verified_at = kit.clock.now().plus(Timestamp::DAY);
        kit.clock.set(verified_at);
        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        house.act(&house.agent, id, House::forward(house.roads)).await.expect("forwarded");
        kit.clock.set(kit.clock.now().plus(10 * Timestamp::DAY));
        let category = house.category;
        let kind = tanggap_calendar::Kind::SupervisoryComplaint;
        let anew = Action::Reclassify { kind, category };
        house.act(&house.agent, id, anew).await.expect("reclassified");
        let clocks = deadlines(&house, id).await;
        let find = |policy| clocks.iter().rfind(|d| d.policy == policy).expect("there");
        assert_eq!(find("SP4N_VERIFY").state, Clock::Met);
        assert_eq!(find("SP4N_VERIFY").ended_at, Some(verified_at));
        assert_eq!(find("SP4N_FIRST_ACTION").starts_at, verified_at);
        assert_eq!(find("SP4N_FIRST_ACTION").state, Clock::Running);
        assert_eq!(find("SP4N_BP").state, Clock::Running);
        assert_eq!(find("SP4N_TBP").state, Clock::Cancelled);
    }

    async fn a_case_does_not_close_over_an_unanswered_word_of_the_reporter(kit) {
        let house = House::build(&kit.db).await;
        let id = house.report(|_| {}).await.case.id;
        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        house.act(&house.agent, id, answer()).await.expect("answered");
        let citizen = house.citizen();
        kit.db.write(move |tx| {
            let voice = tanggap_cases::rules::Voice::FromCitizen;
            actions::write(tx, &citizen, id, voice, "Kapan diaspal?", &[])
        }).await.expect("written");
        kit.clock.set(kit.clock.now().plus(30 * Timestamp::DAY));
        run_jobs(&kit).await;
        promises(&kit, &house, id).await;
        let access = Access::system(house.agency);
        let case = kit.db.read(move |tx| Ok(store::find(tx, &access, id)?)).await;
        let case = case.expect("read").expect("kept");
        assert_eq!((case.status, case.escalation), (Status::Answered, 2));
    }

    async fn oversized_words_are_refused_and_the_newest_of_many_are_shown(kit) {
        let house = House::build(&kit.db).await;
        let id = house.report(|_| {}).await.case.id;
        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        let long = Action::Answer { text: "a".repeat(20_001) };
        let told = refused(house.act(&house.agent, id, long).await);
        assert!(matches!(told, Refusal::Invalid(_)), "{told:?}");
        let citizen = house.citizen();
        let shown = kit.db.write(move |tx| {
            for n in 0..520 {
                let voice = tanggap_cases::rules::Voice::FromCitizen;
                actions::write(tx, &citizen, id, voice, &format!("Pesan {n}"), &[])?;
            }
            Ok(tanggap_conversations::messages_of_case(tx, &citizen, id.0)?)
        }).await.expect("written");
        assert!(shown[0].body.starts_with("Lubang"), "{}", shown[0].body);
        assert_eq!(shown.last().expect("some").body, "Pesan 519");
    }

    async fn an_officer_pages_through_old_cases_of_their_units(kit) {
        let house = House::build(&kit.db).await;
        let mut ids = Vec::new();
        for n in 0..6 {
            let id = house.report(|_| {}).await.case.id;
            kit.clock.set(kit.clock.now().plus(Timestamp::MINUTE));
            house.act(&house.agent, id, Action::Verify).await.expect("verified");
            let unit = if n % 3 == 0 { house.health } else { house.roads };
            house.act(&house.agent, id, House::forward(unit)).await.expect("forwarded");
            house.act(&house.agent, id, answer()).await.expect("answered");
            house.act(&house.citizen(), id, Action::Confirm).await.expect("closed");
            if n % 3 != 0 {
                ids.insert(0, id);
            }
        }
        for order in [Order::Newest, Order::Closed] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let access = house.roads_officer.clone();
                let page = kit.db.read(move |tx| {
                    queries::list(tx, &access, &Filter::default(), order, after, 3)
                }).await.expect("listed");
                seen.extend(page.rows.iter().map(|case| case.id));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, ids, "{order:?}");
        }
    }

    async fn a_list_of_two_states_is_paged_through_in_one_order(kit) {
        let house = House::build(&kit.db).await;
        let mut ids = Vec::new();
        for n in 0..7 {
            let id = house.report(|_| {}).await.case.id;
            kit.clock.set(kit.clock.now().plus(Timestamp::DAY));
            house.act(&house.agent, id, Action::Verify).await.expect("verified");
            if n == 3 {
                continue;
            }
            let forward = House::forward(house.roads);
            house.act(&house.agent, id, forward).await.expect("forwarded");
            if n % 2 == 0 {
                house.act(&house.roads_officer, id, Action::Accept).await.expect("accepted");
            }
            ids.push(id);
        }
        for access in [&house.supervisor, &house.roads_officer] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let access = access.clone();
                let page = kit.db.read(move |tx| {
                    let states = [Status::Forwarded, Status::InProgress].map(Filter::of_status);
                    queries::list_any(tx, &access, &states, Order::Due, after, 2)
                }).await.expect("listed");
                let due = |case: &Case| case.due.as_ref().map(|due| due.at);
                seen.extend(page.rows.iter().map(|case| (due(case), case.id)));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert!(seen.is_sorted(), "{seen:?}");
            let mut seen: Vec<_> = seen.into_iter().map(|(_, id)| id).collect();
            seen.sort_unstable();
            assert_eq!(seen, ids);
        }
    }

    async fn words_are_found_by_their_stems_and_only_by_those_who_may(kit) {
        let house = House::build(&kit.db).await;
        let id = house.report(|_| {}).await.case.id;
        let sqlite = kit.db.engine().is_sqlite();
        let find = async |access: &Access, query: &'static str| {
            let access = access.clone();
            kit.db.read(move |tx| {
                Ok(queries::search(tx, &access, query, None, 20, sqlite)?.0)
            }).await.expect("searched")
        };
        assert_eq!(find(&house.agent, "berlubang").await.len(), 1);
        assert_eq!(find(&house.agent, "lubang pasar").await[0].id, id);
        assert!(find(&house.agent, "lubang jembatan").await.is_empty());
        assert!(find(&house.roads_officer, "lubang").await.is_empty());
    }

    async fn random_histories_keep_the_promises(kit) {
        let house = House::build(&kit.db).await;
        let mut runner = TestRunner::deterministic();
        for n in 0..30 {
            let steps = proptest::collection::vec((0usize..27, 0i64..6), 1..14);
            let steps = steps.new_tree(&mut runner).expect("steps").current();
            let kind = tanggap_calendar::Kind::ALL[n % tanggap_calendar::Kind::ALL.len()];
            let id = house.report(|report| report.kind = kind).await.case.id;
            for (which, days) in steps {
                kit.clock.set(kit.clock.now().plus(days * Timestamp::DAY + Timestamp::MINUTE));
                run_jobs(&kit).await;
                let (access, action) = pick(&house, which);
                match house.act(&access, id, action).await {
                    Ok(_) | Err(Error::Refused(_)) => {}
                    Err(fault) => panic!("{fault}"),
                }
                promises(&kit, &house, id).await;
            }
        }
    }
}

fn pick(house: &House, which: usize) -> (Access, Action) {
    let reason = || "Alasan yang jelas.".to_owned();
    let (agent, roads, citizen) =
        (house.agent.clone(), house.roads_officer.clone(), house.citizen());
    match which {
        0 => (agent, Action::Verify),
        1 => (agent, Action::AskCompletion { question: reason() }),
        2 => (citizen, Action::Complete { text: reason() }),
        3 => (agent, House::forward(house.roads)),
        4 => (agent, House::forward(house.health)),
        5 => (roads, Action::Accept),
        6 => (roads, Action::Return { reason: reason() }),
        7 => (roads, Action::Progress { text: reason() }),
        8 | 9 => (roads, answer()),
        10 => (citizen, Action::Confirm),
        11 => (citizen, Action::Reopen { reason: reason() }),
        12 => (citizen, Action::Object { reason: reason() }),
        13 => (house.supervisor.clone(), House::forward(house.roads)),
        14 => (agent, Action::Escalate { reason: reason() }),
        15 => (citizen, Action::Rate { rating: 4, comment: String::new() }),
        16 => (citizen, Action::Withdraw { reason: reason() }),
        17 => (agent, Action::Archive { reason: reason() }),
        18 => (agent, Action::Refer { target: reason(), text: reason() }),
        19 => (agent, Action::Conceal { anonymous: true, confidential: true }),
        20 => (house.supervisor.clone(), House::forward(house.health)),
        21 | 22 => {
            let kind = tanggap_calendar::Kind::ALL[which % 2];
            (agent, Action::Reclassify { kind, category: house.category })
        }
        23 => (agent, Action::Settle),
        24 => (agent, Action::Concern { unit: Some(house.health), user: None }),
        25 => (house.supervisor.clone(), Action::Concern { unit: None, user: None }),
        _ => (agent, answer()),
    }
}

/// An open case has a running or lawfully paused deadline; an ended one has none; the newest
/// event tells the state.
async fn promises(kit: &TestDb, house: &House, id: CaseId) {
    let access = Access::system(house.agency);
    let agency = house.agency;
    let (case, clocks, last) = kit
        .db
        .read(move |tx| {
            let case = store::find(tx, &access, id)?.expect("kept");
            let clocks = store::deadlines(tx, &access, id)?;
            let text = "select body from events where agency_id = $1 and subject_id = $2
            and kind like 'case.%' order by id desc limit 1";
            let bound = tanggap_kernel::params![agency, id];
            let last: Vec<String> = tx.ad_hoc(text, bound, |row| row.text())?;
            Ok((case, clocks, last))
        })
        .await
        .expect("read");
    let active = clocks.iter().filter(|d| d.state.is_active()).count();
    assert_eq!(case.status.is_open(), active > 0, "{:?} {clocks:#?}", case.status);
    assert_eq!(case.status.is_open(), case.due.is_some());
    let told: serde_json::Value = serde_json::from_str(&last[0]).expect("json");
    assert_eq!(told["status"], case.status.as_str());
    assert_eq!(told["version"], case.version);
    assert_eq!(told["unit"], serde_json::json!(case.unit_id));
}
