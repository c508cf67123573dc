//! The client against two message centres that others wrote: Kannel's drive_smpp (which knows
//! separate binds only) and one made of node-smpp. `scripts/with-smsc.sh` has them; without it
//! these tests say that they were skipped, except where `CI` is set, where that is a failure.

#![expect(clippy::unwrap_used, reason = "in a test a broken assumption is the failure")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tanggap_channels::exchange::{NotSent, Outgoing, ReceiptState};
use tanggap_channels::reach::Reach;
use tanggap_channels::sms::alphabet::Default7;
use tanggap_channels::sms::assembly::Assembly;
use tanggap_channels::sms::compose::Concat;
use tanggap_channels::sms::hear::{Heard, hear, message_of};
use tanggap_channels::sms::receipt::Ids;
use tanggap_channels::sms::wire::{Client, Delivery, Mode, Settings, client};
use tokio::sync::mpsc;
use tokio::time::timeout;

const WITHIN: Duration = Duration::from_secs(20);

fn found(name: &str) -> Option<String> {
    let found = std::env::var(name).ok();
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "{name} is not set");
    if found.is_none() {
        println!("skipped: {name} is not set (scripts/with-smsc.sh)");
    }
    found
}

/// A centre in a process of its own, gone with this.
struct Centre {
    process: Child,
    input: ChildStdin,
    lines: mpsc::UnboundedReceiver<String>,
    port: u16,
}

impl Drop for Centre {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn start(mut command: Command) -> (Child, ChildStdin, mpsc::UnboundedReceiver<String>) {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = pipes.spawn().unwrap();
    let (sender, lines) = mpsc::unbounded_channel();
    let output = BufReader::new(process.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let input = process.stdin.take().unwrap();
    (process, input, lines)
}

impl Centre {
    async fn node(script: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("node");
        command.arg(script).args(arguments);
        let (process, input, lines) = start(command);
        let mut centre = Self { process, input, lines, port: 0 };
        let port = centre.line().await["port"].as_u64().unwrap();
        centre.port = u16::try_from(port).unwrap();
        centre
    }

    async fn line(&mut self) -> Value {
        let line = timeout(WITHIN, self.lines.recv()).await.unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn bring(&mut self, message: &Value) {
        writeln!(self.input, "{message}").unwrap();
    }
}

fn connect(port: u16, settings: Settings) -> (Client, mpsc::Receiver<Delivery>) {
    reach("127.0.0.1", port, settings)
}

fn reach(host: &str, port: u16, settings: Settings) -> (Client, mpsc::Receiver<Delivery>) {
    let host = host.to_owned();
    let (system_id, reach) = ("tanggap".to_owned(), Reach::everywhere());
    let settings = Settings { host, port, reach, system_id, ..settings };
    let (client, brought, driver) = client(settings, "rahasia".to_owned());
    tokio::spawn(driver.run());
    (client, brought)
}

fn outgoing(key: &str, text: &str) -> Outgoing {
    Outgoing {
        key: key.to_owned(),
        to: "+6281234567890".to_owned(),
        text: text.to_owned(),
        ..Outgoing::default()
    }
}

const TEXTS: [&str; 4] = [
    "Laporan Anda kami terima. Kode: TGP-7UD-GKF-2G9 {a} [b] ~ 10 €",
    "Terima kasih 🙏 – ditindaklanjuti",
    "Jalan di depan SDN 3 rusak sejak bulan lalu, dan setiap hujan tergenang sampai setinggi \
     lutut. Mohon diperbaiki [segera] karena anak-anak lewat situ setiap pagi dan sore, juga \
     orang tua yang menjemput; biayanya berapa €? Terima kasih banyak atas perhatiannya, Bapak.",
    "🙏🙏🙏 Jalan di depan SDN 3 rusak sejak bulan lalu dan tergenang setiap hujan 🌧🌧🌧 mohon \
     diperbaiki segera 🙏🙏🙏",
];

#[tokio::test]
async fn another_centre_reads_what_we_send_and_reports_it() {
    let Some(script) = found("TANGGAP_TEST_NODE_SMSC") else { return };
    let mut centre = Centre::node(&script, &["--receipts"]).await;
    for concat in [Concat::Udh8, Concat::Udh16, Concat::Sar, Concat::Payload] {
        let settings = Settings { concat, version_5: true, ..Settings::default() };
        let (client, mut brought) = connect(centre.port, settings);
        for (number, text) in TEXTS.iter().enumerate() {
            let key = format!("{concat:?}-{number}");
            let ids = client.send(&outgoing(&key, text)).await.unwrap().external_ids;
            let mut read = String::new();
            for id in &ids {
                let line = centre.line().await;
                assert_eq!(
                    (line["id"].as_str(), &line["to"]),
                    (Some(id.as_str()), &json!("6281234567890"))
                );
                read.push_str(line["text"].as_str().unwrap());
            }
            assert_eq!(read, *text, "{concat:?}");
            for id in &ids {
                let delivery = timeout(WITHIN, brought.recv()).await.unwrap().unwrap();
                let Heard::Receipt(receipt) = hear(&delivery.message, Ids::Same) else {
                    panic!("no receipt")
                };
                assert_eq!((receipt.state, &receipt.external_id), (ReceiptState::Delivered, id));
                delivery.accept().await;
            }
            assert_eq!(ids.len() > 1, number > 1 && concat != Concat::Payload);
        }
        client.close();
        assert_eq!(centre.line().await, json!({ "unbound": true }));
    }
}

#[tokio::test]
async fn what_another_centre_brings_is_read() {
    let Some(script) = found("TANGGAP_TEST_NODE_SMSC") else { return };
    let mut centre = Centre::node(&script, &[]).await;
    let (_client, mut brought) = connect(centre.port, Settings::default());
    let halves = ["LAPOR jalan rusak [parah] ", "di depan SDN 3 🙏"];
    let from = "6281234567890";
    for message in [
        json!({ "from": from, "to": "1708", "text": "STATUS TGP-7UD-GKF-2G9 {x}" }),
        json!({ "from": from, "to": "1708", "text": "Terima kasih 🙏" }),
        json!({ "from": from, "to": "1708", "text": "halo dunia é@", "coding": 3 }),
        json!({ "from": from, "to": "1708", "text": "halo dunia é@", "coding": 0 }),
        json!({ "from": from, "to": "1708", "parts": halves }),
        json!({ "from": from, "to": "1708", "parts": halves, "sar": true }),
    ] {
        centre.bring(&message);
    }
    let mut assembly = Assembly::new(Default7::Gsm);
    let mut read = Vec::new();
    for number in 0..8 {
        let delivery = timeout(WITHIN, brought.recv()).await.unwrap().unwrap();
        let Heard::Part(part) = hear(&delivery.message, Ids::Same) else { panic!("a receipt") };
        for whole in assembly.offer(part, number, 0) {
            let message = message_of(&whole.from, "1".to_owned(), whole.text, &whole.octets);
            assert_eq!(message.thread, "+6281234567890");
            read.push(message.text);
        }
        delivery.accept().await;
        assert_eq!(centre.line().await["answered"], json!(0));
    }
    let long = halves.concat();
    let expected = [
        "STATUS TGP-7UD-GKF-2G9 {x}",
        "Terima kasih 🙏",
        "halo dunia é@",
        "halo dunia é@",
        &long,
        &long,
    ];
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_centre_behind_tls_is_known_by_its_authority() {
    let Some(script) = found("TANGGAP_TEST_NODE_SMSC") else { return };
    let Some(keys) = found("TANGGAP_TEST_SMSC_KEYS") else { return };
    let (key, cert) = (format!("{keys}/key.pem"), format!("{keys}/cert.pem"));
    let mut centre = Centre::node(&script, &["--key", &key, "--cert", &cert]).await;
    let settings = Settings { tls: true, patience_secs: 2, ..Settings::default() };
    let authority = std::fs::read_to_string(cert).unwrap();
    let (client, _brought) =
        reach("localhost", centre.port, Settings { authority, ..settings.clone() });
    client.send(&outgoing("a", "rahasia")).await.unwrap();
    assert_eq!(centre.line().await["text"], json!("rahasia"));
    // Somebody in between is not talked to.
    let (client, _brought) = reach("localhost", centre.port, settings);
    let refused = client.send(&outgoing("b", "rahasia")).await.unwrap_err();
    assert!(matches!(refused, NotSent::Later { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_centre_that_is_killed_is_found_again() {
    let Some(script) = found("TANGGAP_TEST_NODE_SMSC") else { return };
    let mut centre = Centre::node(&script, &["--throttle", "2"]).await;
    let port = centre.port;
    let settings = Settings { patience_secs: 10, ..Settings::default() };
    let (client, _brought) = connect(port, settings);
    client.send(&outgoing("a", "satu")).await.unwrap();
    assert_eq!(centre.line().await["text"], json!("satu"));
    drop(centre);
    let second = outgoing("b", "dua");
    let (sent, mut centre) = tokio::join!(client.send(&second), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Centre::node(&script, &["--port", &port.to_string()]).await
    });
    match sent {
        Ok(_) => assert_eq!(centre.line().await["text"], json!("dua")),
        // It was handed to the connection that was just going down.
        Err(NotSent::Unsure { .. }) => {}
        Err(refused) => panic!("{refused}"),
    }
    client.send(&outgoing("c", "tiga")).await.unwrap();
    assert_eq!(centre.line().await["text"], json!("tiga"));
}

#[tokio::test]
async fn kannels_driver_is_served_by_a_pair_of_binds() {
    let Some(program) = found("TANGGAP_TEST_DRIVE_SMPP") else { return };
    // Fewer than our queue of deliveries holds: it brings all at once and none a second time.
    // It also plays the box behind a gateway and wants to reach one on this port.
    let smsbox = tokio::net::TcpListener::bind("127.0.0.1:13001").await;
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let mut command = Command::new(program);
    command.args(["-v", "4", "-p", &port.to_string(), "-m", "200"]);
    let (process, input, lines) = start(command);
    let _centre = Centre { process, input, lines, port };
    let settings = Settings { mode: Mode::Pair, ..Settings::default() };
    let (client, mut brought) = connect(port, settings);
    let sending = client.clone();
    let sent = tokio::spawn(async move {
        for number in 0..199 {
            let text = format!("jawaban {number}");
            sending.send(&outgoing(&format!("k{number}"), &text)).await.unwrap();
        }
    });
    // It numbers its messages; none is missing and none comes twice.
    for number in 1..=200 {
        let delivery = timeout(WITHIN, brought.recv()).await.unwrap().unwrap();
        assert_eq!(delivery.message.text, number.to_string().into_bytes());
        assert_eq!((delivery.message.source.value.as_str()), "456");
        delivery.accept().await;
    }
    timeout(WITHIN, sent).await.unwrap().unwrap();
    client.close();
    drop(smsbox);
}
