//! The WhatsApp client against a server that is as strict as the Cloud API documents itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tanggap_channels::exchange::{NotSent, Outgoing, Template};
use tanggap_channels::messenger::Secrets;
use tanggap_channels::signed::app_secret_proof;
use tanggap_channels::web::NotFetched;
use tanggap_channels::whatsapp::wire::{Approved, WhatsApp};

use crate::server::{Call, Reply, Server, http, now, paper, picture, words};

const NUMBER: &str = "106540352242922";
const TOKEN: &str = "EAAtoken";
const SECRET: &str = "app-secret";

/// An error as the Graph API writes it.
pub fn error(status: u16, code: i64, message: &str) -> Reply {
    Reply::Json(status, error_body(code, 0, message))
}

pub fn error_body(code: i64, subcode: i64, message: &str) -> Value {
    let mut error = json!({
        "message": format!("(#{code}) {message}"), "type": "OAuthException", "code": code,
        "error_data": { "messaging_product": "whatsapp", "details": message },
        "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam",
    });
    if subcode != 0 {
        error["error_subcode"] = json!(subcode);
    }
    json!({ "error": error })
}

/// Who asks without the token or the proof of the application gets nowhere.
pub fn entry(call: &Call) -> Option<Reply> {
    if call.header("authorization") != format!("Bearer {TOKEN}") {
        return Some(error(401, 190, "Invalid OAuth access token."));
    }
    if call.query.get("appsecret_proof") != Some(&app_secret_proof(SECRET, TOKEN)) {
        return Some(error(400, 100, "Invalid appsecret_proof provided in the API argument"));
    }
    None
}

/// What the Cloud API says to a message, by its recipient.
fn to_message(call: &Call, so_far: &AtomicUsize) -> Reply {
    let body = &call.json;
    if body["messaging_product"] != "whatsapp" {
        return error(400, 100, "The parameter messaging_product is required.");
    }
    if body["status"] == "read" {
        let known = body["message_id"].as_str().is_some_and(|id| id.starts_with("wamid."));
        return if known {
            Reply::Json(200, json!({ "success": true }))
        } else {
            error(400, 100, "Invalid message id")
        };
    }
    let kind = body["type"].as_str().unwrap_or("none");
    let part = &body[kind];
    let long = |pointer: &str, max: usize| {
        part.pointer(pointer).and_then(Value::as_str).is_some_and(|t| t.chars().count() > max)
    };
    let unknown_media = ["image", "video", "audio", "document"].contains(&kind)
        && !part["id"].as_str().is_some_and(|id| id.starts_with("media"));
    if !part.is_object() || unknown_media || long("/body", 4096) || long("/caption", 1024) {
        return error(400, 100, "Invalid parameter");
    }
    let n = so_far.fetch_add(1, Ordering::SeqCst);
    match body["to"].as_str().or(body["recipient"].as_str()) {
        Some("6280000131047") if kind != "template" => error(400, 131_047, "Re-engagement message"),
        Some("6280000131026") => error(400, 131_026, "Message undeliverable"),
        Some("6280000131056") => error(400, 131_056, "pair rate limit hit"),
        Some("6280000130429") => Reply::With(
            429,
            error_body(130_429, 0, "Rate limit hit"),
            "x-business-use-case-usage",
            json!({ "102290129340398": [{ "type": "whatsapp", "call_count": 100,
                "estimated_time_to_regain_access": 3 }] })
            .to_string(),
        ),
        Some("6280000131000") => error(500, 131_000, "Something went wrong"),
        Some("6280000000500") => Reply::Text(502, "<html>Bad Gateway</html>"),
        Some("6280000000200") => Reply::Text(200, "<html>Hello</html>"),
        Some("6280000000408") => Reply::Hang,
        // Refuses the second message once, for a moment.
        Some("6280000000002") if n == 1 => error(400, 131_016, "Service unavailable"),
        // Refuses the second message for good.
        Some("6280000000003") if n == 1 => error(400, 131_026, "Message undeliverable"),
        Some(to) => Reply::Json(
            200,
            json!({
                "messaging_product": "whatsapp", "contacts": [{ "input": to, "wa_id": to }],
                "messages": [{ "id": format!("wamid.{n}"), "message_status": "accepted" }],
            }),
        ),
        None => error(400, 100, "The parameter to is required."),
    }
}

fn to_media(call: &Call) -> Reply {
    let (name, media_type, bytes) = call.form.get("file").cloned().unwrap_or_default();
    let sound = call.field("messaging_product") == "whatsapp"
        && Some(call.field("type")) == media_type
        && name.is_some();
    if sound && !bytes.is_empty() {
        Reply::Json(200, json!({ "id": format!("media{}", bytes.len()) }))
    } else {
        error(400, 100, "Invalid parameter")
    }
}

async fn cloud() -> (Server, WhatsApp) {
    let (so_far, downloads) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let server = Server::start(move |call, at| {
        // Files lie at addresses of their own, which hold for the token and for a short time.
        if let Some(file) = call.path.strip_prefix("/files/") {
            if call.header("authorization") != format!("Bearer {TOKEN}") {
                return Reply::Text(401, "");
            }
            return match file {
                "expired" if downloads.fetch_add(1, Ordering::SeqCst) == 0 => Reply::Text(404, ""),
                "large" => Reply::Bytes("image/jpeg", vec![0; 2000]),
                "endless" => Reply::Endless,
                "elsewhere" => Reply::Redirect("http://127.0.0.2:9/secret".into()),
                "moved" => Reply::Redirect("/files/here".into()),
                _ => Reply::Bytes("application/octet-stream", b"the bytes".to_vec()),
            };
        }
        if let Some(refusal) = entry(call) {
            return refusal;
        }
        let path: Vec<&str> = call.path.trim_start_matches("/v23.0/").split('/').collect();
        match (call.method.as_str(), path.as_slice()) {
            ("POST", [NUMBER, "messages"]) => to_message(call, &so_far),
            ("POST", [NUMBER, "media"]) => to_media(call),
            ("GET", [NUMBER]) => Reply::Json(200, json!({
                "display_phone_number": "+62 21 500 123", "verified_name": "Dinas PU",
                "id": NUMBER,
            })),
            ("GET", ["gone"]) => error(400, 100, "Unsupported get request."),
            ("GET", ["away"]) => Reply::Json(200, json!({
                "url": "https://169.254.169.254/latest", "mime_type": "image/jpeg", "id": "away",
            })),
            ("GET", [media]) => Reply::Json(200, json!({
                "messaging_product": "whatsapp", "url": format!("http://{at}/files/{media}"),
                "mime_type": "image/jpeg", "sha256": "x", "file_size": 9, "id": media,
            })),
            ("GET", ["102290129340398", "message_templates"]) => templates(call),
            _ => error(404, 2500, "Unknown path components"),
        }
    })
    .await;
    let secrets = Secrets { token: TOKEN.into(), app_secret: SECRET.into(), ..Secrets::default() };
    let client = client(&server, &secrets);
    (server, client)
}

fn client(server: &Server, secrets: &Secrets) -> WhatsApp {
    WhatsApp::new(&http(), &server.url("/v23.0"), NUMBER, "102290129340398", secrets).unwrap()
}

fn templates(call: &Call) -> Reply {
    let body = |text: &str| json!({ "type": "BODY", "text": text });
    let template = |name: &str, components: Value| {
        json!({ "name": name, "language": "id", "category": "UTILITY", "status": "APPROVED",
            "parameter_format": "POSITIONAL", "components": components })
    };
    if call.query.get("status").map(String::as_str) != Some("APPROVED") {
        return error(400, 100, "asked for all");
    }
    match call.query.get("after").map(String::as_str) {
        None => Reply::Json(
            200,
            json!({
                "data": [
                    template("kabar_laporan", json!([body("Laporan {{1}}: {{2}}.")])),
                    template("dengan_gambar", json!([{ "type": "HEADER", "format": "IMAGE" }, body("a")])),
                ],
                "paging": { "cursors": { "after": "MQ" }, "next": "http://127.0.0.2:9/next" },
            }),
        ),
        Some("MQ") => Reply::Json(
            200,
            json!({
                "data": [
                    template("terima_kasih", json!([body("Terima kasih.")])),
                    template("tautan", json!([body("a"), { "type": "BUTTONS", "buttons": [
                        { "type": "URL", "url": "https://x.go.id/{{1}}" }] }])),
                ],
                "paging": { "cursors": { "after": "Mg" } },
            }),
        ),
        _ => error(400, 100, "no such page"),
    }
}

#[tokio::test]
async fn text_files_and_templates_go_out_as_documented() {
    let (server, client) = cloud().await;
    let mut message = words("+6281234567890", "Halo");
    message.reply_to = Some("wamid.old".into());
    assert_eq!(client.send(&message, now()).await.unwrap().external_ids, ["wamid.0"]);
    let sent = server.bodies("/messages").remove(0);
    assert_eq!(sent["to"], "6281234567890");
    assert_eq!(sent["text"]["body"], "Halo");
    assert_eq!(sent["biz_opaque_callback_data"], "kunci-1");
    assert_eq!(sent["context"]["message_id"], "wamid.old");

    message = words("US.13491208655302741918", "Ini suratnya");
    message.files = vec![paper(), picture()];
    assert_eq!(client.send(&message, now()).await.unwrap().external_ids, ["wamid.1", "wamid.2"]);
    let sent = server.bodies("/messages");
    assert_eq!(sent[1]["recipient"], "US.13491208655302741918");
    let document = json!({ "id": "media8", "caption": "Ini suratnya", "filename": "surat.pdf" });
    assert_eq!(sent[1]["document"], document);
    assert_eq!(sent[2]["image"], json!({ "id": "media8" }));

    let values = vec!["JKT-7".to_owned(), "selesai".to_owned()];
    let template = Template { name: "kabar_laporan".into(), language: "id".into(), values };
    let template = Outgoing { template: Some(template), ..words("6280000131047", "…") };
    client.send(&template, now()).await.unwrap();
    let sent = server.bodies("/messages").remove(3);
    assert_eq!(sent["template"]["language"]["code"], "id");
    let values =
        json!([{ "type": "text", "text": "JKT-7" }, { "type": "text", "text": "selesai" }]);
    assert_eq!(sent["template"]["components"][0]["parameters"], values);

    client.mark_read("wamid.in").await.unwrap();
    assert_eq!(server.bodies("/messages")[4]["status"], "read");
    assert_eq!(client.check().await.unwrap(), "Dinas PU +62 21 500 123");
}

#[tokio::test]
async fn each_refusal_means_what_is_documented() {
    let (server, client) = cloud().await;
    let send = async |to: &str| client.send(&words(to, "Halo"), now()).await.unwrap_err();
    match send("6280000131047").await {
        NotSent::Never { code, why } => {
            assert_eq!(code.as_deref(), Some("131047"));
            assert!(why.contains("fbtrace Az8or2yhqkZfEZ-_4Qn_Bam"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(send("6280000131026").await, NotSent::Never { .. }));
    let later = |error, seconds| match error {
        NotSent::Later { after, .. } => assert_eq!(after, Some(Duration::from_secs(seconds))),
        other => panic!("{other:?}"),
    };
    later(send("6280000130429").await, 180);
    later(send("6280000131056").await, 6);
    assert!(matches!(send("6280000131000").await, NotSent::Later { after: None, .. }));
    // Nobody knows whether these arrived.
    for to in ["6280000000500", "6280000000200", "6280000000408"] {
        let error = send(to).await;
        assert!(matches!(error, NotSent::Unsure { .. }), "{to}: {error:?}");
    }
    let wrong = Secrets { token: "another".into(), ..Secrets::default() };
    let error = self::client(&server, &wrong).send(&words("628", "a"), now()).await.unwrap_err();
    assert!(matches!(error, NotSent::Account { .. }), "{error:?}");
    let nobody = WhatsApp::new(&http(), "http://127.0.0.1:9/v23.0", NUMBER, "", &wrong).unwrap();
    let error = nobody.send(&words("628", "a"), now()).await.unwrap_err();
    assert!(matches!(error, NotSent::Later { .. }), "{error:?}");
}

#[tokio::test]
async fn nothing_goes_out_where_another_node_has_the_message() {
    let (server, client) = cloud().await;
    let taken = || NotSent::Later { after: None, why: "taken".into() };
    let message = Outgoing { files: vec![picture()], ..words("628", "Halo") };
    let error = client.send(&message, async { Err(taken()) }).await.unwrap_err();
    assert_eq!(error, taken());
    assert_eq!((server.bodies("/media").len(), server.bodies("/messages").len()), (1, 0));
}

#[tokio::test]
async fn a_long_message_is_never_sent_twice_because_of_its_end() {
    let long = "kata ".repeat(1000);
    let (server, client) = cloud().await;
    let accepted = client.send(&words("6280000000002", &long), now()).await.unwrap();
    assert_eq!(accepted.external_ids, ["wamid.0", "wamid.2"]);
    let sent = server.bodies("/messages");
    assert_eq!(sent.len(), 3, "the second part was tried again, the first was not");
    assert_eq!(sent[1], sent[2]);

    let (_, client) = cloud().await;
    match client.send(&words("6280000000003", &long), now()).await.unwrap_err() {
        NotSent::Never { why, .. } => assert!(why.starts_with("1 of 2 parts went out"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn files_come_in_two_steps_and_from_nowhere_else() {
    let (server, client) = cloud().await;
    let fetched = client.fetch("photo1", 1000).await.unwrap();
    assert_eq!(fetched.bytes, b"the bytes");
    assert_eq!(fetched.media_type.as_deref(), Some("image/jpeg"));
    // An address that ran out is asked for again.
    assert!(client.fetch("expired", 1000).await.is_ok());
    assert!(client.fetch("moved", 1000).await.is_ok());
    assert_eq!(client.fetch("large", 1000).await, Err(NotFetched::TooLarge));
    assert_eq!(client.fetch("photo1", 5).await, Err(NotFetched::TooLarge));
    assert_eq!(client.fetch("endless", 100_000).await, Err(NotFetched::TooLarge));
    for reference in ["gone", "away", "elsewhere", "../x", ""] {
        let error = client.fetch(reference, 1000).await.unwrap_err();
        assert!(matches!(error, NotFetched::Gone(_)), "{reference}: {error:?}");
    }
    assert!(server.calls().iter().all(|call| !call.path.contains("..")));
}

#[tokio::test]
async fn only_templates_that_we_can_fill_are_offered() {
    let (_, client) = cloud().await;
    let template = |name: &str, body: &str, gaps| Approved {
        name: name.into(),
        language: "id".into(),
        category: "UTILITY".into(),
        body: body.into(),
        gaps,
    };
    assert_eq!(
        client.templates().await.unwrap(),
        [
            template("kabar_laporan", "Laporan {{1}}: {{2}}.", 2),
            template("terima_kasih", "Terima kasih.", 0),
        ]
    );
}
