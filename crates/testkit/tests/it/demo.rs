//! The demo's history is genuine: every state is there, nothing is left without an owner and a
//! clock, the chain holds, and nobody sees a complaint about their own unit.

use std::collections::HashMap;

use tanggap_cases::demo;
use tanggap_cases::model::{Case, Clock, Status};
use tanggap_cases::{queries, rules, store as cases};
use tanggap_kernel::{Access, Locale, Permission, params};
use tanggap_org as org;
use tanggap_store::blobs::Blobs;
use tanggap_store::{Db, Tx, audit};
use tanggap_testkit::engines;
use tanggap_ui::ctx::Secrets;

const SIZE: usize = 240;

async fn load(db: &Db, folder: &std::path::Path) -> demo::Loaded {
    let blobs = Blobs::local(folder).expect("a folder for files");
    let loaded = demo::load_sized(db, &blobs, &Secrets::new([7; 32]), |_| {}, SIZE).await;
    loaded.expect("a loaded demo")
}

fn system(tx: &mut Tx<'_>) -> Access {
    let agencies = org::agencies(tx).expect("agencies");
    assert_eq!(agencies.len(), 1);
    Access::system(agencies[0].id)
}

fn all_cases(tx: &mut Tx<'_>, access: &Access) -> Vec<Case> {
    let ids = tx
        .ad_hoc("select id from cases order by id", params![], |row| row.int())
        .expect("ids of cases");
    ids.into_iter().map(|id| cases::find(tx, access, id).expect("read").expect("there")).collect()
}

async fn every_state_is_there_and_nothing_unowned(db: &Db) {
    db.read(|tx| {
        let access = system(tx);
        let all = all_cases(tx, &access);
        assert!(all.len() >= SIZE - 10, "{} cases", all.len());
        let mut count: HashMap<Status, usize> = HashMap::new();
        for case in &all {
            *count.entry(case.status).or_default() += 1;
            let deadlines = cases::deadlines(tx, &access, case.id)?;
            let runs = deadlines.iter().any(|d| d.state.is_active());
            assert_eq!(runs, case.status.is_open(), "{case:?} {deadlines:?}");
            let paused = deadlines.iter().any(|d| d.state == Clock::Paused);
            assert!(!paused || case.status == Status::Incomplete);
            if matches!(case.status, Status::Forwarded | Status::InProgress) {
                assert!(case.unit_id.is_some());
            }
            assert!(case.received_at <= case.updated_at && case.updated_at <= tx.now());
        }
        for status in Status::ALL {
            assert!(count.contains_key(&status), "none is {}", status.as_str());
        }
        assert!(all.iter().any(|case| case.escalation > 0 && case.returns >= 3));
        assert!(all.iter().any(|case| case.objected_at.is_some() && case.status.is_open()));
        assert!(all.is_sorted_by_key(|case| case.received_at), "ids do not follow time");
        Ok(())
    })
    .await
    .expect("read");
}

async fn officers_of_a_reported_unit_see_none_of_it(db: &Db) {
    db.read(|tx| {
        let access = system(tx);
        let of_units = |case: &Case| case.reported_unit_id.is_some();
        let reported: Vec<Case> = all_cases(tx, &access).into_iter().filter(of_units).collect();
        assert!(!reported.is_empty());
        let wanted = org::People { limit: 100, ..org::People::default() };
        let people = org::people(tx, &access, &wanted)?.rows;
        assert_eq!(people.len(), 44);
        for (user, _) in people {
            let theirs = org::access_of(tx, access.agency_id, &user)?;
            let about = |case: &&Case| case.reported_unit_id == user.unit_id;
            assert!(reported.iter().filter(about).all(|case| !rules::may_see(case, &theirs)));
            if theirs.can_somewhere(Permission::CaseRead) {
                let (all, newest) = (queries::Filter::default(), queries::Order::Newest);
                let page = queries::list(tx, &theirs, &all, newest, None, 500)?;
                assert!(page.rows.iter().all(|case| rules::may_see(case, &theirs)));
            }
        }
        Ok(())
    })
    .await
    .expect("read");
}

async fn the_log_is_chained(db: &Db) {
    let mut report = audit::verify(db, vec![], &tanggap_cases::VOUCHED).await.expect("a report");
    for _ in 0..200 {
        if report.unsealed == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        report = audit::verify(db, vec![], &tanggap_cases::VOUCHED).await.expect("a report");
    }
    assert!(report.broken.is_empty(), "{:?}", report.broken);
    assert!(report.events > 1000, "{} events", report.events);
}

async fn nothing_waits_that_is_over(db: &Db) {
    db.read(|tx| {
        let now = tx.now();
        let due = "select count(*) from jobs where run_at <= $1";
        let due = tx.ad_hoc(due, params![now], |row| row.int::<i64>())?;
        assert_eq!(due, [0]);
        let waiting =
            "select count(*) from outbound where state in ('waiting', 'sending', 'unsure')";
        let waiting = tx.ad_hoc(waiting, params![], |row| row.int::<i64>())?;
        assert_eq!(waiting, [0]);
        Ok(())
    })
    .await
    .expect("read");
}

async fn the_first_people_to_sign_in_as_exist(db: &Db) {
    let hash = db.read(|tx| {
        let access = system(tx);
        for (role, email) in demo::SIGN_INS {
            let user = org::user_by_email(tx, &access, email)?.expect("a member of staff");
            let roles = org::roles_of(tx, &access, user.id)?;
            assert!(roles.iter().any(|grant| grant.role == role), "{email}");
        }
        let account = org::store::account_by_email(tx, demo::SIGN_INS[0].1)?;
        Ok(account.expect("an account").password_hash)
    });
    let hash = hash.await.expect("read");
    let right = org::password::verify(demo::PASSWORD.to_owned(), Some(hash)).await;
    assert!(right.expect("verified"));
}

async fn the_log_tells_in_words_what_it_is_about(db: &Db) {
    let read = db.read(|tx| {
        let text = "select distinct subject_kind from events";
        Ok(tx.ad_hoc(text, params![], |row| row.text())?)
    });
    let kinds: Vec<String> = read.await.expect("read");
    assert!(kinds.len() > 10, "{kinds:?}");
    for kind in kinds {
        let key = format!("org-subject-{kind}");
        assert!(tanggap_ui::i18n::t_opt(Locale::Id, &key).is_some(), "{key}");
    }
}

engines! {
    async fn the_demo_is_a_history_that_could_have_been(kit) {
        let loaded = load(&kit.db, kit.folder.path()).await;
        assert_eq!(loaded.refused, 0);
        every_state_is_there_and_nothing_unowned(&kit.db).await;
        officers_of_a_reported_unit_see_none_of_it(&kit.db).await;
        the_log_is_chained(&kit.db).await;
        the_log_tells_in_words_what_it_is_about(&kit.db).await;
        nothing_waits_that_is_over(&kit.db).await;
        the_first_people_to_sign_in_as_exist(&kit.db).await;
        let blobs = Blobs::local(kit.folder.path()).expect("a folder for files");
        let again = demo::load(&kit.db, &blobs, &Secrets::new([7; 32]), |_| {}).await;
        again.expect("nothing is loaded twice");
    }
}
