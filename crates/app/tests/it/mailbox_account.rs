//! A mailbox from the form on which it is set up to the cases that its letters become, through a
//! real node and Debian's Dovecot, both of which die on the way.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use bytes::Bytes;
use tanggap_app::Front;
use tanggap_app::account::open;
use tanggap_app::mailbox::{CHANNEL, Secrets, Settings};
use tanggap_app::messengers::Messengers;
use tanggap_app::work::understand;
use tanggap_channels::messenger::Places;
use tanggap_channels::reach::Reach;
use tanggap_conversations::accounts::{self, Account};
use tanggap_conversations::inbound::{self, NewInbound};
use tanggap_kernel::{Access, params};
use tanggap_org::Role;
use tanggap_store::Engine;
use tanggap_store::jobs::Runner;
use tanggap_testkit::{TestDb, block_on, engines};

use crate::dovecot::Dovecot;
use crate::kit::{Answer, Node, TestApp, request};

const PATIENCE: Duration = Duration::from_secs(60);
pub const NEW: &str = "/pengaturan/kanal/surel/baru";
const LETTERS: u32 = 240;

fn messengers(reach: Reach) -> Messengers {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Messengers::new(Places::default(), reach).expect("a client")
}

/// An administrator before their browser.
pub struct Desk {
    pub app: TestApp,
    cookie: String,
    csrf: String,
}

impl Desk {
    pub async fn open(kit: TestDb) -> Self {
        Self::reaching(kit, Reach::everywhere()).await
    }

    async fn reaching(kit: TestDb, reach: Reach) -> Self {
        let front = Front { messengers: Some(messengers(reach)), ..Front::default() };
        let app = TestApp::new(kit, front).await;
        let cookie = app.sign_in_as(Role::Administrator).await;
        let form = app.get_as(&cookie, NEW).await;
        assert_eq!(form.status, StatusCode::OK, "{}", form.body);
        let csrf = form.body.split("name=\"csrf\" value=\"").nth(1).expect("a token");
        let csrf = csrf.split('"').next().expect("a token").to_owned();
        Self { app, cookie, csrf }
    }

    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let coded =
            |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        let mut body = format!("csrf={}", self.csrf);
        for (name, value) in fields {
            body.push_str(&format!("&{name}={}", coded(value)));
        }
        let request = request(Method::POST, path)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.app.send(request.body(Body::from(body)).expect("a request")).await
    }

    /// Sends a form that is taken; returns where it leads.
    pub async fn must(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.send(path, fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        answer.header("location").split('?').next().expect("a path").to_owned()
    }

    pub async fn page(&self, path: &str) -> String {
        self.app.get_as(&self.cookie, path).await.body
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        let read = self.app.ctx.db.read(move |tx| Ok(tx.ad_hoc(sql, params![], |r| r.int())?));
        read.await.expect("counted")[0]
    }

    pub async fn until(&self, what: &str, sql: &'static str, wanted: i64) {
        let begun = Instant::now();
        loop {
            let found = self.count(sql).await;
            assert!(found <= wanted, "{what}: {found} of {wanted}");
            if found == wanted {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{what}: {found} of {wanted}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn until_page(&self, path: &str, words: &str) {
        let begun = Instant::now();
        loop {
            let page = self.page(path).await;
            if page.contains(words) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "no {words} in {page}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn account(&self) -> Account {
        let access = Access::system(self.app.agency);
        let read = self.app.ctx.db.read(move |tx| Ok(accounts::all(tx, &access)?));
        read.await.expect("read").into_iter().find(|a| a.channel == CHANNEL).expect("an account")
    }
}

fn letter(number: u32) -> Vec<u8> {
    format!(
        "From: Warga <warga{number}@contoh.id>\r\nSubject: Laporan {number}\r\n\
         Message-ID: <{number}@contoh.id>\r\n\r\nLampu nomor {number} mati.\r\n"
    )
    .into_bytes()
}

fn answer_to(number: u32) -> Vec<u8> {
    let answer = number - 1_000;
    format!(
        "From: Warga <warga{answer}@contoh.id>\r\nSubject: Re: Laporan {answer}\r\n\
         Message-ID: <{number}@contoh.id>\r\nIn-Reply-To: <{answer}@contoh.id>\r\n\r\n\
         Lampu itu masih mati.\r\n"
    )
    .into_bytes()
}

const CASES: &str = "select count(*) from cases";
const MESSAGES: &str = "select count(*) from messages where direction = 'in'";

/// From the form over TLS, through nodes and servers that are killed, each letter once.
async fn a_mailbox_becomes_cases(kit: TestDb, server: &Dovecot, user: &str) {
    let data = kit.folder.path().to_owned();
    std::fs::write(data.join("master.key"), "07".repeat(32)).expect("the key of the test");
    let engine = kit.engine.clone();
    let more = match &engine {
        Engine::Postgres(url) => vec!["--database", url.as_str()],
        Engine::Sqlite(_) => Vec::new(),
    };
    let desk = Desk::open(kit).await;
    let address = format!("{user}@uji.go.id");
    let port = server.tls.to_string();
    let authority = std::fs::read_to_string(server.folder.join("ca.pem")).expect("its authority");
    let fields = |password: &'static str| {
        [
            ("name", "Pengaduan"),
            ("address", address.as_str()),
            ("active", "ya"),
            ("host", "localhost"),
            ("port", port.as_str()),
            ("tls", "tls"),
            ("user", user),
            ("proof", "password"),
            ("password_mailbox", password),
            ("authority", authority.as_str()),
        ]
    };
    server.deliver(user, 0..LETTERS, letter);
    let path = desk.must(NEW, &fields("rahasia")).await;
    desk.must(&format!("{path}/uji"), &[]).await;
    assert_eq!(desk.account().await.trouble, None, "the connection works");

    // A node dies in the middle of the first import, then the server dies under the next one.
    let mut node = Node::start(&data, &more);
    let begun = Instant::now();
    while desk.count(CASES).await < 10 {
        assert!(begun.elapsed() < PATIENCE, "nothing comes in");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    node.signal("KILL");
    node.ended_within(Duration::from_secs(10));
    assert!(desk.count(CASES).await < i64::from(LETTERS), "it was killed in the middle");
    let mut node = Node::start(&data, &more);
    server.control("kill");
    server.control("start");
    desk.until("cases", CASES, i64::from(LETTERS)).await;

    // An answer joins its case, at once, since the server tells of it.
    server.deliver(user, 1_003..1_004, answer_to);
    desk.until("messages", MESSAGES, i64::from(LETTERS) + 1).await;
    assert_eq!(desk.count(CASES).await, i64::from(LETTERS));
    desk.until_page(&path, "Tersambung, menunggu surat").await;

    // A changed account is connected anew; a refusal is shown, and mended by the form.
    let with_version = |password, version| {
        let mut all = fields(password).to_vec();
        all.push(("version", version));
        all
    };
    desk.must(&path, &with_version("salah", "1")).await;
    desk.until_page(&path, "Ditolak server").await;
    assert!(desk.account().await.trouble.is_some());
    server.deliver(user, LETTERS..LETTERS + 1, letter);
    desk.must(&path, &with_version("rahasia", "2")).await;
    desk.until("cases", CASES, i64::from(LETTERS) + 1).await;
    desk.until_page(&path, "Tersambung, menunggu surat").await;
    assert_eq!(desk.account().await.trouble, None);

    node.signal("TERM");
    assert!(node.ended_within(Duration::from_secs(30)).success());
    let ended = "select count(*) from channel_states where state = 'ended' and taken = 242";
    assert_eq!(desk.count(ended).await, 1, "it ended in order");
    assert_eq!(desk.count(MESSAGES).await, i64::from(LETTERS) + 2);
    assert_eq!(desk.count("select count(*) from inbound").await, 0);
}

#[test]
fn a_mailbox_set_up_by_the_form_becomes_cases_on_sqlite() {
    let Some(server) = Dovecot::find() else { return };
    let _alone = server.alone();
    block_on(async { a_mailbox_becomes_cases(TestDb::sqlite().await, &server, "borang").await });
}

#[test]
fn a_mailbox_set_up_by_the_form_becomes_cases_on_postgres() {
    let Some(server) = Dovecot::find() else { return };
    let _alone = server.alone();
    block_on(async {
        let Some(kit) = TestDb::postgres().await else { return };
        a_mailbox_becomes_cases(kit, &server, "borangpg").await;
    });
}

const SMALL: &[(&str, &str)] = &[
    ("name", "Pengaduan"),
    ("address", "lapor@uji.go.id"),
    ("active", "ya"),
    ("host", "imap.uji.go.id"),
    ("port", "993"),
    ("tls", "tls"),
    ("proof", "password"),
    ("password_mailbox", "sangat-rahasia"),
];

engines! {
    async fn a_form_says_what_is_wrong_and_keeps_secrets(kit) {
        let desk = Desk::open(kit).await;
        let agent = desk.app.sign_in_as(Role::Agent).await;
        assert!(desk.app.get_as(&agent, NEW).await.status.is_client_error());
        for (field, value) in [
            ("address", "bukan alamat"),
            ("host", "https://imap.uji.go.id"),
            ("port", "nol"),
            ("authority", "bukan sertifikat"),
            ("smtp_host", "a b"),
            ("password_mailbox", ""),
        ] {
            let fields: Vec<_> =
                SMALL.iter().copied().filter(|(name, _)| *name != field).chain([(field, value)]).collect();
            let answer = desk.send(NEW, &fields).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
            assert!(!answer.body.contains("sangat-rahasia"), "a secret is not sent back");
        }
        let mut oauth = SMALL.to_vec();
        oauth.push(("proof", "oauth"));
        oauth.retain(|field| *field != ("proof", "password"));
        oauth.extend([("client_id", "kami"), ("password_client", "sangat-rahasia")]);
        for address in [
            "http://jahat.contoh/token",
            "http://localhost.jahat.contoh/token",
            "http://127.0.0.1:80@jahat.contoh/token",
        ] {
            let fields = [oauth.clone(), vec![("token_url", address)]].concat();
            let answer = desk.send(NEW, &fields).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "a secret in the clear");
        }

        let path = desk.must(NEW, SMALL).await;
        let page = desk.page(&path).await;
        assert!(page.contains("imap.uji.go.id") && !page.contains("sangat-rahasia"));
        assert!(desk.page("/pengaturan/kanal").await.contains(&path));
        // Left empty, the password stays, but goes to no other server.
        let change = |host: &'static str, version: &'static str| {
            let mut fields = SMALL.to_vec();
            fields.retain(|(name, _)| !["host", "password_mailbox"].contains(name));
            fields.extend([("host", host), ("version", version)]);
            fields
        };
        let elsewhere = desk.send(&path, &change("jahat.contoh", "1")).await;
        assert_eq!(elsewhere.status, StatusCode::UNPROCESSABLE_ENTITY);
        desk.must(&path, &change("imap.uji.go.id", "1")).await;
        let (_, kept): (Settings, Secrets) =
            open(&desk.app.ctx.secrets, &desk.account().await).expect("opened");
        assert_eq!(kept.password, "sangat-rahasia");
        let stale = desk.send(&path, &change("imap.uji.go.id", "1")).await;
        assert_eq!(stale.status, StatusCode::CONFLICT);
    }

    async fn nobody_looks_around_inside_by_naming_servers(kit) {
        let desk = Desk::reaching(kit, Reach::default()).await;
        let inside = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = inside.local_addr().expect("bound").port().to_string();
        let token = format!("http://localhost:{port}/token");
        for (number, (host, proof)) in
            [("127.0.0.1", "password"), ("localhost", "password"), ("localhost", "oauth")]
                .into_iter()
                .enumerate()
        {
            let mut fields = SMALL.to_vec();
            let address = format!("lapor{number}@uji.go.id");
            fields.retain(|(name, _)| !["host", "port", "proof", "address", "tls"].contains(name));
            fields.extend([("host", host), ("port", &port), ("proof", proof), ("tls", "none")]);
            fields.extend([("address", &*address), ("token_url", &token), ("client_id", "kami")]);
            fields.push(("password_client", "rahasia"));
            let path = desk.must(NEW, &fields).await;
            let tried = desk.send(&format!("{path}/uji"), &[]).await;
            assert!(tried.status.is_redirection(), "{}", tried.body);
            let page = desk.page(&path).await;
            assert!(page.contains("internal network"), "{host} {proof}: {page}");
        }
        let called = tokio::time::timeout(Duration::from_millis(200), inside.accept()).await;
        assert!(called.is_err(), "nobody was connected to");
    }

    async fn a_message_that_was_set_aside_is_shown_and_taken_in_later(kit) {
        let desk = Desk::open(kit).await;
        let path = desk.must(NEW, SMALL).await;
        let (account, agency) = (desk.account().await, desk.app.agency);
        let blob = desk.app.ctx.blobs.put(Bytes::from(letter(7))).await.expect("kept");
        let put = desk.app.ctx.db.write(move |tx| {
            let new = NewInbound {
                account_id: account.id,
                external_id: "a",
                payload: None,
                raw: Some(&blob),
            };
            inbound::set_aside(tx, &Access::system(agency), &new, "tidak terbaca")
        });
        put.await.expect("set aside");
        let page = desk.page(&path).await;
        assert!(page.contains("tidak terbaca"), "{page}");
        let message = page.split(&format!("{path}/pesan/")).nth(1).expect("a link");
        let message = format!("{path}/pesan/{}", message.split('"').next().expect("its end"));
        assert!(desk.page(&message).await.contains("Lampu nomor 7 mati."), "the bytes");
        desk.must(&message, &[]).await;
        let ctx = desk.app.ctx.clone();
        let runner = Runner::new(ctx.db.clone());
        understand::register(runner, ctx, messengers(Reach::everywhere()), None).run_due().await.expect("ran");
        assert_eq!(desk.count(CASES).await, 1);
        assert!(!desk.page(&path).await.contains("tidak terbaca"));
        assert_eq!(desk.send(&message, &[]).await.status, StatusCode::NOT_FOUND);
    }
}
