//! Backup and restore, across engines.

use std::path::Path;

use tanggap_app::{copy, files, letter};
use tanggap_conversations::{AccountId, inbound};
use tanggap_kernel::{Access, Clock, Timestamp};
use tanggap_store::blobs::Blobs;
use tanggap_store::{Db, audit};
use tanggap_testkit::{TestDb, block_on, engines};
use tanggap_ui::Ctx;

use crate::kit;

const CASES: usize = 25;
const ASIDE: &[u8] = b"From: rusak\r\n\r\n\xff";

/// Some cases with files, made from mails.
async fn some_cases(ctx: &Ctx) {
    let agency = kit::agency(ctx).await;
    for n in 0..CASES {
        let mail = format!(
            "From: Warga {n} <warga{n}@contoh.id>\r\nTo: lapor@contoh.go.id\r\n\
             Subject: Jalan berlubang nomor {n}\r\nMessage-ID: <{n}@contoh.id>\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nLubang ke-{n} di depan pasar.\r\n\
             --b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; \
             filename=catatan{n}.txt\r\n\r\nukuran {n} meter\r\n--b--\r\n"
        );
        letter::take_in(ctx, agency, mail.into_bytes(), letter::Door::default())
            .await
            .expect("taken in");
    }
}

/// A letter that could not be read: only its bytes are kept.
async fn set_aside(ctx: &Ctx) -> String {
    let name = ctx.blobs.put(bytes::Bytes::from_static(ASIDE)).await.expect("kept");
    let raw = name.clone();
    ctx.db
        .write(move |tx| {
            let access = Access::system(tanggap_org::agencies(tx)?[0].id);
            let new = inbound::NewInbound {
                account_id: AccountId(0),
                external_id: "rusak",
                payload: None,
                raw: Some(&raw),
            };
            inbound::set_aside(tx, &access, &new, "rusak")
        })
        .await
        .expect("noted");
    name
}

async fn found_by(ctx: &Ctx, words: &'static str) -> usize {
    let sqlite = ctx.db.engine().is_sqlite();
    ctx.db
        .read(move |tx| {
            let agency = tanggap_org::agencies(tx)?[0].id;
            let access = Access::system(agency);
            Ok(tanggap_conversations::cases_with(tx, &access, words, None, 100, sqlite)?.len())
        })
        .await
        .expect("searched")
}

/// Waits until the events are sealed and checks the chain.
async fn events(ctx: &Ctx) -> i64 {
    for _ in 0..100 {
        let report =
            audit::verify(&ctx.db, vec![], &tanggap_cases::VOUCHED).await.expect("a report");
        assert!(report.broken.is_empty(), "{:?}", report.broken);
        let text = "select count(*) from events";
        let all = ctx.db.read(move |tx| Ok(tx.ad_hoc(text, &[], |row| row.int::<i64>())?[0]));
        if report.events == all.await.expect("counted") {
            return report.events;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the events were not sealed");
}

async fn copy_over(from: TestDb, to: TestDb) {
    let here = kit::ctx(&from);
    some_cases(&here).await;
    let aside = set_aside(&here).await;
    let sealed = events(&here).await;
    let file = from.folder.path().join("cadangan.tgz");
    let written = copy::backup(&here.db, &here.blobs, &file).await.expect("written");
    assert!(written.missing.is_empty());
    assert_eq!(written.files as usize, 2 * CASES + 1);

    let there = kit::ctx(&to);
    let manifest = copy::verify(&file).expect("whole");
    copy::restore(&there, &file, &manifest).await.expect("restored");
    assert_eq!(events(&there).await, sealed);
    assert_eq!(there.blobs.get(&aside).await.expect("a letter"), ASIDE);
    assert_eq!(found_by(&here, "lubang pasar").await, CASES);
    assert_eq!(found_by(&there, "lubang pasar").await, CASES);
    // By the subject, which is not in the message itself.
    assert_eq!(found_by(&there, "nomor 7").await, found_by(&here, "nomor 7").await);
    let again = copy::restore(&there, &file, &manifest).await;
    assert!(again.is_err_and(|error| error.to_string().contains("not empty")));

    let back = from.folder.path().join("kembali.tgz");
    let returned = copy::backup(&there.db, &there.blobs, &back).await.expect("written");
    for (name, rows) in &manifest.tables {
        assert_eq!(returned.tables[name].rows, rows.rows, "{name}");
    }
    assert_eq!(returned.files_sha256, manifest.files_sha256);
    spoil(&file, &manifest, &from.folder.path().join("rusak.tgz"));
}

/// A byte changed anywhere, or an end that is missing, is found before anything is written.
fn spoil(file: &Path, manifest: &copy::Manifest, spoilt: &Path) {
    let told = |manifest: &copy::Manifest| serde_json::to_string(manifest).expect("JSON");
    let whole = std::fs::read(file).expect("a backup");
    for at in (20..whole.len()).step_by(whole.len() / 40 + 1) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        std::fs::write(spoilt, &bytes).expect("written");
        // A compressed text can say the same in two ways; then it is the same.
        let another = copy::verify(spoilt).is_ok_and(|read| told(&read) != told(manifest));
        assert!(!another, "byte {at} of {}", whole.len());
        std::fs::write(spoilt, &whole[..at]).expect("written");
        assert!(copy::verify(spoilt).is_err(), "cut at {at} of {}", whole.len());
    }
}

#[test]
fn a_backup_goes_from_sqlite_to_sqlite() {
    block_on(async { copy_over(TestDb::sqlite().await, TestDb::sqlite().await).await });
}

#[test]
fn a_backup_goes_from_sqlite_to_postgres() {
    block_on(async {
        let Some(postgres) = TestDb::postgres().await else { return };
        copy_over(TestDb::sqlite().await, postgres).await;
    });
}

#[test]
fn a_backup_goes_from_postgres_to_sqlite() {
    block_on(async {
        let Some(postgres) = TestDb::postgres().await else { return };
        copy_over(postgres, TestDb::sqlite().await).await;
    });
}

#[test]
fn a_backup_is_that_of_one_moment_while_cases_come_in() {
    block_on(async {
        let kit = TestDb::sqlite().await;
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        let writer = {
            let ctx = ctx.clone();
            tokio::spawn(async move {
                for n in 0..200 {
                    let mail = format!(
                        "From: w{n}@contoh.id\r\nSubject: Nomor {n}\r\n\
                         Message-ID: <s{n}@contoh.id>\r\n\r\nIsi {n}\r\n"
                    );
                    letter::take_in(&ctx, agency, mail.into_bytes(), letter::Door::default())
                        .await
                        .expect("taken in");
                }
            })
        };
        let file = kit.folder.path().join("cadangan.tgz");
        let mut grown = Vec::new();
        while !writer.is_finished() {
            let manifest = copy::backup(&ctx.db, &ctx.blobs, &file).await.expect("written");
            let rows = |name: &str| manifest.tables[name].rows;
            assert_eq!(rows("cases"), rows("messages"));
            assert_eq!(rows("cases"), manifest.files);
            grown.push(rows("cases"));
        }
        writer.await.expect("written");
        assert!(grown.len() > 1, "{grown:?}");
        let folder = tempfile::tempdir().expect("a folder");
        let engine = tanggap_store::Engine::Sqlite(folder.path().join("t.sqlite3"));
        let db = Db::open(engine, Clock::fixed(Timestamp::from_micros(0)), true).await;
        let blobs = Blobs::local(&folder.path().join("files")).expect("a folder");
        let target = Ctx { db: db.expect("open"), blobs, ..ctx.clone() };
        let manifest = copy::verify(&file).expect("whole");
        copy::restore(&target, &file, &manifest).await.expect("restored");
        let report =
            audit::verify(&target.db, vec![], &tanggap_cases::VOUCHED).await.expect("a report");
        assert!(report.broken.is_empty(), "{:?}", report.broken);
    });
}

engines! {
    async fn files_that_are_gone_or_changed_are_named_and_left_out_of_a_backup(kit) {
        let ctx = kit::ctx(&kit);
        some_cases(&ctx).await;
        set_aside(&ctx).await;
        let looked = files::verify(&ctx.db, &ctx.blobs, |broken| panic!("{broken:?}")).await;
        assert_eq!(looked.expect("looked").looked_at as usize, 2 * CASES + 1);

        let text = "select blob from attachments order by id limit 2";
        let read = ctx.db.read(move |tx| Ok(tx.ad_hoc(text, &[], |row| row.text())?));
        let [gone, changed] = read.await.expect("names").try_into().expect("two");
        let folder = kit.folder.path().join("files");
        let place = |name: &str| folder.join(&name[..2]).join(&name[2..4]).join(name);
        std::fs::remove_file(place(&gone)).expect("removed");
        std::fs::write(place(&changed), "ukuran 1000 meter").expect("written");

        let mut told = Vec::new();
        let looked = files::verify(&ctx.db, &ctx.blobs, |broken| told.push(broken)).await;
        assert_eq!(looked.expect("looked").broken, 2);
        for (name, why) in [(&gone, "missing"), (&changed, "changed")] {
            let broken = told.iter().find(|broken| broken.name == *name).expect("named");
            assert_eq!(broken.named_by, ("attachments", "blob"));
            assert!(broken.why.contains(why), "{broken:?}");
        }
        let file = kit.folder.path().join("cadangan.tgz");
        let written = copy::backup(&ctx.db, &ctx.blobs, &file).await.expect("written");
        assert_eq!((&written.missing, &written.changed), (&vec![gone], &vec![changed]));
        let whole = copy::verify(&file).expect("what is in it can be restored");
        assert_eq!(whole.files as usize, 2 * CASES + 1 - 2);

        // Where a folder is in its way, nothing of it is left.
        let failed = copy::backup(&ctx.db, &ctx.blobs, &folder).await;
        assert!(failed.is_err() && !kit.folder.path().join("files.part").exists());
    }
}
