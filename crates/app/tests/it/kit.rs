//! An application without a network, and a real node with one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use tanggap_app::{Front, router};
use tanggap_kernel::{Access, AgencyId, Locale};
use tanggap_org::{NewAgency, NewUser, Role, RoleGrant, sessions};
use tanggap_store::blobs::Blobs;
use tanggap_testkit::TestDb;
use tanggap_ui::ctx::{Ctx, Secrets, Site};
use tanggap_ui::live::Live;
use tower::ServiceExt as _;

/// The whole router on a database of its own, with one agency.
pub struct TestApp {
    pub ctx: Ctx,
    pub agency: AgencyId,
    router: Router,
    _kit: TestDb,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

/// The parts of a node on a test's database.
pub fn ctx(kit: &TestDb) -> Ctx {
    let blobs = Blobs::local(&kit.folder.path().join("files")).expect("a folder for files");
    let site = Site { upload_bytes_max: 1 << 20, ..Site::default() };
    Ctx {
        db: kit.db.clone(),
        blobs,
        secrets: Secrets::new([7; 32]),
        site: Arc::new(site),
        live: Live::default(),
    }
}

/// An agency to test with.
pub async fn agency(ctx: &Ctx) -> AgencyId {
    let new = NewAgency::named("Pemerintah Kabupaten Uji", tanggap_calendar::Zone::Wib);
    ctx.db.write(move |tx| tanggap_org::create_agency(tx, &new)).await.expect("an agency")
}

impl TestApp {
    pub async fn new(kit: TestDb, front: Front) -> Self {
        let ctx = ctx(&kit);
        let agency = agency(&ctx).await;
        Self { agency, router: router(ctx.clone(), front), ctx, _kit: kit }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 64 << 20).await.expect("a body");
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path).body(Body::empty()).expect("a request")).await
    }

    pub async fn get_as(&self, cookie: &str, path: &str) -> Answer {
        let request = request(Method::GET, path).header(header::COOKIE, cookie);
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// Sends a form; the values need no escaping.
    pub async fn post_as(&self, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let request = request(Method::POST, path)
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(pairs.join("&"))).expect("a request")).await
    }

    /// Makes somebody with a role for the whole agency and signs them in; returns their cookie.
    pub async fn sign_in_as(&self, role: Role) -> String {
        let user = NewUser {
            email: format!("{}@uji.go.id", role.as_str().replace('_', "-")),
            name: "Orang Uji".into(),
            title: String::new(),
            unit_id: None,
            password_hash: String::new(),
            is_temporary: false,
            locale: Locale::Id,
            roles: vec![RoleGrant { role, unit_id: None }],
        };
        let (agency, secret) = (self.agency, sessions::secret([role as u8 + 1; 32]));
        let hash = sessions::hash(&secret);
        self.ctx
            .db
            .write(move |tx| {
                let system = Access::system(agency);
                let id = tanggap_org::create_user(tx, &system, &user)?;
                let user = tanggap_org::user(tx, &system, id)?.expect("just made");
                let access = tanggap_org::access_of(tx, agency, &user)?;
                sessions::begin(tx, &access, &hash, "uji")
            })
            .await
            .expect("signed in");
        format!("sesi={secret}")
    }
}

/// A request as a browser sends it.
pub fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header(header::HOST, "uji.go.id")
}

/// The command `tanggap` on a data folder.
pub fn tanggap(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tanggap"));
    command.args(args).arg("--data").arg(data);
    // The servers of accounts are on this machine.
    command.env("TANGGAP_ACCOUNT_NETWORKS", "127.0.0.0/8,::1");
    for name in ["TANGGAP_DATABASE", "TANGGAP_MASTER_KEY", "TANGGAP_LISTEN", "TANGGAP_CONFIG"] {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end.
pub fn run(data: &Path, args: &[&str]) -> Output {
    tanggap(data, args).output().expect("the command runs")
}

/// Runs a command that must succeed; returns what it printed.
pub fn must(data: &Path, args: &[&str]) -> String {
    let output = run(data, args);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {told}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A running node; killed when it is dropped.
pub struct Node {
    pub child: Child,
    pub address: String,
}

impl Node {
    /// Starts one and waits until it takes connections.
    pub fn start(data: &Path, more: &[&str]) -> Self {
        let mut args = vec!["serve", "--listen", "127.0.0.1:0"];
        args.extend_from_slice(more);
        let mut command = tanggap(data, &args);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the node starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        let mut told = String::new();
        let address = loop {
            line.clear();
            let read = lines.read_line(&mut line).expect("its words");
            assert!(read > 0, "the node ended: {told}");
            if let Some(address) = line.trim().strip_prefix("http://") {
                break address.to_owned();
            }
            told.push_str(&line);
        };
        // What it says further on must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self { child, address }
    }

    pub fn connect(&self) -> Client {
        Client::connect(&self.address)
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for its end; panics where that takes longer than `max`.
    pub fn ended_within(&mut self, max: Duration) -> std::process::ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("waited") {
                return status;
            }
            assert!(began.elapsed() < max, "the node does not end");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection that speaks HTTP/1.1.
pub struct Client {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Client {
    pub fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self { stream: BufReader::new(stream), host: address.to_owned() }
    }

    /// Sends a request and reads its answer; `None` where the connection broke.
    pub fn send(&mut self, head: &str, body: &str) -> Option<(u16, String)> {
        let length = body.len();
        let text =
            format!("{head}\r\nhost: {}\r\ncontent-length: {length}\r\n\r\n{body}", self.host);
        self.stream.get_mut().write_all(text.as_bytes()).ok()?;
        self.answer()
    }

    pub fn answer(&mut self) -> Option<(u16, String)> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let (mut length, mut chunked) = (0, false);
        loop {
            line.clear();
            self.stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let lower = line.trim().to_ascii_lowercase();
            if lower.is_empty() {
                break;
            }
            if let Some(text) = lower.strip_prefix("content-length:") {
                length = text.trim().parse().ok()?;
            }
            chunked |= lower == "transfer-encoding: chunked";
        }
        let mut body = Vec::new();
        if !chunked {
            body.resize(length, 0);
            self.stream.read_exact(&mut body).ok()?;
            return Some((status, String::from_utf8_lossy(&body).into_owned()));
        }
        loop {
            line.clear();
            self.stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
            length = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; length + 2];
            self.stream.read_exact(&mut chunk).ok()?;
            chunk.truncate(length);
            body.extend_from_slice(&chunk);
            if length == 0 {
                return Some((status, String::from_utf8_lossy(&body).into_owned()));
            }
        }
    }

    pub fn post_json(&mut self, path: &str, token: &str, body: &str) -> Option<(u16, String)> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json"
        );
        self.send(&head, body)
    }

    pub fn get(&mut self, path: &str, token: &str) -> Option<(u16, String)> {
        self.send(&format!("GET {path} HTTP/1.1\r\nauthorization: Bearer {token}"), "")
    }
}
