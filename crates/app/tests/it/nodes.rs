//! The bad days of a real process: killed in the middle, asked to go, out of disk.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value as Json;
use tanggap_kernel::{Clock, params};
use tanggap_store::{Db, Engine};
use tanggap_testkit::{TestDb, block_on};

use crate::kit::{Client, Node, must, run};

const CLIENTS: usize = 8;
const ACKNOWLEDGED_MIN: usize = 10_000;

fn report(subject: &str) -> String {
    format!(
        r#"{{"kind":"complaint","subject":"{subject}","description":"Lampu padam sejak Senin."}}"#
    )
}

fn token(data: &Path, more: &[&str]) -> String {
    let mut args = vec!["admin", "token", "--scope", "cases:read,cases:write"];
    args.extend_from_slice(more);
    must(data, &args)
}

/// Reports until the connection breaks; keeps the subject and code of each that was acknowledged.
fn report_until_it_breaks(
    mut client: Client,
    token: &str,
    name: usize,
    count: &AtomicUsize,
    kept: &Mutex<Vec<(String, String)>>,
) {
    for n in 0.. {
        let subject = format!("Laporan {name}-{n}");
        let answer = client.post_json("/api/v1/cases", token, &report(&subject));
        let Some((status, body)) = answer else { return };
        assert_eq!(status, 201, "{body}");
        let body: Json = serde_json::from_str(&body).expect("JSON");
        let code = body["code"].as_str().expect("a code").to_owned();
        kept.lock().expect("no panic").push((code, subject));
        count.fetch_add(1, Ordering::AcqRel);
    }
}

/// Kills a node while clients report, and returns what was acknowledged.
fn kill_in_the_middle(data: &Path, more: &[&str]) -> Vec<(String, String)> {
    let token = token(data, more);
    let mut node = Node::start(data, more);
    let (count, kept) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|name| {
            let (client, token) = (node.connect(), token.clone());
            let (count, kept) = (Arc::clone(&count), Arc::clone(&kept));
            std::thread::spawn(move || report_until_it_breaks(client, &token, name, &count, &kept))
        })
        .collect();
    while count.load(Ordering::Acquire) < ACKNOWLEDGED_MIN {
        assert!(clients.iter().any(|client| !client.is_finished()), "all clients ended");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    node.signal("KILL");
    node.ended_within(Duration::from_secs(10));
    for client in clients {
        client.join().expect("no panic");
    }
    std::mem::take(&mut *kept.lock().expect("no panic"))
}

fn check_after_kill(data: &Path, engine: Engine, more: &[&str], kept: &[(String, String)]) {
    {
        // A node that starts again mends what there is to mend.
        let node = Node::start(data, more);
        let (code, _) = &kept[kept.len() - 1];
        let (status, _) = node
            .connect()
            .get(&format!("/api/v1/cases/{code}"), &token(data, more))
            .expect("an answer");
        assert_eq!(status, 200);
    }
    let rows: Vec<(String, String)> = block_on(async move {
        let db = Db::open(engine, Clock::System, false).await.expect("open");
        let text = "select code, subject from cases";
        let all = db
            .read(move |tx| Ok(tx.ad_hoc(text, params![], |row| Ok((row.text()?, row.text()?)))?));
        all.await.expect("read")
    });
    let subjects: BTreeSet<&String> = rows.iter().map(|(_, subject)| subject).collect();
    assert_eq!(subjects.len(), rows.len(), "a report is there twice");
    let there: BTreeSet<&(String, String)> = rows.iter().collect();
    let lost: Vec<_> = kept.iter().filter(|case| !there.contains(case)).collect();
    assert!(lost.is_empty(), "{} acknowledged cases are gone: {lost:?}", lost.len());
    let unanswered = rows.len() - kept.len();
    assert!(unanswered <= CLIENTS, "{unanswered} cases that nobody was told of");
    let mut verify = vec!["audit", "verify"];
    verify.extend_from_slice(more);
    assert!(must(data, &verify).starts_with("whole:"));
}

#[test]
fn killed_in_the_middle_it_keeps_what_it_acknowledged_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let kept = kill_in_the_middle(data, &[]);
    let engine = Engine::Sqlite(data.join("tanggap.sqlite3"));
    check_after_kill(data, engine, &[], &kept);
}

#[test]
fn killed_in_the_middle_it_keeps_what_it_acknowledged_on_postgres() {
    let Some(kit) = block_on(TestDb::postgres()) else { return };
    let Engine::Postgres(url) = kit.engine.clone() else { return };
    let more = ["--database", url.as_str()];
    let kept = kill_in_the_middle(kit.folder.path(), &more);
    check_after_kill(kit.folder.path(), kit.engine.clone(), &more, &kept);
}

#[test]
fn asked_to_go_it_answers_what_it_took_and_ends_streams() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let token = token(data, &[]);
    let mut node = Node::start(data, &[]);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let count = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..4)
        .map(|name| {
            let (client, token) = (node.connect(), token.clone());
            let (count, kept) = (Arc::clone(&count), Arc::clone(&kept));
            std::thread::spawn(move || report_until_it_breaks(client, &token, name, &count, &kept))
        })
        .collect();
    while count.load(Ordering::Acquire) < 50 {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    node.signal("TERM");
    let status = node.ended_within(Duration::from_secs(20));
    assert!(status.success(), "{status}");
    for client in clients {
        client.join().expect("no panic");
    }
    let kept = kept.lock().expect("no panic").clone();
    let engine = Engine::Sqlite(data.join("tanggap.sqlite3"));
    check_after_kill(data, engine, &[], &kept);
}

#[test]
fn while_postgres_is_gone_requests_wait_or_fail_and_nothing_is_half_done() {
    let Some(kit) = block_on(TestDb::postgres()) else { return };
    let Engine::Postgres(url) = kit.engine.clone() else { return };
    let data = kit.folder.path();
    let token = token(data, &["--database", &url]);
    let way = Way::to(&url);
    let node = Node::start(data, &["--database", &way.url]);
    let count = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..4)
        .map(|name| {
            let (mut client, token) = (node.connect(), token.clone());
            let (count, cut) = (Arc::clone(&count), Arc::clone(&way.cut));
            std::thread::spawn(move || {
                let (mut kept, mut refused, mut after) = (Vec::new(), 0, 0);
                for n in 0.. {
                    let subject = format!("Laporan {name}-{n}");
                    let answer = client.post_json("/api/v1/cases", &token, &report(&subject));
                    let (status, body) = answer.expect("an answer");
                    if status == 201 {
                        let body: Json = serde_json::from_str(&body).expect("JSON");
                        kept.push((body["code"].as_str().expect("a code").to_owned(), subject));
                        count.fetch_add(1, Ordering::AcqRel);
                        after += usize::from(cut.load(Ordering::Acquire) == OPEN_AGAIN);
                    } else {
                        assert_eq!(status, 503, "{body}");
                        refused += 1;
                    }
                    if after == 20 {
                        break;
                    }
                }
                (kept, refused)
            })
        })
        .collect();
    while count.load(Ordering::Acquire) < 100 {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    way.cut.store(CUT, Ordering::Release);
    std::thread::park_timeout(Duration::from_secs(30));
    way.cut.store(OPEN_AGAIN, Ordering::Release);
    let (mut kept, mut refused) = (Vec::new(), 0);
    for client in clients {
        let (codes, no) = client.join().expect("no panic");
        kept.extend(codes);
        refused += no;
    }
    drop(node);
    println!("{} taken, {refused} refused", kept.len());
    check_after_kill(data, kit.engine.clone(), &["--database", &url], &kept);
}

const CUT: usize = 1;
const OPEN_AGAIN: usize = 2;

/// A way to PostgreSQL that can be cut.
struct Way {
    url: String,
    cut: Arc<AtomicUsize>,
}

impl Way {
    fn to(url: &str) -> Self {
        let (start, rest) = url.split_once("127.0.0.1:").expect("a local database");
        let (port, rest) = rest.split_once('/').expect("a database's name");
        let there = format!("127.0.0.1:{port}");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let here = listener.local_addr().expect("bound").port();
        let cut = Arc::new(AtomicUsize::new(0));
        let of_thread = Arc::clone(&cut);
        std::thread::spawn(move || {
            for one in listener.incoming().flatten() {
                if of_thread.load(Ordering::Acquire) != CUT {
                    let other = TcpStream::connect(&there).expect("the database");
                    carry(one.try_clone().expect("a twin"), other.try_clone().expect("a twin"));
                    carry(other.try_clone().expect("a twin"), one.try_clone().expect("a twin"));
                    watch(one, other, Arc::clone(&of_thread));
                }
            }
        });
        Self { url: format!("{start}127.0.0.1:{here}/{rest}"), cut }
    }
}

/// Copies one direction until either end closes, then closes both.
fn carry(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}

/// Breaks a connection when the way is cut.
fn watch(one: TcpStream, other: TcpStream, cut: Arc<AtomicUsize>) {
    std::thread::spawn(move || {
        let was = cut.load(Ordering::Acquire);
        while cut.load(Ordering::Acquire) == was {
            std::thread::park_timeout(Duration::from_millis(20));
        }
        let _ = one.shutdown(Shutdown::Both);
        let _ = other.shutdown(Shutdown::Both);
    });
}

#[test]
fn with_a_full_disk_it_refuses_to_write_reads_on_and_recovers() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("penuh");
    if !small(&place, "size=12m") {
        return;
    }
    let _mount = Mount(&place);
    let token = token(&place, &[]);
    let ballast = place.join("beban");
    std::fs::write(&ballast, vec![1; 4 << 20]).expect("written");
    let node = Node::start(&place, &[]);
    let mut client = node.connect();
    let mut codes = Vec::new();
    let refused = (0..20_000).find_map(|n| {
        let text = report(&format!("Nomor {n} {}", "x".repeat(100)));
        let (status, body) = client.post_json("/api/v1/cases", &token, &text).expect("an answer");
        if status == 201 {
            let body: Json = serde_json::from_str(&body).expect("JSON");
            codes.push(body["code"].as_str().expect("a code").to_owned());
            return None;
        }
        Some((status, body))
    });
    let (status, body) = refused.expect("the disk becomes full");
    assert!(matches!(status, 503 | 507), "{status}: {body}");
    assert!(body.contains("status"), "{body}");
    let last = format!("/api/v1/cases/{}", codes[codes.len() - 1]);
    assert_eq!(client.get(&last, &token).expect("an answer").0, 200);
    std::fs::remove_file(&ballast).expect("removed");
    let recovered = (0..50).any(|_| {
        std::thread::park_timeout(Duration::from_millis(200));
        let answer = client.post_json("/api/v1/cases", &token, &report("Sesudah penuh"));
        answer.is_some_and(|(status, _)| status == 201)
    });
    assert!(recovered, "it does not recover");
    assert!(must(&place, &["audit", "verify"]).starts_with("whole:"));
}

/// A small file system of its own; none where it cannot be mounted.
fn small(place: &Path, size: &str) -> bool {
    std::fs::create_dir(place).expect("a folder");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", size, "tmpfs"])
        .arg(place)
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        println!("skipped: a small file system cannot be mounted here");
    }
    mounted
}

/// Takes every byte that is left.
fn fill(place: &Path) {
    let mut ballast = std::fs::File::options()
        .create(true)
        .append(true)
        .open(place.join("beban"))
        .expect("a file");
    while ballast.write_all(&[1; 4096]).is_ok() {}
}

#[test]
fn on_a_full_disk_it_starts_and_can_be_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("penuh");
    if !small(&place, "size=16m") {
        return;
    }
    let _mount = Mount(&place);
    let token = token(&place, &[]);
    let code = {
        let mut node = Node::start(&place, &[]);
        let answer = node.connect().post_json("/api/v1/cases", &token, &report("Sebelum penuh"));
        let body: Json = serde_json::from_str(&answer.expect("an answer").1).expect("JSON");
        node.signal("TERM");
        node.ended_within(Duration::from_secs(30));
        body["code"].as_str().expect("a code").to_owned()
    };
    // No log and no index is there any more, nor room for them.
    fill(&place);
    look_at(&place);
    let mut node = Node::start(&place, &[]);
    let mut client = node.connect();
    fill(&place);
    assert_eq!(client.get(&format!("/api/v1/cases/{code}"), &token).expect("an answer").0, 200);
    let refused = client.post_json("/api/v1/cases", &token, &report("Saat penuh"));
    let (status, body) = refused.expect("an answer");
    assert!(matches!(status, 503 | 507), "{status}: {body}");
    look_at(&place);
    std::fs::remove_file(place.join("beban")).expect("removed");
    let recovered = (0..50).any(|_| {
        std::thread::park_timeout(Duration::from_millis(200));
        let answer = client.post_json("/api/v1/cases", &token, &report("Sesudah penuh"));
        answer.is_some_and(|(status, _)| status == 201)
    });
    assert!(recovered, "it does not recover");
    node.signal("TERM");
    node.ended_within(Duration::from_secs(30));
    assert!(must(&place, &["audit", "verify"]).starts_with("whole:"));
}

/// The record, the doctor's report and a backup to another disk.
fn look_at(place: &Path) {
    assert!(must(place, &["audit", "verify"]).starts_with("whole:"));
    let report = run(place, &["doctor"]);
    let told = String::from_utf8_lossy(&report.stdout).into_owned();
    assert_eq!(report.status.code(), Some(1), "{told}");
    assert!(told.contains("BAD   disk space") && told.contains("ok    record"), "{told}");
    let elsewhere = tempfile::tempdir().expect("a folder");
    must(place, &["backup", &elsewhere.path().join("b.tgz").to_string_lossy()]);
}

struct Mount<'a>(&'a Path);

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        // Lazily: the node is killed only after this.
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn the_commands_of_an_operator_work_on_an_empty_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    must(&data, &["migrate"]);
    let token = token(&data, &[]);
    assert!(token.starts_with("tgp_") && !token.contains('\n'), "{token}");
    let password = folder.path().join("sandi");
    std::fs::write(&password, "sandi yang cukup panjang 42\n").expect("written");
    let password = password.to_string_lossy().into_owned();
    let new = ["admin", "create", "--agency", "Kota Uji", "--email", "a@uji.go.id", "--name", "A"];
    let new: Vec<&str> = new.into_iter().chain(["--password-file", &password]).collect();
    must(&data, &new);
    // The same address again is refused in words.
    let again = run(&data, &new);
    assert!(!again.status.success());
    let heads = must(&data, &["audit", "heads"]);
    assert!(serde_json::from_str::<Vec<Json>>(&heads).is_ok_and(|heads| heads.len() == 2));
    let kept = folder.path().join("heads.json");
    std::fs::write(&kept, heads).expect("written");
    let kept = kept.to_string_lossy().into_owned();
    must(&data, &["audit", "verify", "--heads", &kept]);
    signed_by_others_proves_nothing(&data, &kept);
    must(&data, &["doctor"]);
    block_on(async {
        let engine = Engine::Sqlite(data.join("tanggap.sqlite3"));
        let db = Db::open(engine, Clock::System, false).await.expect("open");
        let forged = "update events set body = '{}' where seq = 2";
        db.write(move |tx| Ok(tx.script(forged)?)).await.expect("the forger's hand");
    });
    let broken = run(&data, &["audit", "verify", "--heads", &kept]);
    assert_eq!(broken.status.code(), Some(1));
    let told = String::from_utf8_lossy(&broken.stdout).into_owned();
    assert!(told.contains("event 2: it was changed"), "{told}");
}

/// Whoever rewrites a log can sign heads too, but not with the installation's key.
fn signed_by_others_proves_nothing(data: &Path, kept: &str) {
    let heads = std::fs::read_to_string(kept).expect("heads");
    let heads: Vec<Json> = serde_json::from_str(&heads).expect("heads");
    let key = heads[0]["key"].as_str().expect("a key").to_owned();
    let elsewhere = tempfile::tempdir().expect("a folder");
    std::fs::copy(data.join("tanggap.sqlite3"), elsewhere.path().join("tanggap.sqlite3"))
        .expect("copied");
    let refused = || {
        let refused = run(elsewhere.path(), &["audit", "verify", "--heads", kept]);
        assert_eq!(refused.status.code(), Some(1));
        String::from_utf8_lossy(&refused.stdout).into_owned()
    };
    let told = refused();
    assert!(told.contains("give --key"), "{told}");
    std::fs::write(elsewhere.path().join("master.key"), "0a".repeat(32)).expect("written");
    let told = refused();
    assert!(told.contains("another key"), "{told}");
    must(elsewhere.path(), &["audit", "verify", "--heads", kept, "--key", &key]);
}
