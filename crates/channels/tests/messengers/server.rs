//! A server on loopback that a test tells what to answer, and that notes what it was asked.

use std::collections::BTreeMap;
use std::future::Ready;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;
use tanggap_channels::exchange::{NotSent, OutFile, Outgoing};
use tanggap_channels::reach::Reach;
use tanggap_channels::web::Http;

/// A field of a form: file name, type and bytes.
type Field = (Option<String>, Option<String>, Vec<u8>);

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: HeaderMap,
    pub json: Value,
    /// Fields of a form of several parts.
    pub form: BTreeMap<String, Field>,
}

impl Call {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn field(&self, name: &str) -> String {
        self.form.get(name).map_or(String::new(), |(_, _, b)| String::from_utf8_lossy(b).into())
    }
}

/// What the server does with a call.
pub enum Reply {
    Json(u16, Value),
    /// With a header.
    With(u16, Value, &'static str, String),
    Bytes(&'static str, Vec<u8>),
    Text(u16, &'static str),
    Redirect(String),
    /// Bytes without end, of which nothing says how many.
    Endless,
    /// Takes the call and never answers.
    Hang,
}

type Answer = Arc<dyn Fn(&Call, SocketAddr) -> Reply + Send + Sync>;

#[derive(Clone)]
pub struct Server {
    pub at: SocketAddr,
    pub calls: Arc<Mutex<Vec<Call>>>,
    answer: Option<Answer>,
}

impl Server {
    pub async fn start(
        answer: impl Fn(&Call, SocketAddr) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let server = Server { at, calls: Arc::default(), answer: Some(Arc::new(answer)) };
        let router = Router::new().fallback(serve).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The bodies of calls whose path ends so.
    pub fn bodies(&self, path: &str) -> Vec<Value> {
        let calls = self.calls();
        calls.into_iter().filter(|c| c.path.ends_with(path)).map(|c| c.json).collect()
    }
}

async fn serve(State(server): State<Server>, request: Request) -> Response {
    let call = read(request).await;
    server.calls.lock().unwrap().push(call.clone());
    let answer = server.answer.clone().unwrap();
    let json = |status: u16, value: Value| {
        Response::builder()
            .status(StatusCode::from_u16(status).unwrap())
            .header("content-type", "application/json; charset=UTF-8")
            .body(Body::from(value.to_string()))
            .unwrap()
    };
    match answer(&call, server.at) {
        Reply::Json(status, value) => json(status, value),
        Reply::With(status, value, name, header) => {
            let mut response = json(status, value);
            response.headers_mut().insert(name, header.parse().unwrap());
            response
        }
        Reply::Bytes(media_type, bytes) => {
            Response::builder().header("content-type", media_type).body(bytes.into()).unwrap()
        }
        Reply::Text(status, text) => {
            Response::builder().status(status).body(Body::from(text)).unwrap()
        }
        Reply::Redirect(to) => {
            Response::builder().status(302).header("location", to).body(Body::empty()).unwrap()
        }
        Reply::Endless => {
            let piece = || Ok::<_, std::io::Error>(Bytes::from_static(&[0; 1024]));
            Response::new(Body::from_stream(futures_util::stream::repeat_with(piece)))
        }
        Reply::Hang => std::future::pending().await,
    }
}

async fn read(request: Request) -> Call {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 200 << 20).await.unwrap();
    let query = parts.uri.query().unwrap_or_default();
    let url = reqwest::Url::parse(&format!("http://x/?{query}")).unwrap();
    let mut call = Call {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers: parts.headers.clone(),
        json: serde_json::from_slice(&body).unwrap_or(Value::Null),
        form: BTreeMap::new(),
    };
    if call.header("content-type").starts_with("multipart/form-data") {
        let again = Request::from_parts(parts, Body::from(body));
        let mut form = Multipart::from_request(again, &()).await.unwrap();
        while let Some(field) = form.next_field().await.unwrap() {
            let name = field.name().unwrap().to_owned();
            let about =
                (field.file_name().map(str::to_owned), field.content_type().map(str::to_owned));
            call.form.insert(name, (about.0, about.1, field.bytes().await.unwrap().to_vec()));
        }
    }
    call
}

/// A client that waits a short time only.
pub fn http() -> Http {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Http::new(Duration::from_millis(1500), Reach::default()).unwrap()
}

/// Nobody has to be told that a message goes now.
pub fn now() -> Ready<Result<(), NotSent>> {
    std::future::ready(Ok(()))
}

pub fn words(to: &str, text: &str) -> Outgoing {
    Outgoing { key: "kunci-1".into(), to: to.into(), text: text.into(), ..Outgoing::default() }
}

pub fn picture() -> OutFile {
    OutFile {
        name: "jalan.jpg".into(),
        media_type: "image/jpeg".into(),
        bytes: b"\xff\xd8\xff\xe0jpeg".to_vec(),
    }
}

pub fn paper() -> OutFile {
    OutFile {
        name: "surat.pdf".into(),
        media_type: "application/pdf".into(),
        bytes: b"%PDF-1.7".to_vec(),
    }
}
