//! Proof of work instead of a captcha: the browser finds the number whose SHA-256 with our salt
//! is the challenge (the first protocol of ALTCHA, which `web/src/pow.ts` speaks). Nobody is
//! asked to read crooked letters; who floods us pays in electricity. A proof is spent once.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;
use tanggap_kernel::{Result, Timestamp, params};
use tanggap_store::Tx;
use tanggap_ui::Answer;
use tanggap_ui::ctx::{Ctx, Secrets, random};

tanggap_store::sql! {
    SPEND = "insert into spent_proofs (proof, until) values ($1, $2) on conflict do nothing";
    SWEEP = "delete from spent_proofs where until < $1";
}

/// The largest number to be found: half a second on a cheap phone, on average.
const NUMBER_MAX: u64 = 60_000;
/// How long a challenge may be worked on.
const AGE_MAX: i64 = 2 * Timestamp::HOUR;
const ALGORITHM: &str = "SHA-256";
/// The longest proof that is looked at, in bytes.
const PROOF_MAX: usize = 2048;

/// What the browser is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// `SHA-256`.
    pub algorithm: String,
    /// Hexadecimal.
    pub challenge: String,
    /// The largest number to try.
    pub maxnumber: u64,
    /// Goes before the number; names the end of its time.
    pub salt: String,
    /// Ours.
    pub signature: String,
}

#[derive(Deserialize)]
struct Proof {
    challenge: String,
    number: u64,
    salt: String,
    signature: String,
}

/// `GET /pow`.
pub async fn challenge(State(ctx): State<Ctx>) -> Answer {
    let mut response: Response = Json(draw(&ctx)?).into_response();
    let none = axum::http::HeaderValue::from_static("no-store");
    response.headers_mut().insert(axum::http::header::CACHE_CONTROL, none);
    Ok(response)
}

/// A new challenge.
///
/// # Errors
/// A fault where the system has no random bytes to give.
pub fn draw(ctx: &Ctx) -> Result<Challenge> {
    let until = ctx.now().plus(AGE_MAX).as_micros() / Timestamp::SECOND;
    // Ends with a sign that is no digit, so that none of the number can be read as the time.
    let salt = format!("{}?expires={until}&", hex::encode(random::<12>()?));
    let number = u64::from_be_bytes(random()?) % NUMBER_MAX;
    let challenge = hash(&salt, number);
    let signature = sign(&ctx.secrets, &challenge);
    Ok(Challenge { algorithm: ALGORITHM.into(), challenge, maxnumber: NUMBER_MAX, salt, signature })
}

fn hash(salt: &str, number: u64) -> String {
    hex::encode(Sha256::digest(format!("{salt}{number}")))
}

fn sign(secrets: &Secrets, challenge: &str) -> String {
    hex::encode(secrets.mac("altcha", &[challenge.as_bytes()]))
}

/// A proof that was checked and is not spent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    challenge: String,
    until: Timestamp,
}

/// Checks what came with a form; `None` where it is no proof or too old.
#[must_use]
pub fn check(ctx: &Ctx, sent: &str) -> Option<Work> {
    if sent.is_empty() || sent.len() > PROOF_MAX {
        return None;
    }
    let proof: Proof = serde_json::from_slice(&STANDARD.decode(sent).ok()?).ok()?;
    let ours: bool =
        sign(&ctx.secrets, &proof.challenge).as_bytes().ct_eq(proof.signature.as_bytes()).into();
    if !ours || hash(&proof.salt, proof.number) != proof.challenge {
        return None;
    }
    let (_, seconds) = proof.salt.split_once("?expires=")?;
    let seconds: i64 = seconds.strip_suffix('&')?.parse().ok()?;
    let until = Timestamp::from_micros(seconds.checked_mul(Timestamp::SECOND)?);
    let now = ctx.now();
    (now < until && until <= now.plus(AGE_MAX))
        .then_some(Work { challenge: proof.challenge, until })
}

/// Spends a proof; `false` where it was spent before.
///
/// # Errors
/// A fault of the engine.
pub fn spend(tx: &mut Tx<'_>, work: &Work) -> Result<bool> {
    let now = tx.now();
    tx.put(&SWEEP, params![now])?;
    Ok(tx.exec(&SPEND, params![&work.challenge, work.until])? == 1)
}

/// Solves a challenge: for tests and for the command line.
#[must_use]
pub fn solve(task: &Challenge) -> String {
    let number =
        (0..=task.maxnumber).find(|n| hash(&task.salt, *n) == task.challenge).unwrap_or_default();
    let proof = serde_json::json!({
        "algorithm": task.algorithm, "challenge": task.challenge, "number": number,
        "salt": task.salt, "signature": task.signature,
    });
    STANDARD.encode(proof.to_string())
}
