//! The master key as an operator meets it: lost, wrong, put back, or begun anew.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use tanggap_app::key;
use tanggap_conversations::accounts::{self, AccountInput};
use tanggap_kernel::{Access, Clock};
use tanggap_store::{Db, Engine};
use tanggap_testkit::block_on;
use tanggap_ui::ctx::Secrets;

use crate::kit::{must, run, tanggap};

fn refused(data: &Path, args: &[&str]) -> String {
    let output = run(data, args);
    assert!(!output.status.success(), "{args:?}");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn passes(data: &Path, args: &[&str]) -> String {
    let output = run(data, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn open(data: &Path) -> Db {
    let engine = Engine::Sqlite(data.join("tanggap.sqlite3"));
    Db::open(engine, Clock::System, false).await.expect("open")
}

/// An agency with an account whose token is sealed.
fn installation(data: &Path) {
    must(data, &["admin", "token", "--scope", "cases:read"]);
    let secrets = Secrets::new(key::find(data).expect("read").expect("a key"));
    block_on(async {
        let db = open(data).await;
        db.write(move |tx| {
            let agency = tanggap_org::agencies(tx)?[0].id;
            let input = AccountInput {
                channel: "telegram",
                name: "Bot Kota".into(),
                address: "bot_kota".into(),
                settings: "{}".into(),
                secrets: tanggap_app::account::seal(&secrets, agency, &"rahasia")?,
                active: true,
            };
            accounts::create(tx, &Access::system(agency), &input)
        })
        .await
        .expect("an account");
    });
}

#[test]
fn a_lost_master_key_is_asked_for_and_never_replaced_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, kept) = (folder.path().join("data"), folder.path().join("kunci"));
    installation(&data);
    let place = data.join(key::FILE);
    std::fs::rename(&place, &kept).expect("moved");
    for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"]] {
        let told = refused(&data, args);
        assert!(told.contains("is missing") && told.contains("admin new-key"), "{told}");
        assert!(!place.exists(), "a key was made");
    }
    let told = refused(&data, &["doctor"]);
    assert!(told.contains("BAD   sealed secrets: the master key of this"), "{told}");
    std::fs::write(&place, "0b".repeat(32)).expect("written");
    let told = refused(&data, &["migrate"]);
    assert!(told.contains("is not that of this database"), "{told}");
    std::fs::copy(&kept, &place).expect("put back");
    must(&data, &["migrate"]);
    assert!(passes(&data, &["admin", "new-key"]).contains("nothing to do"));
    // A database of the version before has noted no mark of its key.
    block_on(async {
        let forget = "delete from installation";
        open(&data).await.write(move |tx| Ok(tx.script(forget)?)).await.expect("forgotten");
    });
    std::fs::remove_file(&place).expect("lost");
    assert!(refused(&data, &["migrate"]).contains("is missing"));
}

#[test]
fn who_begins_anew_is_told_what_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    installation(&data);
    std::fs::remove_file(data.join(key::FILE)).expect("lost");
    let told = refused(&data, &["admin", "new-key"]);
    assert!(told.contains("Bot Kota (telegram)") && told.contains("--confirm"), "{told}");
    assert!(!data.join(key::FILE).exists());
    assert!(passes(&data, &["admin", "new-key", "--confirm"]).contains("Bot Kota"));
    must(&data, &["migrate"]);
    must(&data, &["audit", "verify"]);
    block_on(async {
        let db = open(&data).await;
        let account = db.read(|tx| {
            let agency = tanggap_org::agencies(tx)?[0].id;
            Ok(accounts::all(tx, &Access::system(agency))?.remove(0))
        });
        let account = account.await.expect("the account");
        assert!(account.secrets.is_empty() && !account.active);
    });
}

#[test]
fn a_backup_is_restored_with_its_key_into_what_is_empty() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, there) = (folder.path().join("data"), folder.path().join("sana"));
    installation(&data);
    let file = folder.path().join("b.tgz").to_string_lossy().into_owned();
    must(&data, &["backup", &file]);
    let told = refused(&there, &["restore", &file]);
    assert!(told.contains("--new-key"), "{told}");
    assert!(!there.join(key::FILE).exists() && !there.join("tanggap.sqlite3").exists());
    std::fs::create_dir_all(there.join("files")).expect("a folder");
    std::fs::copy(data.join(key::FILE), there.join(key::FILE)).expect("copied");
    let left = there.join("files").join("f".repeat(64));
    std::fs::write(&left, "sisa").expect("written");
    let told = refused(&there, &["restore", &file]);
    assert!(told.contains("there are files already"), "{told}");
    assert!(left.exists(), "what was there is nobody's to remove");
    std::fs::remove_file(&left).expect("removed");
    must(&there, &["restore", &file]);
    must(&there, &["migrate"]);
    let without = folder.path().join("tanpa");
    let told = passes(&without, &["restore", &file, "--new-key"]);
    assert!(told.contains("Bot Kota"), "{told}");
    must(&without, &["migrate"]);
}

#[test]
fn who_stops_reading_makes_no_command_fail() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    installation(&data);
    for args in [&["doctor"][..], &["audit", "heads"], &["audit", "verify"]] {
        let mut child = tanggap(&data, args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command runs");
        drop(child.stdout.take());
        let mut told = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut told).expect("text");
        let status = child.wait().expect("ended");
        assert!(!told.contains("panicked"), "{args:?}: {told}");
        assert!(status.code().is_some_and(|code| code <= 1), "{args:?}: {status}: {told}");
    }
}
