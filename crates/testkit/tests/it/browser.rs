//! A browser without JavaScript at the citizens' door.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use tanggap_store::blobs::Blobs;
use tanggap_testkit::TestDb;
use tanggap_ui::ctx::{Ctx, Secrets, Site};
use tanggap_ui::live::Live;
use tower::ServiceExt as _;

/// A browser: keeps cookies, sends forms as it was served them.
pub(crate) struct Browser {
    app: Router,
    ctx: Ctx,
    cookies: Vec<(String, String)>,
    /// The token of the last page that had one.
    csrf: String,
    /// Where it is.
    pub(crate) address: Option<IpAddr>,
}

/// An answer.
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) location: String,
    pub(crate) kind: String,
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) headers: axum::http::HeaderMap,
}

impl Got {
    /// The hidden fields of the last form.
    pub(crate) fn hidden(&self) -> Vec<(String, String)> {
        let fields = self.body.split("<input type=\"hidden\" name=\"").skip(1);
        let mut found: Vec<(String, String)> = fields
            .filter_map(|rest| {
                let (name, rest) = rest.split_once('"')?;
                let value = rest.strip_prefix(" value=\"")?.split('"').next()?;
                Some((name.to_owned(), unescape(value)))
            })
            .collect();
        found.retain(|(name, _)| name != "back");
        found
    }

    pub(crate) fn after<'a>(&'a self, mark: &str) -> &'a str {
        let rest = self.body.split(mark).nth(1).unwrap_or_else(|| panic!("{mark}: {}", self.body));
        rest.split('<').next().unwrap_or_default()
    }
}

fn unescape(text: &str) -> String {
    let mut text = text.to_owned();
    for (from, to) in
        [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
    {
        text = text.replace(from, to);
    }
    text
}

fn encode(pairs: &[(String, String)]) -> String {
    let one = |(name, value): &(String, String)| {
        let safe = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
        format!("{}={}", safe(name), safe(value))
    };
    pairs.iter().map(one).collect::<Vec<_>>().join("&")
}

fn ctx(kit: &TestDb) -> Ctx {
    Ctx {
        db: kit.db.clone(),
        blobs: Blobs::local(kit.folder.path()).expect("a folder"),
        secrets: Secrets::new([9; 32]),
        site: Arc::new(Site { upload_bytes_max: 1 << 20, ..Site::default() }),
        live: Live::default(),
    }
}

impl Browser {
    pub(crate) fn new(kit: &TestDb) -> Self {
        let ctx = ctx(kit);
        let app = tanggap_portal::routes()
            .layer(axum::middleware::from_fn(tanggap_ui::answer::tell_failures))
            .layer(axum::middleware::map_response(tanggap_ui::respond::security_headers))
            .with_state(ctx.clone());
        Self { app, ctx, cookies: Vec::new(), csrf: String::new(), address: None }
    }

    /// Another browser at the same door.
    pub(crate) fn stranger(&self) -> Self {
        let (app, ctx) = (self.app.clone(), self.ctx.clone());
        Self { app, ctx, cookies: Vec::new(), csrf: String::new(), address: None }
    }

    async fn send(&mut self, mut request: Request<Body>) -> Got {
        if let Some(address) = self.address {
            request.extensions_mut().insert(ConnectInfo(SocketAddr::from((address, 4000))));
        }
        let response = self.app.clone().oneshot(request).await.expect("an answer");
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let text = cookie.to_str().expect("text");
            let (name, rest) = text.split_once('=').expect("a cookie");
            let value = rest.split(';').next().unwrap_or_default();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        let status = response.status();
        let head = |name| {
            let value = response.headers().get(name);
            value.map_or("", |v: &axum::http::HeaderValue| v.to_str().expect("text")).to_owned()
        };
        let headers = response.headers().clone();
        let (location, kind) = (head(header::LOCATION), head(header::CONTENT_TYPE));
        let body = axum::body::to_bytes(response.into_body(), 1 << 24).await.expect("a body");
        let bytes = body.to_vec();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let got = Got { status, location, kind, body, bytes, headers };
        if let Some((_, token)) = got.hidden().into_iter().find(|(name, _)| name == "csrf") {
            self.csrf = token;
        }
        got
    }

    /// Asks as a script does: a secret in the header, a form as the body.
    pub(crate) async fn script(
        &mut self,
        path: &str,
        secret: &str,
        pairs: Option<&[(&str, &str)]>,
    ) -> Got {
        let owned = |pairs: &[(&str, &str)]| {
            let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            encode(&pairs.iter().map(own).collect::<Vec<_>>())
        };
        let method = if pairs.is_some() { "POST" } else { "GET" };
        let mut request = Request::builder().method(method).uri(path);
        if secret.is_empty() {
            request = request.header(header::COOKIE, self.cookie()).header("x-obrolan", "1");
        } else {
            request = request.header(header::AUTHORIZATION, format!("Bearer {secret}"));
        }
        let request = request
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(pairs.map(owned).unwrap_or_default()));
        self.send(request.expect("a request")).await
    }

    /// The answer itself, for what does not end.
    pub(crate) async fn open(&self, path: &str, secret: &str, last: &str) -> Body {
        let request = Request::get(path)
            .header(header::AUTHORIZATION, format!("Bearer {secret}"))
            .header(header::COOKIE, self.cookie())
            .header("last-event-id", last)
            .body(Body::empty());
        let answer = self.app.clone().oneshot(request.expect("a request")).await;
        answer.expect("an answer").into_body()
    }

    /// The node's parts, for what happens by itself.
    pub(crate) fn ctx(&self) -> Ctx {
        self.ctx.clone()
    }

    fn cookie(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    pub(crate) async fn get(&mut self, path: &str) -> Got {
        let request = Request::get(path).header(header::COOKIE, self.cookie());
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// Sends a form with the token that it was served with.
    pub(crate) async fn post(&mut self, path: &str, pairs: &[(String, String)]) -> Got {
        let mut pairs = pairs.to_vec();
        if pairs.iter().all(|(name, _)| name != "csrf") {
            pairs.push(("csrf".to_owned(), self.csrf.clone()));
        }
        self.post_alone(path, &pairs).await
    }

    /// Sends a form that none of our pages served, as another site does.
    pub(crate) async fn post_alone(&mut self, path: &str, pairs: &[(String, String)]) -> Got {
        let request = Request::post(path)
            .header(header::COOKIE, self.cookie())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(encode(pairs)));
        self.send(request.expect("a request")).await
    }

    pub(crate) async fn post_files(
        &mut self,
        path: &str,
        pairs: &[(String, String)],
        files: &[(&str, &[u8])],
    ) -> Got {
        let mut body = Vec::new();
        for (name, value) in pairs {
            let part = format!(
                "--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend(part.bytes());
        }
        for (name, bytes) in files {
            let head = format!(
                "--XX\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\
                 Content-Type: text/html\r\n\r\n"
            );
            body.extend(head.bytes());
            body.extend(*bytes);
            body.extend(b"\r\n");
        }
        body.extend(b"--XX--\r\n");
        let request = Request::post(path)
            .header(header::COOKIE, self.cookie())
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX")
            .body(Body::from(body));
        self.send(request.expect("a request")).await
    }
}

/// The hidden fields of a page with what one types into the others.
pub(crate) fn filled(page: &Got, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs = page.hidden();
    pairs.retain(|(name, _)| !more.iter().any(|(m, _)| m == name));
    pairs.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    pairs
}
