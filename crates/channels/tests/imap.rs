//! The IMAP client against Debian's Dovecot, which `scripts/with-dovecot.sh` starts. Without it
//! these tests say that they were skipped.

#![expect(clippy::unwrap_used, reason = "in a test a broken assumption is the failure")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tanggap_channels::email::imap::{
    self, Batch, Cursor, MailboxConfig, MailboxState, RawMessage, Start,
};
use tanggap_channels::email::login::Login;
use tanggap_channels::email::wire::TlsMode;
use tanggap_channels::reach::Reach;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Longer than anything here takes, short enough to fail in.
const PATIENCE: Duration = Duration::from_secs(30);

struct Dovecot {
    folder: PathBuf,
    plain: u16,
    tls: u16,
}

impl Dovecot {
    fn find() -> Option<Dovecot> {
        let Some(folder) = std::env::var_os("TANGGAP_TEST_DOVECOT").map(PathBuf::from) else {
            println!("skipped: scripts/with-dovecot.sh starts the server for this test");
            return None;
        };
        let ports = std::fs::read_to_string(folder.join("ports")).unwrap();
        let mut ports = ports.split_whitespace().map(|port| port.parse().unwrap());
        Some(Dovecot { plain: ports.next().unwrap(), tls: ports.next().unwrap(), folder })
    }

    /// One test at a time restarts the server under the others, which are other processes.
    fn alone(&self) -> std::fs::File {
        let file = std::fs::File::create(self.folder.join("alone")).unwrap();
        file.lock().unwrap();
        file
    }

    fn config(&self, user: &str) -> MailboxConfig {
        MailboxConfig {
            host: "127.0.0.1".to_owned(),
            port: self.plain,
            reach: Reach::everywhere(),
            tls: TlsMode::None,
            ca_pem: None,
            user: user.to_owned(),
            login: Arc::new(Login::Password("rahasia".to_owned())),
            folder: "INBOX".to_owned(),
            start: Start::All,
            timeout: Duration::from_secs(10),
            idle: Duration::from_secs(600),
        }
    }

    fn authority(&self) -> Option<String> {
        Some(std::fs::read_to_string(self.folder.join("ca.pem")).unwrap())
    }

    /// Puts messages into a user's mailbox as a mail system does.
    fn deliver(&self, user: &str, numbers: std::ops::Range<u32>) {
        let home = self.folder.join("mail").join(user);
        for part in ["tmp", "new", "cur"] {
            std::fs::create_dir_all(home.join(part)).unwrap();
        }
        // Every fifth has been read by another program: that must not matter.
        let place = |number: u32| match number % 5 {
            0 => ("cur", format!("{:010}.M{number}.uji:2,S", 1_700_000_000 + number)),
            _ => ("new", format!("{:010}.M{number}.uji", 1_700_000_000 + number)),
        };
        for number in numbers.clone() {
            let text = format!("Message-ID: <{number}@uji.id>\r\n\r\nisi {number}\r\n");
            std::fs::write(home.join("tmp").join(place(number).1), text).unwrap();
        }
        own(&self.folder, &home);
        for (part, name) in numbers.map(place) {
            std::fs::rename(home.join("tmp").join(&name), home.join(part).join(&name)).unwrap();
        }
    }

    /// Takes away what the server knows of a mailbox, so that it numbers it anew.
    async fn number_anew(&self, user: &str) {
        self.control("kill");
        for entry in std::fs::read_dir(self.folder.join("mail").join(user)).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().to_string_lossy().starts_with("dovecot") {
                std::fs::remove_file(path).unwrap();
            }
        }
        // UIDVALIDITY is a time in seconds.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        self.control("start");
    }

    fn control(&self, verb: &str) {
        assert!(Command::new(self.folder.join("control")).arg(verb).status().unwrap().success());
    }
}

/// Gives files to the user that the server runs as, where the test runs as root.
fn own(folder: &std::path::Path, home: &std::path::Path) {
    let like = format!("--reference={}", folder.join("mail").display());
    let _ = Command::new("chown").arg("-R").arg(like).arg(home).status();
}

/// Runs a mailbox and keeps what it passes.
struct Consumer {
    batches: mpsc::Receiver<Batch>,
    state: watch::Receiver<MailboxState>,
    kept: BTreeMap<(u32, u32), Vec<u8>>,
    twice: usize,
    cursor: Option<Cursor>,
    task: JoinHandle<()>,
}

impl Consumer {
    fn start(config: MailboxConfig, cursor: Option<Cursor>) -> Consumer {
        let (out, batches) = mpsc::channel(1);
        let (tell, state) = watch::channel(MailboxState::default());
        let task = tokio::spawn(imap::run(config, cursor, out, tell));
        Consumer { batches, state, kept: BTreeMap::new(), twice: 0, cursor, task }
    }

    async fn next(&mut self) -> Batch {
        tokio::time::timeout(PATIENCE, self.batches.recv()).await.unwrap().unwrap()
    }

    fn keep(&mut self, batch: Batch) {
        for RawMessage { uid, bytes, cut } in &batch.messages {
            assert!(!cut);
            let key = (batch.cursor.uid_validity, *uid);
            self.twice += usize::from(self.kept.insert(key, bytes.clone()).is_some());
        }
        self.cursor = Some(batch.cursor);
        batch.durable();
    }

    async fn keep_until(&mut self, count: usize) {
        while self.kept.len() < count {
            let batch = self.next().await;
            self.keep(batch);
        }
        assert_eq!((self.kept.len(), self.twice), (count, 0));
    }

    async fn until(&mut self, wanted: impl Fn(&MailboxState) -> bool) -> MailboxState {
        let waiting = self.state.wait_for(|state| wanted(state));
        tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap().clone()
    }

    /// Nothing comes although the server is asked again.
    async fn nothing_more(&mut self) {
        self.until(|state| *state == MailboxState::Waiting).await;
        assert!(self.batches.try_recv().is_err());
    }

    fn ids(&self) -> Vec<String> {
        let first =
            |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).lines().next().map(str::to_owned);
        self.kept.values().filter_map(first).collect()
    }
}

#[tokio::test]
async fn each_message_once_through_crashes() {
    let Some(server) = Dovecot::find() else { return };
    let _alone = server.alone();
    server.deliver("crash", 0..230);
    let mut inbox = Consumer::start(server.config("crash"), None);
    let first = inbox.next().await;
    assert!(first.messages.len() <= 50);
    // Not kept: it comes again.
    drop(first);
    inbox.keep_until(100).await;
    // The server dies in the middle of the import.
    server.control("kill");
    server.control("start");
    inbox.keep_until(230).await;
    inbox.nothing_more().await;
    // New mail is told by the server, also behind a crash while nothing happens.
    server.deliver("crash", 230..233);
    inbox.keep_until(233).await;
    server.control("kill");
    server.deliver("crash", 233..240);
    server.control("start");
    inbox.keep_until(240).await;
    inbox.nothing_more().await;
    let mut ids = inbox.ids();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 240);
    // The node goes down: another one goes on where the first was.
    let cursor = inbox.cursor;
    drop(inbox.batches);
    tokio::time::timeout(PATIENCE, inbox.task).await.unwrap().unwrap();
    server.deliver("crash", 240..242);
    let mut second = Consumer::start(server.config("crash"), cursor);
    second.keep_until(2).await;
    second.nothing_more().await;
}

#[tokio::test]
async fn a_mailbox_that_was_made_anew_is_read_anew() {
    let Some(server) = Dovecot::find() else { return };
    let _alone = server.alone();
    server.deliver("baru", 0..3);
    let mut inbox = Consumer::start(server.config("baru"), None);
    inbox.keep_until(3).await;
    let before = inbox.cursor.unwrap();
    server.number_anew("baru").await;
    inbox.keep_until(6).await;
    let after = inbox.cursor.unwrap();
    assert_ne!(before.uid_validity, after.uid_validity);
    let mut ids = inbox.ids();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3, "the consumer tells by Message-ID that it has them");
}

#[tokio::test]
async fn what_was_old_stays_old_when_the_mailbox_is_numbered_anew() {
    let Some(server) = Dovecot::find() else { return };
    let _alone = server.alone();
    server.deliver("pindah", 0..3);
    // The server tells dates to the second.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let mark = server.folder.join("since");
    std::fs::write(&mark, "").unwrap();
    let now = std::fs::metadata(&mark).unwrap().modified().unwrap();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    let since = i64::try_from(now.as_secs()).unwrap();
    let config = MailboxConfig { start: Start::New { since }, ..server.config("pindah") };
    let mut inbox = Consumer::start(config, None);
    inbox.until(|state| *state == MailboxState::Waiting).await;
    server.deliver("pindah", 3..5);
    inbox.keep_until(2).await;
    let before = inbox.cursor.unwrap();
    assert_eq!(before.dated_below, 0);
    server.number_anew("pindah").await;
    server.deliver("pindah", 5..6);
    inbox.keep_until(5).await;
    let after = inbox.cursor.unwrap();
    assert_ne!(before.uid_validity, after.uid_validity);
    let mut ids = inbox.ids();
    ids.sort();
    ids.dedup();
    let new: Vec<String> = (3..6).map(|n| format!("Message-ID: <{n}@uji.id>")).collect();
    assert_eq!(ids, new, "what lay there before is left there");
}

#[tokio::test]
async fn listening_is_renewed_and_old_mail_may_stay_out() {
    let Some(server) = Dovecot::find() else { return };
    let _alone = server.alone();
    server.deliver("lama", 0..3);
    let config = MailboxConfig {
        start: Start::New { since: 0 },
        idle: Duration::from_millis(200),
        ..server.config("lama")
    };
    let mut inbox = Consumer::start(config, None);
    inbox.until(|state| *state == MailboxState::Waiting).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    server.deliver("lama", 3..5);
    inbox.keep_until(2).await;
    assert_eq!(inbox.ids(), ["Message-ID: <3@uji.id>", "Message-ID: <4@uji.id>"]);
}

#[tokio::test]
async fn tls_tokens_and_refusals() {
    let Some(server) = Dovecot::find() else { return };
    let _alone = server.alone();
    let token = std::fs::read_to_string(server.folder.join("token")).unwrap();
    for (tls, port) in [(TlsMode::StartTls, server.plain), (TlsMode::Tls, server.tls)] {
        let config = MailboxConfig {
            tls,
            port,
            ca_pem: server.authority(),
            login: Arc::new(Login::Token(token.clone())),
            ..server.config("siti")
        };
        let mut inbox = Consumer::start(config.clone(), None);
        inbox.nothing_more().await;
        // A server that nobody vouches for is not talked to.
        let mut strange = Consumer::start(MailboxConfig { ca_pem: None, ..config.clone() }, None);
        let state = strange.until(|state| matches!(state, MailboxState::Failing { .. })).await;
        assert!(format!("{state:?}").contains("TLS"), "{state:?}");
        let wrong = Arc::new(Login::Token(token.clone() + "x"));
        let mut refused = Consumer::start(MailboxConfig { login: wrong, ..config }, None);
        refused.until(|state| matches!(state, MailboxState::Refused { .. })).await;
    }
    let wrong = Arc::new(Login::Password("salah".to_owned()));
    let config = MailboxConfig { login: wrong, ..server.config("budi") };
    let mut refused = Consumer::start(config, None);
    refused.until(|state| matches!(state, MailboxState::Refused { .. })).await;
}

#[tokio::test]
async fn many_messages_come_quickly_and_idle_mailboxes_cost_little() {
    let Some(server) = Dovecot::find() else { return };
    let _alone = server.alone();
    server.deliver("banyak", 0..2_000);
    let begun = Instant::now();
    let mut inbox = Consumer::start(server.config("banyak"), None);
    inbox.keep_until(2_000).await;
    let rate = 2_000.0 / begun.elapsed().as_secs_f64();
    println!("import: {rate:.0} messages a second");
    // Unoptimised and beside other tests; optimised it is many times as much.
    assert!(rate > 100.0, "{rate}");

    let before = resident_mb();
    let mut idle = Vec::new();
    for number in 0..60 {
        let config = MailboxConfig {
            tls: TlsMode::Tls,
            port: server.tls,
            ca_pem: server.authority(),
            ..server.config(&format!("diam{number}"))
        };
        let mut inbox = Consumer::start(config, None);
        inbox.until(|state| *state == MailboxState::Waiting).await;
        idle.push(inbox);
    }
    let each = (resident_mb() - before) / idle.len() as f64;
    println!("an idle mailbox in TLS: {each:.3} MB; 300 of them: {:.0} MB", each * 300.0);
    assert!(each * 300.0 < 100.0, "{each} MB each");
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
