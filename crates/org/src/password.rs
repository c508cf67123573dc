//! Passwords: argon2id, hashed outside of any transaction and at most two at once, so that a flood
//! of sign-ins can take neither the database's threads nor more than 40 MiB.
//!
//! Strength follows current advice: length counts, composition rules do not, and what everybody
//! guesses first is refused.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tanggap_kernel::{Fault, Result};
use tanggap_ui::ctx::random;
use tokio::sync::Semaphore;

/// The fewest characters of a password.
pub const LENGTH_MIN: usize = 10;
/// The most characters of a password.
pub const LENGTH_MAX: usize = 200;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// What is verified for a name that nobody has, so that the answer takes as long as for others.
/// The password behind it is random and was never kept.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$dGFuZ2dhcC1ub2JvZHk\
     $pVLyU2PIRnMjvZPxHnvPqEtbAmGmvcFmCUTZAMGGEbk";

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .expect("invariant: these parameters are within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The hash to keep of a password, in PHC form.
///
/// # Errors
/// A fault where the system has no randomness or the thread failed.
pub async fn hash(password: String) -> Result<String> {
    on_a_thread(move || hash_now(&password)).await?
}

/// The same at once, for commands that have no runtime to spare.
///
/// # Errors
/// A fault where the system has no randomness.
pub fn hash_now(password: &str) -> Result<String> {
    let hashed = argon2().hash_password(password.as_bytes());
    Ok(hashed.map_err(|e| Fault::new(format!("argon2: {e}")))?.to_string())
}

/// Whether a password is the one whose hash is kept; for `None` the same work is done and the
/// answer is no.
///
/// # Errors
/// A fault where the thread failed.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool> {
    on_a_thread(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let matches = PasswordHash::new(&hash)
            .is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok());
        known && matches
    })
    .await
}

async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let _permit = AT_ONCE.acquire().await.map_err(|e| Fault::new(format!("argon2: {e}")))?;
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|e| Fault::new(format!("argon2: {e}")))?)
}

/// A password that is easy to read out: four groups of four, without signs that look alike. Whoever
/// is given one has to change it.
///
/// # Errors
/// A fault where the system has no randomness.
pub fn made() -> Result<String> {
    const SIGNS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let drawn = random::<16>()?;
    let sign = |byte: &u8| char::from(SIGNS[usize::from(byte % 31)]);
    let groups: Vec<String> = drawn.chunks(4).map(|g| g.iter().map(sign).collect()).collect();
    Ok(groups.join("-"))
}

/// What is wrong with a new password: the message's key, or nothing.
#[must_use]
pub fn problem(password: &str, email: &str) -> Option<&'static str> {
    let length = password.chars().count();
    if length < LENGTH_MIN {
        return Some("org-invalid-password-short");
    }
    if length > LENGTH_MAX {
        return Some("org-invalid-password-long");
    }
    let folded = password.to_lowercase();
    let name = email.split('@').next().unwrap_or_default().to_lowercase();
    let distinct: std::collections::HashSet<char> = folded.chars().collect();
    let guessed = distinct.len() < 4
        || folded.trim_end_matches(|c: char| c.is_ascii_digit()) == name
        || folded == email.to_lowercase()
        || GUESSED_FIRST.iter().any(|guess| folded.starts_with(guess) && length < 16);
    guessed.then_some("org-invalid-password-guessed")
}

/// Beginnings that everybody tries first.
const GUESSED_FIRST: [&str; 16] = [
    "password",
    "passw0rd",
    "p@ssw0rd",
    "12345678",
    "qwertyui",
    "katasandi",
    "rahasia",
    "admin123",
    "administrator",
    "indonesia",
    "bismillah",
    "sayang",
    "abcdefgh",
    "11111111",
    "00000000",
    "tanggap",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nobody_is_readable_and_costs_what_ours_cost() {
        let nobody = PasswordHash::new(NOBODY).expect("a PHC string");
        let ours = hash_now("kuda baterai jepit benar").expect("a hash");
        let ours = PasswordHash::new(&ours).expect("a PHC string");
        assert_eq!(nobody.params.to_string(), ours.params.to_string());
        assert_eq!(ours.params.to_string(), "m=19456,t=2,p=1");
    }

    #[test]
    fn a_made_password_passes_our_own_rules() {
        let made = made().expect("randomness");
        assert_eq!((made.len(), made.split('-').count()), (19, 4), "{made}");
        assert_eq!(problem(&made, "siti@x.id"), None);
    }

    #[test]
    fn what_everybody_guesses_is_refused() {
        for (password, refused) in [
            ("pendek", true),
            ("rahasia2026", true),
            ("1234567890", true),
            ("aaaaaaaaaaaa", true),
            ("siti.rokhayah1", true),
            ("gerobak ketoprak pagi", false),
            ("Kx7-tabik-usang", false),
        ] {
            assert_eq!(problem(password, "siti.rokhayah@x.id").is_some(), refused, "{password}");
        }
    }
}
