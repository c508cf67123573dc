//! The store's promises, on both engines.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tanggap_kernel::{
    Access, Actor, AgencyId, Error, Event, Fault, Refusal, Subject, Timestamp, params,
};
use tanggap_store::jobs::{self, Runner};
use tanggap_store::{Db, Sql, Tx, audit};
use tanggap_testkit::engines;

const AGENCY: AgencyId = AgencyId(7);

static ADD_LEASE: Sql =
    Sql::new("ADD", "insert into leases (name, holder, until) values ($1, $2, 0)", None, None);
static ADD_MARK: Sql = Sql::new(
    "MARK",
    "insert into installation (name, value) values ($1, $2) on conflict (name) do update set
        value = excluded.value",
    None,
    None,
);
static MARK: Sql = Sql::new("MARKED", "select value from installation where name = $1", None, None);
static HOLDER: Sql = Sql::new("HOLDER", "select holder from leases where name = $1", None, None);
static TAKE: Sql = Sql::new("TAKE", "update leases set holder = $2 where name = $1", None, None);

fn holder(tx: &mut Tx<'_>, name: &str) -> Result<Option<String>, Fault> {
    tx.opt(&HOLDER, params![name], |row| row.text())
}

fn announce(tx: &mut Tx<'_>, n: i64) {
    let subject = Subject { kind: "thing", id: n };
    let event = Event::new(AGENCY, "thing.made", subject, Actor::System)
        .with(serde_json::json!({ "n": n }))
        .with_private(serde_json::json!({ "name": format!("Warga {n}") }));
    tx.announce(event);
}

async fn write_some(db: &Db, count: i64) {
    let writes = (0..count).map(|n| {
        let db = db.clone();
        tokio_spawn(async move {
            db.write(move |tx| {
                announce(tx, n);
                if n % 5 == 4 { Err(Refusal::Stale.into()) } else { Ok(()) }
            })
            .await
        })
    });
    let mut refused = 0;
    for write in writes.collect::<Vec<_>>() {
        match write.await.expect("no panic") {
            Ok(()) => {}
            Err(Error::Refused(Refusal::Stale)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(refused, count / 5);
}

fn tokio_spawn<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(future)
}

async fn sealed(db: &Db, events: i64) -> audit::Report {
    for _ in 0..100 {
        let report = audit::verify(db, vec![], &[]).await.expect("a report");
        if report.events >= events {
            return report;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the events were not sealed");
}

engines! {
    async fn every_committed_event_is_chained_and_no_refused_one(kit) {
        write_some(&kit.db, 200).await;
        let report = sealed(&kit.db, 160).await;
        assert_eq!(report.events, 160);
        assert!(report.broken.is_empty(), "{:?}", report.broken);
    }

    async fn editing_deleting_and_cutting_the_log_are_found(kit) {
        write_some(&kit.db, 50).await;
        sealed(&kit.db, 40).await;
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let heads = audit::heads(&kit.db, &key).await.expect("heads");
        assert_eq!(heads.len(), 1);
        assert_eq!(heads[0].seq, 40);
        assert!(heads[0].is_signed_by(&key.verifying_key()));
        let other = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
        let forged = audit::heads(&kit.db, &other).await.expect("heads");
        assert!(!forged[0].is_signed_by(&key.verifying_key()));
        let moved = audit::Head { seq: 39, ..heads[0].clone() };
        assert!(!moved.is_signed_by(&key.verifying_key()));
        let broken_after = async |script: &'static str| {
            kit.db.write(move |tx| Ok(tx.script(script)?)).await.expect("the forger's hand");
            let report = audit::verify(&kit.db, heads.clone(), &[]).await.expect("a report");
            report.broken.first().map(|b| (b.seq, b.why))
        };
        assert_eq!(broken_after("select 1").await, None);
        assert_eq!(
            broken_after("update event_private set body = 'x' where event_id =
                (select id from events where seq = 31)").await,
            Some((31, "its personal data was changed"))
        );
        assert_eq!(
            broken_after("update events set body = '{}' where seq = 21").await,
            Some((21, "it was changed"))
        );
        assert_eq!(
            broken_after("delete from events where seq = 11").await,
            Some((11, "an event is missing"))
        );
        let cut = "delete from events where seq >= 5;
            update chain_heads set seq = 4, hash = (select hash from events where seq = 4)";
        assert_eq!(broken_after(cut).await, Some((40, "the log ends before an exported head")));
    }

    async fn erasing_personal_data_leaves_the_chain_whole(kit) {
        write_some(&kit.db, 10).await;
        sealed(&kit.db, 8).await;
        kit.db.write(|tx| Ok(tx.script("delete from event_private")?)).await.expect("erased");
        let report = audit::verify(&kit.db, vec![], &[]).await.expect("a report");
        assert!(report.broken.is_empty());
    }

    async fn subscribers_hear_each_event_once_and_in_order(kit) {
        let mut heard = kit.db.subscribe();
        write_some(&kit.db, 20).await;
        for seq in 1..=16 {
            let wait = std::time::Duration::from_secs(10);
            let next = tokio::time::timeout(wait, heard.recv()).await;
            assert_eq!(next.expect("in time").expect("not lagging").seq, seq);
        }
    }

    async fn a_panic_rolls_back_only_itself(kit) {
        let boom = kit.db.write(|tx| {
            announce(tx, 1);
            assert!(tx.now() == Timestamp::from_micros(0), "boom");
            Ok(())
        });
        let fine = kit.db.write(|tx| {
            announce(tx, 2);
            Ok(())
        });
        let (boom, fine) = tokio::join!(boom, fine);
        assert!(matches!(boom, Err(Error::Fault(_))));
        fine.expect("written");
        assert_eq!(sealed(&kit.db, 1).await.events, 1);
    }

    async fn a_job_runs_once_when_it_is_due_and_a_failing_one_is_tried_again(kit) {
        let access = Access::system(AGENCY);
        let at = kit.clock.now().plus(Timestamp::HOUR);
        kit.db.write(move |tx| {
            tx.schedule(access.agency_id, "greet", "a", at, "{}")?;
            tx.schedule(access.agency_id, "greet", "b", at, "{}")?;
            tx.unschedule("greet", "b")?;
            Ok(tx.schedule(access.agency_id, "break", "c", at, "{}")?)
        }).await.expect("planned");
        let runner = Runner::new(kit.db.clone())
            .on("greet", |tx, job| {
                announce(tx, i64::try_from(job.key.len()).expect("small"));
                Ok(())
            })
            .on("break", |_, _| Err(Fault::new("always").into()));
        assert_eq!(runner.run_due().await.expect("ran"), 0);
        kit.clock.set(at);
        assert_eq!(runner.run_due().await.expect("ran"), 2);
        assert_eq!(runner.run_due().await.expect("ran"), 0);
        for _ in 0..jobs::ATTEMPTS_MAX {
            kit.clock.set(kit.clock.now().plus(2 * Timestamp::HOUR));
            runner.run_due().await.expect("ran");
        }
        assert_eq!(sealed(&kit.db, 1).await.events, 1);
        let dead = kit.db.read(|tx| Ok(jobs::dead(tx, AGENCY, 10)?)).await.expect("listed");
        assert_eq!(dead.len(), 1);
        assert!(dead[0].last_error.as_deref().is_some_and(|e| e.contains("always")));
        let counts = kit.db.read(|tx| Ok(jobs::counts(tx, AGENCY)?)).await.expect("counted");
        let told: Vec<_> = counts.iter().map(|c| (&*c.kind, c.count, c.next_at, c.dead)).collect();
        assert_eq!(told, [("break", 1, None, 1)]);
    }

    async fn jobs_are_counted_by_kind_and_not_beyond_reason(kit) {
        let at = kit.clock.now();
        let many = usize::try_from(jobs::COUNTED_MAX).expect("small") + 20;
        kit.db.write(move |tx| {
            for n in 0..many {
                tx.schedule(AGENCY, "many", &n.to_string(), at.plus(n as i64), "{}")?;
            }
            tx.schedule(AGENCY, "few", "a", jobs::PARKED, "{}")?;
            tx.schedule(AGENCY, "few", "b", at.plus(Timestamp::DAY), "{}")?;
            tx.schedule(AGENCY, "parked", "a", jobs::PARKED, "{}")?;
            Ok(tx.schedule(AgencyId(99), "foreign", "a", at.plus(Timestamp::DAY), "{}")?)
        }).await.expect("planned");
        let counts = kit.db.read(|tx| Ok(jobs::counts(tx, AGENCY)?)).await.expect("counted");
        let told: Vec<_> = counts.iter().map(|c| (&*c.kind, c.count, c.next_at, c.dead)).collect();
        assert_eq!(told, [
            ("few", 2, Some(at.plus(Timestamp::DAY)), 0),
            ("many", jobs::COUNTED_MAX, Some(at), 0),
            ("parked", 1, None, 0),
        ]);
        let released = kit.db.write(|tx| Ok(jobs::release(tx, "parked", 10)?)).await;
        assert_eq!(released.expect("released"), 1);
        let runner = Runner::new(kit.db.clone()).on("many", |_, _| Ok(())).on("parked", |_, _| {
            Ok(())
        });
        assert_eq!(runner.run_due().await.expect("ran"), 2);
    }

    async fn a_job_that_talks_to_a_peer_is_claimed_by_one_runner_only(kit) {
        let at = kit.clock.now();
        kit.db.write(move |tx| {
            for n in 0..40 {
                tx.schedule(AGENCY, "send", &n.to_string(), at, "{}")?;
            }
            Ok(())
        }).await.expect("planned");
        let sent = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&sent);
        let runner = Runner::new(kit.db.clone()).on_peer("send", Arc::new(move |db, job| {
            let count = Arc::clone(&count);
            Box::pin(async move {
                count.fetch_add(1, Ordering::AcqRel);
                db.write(move |tx| jobs::finish(tx, &job)).await
            })
        }));
        let (a, b) = tokio::join!(runner.run_due(), runner.run_due());
        assert_eq!(a.expect("ran") + b.expect("ran"), 40);
        assert_eq!(sent.load(Ordering::Acquire), 40);
    }

    async fn a_failed_statement_that_is_passed_over_commits_nothing(kit) {
        let written = kit.db.write(|tx| {
            announce(tx, 1);
            let _ = tx.script("insert into no_such_table values (1)");
            assert!(tx.script("select 1").is_err(), "nothing more runs");
            Ok(())
        }).await;
        assert!(matches!(written, Err(Error::Fault(_))), "{written:?}");
        kit.db.write(|tx| {
            announce(tx, 2);
            Ok(())
        }).await.expect("the next one is written");
        assert_eq!(sealed(&kit.db, 1).await.events, 1);
    }

    async fn a_read_cannot_announce(kit) {
        let read = kit.db.read(|tx| {
            announce(tx, 1);
            Ok(())
        }).await;
        assert!(matches!(read, Err(Error::Fault(_))), "{read:?}");
    }

    async fn each_process_has_a_node_number_and_gives_it_back(kit) {
        let held = async || {
            let text = "select count(*) from leases where name like 'node:%' and until > $1";
            let now = kit.clock.now().plus(Timestamp::SECOND);
            kit.db.read(move |tx| {
                Ok(tx.ad_hoc(text, tanggap_kernel::params![now], |row| row.int::<i64>())?[0])
            }).await.expect("counted")
        };
        assert_eq!(held().await, 1);
        let open = || Db::open(kit.engine.clone(), kit.clock.clone(), false);
        let (a, b) = tokio::join!(open(), open());
        let (a, b) = (a.expect("open"), b.expect("open"));
        assert_eq!(held().await, 3);
        a.close().await.expect("closed");
        assert_eq!(held().await, 2);
        drop(b);
        assert_eq!(held().await, 1);
    }

    async fn what_was_begun_before_closing_is_kept(kit) {
        let db = Db::open(kit.engine.clone(), kit.clock.clone(), false).await.expect("open");
        let begun: Vec<_> = (0..50).map(|n| {
            let db = db.clone();
            tokio_spawn(async move {
                db.write(move |tx| {
                    announce(tx, n);
                    Ok(())
                }).await
            })
        }).collect();
        db.close().await.expect("closed");
        for write in begun {
            write.await.expect("no panic").expect("written");
        }
        assert_eq!(sealed(&kit.db, 50).await.events, 50);
    }

    async fn a_lease_from_a_clock_that_ran_ahead_does_not_hold_a_job_up(kit) {
        let at = kit.clock.now();
        kit.db.write(move |tx| Ok(tx.schedule(AGENCY, "send", "a", at, "{}")?)).await.expect("set");
        let runner = Runner::new(kit.db.clone()).on_peer("send", Arc::new(|_, _| {
            Box::pin(async { Ok(()) })
        }));
        // Claimed by a node whose clock is a day ahead, which then goes away.
        kit.clock.set(at.plus(Timestamp::DAY));
        assert_eq!(runner.run_due().await.expect("ran"), 1);
        assert_eq!(runner.run_due().await.expect("ran"), 0);
        kit.clock.set(at);
        assert_eq!(runner.run_due().await.expect("ran"), 1);
    }

    async fn what_was_asked_ahead_is_as_true_as_what_is_asked(kit) {
        let told = kit.db.write(|tx| {
            tx.put(&ADD_LEASE, params!["a", "one"])?;
            tx.put(&ADD_LEASE, params!["b", "two"])?;
            tx.ahead(&HOLDER, params!["a"])?;
            tx.ahead(&HOLDER, params!["b"])?;
            let before = [holder(tx, "b")?, holder(tx, "a")?, holder(tx, "a")?];
            tx.ahead(&HOLDER, params!["a"])?;
            tx.put(&TAKE, params!["a", "three"])?;
            Ok((before, holder(tx, "a")?))
        });
        let (before, after) = told.await.expect("written");
        assert_eq!(before, [Some("two".to_owned()), Some("one".to_owned()), Some("one".to_owned())]);
        assert_eq!(after.as_deref(), Some("three"));
    }

    async fn rows_put_down_are_kept_all_or_not_at_all(kit) {
        let put = async |names: &'static [&'static str]| {
            kit.db.write(move |tx| {
                for name in names {
                    tx.put(&ADD_LEASE, params![*name, "x"])?;
                }
                announce(tx, 1);
                Ok(())
            }).await
        };
        put(&["a"]).await.expect("written");
        assert!(matches!(put(&["b", "a", "c"]).await, Err(Error::Fault(_))));
        for (name, there) in [("a", true), ("b", false), ("c", false)] {
            let found = kit.db.read(move |tx| Ok(holder(tx, name)?)).await.expect("read");
            assert_eq!(found.is_some(), there, "{name}");
        }
        // The connection goes on, and nothing of the failed one was announced.
        put(&["d"]).await.expect("written");
        assert_eq!(sealed(&kit.db, 2).await.events, 2);
    }

    async fn who_fails_in_a_group_takes_nobody_along_and_leaves_nothing(kit) {
        // Keeps the writer busy, so that the others come in groups.
        #[expect(clippy::disallowed_methods, reason = "a closure that holds the writer's thread")]
        let slow = kit.db.write(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            Ok(())
        });
        let many = (0..60).map(|n| {
            let db = kit.db.clone();
            tokio_spawn(async move {
                db.write(move |tx| {
                    tx.put(&ADD_LEASE, params![format!("g{n}"), "x"])?;
                    announce(tx, n);
                    match n % 6 {
                        3 => Err(Refusal::Stale.into()),
                        4 => Err(Fault::new("broken on the way").into()),
                        5 => Ok(tx.put(&ADD_LEASE, params!["taken by itself", n.to_string()])?),
                        _ => Ok(()),
                    }
                })
                .await
            })
        });
        let many = many.collect::<Vec<_>>();
        slow.await.expect("it only waited");
        let mut took = 0;
        for (n, write) in many.into_iter().enumerate() {
            let outcome = write.await.expect("no panic");
            let there = match n % 6 {
                3 | 4 => false,
                // One of them has the name, and the others fail at it.
                5 => outcome.is_ok(),
                _ => true,
            };
            took += i64::from(n % 6 == 5 && there);
            assert_eq!(outcome.is_ok(), there, "{n}");
            let name = format!("g{n}");
            let found = kit.db.read(move |tx| Ok(holder(tx, &name)?)).await.expect("read");
            assert_eq!(found.is_some(), there, "{n}");
        }
        assert_eq!(took, 1);
        let report = sealed(&kit.db, 31).await;
        assert_eq!(report.events, 31);
        assert!(report.broken.is_empty());
    }

    async fn rows_put_down_together_are_those_that_were_given(kit) {
        for count in [0, 1, 3, 8, 21] {
            let named = move |n: i64| format!("many-{count}-{n}");
            kit.db.write(move |tx| {
                let rows: Vec<_> =
                    (0..count).map(|n| params![named(n), n.to_string()].to_vec()).collect();
                Ok(tx.put_all(&ADD_LEASE, &rows)?)
            }).await.expect("written");
            for n in 0..=count {
                let found = kit.db.read(move |tx| Ok(holder(tx, &named(n))?)).await.expect("read");
                assert_eq!(found, (n < count).then(|| n.to_string()), "{count}, {n}");
            }
        }
    }

    async fn what_is_put_into_several_tables_stands_in_the_order_in_which_it_was_said(kit) {
        let marks = |value: u8| -> Vec<_> {
            (0..3).map(|n| params![format!("mark-{n}"), vec![value]].to_vec()).collect()
        };
        kit.db.write(move |tx| {
            tx.put(&ADD_LEASE, params!["first", "a"])?;
            tx.put_all(&ADD_MARK, &marks(1))?;
            tx.put(&TAKE, params!["first", "b"])?;
            tx.put(&ADD_MARK, params!["mark-1", vec![2]])?;
            tx.put(&ADD_LEASE, params!["second", "c"])?;
            tx.put(&ADD_MARK, params!["mark-2", vec![3]])?;
            announce(tx, 1);
            Ok(())
        }).await.expect("written");
        let read = async || {
            kit.db.read(|tx| {
                let marks = (0..3)
                    .map(|n| tx.one(&MARK, params![format!("mark-{n}")], |row| row.bytes()))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok((holder(tx, "first")?, holder(tx, "second")?, marks.concat()))
            }).await.expect("read")
        };
        let stands = (Some("b".to_owned()), Some("c".to_owned()), vec![1, 2, 3]);
        assert_eq!(read().await, stands);
        // Where one of them fails, nothing of it stays, and the connection goes on.
        for _ in 0..20 {
            let failed = kit.db.write(move |tx| {
                tx.put_all(&ADD_MARK, &marks(9))?;
                tx.put(&ADD_LEASE, params!["second", "d"])?;
                announce(tx, 2);
                Ok(())
            }).await;
            assert!(matches!(failed, Err(Error::Fault(_))), "{failed:?}");
        }
        assert_eq!(read().await, stands);
        assert_eq!(sealed(&kit.db, 1).await.events, 1);
    }

    async fn what_is_kept_follows_every_change_of_settings(kit) {
        let kept = |tx: &mut Tx<'_>| {
            let load = |tx: &mut Tx<'_>| Ok(holder(tx, "a")?);
            Ok((*tx.kept(AGENCY, "holder", 0, load)?).clone())
        };
        assert_eq!(kit.db.read(kept).await.expect("read"), None);
        // Changed behind its back it is still what was kept ...
        let add = |tx: &mut Tx<'_>| Ok(tx.put(&ADD_LEASE, params!["a", "one"])?);
        kit.db.write(add).await.expect("written");
        assert_eq!(kit.db.read(kept).await.expect("read"), None);
        // ... and a change that is announced is seen by all who come after it, and by itself.
        for holder in ["two", "three"] {
            let seen = kit.db.write(move |tx| {
                announce(tx, 1);
                tx.put(&TAKE, params!["a", holder])?;
                kept(tx)
            });
            assert_eq!(seen.await.expect("written").as_deref(), Some(holder));
            assert_eq!(kit.db.read(kept).await.expect("read").as_deref(), Some(holder));
        }
        // One that came to nothing leaves the truth.
        let refused = kit.db.write(move |tx| {
            announce(tx, 1);
            tx.put(&TAKE, params!["a", "nobody"])?;
            kept(tx)?;
            Err::<(), _>(Refusal::Stale.into())
        });
        refused.await.expect_err("refused");
        assert_eq!(kit.db.read(kept).await.expect("read").as_deref(), Some("three"));
    }
}
