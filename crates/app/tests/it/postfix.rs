//! Mail goes out by Debian's Postfix, which `scripts/with-postfix.sh` starts, and what arrives is
//! read in its reader's mailbox: signed, dressed, with a link that opens its case.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use tanggap_app::account::open;
use tanggap_app::mailbox::{self, Secrets, Settings};

use tanggap_channels::email::imap;
use tanggap_channels::email::login::{Login, Logins};
use tanggap_channels::email::parse::{self, ParsedMail};
use tanggap_channels::email::wire::{OutgoingMail, Relay, RelayConfig, TlsMode};
use tanggap_channels::exchange::NotSent;
use tanggap_channels::reach::Reach;
use tanggap_channels::web::{CALL_WITHIN, Http};
use tanggap_testkit::{TestDb, block_on};

use crate::dovecot::Dovecot;
use crate::kit::{Answer, Node};
use crate::mailbox_account::{Desk, NEW};

const PATIENCE: Duration = Duration::from_secs(60);
const MESSAGES: &str = "select count(*) from messages where direction = 'in'";

struct Postfix {
    starttls: u16,
    tls: u16,
    dovecot: Dovecot,
}

impl Postfix {
    fn find() -> Option<Self> {
        let Some(folder) = std::env::var_os("TANGGAP_TEST_POSTFIX").map(PathBuf::from) else {
            println!("skipped: scripts/with-postfix.sh starts the server for this test");
            return None;
        };
        let ports = std::fs::read_to_string(folder.join("ports")).expect("its ports");
        let mut ports = ports.split_whitespace().map(|port| port.parse().expect("a number"));
        let mut port = || ports.next().expect("a port");
        Some(Self { starttls: port(), tls: port(), dovecot: Dovecot::find()? })
    }

    fn authority(&self) -> String {
        std::fs::read_to_string(self.dovecot.folder.join("ca.pem")).expect("its authority")
    }

    fn relay(&self, tls: TlsMode, user: &str, login: Login, key: Option<String>) -> Relay {
        let config = RelayConfig {
            host: "localhost".into(),
            port: if tls == TlsMode::Tls { self.tls } else { self.starttls },
            reach: Reach::everywhere(),
            tls,
            ca_pem: Some(self.authority()),
            user: None,
            password: None,
            from_address: "lapor@uji.go.id".into(),
            from_name: Some("Pengaduan".into()),
            reply_tags: false,
            dkim_selector: key.as_ref().map(|_| "uji".to_owned()),
            dkim_key: key,
            hello_name: "uji.go.id".into(),
            timeout_seconds: 20,
            pool_size: 2,
        };
        let login: Arc<dyn Logins> = Arc::new(login);
        Relay::with_login(config, Some((user.to_owned(), login))).expect("a relay")
    }

    /// What lies in a mailbox, once it is so many.
    fn arrived(&self, user: &str, count: usize) -> Vec<Vec<u8>> {
        let begun = Instant::now();
        loop {
            let mut found = Vec::new();
            for part in ["new", "cur"] {
                let folder = self.dovecot.folder.join("mail").join(user).join(part);
                let Ok(entries) = std::fs::read_dir(folder) else { continue };
                found.extend(entries.flatten().map(|entry| entry.path()));
            }
            found.sort();
            if found.len() >= count {
                return found.iter().map(|path| std::fs::read(path).expect("read")).collect();
            }
            assert!(begun.elapsed() < PATIENCE, "{} of {count} for {user}", found.len());
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
}

fn key(folder: &Path, kind: &[&str]) -> String {
    let path = folder.join("dkim.pem");
    let mut command = Command::new("openssl");
    command.arg("genpkey").args(kind).arg("-out").arg(&path).stderr(Stdio::null());
    assert!(command.status().expect("openssl runs").success());
    std::fs::read_to_string(path).expect("a key")
}

/// Asks Debian's verifier, which is not ours, whether a signature holds for a record.
fn verified(raw: &[u8], record: &str) -> bool {
    let program = "import sys, dkim\n\
        record = sys.argv[1].encode()\n\
        print(dkim.verify(sys.stdin.buffer.read(), dnsfunc=lambda *a, **k: record))";
    let mut child = Command::new("/usr/bin/python3")
        .args(["-c", program, record])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    child.stdin.take().expect("piped").write_all(raw).expect("written");
    let told = child.wait_with_output().expect("it ends");
    String::from_utf8_lossy(&told.stdout).trim() == "True"
}

/// The message as it lay at the door: without what the servers added before it.
fn signed_part(raw: &[u8]) -> &[u8] {
    let mark = b"DKIM-Signature:";
    let at = raw.windows(mark.len()).position(|part| part == mark).expect("a signature");
    &raw[at..]
}

fn mail(to: &str, id: &str) -> OutgoingMail {
    OutgoingMail {
        to: to.into(),
        subject: "Kabar — laporan  Anda".into(),
        text: "Yth. Budi,\n\n.titik di awal\n  dua spasi  \nselesai\n\n\n".into(),
        html: Some("<p>Yth. Budi,</p>\n".into()),
        message_id: format!("<{id}@uji.go.id>"),
        date: 1_773_367_200_000_000,
        ..OutgoingMail::default()
    }
}

#[test]
fn letters_are_signed_as_others_verify() {
    let Some(server) = Postfix::find() else { return };
    let _alone = server.dovecot.alone();
    let folder = tempfile::tempdir().expect("a folder");
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    block_on(async {
        for (n, kind) in [
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..],
            &["-algorithm", "ed25519"][..],
        ]
        .into_iter()
        .enumerate()
        {
            let pem = key(folder.path(), kind);
            let signer = tanggap_channels::email::wire::Signer::new("uji.go.id", "uji", &pem);
            let (name, record) = signer.expect("a key").record().expect("a record");
            assert_eq!(name, "uji._domainkey.uji.go.id");
            let login = Login::Password("rahasia".into());
            let relay = server.relay(TlsMode::Tls, "lapor", login, Some(pem));
            let user = format!("dkim{n}");
            relay.send(&mail(&format!("{user}@contoh.id"), &user)).await.expect("sent");
            let raw = server.arrived(&user, 1).remove(0);
            let part = signed_part(&raw);
            assert!(verified(part, &record), "{}", String::from_utf8_lossy(&raw));
            let changed = String::from_utf8_lossy(part).replace("selesai", "berubah");
            assert!(!verified(changed.as_bytes(), &record), "a changed letter");
            let sender = String::from_utf8_lossy(part).replace("From: ", "From: x ");
            assert!(!verified(sender.as_bytes(), &record), "a changed sender");
        }
    });
}

#[test]
fn a_token_opens_submission_and_a_wrong_one_does_not() {
    let Some(server) = Postfix::find() else { return };
    let _alone = server.dovecot.alone();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let token = std::fs::read_to_string(server.dovecot.folder.join("token")).expect("a token");
    block_on(async {
        let login = Login::Token(token.clone());
        let relay = server.relay(TlsMode::StartTls, "siti", login, None);
        relay.send(&mail("xoauth@contoh.id", "a")).await.expect("sent");
        assert_eq!(server.arrived("xoauth", 1).len(), 1);
        // An address that is not there is told at once, and for good.
        let over = async { Ok(()) };
        let gone = relay.hand_over(&mail("tidak-ada@contoh.id", "b"), over).await;
        assert!(matches!(gone, Err(NotSent::Never { .. })), "{gone:?}");
        let wrong = server.relay(TlsMode::StartTls, "siti", Login::Token(token + "x"), None);
        let refused = wrong.check().await.expect_err("refused");
        assert!(refused.text.contains("refuses the token"), "{refused}");
    });
}

/// A provider of tokens that changes the refresh token each time; counts what it gave.
fn provider(token: String, given: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/token", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = BufReader::new(stream);
            let (mut line, mut length) = (String::new(), 0);
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                let lower = line.to_ascii_lowercase();
                if let Some(text) = lower.strip_prefix("content-length:") {
                    length = text.trim().parse().expect("a length");
                }
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).expect("a body");
            let body = String::from_utf8(body).expect("text");
            let n = given.load(Ordering::Acquire);
            let right = body.contains("grant_type=refresh_token")
                && body.contains(&format!("refresh_token=segar{n}"))
                && body.contains("client_secret=rahasia-kami");
            let (status, told) = match right {
                true => {
                    given.store(n + 1, Ordering::Release);
                    let told = format!(
                        r#"{{"access_token":"{token}","expires_in":3600,"refresh_token":"segar{}"}}"#,
                        n + 1
                    );
                    ("200 OK", told)
                }
                false => ("400 Bad Request", r#"{"error":"invalid_grant"}"#.to_owned()),
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n{told}",
                told.len()
            );
            stream.get_mut().write_all(answer.as_bytes()).expect("answered");
        }
    });
    address
}

#[test]
fn tokens_are_asked_for_once_and_a_changed_refresh_token_is_kept() {
    let Some(server) = Postfix::find() else { return };
    let _alone = server.dovecot.alone();
    let token = std::fs::read_to_string(server.dovecot.folder.join("token")).expect("a token");
    let given = Arc::new(AtomicUsize::new(0));
    let url = provider(token, Arc::clone(&given));
    block_on(async {
        let desk = Desk::open(TestDb::sqlite().await).await;
        let (port, smtp, authority) =
            (server.dovecot.tls.to_string(), server.starttls.to_string(), server.authority());
        let path = desk
            .must(
                NEW,
                &[
                    ("name", "Pengaduan"),
                    ("address", "lapor@uji.go.id"),
                    ("active", "ya"),
                    ("host", "localhost"),
                    ("port", &port),
                    ("tls", "tls"),
                    ("user", "siti"),
                    ("proof", "oauth"),
                    ("token_url", &url),
                    ("client_id", "kami"),
                    ("password_client", "rahasia-kami"),
                    ("password_refresh", "segar0"),
                    ("smtp_host", "localhost"),
                    ("smtp_port", &smtp),
                    ("smtp_tls", "starttls"),
                    ("authority", &authority),
                ],
            )
            .await;
        // Reading and sending, both by the form's own test.
        desk.must(&format!("{path}/uji"), &[]).await;
        let account = desk.account().await;
        assert_eq!(account.trouble, None);
        assert_eq!(given.load(Ordering::Acquire), 1, "one token for both");
        let (settings, secrets): (Settings, Secrets) =
            open(&desk.app.ctx.secrets, &account).expect("opened");
        assert_eq!(secrets.refresh_token, "segar1");
        let http = Http::new(CALL_WITHIN, Reach::everywhere()).expect("a client");
        let login = mailbox::logins(&desk.app.ctx, &http, &account).expect("a login");
        let config = mailbox::mailbox(&account, &settings, login, &http);
        assert_eq!(imap::check(&config).await, Ok(0));
        assert_eq!(imap::check(&config).await, Ok(0));
        assert_eq!(given.load(Ordering::Acquire), 2, "once for all who need it");
        // A grant that was taken back is told in the provider's words.
        given.store(7, Ordering::Release);
        desk.must(&format!("{path}/uji"), &[]).await;
        let trouble = desk.account().await.trouble.expect("trouble");
        assert!(trouble.contains("invalid_grant"), "{trouble}");
    });
}

fn text_of(raw: &[u8]) -> ParsedMail {
    parse::parse(raw)
}

fn part<'a>(text: &'a str, from: &str, to: char) -> &'a str {
    let at = text.find(from).unwrap_or_else(|| panic!("no {from} in {text}"));
    let rest = &text[at..];
    rest.split(to).next().expect("its end")
}

/// The cookies that an answer sets, without their attributes.
fn cookies(answer: &Answer) -> impl Iterator<Item = &str> {
    let all = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    all.filter_map(|cookie| cookie.split(';').next())
}

/// The cookie by which a browser may see a case.
fn proof(answer: &Answer) -> Option<String> {
    cookies(answer).find(|cookie| cookie.starts_with("bukti=")).map(str::to_owned)
}

/// One citizen's letter, the receipt that comes back, its link, and the answer to it.
#[test]
fn a_letter_is_answered_and_its_answer_comes_home() {
    let Some(server) = Postfix::find() else { return };
    let _alone = server.dovecot.alone();
    block_on(async {
        let kit = TestDb::sqlite().await;
        let data = kit.folder.path().to_owned();
        std::fs::write(data.join("master.key"), "07".repeat(32)).expect("the key of the test");
        let site = "[server]\nbase_url = \"https://uji.go.id\"\n";
        std::fs::write(data.join("tanggap.toml"), site).expect("settings");
        let pem = key(&data, &["-algorithm", "ed25519"]);
        let desk = Desk::open(kit).await;
        let (port, smtp, authority) =
            (server.dovecot.tls.to_string(), server.tls.to_string(), server.authority());
        let path = desk
            .must(
                NEW,
                &[
                    ("name", "Pengaduan Uji"),
                    ("address", "pulang@uji.go.id"),
                    ("active", "ya"),
                    ("host", "localhost"),
                    ("port", &port),
                    ("tls", "tls"),
                    ("user", "pulang"),
                    ("proof", "password"),
                    ("password_mailbox", "rahasia"),
                    ("smtp_host", "localhost"),
                    ("smtp_port", &smtp),
                    ("smtp_tls", "tls"),
                    ("reply_tags", "ya"),
                    ("dkim_selector", "uji"),
                    ("password_dkim", &pem),
                    ("authority", &authority),
                ],
            )
            .await;
        let page = desk.page(&path).await;
        let record = part(&page, "v=DKIM1", '<').to_owned();
        assert!(page.contains("uji._domainkey.uji.go.id") && !page.contains("PRIVATE KEY"));

        let node = Node::start(&data, &[]);
        server.dovecot.deliver("pulang", 0..1, |_| {
            b"From: Budi <budi-pulang@contoh.id>\r\nTo: pulang@uji.go.id\r\nSubject: Lampu mati\r\n\
              Message-ID: <a@contoh.id>\r\n\r\nLampu jalan mati.\r\n"
                .to_vec()
        });
        let raw = server.arrived("budi-pulang", 1).remove(0);
        let told = String::from_utf8_lossy(&raw).into_owned();
        assert!(verified(signed_part(&raw), &record), "{told}");
        assert!(!told.contains("List-Unsubscribe"), "a receipt is owed: {told}");
        let receipt = text_of(&raw);
        assert_eq!(receipt.from.as_ref().map(|from| from.email.as_str()), Some("pulang@uji.go.id"));
        assert!(receipt.text.contains("TGP-"), "{}", receipt.text);
        let html = receipt.html.clone().expect("HTML");
        assert!(html.contains("Pemerintah Kabupaten Uji"), "the letterhead: {html}");

        // The link opens the case without the PIN, but only by its button.
        let link = part(&html, "https://uji.go.id/i/", '"').replace("https://uji.go.id", "");
        let shown = desk.app.get(&link).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert_eq!(proof(&shown), None, "looking at it changes nothing");
        let led = desk.app.post_as("", &link, &[]).await;
        assert_eq!(
            led.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "another site's form: {}",
            led.body
        );
        assert!(led.body.contains("name=\"csrf\""), "the button is there again: {}", led.body);
        assert_eq!(proof(&led), None);
        let visitor = cookies(&shown).collect::<Vec<_>>().join("; ");
        let token = shown.body.split("name=\"csrf\" value=\"").nth(1).expect("the form's token");
        let token = token.split('"').next().expect("its end");
        let opened = desk.app.post_as(&visitor, &link, &[("csrf", token)]).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
        let cookie = proof(&opened).expect("a cookie");
        let case = desk.app.get_as(&cookie, opened.header("location")).await;
        assert!(case.body.contains("Lampu mati"), "{}", case.body);
        let forged = desk.app.get(&format!("{}x", link)).await;
        assert_eq!(forged.status, StatusCode::GONE);

        // An answer whose program lost the thread comes home by the address that it goes to.
        let reply_to = told.lines().find_map(|line| line.strip_prefix("Reply-To: ")).expect("one");
        let answer = format!(
            "From: budi-pulang@contoh.id\r\nTo: {}\r\nSubject: terima kasih\r\n\
             Message-ID: <b@contoh.id>\r\n\r\nMasih mati.\r\n",
            reply_to.trim()
        );
        server.dovecot.deliver("pulang", 1..2, |_| answer.clone().into_bytes());
        desk.until("messages", MESSAGES, 2).await;
        assert_eq!(desk.count("select count(*) from cases").await, 1);
        drop(node);
    });
}
