//! WhatsApp from a webhook to the desk and back, by the real client and a server on loopback that
//! speaks the Cloud API and has bad days: what it took is written down, so that nothing is lost or
//! doubled, and what it refuses because the citizen wrote too long ago is told at once.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tanggap_app::Front;
use tanggap_app::account::seal;
use tanggap_app::messengers::Messengers;
use tanggap_app::messengers::gateway::Hanging;
use tanggap_app::work::gateways::Gateways;
use tanggap_app::work::outbound::Dispatcher;
use tanggap_app::work::understand;
use tanggap_channels::messenger::{Places, Secrets, Settings};
use tanggap_channels::reach::Reach;
use tanggap_channels::signed;
use tanggap_conversations::accounts::{self, AccountInput};
use tanggap_conversations::templates::{self, Approved};
use tanggap_conversations::{InteractionId, Outbound, SendState, Shelf, Talk, outbound, talks};
use tanggap_kernel::{Access, Clock, Timestamp, params};
use tanggap_org::Role;
use tanggap_store::jobs::Runner;
use tanggap_testkit::{TestDb, engines};

use crate::kit::{TestApp, request};

const NUMBER: &str = "1122334455667";
const CITIZEN: &str = "6281234567890";
const SECRET: &str = "rahasia-aplikasi";
const HOUR: i64 = Timestamp::HOUR;
const MINUTE: i64 = Timestamp::MINUTE;
/// The words of error 131047, as Meta documents them.
const OVER: &str = "Message failed to send because more than 24 hours have passed since the \
    customer last replied to this number.";

/// What the server does with a message.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Take,
    /// Takes it, and names no message in its answer.
    TakeUnnamed,
    /// Takes it, and goes away in the middle of its answer.
    TakeAndBreak,
    /// Goes away in the middle of an answer, and has taken nothing.
    Break,
    /// Asks for ten minutes.
    Throttle,
    /// The same, by the proxy before it, which speaks no Graph API.
    ThrottleBefore,
    /// Passing trouble of its own.
    Trouble,
    /// What a gateway says while nothing is behind it.
    Away,
    /// The citizen wrote too long ago.
    Over,
}

/// The Cloud API of one number.
#[derive(Clone)]
struct Cloud {
    base: String,
    manner: Arc<Mutex<Manner>>,
    /// How often each of our messages was taken, by our key.
    taken: Arc<Mutex<HashMap<String, usize>>>,
    asked: Arc<Mutex<usize>>,
}

impl Cloud {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}/v23.0", listener.local_addr().expect("bound"));
        let manner = Arc::new(Mutex::new(Manner::Take));
        let cloud = Self { base, manner, taken: Arc::default(), asked: Arc::default() };
        let shared = cloud.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let cloud = shared.clone();
                std::thread::spawn(move || cloud.answer(stream).ok());
            }
        });
        cloud
    }

    fn behave(&self, manner: Manner) {
        *self.manner.lock().expect("no panic") = manner;
    }

    fn times(&self, row: &Outbound) -> usize {
        let taken = self.taken.lock().expect("no panic");
        taken.get(&row.id.to_string()).copied().unwrap_or(0)
    }

    fn asked(&self) -> usize {
        *self.asked.lock().expect("no panic")
    }

    /// Hears one call and answers it.
    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while stream.read_line(&mut line)? > 2 {
            let lower = line.to_ascii_lowercase();
            if let Some(text) = lower.strip_prefix("content-length:") {
                length = text.trim().parse().expect("a length");
            }
            line.clear();
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let call: Value = serde_json::from_slice(&body).expect("json");
        let Some(key) = call["biz_opaque_callback_data"].as_str() else {
            // Whether the citizen sees that we read.
            return reply(&stream, "200 OK", "", "{\"success\":true}", false);
        };
        *self.asked.lock().expect("no panic") += 1;
        let manner = *self.manner.lock().expect("no panic");
        if matches!(manner, Manner::Take | Manner::TakeUnnamed | Manner::TakeAndBreak) {
            *self.taken.lock().expect("no panic").entry(key.to_owned()).or_default() += 1;
        }
        let took = json!({
            "messaging_product": "whatsapp", "contacts": [{ "input": CITIZEN, "wa_id": CITIZEN }],
            "messages": [{ "id": format!("wamid.{key}"), "message_status": "accepted" }],
        })
        .to_string();
        let refused = |code: i64, words: &str, details: &str| {
            json!({ "error": { "message": format!("(#{code}) {words}"), "type": "OAuthException",
                "code": code, "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam",
                "error_data": { "messaging_product": "whatsapp", "details": details } } })
            .to_string()
        };
        let (status, more, said) = match manner {
            Manner::Take => ("200 OK", "", took),
            Manner::TakeUnnamed => ("200 OK", "", "{\"messaging_product\":\"whatsapp\"}".into()),
            Manner::TakeAndBreak | Manner::Break => {
                return reply(&stream, "200 OK", "", &took, true);
            }
            Manner::Throttle => {
                let said = refused(130_429, "Rate limit hit", "Too many messages");
                ("429 Too Many Requests", "retry-after: 600\r\n", said)
            }
            Manner::ThrottleBefore => {
                ("429 Too Many Requests", "retry-after: 600\r\n", "<html>slow down".into())
            }
            Manner::Trouble => {
                let said = refused(131_000, "Something went wrong", "Something went wrong");
                ("500 Internal Server Error", "", said)
            }
            Manner::Away => ("503 Service Unavailable", "", "<html>away".into()),
            Manner::Over => {
                ("400 Bad Request", "", refused(131_047, "Re-engagement message", OVER))
            }
        };
        reply(&stream, status, more, &said, false)
    }
}

/// Writes an answer, or the first half of it.
fn reply(
    stream: &BufReader<TcpStream>,
    status: &str,
    more: &str,
    body: &str,
    half: bool,
) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{more}\
         connection: close\r\n\r\n",
        body.len()
    );
    let body = if half { &body[..body.len() / 2] } else { body };
    stream.get_ref().write_all(format!("{head}{body}").as_bytes())
}

/// An agency with a number at a cloud, and an agent before their browser.
struct Office {
    app: TestApp,
    clock: Clock,
    cloud: Cloud,
    messengers: Messengers,
    gateways: Gateways,
    agent: String,
}

impl Office {
    async fn open(kit: TestDb) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let (cloud, clock) = (Cloud::start(), kit.clock.clone());
        let nowhere = || "http://127.0.0.1:9".to_owned();
        let places = Places { graph: cloud.base.clone(), telegram: nowhere(), x: nowhere() };
        let messengers = Messengers::new(places, Reach::default()).expect("a client");
        let front = Front { messengers: Some(messengers.clone()), ..Front::default() };
        let app = TestApp::new(kit, front).await;
        let secrets = Secrets {
            token: "token".into(),
            app_secret: SECRET.into(),
            verify_token: "kata".into(),
            ..Secrets::default()
        };
        let input = AccountInput {
            channel: "whatsapp",
            name: "WhatsApp Uji".into(),
            address: NUMBER.into(),
            settings: serde_json::to_string(&Settings::default()).expect("settings"),
            secrets: seal(&app.ctx.secrets, app.agency, &secrets).expect("sealed"),
            active: true,
        };
        let access = Access::system(app.agency);
        let made = app.ctx.db.write(move |tx| {
            let id = accounts::create(tx, &access, &input)?;
            let approved = Approved {
                name: "kabar".into(),
                language: "id".into(),
                category: "UTILITY".into(),
                body: "Ada kabar tentang laporan Anda.".into(),
                gaps: 0,
                fetched_at: tx.now(),
            };
            templates::replace(tx, &access, id, &[approved])
        });
        made.await.expect("an account");
        let gateways = Gateways::default();
        let mut hanging = Hanging::default();
        hanging.keep_up(&app.ctx, &messengers, &gateways).await.expect("a gateway");
        let agent = app.sign_in_as(Role::Agent).await;
        Self { app, clock, cloud, messengers, gateways, agent }
    }

    fn seconds(&self) -> i64 {
        self.clock.now().as_micros() / Timestamp::SECOND
    }

    /// Meta calls, and what it told is understood.
    async fn told(&self, what: Value) {
        let mut value =
            json!({ "messaging_product": "whatsapp", "metadata": { "phone_number_id": NUMBER } });
        let parts = value.as_object_mut().expect("an object");
        parts.extend(what.as_object().expect("an object").clone());
        let body = json!({ "object": "whatsapp_business_account", "entry": [{
            "id": "5467539754836534", "changes": [{ "value": value, "field": "messages" }] }] });
        let body = body.to_string();
        let proof = format!("sha256={}", signed::app_secret_proof(SECRET, &body));
        let request = request(Method::POST, &format!("/kanal/whatsapp/{NUMBER}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-hub-signature-256", proof);
        let answer = self.app.send(request.body(Body::from(body)).expect("a request")).await;
        assert_eq!(answer.status, StatusCode::OK);
        let ctx = &self.app.ctx;
        let runner = Runner::new(ctx.db.clone());
        let runner = understand::register(runner, ctx.clone(), self.messengers.clone(), None);
        runner.run_due().await.expect("understood");
    }

    /// The citizen writes.
    async fn hears(&self, id: &str, text: &str) {
        self.told(json!({
            "contacts": [{ "profile": { "name": "Siti" }, "wa_id": CITIZEN }],
            "messages": [{ "from": CITIZEN, "id": id, "timestamp": self.seconds().to_string(),
                "type": "text", "text": { "body": text } }],
        }))
        .await;
    }

    /// A status of a message, with its error where it failed.
    async fn status(&self, row: &Outbound, status: &str, errors: Option<Value>) {
        let mut told = json!({ "id": format!("wamid.{}", row.id), "status": status,
            "timestamp": self.seconds().to_string(), "recipient_id": CITIZEN,
            "biz_opaque_callback_data": row.id.to_string() });
        if let Some(errors) = errors {
            told["errors"] = errors;
        }
        self.told(json!({ "statuses": [told] })).await;
    }

    async fn talk(&self) -> Talk {
        let access = Access::system(self.app.agency);
        let read = self.app.ctx.db.read(move |tx| talks::list(tx, &access, Shelf::Open, None, 10));
        read.await.expect("talks").rows.into_iter().next().expect("a talk")
    }

    async fn page(&self, id: InteractionId) -> String {
        self.app.get_as(&self.agent, &format!("/percakapan/{id}")).await.body
    }

    /// The agent writes in the composer; the row that it became.
    async fn says(&self, text: &str) -> Outbound {
        let id = self.talk().await.id;
        let page = self.page(id).await;
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).expect("a token");
        let csrf = csrf.split('"').next().expect("a token");
        let request = request(Method::POST, &format!("/percakapan/{id}/langkah"))
            .header(header::COOKIE, &self.agent)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let fields = format!("csrf={csrf}&step=say&text={}", text.replace(' ', "+"));
        let answer = self.app.send(request.body(Body::from(fields)).expect("a request")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        self.rows().await.into_iter().max_by_key(|row| row.id).expect("a row")
    }

    async fn rows(&self) -> Vec<Outbound> {
        let (access, id) = (Access::system(self.app.agency), self.talk().await.id);
        let read = self.app.ctx.db.read(move |tx| Ok(outbound::of_exchange(tx, &access, id)?));
        read.await.expect("rows")
    }

    async fn row(&self, of: &Outbound) -> Outbound {
        let all = self.rows().await;
        all.into_iter().find(|row| row.id == of.id).expect("the row")
    }

    /// A node that has just started sends what is due so much later (microseconds): nothing of
    /// what an earlier one had learnt helps it.
    async fn later(&self, micros: i64) {
        self.clock.set(self.clock.now().plus(micros));
        let dispatcher = Dispatcher::new(self.app.ctx.clone(), self.gateways.clone());
        dispatcher.run_due().await.expect("ran");
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let read = self.app.ctx.db.read(move |tx| Ok(tx.ad_hoc(sql, params![], |row| row.int())?));
        read.await.expect("counted")[0]
    }
}

const TOLD: &str = "select count(*) from events where kind = 'talk.window_closed'";

/// What the agent sees once WhatsApp has said that the time is over.
async fn is_closed(office: &Office, refused: &Outbound, times: usize) {
    let row = office.row(refused).await;
    assert_eq!(row.state, SendState::Failed, "{:?}", row.error);
    assert!(row.error.as_deref().is_some_and(|why| why.starts_with("131047 ")), "{:?}", row.error);
    let talk = office.talk().await;
    assert!(!talk.is_window_open(office.clock.now()) && talk.awaiting, "{talk:?}");
    let page = office.page(talk.id).await;
    assert!(page.contains("waktu 24 jam WhatsApp sudah lewat"), "the message says why: {page}");
    assert!(page.contains("Pilih templat yang disetujui"), "the composer is closed");
    assert!(page.contains("value=\"id.kabar\"") && !page.contains("name=\"text\""), "{page}");
    // For good: however long one waits, it is not sent again.
    let asked = office.cloud.asked();
    office.later(HOUR).await;
    assert_eq!((office.cloud.asked(), office.cloud.times(refused)), (asked, times));
}

engines! {
    async fn a_refusal_because_of_time_closes_the_composer_at_once(kit) {
        let office = Office::open(kit).await;
        office.hears("wamid.in1", "Kapan KTP saya jadi?").await;
        assert!(office.page(office.talk().await.id).await.contains("name=\"text\""));
        office.cloud.behave(Manner::Over);
        let row = office.says("Besok sudah jadi").await;
        assert!(!office.talk().await.awaiting);
        office.later(0).await;
        is_closed(&office, &row, 0).await;
        assert_eq!(office.count(TOLD).await, 1);

        // What they write opens it again, and an approved text goes when it is closed.
        office.cloud.behave(Manner::Take);
        office.hears("wamid.in2", "Halo?").await;
        let next = office.says("Besok sudah jadi").await;
        office.later(0).await;
        assert_eq!(office.row(&next).await.state, SendState::Sent);
        assert_eq!(office.cloud.times(&next), 1);
    }

    async fn so_does_a_status_that_says_so_later(kit) {
        let office = Office::open(kit).await;
        office.hears("wamid.in1", "Kapan KTP saya jadi?").await;
        let taken = office.says("Besok sudah jadi").await;
        office.later(0).await;
        assert_eq!(office.row(&taken).await.state, SendState::Sent);
        // It was taken and is refused afterwards; Meta tells so twice, in two forms.
        let published = json!([{ "code": 131_047, "title": "Re-engagement message",
            "message": "Re-engagement message", "error_data": { "details": OVER },
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/" }]);
        let older = json!([{ "code": 131_047, "title": OVER }]);
        office.status(&taken, "failed", Some(published)).await;
        office.status(&taken, "failed", Some(older.clone())).await;
        is_closed(&office, &taken, 1).await;
        assert_eq!(office.count(TOLD).await, 1, "told once");

        // A failure from before their newest message closes nothing.
        office.hears("wamid.in2", "Halo?").await;
        let early = office.says("Besok sudah jadi").await;
        office.later(0).await;
        office.clock.set(office.clock.now().plus(MINUTE));
        office.hears("wamid.in3", "Baik").await;
        office.status(&early, "failed", Some(older)).await;
        assert_eq!(office.row(&early).await.state, SendState::Failed);
        assert!(office.talk().await.is_window_open(office.clock.now()));
        assert_eq!(office.count(TOLD).await, 1);
    }

    async fn a_cloud_with_bad_days_loses_and_doubles_nothing(kit) {
        let office = Office::open(kit).await;
        office.hears("wamid.in1", "Kapan KTP saya jadi?").await;
        // It asks for time, itself or by what stands before it: nothing is asked before that.
        for manner in [Manner::Throttle, Manner::ThrottleBefore] {
            office.cloud.behave(manner);
            let row = office.says("Sebentar ya").await;
            office.later(0).await;
            office.cloud.behave(Manner::Take);
            let asked = office.cloud.asked();
            office.later(9 * MINUTE).await;
            assert_eq!(office.cloud.asked(), asked, "it was asked for ten minutes");
            office.later(2 * MINUTE).await;
            assert_eq!((office.cloud.times(&row), office.row(&row).await.state), (1, SendState::Sent));
        }
        // It says that it has not taken the message: soon again.
        for manner in [Manner::Trouble, Manner::Away] {
            office.cloud.behave(manner);
            let row = office.says("Sebentar ya").await;
            office.later(0).await;
            assert_eq!(office.row(&row).await.state, SendState::Waiting);
            office.cloud.behave(Manner::Take);
            office.later(MINUTE).await;
            assert_eq!((office.cloud.times(&row), office.row(&row).await.state), (1, SendState::Sent));
        }
        // Nobody knows, and it was taken: its receipt settles it, told twice and in any order.
        for manner in [Manner::TakeUnnamed, Manner::TakeAndBreak] {
            office.cloud.behave(manner);
            let row = office.says("Sebentar ya").await;
            office.later(0).await;
            assert_eq!(office.row(&row).await.state, SendState::Waiting);
            office.cloud.behave(Manner::Take);
            for told in ["delivered", "sent", "delivered"] {
                office.status(&row, told, None).await;
            }
            office.later(HOUR).await;
            let state = office.row(&row).await.state;
            assert_eq!((office.cloud.times(&row), state), (1, SendState::Delivered));
        }
        // Nobody knows, and it was not: no receipt came within its time, so it goes out.
        office.cloud.behave(Manner::Break);
        let row = office.says("Sebentar ya").await;
        office.later(0).await;
        office.cloud.behave(Manner::Take);
        office.later(14 * MINUTE).await;
        assert_eq!(office.cloud.times(&row), 0, "a receipt may still come");
        office.later(2 * MINUTE).await;
        assert_eq!((office.cloud.times(&row), office.row(&row).await.state), (1, SendState::Sent));
    }
}
