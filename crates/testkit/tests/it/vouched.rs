//! What was reported, said and sent along stays as it was written, or the audit finds it.

use tanggap_cases::VOUCHED;
use tanggap_cases::rules::Action;
use tanggap_conversations::NewAttachment;
use tanggap_kernel::{Actor, Event, Subject, Timestamp, id, params};
use tanggap_store::audit::{self, Broken};
use tanggap_store::vouch::ERASES;
use tanggap_testkit::{TestDb, engines};

use crate::house::House;

/// What the audit says after the forger's hand was there.
async fn found(kit: &TestDb, forged: &'static str) -> Option<Broken> {
    kit.db.write(move |tx| Ok(tx.script(forged)?)).await.expect("the forger's hand");
    loop {
        let report = audit::verify(&kit.db, vec![], &VOUCHED).await.expect("a report");
        if report.unsealed == 0 && report.uncounted.is_empty() {
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

    async fn nobody_hides_behind_an_erasure(kit) {
        let house = House::build(&kit.db).await;
        a_case_with_words_and_a_file(&house).await;
        kit.clock.set(kit.clock.now().plus(2 * Timestamp::MINUTE));
        assert!(found(&kit, "select 1").await.is_none());
        let agency = house.agency;
        kit.db.write(move |tx| {
            let of = |what: &'static str| move |row: &mut tanggap_store::Row<'_>| {
                Ok(tanggap_store::vouch::name(what, row.int()?))
            };
            let mut names = tx.ad_hoc("select id from messages", params![], of("message"))?;
            names.extend(tx.ad_hoc("select id from cases", params![], of("case"))?);
            names.extend(tx.ad_hoc("select id from attachments", params![], of("attachment"))?);
            let nobody = Subject { kind: "contact", id: 1 };
            let event = Event::new(agency, "contact.rows_erased", nobody, Actor::System);
            tx.announce(event.with(serde_json::json!({ ERASES: names })));
            Ok(())
        }).await.expect("the forger's event");
        let broken = found(&kit, "update messages set body = 'Uang sudah diterima.'").await;
        let why = broken.map(|broken| broken.why);
        assert_eq!(why, Some("a row is there that no event vouches for"));
        // Where nothing is left to be found, what was erased is told all the same.
        let away = "delete from messages; delete from cases; delete from attachments";
        assert!(found(&kit, away).await.is_none());
        let report = audit::verify(&kit.db, vec![], &VOUCHED).await.expect("a report");
        let [erased] = report.erased.as_slice() else { panic!("{:?}", report.erased) };
        assert!(erased.seq.is_some() && erased.names.len() >= 3 && erased.actor == "system");
    }

    async fn rows_of_a_time_to_come_and_of_before_are_told(kit) {
        let house = House::build(&kit.db).await;
        a_case_with_words_and_a_file(&house).await;
        kit.clock.set(kit.clock.now().plus(2 * Timestamp::MINUTE));
        assert!(found(&kit, "select 1").await.is_none());
        let later = id::floor_at(kit.clock.now().plus(400 * Timestamp::DAY));
        for (id, row) in [(later, Some("a message of a time to come")), (1, None)] {
            kit.db.write(move |tx| {
                let forged = format!("insert into messages (agency_id, interaction_id, id, at,
                    direction, actor, body, salt) select agency_id, interaction_id, {id}, at, 'out',
                    actor, 'Kasus ditutup.', salt from messages order by id limit 1");
                Ok(tx.script(&forged)?)
            }).await.expect("the forger's hand");
            let broken = found(&kit, "select 1").await;
            assert_eq!(broken.and_then(|broken| broken.row).as_deref(), row);
            let report = audit::verify(&kit.db, vec![], &VOUCHED).await.expect("a report");
            assert_eq!(report.older, i64::from(row.is_none()));
            let back = "delete from messages where body = 'Kasus ditutup.'";
            assert!(found(&kit, back).await.is_none());
        }
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
