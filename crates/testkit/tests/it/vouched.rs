//! What was reported, said and sent along stays as it was written, or the audit finds it.

use tanggap_cases::VOUCHED;
use tanggap_cases::rules::Action;
use tanggap_conversations::NewAttachment;
use tanggap_kernel::{Timestamp, params};
use tanggap_store::audit::{self, Broken};
use tanggap_testkit::{TestDb, engines};

use crate::house::House;

/// What the audit says after the forger's hand was there.
async fn found(kit: &TestDb, forged: &'static str) -> Option<Broken> {
    kit.db.write(move |tx| Ok(tx.script(forged)?)).await.expect("the forger's hand");
    loop {
        let report = audit::verify(&kit.db, vec![], &VOUCHED).await.expect("a report");
        if report.unsealed == 0 {
            return report.broken.into_iter().next();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Forges, looks what is found, and puts things back as they were.
async fn told(kit: &TestDb, forged: &'static str, back: &'static str) -> (String, String) {
    let broken = found(kit, forged).await.unwrap_or_else(|| panic!("not found: {forged}"));
    assert!(found(kit, back).await.is_none(), "{back}");
    let row = broken.row.unwrap_or_default();
    (row.split(' ').next().unwrap_or_default().to_owned(), broken.why.to_owned())
}

async fn a_case_with_words_and_a_file(house: &House) {
    let blob = "b".repeat(64);
    let opened = house
        .report(|report| {
            report.attachments = vec![NewAttachment {
                name: "lubang.jpg".into(),
                media_type: "image/jpeg".into(),
                size: 12,
                blob,
                thumbnail: None,
                scan: tanggap_conversations::Scan::Unscanned,
            }];
        })
        .await;
    house.act(&house.agent, opened.case.id, Action::Verify).await.expect("verified");
}

engines! {
    async fn words_that_were_changed_taken_away_or_slipped_in_are_found(kit) {
        let house = House::build(&kit.db).await;
        a_case_with_words_and_a_file(&house).await;
        // What is younger than a minute may still be on the way to the log.
        kit.clock.set(kit.clock.now().plus(2 * Timestamp::MINUTE));
        assert!(found(&kit, "select 1").await.is_none());

        let changed = "what was written was changed".to_owned();
        let gone = "what was written is gone".to_owned();
        let subject = told(&kit, "update cases set subject = subject || '!'",
            "update cases set subject = substr(subject, 1, length(subject) - 1)").await;
        assert_eq!(subject, ("case".to_owned(), changed.clone()));
        let body = told(&kit, "update messages set body = body || '!'",
            "update messages set body = substr(body, 1, length(body) - 1)").await;
        assert_eq!(body, ("message".to_owned(), changed.clone()));
        let speaker = told(&kit, "update messages set direction = 'internal'
            where direction = 'in'",
            "update messages set direction = 'in' where direction = 'internal'").await;
        assert_eq!(speaker, ("message".to_owned(), changed.clone()));
        let file = told(&kit, "update attachments set blob = 'c' || substr(blob, 2)",
            "update attachments set blob = 'b' || substr(blob, 2)").await;
        assert_eq!(file, ("attachment".to_owned(), changed));
        let away = told(&kit, "update messages set id = id + 1",
            "update messages set id = id - 1").await;
        assert_eq!(away, ("message".to_owned(), gone));
        let stray = told(&kit, "insert into messages (agency_id, interaction_id, id, at, direction,
            actor, body, salt) select agency_id, interaction_id, id + 1, at, 'out', actor,
            'Kasus ditutup.', salt from messages",
            "delete from messages where body = 'Kasus ditutup.'").await;
        assert_eq!(stray, ("a".to_owned(), "a row is there that no event vouches for".to_owned()));
    }

    async fn a_row_of_words_needs_an_event(kit) {
        let house = House::build(&kit.db).await;
        let agency = house.agency;
        let alone = kit.db.write(move |tx| Ok(tx.vouch(agency, "message", 1, params!["?"])?)).await;
        assert!(alone.is_err(), "written without an event");
    }

    async fn what_came_before_the_log_vouched_for_it_is_let_be(kit) {
        let house = House::build(&kit.db).await;
        let old = "insert into messages (agency_id, interaction_id, id, at, direction, actor, body)
            select max(agency_id), 1, 1, 1, 'in', 'citizen', 'Dari dulu' from users";
        assert!(found(&kit, old).await.is_none());
        a_case_with_words_and_a_file(&house).await;
        kit.clock.set(kit.clock.now().plus(2 * Timestamp::MINUTE));
        assert!(found(&kit, "select 1").await.is_none());
    }
}
