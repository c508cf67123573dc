//! Providers' calls, through the whole router: taken once, and only with the right proof.

use std::path::PathBuf;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tanggap_app::Front;
use tanggap_app::account::seal;
use tanggap_app::messengers::Messengers;
use tanggap_app::work::understand;
use tanggap_cases::talking::{self, Said};
use tanggap_channels::exchange::{InKind, InMessage, Incoming};
use tanggap_channels::messenger::{Kind, Places, Secrets, Settings};
use tanggap_channels::meta::{COMMENT, UNTIL};
use tanggap_channels::reach::Reach;
use tanggap_channels::signed;
use tanggap_contacts as contacts;
use tanggap_conversations::accounts::{self, AccountId, AccountInput};
use tanggap_conversations::inbound::{self, InboundState};
use tanggap_conversations::outbound::lanes;
use tanggap_conversations::{
    self as conversations, Message, SendState, Shelf, Talk, outbound, talks, window,
};
use tanggap_kernel::{Access, Permission, Timestamp};
use tanggap_org::Role;
use tanggap_store::jobs::Runner;
use tanggap_testkit::{TestDb, engines};

use crate::kit::{Answer, TestApp, request};

const SECRET: &str = "rahasia-aplikasi";
const VERIFY: &str = "token-verifikasi";

fn messengers() -> Messengers {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // Nobody listens there: what would have to be fetched stays named.
    let nowhere = || "http://127.0.0.1:9".to_owned();
    let places = Places { graph: nowhere(), telegram: nowhere(), x: nowhere() };
    Messengers::new(places, Reach::default()).expect("a client")
}

async fn app(kit: TestDb) -> TestApp {
    let messengers = messengers();
    TestApp::new(kit, Front { messengers: Some(messengers), ..Front::default() }).await
}

async fn account(app: &TestApp, kind: Kind, address: &str, active: bool) -> AccountId {
    make(app, kind, address, SECRET, active).await
}

async fn account_of(app: &TestApp, kind: Kind, address: &str, secret: &str) -> AccountId {
    make(app, kind, address, secret, true).await
}

async fn make(app: &TestApp, kind: Kind, address: &str, secret: &str, active: bool) -> AccountId {
    let secrets = Secrets {
        token: "token".into(),
        app_secret: secret.into(),
        verify_token: VERIFY.into(),
        ..Secrets::default()
    };
    let input = AccountInput {
        channel: kind.as_str(),
        name: format!("Akun {}", kind.as_str()),
        address: address.into(),
        settings: serde_json::to_string(&Settings::default()).expect("settings"),
        secrets: seal(&app.ctx.secrets, app.agency, &secrets).expect("sealed"),
        active,
    };
    let access = Access::system(app.agency);
    app.ctx.db.write(move |tx| accounts::create(tx, &access, &input)).await.expect("an account")
}

fn proof(kind: Kind, secret: &str, body: &str) -> String {
    match kind {
        Kind::Telegram => VERIFY.to_owned(),
        Kind::X => {
            let mac = hex::decode(signed::app_secret_proof(secret, body)).expect("hex");
            format!("sha256={}", STANDARD.encode(mac))
        }
        _ => format!("sha256={}", signed::app_secret_proof(secret, body)),
    }
}

async fn post(app: &TestApp, kind: Kind, address: &str, body: &str, proof: &str) -> Answer {
    let path = format!("/kanal/{}/{address}", kind.as_str());
    let request = request(Method::POST, &path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(kind.proof_header(), proof);
    app.send(request.body(Body::from(body.to_owned())).expect("a request")).await
}

async fn kept(app: &TestApp) -> usize {
    let access = Access::system(app.agency);
    let waiting = app
        .ctx
        .db
        .read(move |tx| Ok(inbound::undone(tx, &access, InboundState::Waiting, None, 1000)?))
        .await;
    waiting.expect("rows").len()
}

/// The published payloads, in the envelopes in which providers send them.
fn payloads() -> Option<Vec<(Kind, String, Value)>> {
    let Some(folder) = std::env::var_os("TANGGAP_TESTDATA") else {
        println!("skipped: TANGGAP_TESTDATA is not set");
        return None;
    };
    let folder = PathBuf::from(folder).join("channel-payloads");
    assert!(folder.is_dir(), "TANGGAP_TESTDATA names no folder: {}", folder.display());
    let mut all = Vec::new();
    for (kind, below) in [
        (Kind::WhatsApp, "whatsapp"),
        (Kind::Telegram, "zammad-agpl/telegram"),
        (Kind::Instagram, "meta"),
        (Kind::X, "zammad-agpl/x"),
    ] {
        for entry in std::fs::read_dir(folder.join(below)).expect("a folder") {
            let path = entry.expect("a file").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("text");
            let value: Value = serde_json::from_str(&text).expect("json");
            let (kind, value) = match name.as_str() {
                "fb_feed_comment.json" => (
                    Kind::Messenger,
                    json!({ "object": "page", "entry": [{
                    "id": "1", "changes": [{ "field": "feed", "value": value["change"]["value"] }],
                }] }),
                ),
                "fb_message_reads.json" => (
                    Kind::Messenger,
                    json!({ "object": "page", "entry": [{
                    "id": "1", "messaging": [value["messaging"]] }] }),
                ),
                _ if kind == Kind::X => (kind, value["params"].clone()),
                _ => (kind, value),
            };
            all.push((kind, name, value));
        }
    }
    Some(all)
}

/// What one account heard, through the job that understands.
async fn understood(app: &TestApp) -> usize {
    let runner = Runner::new(app.ctx.db.clone());
    let runner = understand::register(runner, app.ctx.clone(), messengers(), None);
    runner.run_due().await.expect("jobs run")
}

/// The talks of an account, with what was said in them.
async fn talks_of(app: &TestApp, account: AccountId) -> Vec<(Talk, Vec<Message>)> {
    let access = Access::system(app.agency);
    app.ctx
        .db
        .read(move |tx| {
            let page = talks::list(tx, &access, Shelf::Open, None, 100)?;
            let mut found = Vec::new();
            for talk in page.rows.into_iter().filter(|talk| talk.account_id == Some(account)) {
                let messages = conversations::messages_of(tx, &access, talk.id)?;
                found.push((talk, messages));
            }
            Ok(found)
        })
        .await
        .expect("talks")
}

/// One message in one talk, as the provider told it.
async fn same(app: &TestApp, name: &str, told: &InMessage, heard: &[(Talk, Vec<Message>)]) {
    let [(talk, messages)] = heard else { panic!("{name}: {heard:?}") };
    let [message] = messages.as_slice() else { panic!("{name}: {messages:?}") };
    assert_eq!(talk.thread, told.thread, "{name}");
    assert_eq!(Some(message.at.as_micros()), told.at.or(Some(message.at.as_micros())), "{name}");
    assert!(message.body.contains(told.text.trim()), "{name}: {}", message.body);
    if let InKind::Unknown { name: kind } = &told.kind {
        assert!(message.body.contains(kind), "{name}: {}", message.body);
    }
    let (access, id) = (Access::system(app.agency), talk.contact_id.expect("a sender"));
    let contact = app.ctx.db.read(move |tx| contacts::get(tx, &access, id)).await.expect("them");
    let handle = format!("{}:{}", talk.channel, told.from.value);
    assert!(contact.handles.contains(&handle), "{name}: {:?}", contact.handles);
}

engines! {
    async fn a_message_posted_twice_is_one_in_its_talk(kit) {
        let app = app(kit).await;
        let own = account(&app, Kind::WhatsApp, "1122334455667", true).await;
        let text = "Lampu jalan di depan pasar padam sejak kemarin.";
        let body = |id: &str, text: &str| {
            json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
                "field": "messages", "value": {
                    "metadata": { "phone_number_id": "1122334455667" },
                    "contacts": [{ "profile": { "name": "Siti" }, "wa_id": "6281234567890" }],
                    "messages": [{ "from": "6281234567890", "id": id, "timestamp": "1697043379",
                        "type": "text", "text": { "body": text } }] } }] }] })
            .to_string()
        };
        for body in [body("wamid.1", text), body("wamid.1", text), body("wamid.2", "Terima kasih.")] {
            let proof = proof(Kind::WhatsApp, SECRET, &body);
            let answer = post(&app, Kind::WhatsApp, "1122334455667", &body, &proof).await;
            assert_eq!(answer.status, StatusCode::OK);
            understood(&app).await;
        }
        // The same message in other bytes: known by its own id.
        let again = body("wamid.1", text).replace("Siti", "Siti A.");
        let right = proof(Kind::WhatsApp, SECRET, &again);
        post(&app, Kind::WhatsApp, "1122334455667", &again, &right).await;
        assert_eq!(understood(&app).await, 1);
        assert_eq!(kept(&app).await, 0, "nothing waits any more");
        let talks = talks_of(&app, own).await;
        let [(talk, messages)] = talks.as_slice() else { panic!("{talks:?}") };
        assert_eq!((talk.channel.as_str(), talk.thread.as_str()), ("whatsapp", "6281234567890"));
        assert!(talk.awaiting);
        let at = Timestamp::from_micros(1_697_043_379_000_000);
        assert_eq!(talk.window_until, Some(at.plus(Timestamp::DAY)));
        let bodies: Vec<&str> = messages.iter().map(|message| message.body.as_str()).collect();
        assert_eq!(bodies, [text, "Terima kasih."]);
    }

    async fn one_applications_secret_speaks_for_no_other(kit) {
        let app = app(kit).await;
        account(&app, Kind::WhatsApp, "100", true).await;
        let same = account(&app, Kind::WhatsApp, "200", true).await;
        let other = account_of(&app, Kind::WhatsApp, "300", "rahasia-lain").await;
        for (number, heard) in [("200", same), ("300", other)] {
            let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1",
                "changes": [{ "field": "messages", "value": {
                    "metadata": { "phone_number_id": number },
                    "messages": [{ "from": "6281234567890", "id": format!("wamid.{number}"),
                        "timestamp": "1697043379", "type": "text", "text": { "body": "Halo" } }]
                } }] }] }).to_string();
            let proof = proof(Kind::WhatsApp, SECRET, &body);
            assert_eq!(post(&app, Kind::WhatsApp, "100", &body, &proof).await.status, StatusCode::OK);
            understood(&app).await;
            let talks = talks_of(&app, heard).await;
            assert_eq!(talks.len(), usize::from(number == "200"), "{number}");
        }
        assert_eq!(kept(&app).await, 0, "nothing waits");
    }

    async fn a_comment_is_answered_to_the_person_alone(kit) {
        let app = app(kit).await;
        let own = account(&app, Kind::Messenger, "1", true).await;
        let body = json!({ "object": "page", "entry": [{ "id": "1", "changes": [{ "field": "feed",
            "value": { "from": { "id": "338", "name": "Jane" }, "post_id": "1_3",
                "comment_id": "3_5", "item": "comment", "verb": "add",
                "message": "Kapan KTP saya jadi?" } }] }] })
        .to_string();
        let right = proof(Kind::Messenger, SECRET, &body);
        assert_eq!(post(&app, Kind::Messenger, "1", &body, &right).await.status, StatusCode::OK);
        understood(&app).await;
        let talks = talks_of(&app, own).await;
        let [(talk, _)] = talks.as_slice() else { panic!("{talks:?}") };
        assert_eq!(talk.thread, format!("{COMMENT}3_5"));
        let (access, id, talk_id) = (Access::system(app.agency), talk.account_id, talk.id);
        let queued = app.ctx.db.write(move |tx| {
            let said = Said { text: "Boleh kami tahu NIK Anda?", ..Said::default() };
            talking::answer(tx, &access, talk_id, &said)?;
            Ok(outbound::of_exchange(tx, &access, talk_id)?)
        });
        let queued = queued.await.expect("an answer");
        let [row] = queued.as_slice() else { panic!("{queued:?}") };
        assert_eq!(row.account_id, id.map_or(0, |id| id.0));
        assert!(row.extra.private_reply && window::is_public(&row.recipient));
    }

    async fn who_read_up_to_a_moment_read_all_before_it(kit) {
        let app = app(kit).await;
        let own = account(&app, Kind::Messenger, "1", true).await;
        let now = app.ctx.db.now();
        let millis = now.as_micros() / 1000;
        let event = async |what: &str, value: Value| {
            let body = json!({ "object": "page", "entry": [{ "id": "1", "messaging": [{
                "sender": { "id": "338" }, "recipient": { "id": "1" }, "timestamp": millis,
                what: value }] }] })
            .to_string();
            let right = proof(Kind::Messenger, SECRET, &body);
            assert_eq!(post(&app, Kind::Messenger, "1", &body, &right).await.status, StatusCode::OK);
            understood(&app).await;
        };
        event("message", json!({ "mid": "m_1", "text": "Halo" })).await;
        let talks = talks_of(&app, own).await;
        let id = talks.first().expect("a talk").0.id;
        let access = Access::system(app.agency);
        let answered = app.ctx.db.write(move |tx| {
            for text in ["Halo, ada yang bisa dibantu?", "Silakan."] {
                talking::answer(tx, &access, id, &Said { text, ..Said::default() })?;
            }
            // Of two answers one went out.
            let rows = outbound::of_exchange(tx, &access, id)?;
            Ok(lanes::note(tx, &access, &rows[0], None)?)
        });
        answered.await.expect("answers");
        let states = async || {
            let access = Access::system(app.agency);
            let rows = app.ctx.db.read(move |tx| Ok(outbound::of_exchange(tx, &access, id)?));
            rows.await.expect("rows").iter().map(|row| row.state).collect::<Vec<_>>()
        };
        event("read", json!({ "watermark": millis - 60_000 })).await;
        assert_eq!(states().await, [SendState::Sent, SendState::Waiting], "read before it was");
        event("delivery", json!({ "watermark": millis })).await;
        assert_eq!(states().await, [SendState::Delivered, SendState::Waiting]);
        event("read", json!({ "watermark": millis })).await;
        assert_eq!(states().await, [SendState::Read, SendState::Waiting]);
        assert_eq!(kept(&app).await, 0, "nothing waits for a message that is never named");
    }

    async fn every_published_call_is_one_thing_however_often_it_comes(kit) {
        let Some(all) = payloads() else { return };
        let app = app(kit).await;
        let (mut messages, mut waiting) = (0, 0);
        for (n, (kind, name, value)) in all.iter().enumerate() {
            // Many of the examples bear the same ids, so each has an account of its own.
            let address = format!("akun{n}");
            let id = account(&app, *kind, &address, true).await;
            let body = value.to_string();
            for _ in 0..2 {
                let right = proof(*kind, SECRET, &body);
                let answer = post(&app, *kind, &address, &body, &right).await;
                assert_eq!(answer.status, StatusCode::OK, "{name}");
            }
            assert_eq!(kept(&app).await, waiting + 1, "{name}: kept once");
            // What was written years ago is overdue at once: a timer may run beside it.
            assert!(understood(&app).await > 0, "{name}");
            let arrived = kind.read(body.as_bytes()).remove(0);
            let heard = talks_of(&app, id).await;
            match arrived.what {
                // Nobody gives its files here: it waits for them.
                Incoming::Message(m) if !m.files.is_empty() && *kind != Kind::Instagram => {
                    assert_eq!(heard.len(), 0, "{name}");
                    waiting += 1;
                }
                Incoming::Message(m) => {
                    same(&app, name, &m, &heard).await;
                    messages += 1;
                }
                // Of no message: of all up to a moment.
                Incoming::Receipt(r) if r.external_id.starts_with(UNTIL) => {}
                Incoming::Receipt(_) => waiting += 1,
                Incoming::Other { .. } => assert_eq!(heard.len(), 0, "{name}"),
            }
        }
        println!("{} published calls, each posted twice: {messages} messages", all.len());
        println!("{waiting} wait for a file, or for the message that a receipt is of");
        assert_eq!((all.len(), kept(&app).await), (69, waiting));
        assert!(messages >= 28, "{messages}");
    }

    async fn a_wrong_proof_leaves_nothing_behind(kit) {
        let app = app(kit).await;
        for kind in Kind::ALL {
            account(&app, kind, "123", true).await;
        }
        account(&app, Kind::WhatsApp, "off", false).await;
        let body = "{\"update_id\":1,\"entry\":[]}";
        for kind in Kind::ALL {
            for wrong in ["", "sha256=", "sha256=00", &proof(kind, "another", "another"), "a"] {
                if kind == Kind::Telegram && wrong == VERIFY {
                    continue;
                }
                let answer = post(&app, kind, "123", body, wrong).await;
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{kind:?} {wrong}");
            }
        }
        let right = proof(Kind::WhatsApp, SECRET, body);
        for (kind, address) in [(Kind::WhatsApp, "off"), (Kind::WhatsApp, "456"), (Kind::X, "456")] {
            let answer = post(&app, kind, address, body, &right).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{kind:?} {address}");
        }
        let large = "a".repeat((4 << 20) + 1);
        let answer = post(&app, Kind::WhatsApp, "123", &large, &right).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(kept(&app).await, 0);
        // The proof of one body opens no other.
        let other = "{\"entry\":[1]}";
        assert_eq!(post(&app, Kind::WhatsApp, "123", other, &right).await.status.as_u16(), 401);
        assert_eq!(post(&app, Kind::WhatsApp, "123", body, &right).await.status, StatusCode::OK);
        assert_eq!(kept(&app).await, 1);
    }

    async fn providers_make_sure_that_the_address_is_ours(kit) {
        let app = app(kit).await;
        account(&app, Kind::Messenger, "123", true).await;
        account(&app, Kind::X, "123", true).await;
        let meta = "/kanal/messenger/123?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token";
        let answer = app.get(&format!("{meta}={VERIFY}")).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "1158201444"));
        let answer = app.get(&format!("{meta}=salah")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        let answer = app.get("/kanal/x/123?crc_token=challenge").await;
        assert_eq!(Some(answer.body.clone()), signed::x_challenge(SECRET, "challenge"));
        // Nobody is given the signature of a call of their own.
        let forged = "/kanal/x/123?crc_token=%7B%22for_user_id%22%3A%22123%22%7D";
        assert_eq!(app.get(forged).await.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.header("content-type"), "application/json");
        for path in ["/kanal/x/123", "/kanal/x/9?crc_token=a", "/kanal/fax/123", "/kanal/telegram/1"] {
            assert_eq!(app.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }

    async fn an_administrator_sets_up_an_account_and_nobody_else_does(kit) {
        let app = app(kit).await;
        let agent = app.sign_in_as(Role::Agent).await;
        let refused = app.get_as(&agent, "/pengaturan/kanal").await;
        assert!(refused.status.is_client_error(), "{}", refused.status);
        let cookie = app.sign_in_as(Role::Administrator).await;
        let form = app.get_as(&cookie, "/pengaturan/kanal/baru/whatsapp").await;
        assert_eq!(form.status, StatusCode::OK, "{}", form.body);
        let csrf = form.body.split("name=\"csrf\" value=\"").nth(1).expect("a token");
        let csrf = csrf.split('"').next().expect("a token").to_owned();
        let send = async |path: &str, fields: &str| {
            let request = request(Method::POST, path)
                .header(header::COOKIE, &cookie)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            let body = Body::from(format!("csrf={csrf}&{fields}"));
            app.send(request.body(body).expect("a request")).await
        };
        let new = "/pengaturan/kanal/baru/whatsapp";
        let answer = send(new, "name=WA&address=12-3&password_token=EAAsecret").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!answer.body.contains("EAAsecret"), "a secret is not sent back");
        let fields = "name=WA&address=123&password_token=EAAsecret&password_app_secret=s&active=ya";
        let answer = send(new, fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let path = answer.header("location").split('?').next().expect("a path").to_owned();
        let shown = app.get_as(&cookie, &path).await;
        assert!(shown.body.contains("/kanal/whatsapp/123"), "what to type at the provider");
        assert!(!shown.body.contains("EAAsecret"), "a secret is never shown");
        // Left empty, the token stays; the webhook goes on with the same secret.
        let answer = send(&path, "name=WA+2&address=123&version=1&active=ya").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let body = "{\"entry\":[]}";
        let right = format!("sha256={}", signed::app_secret_proof("s", body));
        let answer = post(&app, Kind::WhatsApp, "123", body, &right).await;
        assert_eq!(answer.status, StatusCode::OK);
        let stale = send(&path, "name=WA+3&address=123&version=1&active=ya").await;
        assert_eq!(stale.status, StatusCode::CONFLICT);
        let taken = send(new, fields).await;
        assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
        let list = app.get_as(&cookie, "/pengaturan/kanal").await;
        assert!(list.body.contains("WA 2"), "{}", list.body);
        // No event and no row holds the token in the open.
        let rows = app.ctx.db.read(|tx| Ok(accounts::in_use(tx, "whatsapp")?)).await.expect("rows");
        let row = rows.first().expect("the account");
        assert!(!row.settings.contains("EAAsecret"));
        assert!(!row.secrets.windows(9).any(|bytes| bytes == b"EAAsecret"));
        let admin = Access::system(app.agency);
        assert!(admin.can(Permission::ChannelsManage, None));
    }
}
