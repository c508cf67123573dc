//! The web chat at the visitor's doors: nothing twice, nothing lost, nothing shown to others.

use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::StreamExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use tanggap_cases::asides::{self, Asked};
use tanggap_cases::store as cases;
use tanggap_conversations::accounts::{self, Account, AccountId, AccountInput};
use tanggap_conversations::chat::vouch::{SHARED, shared_secret};
use tanggap_conversations::chat::{self, CHANNEL, Hours, Settings};
use tanggap_conversations::templates::{self, Approved};
use tanggap_conversations::{self as talk, Direction, InteractionId, NewMessage, talks};
use tanggap_kernel::{Access, Timestamp};
use tanggap_portal::chat::letters;
use tanggap_store::jobs::Runner;
use tanggap_testkit::{TestDb, engines};
use tanggap_ui::ctx::Secrets;

use crate::browser::{Browser, Got, filled};
use crate::house::House;

const SITI: &str = "sitisitisitisitisitisitisitisitisitisitisit";
const BUDI: &str = "budibudibudibudibudibudibudibudibudibudibud";

/// An agency with a chat, and a browser before it.
struct Chat {
    house: House,
    browser: Browser,
    account: Account,
}

impl Chat {
    async fn open(kit: &TestDb, change: impl FnOnce(&mut Settings)) -> Self {
        let house = House::build(&kit.db).await;
        let mut settings = Settings { hours: Hours::Always, ..Settings::default() };
        change(&mut settings);
        let input = AccountInput {
            channel: CHANNEL,
            name: "Situs dinas".into(),
            address: "situs".into(),
            settings: settings.to_json(),
            secrets: Vec::new(),
            active: true,
        };
        let access = Access::system(house.agency);
        let account = kit.db.write(move |tx| {
            let id: AccountId = accounts::create(tx, &access, &input)?;
            accounts::get(tx, &access, id)
        });
        let account = account.await.expect("an account");
        Self { house, browser: Browser::new(kit), account }
    }

    async fn say(&mut self, secret: &str, key: &str, text: &str) -> Got {
        let pairs = [("key", key), ("text", text)];
        self.browser.script("/obrolan/api/pesan", secret, Some(&pairs)).await
    }

    async fn act(&mut self, secret: &str, act: &str, pairs: &[(&str, &str)]) -> Got {
        self.browser.script(&format!("/obrolan/api/{act}"), secret, Some(pairs)).await
    }

    async fn state(&mut self, secret: &str) -> Value {
        json_of(&self.browser.script("/obrolan/api/keadaan", secret, None).await)
    }

    /// An officer answers, and notes something for colleagues.
    async fn answer(&self, id: InteractionId, text: &str) {
        let (access, text) = (self.house.agent.clone(), text.to_owned());
        let done = self.house.db.write(move |tx| {
            for (direction, body) in
                [(Direction::Out, text.as_str()), (Direction::Internal, "rahasia kantor")]
            {
                let new = NewMessage { direction: Some(direction), body, ..NewMessage::default() };
                talk::add_message(tx, &access, id, &new)?;
            }
            let talk = talks::get(tx, &access, id)?;
            talks::answered(tx, &access, talk, &text)
        });
        done.await.expect("answered");
        self.aside(id, "rahasia kantor").await;
    }

    /// Everything that staff can say beside a talk.
    async fn aside(&self, id: InteractionId, text: &'static str) {
        let (lead, agent) = (self.house.supervisor.clone(), self.house.agent.clone());
        let done = self.house.db.write(move |tx| {
            asides::watch(tx, &lead, id)?;
            asides::whisper(tx, &lead, id, text)?;
            let to = Asked::Person(lead.user().expect("a person"));
            let asked = asides::ask(tx, &agent, id, to, text)?;
            asides::advise(tx, &lead, asked, text)
        });
        done.await.expect("said beside it");
    }

    async fn talk(&self, id: InteractionId) -> talk::Talk {
        let access = self.house.agent.clone();
        self.house.db.read(move |tx| talks::get(tx, &access, id)).await.expect("a talk")
    }

    async fn outbound(&self) -> Vec<talk::Outbound> {
        let access = self.house.agent.clone();
        let waiting = self.house.db.read(move |tx| {
            Ok(talk::outbound::waiting(tx, &access, talk::SendState::Waiting, None, 10)?)
        });
        waiting.await.expect("a ledger")
    }
}

fn json_of(got: &Got) -> Value {
    serde_json::from_str(&got.body).unwrap_or_else(|_| panic!("{}: {}", got.status, got.body))
}

fn talk_of(got: &Got) -> InteractionId {
    assert_eq!(got.status, StatusCode::OK, "{}", got.body);
    InteractionId::parse(json_of(got)["talk"].as_str().expect("a talk")).expect("an id")
}

fn texts(state: &Value) -> Vec<&str> {
    let messages = state["messages"].as_array().expect("messages");
    messages.iter().map(|m| m["text"].as_str().expect("a text")).collect()
}

/// Reads a stream until it says `wanted`.
async fn until(body: Body, wanted: &str) -> String {
    let mut all = String::new();
    let mut chunks = body.into_data_stream();
    let read = async {
        while let Some(chunk) = chunks.next().await {
            all.push_str(&String::from_utf8_lossy(&chunk.expect("a chunk")));
            if all.contains(wanted) {
                break;
            }
        }
    };
    let heard = tokio::time::timeout(Duration::from_secs(20), read).await;
    assert!(heard.is_ok() && all.contains(wanted), "{wanted} was not heard: {all}");
    all
}

engines! {
    async fn what_is_sent_again_is_there_once_and_only_for_its_browser(kit) {
        let mut chat = Chat::open(&kit, |_| {}).await;
        let state = chat.state(SITI).await;
        assert_eq!((state["talk"].clone(), state["open"].clone()), (Value::Null, json!(true)));
        let first = chat.say(SITI, "kunci-0001", "Kapan KTP saya jadi?").await;
        let again = chat.say(SITI, "kunci-0001", "Kapan KTP saya jadi?").await;
        assert_eq!(json_of(&first)["id"], json_of(&again)["id"]);
        let id = talk_of(&first);
        talk_of(&chat.say(SITI, "kunci-0002", "Sudah dua minggu.").await);
        let state = chat.state(SITI).await;
        assert_eq!(texts(&state), ["Kapan KTP saya jadi?", "Sudah dua minggu."]);
        let talk = chat.talk(id).await;
        assert!(talk.awaiting && talk.channel == CHANNEL && talk.preview == "Sudah dua minggu.");

        // The same key of another browser is another message, and nobody sees the other's.
        let other = talk_of(&chat.say(BUDI, "kunci-0001", "Saya Budi.").await);
        assert_ne!(other, id);
        assert_eq!(texts(&chat.state(BUDI).await), ["Saya Budi."]);
        for secret in ["", "salah", &SITI[1..]] {
            let state = chat.browser.script("/obrolan/api/keadaan", secret, None).await;
            assert!(!state.body.contains("KTP"), "{secret}: {}", state.body);
        }
        let stranger = chat.act(&"x".repeat(43), "akhiri", &[]).await;
        assert_eq!(stranger.status, StatusCode::NOT_FOUND);

        kit.clock.set(kit.clock.now().plus(Timestamp::SECOND));
        chat.answer(id, "Besok, Bu.").await;
        let state = chat.state(SITI).await;
        assert_eq!(texts(&state).last(), Some(&"Besok, Bu."));
        assert!(!state.to_string().contains("rahasia kantor") && !state.to_string().contains("agen"));
        assert!(!chat.talk(id).await.awaiting);
        let asked = state["messages"][1]["id"].as_str().expect("an id").to_owned();
        let seen = state["talk"]["seen"].as_str().expect("a mark").to_owned();
        assert!(seen >= asked, "who answers has read what was asked");
    }

    async fn a_stream_tells_what_was_missed_and_what_comes(kit) {
        let mut chat = Chat::open(&kit, |_| {}).await;
        tanggap_portal::spawn_reactions(chat.browser.ctx());
        let first = chat.say(SITI, "kunci-0001", "Halo").await;
        let (id, number) = (talk_of(&first), json_of(&first)["number"].clone());
        kit.clock.set(kit.clock.now().plus(Timestamp::MINUTE));
        let whole = chat.browser.open("/obrolan/api/arus", SITI, "").await;
        let listening = tokio::spawn(until(whole, "Selamat pagi"));
        chat.answer(id, "Selamat pagi").await;
        let heard = listening.await.expect("heard");
        assert!(heard.contains("\"Halo\"") && heard.contains("hello"), "{heard}");
        assert!(!heard.contains("rahasia kantor"));
        // From where it stopped: what is known is not told again.
        let second = chat.say(SITI, "kunci-0002", "Terima kasih").await;
        let last = number.as_str().expect("a number").to_owned();
        let rest = chat.browser.open("/obrolan/api/arus", SITI, &last).await;
        let heard = until(rest, "Terima kasih").await;
        assert!(heard.contains("Selamat pagi"), "{heard}");
        kit.clock.set(kit.clock.now().plus(Timestamp::MINUTE));
        chat.answer(id, "Sama-sama").await;
        let last = json_of(&second)["number"].as_str().expect("a number").to_owned();
        let rest = chat.browser.open("/obrolan/api/arus", SITI, &last).await;
        let heard = until(rest, "Sama-sama").await;
        assert!(!heard.contains("\"Halo\""), "{heard}");
        let nobody = chat.browser.script("/obrolan/api/arus", BUDI, None).await;
        assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    }

    async fn an_answer_follows_whoever_left_and_not_whoever_reads(kit) {
        let mut chat = Chat::open(&kit, |_| {}).await;
        let runner = letters::register(Runner::new(kit.db.clone()));
        let pairs = [("key", "kunci-0001"), ("text", "Apakah buka?"), ("email", "Siti@Contoh.id")];
        let first = chat.browser.script("/obrolan/api/pesan", SITI, Some(&pairs)).await;
        let id = talk_of(&first);
        chat.answer(id, "Ya, sampai pukul 15.").await;
        runner.run_due().await.expect("nothing is due");
        assert!(chat.outbound().await.is_empty(), "they may still be looking");
        kit.clock.set(kit.clock.now().plus(4 * Timestamp::MINUTE));
        runner.run_due().await.expect("ran");
        let mails = chat.outbound().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert_eq!(mails[0].recipient, "siti@contoh.id");
        assert!(mails[0].body.contains("Ya, sampai pukul 15."), "{}", mails[0].body);
        assert!(!mails[0].body.contains("rahasia kantor"));

        chat.answer(id, "Bawa KTP.").await;
        let state = chat.state(SITI).await;
        let newest = state["messages"].as_array().expect("messages").last().expect("one");
        let newest = newest["id"].as_str().expect("an id").to_owned();
        let read = chat.act(SITI, "dibaca", &[("id", &newest)]).await;
        assert_eq!(read.status, StatusCode::NO_CONTENT, "{}", read.body);
        kit.clock.set(kit.clock.now().plus(4 * Timestamp::MINUTE));
        runner.run_due().await.expect("ran");
        assert_eq!(chat.outbound().await.len(), 1, "what was read is not sent");

        let done = chat.act(SITI, "salinan", &[("email", "kakak@contoh.id")]).await;
        assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.body);
        let mails = chat.outbound().await;
        let copy = mails.iter().find(|mail| mail.recipient == "kakak@contoh.id").expect("a copy");
        assert!(copy.body.contains("Apakah buka?") && copy.body.contains("Bawa KTP."));
        assert!(!copy.body.contains("rahasia kantor"));
        for _ in 0..2 {
            chat.act(SITI, "salinan", &[("email", "kakak@contoh.id")]).await;
        }
        let fourth = chat.act(SITI, "salinan", &[("email", "kakak@contoh.id")]).await;
        assert_eq!(fourth.status, StatusCode::CONFLICT);
    }

    async fn an_answer_follows_to_a_number_by_whatsapp(kit) {
        let mut chat = Chat::open(&kit, |_| {}).await;
        let runner = letters::register(Runner::new(kit.db.clone()));
        let who = [("key", "kunci-0001"), ("text", "Buka?"), ("phone", "0812 3456 7890")];
        let first = chat.browser.script("/obrolan/api/pesan", SITI, Some(&who)).await;
        let id = talk_of(&first);
        let later = || kit.clock.set(kit.clock.now().plus(4 * Timestamp::MINUTE));
        chat.answer(id, "Ya, sampai\npukul 15.").await;
        later();
        runner.run_due().await.expect("ran");
        assert!(chat.outbound().await.is_empty(), "there is no account to write by");

        let access = Access::system(chat.house.agency);
        let account = kit.db.write(move |tx| {
            let input = AccountInput {
                channel: "whatsapp",
                name: "WA".into(),
                address: "1".into(),
                settings: "{}".into(),
                active: true,
                ..AccountInput::default()
            };
            let account = accounts::create(tx, &access, &input)?;
            let approved = Approved {
                name: "balasan_obrolan".into(),
                language: "id".into(),
                category: "UTILITY".into(),
                body: "Halo {{1}}, jawaban kami: {{2}}".into(),
                gaps: 2,
                fetched_at: tx.now(),
            };
            templates::replace(tx, &access, account, &[approved])?;
            Ok(account)
        });
        let account = account.await.expect("an account");
        chat.answer(id, "Bawa KTP.").await;
        later();
        runner.run_due().await.expect("ran");
        let sent = chat.outbound().await;
        let [row] = sent.as_slice() else { panic!("{sent:?}") };
        let expected = ("whatsapp", account.0, "6281234567890");
        assert_eq!((row.channel.as_str(), row.account_id, row.recipient.as_str()), expected);
        let template = row.extra.template.as_ref().expect("a template");
        assert_eq!(template.values[1], "Ya, sampai pukul 15. Bawa KTP.", "nothing was lost before");
        later();
        runner.run_due().await.expect("ran");
        assert_eq!(chat.outbound().await.len(), 1, "once");
    }

    async fn a_host_counts_only_by_its_signature(kit) {
        let mut chat = Chat::open(&kit, |settings| settings.key_number = 1).await;
        let (agency, id) = (chat.account.agency_id, chat.account.id);
        let shared =
            |number| shared_secret(&Secrets::new([9; 32]).key(SHARED), agency, id, number);
        let (old, secret) = (shared(0), shared(1));
        let token = |secret: &str, aud: &str| {
            let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let until = kit.clock.now().as_micros() / Timestamp::SECOND + 600;
            let claims = json!({ "sub": "u-1", "aud": aud, "exp": until, "name": "Sri Wahyuni",
                "email": "sri@contoh.id" });
            let text = format!("{}.{}", part(json!({ "alg": "HS256" })), part(claims));
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
            mac.update(text.as_bytes());
            format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
        };
        let account = chat.account.id.to_string();
        for (browser, token, believed) in [
            (SITI, token(&secret, &account), Some(true)),
            (BUDI, token(&old, &account), Some(false)),
            (&"c".repeat(43), token(&secret, "akun-lain"), Some(false)),
            (&"d".repeat(43), "bukan.token.sama-sekali".to_owned(), Some(false)),
            (&"e".repeat(43), String::new(), None),
        ] {
            let pairs = [("key", "kunci-0001"), ("text", "Halo"), ("identitas", &token)];
            let got = chat.browser.script("/obrolan/api/pesan", browser, Some(&pairs)).await;
            assert_eq!(json_of(&got)["vouched"], json!(believed), "{token}");
            let (id, access) = (talk_of(&got), chat.house.agent.clone());
            let read = kit.db.read(move |tx| Ok(chat::visitor(tx, &access, id)?));
            let visitor = read.await.expect("a read").expect("a visitor");
            let named = believed == Some(true);
            assert_eq!(visitor.vouched.is_some(), named, "{token}");
            assert_eq!(visitor.email.as_deref(), named.then_some("sri@contoh.id"));
        }
    }

    async fn without_a_script_one_writes_reads_ends_and_rates(kit) {
        let mut chat = Chat::open(&kit, |_| {}).await;
        let page = chat.browser.get("/obrolan").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert!(page.body.contains("name=\"text\""), "{}", page.body);
        let bad = chat.browser.post_files("/obrolan", &filled(&page, &[("text", "")]), &[]).await;
        assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", bad.body);
        let wrong = [("text", "Halo <b>"), ("email", "bukan surel")];
        let bad = chat.browser.post_files("/obrolan", &filled(&page, &wrong), &[]).await;
        assert!(bad.body.contains("Halo &#60;b&#62;") && bad.body.contains("bukan surel"));
        let fields = filled(&page, &[("text", "Halo <b>"), ("name", "Siti")]);
        for _ in 0..2 {
            let sent = chat.browser.post_files("/obrolan", &fields, &[("a.txt", b"isi")]).await;
            assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        }
        let thread = chat.browser.get("/obrolan/isi").await;
        assert_eq!(thread.body.matches("Halo &#60;b&#62;").count(), 1, "{}", thread.body);
        let policy = thread.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.contains("frame-ancestors 'self'"), "{policy}");
        assert!(!thread.headers.contains_key(header::X_FRAME_OPTIONS));
        let file = thread.body.split("href=\"").find(|r| r.starts_with("/obrolan/berkas/"));
        let file = file.and_then(|r| r.split('"').next()).expect("a file").to_owned();
        let mut stranger = chat.browser.stranger();
        assert_eq!(stranger.get(&file).await.bytes, b"isi");
        assert_eq!(stranger.get(&format!("{file}x")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(stranger.get("/obrolan/isi").await.status, StatusCode::NOT_FOUND);

        let end = chat.browser.post("/obrolan/akhiri", &page.hidden()).await;
        assert_eq!(end.status, StatusCode::SEE_OTHER, "{}", end.body);
        let page = chat.browser.get("/obrolan").await;
        let rate = filled(&page, &[("rating", "4"), ("comment", "Cepat")]);
        let rated = chat.browser.post("/obrolan/nilai", &rate).await;
        assert_eq!(rated.status, StatusCode::SEE_OTHER, "{}", rated.body);
        let page = chat.browser.get(&rated.location).await;
        assert!(page.body.contains("Anda menilai 4 dari 5"), "{}", page.body);
        let forged = chat.browser.stranger().post("/obrolan/akhiri", &page.hidden()).await;
        assert_eq!(forged.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn while_nobody_is_there_a_message_becomes_a_case_once(kit) {
        let mut chat = Chat::open(&kit, |settings| settings.hours = Hours::Office).await;
        assert_eq!(chat.state(SITI).await["open"], json!(true), "Wednesday, nine o'clock");
        let going_on = talk_of(&chat.say(SITI, "kunci-0001", "Halo").await);
        kit.clock.set(kit.clock.now().plus(12 * Timestamp::HOUR));
        assert_eq!(chat.state(SITI).await["open"], json!(false));
        let more = chat.say(SITI, "kunci-0002", "Besok saja").await;
        assert_eq!(talk_of(&more), going_on, "who has begun may go on");
        let closed = chat.say(BUDI, "kunci-0001", "Ada orang?").await;
        assert_eq!(json_of(&closed)["error"], "closed");
        let left = [
            ("key", "kunci-0009-abcdef"),
            ("text", "Lampu jalan padam.\nSejak Senin."),
            ("kind", "complaint"),
            ("email", "budi@contoh.id"),
        ];
        for key in ["", "kunci-0009"] {
            let short = [("key", key), left[1], left[2], left[3]];
            let refused = chat.act(BUDI, "titip", &short).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "others guess it: {key}");
        }
        let first = json_of(&chat.act(BUDI, "titip", &left).await);
        let again = json_of(&chat.act(BUDI, "titip", &left).await);
        assert_eq!(first, again);
        let (access, code) = (chat.house.agent.clone(), first["code"].as_str().expect("a code").to_owned());
        let case = kit.db.read(move |tx| Ok(cases::by_code(tx, &access, &code)?)).await;
        let case = case.expect("a read").expect("a case");
        assert_eq!((case.subject.as_str(), case.channel.as_str()), ("Lampu jalan padam.", CHANNEL));
        let page = chat.browser.get("/obrolan").await;
        let fields = filled(&page, &[("text", "Mau bertanya"), ("kind", "information_request")]);
        let left = chat.browser.post_files("/obrolan/titip", &fields, &[]).await;
        assert!(left.body.contains("receipt-code"), "{}: {}", left.status, left.body);
    }

    async fn a_flood_is_slowed_and_the_frame_stands_where_it_may(kit) {
        let origins = vec!["https://dinas.contoh.go.id".to_owned()];
        let mut chat = Chat::open(&kit, |settings| settings.origins = origins).await;
        for n in 0..20 {
            talk_of(&chat.say(SITI, &format!("kunci-{n:04}"), "x").await);
        }
        let slowed = chat.say(SITI, "kunci-0099", "x").await;
        assert_eq!(slowed.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(json_of(&slowed)["wait"].as_i64().is_some_and(|wait| wait > 0));
        talk_of(&chat.say(BUDI, "kunci-0001", "Saya orang lain di alamat yang sama.").await);
        let long = "x".repeat(4001);
        for (key, text) in [("pendek", "x"), ("kunci 0001", "x"), ("kunci-0002", " "), ("kunci-0003", &long)] {
            let refused = chat.say(BUDI, key, text).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{key}");
        }
        // Without proof of work one address begins only so many.
        let mut begun = 0;
        for n in 0..30 {
            let secret = format!("{n:043}");
            begun += usize::from(chat.say(&secret, "kunci-0001", "x").await.status == StatusCode::OK);
        }
        assert!((5..20).contains(&begun), "{begun}");

        let frame = format!("/obrolan/bingkai?akun={}&bahasa=en", chat.account.id);
        let frame = chat.browser.get(&frame).await;
        let policy = frame.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.ends_with("frame-ancestors 'self' https://dinas.contoh.go.id"), "{policy}");
        assert!(!frame.headers.contains_key(header::X_FRAME_OPTIONS));
        assert!(frame.body.contains("lang=\"en\"") && frame.body.contains("\"send\":\"Send\""));
        assert_eq!(chat.browser.get("/").await.headers[header::X_FRAME_OPTIONS], "DENY");
        let script = chat.browser.get("/obrolan.js").await;
        assert!(script.kind.starts_with("text/javascript"), "{}", script.kind);
        assert_eq!(script.headers[header::CACHE_CONTROL], "public, max-age=3600");
    }
}
