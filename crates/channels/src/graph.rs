//! Meta's Graph API as WhatsApp, Messenger and Instagram share it: who asks, what an answer says,
//! and what its errors mean for a message.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::exchange::NotSent;
use crate::json::{id, number, text};
use crate::signed;
use crate::web::{
    self, Answer, Fetched, Http, NoAnswer, NotFetched, Provider, retry_after, unanswered,
    unanswered_question,
};

/// Where the Graph API is, with the version that we speak.
pub const GRAPH: &str = "https://graph.facebook.com/v23.0";
/// Where Meta keeps files that people sent.
const FILE_HOSTS: [&str; 3] = [".fbsbx.com", ".fbcdn.net", ".cdninstagram.com"];
/// After so long one asks again where a pair of numbers wrote too often.
const PAIR_WAIT: Duration = Duration::from_secs(6);
/// After so long where Meta limits a number for the complaints about it.
const SPAM_WAIT: Duration = Duration::from_secs(3600);

/// The Graph API as one token sees it.
#[derive(Clone)]
pub(crate) struct Graph {
    provider: Provider,
    token: String,
    proof: Option<String>,
}

impl Graph {
    pub(crate) fn new(
        http: &Http,
        base: &str,
        token: &str,
        app_secret: &str,
    ) -> Result<Graph, String> {
        let proof = (!app_secret.is_empty()).then(|| signed::app_secret_proof(app_secret, token));
        let provider = Provider::new(http, base, &FILE_HOSTS)?;
        Ok(Graph { provider, token: token.to_owned(), proof })
    }

    /// A call of `path` with our token and the proof that the application itself asks.
    pub(crate) fn call(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let call = self.provider.call(method, path).bearer_auth(&self.token);
        match &self.proof {
            Some(proof) => call.query(&[("appsecret_proof", proof)]),
            None => call,
        }
    }

    /// Hands a message over.
    pub(crate) async fn post(&self, path: &[&str], body: &Value) -> Result<Value, GraphError> {
        understood(web::send(self.call(Method::POST, path).json(body)).await, unanswered)
    }

    /// A call that may be made twice without harm.
    pub(crate) async fn ask(&self, call: RequestBuilder) -> Result<Value, GraphError> {
        understood(web::send(call).await, unanswered_question)
    }

    /// A file at an address that Meta gave; the token goes with it where Meta asks for it.
    pub(crate) async fn file(
        &self,
        address: &str,
        max: usize,
        with_token: bool,
    ) -> Result<Fetched, NotFetched> {
        let sign = |_: &reqwest::Url, call: RequestBuilder| {
            if with_token { call.bearer_auth(&self.token) } else { call }
        };
        self.provider.file(address, max, sign).await
    }
}

/// A refusal, with what the code behind it was.
#[derive(Debug)]
pub(crate) struct GraphError {
    pub code: i64,
    pub subcode: i64,
    pub means: NotSent,
}

impl GraphError {
    fn plain(means: NotSent) -> GraphError {
        GraphError { code: 0, subcode: 0, means }
    }

    /// Whether the window in which we may write freely is over.
    pub(crate) fn outside_window(&self) -> bool {
        self.code == 10 && [2_018_278, 2_018_065, 2_534_022].contains(&self.subcode)
    }
}

impl From<GraphError> for NotSent {
    fn from(error: GraphError) -> NotSent {
        error.means
    }
}

fn understood(
    answer: Result<Answer, NoAnswer>,
    unanswered: fn(NoAnswer) -> NotSent,
) -> Result<Value, GraphError> {
    let answer = answer.map_err(|error| GraphError::plain(unanswered(error)))?;
    let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or(Value::Null);
    match (answer.status, body) {
        (200..=299, body @ Value::Object(_)) if !body["error"].is_object() => Ok(body),
        (_, body) if body["error"].is_object() => Err(refused(&body["error"], &answer.headers)),
        (200..=299, _) => {
            let why = "the answer is not of the Graph API".to_owned();
            Err(GraphError::plain(unanswered(NoAnswer::Lost(why))))
        }
        (status, _) => Err(GraphError::plain(web::strange(status, &answer.headers))),
    }
}

fn refused(error: &Value, headers: &HeaderMap) -> GraphError {
    let code = number(error, "/code").unwrap_or(0);
    let subcode = number(error, "/error_subcode").unwrap_or(0);
    let said = ["/message", "/error_data/details", "/error_user_msg"];
    let mut words: Vec<String> = said.iter().filter_map(|pointer| text(error, pointer)).collect();
    words.dedup();
    words.extend(id(error, "/fbtrace_id").map(|trace| format!("[fbtrace {trace}]")));
    let means = meaning(code, subcode, asked_wait(headers), web::words(&words.join("; ")));
    GraphError { code, subcode, means }
}

/// What Meta asks to wait: `Retry-After`, or the longest estimate of the usage headers.
fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let usage = headers.get("x-business-use-case-usage").and_then(|value| value.to_str().ok());
    let usage: Value = usage.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let limits = usage.as_object().into_iter().flatten();
    let minutes = limits
        .flat_map(|(_, kinds)| kinds.as_array().into_iter().flatten())
        .filter_map(|kind| number(kind, "/estimated_time_to_regain_access"))
        .max();
    let minutes = minutes.filter(|minutes| (1..=24 * 60).contains(minutes));
    retry_after(headers).or_else(|| Some(Duration::from_secs(minutes?.unsigned_abs() * 60)))
}

/// What a code means for the message that met it. Sources: "Error codes" of the WhatsApp Business
/// Platform, "Common error codes" of the Messenger Platform, "Handle errors" of the Graph API.
fn meaning(code: i64, subcode: i64, asked: Option<Duration>, why: String) -> NotSent {
    let later = |after: Option<Duration>| NotSent::Later { after, why: why.clone() };
    let written = if subcode == 0 { code.to_string() } else { format!("{code}/{subcode}") };
    match (code, subcode) {
        // The person: not reachable for us, or outside the window (10 with these subcodes).
        (10, 2_018_278 | 2_018_065 | 2_018_108 | 2_534_022) | (200 | 551, 1_545_041) | (551, _) => {
            NotSent::Never { code: Some(written), why }
        }
        // Limits of the application, the page, the number, the account.
        (4 | 17 | 32 | 613 | 80_000..=80_014 | 130_429, _) => later(asked),
        (131_056, _) => later(asked.or(Some(PAIR_WAIT))),
        (131_048, _) => later(asked.or(Some(SPAM_WAIT))),
        // Passing trouble at Meta.
        (1 | 2 | 1200 | 131_000 | 131_016 | 131_057 | 133_004, _) => later(asked),
        // The token, the permissions, the number or the account behind them.
        (
            0
            | 3
            | 10
            | 33
            | 102
            | 190
            | 200..=299
            | 368
            | 131_005
            | 131_031
            | 131_037
            | 131_042
            | 131_045
            | 133_010,
            _,
        ) => NotSent::Account { why: format!("({written}) {why}") },
        _ => NotSent::Never { code: Some(written), why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(code: i64, subcode: i64) -> NotSent {
        meaning(code, subcode, None, "words".into())
    }

    #[test]
    fn codes_mean_what_meta_documents() {
        for code in [131_047, 131_026, 131_049, 131_051, 132_000, 132_001, 132_015, 100, 130_472] {
            assert!(matches!(means(code, 0), NotSent::Never { .. }), "{code}");
        }
        for code in [4, 613, 80_006, 80_007, 130_429, 131_056, 131_048, 131_000, 2, 1200] {
            assert!(matches!(means(code, 0), NotSent::Later { .. }), "{code}");
        }
        for code in [0, 3, 10, 190, 200, 230, 368, 131_031, 131_042, 133_010] {
            assert!(matches!(means(code, 0), NotSent::Account { .. }), "{code}");
        }
        for (code, subcode) in [(10, 2_018_278), (10, 2_018_065), (200, 1_545_041), (551, 0)] {
            assert!(matches!(means(code, subcode), NotSent::Never { .. }), "{code}/{subcode}");
        }
        assert_eq!(
            means(131_047, 0),
            NotSent::Never { code: Some("131047".into()), why: "words".into() }
        );
    }

    #[test]
    fn the_longest_estimate_is_waited_for() {
        let mut headers = HeaderMap::new();
        assert_eq!(asked_wait(&headers), None);
        let usage = r#"{"1":[{"type":"whatsapp","call_count":100,
            "estimated_time_to_regain_access":3},{"estimated_time_to_regain_access":7}]}"#;
        let usage = usage.replace('\n', "");
        headers.insert("x-business-use-case-usage", usage.parse().unwrap());
        assert_eq!(asked_wait(&headers), Some(Duration::from_secs(420)));
        headers.insert("retry-after", "5".parse().unwrap());
        assert_eq!(asked_wait(&headers), Some(Duration::from_secs(5)));
    }
}
