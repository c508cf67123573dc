//! The client against message centres that misbehave: killed, slow, throttling, lying, doubling.
//! Nothing is lost and nothing is doubled, and what nobody can know is said to be unsure.

#![expect(clippy::unwrap_used, reason = "in a test a broken assumption is the failure")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tanggap_channels::exchange::{NotSent, Outgoing};
use tanggap_channels::reach::Reach;
use tanggap_channels::sms::hear::fingerprint;
use tanggap_channels::sms::pdu::{Address, Answer, Body, Message, Pdu, RESPONSE};
use tanggap_channels::sms::pdu::{command, frame, status};
use tanggap_channels::sms::repeat::is_repeat;
use tanggap_channels::sms::wire::{Client, Delivery, Settings, State, client};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// How the centre behaves towards the n-th connection.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Good,
    /// Refuses the bind with this.
    RefuseBind(u32),
    /// Refuses so many messages with this, then takes them.
    Refuse(u32, usize),
    /// Takes so many, then one more without an answer, and hangs up.
    HangUpAfter(usize),
    /// Takes messages and never answers anything after the bind.
    Silent,
    /// Answers the first message with noise.
    Garbage,
    /// Answers with other numbers, other commands, and each right answer twice.
    Lies,
    /// Unbinds us after so many.
    UnbindAfter(usize),
}

#[derive(Default)]
struct Seen {
    connections: usize,
    /// Texts of messages that the centre took.
    taken: Vec<String>,
    /// Messages to bring: each until it is acknowledged.
    bring: VecDeque<Message>,
    /// How deliveries were answered.
    answered: Vec<u32>,
    commands: Vec<u32>,
}

struct Centre {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl Centre {
    async fn start(manners: Vec<Manner>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let manner = {
                    let mut seen = shared.lock().unwrap();
                    seen.connections += 1;
                    *manners.get(seen.connections - 1).or(manners.last()).unwrap()
                };
                tokio::spawn(serve(stream, manner, Arc::clone(&shared)));
            }
        });
        Self { port, seen }
    }

    fn client(&self, settings: Settings) -> (Client, mpsc::Receiver<Delivery>) {
        let (client, brought, driver) = client(
            Settings {
                host: "127.0.0.1".to_owned(),
                port: self.port,
                reach: Reach::everywhere(),
                ..settings
            },
            "rahasia".to_owned(),
        );
        tokio::spawn(driver.run());
        (client, brought)
    }

    fn taken(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for text in &self.seen.lock().unwrap().taken {
            *counts.entry(text.clone()).or_default() += 1;
        }
        counts
    }

    /// Waits until something is so.
    async fn until(&self, what: impl Fn(&Seen) -> bool) {
        for _ in 0..500 {
            if what(&self.seen.lock().unwrap()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it never came");
    }
}

fn quick() -> Settings {
    Settings { answer_secs: 1, patience_secs: 10, ..Settings::default() }
}

struct Line {
    stream: TcpStream,
    octets: Vec<u8>,
}

impl Line {
    async fn next(&mut self) -> Option<Pdu> {
        loop {
            if let Some(frame) = frame(&self.octets).unwrap() {
                self.octets.drain(..frame.len);
                return frame.pdu;
            }
            if self.stream.read_buf(&mut self.octets).await.ok()? == 0 {
                return None;
            }
        }
    }

    async fn put(&mut self, command: u32, status: u32, sequence: u32, body: Body) {
        let pdu = Pdu { command, status, sequence, body };
        // Who hung up is noticed by reading.
        let _ = self.stream.write_all(&pdu.write()).await;
    }

    /// Brings all that waits; their numbers begin at `base`.
    async fn bring(&mut self, seen: &Mutex<Seen>) -> Vec<Message> {
        let waiting: Vec<Message> = seen.lock().unwrap().bring.drain(..).collect();
        for (number, message) in (1_000..).zip(&waiting) {
            let body = Body::Message(Box::new(message.clone()));
            self.put(command::DELIVER_SM, 0, number, body).await;
        }
        waiting
    }
}

async fn serve(stream: TcpStream, manner: Manner, seen: Arc<Mutex<Seen>>) {
    let mut line = Line { stream, octets: Vec::new() };
    let mut submits = 0;
    let mut brought: Vec<Message> = Vec::new();
    while let Some(pdu) = line.next().await {
        seen.lock().unwrap().commands.push(pdu.command);
        let Pdu { command, sequence, .. } = pdu;
        match (command, pdu.body) {
            (command::BIND_TRANSCEIVER, _) => {
                let status = if let Manner::RefuseBind(status) = manner { status } else { 0 };
                line.put(command | RESPONSE, status, sequence, Body::Empty).await;
                brought = line.bring(&seen).await;
            }
            _ if manner == Manner::Silent && command != command::SUBMIT_SM => {}
            (command::SUBMIT_SM, Body::Message(message)) => {
                submits += 1;
                let text = String::from_utf8(message.text).unwrap();
                if !submit(&mut line, manner, submits, (sequence, text), &seen).await {
                    break;
                }
            }
            (command::ENQUIRE_LINK, _) => {
                line.put(command | RESPONSE, 0, sequence, Body::Empty).await;
            }
            (command::UNBIND, _) => {
                line.put(command | RESPONSE, 0, sequence, Body::Empty).await;
            }
            (0x8000_0005, _) => {
                let mut seen = seen.lock().unwrap();
                seen.answered.push(pdu.status);
                let at = usize::try_from(sequence - 1_000).unwrap();
                if pdu.status != status::OK {
                    let again = brought[at].clone();
                    seen.bring.push_back(again);
                }
            }
            _ => {}
        }
    }
}

/// False where the connection is to end.
async fn submit(
    line: &mut Line,
    manner: Manner,
    submits: usize,
    (sequence, text): (u32, String),
    seen: &Mutex<Seen>,
) -> bool {
    const ANSWER: u32 = command::SUBMIT_SM | RESPONSE;
    if let Manner::Refuse(status, times) = manner
        && submits <= times
    {
        line.put(ANSWER, status, sequence, Body::Empty).await;
        return true;
    }
    if manner == Manner::Garbage && submits == 1 {
        line.stream.write_all(b"\xff\xff\xff\xffHTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        return true;
    }
    seen.lock().unwrap().taken.push(text.clone());
    let body = |id: &str| Body::Answer(Answer { id: id.to_owned(), params: Vec::new() });
    match manner {
        Manner::HangUpAfter(after) if submits > after => return false,
        Manner::Silent => return true,
        Manner::Lies => {
            line.put(ANSWER, 0, sequence + 5_000, body("invented")).await;
            line.put(command::ENQUIRE_LINK | RESPONSE, 0, sequence, Body::Empty).await;
            line.put(0x8000_0103, 0x0b, sequence, Body::Empty).await;
            line.put(0x0000_7777, 0, 9, Body::Unknown(vec![1, 2, 3])).await;
            line.put(ANSWER, 0, sequence, body(&text)).await;
            line.put(ANSWER, 0x0b, sequence, Body::Empty).await;
            return true;
        }
        _ => {}
    }
    line.put(ANSWER, 0, sequence, body(&text)).await;
    if let Manner::UnbindAfter(after) = manner
        && submits == after
    {
        line.put(command::UNBIND, 0, 77, Body::Empty).await;
    }
    true
}

fn text(number: usize) -> Outgoing {
    Outgoing {
        key: format!("k{number}"),
        to: "+6281234567890".to_owned(),
        text: format!("pesan {number}"),
        ..Outgoing::default()
    }
}

#[tokio::test]
async fn too_fast_is_tried_again_and_only_then_given_back() {
    for refusal in [status::THROTTLED, status::QUEUE_FULL] {
        let centre = Centre::start(vec![Manner::Refuse(refusal, 3)]).await;
        let (client, _brought) = centre.client(quick());
        for number in 0..3 {
            let id = format!("pesan {number}");
            assert_eq!(client.send(&text(number)).await.unwrap().external_ids, [id]);
        }
        assert!(centre.taken().values().all(|count| *count == 1));
    }
    let centre = Centre::start(vec![Manner::Refuse(status::THROTTLED, usize::MAX)]).await;
    let (client, _brought) = centre.client(Settings { patience_secs: 1, ..quick() });
    let refused = client.send(&text(0)).await.unwrap_err();
    assert!(matches!(refused, NotSent::Later { after: Some(_), .. }), "{refused:?}");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let kinds = [(0x0b, "never"), (0x0a, "account"), (0x08, "later"), (0x0499, "later")];
    for (refusal, kind) in kinds {
        let centre = Centre::start(vec![Manner::Refuse(refusal, 1)]).await;
        let (client, _brought) = centre.client(quick());
        let told = match client.send(&text(0)).await.unwrap_err() {
            NotSent::Never { code, .. } => {
                assert_eq!(code.as_deref(), Some("0x000b"));
                "never"
            }
            NotSent::Account { .. } => "account",
            NotSent::Later { .. } => "later",
            NotSent::Unsure { .. } => "unsure",
        };
        assert_eq!(told, kind, "{refusal:#x}");
    }
    let centre = Centre::start(vec![Manner::RefuseBind(0x0e)]).await;
    let (client, _brought) = centre.client(quick());
    assert!(matches!(client.send(&text(0)).await, Err(NotSent::Account { .. })));
    let why = "ESME_RINVPASWD".to_owned();
    assert_eq!(*client.state().borrow(), State::Refused { why });
}

#[tokio::test]
async fn without_an_answer_nobody_knows() {
    let centre = Centre::start(vec![Manner::Silent, Manner::Good]).await;
    let (client, _brought) = centre.client(Settings { enquire_secs: 1, ..quick() });
    assert!(matches!(client.send(&text(0)).await, Err(NotSent::Unsure { .. })));
    // A centre that does not say that it lives is left; the next is found by itself.
    centre.until(|seen| seen.connections == 2).await;
    client.send(&text(1)).await.unwrap();
    assert_eq!(centre.taken().get("pesan 0"), Some(&1));
}

#[tokio::test]
async fn noise_ends_a_connection_and_lies_are_passed_over() {
    let centre = Centre::start(vec![Manner::Garbage, Manner::Lies]).await;
    let (client, _brought) = centre.client(quick());
    assert!(matches!(client.send(&text(0)).await, Err(NotSent::Unsure { .. })));
    for number in 1..20 {
        let id = format!("pesan {number}");
        assert_eq!(client.send(&text(number)).await.unwrap().external_ids, [id]);
    }
    assert_eq!(centre.seen.lock().unwrap().connections, 2);
}

/// What a queue does: gives everything to the client until it is sent or unsure.
async fn send_all(client: &Client, count: usize) -> BTreeMap<String, bool> {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..count {
        let client = client.clone();
        tasks.spawn(async move {
            loop {
                match client.send(&text(number)).await {
                    Ok(_) => return (text(number).text, true),
                    Err(NotSent::Later { .. }) => {}
                    Err(NotSent::Unsure { .. }) => return (text(number).text, false),
                    Err(refused) => panic!("{refused}"),
                }
            }
        });
    }
    tasks.join_all().await.into_iter().collect()
}

#[tokio::test]
async fn whatever_the_centre_does_nothing_is_lost_or_doubled() {
    let centre = Centre::start(vec![
        Manner::HangUpAfter(20),
        Manner::Refuse(status::THROTTLED, 30),
        Manner::Garbage,
        Manner::HangUpAfter(0),
        Manner::UnbindAfter(40),
        Manner::Lies,
    ])
    .await;
    let (client, _brought) = centre.client(Settings { window: 50, patience_secs: 30, ..quick() });
    let sent = send_all(&client, 400).await;
    let taken = centre.taken();
    assert!(taken.values().all(|count| *count == 1), "doubled");
    let mut unsure = 0;
    for (text, sure) in &sent {
        assert!(!sure || taken.contains_key(text), "{text} is lost");
        unsure += usize::from(!sure);
    }
    // What was under way when the connection went: no more than the window, each time.
    assert!(unsure <= 4 * 50, "{unsure} unsure");
    assert!(sent.values().filter(|sure| **sure).count() >= 200);
}

fn words(text: &str) -> Message {
    Message {
        source: Address { ton: 1, npi: 1, value: "6281234567890".to_owned() },
        text: text.as_bytes().to_vec(),
        ..Message::default()
    }
}

/// What the worker does: keeps what is new, with the time of its coming.
async fn take(
    brought: &mut mpsc::Receiver<Delivery>,
    began: Instant,
    kept: &mut BTreeMap<String, Vec<i64>>,
) {
    let delivery = timeout(Duration::from_secs(5), brought.recv()).await.unwrap().unwrap();
    let micros = |at: Instant| i64::try_from((at - began).as_micros()).unwrap();
    let (at, lost_at) = (micros(Instant::now()), delivery.lost_at.map(micros));
    let times = kept.entry(fingerprint(&delivery.message)).or_default();
    if !times.iter().any(|earlier| is_repeat(*earlier, at, lost_at)) {
        times.push(at);
    }
    delivery.accept().await;
}

#[tokio::test]
async fn what_is_brought_is_acknowledged_when_it_is_durable_and_kept_once() {
    let centre = Centre::start(vec![Manner::HangUpAfter(0), Manner::Good]).await;
    for number in 0..10 {
        centre.seen.lock().unwrap().bring.push_back(words(&format!("masuk {number}")));
    }
    let (client, mut brought) = centre.client(quick());
    let (began, mut kept) = (Instant::now(), BTreeMap::new());
    let first = brought.recv().await.unwrap();
    assert!(centre.seen.lock().unwrap().answered.is_empty(), "acknowledged before its time");
    drop(first);
    centre.until(|seen| seen.answered == [status::TRY_AGAIN]).await;
    for _ in 0..9 {
        take(&mut brought, began, &mut kept).await;
    }
    centre.until(|seen| seen.answered.len() == 10).await;
    // The centre never learns of five of them and brings them again, beside what was refused.
    for number in 5..10 {
        centre.seen.lock().unwrap().bring.push_back(words(&format!("masuk {number}")));
    }
    assert!(matches!(client.send(&text(0)).await, Err(NotSent::Unsure { .. })), "hung up");
    for _ in 0..6 {
        take(&mut brought, began, &mut kept).await;
    }
    assert_eq!(kept.len(), 10);
    assert!(kept.values().all(|times| times.len() == 1), "kept twice");
    centre.until(|seen| seen.answered.len() == 16).await;
}

#[tokio::test]
async fn more_than_has_room_is_asked_for_again() {
    let centre = Centre::start(vec![Manner::Good]).await;
    for number in 0..400 {
        centre.seen.lock().unwrap().bring.push_back(words(&format!("masuk {number}")));
    }
    let (_client, mut brought) = centre.client(quick());
    centre.until(|seen| seen.answered.len() == 400 - 256).await;
    assert!(centre.seen.lock().unwrap().answered.iter().all(|s| *s == status::TRY_AGAIN));
    for _ in 0..256 {
        brought.recv().await.unwrap().accept().await;
    }
    centre.until(|seen| seen.answered.len() == 400).await;
}

#[tokio::test]
async fn a_client_says_goodbye_when_all_is_answered() {
    let centre = Centre::start(vec![Manner::Good]).await;
    let (client, _brought) = centre.client(quick());
    let sent = send_all(&client, 60).await;
    assert!(sent.values().all(|sure| *sure));
    client.close();
    centre.until(|seen| seen.commands.last() == Some(&command::UNBIND)).await;
    let refused = client.send(&text(99)).await.unwrap_err();
    assert!(matches!(refused, NotSent::Later { .. }), "{refused:?}");
}
