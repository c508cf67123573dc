//! Commands as an operator and a mail server run them: what they print and how they end.

use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::kit::{Node, must, run, tanggap};

const LETTER: &[u8] = b"From: warga@contoh.id\r\nTo: lapor@contoh.go.id\r\nSubject: Lubang\r\n\
    Message-ID: <1@contoh.id>\r\n\r\nDi depan pasar.\r\n";

/// Gives a letter to `tanggap intake` as Postfix does.
fn pipe(data: &Path, more: &[&str]) -> Output {
    let mut command = tanggap(data, &[&["intake", "mail"], more].concat());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command runs");
    // A command that reads nothing of it has ended by itself.
    let _ = child.stdin.take().expect("piped").write_all(LETTER);
    child.wait_with_output().expect("its end")
}

#[test]
fn a_letter_that_cannot_be_taken_in_stays_with_the_mail_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    must(&data, &["admin", "token", "--scope", "cases:read"]);
    let taken = pipe(&data, &["--quiet"]);
    assert!(taken.status.success() && taken.stdout.is_empty(), "{taken:?}");
    let again = pipe(&data, &[]);
    assert!(again.status.success() && !again.stdout.is_empty(), "{again:?}");
    // EX_TEMPFAIL: any other end would send the letter back to whoever wrote it.
    for wrong in [
        &["--agency", "tidak-ada"][..],
        &["--agnecy", "x"],
        &["--database", "postgres://127.0.0.1:1/x"],
    ] {
        let output = pipe(&data, wrong);
        assert_eq!(output.status.code(), Some(75), "{output:?}");
        assert!(!output.stderr.is_empty(), "it says why");
    }
    std::fs::write(data.join("tanggap.toml"), "[servre]\n").expect("written");
    assert_eq!(pipe(&data, &[]).status.code(), Some(75));
}

#[test]
fn files_are_looked_at_where_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    must(&data, &["admin", "token", "--scope", "cases:read"]);
    assert!(pipe(&data, &[]).status.success());
    let told = must(&data, &["audit", "verify", "--files"]);
    assert!(told.contains("whole: 1 files"), "{told}");

    std::fs::rename(data.join("files"), data.join("elsewhere")).expect("moved");
    assert!(must(&data, &["audit", "verify"]).starts_with("whole:"), "no file is read");
    let output = run(&data, &["audit", "verify", "--files"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("(messages.raw): it is missing"), "{told}");
}

#[test]
fn a_node_shows_what_waits() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let token = must(&data, &["admin", "token", "--scope", "cases:write"]);
    let node = Node::start(&data, &[]);
    let mut client = node.connect();
    let shown = |client: &mut crate::kit::Client| {
        let (status, figures) = client.get("/metrics", "").expect("figures");
        assert_eq!(status, 200);
        let ours = figures.lines().filter(|line| line.starts_with("tanggap_outbound_"));
        let mut ours: Vec<String> = ours.map(str::to_owned).collect();
        ours.sort();
        ours
    };
    assert_eq!(shown(&mut client), ["tanggap_outbound_failed 0", "tanggap_outbound_waiting 0"]);
    let report = r#"{"kind": "complaint", "subject": "Lubang", "description": "Di depan pasar.",
        "reporter": {"name": "Siti", "email": "siti@warga.example"}}"#;
    let (status, body) = client.post_json("/api/v1/cases", &token, report).expect("an answer");
    assert_eq!(status, 201, "{body}");
    // There is no relay, so the receipt waits.
    assert_eq!(shown(&mut client), ["tanggap_outbound_failed 0", "tanggap_outbound_waiting 1"]);
}
