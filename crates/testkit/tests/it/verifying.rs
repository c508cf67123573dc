//! The three working days of SP4N-LAPOR! for verifying a report last until it is forwarded; a case
//! that began under the first version of a law profile keeps that one.

use tanggap_cases::model::{CaseDeadline, CaseId, Clock};
use tanggap_cases::rules::Action;
use tanggap_kernel::{Timestamp, params};
use tanggap_store::sql;
use tanggap_testkit::engines;

use crate::cases::{deadlines, run_jobs};
use crate::house::House;

sql! {
    EARLIER = "update cases set profile_version = 1 where agency_id = $1 and id = $2";
}

async fn verifying(house: &House, id: CaseId) -> CaseDeadline {
    let clocks = deadlines(house, id).await;
    clocks.into_iter().find(|d| d.policy == "SP4N_VERIFY").expect("a clock")
}

engines! {
    async fn a_report_that_is_only_checked_is_not_yet_where_it_belongs(kit) {
        let house = House::build(&kit.db).await;
        let received = kit.clock.now();
        let (prompt, slow) =
            (house.report(|_| {}).await.case.id, house.report(|_| {}).await.case.id);
        for id in [prompt, slow] {
            let checked = house.act(&house.agent, id, Action::Verify).await.expect("verified");
            assert_eq!(checked.due.expect("still owed").policy, "SP4N_VERIFY");
            assert_eq!(verifying(&house, id).await.state, Clock::Running);
        }
        house.act(&house.agent, prompt, House::forward(house.roads)).await.expect("forwarded");
        let met = verifying(&house, prompt).await;
        assert_eq!((met.state, met.ended_at), (Clock::Met, Some(received)));

        kit.clock.set(received.plus(7 * Timestamp::DAY));
        run_jobs(&kit).await;
        assert_eq!(verifying(&house, slow).await.warned, 100, "checked, and warned of all the same");
        house.act(&house.agent, slow, House::forward(house.roads)).await.expect("forwarded");
        assert_eq!(verifying(&house, slow).await.state, Clock::Late);
        let reason = "Bukan bidang kami.".to_owned();
        house.act(&house.roads_officer, prompt, Action::Return { reason }).await.expect("back");
        assert_eq!(verifying(&house, prompt).await.state, Clock::Met, "met once");
    }

    async fn it_stands_still_while_the_reporter_completes_and_ends_with_every_lawful_end(kit) {
        let house = House::build(&kit.db).await;
        let id = house.report(|_| {}).await.case.id;
        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        let due = verifying(&house, id).await.due_at;
        let question = "Di mana?".to_owned();
        house.act(&house.agent, id, Action::AskCompletion { question }).await.expect("asked");
        assert_eq!(verifying(&house, id).await.state, Clock::Paused);
        kit.clock.set(kit.clock.now().plus(7 * Timestamp::DAY));
        run_jobs(&kit).await;
        let text = "Jalan Melati.".to_owned();
        house.act(&house.citizen(), id, Action::Complete { text }).await.expect("completed");
        let again = verifying(&house, id).await;
        assert_eq!((again.state, again.warned), (Clock::Running, 0));
        assert_eq!(again.due_at, due.plus(7 * Timestamp::DAY), "as many working days later");

        let reason = String::from("Sudah selesai.");
        for (action, state) in [
            (Action::Answer { text: "Sudah kami tambal.".into() }, Clock::Met),
            (Action::Refer { target: "PLN".into(), text: String::new() }, Clock::Cancelled),
            (Action::Archive { reason: reason.clone() }, Clock::Cancelled),
            (Action::Withdraw { reason }, Clock::Cancelled),
        ] {
            let id = house.report(|_| {}).await.case.id;
            house.act(&house.agent, id, Action::Verify).await.expect("verified");
            let by = match action {
                Action::Withdraw { .. } => house.citizen(),
                _ => house.agent.clone(),
            };
            house.act(&by, id, action.clone()).await.expect("ended");
            assert_eq!(verifying(&house, id).await.state, state, "{action:?}");
        }
    }

    async fn a_case_of_the_first_version_was_verified_when_it_was_checked(kit) {
        let house = House::build(&kit.db).await;
        let opened = house.report(|_| {}).await.case;
        assert_eq!(opened.profile, ("complaint".to_owned(), 2));
        let (agency, id) = (house.agency, opened.id);
        kit.db.write(move |tx| Ok(tx.exec(&EARLIER, params![agency, id])?)).await.expect("earlier");
        house.act(&house.agent, id, Action::Verify).await.expect("verified");
        assert_eq!(verifying(&house, id).await.state, Clock::Met);
    }
}
