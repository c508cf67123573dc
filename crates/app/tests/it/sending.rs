//! Sending: what is due goes out once, in order of urgency, within the channel's rules; nothing is
//! lost or doubled when a peer or the node itself goes away.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use tanggap_app::work;
use tanggap_app::work::outbound::Dispatcher;
use tanggap_calendar::Zone;
use tanggap_conversations::{NewOutbound, Outbound, Priority, SendState, outbound};
use tanggap_kernel::{Access, AgencyId, Clock, Timestamp, params};
use tanggap_org::NewAgency;
use tanggap_store::{Db, Engine};
use tanggap_testkit::{TestDb, block_on, engines};

use crate::kit::{self, Node};
use crate::smtp::{Manner, Server};

/// How many letters are put into the ledger in one transaction.
const QUEUED_AT_ONCE: usize = 1000;
/// Letters of the run in which the node is killed, where nobody asks for more.
const LETTERS: usize = 3000;
const WINDOW: usize = 16;

/// Queues letters to `count` people, each with a key of its own.
async fn queue_letters(db: &Db, agency: AgencyId, count: usize, priority: Priority) {
    for from in (0..count).step_by(QUEUED_AT_ONCE) {
        let upto = count.min(from + QUEUED_AT_ONCE);
        db.write(move |tx| {
            for n in from..upto {
                let letter = NewOutbound {
                    channel: "email",
                    recipient: &format!("warga{n}@contoh.id"),
                    subject: "Jadwal layanan",
                    body: "Kantor buka pukul delapan.",
                    key: Some(&format!("jadwal:{n}")),
                    priority,
                    ..NewOutbound::default()
                };
                outbound::queue(tx, &Access::system(agency), &letter)?;
            }
            Ok(())
        })
        .await
        .expect("queued");
    }
}

async fn in_state(db: &Db, agency: AgencyId, state: SendState) -> Vec<Outbound> {
    db.read(move |tx| Ok(outbound::waiting(tx, &Access::system(agency), state, None, 100_000)?))
        .await
        .expect("read")
}

async fn figures(db: &Db) -> Vec<(String, i64)> {
    let text = "select state, count(*) from outbound group by state order by state";
    db.read(move |tx| Ok(tx.ad_hoc(text, params![], |row| Ok((row.text()?, row.int()?)))?))
        .await
        .expect("read")
}

fn wait_until(what: &str, max: Duration, mut is: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < max, "{what}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

engines! {
    async fn a_real_server_that_is_slow_throttles_or_goes_away_costs_nothing(kit) {
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        let server = Server::start();
        let gateways = work::gateways(Some(&server.config(4)), &ctx.secrets).expect("a relay");
        let dispatcher = Dispatcher::new(ctx.clone(), gateways);
        let later = async |micros: i64| {
            kit.clock.set(kit.clock.now().plus(micros));
            dispatcher.run_due().await.expect("ran");
        };
        queue_letters(&ctx.db, agency, 12, Priority::Ordinary).await;
        server.behave(Manner::Recipient("450 4.7.1 terlalu cepat"), Duration::ZERO);
        later(0).await;
        server.behave(Manner::Go, Duration::ZERO);
        later(Timestamp::HOUR).await;
        assert_eq!(server.count(), 0);
        server.behave(Manner::Take, Duration::from_millis(30));
        for _ in 0..5 {
            later(2 * Timestamp::HOUR).await;
        }
        assert_eq!(server.ledger().len(), 12);
        assert!(server.ledger().values().all(|times| *times == 1), "{:?}", server.ledger());
        assert!(in_state(&ctx.db, agency, SendState::Waiting).await.is_empty());
        // Taken without an answer: to one person again with the same Message-ID, to many not.
        server.behave(Manner::TakeAndGo, Duration::ZERO);
        let doubtful = ctx.db.write(move |tx| {
            let letter = |priority| NewOutbound {
                channel: "email",
                recipient: "budi@contoh.id",
                priority,
                ..NewOutbound::default()
            };
            let access = Access::system(agency);
            let owed = outbound::queue(tx, &access, &letter(Priority::Owed))?;
            Ok((owed, outbound::queue(tx, &access, &letter(Priority::Bulk))?))
        });
        let (owed, bulk) = doubtful.await.expect("queued");
        later(0).await;
        server.behave(Manner::Take, Duration::ZERO);
        for _ in 0..3 {
            later(Timestamp::HOUR).await;
        }
        let ledger = server.ledger();
        assert_eq!(ledger[&format!("<{owed}@uji.go.id>")], 2);
        assert_eq!(ledger[&format!("<{bulk}@uji.go.id>")], 1);
        let unsure = in_state(&ctx.db, agency, SendState::Unsure).await;
        assert_eq!(unsure.iter().map(|row| row.id).collect::<Vec<_>>(), [bulk]);
        // A refusal of the content is final.
        server.behave(Manner::Answer("554 5.7.1 ditolak"), Duration::ZERO);
        queue_letters(&ctx.db, agency, 13, Priority::Ordinary).await;
        later(0).await;
        let failed = in_state(&ctx.db, agency, SendState::Failed).await;
        assert_eq!(failed.len(), 1);
        assert!(failed[0].error.as_deref().is_some_and(|e| e.contains("ditolak")));
    }
}

/// Kills a node in the middle of a send to very many, twice, and lets a third one end it.
fn killed_in_the_middle(data: &Path, engine: Engine, more: &[&str]) {
    let count = std::env::var("TANGGAP_SEND_COUNT").map_or(LETTERS, |n| n.parse().expect("n"));
    let server = Server::start();
    let config = format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\npool_size = {WINDOW}\n\
         from_address = \"lapor@uji.go.id\"\nhello_name = \"uji.go.id\"\n",
        server.port
    );
    std::fs::write(data.join("tanggap.toml"), config).expect("a configuration");
    std::fs::write(data.join("master.key"), "07".repeat(32)).expect("the key of the test");
    let open = || Db::open(engine.clone(), Clock::System, true);
    let agency = block_on(async {
        let db = open().await.expect("open");
        let new = NewAgency::named("Kota Uji", Zone::Wib);
        let agency = db.write(move |tx| tanggap_org::create_agency(tx, &new)).await;
        let agency = agency.expect("an agency");
        // Asked for twice, as by a form that was sent twice.
        queue_letters(&db, agency, count, Priority::Bulk).await;
        queue_letters(&db, agency, count, Priority::Bulk).await;
        db.close().await.expect("closed");
        agency
    });
    let began = Instant::now();
    for part in [3, 2] {
        let mut node = Node::start(data, more);
        wait_until("letters go out", Duration::from_secs(300), || server.count() >= count / part);
        node.signal("KILL");
        node.ended_within(Duration::from_secs(10));
    }
    let node = Node::start(data, more);
    let enough = || {
        let unsure = 2 * WINDOW;
        server.count() + unsure >= count
    };
    wait_until("the rest goes out", Duration::from_secs(900), enough);
    block_on(async {
        let db = open().await.expect("open");
        let over = async || {
            let left = [SendState::Waiting, SendState::Sending];
            let figures = figures(&db).await;
            !figures.iter().any(|(state, _)| left.iter().any(|l| l.as_str() == state))
        };
        for _ in 0..600 {
            if over().await {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let took = began.elapsed();
        let unsure = in_state(&db, agency, SendState::Unsure).await;
        println!("{count} letters, two kills: {took:?}, {:?}", figures(&db).await);
        let ledger = server.ledger();
        let twice: Vec<_> = ledger.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "sent twice: {twice:?}");
        assert!(unsure.len() <= 2 * WINDOW, "{} unsure", unsure.len());
        // What did not arrive is named as unsure; everything else is there once.
        let all = "select id from outbound order by id";
        let all: Vec<outbound::OutboundId> =
            db.read(move |tx| Ok(tx.ad_hoc(all, params![], |row| row.int())?)).await.expect("read");
        assert_eq!(all.len(), count, "the same key twice is one letter");
        let there = |id: &outbound::OutboundId| ledger.contains_key(&format!("<{id}@uji.go.id>"));
        let missing: BTreeSet<_> = all.iter().filter(|id| !there(id)).map(|id| id.0).collect();
        let doubtful: BTreeSet<_> = unsure.iter().map(|row| row.id.0).collect();
        println!("{} of {} unsure ones had not arrived", missing.len(), doubtful.len());
        assert!(missing.is_subset(&doubtful), "lost: {missing:?}");
        db.close().await.expect("closed");
    });
    drop(node);
}

#[test]
fn a_kill_in_the_middle_repeats_nothing_and_loses_nothing_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Engine::Sqlite(folder.path().join("tanggap.sqlite3"));
    killed_in_the_middle(folder.path(), engine, &[]);
}

#[test]
fn a_kill_in_the_middle_repeats_nothing_and_loses_nothing_on_postgres() {
    let kit = block_on(TestDb::postgres());
    let Some(kit) = kit else { return };
    let Engine::Postgres(url) = kit.engine.clone() else { panic!("PostgreSQL was asked for") };
    let folder = tempfile::tempdir().expect("a folder");
    killed_in_the_middle(folder.path(), kit.engine.clone(), &["--database", &url]);
    drop(kit);
}
