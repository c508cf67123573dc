//! SMS through the whole: message centres that are not ours bring it, it becomes a talk and a
//! case, the desk's answer goes out, and receipts show that it arrived; centres that die, throttle
//! and dawdle lose nothing and double nothing.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tanggap_app::Front;
use tanggap_app::account::seal;
use tanggap_app::messengers::Messengers;
use tanggap_app::sms::{self, Kept, Secrets, worker};
use tanggap_app::work::gateways::Gateways;
use tanggap_app::work::outbound::Dispatcher;
use tanggap_app::work::{self, understand};
use tanggap_cases::store as case_store;
use tanggap_cases::talking::{self, Said};
use tanggap_channels::exchange::Outgoing;
use tanggap_channels::messenger::Places;
use tanggap_channels::reach::Reach;
use tanggap_channels::sms::compose::{Form, compose};
use tanggap_channels::sms::inbox;
use tanggap_channels::sms::pdu::Address;
use tanggap_channels::sms::wire::{Mode, Settings};
use tanggap_conversations::accounts::{self, AccountId, AccountInput};
use tanggap_conversations::inbound::{self, InboundState};
use tanggap_conversations::outbound::{self, suppressions};
use tanggap_conversations::{NewOutbound, Outbound, SendState, Shelf, Talk, messages_of, talks};
use tanggap_kernel::{Access, Timestamp, params};
use tanggap_testkit::engines;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::kit::TestApp;

const CITIZEN: &str = "6281234567890";
const WITHIN: Duration = Duration::from_secs(60);

fn found(name: &str) -> Option<String> {
    let found = std::env::var(name).ok();
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "{name} is not set");
    if found.is_none() {
        println!("skipped: {name} is not set (scripts/with-smsc.sh)");
    }
    found
}

/// A message centre in a process of its own.
struct Centre {
    process: Child,
    lines: mpsc::UnboundedReceiver<String>,
    port: u16,
}

impl Drop for Centre {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(mut command: Command) -> (Child, mpsc::UnboundedReceiver<String>) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().expect("a centre");
    let (sender, lines) = mpsc::unbounded_channel();
    let output = BufReader::new(process.stdout.take().expect("its output"));
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    (process, lines)
}

impl Centre {
    /// One made of node-smpp.
    async fn node(script: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("node");
        command.arg(script).args(arguments);
        let (process, lines) = spawn(command);
        let mut centre = Self { process, lines, port: 0 };
        let port = centre.line().await["port"].as_u64().expect("a port");
        centre.port = u16::try_from(port).expect("a port");
        centre
    }

    async fn line(&mut self) -> Value {
        let line = timeout(WITHIN, self.lines.recv()).await;
        let line = line.expect("a line in time").expect("a line");
        serde_json::from_str(&line).expect("json")
    }

    /// The next part that it took from us.
    async fn part(&mut self) -> Value {
        loop {
            let line = self.line().await;
            if line.get("id").is_some() {
                return line;
            }
        }
    }

    /// The next whole message that it took from us, and in how many parts.
    async fn taken(&mut self) -> (String, u64) {
        let first = self.part().await;
        let mut text = first["text"].as_str().expect("a text").to_owned();
        let total = first["part"]["total"].as_u64().unwrap_or(1);
        for _ in 1..total {
            text.push_str(self.part().await["text"].as_str().expect("a text"));
        }
        (text, total)
    }

    fn bring(&mut self, from: &str, text: &str) {
        let message = json!({ "from": from, "to": "1708", "text": text });
        let input = self.process.stdin.as_mut().expect("its input");
        writeln!(input, "{message}").expect("written");
    }

    /// Brings a message and gives the answer that comes by SMS.
    async fn ask(&mut self, from: &str, text: &str) -> (String, u64) {
        self.bring(from, text);
        self.taken().await
    }
}

/// An application that is bound to a centre, until it is dropped.
struct Node {
    app: TestApp,
    account: AccountId,
    stop: watch::Sender<bool>,
}

impl Node {
    async fn new(kit: tanggap_testkit::TestDb, settings: Settings) -> Self {
        let app = TestApp::new(kit, Front::default()).await;
        let account = set_up(&app, settings).await;
        let stop = start(&app);
        Self { app, account, stop }
    }

    fn access(&self) -> Access {
        Access::system(self.app.agency)
    }

    async fn talk_with(&self, thread: &str) -> Talk {
        let (access, thread) = (self.access(), thread.to_owned());
        let page =
            self.app.ctx.db.read(move |tx| talks::list(tx, &access, Shelf::Open, None, 50)).await;
        let rows = page.expect("talks").rows;
        rows.into_iter().find(|talk| talk.thread == thread).expect("the talk")
    }

    async fn say(&self, talk: &Talk, text: &'static str) {
        let (access, id) = (self.access(), talk.id);
        let said = Said { text, ..Said::default() };
        let done = self.app.ctx.db.write(move |tx| talking::answer(tx, &access, id, &said)).await;
        done.expect("an answer");
    }

    /// What went out of a talk, once all of it is where `done` wants it.
    async fn sent(&self, talk: &Talk, done: fn(SendState) -> bool) -> Vec<Outbound> {
        let id = talk.id;
        self.until(move |tx, access| {
            let rows = outbound::of_exchange(tx, access, id)?;
            Ok(Some(rows).filter(|rows| rows.iter().all(|row| done(row.state))))
        })
        .await
    }

    async fn until<T: Send + 'static>(
        &self,
        look: impl Fn(&mut tanggap_store::Tx<'_>, &Access) -> tanggap_kernel::Result<Option<T>>
        + Clone
        + Send
        + 'static,
    ) -> T {
        let found = async {
            loop {
                let (access, look) = (self.access(), look.clone());
                let seen = self.app.ctx.db.read(move |tx| look(tx, &access)).await;
                if let Some(seen) = seen.expect("a read") {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
                // A test's clock stands still by itself.
                let clock = self.app.ctx.db.clock();
                clock.set(clock.now().plus(Timestamp::SECOND / 10));
            }
        };
        timeout(WITHIN, found).await.expect("it comes to that in time")
    }

    /// Queues one message to each of so many numbers.
    async fn queue(&self, count: usize) {
        let (access, account) = (self.access(), self.account.0);
        let queued = self.app.ctx.db.write(move |tx| {
            for number in 0..count {
                let recipient = format!("+62812{number:08}");
                let body = format!("kabar nomor {number}");
                let new = NewOutbound {
                    channel: sms::CHANNEL,
                    account_id: account,
                    recipient: &recipient,
                    body: &body,
                    ..NewOutbound::default()
                };
                outbound::queue(tx, &access, &new)?;
            }
            Ok(())
        });
        queued.await.expect("queued");
    }

    /// How many messages are in each state, once nothing waits or is under way.
    async fn settled(&self, count: usize) -> HashMap<SendState, HashSet<String>> {
        self.until(move |tx, access| {
            let rows =
                tx.all(&STATES, params![access.agency_id], |row| Ok((row.text()?, row.text()?)))?;
            let mut by_state: HashMap<SendState, HashSet<String>> = HashMap::new();
            for (state, body) in rows {
                let state = SendState::parse(&state).expect("a state");
                by_state.entry(state).or_default().insert(body);
            }
            let open = [SendState::Waiting, SendState::Sending];
            let all: usize = by_state.values().map(HashSet::len).sum();
            let done = all == count && open.iter().all(|state| !by_state.contains_key(state));
            Ok(done.then_some(by_state))
        })
        .await
    }
}

static STATES: tanggap_store::Sql = tanggap_store::Sql::new(
    "STATES",
    "select state, body from outbound where agency_id = $1",
    None,
    None,
);

async fn set_up(app: &TestApp, settings: Settings) -> AccountId {
    let source = Address { ton: 3, npi: 0, value: "1708".to_owned() };
    let centre = Settings {
        host: "127.0.0.1".to_owned(),
        system_id: "tanggap".to_owned(),
        source,
        ..settings
    };
    let secrets = Secrets { password: "rahasia".to_owned() };
    let input = AccountInput {
        channel: sms::CHANNEL,
        name: "SMS 1708".to_owned(),
        address: "1708".to_owned(),
        settings: serde_json::to_string(&Kept { centre, price: 350 }).expect("settings"),
        secrets: seal(&app.ctx.secrets, app.agency, &secrets).expect("sealed"),
        active: true,
    };
    let access = Access::system(app.agency);
    let made = app.ctx.db.write(move |tx| accounts::create(tx, &access, &input)).await;
    made.expect("an account")
}

/// What a node does by itself, until the sender is dropped or says so.
fn start(app: &TestApp) -> watch::Sender<bool> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (stop, stopping) = watch::channel(false);
    let nowhere = || "http://127.0.0.1:9".to_owned();
    let places = Places { graph: nowhere(), telegram: nowhere(), x: nowhere() };
    let messengers = Messengers::new(places, Reach::everywhere()).expect("a client");
    let gateways = Gateways::default();
    let runner = understand::register(work::runner(&app.ctx), app.ctx.clone(), messengers, None);
    tokio::spawn(runner.run(stopping.clone()));
    tokio::spawn(worker::tend(
        app.ctx.clone(),
        gateways.clone(),
        Reach::everywhere(),
        stopping.clone(),
    ));
    let dispatcher = Dispatcher::new(app.ctx.clone(), gateways);
    tokio::spawn(async move { dispatcher.run(stopping).await });
    stop
}

const LONG: &str = "Lampu jalan di depan Pasar Baru sudah kami perbaiki pagi ini, dan gardunya \
    kami ganti supaya tidak padam lagi saat hujan. Bila masih ada yang mati, mohon sebutkan nomor \
    tiangnya. Terima kasih atas laporan Anda.";

static WAITS: tanggap_store::Sql = tanggap_store::Sql::new(
    "WAITS",
    "insert into inbound (agency_id, id, account_id, external_id, received_at, payload, raw, state)
        values ($1, $2, $3, $4, 0, null, null, 'waiting')",
    None,
    None,
);

engines! {
    async fn parts_find_each_other_however_much_else_waits(kit) {
        let app = TestApp::new(kit, Front::default()).await;
        let account = set_up(&app, Settings::default()).await;
        let source = Address { ton: 1, npi: 1, value: CITIZEN.to_owned() };
        let out = Outgoing { key: "a".into(), to: "1708".into(), text: LONG.into(), ..Outgoing::default() };
        let parts = compose(&out, &Form { source, ..Form::default() }).expect("parts");
        assert_eq!(parts.len(), 2);
        let parts: Vec<Vec<u8>> = parts.iter().map(inbox::octets).collect();
        let access = Access::system(app.agency);
        let keep = app.ctx.db.write(move |tx| {
            // What lies there without a job: a backlog that others work off.
            for number in 0..2_050 {
                let (id, name): (i64, _) = (tx.id(), format!("lama-{number}"));
                tx.put(&WAITS, params![access.agency_id, id, account, name])?;
            }
            for (number, octets) in parts.iter().enumerate() {
                let external_id = format!("bagian-{number}");
                let new = inbound::NewInbound {
                    account_id: account,
                    external_id: &external_id,
                    payload: Some(octets),
                    raw: None,
                };
                inbound::keep(tx, &access, &new)?;
            }
            Ok(())
        });
        keep.await.expect("kept");
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let messengers = Messengers::new(Places::default(), Reach::default()).expect("a client");
        let runner = tanggap_store::jobs::Runner::new(app.ctx.db.clone());
        let runner = understand::register(runner, app.ctx.clone(), messengers, None);
        for _ in 0..3 {
            runner.run_due().await.expect("jobs");
        }
        let access = Access::system(app.agency);
        let said = app.ctx.db.read(move |tx| {
            let page = talks::list(tx, &access, Shelf::Open, None, 10)?;
            let mut texts = Vec::new();
            for talk in &page.rows {
                texts.extend(messages_of(tx, &access, talk.id)?.into_iter().map(|m| m.body));
            }
            Ok(texts)
        });
        assert_eq!(said.await.expect("read"), [LONG]);
    }

    async fn an_sms_is_a_case_and_its_answer_is_proven_to_arrive(kit) {
        let Some(script) = found("TANGGAP_TEST_NODE_SMSC") else { return };
        let mut centre = Centre::node(&script, &["--receipts"]).await;
        let node = Node::new(kit, Settings { port: centre.port, ..Settings::default() }).await;

        let asked = "LAPOR lampu jalan mati di depan Pasar Baru";
        let (receipt, parts) = centre.ask(CITIZEN, asked).await;
        let at = receipt.find("TGP-").expect("a code in the receipt");
        let code = receipt[at..at + 15].to_owned();
        assert!(receipt.contains("PIN") && receipt.contains("/lacak/"), "{receipt}");
        assert_eq!(parts, 1, "{receipt}");
        let (answer, parts) = centre.ask(CITIZEN, &format!("status {code}")).await;
        assert!(answer.contains(&code) && answer.contains("Diterima"), "{answer}");
        assert_eq!(parts, 1);
        // A code in other hands tells nothing, not even that there is such a report.
        let (stranger, _) = centre.ask("6285700000001", &format!("STATUS {code}")).await;
        let (nothing, _) = centre.ask("6285700000001", "STATUS TGP-2G9-7UD-GKF").await;
        let told = |text: &str| text.replace(&code, "").replace("TGP-2G9-7UD-GKF", "");
        assert!(stranger.contains("tidak ditemukan"), "{stranger}");
        assert_eq!(told(&stranger), told(&nothing));

        let (access, known) = (node.access(), code.clone());
        let case = node.app.ctx.db.read(move |tx| Ok(case_store::by_code(tx, &access, &known)?));
        let case = case.await.expect("a read").expect("the case");
        assert_eq!((case.channel.as_str(), case.contact_id.is_some()), ("sms", true));
        assert!(!case.awaiting, "asking how it stands is no reply");
        let talk = node.talk_with(&format!("+{CITIZEN}")).await;
        assert_eq!((talk.case_id, talk.awaiting), (Some(case.id.0), false));
        node.say(&talk, LONG).await;
        let (taken, parts) = centre.taken().await;
        assert_eq!((taken.as_str(), parts), (LONG, 2));
        node.sent(&talk, |state| state == SendState::Delivered).await;

        let (goodbye, _) = centre.ask(CITIZEN, "BERHENTI").await;
        assert!(goodbye.contains("MULAI"), "{goodbye}");
        let access = node.access();
        let held = node.app.ctx.db.read(move |tx| {
            Ok(suppressions::of(tx, &access, "sms", &format!("+{CITIZEN}"))?)
        });
        assert!(held.await.expect("a read").is_some());
        centre.bring(CITIZEN, "Terima kasih, sudah menyala");
        let id = talk.id;
        node.until(move |tx, access| Ok(talks::get(tx, access, id)?.awaiting.then_some(()))).await;
        node.stop.send(true).expect("a node that hears");
        while centre.line().await.get("unbound").is_none() {}
    }

    async fn a_centre_that_is_killed_loses_nothing_and_gets_nothing_twice(kit) {
        let Some(script) = found("TANGGAP_TEST_NODE_SMSC") else { return };
        const COUNT: usize = 300;
        let mut centre = Centre::node(&script, &["--delay", "5"]).await;
        let (port, window) = (centre.port, 8);
        let node = Node::new(kit, Settings { port, window, ..Settings::default() }).await;
        node.queue(COUNT).await;
        let mut took: Vec<String> = Vec::new();
        for _ in 0..40 {
            took.push(centre.part().await["text"].as_str().expect("a text").to_owned());
        }
        centre.process.kill().expect("killed");
        while let Ok(Some(line)) = timeout(WITHIN, centre.lines.recv()).await {
            let line: Value = serde_json::from_str(&line).expect("json");
            took.extend(line["text"].as_str().map(str::to_owned));
        }
        drop(centre);
        // It comes back, and at first it throttles.
        let port = port.to_string();
        let mut centre = Centre::node(&script, &["--port", &port, "--throttle", "3"]).await;
        let settled = node.settled(COUNT).await;
        while let Ok(line) = centre.lines.try_recv() {
            let line: Value = serde_json::from_str(&line).expect("json");
            took.extend(line["text"].as_str().map(str::to_owned));
        }
        let once: HashSet<&String> = took.iter().collect();
        assert_eq!(once.len(), took.len(), "something came twice");
        let of = |state| settled.get(&state).cloned().unwrap_or_default();
        let (sent, unsure) = (of(SendState::Sent), of(SendState::Unsure));
        assert_eq!(sent.len() + unsure.len(), COUNT, "{settled:?}");
        assert!(unsure.len() <= usize::from(window), "only what was under way is in doubt");
        assert!(sent.iter().all(|text| once.contains(text)), "what is told to be sent is there");
    }

    async fn a_slow_centre_gets_everything_once_and_the_account_shows_who_is_down(kit) {
        let Some(script) = found("TANGGAP_TEST_NODE_SMSC") else { return };
        let centre = Centre::node(&script, &["--delay", "700"]).await;
        let port = centre.port;
        let node = Node::new(kit, Settings { port, window: 10, ..Settings::default() }).await;
        node.queue(40).await;
        let settled = node.settled(40).await;
        assert_eq!(settled.get(&SendState::Sent).map(HashSet::len), Some(40), "{settled:?}");
        let id = node.account;
        drop(centre);
        node.until(move |tx, access| Ok(accounts::get(tx, access, id)?.trouble)).await;
        let _back = Centre::node(&script, &["--port", &port.to_string()]).await;
        node.until(move |tx, access| {
            Ok(accounts::get(tx, access, id)?.trouble.is_none().then_some(()))
        })
        .await;
    }

    async fn kannels_driver_brings_each_message_once(kit) {
        let Some(program) = found("TANGGAP_TEST_DRIVE_SMPP") else { return };
        // It also plays the box behind a gateway and wants to reach one on this port.
        let _smsbox = tokio::net::TcpListener::bind("127.0.0.1:13001").await;
        let port = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            free.local_addr().expect("an address").port()
        };
        let mut command = Command::new(program);
        command.args(["-v", "4", "-p", &port.to_string(), "-m", "100"]);
        let (process, lines) = spawn(command);
        let _centre = Centre { process, lines, port };
        let node = Node::new(kit, Settings { port, mode: Mode::Pair, ..Settings::default() }).await;
        node.queue(50).await;
        let settled = node.settled(50).await;
        assert_eq!(settled.get(&SendState::Sent).map(HashSet::len), Some(50), "{settled:?}");
        let account = node.account;
        let mut texts = node
            .until(move |tx, access| {
                let page = talks::list(tx, access, Shelf::Open, None, 10)?;
                let open = inbound::undone(tx, access, InboundState::Waiting, None, 10)?;
                let of = |talk: &&Talk| talk.account_id == Some(account);
                let Some(talk) = page.rows.iter().find(of) else { return Ok(None) };
                let messages = messages_of(tx, access, talk.id)?;
                let texts: Vec<String> = messages.into_iter().map(|m| m.body).collect();
                Ok(Some(texts).filter(|texts| open.is_empty() && texts.len() >= 100))
            })
            .await;
        texts.sort_by_key(|text| text.parse::<u32>().unwrap_or_default());
        let all: Vec<String> = (1..=100).map(|n: u32| n.to_string()).collect();
        assert_eq!(texts, all);
    }
}
